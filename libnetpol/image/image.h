/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_IMAGE_H
#define NP_IMAGE_IMAGE_H
/*
 * image: the compiled policy as one block of bytes.
 *
 * A decision tree over (source, destination, ports) is collapsed into class tables. An address or
 * an endpoint reference becomes a SIGNATURE: a small number that stands for everything policies can
 * see of it. As the FAR end of a side (the peer) a signature is a class; as the NEAR end (the
 * subject) it is a SIDE: where its row of classes, its port map and its parts are. So one side of
 * one connection is
 *
 *     slot  = endpoints[address]            (a miss asks the prefix trie)
 *     class = SIG_CLASS[signature of the far end]
 *     side  = SIDE_x[signature of the near end]
 *     row   = COMB[side.base + class], or side.row where that slot is somebody else's
 *     cell  = CELLS[row + PORT_MAPS[side.ports + port class]]
 *     part  = PARTS[side.parts + cell]      (action, reason, rule: the answer)
 *
 * five dependent loads, both sides and the ports in parallel. Rows of all sides lie over each other
 * in one array (comb): a side's own entries carry its base, which no other row has, so an entry
 * that does not is somebody else's, and the row of most classes holds. When the two ends stand in a
 * relation other than OTHER (same endpoint, own node, ...), or when the far end is an endpoint
 * whose address is not known, which is a question of its own to every rule about addresses, base
 * and row are those of another VARIANT of the side: REL_ROWS[SIDE_REL[side, signature] + variant].
 * What does not factor (source ports, pairs of prefixes) is a part with NP_PART_RESIDUAL: its
 * `rule` is the number of a tree of cuts that gives the ordinal.
 *
 * All numbers are little-endian. Offsets only, no pointers. The image is validated once, when it is
 * opened: every index that a table holds is in the table it points into, so that a lookup needs no
 * check. Hot sections come first; cold ones (names, positions) on pages of their own.
 */
#include "base/base.h"

#include <netpol/eval.h>
#include <netpol/identity.h>

enum np_section {
#define NP_SECTION(name, element, bytes, temperature, what) NP_SECTION_##name,
#include "image/sections.def"
#undef NP_SECTION
    NP_SECTION_COUNT
};

/* The sides of a hop, in path order; of the mesh the destination's proxy judges. */
enum np_side_of_hop { NP_SIDE_EGRESS, NP_SIDE_INGRESS, NP_SIDE_MESH, NP_SIDES };

/* How the two ends of a hop stand to each other (lowering 3 "Relation"). */
enum np_relation {
    NP_RELATION_OTHER,
    NP_RELATION_SELF,             /* one endpoint, or one node */
    NP_RELATION_OWN_NODE,         /* a node and something that runs on it */
    NP_RELATION_MAYBE_NODE,       /* own node or other: the guest's node is not known */
    NP_RELATION_MAYBE_UNLEARNT,   /* self or other: a pod without address, an unlearnt address */
    NP_RELATION_MAYBE_TRANSLATED, /* the same with an address of a service */
    NP_RELATIONS
};
enum { NP_VARIANTS = 2 * NP_RELATIONS }; /* of the rows of a side; see np_variant */

/* What a lookup must know of an end besides its class; upper byte of SIG_CLASS. */
enum np_sig_bits {
    NP_SIG_NODE = 1,       /* a node, or a thing on the host's network */
    NP_SIG_MISSING = 2,    /* OBJECTS literals are MAYBE: unlearnt, or with the next bit */
    NP_SIG_SERVICE = 4,    /* an address of a service */
    NP_SIG_NO_ADDRESS = 8, /* an endpoint whose address is not known */
    NP_SIG_FAMILY4 = 16,   /* the end has an address of this family */
    NP_SIG_FAMILY6 = 32,
    NP_SIG_INSIDE = 64 /* an address of the cluster that no pod, node or service has */
};
enum {
    NP_SIG_CLASS_MASK = 0xffffff,
    NP_SIG_NONE = 0,       /* a free slot */
    NP_SIG_NOWHERE = 1,    /* an end of which nothing is known, not even its address */
    NP_SIG_UNCOMPILED = 2, /* accepted, but of a kind that no compile has seen: UNKNOWN */
    NP_SIG_FIRST = 3,
    NP_SIG_SHARED = 1 << 30, /* plus an index into SHARED: several owners */
    NP_SIG_NAMED = 3 << 29,  /* plus a number of match/named.h; never in an image */
    NP_SIG_DEAD = 0x7fffffff /* the slot was replaced or removed: go on probing */
};

/* Which rows of a side hold; bits: NP_SIG_* of the far end. 0 is what np_side itself has. */
static inline uint32_t np_variant(uint32_t relation, uint32_t bits)
{
    return 2 * relation + (bits & NP_SIG_NO_ADDRESS ? 1 : 0);
}

