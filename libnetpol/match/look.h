/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_LOOK_H
#define NP_MATCH_LOOK_H
/*
 * look: the loads that answer a question, inline, so that a single call and a batch are one text.
 *
 * Once it is known who the two ends are and of which class the ports, np_look finds three parts and
 * writes the verdict once. On the usual path there is no branch that the traffic decides, and
 * nothing but numbers, so that all of it stays in registers: what is rare (relations, residual
 * trees, unknown answers) leaves through calls to look.c and relation.c.
 *
 * The usual tuple (addresses only, no flags) is resolved here too; whatever else a tuple can be is
 * the business of tuple.c.
 */
#include "image/trie_find.h"
#include "base/defect.h"
#include "match/match.h"

#define np_likely(x)   __builtin_expect(!!(x), 1)
#define np_unlikely(x) __builtin_expect(!!(x), 0)
#define np_inline      static inline __attribute__((always_inline))

/* One end of a hop: who it is. */
struct np_party {
    uint32_t signature; /* of several owners: NP_SIG_SHARED and where they are; with names learnt
                           for the address: NP_SIG_NAMED and their number */
    uint64_t who;       /* endpoint number << 32 | node number, as in a slot */
};
/* And its address, where the tuple alone does not say. */
struct np_where {
    uint8_t family;     /* 4, 6; 0: not known */
    uint64_t high, low; /* the address as two numbers, big end first; IPv4 in low */
};
/* Who an end may be: one party, or the owners from `shared` on. */
struct np_parties {
    struct np_party party;
    struct np_where where;
    const struct np_shared *shared; /* NULL: the party alone */
    const struct np_named *named;   /* names were learnt for it; the party is the bare address's */
};
struct np_hop_ports {
    uint8_t family; /* index of the hop's: IPv4 0, IPv6 1, 2: neither end has an address */
    uint8_t kind;   /* enum np_port_kind */
    uint8_t protocol;
    uint16_t src_port, dst_port; /* ICMP: dst_port = type << 8 | code */
};
struct np_ask { /* a question that is not usual: its ends need not be what the tuple says */
    struct np_where src, dst;
    struct np_hop_ports ports;
};

/* ---- reading ---- */

static inline uint32_t np_read_32(const uint8_t *at) /* big end first */
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return __builtin_bswap32(number);
#else
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
#endif
}

static inline uint64_t np_read_64(const uint8_t *at)
{
    return (uint64_t)np_read_32(at) << 32 | np_read_32(at + 4);
}

/* 4, 6, or neither as an index. */
static inline unsigned np_family_index(uint8_t family)
{
    return family == 4 ? 0 : family == 6 ? 1 : 2;
}

