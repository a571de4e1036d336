/* SPDX-License-Identifier: Apache-2.0 */
/* Inclusion of conditions: certain when it says yes, and it never says yes wrongly. */
#include "np_cmocka.h"

#include "analyze/cover.h"
#include "model/build.h"

static struct netpol_ctx *ctx;
static struct np_build *b;

static int setup(void **state)
{
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    b = np_build_create(ctx);
    assert_non_null(b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    np_build_destroy(b);
    netpol_ctx_destroy(ctx);
    return 0;
}

/* ---- selectors, written "key op value,value; ..." ---- */

static const struct np_selector *term(const char *key, enum np_term_op op, const char *values)
{
    np_str list[8];
    uint32_t count = 0;
    char copy[100];
    snprintf(copy, sizeof copy, "%s", values);
    for (char *at = strtok(copy, ","); at; at = strtok(NULL, ",")) {
        list[count++] = np_build_text(b, at);
    }
    return np_build_term(b, NP_SCOPE_OBJECT, np_build_text(b, key), op, list, count);
}

static const struct np_selector *all(const struct np_selector *x, const struct np_selector *y)
{
    const struct np_selector *kids[] = {x, y};
    return np_build_select(b, NP_SELECT_ALL, kids, y ? 2 : x ? 1 : 0);
}

static void test_terms(void **state)
{
    static const struct {
        enum np_term_op inner;
        const char *inner_values;
        enum np_term_op outer;
        const char *outer_values;
        bool covers;
    } rows[] = {
        {NP_OP_IN,     "x",   NP_OP_IN,     "x",   true },
        {NP_OP_IN,     "x",   NP_OP_IN,     "x,y", true },
        {NP_OP_IN,     "x,y", NP_OP_IN,     "x",   false},
        {NP_OP_IN,     "x",   NP_OP_EXISTS, "",    true },
        {NP_OP_EXISTS, "",    NP_OP_IN,     "x",   false},
        {NP_OP_IN,     "x",   NP_OP_NOT_IN, "y",   true },
        {NP_OP_IN,     "x,y", NP_OP_NOT_IN, "y",   false},
        {NP_OP_IN,     "x",   NP_OP_ABSENT, "",    false},
        {NP_OP_ABSENT, "",    NP_OP_NOT_IN, "x",   true },
        {NP_OP_NOT_IN, "x",   NP_OP_ABSENT, "",    false},
        {NP_OP_NOT_IN, "x,y", NP_OP_NOT_IN, "x",   true },
        {NP_OP_NOT_IN, "x",   NP_OP_NOT_IN, "x,y", false},
        {NP_OP_NOT_IN, "x",   NP_OP_EXISTS, "",    false},
        {NP_OP_ABSENT, "",    NP_OP_ABSENT, "",    true },
        {NP_OP_ABSENT, "",    NP_OP_EXISTS, "",    false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct np_selector *inner = term("k", rows[i].inner, rows[i].inner_values);
        const struct np_selector *outer = term("k", rows[i].outer, rows[i].outer_values);
        print_message("%zu\n", i);
        assert_int_equal(np_cover_selector(outer, inner), rows[i].covers);
        /* another key says nothing about this one */
        assert_false(np_cover_selector(term("other", rows[i].outer, rows[i].outer_values), inner));
        /* a conjunction is narrower */
        assert_int_equal(np_cover_selector(outer, all(term("z", NP_OP_EXISTS, ""), inner)),
                         rows[i].covers);
        assert_false(np_cover_selector(all(outer, term("z", NP_OP_EXISTS, "")), inner));
        assert_true(np_cover_selector(all(NULL, NULL), inner));
        assert_false(np_cover_selector(inner, all(NULL, NULL)));
    }
}

/* What cover claims is true of every object there can be: three keys, three values or none. */
static void test_terms_against_objects(void **state)
{
    static const char *const values[] = {NULL, "x", "y", ""};
    static const char *const lists[] = {"x", "y", "x,y"};
    const struct np_selector *some[40];
    size_t count = 0;
    (void)state;
    for (size_t op = NP_OP_IN; op <= NP_OP_ABSENT; op++) {
        for (size_t v = 0; v < (op <= NP_OP_NOT_IN ? 3 : 1); v++) {
            some[count++] = term("k", (enum np_term_op)op, op <= NP_OP_NOT_IN ? lists[v] : "");
        }
    }
    size_t terms = count;
    for (size_t i = 0; i + 1 < terms; i++) {
        some[count++] = all(some[i], some[i + 1]);
        some[count++] = all(some[i], term("l", NP_OP_IN, "x"));
    }
    size_t claims = 0;
    for (size_t i = 0; i < count * count; i++) {
        const struct np_selector *outer = some[i / count], *inner = some[i % count];
        bool claim = np_cover_selector(outer, inner);
        claims += claim;
        for (size_t k = 0; k < 16; k++) {
            struct np_label labels[2];
            uint32_t n = 0;
            const char *pair[] = {values[k / 4], values[k % 4]};
            for (size_t l = 0; l < 2; l++) {
                if (pair[l]) {
                    labels[n++] = (struct np_label){np_build_text(b, l ? "l" : "k"),
                                                    np_build_text(b, pair[l])};
                }
            }
            struct np_endpoint endpoint = {
                .kind = NP_OBJ_WORKLOAD, .labels = {labels, n}
            };
            bool in = np_selector_match(inner, &endpoint),
                 out = np_selector_match(outer, &endpoint);
            assert_false(claim && in && !out);
            assert_false(np_selector_contradicts(inner) && in);
        }
    }
    assert_true(claims > count); /* more than each covering itself */
}

static void test_contradictions(void **state)
{
    (void)state;
    assert_true(
        np_selector_contradicts(all(term("k", NP_OP_IN, "x"), term("k", NP_OP_NOT_IN, "x,y"))));
    assert_true(np_selector_contradicts(all(term("k", NP_OP_IN, "x"), term("k", NP_OP_IN, "y"))));
    assert_true(
        np_selector_contradicts(all(term("k", NP_OP_EXISTS, ""), term("k", NP_OP_ABSENT, ""))));
    assert_true(
        np_selector_contradicts(all(term("k", NP_OP_ABSENT, ""), term("k", NP_OP_IN, "x"))));
    assert_false(
        np_selector_contradicts(all(term("k", NP_OP_IN, "x,y"), term("k", NP_OP_NOT_IN, "x"))));
    assert_false(
        np_selector_contradicts(all(term("k", NP_OP_ABSENT, ""), term("k", NP_OP_NOT_IN, "x"))));
    assert_false(
        np_selector_contradicts(all(term("k", NP_OP_IN, "x"), term("l", NP_OP_ABSENT, ""))));
    const struct np_selector *either[] = {term("k", NP_OP_IN, "x"), term("k", NP_OP_IN, "y")};
    assert_false(np_selector_contradicts(np_build_select(b, NP_SELECT_ANY, either, 2)));
}

/* ---- sets and ports ---- */

static const struct np_literal *cidr(const char *text)
{
    struct np_prefix prefix;
    assert_int_equal(np_prefix_parse(np_slice_of(text), &prefix, NULL), NP_PREFIX_OK);
    return np_build_cidr(b, prefix, NP_DOMAIN_ALL);
}

static const struct np_set *block(const char *in, const char *except)
{
    struct np_set_build *set = np_build_set(b);
    np_set_clause(set);
    np_set_literal(set, cidr(in), false);
    if (except) {
        np_set_literal(set, cidr(except), true);
    }
    return np_set_done(set);
}

static void test_sets(void **state)
{
    (void)state;
    assert_true(np_cover_set(NULL, block("10.0.0.0/8", NULL)));
    assert_false(np_cover_set(block("0.0.0.0/0", NULL), NULL));
    assert_true(np_cover_set(block("10.0.0.0/8", NULL), block("10.1.0.0/16", NULL)));
    assert_false(np_cover_set(block("10.1.0.0/16", NULL), block("10.0.0.0/8", NULL)));
    assert_false(np_cover_set(block("10.0.0.0/8", "10.1.0.0/16"), block("10.1.0.0/16", NULL)));
    assert_false(np_cover_set(block("10.0.0.0/8", "10.1.1.0/24"), block("10.1.0.0/16", NULL)));
    assert_true(np_cover_set(block("10.0.0.0/8", "10.1.0.0/16"), block("10.2.0.0/16", NULL)));
    assert_true(
        np_cover_set(block("10.0.0.0/8", "10.1.1.0/24"), block("10.1.0.0/16", "10.1.0.0/17")));
    assert_false(
        np_cover_set(block("10.0.0.0/8", NULL),
                     np_build_set_of(b, np_build_objects(b, NP_OBJ_WORKLOAD, all(NULL, NULL)))));
    const struct np_literal *pods = np_build_objects(b, NP_OBJ_WORKLOAD, term("k", NP_OP_IN, "x"));
    const struct np_literal *both = np_build_objects(b, NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD,
                                                     term("k", NP_OP_EXISTS, ""));
    assert_true(np_cover_set(np_build_set_of(b, both), np_build_set_of(b, pods)));
    assert_false(np_cover_set(np_build_set_of(b, pods), np_build_set_of(b, both)));
}

static void test_ports(void **state)
{
    static const struct np_port_span narrow = {6, true, false, 80, 80};
    static const struct np_port_span wide = {6, true, false, 1, 1000};
    static const struct np_port_span udp = {17, true, false, 80, 80};
    static const struct np_port_span any = {-1, true, true, 0, 65535};
    static const struct {
        const struct np_port_span *outer, *inner;
        bool covers;
    } rows[] = {
        {NULL,    &narrow, true },
        {&narrow, NULL,    false},
        {&wide,   &narrow, true },
        {&narrow, &wide,   false},
        {&udp,    &narrow, false},
        {&any,    &udp,    true },
        {&wide,   &any,    false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match outer = {
            .families = NP_FAMILY_ANY, .relations = NP_REL_ANY, .routes = NP_ROUTE_ANY};
        struct np_match inner = outer;
        outer.service = rows[i].outer ? np_build_service(b, rows[i].outer, 1, false) : NULL;
        inner.service = rows[i].inner ? np_build_service(b, rows[i].inner, 1, false) : NULL;
        assert_int_equal(np_cover_match(&outer, &inner), rows[i].covers);
        if (rows[i].outer) {
            outer.service = np_build_service(b, rows[i].outer, 1, true);
            assert_false(np_cover_match(&outer, &inner)); /* a complement is not seen through */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_terms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_terms_against_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contradictions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
