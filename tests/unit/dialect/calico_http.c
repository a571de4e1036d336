/* SPDX-License-Identifier: Apache-2.0 */
/* Calico's http: methods, paths, what is no request, what is refused (app-policy/checker). */
#include "np_cmocka.h"

#include "dialect/calico/http.h"
#include "matrix/matrix.h"

enum { ITEMS_MAX = 4 };
struct row {
    const char *methods[ITEMS_MAX];
    const char *exact[ITEMS_MAX], *prefix[ITEMS_MAX];
    const char *method, *path; /* of the request; path NULL: no request is in hand */
    int action, reason;
};
#define ALLOWED .action = NETPOL_ALLOW, .reason = NETPOL_REASON_RULE
#define NONE    .action = NETPOL_DENY, .reason = NETPOL_REASON_ISOLATED
#define REFUSED .action = NETPOL_DENY, .reason = NETPOL_REASON_INVALID
#define WAITS   .action = NETPOL_INSPECT, .reason = NETPOL_REASON_REQUEST
static const struct row rows[] = {
  /* methods: case-sensitive, "*" and an empty list are any */
    {.methods = {"GET", "HEAD"},       .method = "GET",                          .path = "/", ALLOWED},
    {.methods = {"GET", "HEAD"},                         .method = "HEAD",                                                                 .path = "/", ALLOWED},
    {.methods = {"GET", "HEAD"},.method = "get",.path = "/", NONE},
    {.methods = {"GET"},                                .method = "GETS",                                               .path = "/", NONE},
    {.methods = {"GET", "*"},                     .method = "BREW",                                                                                                     .path = "/", ALLOWED},
    {.method = "BREW",               .path = "/%",        ALLOWED},
 /* paths: both sides in normal form; prefixes by whole segments */
    {.exact = {"/a"},                            .method = "GET",                                                                    .path = "/a?x", ALLOWED},
    {.exact = {"/a"},.method = "GET",.path = "/a/b", NONE},
    {.exact = {"/x/../a//b/;p"},                                .method = "GET",                                                         .path = "/a/b/", ALLOWED},
    {.exact = {"/%61"},                         .method = "GET",                                                          .path = "/a", ALLOWED},
    {.prefix = {"/pub"},.method = "GET",.path = "/pub", ALLOWED},
    {.prefix = {"/pub"},                                .method = "GET",                                                          .path = "/pub/a", ALLOWED},
    {.prefix = {"/pub"},                  .method = "GET",                                                                                                                                  .path = "/public", NONE},
    {.prefix = {"/pub/"},       .method = "GET", .path = "/pub", ALLOWED},
    {.prefix = {"/pub"},                         .method = "GET",                                                                 .path = "/pub/../admin", NONE},
    {.prefix = {"/pub"},.method = "GET",.path = "/pub%2f..%2fadmin", NONE},
    {.prefix = {"/pub"},                                .method = "GET",                                                       .path = "/pub/%252e%252e/admin", NONE},
    {.prefix = {"/"},                  .method = "GET",                                                                                                       .path = "/a/b", ALLOWED},
    {.prefix = {"/"},               .method = "GET",         .path = "/a/%zz", NONE},
 /* a rule's path that has no normal form is skipped, its siblings are not */
    {.exact = {"/%"},                         .prefix = {"/a"},                                                                 .method = "GET", .path = "/a", ALLOWED},
    {.exact = {"/%"},.method = "GET",.path = "/%", NONE},
    {.exact = {"/%", "a"},                                .method = "GET",                                                      .path = "/", NONE},
 /* both must match */
    {.methods = {"GET"},                  .prefix = {"/a"},                                                   .method = "GET", .path = "/a", ALLOWED},
    {.methods = {"GET"},               .prefix = {"/a"},                .method = "PUT", .path = "/a", NONE},
    {.methods = {"GET"},                            .prefix = {"/a"},                                                                    .method = "GET", .path = "/b", NONE},
 /* a path without slash: only where there are paths and the methods matched */
    {.prefix = {"/"},                         .method = "OPTIONS",                                                                           .path = "*", REFUSED},
    {.exact = {"/%"},                                .method = "OPTIONS",                                                       .path = "*", REFUSED},
    {.methods = {"OPTIONS"}, .exact = {"/a"},.method = "OPTIONS", .path = "*", REFUSED},
    {.methods = {"*"},                  .exact = {"/a"},                          .method = "CONNECT", .path = "a:443", REFUSED},
    {.methods = {"GET"},                         .exact = {"/a"},                                                                 .method = "OPTIONS", .path = "*", NONE},
    {.methods = {"OPTIONS"},   .method = "OPTIONS",                   .path = "*", ALLOWED},
    {.prefix = {"/"},                                .method = "GET",                                                          .path = "%2fa", REFUSED},
    {.prefix = {"/"},                 .method = "GET",.path = "\\a", REFUSED},
    {.prefix = {"/"},                                .method = "GET",                                                          .path = "?/a", REFUSED},
 /* without a request in hand; what asks nothing of one does not wait */
    {.methods = {"GET"},                    WAITS                                                                                                                                                                  },
    {.prefix = {"/"},             WAITS      },
    {.exact = {"/%"},                            WAITS                                                                   },
    {.methods = {"*"},ALLOWED},
    {.methods = {NULL},                         ALLOWED                                                                },
};

