/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_L7_INTERNAL_H
#define NP_DIALECT_CILIUM_L7_INTERNAL_H
/* What the files of L7 rules share: l7.c and l7_place.c check, l7_{lower,http,kafka}.c lower. */
#include "dialect/cilium/l7.h"

/* Neither absent nor null. */
bool np_cilium_given(const struct np_node *list);

/*
 * An element of `headers`: split at the first space, colons behind the name taken away. Without a
 * space it is a name alone: the header must be there.
 */
struct np_cilium_header {
    struct np_slice name, value;
    bool present; /* any value will do */
};
struct np_cilium_header np_cilium_header_read(struct np_slice text);

/* ---- Kafka: names are compared without case ---- */
enum np_cilium_kafka_role {
    NP_CILIUM_KAFKA_NO_ROLE,
    NP_CILIUM_KAFKA_PRODUCE,
    NP_CILIUM_KAFKA_CONSUME
};
enum np_cilium_kafka_role np_cilium_kafka_role(struct np_slice text);
int np_cilium_kafka_key(struct np_slice name); /* number of a kind of request; -1: none */
const char *np_cilium_kafka_suggest(struct np_slice name);
/* NULL: any request, or no memory. */
const struct np_expr *np_cilium_kafka(struct np_lower *l, const struct np_cilium_kafka *kafka);

/* ---- expressions ---- */
const struct np_expr *np_cilium_atom(struct np_lower *l, enum np_view view,
                                     enum np_pattern_kind kind, struct np_slice text);
/* A conjunction or disjunction that grows; nothing in it: NULL, which is true. */
struct np_cilium_terms {
    struct np_lower *l;
    const struct np_expr **items;
    uint32_t count, room;
};
struct np_cilium_terms np_cilium_terms(struct np_lower *l, size_t room);
void np_cilium_term(struct np_cilium_terms *terms, const struct np_expr *expr); /* NULL: ignored */
const struct np_expr *np_cilium_join(const struct np_cilium_terms *terms, enum np_expr_op op);
const struct np_expr *np_cilium_not(struct np_lower *l, const struct np_expr *expr);

/* ---- HTTP ---- */
struct np_cilium_request {
    const struct np_expr *expr; /* NULL: any request */
    const struct np_effect *effects;
    uint32_t n_effects;
    np_str step; /* where the proxy tries it among the rules of its port */
};
struct np_cilium_request np_cilium_http(struct np_lower *l, const struct np_cilium_http *http);
#endif
