/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_DRAFT_H
#define NP_COMPILE_DRAFT_H
/*
 * From model to image, by way of equivalence.
 *
 * Nothing is expanded. Compile finds out which ends policies cannot tell apart (ends.c: projected
 * labels x place of the address = signature), which subjects are under the same rules (groups.c),
 * which peers the rules of a group cannot tell apart, and which ports (ports.c). For one
 * representative of each combination it asks the REFERENCE and writes the answer down as a cell
 * (rows.c). So the image cannot disagree with the definition by judging differently; it could only
 * put into one class what is not alike, and that is what the differential tests look for. At the
 * end rows are laid over each other, and all is written (emit.c).
 *
 * This header is what the stations hand to each other.
 */
#include "image/cut.h"
#include "image/trie.h"
#include "reference/reference.h"

/* ---- ends.c: signatures ---- */
struct np_sig {
    struct np_end end; /* a representative, as np_inventory_end resolves it (its relation field and
                          hop family apart) */
    uint32_t kind;     /* of endpoint; 0: no endpoint */
    uint32_t place;    /* index into places; UINT32_MAX: no address */
    uint8_t family;    /* of the representative's address; 0: none */
    uint8_t bits;      /* enum np_sig_bits */
    /* filled by rows.c and emit.c */
    uint32_t near[NP_SIDES]; /* group */
};
struct np_address_entry {
    struct np_address address;
    uint32_t signature, endpoint, node; /* endpoint: inventory index + 1; node: index + 1 */
};
struct np_ref_entry_draft {
    uint64_t ref;
    uint32_t endpoint, node;
    uint32_t signature[3];    /* asked in IPv4, IPv6, no family */
    struct np_address own[2]; /* the address it has in each; family 0: none */
    uint8_t first_family;
};
/* A part of the address space that no prefix condition divides. */
struct np_region {
    struct np_address first; /* up to the next place of the family */
    uint32_t signature;      /* of an address in it that no table has */
};
/*
 * Who of all signatures a set holds for, in a role (source or destination of the hop). Sets that
 * name a relation (reserved identities of the own node) depend on it as well.
 */
struct np_sig_truth {
    uint32_t signature;
    np_truth truth; /* not NP_NO */
};
struct np_members {
    const struct np_sig_truth *items; /* by signature */
    uint32_t count;
};

struct np_draft {
    const struct netpol_ctx *ctx;
    const struct np_model *model;
    struct np_arena arena;
    bool host;       /* the model has a host checkpoint: nodes are part of signatures */
    bool hosts_look; /* and no two of them that have host endpoints are alike (plan.h) */
    /* ends.c */
    struct np_sig *sigs; /* NP_SIG_NONE, _NOWHERE, _UNCOMPILED, then the rest */
    uint32_t n_sigs;
    struct np_address_entry *addresses; /* sorted by address; several of one: owners, in the order
                                           the reference takes them */
    uint32_t n_addresses;
    struct np_ref_entry_draft *refs; /* sorted by ref */
    uint32_t n_refs;
    struct np_region *places; /* IPv4 first, each family sorted and whole */
    uint32_t n_places, n_places4;
    np_str *nodes; /* node number - 1 -> name: those of the inventory, then names without a node */
    uint32_t n_nodes;
    const struct np_combo *combos; /* (kind, signature of the bare place, node) -> signature */
    uint32_t n_combos;
    const uint32_t *projection; /* the sections PROJECTION and KINDS; combos count their kinds */
    size_t n_projection;
    const void *kinds;
    size_t kinds_bytes;
    struct np_ends_state
        *ends; /* opaque: how ends.c found them; for members and for the writer's path */
};

/* Fills the ends of a draft (ctx, model, arena, host are set). OK, ERR_MEMORY, ERR_LIMIT. */
int np_draft_ends(struct np_draft *draft);
void np_draft_ends_free(struct np_draft *draft); /* what is not in the arena */
/*
 * Can the ends stay as they are with this policy as well? *outgrown becomes true if it asks for
 * something that no policy asked for; the draft is then of no more use. OK, ERR_MEMORY.
 */
int np_draft_covers(struct np_draft *draft, const struct np_policy *policy, bool *outgrown);
/*
 * The members of a set in a role, remembered by set and role. relation: enum np_relation, of
 * consequence only for sets that np_set_is_relative. Exact: every signature's truth is the
 * reference's for its representative. NULL items with count UINT32_MAX: no memory.
 */
struct np_members np_draft_members(struct np_draft *draft, const struct np_set *set, bool source,
                                   enum np_relation relation);
/*
 * The same in two parts: what is returned, and *rest. Parts do not overlap; few different rests
 * exist, each is one list in memory (compare items), so that who has seen it need not look again.
 */
struct np_members np_draft_members_parts(struct np_draft *draft, const struct np_set *set,
                                         bool source, enum np_relation relation,
                                         struct np_members *rest);
/* What a set says of one signature. OK, ERR_MEMORY. */
int np_draft_member(struct np_draft *draft, const struct np_set *set, bool source,
                    enum np_relation relation, uint32_t signature, np_truth *out);
bool np_set_is_relative(const struct np_set *set);
/* Both ends of a hop in a relation, as np_end.relations wants it. */
void np_draft_relate(enum np_relation relation, struct np_end *src, struct np_end *dst);
/*
 * What the members of a portset are at an end: equal numbers (of any portsets) match the same ports
 * with the same truth, complement apart. 0: no member can match; UINT32_MAX: no memory.
 */
uint32_t np_draft_port_names(struct np_draft *draft, const struct np_portset *portset,
                             uint32_t signature);
#endif
