/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_MATCHER_H
#define NP_MATCH_MATCHER_H
/*
 * The two handles an evaluation needs. A matcher is an open image, counted by reference; when it
 * was compiled in this process (and not mapped) it also keeps what only the whole library can use:
 * the model, for explanations and requests. The runtime reaches that through `full` only.
 */
#include "match/match.h"

struct netpol_matcher;
struct np_named;
struct np_namer;

/* What a matcher compiled in this process can do beyond its image; all of compile/. */
struct np_full {
    /* As np_reference_eval_in: any point, request, effects in the scratch's room. named: what was
     * learnt of source and destination (named.h), NULL: nothing. */
    void (*eval)(const struct netpol_matcher *matcher, const struct netpol_tuple *tuple,
                 const struct netpol_request *request, const struct netpol_point *point,
                 const struct np_named *const named[2], void *room, uint32_t room_items,
                 struct netpol_verdict *out);
    const struct np_namer *(*namer)(const struct netpol_matcher *matcher); /* never NULL */
    uint32_t (*room)(const struct netpol_matcher *matcher); /* items a request can need */
    size_t room_item;                                       /* bytes of one */
    uint64_t (*find)(const struct netpol_matcher *matcher, struct np_slice namespace_name,
                     struct np_slice name);
    void (*release)(struct netpol_matcher *matcher); /* frees what is the whole library's */
};

struct netpol_matcher {
    atomic_uint refs;
    struct netpol_ctx *ctx;
    uint64_t generation;
    struct np_image image;
    struct np_hot hot;
    struct np_derived derived; /* of hot */
    struct np_table frozen;    /* the endpoints as compiled */
    void *bytes;               /* owned; NULL: the caller vouched for them */
    size_t size;
    const struct np_full *full; /* NULL: mapped */
    void *whole;                /* of full: struct np_whole (compile/matcher.h) */
    struct {
        uint64_t ns, evaluated, reused_groups; /* what the compile in this process took; else 0 */
    } work;
};

struct netpol_view {
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints; /* NULL: those of the image */
};

/* *out takes over bytes (if owned) on success. OK, ERR_MEMORY, ERR_INPUT, ERR_UNSUPPORTED. */
int np_matcher_open(struct netpol_ctx *ctx, void *bytes, size_t size, bool owned, const char **why,
                    struct netpol_matcher **out);
struct netpol_matcher *np_matcher_ref(struct netpol_matcher *matcher);
void np_matcher_unref(struct netpol_matcher *matcher);
#endif