/* The fields of a slot that is being published: the key comes last and makes the rest visible. */
static inline uint64_t np_acquire(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* ---- who has an address ---- */

/* A signature that stands for one compiled party. */
static inline bool np_is_single(uint32_t signature)
{
    return signature - NP_SIG_FIRST < NP_SIG_SHARED - NP_SIG_FIRST;
}

/* One that stands for several owners, and one for an address for which names were learnt. */
static inline bool np_is_shared(uint32_t signature)
{
    return signature - NP_SIG_SHARED < NP_SIG_NAMED - NP_SIG_SHARED;
}
static inline bool np_is_named(uint32_t signature)
{
    return signature - NP_SIG_NAMED < NP_SIG_DEAD - NP_SIG_NAMED;
}

/* look.c: by table, else by place. */
struct np_party np_party_search4(const struct np_hot *hot, const struct np_table *table,
                                 uint32_t address);
struct np_party np_party_search6(const struct np_hot *hot, const struct np_table *table,
                                 uint64_t high, uint64_t low);

/* relaxed: read before it is known whose it is, so it may be being written */
static inline uint64_t np_peek(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* One party in the first slot of an address, where most are. false: to be searched. who: is it
 * wanted as well? */
np_inline bool np_party_first4(const struct np_slot4 *slots, unsigned bits, uint32_t address,
                               bool who, struct np_party *out)
{
    const struct np_slot4 *slot = &slots[np_slot4_at(address, bits)];
    uint64_t key = np_acquire(&slot->key);
    *out = (struct np_party){(uint32_t)key, who ? np_peek(&slot->who) : 0};
    /* the same address and np_is_single, in one comparison */
    return key - ((uint64_t)address << 32 | NP_SIG_FIRST) < NP_SIG_SHARED - NP_SIG_FIRST;
}

np_inline bool np_party_first6(const struct np_slot6 *slots, unsigned bits, uint64_t high,
                               uint64_t low, struct np_party *out)
{
    const struct np_slot6 *slot = &slots[np_slot6_at(high, low, bits)];
    uint32_t signature = (uint32_t)np_acquire(&slot->key);
    uint64_t h = np_peek(&slot->high), l = np_peek(&slot->low);
    *out = (struct np_party){signature, np_peek(&slot->who)};
    return np_is_single(signature) & ((h ^ high) == 0) & ((l ^ low) == 0);
}

/* tuple.c: the slot of a reference; NULL: nobody has it. */
const struct np_slot_ref *np_table_ref(const struct np_table *table, uint64_t ref);
/* tuple.c: who the ends of a tuple are; an end that no compile has seen has NP_SIG_UNCOMPILED.
 * false: a tuple that cannot be. */
bool np_match_parties(const struct np_hot *hot, const struct np_table *table,
                      const struct netpol_tuple *tuple, struct np_parties *src,
                      struct np_parties *dst);

/* ---- ports ---- */

/* What a protocol has: two ports, type and code, or neither. */
enum np_protocol_ports { NP_PROTOCOL_NEITHER, NP_PROTOCOL_PORTS, NP_PROTOCOL_ICMP };
extern const uint8_t np_protocol_ports[256];

static inline struct np_hop_ports np_ports_of(const struct netpol_tuple *tuple, unsigned family)
{
    struct np_hop_ports out = {.family = (uint8_t)family,
                               .kind = NP_PORT_KNOWN,
                               .protocol = tuple->protocol,
                               .src_port = tuple->src_port,
                               .dst_port = tuple->dst_port};
    uint8_t shape = np_protocol_ports[tuple->protocol];
    if (shape != NP_PROTOCOL_PORTS) {
        bool icmp = shape == NP_PROTOCOL_ICMP;
        out.kind = icmp ? NP_PORT_KNOWN : NP_PORT_NONE;
        out.src_port = 0;
        out.dst_port = (uint16_t)(icmp ? tuple->icmp_type << 8 | tuple->icmp_code : 0);
        out.dst_port = np_defect(ICMP_BY_PORT) ? tuple->dst_port : out.dst_port;
    }
    return out;
}

np_inline uint32_t np_port_at(const struct np_hot *hot, uint32_t directory, uint16_t port)
{
    uint32_t page = hot->port_dirs[directory << 8 | port >> 8];
    return hot->port_pages[page << 8 | (port & 0xff)];
}

static inline uint32_t np_port_class(const struct np_hot *hot, struct np_hop_ports ports)
{
    unsigned kinds = (unsigned)ports.family * NP_PORT_KINDS + ports.kind;
    uint32_t entry = hot->port_kinds[kinds * 256 + ports.protocol];
    if (ports.kind != NP_PORT_KNOWN || (entry & NP_PORT_DIRECT)) {
        return entry & (NP_PORT_DIRECT - 1);
    }
    return np_port_at(hot, entry, ports.dst_port);
}

/* The same for a tuple without flags; family: index, 0 or 1. */
np_inline uint32_t np_plain_class(const struct np_hot *hot, const struct netpol_tuple *tuple,
                                  unsigned family)
{
    uint32_t entry = hot->derived->plain[family][tuple->protocol];
    if (np_likely(!(entry & NP_PORT_DIRECT))) {
        return np_port_at(hot, entry, tuple->dst_port);
    }
    return entry == NP_PORT_ICMP ? np_port_class(hot, np_ports_of(tuple, family))
                                 : entry & (NP_PORT_DIRECT - 1);
}

/* ---- what an image needs ---- */

/* Constant where it matters, so that what is not needed costs nothing. */
struct np_shape {
    unsigned sides; /* that judge and are asked: 1 << enum np_side_of_hop */
    bool relations; /* does anything depend on how the ends stand to each other? */
    bool wide;      /* port maps of two bytes */
    uint32_t odd;   /* bits of SIG_CLASS with which ends have variants; not constant */
};
enum {
    NP_SIDE_BIT_EGRESS = 1 << NP_SIDE_EGRESS,
    NP_SIDE_BIT_INGRESS = 1 << NP_SIDE_INGRESS,
    NP_SIDE_BIT_MESH = 1 << NP_SIDE_MESH
};

np_inline bool np_shape_relations(const struct np_hot *hot)
{
    enum { BOTH = NP_IMAGE_RELATIONS | NP_IMAGE_RELATIVE };
    return (hot->flags & BOTH) == BOTH;
}

np_inline uint32_t np_shape_odd(const struct np_hot *hot)
{
    uint32_t odd = hot->flags & NP_IMAGE_RELATIONS ? NP_SIG_NO_ADDRESS : 0;
    return (odd | (np_shape_relations(hot) ? NP_SIG_NODE : 0)) << 24;
}

np_inline struct np_shape np_shape_of(const struct np_hot *hot, unsigned sides)
{
    unsigned judging = 0;
    for (int side = 0; side < NP_SIDES; side++) {
        bool judges = np_side_judges(hot->flags, (enum np_side_of_hop)side) &&
                      !(np_defect(NO_MESH) && side == NP_SIDE_MESH);
        judging |= (unsigned)judges << side;
    }
    return (struct np_shape){.sides = sides & judging,
                             .relations = np_shape_relations(hot),
                             .wide = hot->flags & NP_IMAGE_WIDE_PORTS,
                             .odd = np_shape_odd(hot)};
}

/* ---- relations ---- */

/* Anything but OTHER needs one endpoint at both ends, a node, or an end that is not known well. Not
 * 0: may be. */
np_inline uint32_t np_may_relate(const struct np_hot *hot, struct np_shape shape,
                                 struct np_party src, struct np_party dst)
{
    uint32_t bits = (hot->sig_class[src.signature] | hot->sig_class[dst.signature]) & shape.odd;
    return bits | (uint32_t)(shape.relations & (src.who >> 32 == dst.who >> 32));
}
/* relation.c: how the two ends stand to each other. */
enum np_relation np_relation_of(const struct np_hot *hot, struct np_party src, struct np_party dst,
                                bool same_address);

/*
 * The bond of two ends: their relation twice, plus one if the address of either is not known. 0:
 * OTHER and known, as nearly always, and the usual rows hold.
 */
np_inline uint32_t np_look_bond(const struct np_hot *hot, struct np_shape shape,
                                struct np_party src, struct np_party dst,
                                const struct netpol_tuple *tuple, const struct np_ask *ask)
{
    if (np_likely(!np_may_relate(hot, shape, src, dst))) {
        return 0;
    }
    uint32_t bits = (hot->sig_class[src.signature] | hot->sig_class[dst.signature]) >> 24;
    bool same = ask ? ask->src.family && ask->src.family == ask->dst.family &&
                          ask->src.high == ask->dst.high && ask->src.low == ask->dst.low
                    : tuple && memcmp(tuple->src, tuple->dst, sizeof tuple->src) == 0;
    enum np_relation relation =
        shape.relations ? np_relation_of(hot, src, dst, same) : NP_RELATION_OTHER;
    return np_variant(relation, bits);
}

/* ---- one side ---- */

struct np_look_side {
    const struct np_side *side; /* of the near end */
    uint32_t base, row;         /* in the variant at hand */
    uint32_t far;               /* class of the far end */
};

/* Signatures without sides use entry 0. By arithmetic: which ends have some, traffic decides. */
np_inline uint32_t np_near(const struct np_hot *hot, uint32_t signature)
{
    return signature & (0u - (uint32_t)(signature < hot->n_near));
}

np_inline struct np_look_side np_look_at(const struct np_hot *hot, enum np_side_of_hop side,
                                         uint32_t near, uint32_t far, uint32_t bond)
{
    uint32_t at = np_near(hot, near);
    const struct np_side *entry = &hot->side[side][at];
    struct np_look_side out = {.side = entry,
                               .base = entry->base,
                               .row = entry->row,
                               .far = hot->sig_class[far] & NP_SIG_CLASS_MASK};
    if (np_unlikely(bond != 0)) {
        uint32_t bits = np_defect(LACKING_IS_KNOWN) ? 0 : hot->sig_class[far] >> 24;
        uint32_t variant = np_variant(bond / 2, bits);
        size_t first = hot->side_rel[(size_t)side * hot->n_near + at];
        const struct np_row *row = &hot->rel_rows[first + variant];
        out.base = row->base;
        out.row = row->row;
    }
    return out;
}

/* The first cell of the row that a slot of COMB is for, or of most classes. */
np_inline uint32_t np_look_row(const struct np_hot *hot, uint32_t slot, uint32_t base,
                               uint32_t most)
{
    const struct np_comb *comb = &hot->comb[slot];
    uint32_t row = comb->row;
    /* else the slot is somebody else's */
    return comb->base == base || (np_defect(SLOT_OF_OTHERS) && comb->base) ? row : most;
}

/* entry: of a side's port map. */
np_inline uint32_t np_look_column(const struct np_hot *hot, struct np_shape shape, size_t entry)
{
    return shape.wide ? hot->port_maps[2 * entry] | (uint32_t)hot->port_maps[2 * entry + 1] << 8
                      : hot->port_maps[entry];
}

/* Where the cell is. */
np_inline size_t np_look_cell(const struct np_hot *hot, struct np_shape shape,
                              const struct np_look_side *at, uint32_t port_class)
{
    size_t row = np_look_row(hot, at->base + at->far, at->base, at->row);
    return row + np_look_column(hot, shape, (size_t)at->side->ports + port_class);
}

/* look.c: the ordinal that a residual tree gives. ask NULL: the tuple is a usual one. */
uint32_t np_look_residual(const struct np_hot *hot, uint32_t root, const struct netpol_tuple *tuple,
                          const struct np_ask *ask);

/* The first four bytes of a part as one number: action lowest, flags in the upper half. Images are
 * read in place by little-endian machines only. */
np_inline uint32_t np_part_word(const struct netpol_part *part)
{
    uint32_t word;
    memcpy(&word, part, sizeof word);
    return word;
}

static inline bool np_is_tree(const struct netpol_part *part)
{
    return part->flags & NP_PART_RESIDUAL;
}

/* The part that a tree gives an ordinal of. No compile makes a tree that leads to a tree; an image
 * that has one is answered with its hardest no. */
static inline uint32_t np_tree_part(const struct np_hot *hot, uint32_t first, uint32_t ordinal)
{
    uint32_t index = first + ordinal;
    return np_is_tree(&hot->parts[index]) ? hot->derived->refusal : index;
}

/* ---- the verdict ---- */

/* The part of each side, as indices. */
struct np_found {
    uint32_t egress, ingress, mesh;
};
/* What the head of a verdict depends on: three bits of each part, see np_derived.heads. */
np_inline uint32_t np_part_code(uint32_t word)
{
    enum { JUDGED_AT = 16 + 5 };
    _Static_assert(NETPOL_PART_JUDGED == 1 << (JUDGED_AT - 16), "in the upper half");
    return (word & 3) | (word >> (JUDGED_AT - 2) & 4);
}

/* Writes one part, and adds what it means for the head and for the rest. */
np_inline void np_part_write(const struct np_hot *hot, struct np_shape shape,
                             enum np_side_of_hop side, uint32_t index, struct netpol_part *out,
                             uint32_t *code, uint32_t *residual)
{
    if (!(shape.sides >> side & 1)) {
        memcpy(out, &hot->derived->silent[side], sizeof *out);
        return;
    }
    const struct netpol_part *part = &hot->parts[index];
    uint32_t word = np_part_word(part);
    *code |= np_part_code(word) << 3 * side;
    *residual |= word;
    memcpy(out, part, sizeof *part);
}

/* Writes the verdict as if no part were RESIDUAL and nothing missing. Not 0: something is. */
np_inline uint64_t np_verdict_write(const struct np_hot *hot, struct np_shape shape,
                                    struct np_found found, struct netpol_verdict *out)
{
    uint32_t code = 0, residual = 0;
    np_part_write(hot, shape, NP_SIDE_EGRESS, found.egress, &out->egress, &code, &residual);
    np_part_write(hot, shape, NP_SIDE_INGRESS, found.ingress, &out->ingress, &code, &residual);
    np_part_write(hot, shape, NP_SIDE_MESH, found.mesh, &out->mesh, &code, &residual);
    uint64_t head;
    memcpy(&head, &hot->derived->heads[code], sizeof head);
    memcpy(out, &head, sizeof head); /* action, plane, side, flags, missing */
    out->generation = hot->generation;
    return (residual | head) >> 31; /* RESIDUAL is the highest bit of a part's first word */
}

/* ---- the whole ---- */

/* The part of a side: an index, if the side is asked and judges. */
np_inline uint32_t np_look_part(const struct np_hot *hot, struct np_shape shape,
                                enum np_side_of_hop side, uint32_t near, uint32_t far,
                                uint32_t bond, uint32_t port_class)
{
    if (!(shape.sides >> side & 1)) {
        return 0;
    }
    struct np_look_side at = np_look_at(hot, side, near, far, bond);
    return at.side->parts + hot->cells[np_look_cell(hot, shape, &at, port_class)];
}

np_inline struct np_found np_look_parts(const struct np_hot *hot, struct np_shape shape,
                                        uint32_t src, uint32_t dst, uint32_t bond,
                                        uint32_t port_class)
{
    return (struct np_found){
        np_look_part(hot, shape, NP_SIDE_EGRESS, src, dst, bond, port_class),
        np_look_part(hot, shape, NP_SIDE_INGRESS, dst, src, bond, port_class),
        np_look_part(hot, shape, NP_SIDE_MESH, dst, src, bond, port_class),
    };
}

/* look.c: what a usual tuple asks a residual tree. */
struct np_cut_key np_look_key(const struct netpol_tuple *tuple);
/* look.c: what a tree says in place of the part of a side, if there is one; an index. */
uint32_t np_look_through(const struct np_hot *hot, enum np_side_of_hop side, uint32_t near,
                         uint32_t index, const struct netpol_tuple *tuple,
                         const struct np_ask *ask);
/* look.c: what is missing for a part; 0: nothing. */
uint32_t np_look_missing(const struct np_hot *hot, uint32_t index);
/* look.c: writes the verdict when trees have been asked. */
void np_look_finish(const struct np_hot *hot, struct np_shape shape, struct np_found found,
                    struct netpol_verdict *out);
/* look.c: a verdict that np_verdict_write could not write: with what residual trees say in place
 * of their parts, and what is missing. ask NULL: the tuple is a usual one. */
void np_look_rest(const struct np_hot *hot, struct np_shape shape, uint32_t src, uint32_t dst,
                  struct np_found found, const struct netpol_tuple *tuple, const struct np_ask *ask,
                  struct netpol_verdict *out);

/* ask NULL: the tuple is a usual one. */
np_inline void np_look(const struct np_hot *hot, struct np_shape shape, struct np_party src,
                       struct np_party dst, uint32_t port_class, const struct netpol_tuple *tuple,
                       const struct np_ask *ask, struct netpol_verdict *out)
{
    uint32_t bond = np_look_bond(hot, shape, src, dst, tuple, ask);
    struct np_found found =
        np_look_parts(hot, shape, src.signature, dst.signature, bond, port_class);
    if (np_unlikely(np_verdict_write(hot, shape, found, out))) {
        np_look_rest(hot, shape, src.signature, dst.signature, found, tuple, ask, out);
    }
}

/* ---- the usual tuple ---- */

/* The addresses of an IPv4 tuple that has nothing but addresses, canonical. */
np_inline bool np_is_plain4(const struct netpol_tuple *tuple, uint32_t *src, uint32_t *dst)
{
    uint64_t a = np_read_64(tuple->src), b = np_read_64(tuple->dst), c, d;
    memcpy(&c, tuple->src + 8, sizeof c);
    memcpy(&d, tuple->dst + 8, sizeof d);
    *src = (uint32_t)(a >> 32);
    *dst = (uint32_t)(b >> 32);
    return tuple->family == 4 && ((uint32_t)(a | b) | c | d | tuple->flags | tuple->reserved) == 0;
}

/* Its two ends, when both are in their first slots. */
np_inline bool np_first_ends(const struct np_table *table, const struct netpol_tuple *tuple,
                             bool who, struct np_party *src, struct np_party *dst)
{
    uint32_t from, to;
    return np_is_plain4(tuple, &from, &to) &&
           np_likely(np_party_first4(table->slots4, table->bits4, from, who, src)) &&
           np_likely(np_party_first4(table->slots4, table->bits4, to, who, dst));
}

static inline bool np_is_mapped(uint64_t high, uint64_t low)
{
    return high == 0 && low >> 32 == 0xffff;
}

static inline bool np_is_plain6(const struct netpol_tuple *tuple)
{
    return tuple->family == 6 && (tuple->flags | tuple->reserved) == 0 &&
           !np_is_mapped(np_read_64(tuple->src), np_read_64(tuple->src + 8)) &&
           !np_is_mapped(np_read_64(tuple->dst), np_read_64(tuple->dst + 8));
}

/* look.c: the ends of any usual tuple, searched. false: it is none, or an end is not one compiled
 * party. */
bool np_plain_ends(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct np_party *src, struct np_party *dst);
/* Index of the family of a usual tuple, which is 4 or 6. */
np_inline unsigned np_plain_family(const struct netpol_tuple *tuple)
{
    return tuple->family / 2u - 2;
}
/* look.c: any tuple; tuple.c: one that is not usual. */
void np_match_searched(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                       const struct netpol_tuple *tuple, struct netpol_verdict *out);
void np_match_any(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                  const struct netpol_tuple *tuple, struct netpol_verdict *out);

np_inline void np_match_one(const struct np_hot *hot, const struct np_table *table,
                            struct np_shape shape, const struct netpol_tuple *tuple,
                            struct netpol_verdict *out)
{
    struct np_party src, dst;
    if (np_likely(np_first_ends(table, tuple, shape.relations, &src, &dst))) {
        np_look(hot, shape, src, dst, np_plain_class(hot, tuple, 0), tuple, NULL, out);
    } else {
        np_match_searched(hot, table, shape.sides, tuple, out);
    }
}
#endif
