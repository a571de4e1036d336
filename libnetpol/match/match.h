/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_MATCH_H
#define NP_MATCH_MATCH_H
/*
 * match: the hot path. From a tuple to a verdict over an open image (image/image.h tells the idea)
 * and an endpoints table. Nothing here allocates, locks or fails.
 *
 * tuple.c does what the reference does before it judges (canonical addresses, references, families,
 * ports, owners of a shared address); look.c is the five loads; batch_kernel.h the same for many,
 * and batch_rest.c what is rare of it; relation.c how the two ends stand to each other; cut*.c the
 * residual trees; look_named.c what is different where names were learnt for an end. Batches and
 * trees have SIMD variants, of which simd.c chooses. table.c is the endpoints table that changes;
 * slot.c and reader.c publication.
 */
#include "image/cut.h"
#include "image/image.h"

/* The endpoints as one evaluation sees them: of an image (frozen) or of a netpol_endpoints. */
struct np_table {
    const struct np_slot4 *slots4;
    const struct np_slot6 *slots6;
    const struct np_slot_ref *refs;
    const struct np_own *own; /* of refs, each under its number */
    const struct np_shared *shared;
    const struct np_named_table *named;    /* named.h; NULL until a name was learnt */
    uint8_t bits4, bits6, bits_ref;        /* at least 1: also an empty table has two slots */
    uint32_t probes4, probes6, probes_ref; /* never search longer */
};

/* An image ready for lookups: its hot sections as typed pointers. Made once per matcher. */
struct np_hot {
    const uint32_t *sig_class;
    const struct np_side *side[NP_SIDES];
    const uint32_t *side_rel;
    const struct np_row *rel_rows;
    const struct np_comb *comb;
    const uint16_t *port_kinds, *port_dirs, *port_pages;
    const uint8_t *port_maps;
    const uint16_t *cells;
    const struct netpol_part *parts;
    const uint32_t *trie4, *trie6, *missing;
    uint32_t n_near;
    uint8_t trie4_bits, trie6_bits;
    uint32_t flags; /* enum np_image_flags */
    bool beyond_l2; /* batches prefetch */
    const struct np_image *image;
    uint64_t generation; /* written into verdicts */
    const struct np_derived *derived;
};
/* What is worth working out once, from the rest; beside np_hot, so that a batch can have that as a
 * copy of its own, which no store through a pointer can change. */
struct np_derived {
    /* What parts make together. Three bits each, egress lowest: action, and 4 if it was judged. */
    struct np_verdict_head {
        uint8_t action, plane, side, flags; /* as a verdict begins */
        uint32_t missing;                   /* not 0: something is, the parts say what */
    } heads[1 << 3 * NP_SIDES];
    /* [IPv4, IPv6][protocol]: PORT_KINDS for a tuple without flags; ICMP: NP_PORT_ICMP. */
    uint16_t plain[2][256];
    /* The part of a side that nothing judges, or that is not asked; an ALLOW, not judged. */
    struct netpol_part silent[NP_SIDES];
    uint32_t refusal; /* a part, no tree, with the most restrictive action of the image */
};
enum { NP_PORT_ICMP = 0xffff };
void np_hot_derive(struct np_hot *hot, struct np_derived *derived);
void np_hot_open(const struct np_image *image, uint64_t generation, struct np_derived *derived,
                 struct np_hot *out, struct np_table *frozen);

/* The whole question, as the reference's np_reference_eval without a request. */
void np_match_eval(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct netpol_verdict *out);
/* Same results as `count` calls of the above. */
void np_match_batch(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count);
/* Some sides only (1 << enum np_side_of_hop); the others are not judged. */
void np_match_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                    const struct netpol_tuple *tuple, struct netpol_verdict *out);
void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count);
enum { NP_SIDES_ALL = (1 << NP_SIDES) - 1 };
/* Do two tables know the same of both ends of a tuple? */
bool np_match_same_ends(const struct np_hot *hot, const struct np_table *a,
                        const struct np_table *b, const struct netpol_tuple *tuple);
/* All parts as one refusal, as the reference's np_refuse. */
void np_match_refuse(struct netpol_verdict *out, uint8_t action, uint8_t reason, uint32_t missing);
/* The value of a residual tree. variant: enum np_simd, or NP_SIMD_BEST. */
enum np_simd { NP_SIMD_SCALAR, NP_SIMD_AVX2, NP_SIMD_AVX512, NP_SIMD_NEON, NP_SIMD_COUNT };
uint32_t np_cut_find(const struct np_image *image, uint32_t root, const struct np_cut_key *key);
/* The same for many keys, of any families. */
void np_cut_find_batch(const struct np_image *image, uint32_t root, const struct np_cut_key *keys,
                       uint32_t *values, size_t count);
bool np_simd_available(enum np_simd variant);
enum np_simd np_simd_chosen(void); /* what is used now */
/* For tests: fixes the variant of this process; false: not available. Not while others evaluate. */
bool np_simd_use(enum np_simd variant);
#endif