/*
 * What this end is as the near end of a side. Sides exist for signatures 0 .. n_near-1; those from
 * n_near on have none and use entry 0 (nothing judges). Where the flags say that a side judges
 * nobody, entry 0 is all there is.
 */
struct np_side {
    uint32_t ports; /* PORT_MAPS: its map begins here (in entries, not bytes) */
    uint32_t parts; /* PARTS */
    uint32_t base;  /* COMB, unique; base + any class is inside */
    uint32_t row;   /* CELLS: first cell of the row of most classes */
};
struct np_row {
    uint32_t base, row;
};
struct np_comb {
    uint32_t base; /* whose entry; 0: free (no side has base 0; rows without entries have base 1) */
    uint32_t row;
};

/* Bits of netpol_part.flags inside an image. */
enum { NP_PART_RESIDUAL = 1 << 15 /* rule: number of a cut root; it gives the ordinal */ };

/* ---- the endpoints table; the mutable one has the same slots ---- */
struct np_slot4 {
    uint64_t key; /* address (as a number) << 32 | signature; signature NP_SIG_NONE: free */
    uint64_t who; /* endpoint number << 32 | node number; 0: none, not known */
};
struct np_slot6 {
    uint64_t high, low; /* the address as two numbers, big end first */
    uint64_t key;       /* signature */
    uint64_t who;
};
struct np_slot_ref {
    uint64_t ref; /* 0: free; ~0: dead */
    uint64_t who;
    uint32_t signature[3]; /* asked in IPv4, in IPv6, in no family */
    uint8_t families;      /* bit 0, 1: it has an address of IPv4, IPv6 */
    uint8_t family;        /* of its first address, 0: none (what no family means) */
    uint8_t flags;         /* of those who change it (match/table.h); 0 in an image, as is kind */
    uint8_t spare;
};
/*
 * Beside the slot of a reference, under the same number: its addresses. Where none is given they
 * are what residual trees look at; where one is given, it is found in the table of addresses, and
 * these are looked at only when that does not say that it is the endpoint's.
 */
struct np_own {
    uint64_t high6, low6;
    uint32_t address4;
    uint32_t kind;
};
struct np_shared {
    uint32_t signature, endpoint, node, last; /* last: 1 for the last owner of the address */
};
/* Slot of a key in a table of 1 << bits slots; then the next ones, until a free one. */
#define NP_SLOT_MULTIPLIER 0x9e3779b97f4a7c15ull
static inline uint32_t np_slot4_at(uint32_t address, unsigned bits)
{
    return (uint32_t)(((uint64_t)address * NP_SLOT_MULTIPLIER) >> (64 - bits));
}
static inline uint32_t np_slot6_at(uint64_t high, uint64_t low, unsigned bits)
{
    uint64_t mixed = (high ^ (low << 32 | low >> 32)) * NP_SLOT_MULTIPLIER;
    return (uint32_t)(((mixed ^ low) * NP_SLOT_MULTIPLIER) >> (64 - bits));
}
static inline uint32_t np_slot_ref_at(uint64_t ref, unsigned bits)
{
    return (uint32_t)((ref * NP_SLOT_MULTIPLIER) >> (64 - bits));
}

/* ---- ports ---- */
enum np_port_kind { NP_PORT_KNOWN, NP_PORT_NONE, NP_PORT_UNKNOWN, NP_PORT_KINDS };
/* PORT_KINDS[(family index * NP_PORT_KINDS + kind) * 256 + protocol]; family index: IPv4 0, IPv6 1,
 * none 2. KNOWN: bit 15 set: the port class itself (the protocol's ports do not matter). */
enum { NP_PORT_DIRECT = 1 << 15 };

/* ---- cold ---- */
struct np_rule_record { /* texts: offsets in STRINGS */
    uint64_t key;
    uint32_t policy, rule, title, position, tier, option;
    int8_t action;
    uint8_t side, spare[2];
    uint32_t log;
    uint32_t spare2[6];
};
struct np_program_record {
    uint32_t listener, terminating, originating; /* texts */
    int16_t priority;
    uint8_t parser, auth; /* enum netpol_parser, netpol_auth */
};
struct np_pair_record {
    uint32_t name, value;
};
struct np_endpoint_record {
    uint64_t ref;
    uint32_t namespace_name, name, workload_kind, workload_name;
    uint32_t node;
    uint32_t identity; /* number; 0: none */
};
struct np_identity_record {
    uint32_t number;
    uint32_t labels, n_labels; /* IDENTITY_LABELS */
    uint8_t kind;              /* enum netpol_identity_kind */
    uint8_t family, length;    /* of a prefix; else 0 */
    uint8_t spare;
    uint8_t address[16];
};
struct np_identity_prefix {
    uint32_t identity; /* index in IDENTITIES */
    uint32_t outer;    /* index + 1 here of the smallest other prefix that holds it; 0: none does */
};
struct np_combo {
    uint32_t kind, place; /* kind of endpoint; signature of the bare address (NOWHERE: none) */
    uint32_t node;        /* node number, where nodes count; else 0 */
    uint32_t signature;
};

