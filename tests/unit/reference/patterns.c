/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions and names with stars as conditions of rules, over each kind of field. */
#include "matrix_test.h"

struct row {
    enum np_pattern_kind kind;
    const char *pattern, *text;
    int right;
};

static void paths(struct matrix *m, enum np_view view, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct np_match *match = one_rule(m);
        match->request = pattern_atom(m, view, NULL, rows[i].kind, rows[i].pattern);
        seal(m);
        struct netpol_request get = http("GET", rows[i].text);
        if (ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get) != rows[i].right) {
            fail_msg("row %zu: '%s' against '%s'", i, rows[i].text, rows[i].pattern);
        }
    }
}

/* As the proxy normalises it (model/proxy_path.h), with the query. */
static void cilium_paths(void **state)
{
    static const struct row rows[] = {
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/x",              NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/",               NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    "/public/.*",  "/%70ublic/x?y=/..",      NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/../private",     NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/%2e%2e/private", NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/..%2fprivate",   NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/x#y",            NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public/.*",  "//public//x",            NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    "/public/.*",  "public/x",               NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public/.*",  "/public/x|y",            NETPOL_INSPECT},
        {NP_PATTERN_REGEX,    "/public",     "/public?x",              NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "/public",     "/Public",                NETPOL_DENY   },
        {NP_PATTERN_REGEX,    "(?i)/public", "/Public",                NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    ".*",          "/%ff",                   NETPOL_ALLOW  },
        {NP_PATTERN_REGEX,    ".*",          "/\xff",                  NETPOL_INSPECT},
        {NP_PATTERN_REGEX,    ".*",          "/..;/admin",             NETPOL_INSPECT},
        {NP_PATTERN_EXACT,    "/a/b",        "/a/x/../%62",            NETPOL_ALLOW  },
        {NP_PATTERN_EXACT,    "/a/b",        "/a/b?",                  NETPOL_DENY   },
        {NP_PATTERN_PREFIX,   "/a/b",        "/a//b?c",                NETPOL_ALLOW  },
        {NP_PATTERN_SUFFIX,   "?c",          "/a/b?c",                 NETPOL_ALLOW  },
        {NP_PATTERN_CONTAINS, "%20",         "/a b/c",                 NETPOL_ALLOW  },
        {NP_PATTERN_PRESENT,  "",            "/a",                     NETPOL_ALLOW  },
        {NP_PATTERN_PRESENT,  "",            "/a%2fb",                 NETPOL_DENY   },
 /* refused by the builder's reader: matches nothing */
        {NP_PATTERN_REGEX,    "(?=a)",       "/a",                     NETPOL_DENY   },
    };
    paths(*state, NP_VIEW_PATH_CILIUM, rows, sizeof rows / sizeof *rows);
}

static void normal_paths(void **state)
{
    static const struct row rows[] = {
        {NP_PATTERN_REGEX, "/a/[b-c]", "/a/./%62/?x=/c", NETPOL_ALLOW},
        {NP_PATTERN_REGEX, "/a/[b-c]", "/a/d",           NETPOL_DENY },
        {NP_PATTERN_REGEX, "/",        "/a/..",          NETPOL_ALLOW},
        {NP_PATTERN_REGEX, ".*",       "/%00",           NETPOL_DENY },
    };
    paths(*state, NP_VIEW_PATH_CALICO, rows, sizeof rows / sizeof *rows);
}

/* What Cilium's proxy answers itself no rule sees, also none that asks for no path. */
static void refused_by_proxy(void **state)
{
    enum { ENGINE_KUBERNETES, ENGINE_CALICO, ENGINE_CILIUM };
    static const struct {
        uint8_t engine, normalize;
        const char *path;
        int right;
    } rows[] = {
        {ENGINE_CILIUM,     0, "/a",     NETPOL_ALLOW  },
        {ENGINE_CILIUM,     0, "",       NETPOL_ALLOW  },
        {ENGINE_CILIUM,     0, "/a%2fb", NETPOL_DENY   },
        {ENGINE_CILIUM,     1, "/a%2fb", NETPOL_ALLOW  },
        {ENGINE_CILIUM,     0, "/a#b",   NETPOL_DENY   },
        {ENGINE_CILIUM,     1, "/a#b",   NETPOL_DENY   },
        {ENGINE_CILIUM,     0, "*",      NETPOL_DENY   },
        {ENGINE_CILIUM,     0, "/%00",   NETPOL_DENY   },
        {ENGINE_CILIUM,     0, "/a|b",   NETPOL_INSPECT},
        {ENGINE_KUBERNETES, 0, "/a%2fb", NETPOL_ALLOW  },
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->request = pattern_atom(m, NP_VIEW_METHOD, NULL, NP_PATTERN_REGEX, "GET");
        m->rule->redirect_parser = NP_PARSER_HTTP;
        np_build_options(m->b)->engine = rows[i].engine;
        np_build_options(m->b)->http_normalize = rows[i].normalize;
        seal(m);
        struct netpol_request get = http("GET", rows[i].path);
        if (ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get) != rows[i].right) {
            fail_msg("row %zu: '%s'", i, rows[i].path);
        }
    }
}

/* Values of one header are one text, joined by commas (header_reading=joined). */
static void headers(void **state)
{
    static const struct {
        const char *pattern;
        int right;
    } rows[] = {
        {"a,b,c",    NETPOL_ALLOW},
        {"a.*c",     NETPOL_ALLOW},
        {"[a-c,]+",  NETPOL_ALLOW},
        {"a",        NETPOL_DENY },
        {"a,b",      NETPOL_DENY },
        {"b,c",      NETPOL_DENY },
        {"a|b|c",    NETPOL_DENY },
        {"a,\\bb,c", NETPOL_ALLOW},
    };
    static const struct netpol_pair pairs[] = {
        {{"X-A", 3}, {"a", 1}  },
        {{"X-B", 3}, {"z", 1}  },
        {{"x-a", 3}, {"b,c", 3}},
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->request = pattern_atom(m, NP_VIEW_HEADER, "x-a", NP_PATTERN_REGEX, rows[i].pattern);
        np_build_options(m->b)->header_reading = 0;
        seal(m);
        struct netpol_request get = http("GET", "/");
        get.headers = pairs;
        get.n_headers = 3;
        if (ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get) != rows[i].right) {
            fail_msg("row %zu: '%s'", i, rows[i].pattern);
        }
    }
}

/* serverNames, and a query of matchPattern. */
static void server_names(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    match->connection = pattern_atom(m, NP_VIEW_SNI, NULL, NP_PATTERN_SNI, "**.example.com");
    seal(m);
    struct netpol_request hello = http("GET", "/");
    hello.sni.presence = NETPOL_PRESENT;
    hello.sni.value = (struct netpol_string){"a.B.example.com", 15};
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 443, .request = &hello),
                     NETPOL_ALLOW);
    hello.sni.value = (struct netpol_string){"example.com", 11};
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 443, .request = &hello),
                     NETPOL_DENY);
    match = one_rule(m);
    match->request = pattern_atom(m, NP_VIEW_DNS_QUERY, NULL, NP_PATTERN_FQDN, "*.example.com");
    seal(m);
    struct netpol_request query = {.size = sizeof query, .kind = NETPOL_REQUEST_DNS};
    query.dns_query = (struct netpol_string){"a.example.com.", 14};
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 53, .request = &query),
                     NETPOL_ALLOW);
    query.dns_query = (struct netpol_string){"a.b.example.com.", 16};
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 53, .request = &query),
                     NETPOL_DENY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cilium_paths), TEST(normal_paths), TEST(refused_by_proxy),
        TEST(headers),      TEST(server_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
