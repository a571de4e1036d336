/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of requests: in normal form, as sent, and what a rule refuses. */
#include "matrix_test.h"

/* Every pattern over the normal form, which is nowhere written. */
static void normal_paths(void **state)
{
    static const struct {
        enum np_pattern_kind kind;
        const char *pattern, *path;
        int right;
    } rows[] = {
        {NP_PATTERN_EXACT,    "/a/b", "/a/./%62/?x=/c",  NETPOL_ALLOW},
        {NP_PATTERN_EXACT,    "/a/b", "/x/..//a\\b;v=1", NETPOL_ALLOW},
        {NP_PATTERN_EXACT,    "/a/b", "/a/b/c",          NETPOL_DENY },
        {NP_PATTERN_EXACT,    "/a/b", "/A/b",            NETPOL_DENY },
        {NP_PATTERN_EXACT,    "/a/b", "/a/%2562",        NETPOL_DENY },
        {NP_PATTERN_EXACT,    "/a/b", "/a/b;%252e",      NETPOL_DENY },
        {NP_PATTERN_EXACT,    "/",    "/a/..",           NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/a",              NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/a/",             NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/a/b",            NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/a%2fb",          NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/ab",             NETPOL_DENY },
        {NP_PATTERN_UNDER,    "/a",   "/a/../b",         NETPOL_DENY },
        {NP_PATTERN_UNDER,    "/a",   "/b/../a/c",       NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/a",   "/",               NETPOL_DENY },
        {NP_PATTERN_UNDER,    "/",    "/ab",             NETPOL_ALLOW},
        {NP_PATTERN_UNDER,    "/",    "/ab/%00",         NETPOL_DENY },
        {NP_PATTERN_UNDER,    "/",    "*",               NETPOL_DENY },
        {NP_PATTERN_PREFIX,   "/a",   "/%61b",           NETPOL_ALLOW},
        {NP_PATTERN_SUFFIX,   "/b",   "/a/%62/",         NETPOL_ALLOW},
        {NP_PATTERN_SUFFIX,   "/b",   "/a/bc",           NETPOL_DENY },
        {NP_PATTERN_CONTAINS, "b/c",  "/a/b/x/../c/d",   NETPOL_ALLOW},
        {NP_PATTERN_CONTAINS, "b/c",  "/a/b/x/c/d",      NETPOL_DENY },
        {NP_PATTERN_PRESENT,  NULL,   "/a",              NETPOL_ALLOW},
        {NP_PATTERN_PRESENT,  NULL,   "/%",              NETPOL_DENY },
        {NP_PATTERN_PRESENT,  NULL,   "a",               NETPOL_DENY },
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->request = pattern_atom(m, NP_VIEW_PATH_CALICO, NULL, rows[i].kind, rows[i].pattern);
        seal(m);
        struct netpol_request get = http("GET", rows[i].path);
        if (ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get) != rows[i].right) {
            fail_msg("row %zu: '%s' against '%s'", i, rows[i].path, rows[i].pattern);
        }
    }
}

/* By whole segments is a matter of the pattern, not of the view. */
static void under_as_sent(void **state)
{
    static const struct {
        const char *pattern, *path;
        int right;
    } rows[] = {
        {"/a",  "/a/b",    NETPOL_ALLOW},
        {"/a",  "/a",      NETPOL_ALLOW},
        {"/a",  "/ab",     NETPOL_DENY },
        {"/a/", "/a/b",    NETPOL_ALLOW},
        {"/a/", "/a",      NETPOL_DENY },
        {"",    "x",       NETPOL_ALLOW},
        {"/a",  "/a/../b", NETPOL_ALLOW},
        {"/a",  "/%61",    NETPOL_DENY },
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->request = pattern_atom(m, NP_VIEW_PATH_RAW, NULL, NP_PATTERN_UNDER, rows[i].pattern);
        seal(m);
        struct netpol_request get = http("GET", rows[i].path);
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         rows[i].right);
    }
}

/* A rule that refuses a request says so, with and without a request in hand. */
static void refused_request(void **state)
{
    struct matrix *m = *state;
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_policy *p = policy(m, tier(m, "default", 0, NP_LISTED, NP_END_DENY, NP_TIER_ISOLATED),
                                 "p", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_DENY)->request =
        not(m, pattern_atom(m, NP_VIEW_PATH_RAW, NULL, NP_PATTERN_PREFIX, "/"));
    m->rule->refuses = true;
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    seal(m);
    struct netpol_request star = http("OPTIONS", "*");
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &star), NETPOL_DENY);
    assert_int_equal(m->verdict.ingress.reason, NETPOL_REASON_INVALID);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_INSPECT);
    struct netpol_request root = http("OPTIONS", "/");
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &root),
                     NETPOL_ALLOW);
    assert_int_equal(m->verdict.ingress.reason, NETPOL_REASON_RULE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(normal_paths),
        TEST(under_as_sent),
        TEST(refused_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