static size_t take_paths(const char *const *texts, bool prefix, struct np_calico_http_path *out)
{
    size_t count = 0;
    for (; count < ITEMS_MAX && texts[count]; count++) {
        out[count] = (struct np_calico_http_path){prefix, np_slice_of(texts[count])};
    }
    return count;
}

/* A pod with one ingress policy of one rule: the Allow, and behind it what refuses. */
static void given(struct matrix *m, const struct row *row)
{
    struct np_slice methods[ITEMS_MAX];
    struct np_calico_http_path paths[2 * ITEMS_MAX];
    struct np_calico_http http = {.methods = methods, .paths = paths};
    for (; http.n_methods < ITEMS_MAX && row->methods[http.n_methods]; http.n_methods++) {
        methods[http.n_methods] = np_slice_of(row->methods[http.n_methods]);
    }
    http.n_paths = take_paths(row->exact, false, paths);
    http.n_paths += take_paths(row->prefix, true, paths + http.n_paths);
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_tier *t = tier(m, "default", 0, NP_LISTED, NP_END_DENY, NP_TIER_ISOLATED);
    struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), INGRESS);
    struct np_lower l = {.ctx = m->ctx, .build = m->b};
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->request = np_calico_http(&l, &http);
    const struct np_expr *refused = np_calico_http_refused(&l, &http);
    assert_int_equal(refused != NULL, http.n_paths > 0);
    if (refused) {
        rule(m, p, NP_INGRESS, NP_ACT_DENY)->request = refused;
        m->rule->refuses = true;
    }
    seal(m);
}

static void every_row(void **state)
{
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        given(m, &rows[i]);
        struct netpol_request request =
            rows[i].path ? http(rows[i].method, rows[i].path) : (struct netpol_request){0};
        int action = ASK(m, .from = "a/x", .to = "a/p", .port = 80,
                         .request = rows[i].path ? &request : NULL);
        if (action != rows[i].action || m->verdict.ingress.reason != rows[i].reason) {
            fail_msg("row %zu (%s %s): %s, %s", i, rows[i].method, rows[i].path,
                     netpol_action_text(action), netpol_reason_text(m->verdict.ingress.reason));
        }
    }
}

/* The kernel let it in, and there is nothing to compare: it matches, whatever the rule asks. */
static void no_http(void **state)
{
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        given(m, &rows[i]);
        struct netpol_request opaque = NETPOL_REQUEST_INIT;
        opaque.payload = NETPOL_PAYLOAD_OPAQUE;
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &opaque),
                         NETPOL_ALLOW);
        struct netpol_request dns = NETPOL_REQUEST_INIT;
        dns.kind = NETPOL_REQUEST_DNS;
        dns.dns_query = (struct netpol_string){"a.example", 9};
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &dns),
                         NETPOL_ALLOW);
    }
}

/* A method or a path alone that is not there matches as well. */
static void half_a_request(void **state)
{
    struct matrix *m = *state;
    given(m, &(struct row){.methods = {"GET"}, .exact = {"/a"}});
    struct netpol_request no_path = http("GET", "");
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &no_path),
                     NETPOL_ALLOW);
    struct netpol_request other = http("PUT", "");
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &other),
                     NETPOL_DENY);
    struct netpol_request no_method = http("", "/a");
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &no_method),
                     NETPOL_ALLOW);
}

/* An answer without a request names the Allow, not what refuses. */
static void attribution(void **state)
{
    struct matrix *m = *state;
    given(m, &(struct row){.exact = {"/a"}});
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_INSPECT);
    const struct np_decision *decided = &m->model->decisions[m->verdict.ingress.rule];
    assert_non_null(decided->rule);
    assert_int_equal(decided->rule->action, NP_ACT_ALLOW);
}

static int setup(void **state)
{
    static struct matrix m;
    m = (struct matrix){0};
    *state = &m;
    return netpol_ctx_create(NULL, &m.ctx);
}

static int teardown(void **state)
{
    struct matrix *m = *state;
    drop(m);
    netpol_ctx_destroy(m->ctx);
    return m->failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row, setup, teardown),
        cmocka_unit_test_setup_teardown(no_http, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(attribution, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
