/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MATRIX_TEST_H
#define MATRIX_TEST_H
/* Tests of the reference over small models that they build (matrix/matrix.h): a matrix each. */
#include "np_cmocka.h"

#include "matrix/matrix.h"

static inline int setup(void **state)
{
    static struct matrix m;
    m = (struct matrix){0};
    *state = &m;
    return netpol_ctx_create(NULL, &m.ctx);
}

static inline int teardown(void **state)
{
    struct matrix *m = *state;
    drop(m);
    netpol_ctx_destroy(m->ctx);
    return m->failed;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An isolated pod p, another one x, and an ingress rule of p that a test fills in. */
static inline struct np_match *one_rule(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    named_port(m, pod(m, "a", "p", "app=p", "10.0.0.1", NULL), "web", 80);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    return rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
}

/* name: of a header; NULL: the field has none. */
static inline const struct np_expr *pattern_atom(struct matrix *m, enum np_view view,
                                                 const char *name, enum np_pattern_kind kind,
                                                 const char *value)
{
    struct np_expr expr = {
        .op = NP_EXPR_ATOM, .view = (uint8_t)view, .name = name ? text(m, name) : NULL};
    expr.pattern = (struct np_pattern){.kind = (uint8_t)kind, .text = text(m, value)};
    return np_build_expr(m->b, &expr);
}
#endif