/* ---- the file ---- */
enum { NP_IMAGE_VERSION = 3, NP_IMAGE_ALIGN = 64, NP_IMAGE_PAGE = 4096 };
#define NP_IMAGE_MAGIC "NETPOL\r\n"
enum np_image_flags {
    NP_IMAGE_WIDE_PORTS = 1,      /* entries of PORT_MAPS have two bytes */
    NP_IMAGE_RELATIONS = 2,       /* some side has variants that differ */
    NP_IMAGE_RELATIVE = 256,      /* in more than whether addresses are known: by relation */
    NP_IMAGE_MESH = 4,            /* some side of the mesh judges */
    NP_IMAGE_MAPPED_DENY = 8,     /* option mapped_v6=deny */
    NP_IMAGE_SHARED_UNKNOWN = 16, /* option shared_address=unknown */
    NP_IMAGE_EGRESS = 64,         /* some signature is judged on its way out */
    NP_IMAGE_INGRESS = 128,       /* some is on its way in */
    NP_IMAGE_DUAL_WORLD = 512,    /* IPv4 and IPv6 outside are two identities */
    NP_IMAGE_NODES = 32           /* nodes are part of signatures (host endpoints) */
};
static inline bool np_side_judges(uint32_t flags, unsigned side)
{
    static const uint8_t judging[NP_SIDES] = {NP_IMAGE_EGRESS, NP_IMAGE_INGRESS, NP_IMAGE_MESH};
    return flags & judging[side];
}
struct np_image_section {
    uint64_t offset; /* from the start of the image; multiple of 64 */
    uint64_t bytes;
};
struct np_image_header {
    char magic[8];
    uint32_t version, header_bytes;
    uint64_t bytes;     /* of the whole image */
    uint64_t checksum;  /* XXH3-64 of the whole image with this field zero */
    uint64_t hot_bytes; /* header and hot sections */
    uint32_t flags;
    uint32_t n_sections;
    uint32_t n_signatures, n_near, n_classes, n_port_classes;
    uint32_t n_rules, n_policies;
    uint8_t slots4_bits, slots6_bits, refs_bits, trie4_bits, trie6_bits, spare[3];
    uint32_t slots4_probes, slots6_probes, refs_probes; /* the longest search, free slot included */
    uint32_t n_groups, n_rows; /* distinct subjects and rows, as the compile counted them */
    uint32_t next_identity, next_prefix; /* where the search for free identity numbers goes on */
    uint32_t spare2[2];
    struct np_image_section sections[NP_SECTION_COUNT];
};

/* An image in memory, open: typed pointers into it. Little-endian hosts read it in place. */
struct np_image {
    const struct np_image_header *header;
    const unsigned char *bytes;
    const void *section[NP_SECTION_COUNT];
    uint32_t count[NP_SECTION_COUNT]; /* elements */
};
/*
 * Checks everything: magic, version, size, checksum, section table, and every index of every hot
 * and cold section (see validate.c). bytes must be 8-aligned (64 for lookups at full speed) and
 * stay as they are while *out is in use. OK, ERR_INPUT (not an image, damaged: *why, never NULL
 * then), ERR_UNSUPPORTED (another version, or a big-endian host).
 */
int np_image_open(const void *bytes, size_t size, struct np_image *out, const char **why);
/*
 * A file as a block of np_image_alloc, not looked at. OK, ERR_MEMORY, ERR_IO, ERR_LIMIT (over the
 * context's input_bytes); *why says what (may be NULL).
 */
int np_image_read(const struct netpol_ctx *ctx, const char *path, const char **why, void **bytes,
                  size_t *size);
/* The checksum as it should be. */
uint64_t np_image_checksum(const void *bytes, size_t size);

/* ---- writing ---- */
struct np_image_writer {
    const struct netpol_ctx *ctx;
    struct np_image_header header; /* the caller fills counts, flags, table shapes */
    struct {
        const void *items;
        uint64_t bytes;
    } sections[NP_SECTION_COUNT]; /* borrowed until written; absent: empty */
};
/*
 * Lays out, copies, sums. *bytes is 64-aligned memory of *size, freed with np_image_free.
 * CELLS is padded so that the furthest row has the furthest column, PARTS (with denials) so that
 * the furthest side has the highest ordinal, and MISSING so that every part has one: a lookup then
 * stays inside whatever it combines, and np_image_open can check that in one pass.
 * The same sections give the same bytes. OK, ERR_MEMORY, ERR_LIMIT (over 4 GiB).
 */
int np_image_write(struct np_image_writer *writer, void **bytes, size_t *size);
void *np_image_alloc(const struct netpol_ctx *ctx, size_t size); /* 64-aligned; NULL: no memory */
void np_image_free(const struct netpol_ctx *ctx, void *bytes, size_t size);
#endif
