/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parts tell of redirects and authentication, and which of Cilium's rules cannot stand
 * together. Source: pkg/policy/l4.go (mergePortProto, ListenerPriority*) of cilium/cilium.
 */
#include "cilium_l7.h"

/* ---- what parts tell ---- */

static void tell(struct world *w, const char *way, unsigned port, const char *rest,
                 struct sink_text *answer)
{
    char question[256];
    snprintf(question, sizeof question, "%s\"port\":%u%s}", way, port, rest);
    memset(answer, 0, sizeof *answer);
    world_ask(w, question, 1, 1, answer);
}

static void parts_tell(void **state)
{
    /* clang-format off */
    static const struct {
        const char *way;
        unsigned port;
        const char *said;
    } rows[] = {
        {in,  80,   "\"redirect\":{\"parser\":\"http\",\"priority\":101}"                               },
        {in,  81,   "\"auth\":\"required\"}"                                                            },
        {in,  82,   "\"auth\":\"always-fail\",\"redirect\":{\"parser\":\"http\",\"priority\":101}"      },
        {in,  9092, "\"redirect\":{\"parser\":\"kafka\",\"priority\":106}"                              },
        {in,  1,    "\"redirect\":{\"parser\":\"other\",\"priority\":111}"                              },
        {out, 443,
         "\"redirect\":{\"parser\":\"tls\",\"priority\":116,\"terminatingTLS\":\"s/t ,,\","
         "\"originatingTLS\":\"/u ca,,\"}"                                                              },
        {out, 53,   "\"redirect\":{\"parser\":\"dns\",\"priority\":121}"                                },
        {out, 84,   "\"redirect\":{\"parser\":\"other\",\"priority\":126,\"listener\":\"a/c/l\"}"       },
        {out, 85,   "\"redirect\":{\"parser\":\"other\",\"priority\":7,\"listener\":\"/c/m\"}"          },
        {out, 86,   "\"redirect\":{\"parser\":\"other\",\"priority\":7,\"listener\":\"/c/m\"}"          },
    };
    /* clang-format on */
    struct world w;
    struct sink_text answer;
    (void)state;
    given(
        &w,
        CNP("p",
            "ingress: [{toPorts: [" HTTP("{}") ", " KAFKA("{}") ", " ENTRY(
                "1",
                "rules: {l7proto: one}") "]}, "
                                         "{authentication: {mode: required}, toPorts: [" PLAIN(
                                             "81") "]}, "
                                                   "{authentication: {mode: test-always-fail}, toPorts: [" ENTRY(
                                                       "82",
                                                       "rules: {http: [{}]}") "]}], "
                                                                              "egress: [{toPorts: [" ENTRY(
                                                                                  "443",
                                                                                  "terminatingTLS: {secret: {namespace: s, name: t}}, "
                                                                                  "originatingTLS: {secret: {name: u}, trustedCA: ca}") ", " ENTRY("53",
                                                                                                                                                   "rules: {dns: [{matchPattern: \"*\"}]}") ", " ENTRY("84",
                                                                                                                                                                                                       "listener: {envoyConfig: {name: c}, name: l}") ", " ENTRY("85",
                                                                                                                                                                                                                                                                 "listener: {envoyConfig: {kind: CiliumClusterwideEnvoyConfig, name: c}, name: m, priority: 7}") ", " ENTRY("86", "listener: {envoyConfig: {kind: CiliumClusterwideEnvoyConfig, name: c}, name: m, priority: 7}") "]}, "
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  /* of another selector, so no conflict: the explicit priority wins */
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "{toEndpoints: [{}], toPorts: [" ENTRY(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "86", "rules: {http: [{}]}") "]}]"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tell(&w, rows[i].way, rows[i].port, ",\"sni\":\"?\"", &answer);
        const char *parts = strstr(answer.text, "\"parts\":");
        const char *steps = strstr(answer.text, "\"steps\":");
        assert_non_null(parts);
        assert_non_null(steps);
        if (!strstr(parts, rows[i].said) || !strstr(steps, rows[i].said)) {
            fail_msg("no %s in %s", rows[i].said, answer.text);
        }
    }
    tell(&w, in, 83, "", &answer); /* denied, of nobody's interest */
    assert_null(strstr(answer.text, "\"redirect\":"));
    world_close(&w);
}

/* By number, as callers of C have it. */
static void programs(void **state)
{
    struct world w;
    struct netpol_program_info info;
    (void)state;
    given(&w, CNP("p", "ingress: [{authentication: {mode: required}, toPorts: [" HTTP("{}") "]}]"));
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 3},
          .dst = {10, 0, 0, 1},
          .dst_port = 80, .family = 4, .protocol = 6
    };
    struct netpol_verdict verdict;
    assert_int_equal(netpol_eval(w.view, &tuple, &verdict), NETPOL_OK);
    uint32_t program = verdict.ingress.program;
    assert_int_not_equal(program, 0);
    assert_int_equal(verdict.egress.program, 0);
    uint64_t generation = verdict.generation;
    assert_int_equal(netpol_program_describe(w.matcher, program, generation, &info), NETPOL_OK);
    assert_int_equal(info.parser, NETPOL_PARSER_HTTP);
    assert_int_equal(info.auth, NETPOL_AUTH_REQUIRED);
    assert_int_equal(info.priority, 101);
    assert_string_equal(info.listener, "");
    assert_int_equal(netpol_program_describe(w.matcher, 0, generation, &info),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_program_describe(w.matcher, 1000, generation, &info),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_program_describe(w.matcher, program, generation + 1, &info),
                     NETPOL_ERR_GENERATION);
    assert_int_equal(netpol_program_describe(NULL, program, generation, &info),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_program_describe(w.matcher, program, generation, NULL),
                     NETPOL_ERR_ARGUMENT);
    assert_string_equal(netpol_parser_text(NETPOL_PARSER_DNS), "dns");
    assert_string_equal(netpol_auth_text(NETPOL_AUTH_ALWAYS_FAIL), "always-fail");
    assert_string_equal(netpol_parser_text(-1), "?");
    world_close(&w);
}

/* ---- conflicts (l4.go mergePortProto) ---- */

static void conflicts(void **state)
{
    /* clang-format off */
    static const struct {
        const char *first, *second; /* entries of egress */
        const char *what;           /* NULL: they go together */
    } rows[] = {
        {HTTP("{}"), ENTRY("80", "rules: {kafka: [{}]}"), "two parsers"},
        {HTTP("{}"), ENTRY("80", "listener: {envoyConfig: {name: c}, name: l}"), "two parsers"},
        {ENTRY("80", "rules: {l7proto: one}"), ENTRY("80", "rules: {l7proto: two}"), "two parsers"},
        {HTTP("{path: /a}"), HTTP("{path: /b}"), NULL},
        {HTTP("{}"), PLAIN("80"), NULL},
        {HTTP("{}"), ENTRY("80", "serverNames: [a]"), NULL}, /* TLS becomes HTTP */
        {HTTP("{}"), ENTRY("81", "rules: {kafka: [{}]}"), NULL},
        {HTTP("{}"), "{ports: [{port: \"80\", endPort: 81, protocol: TCP}], rules: {kafka: [{}]}}", NULL},
        {ENTRY("53", "rules: {dns: [{matchName: a}]}"), ENTRY("53", "serverNames: [a]"), "two parsers"},
        {"{ports: [{port: \"53\", protocol: ANY}], rules: {dns: [{matchName: a}]}}",
         ENTRY("53", "rules: {http: [{}]}"), "two parsers"},
        {ENTRY("80", "terminatingTLS: {secret: {name: s}}"), ENTRY("80", "terminatingTLS: {secret: {name: t}}"), "two TLS contexts"},
        {ENTRY("80", "originatingTLS: {secret: {name: s}}"), ENTRY("80", "originatingTLS: {secret: {name: s}, trustedCA: c}"), "two TLS contexts"},
        {ENTRY("80", "originatingTLS: {secret: {name: s}}"), ENTRY("80", "terminatingTLS: {secret: {name: t}}"), NULL},
        {ENTRY("80", "listener: {envoyConfig: {name: c}, name: l, priority: 3}"),
         ENTRY("80", "listener: {envoyConfig: {name: c}, name: m, priority: 3}"), "two listeners of one priority"},
        {ENTRY("80", "listener: {envoyConfig: {name: c}, name: l}"),
         ENTRY("80", "listener: {envoyConfig: {name: c}, name: m}"), "two listeners of one priority"},
        {ENTRY("80", "listener: {envoyConfig: {name: c}, name: l, priority: 3}"),
         ENTRY("80", "listener: {envoyConfig: {name: c}, name: m, priority: 4}"), NULL},
        {ENTRY("80", "listener: {envoyConfig: {name: c}, name: l}"),
         ENTRY("80", "listener: {envoyConfig: {name: c}, name: l}"), NULL},
    };
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        char text[2048];
        snprintf(text, sizeof text, CNP("a", OUT("%s")) CNP("b", OUT("%s")), rows[i].first,
                 rows[i].second);
        int status = try_with(&w, text, NULL);
        const struct netpol_diag *diag = world_diag(&w, "NP2567");
        if (status != (rows[i].what ? NETPOL_ERR_INPUT : NETPOL_OK) || !diag != !rows[i].what ||
            (diag && (!strstr(diag->message, rows[i].what) ||
                      !strstr(diag->message, "CiliumNetworkPolicy/a/a spec.egress[0].toPorts[0] "
                                             "(test.yaml:4:")))) {
            fail_msg("row %zu: %d %s", i, status, diag ? diag->message : "nothing is said");
        }
        assert_true(!diag || (diag->line == 9 && strstr(diag->path, "spec.egress[0].toPorts[0]")));
        world_close(&w);
    }
}

#define MODE(mode, peers) \
    "egress: [{authentication: {mode: " mode "}, " peers "toPorts: [" PLAIN("80") "]}]"

/* Only where peers are selected by the same words, and only where some pod is a subject of both. */
static void conflicts_of_subjects_and_peers(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        bool clash;
    } rows[] = {
        {CNP("a", MODE("required", "")) CNP("b", MODE("disabled", "")), true},
        {CNP("a", MODE("required", "")) CNP("b", MODE("required", "")), false},
        {CNP("a", MODE("required", "toEndpoints: [{matchLabels: {app: job}}], "))
         CNP("b", MODE("disabled", "toEndpoints: [{matchLabels: {app: db}}, {matchLabels: {app: job}}], ")), true},
        {CNP("a", MODE("required", "toEndpoints: [{matchLabels: {app: job}}], "))
         CNP("b", MODE("disabled", "toEndpoints: [{}], ")), false},
        {CNP("a", MODE("required", ""))
         "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: b, namespace: a}\n"
         "spec: {endpointSelector: {matchLabels: {app: job}}, " MODE("disabled", "") "}\n", false},
    };
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        int status = try_with(&w, rows[i].text, NULL);
        if ((status == NETPOL_ERR_INPUT) != rows[i].clash ||
            (world_diag(&w, "NP2567") != NULL) != rows[i].clash) {
            fail_msg("row %zu: %d", i, status);
        }
        world_close(&w);
    }
}

/* ---- headers that are changed and looked at ---- */

#define ADDS(header)  "{" MATCHES("{name: " header ", value: \"1\", mismatch: ADD}") "}"
#define LOGS(header)  "{" MATCHES("{name: " header ", value: \"1\", mismatch: LOG}") "}"
#define LOOKS(header) "{headers: [" header "]}"

static void order_that_matters(void **state)
{
    static const struct {
        const char *text;
        unsigned findings;
    } rows[] = {
        {CNP("p",                         IN(HTTP(ADDS("X-A") ", " LOOKS("x-a")))), 1                                     },
        { CNP("p", IN(HTTP(ADDS("X-A")))) CNP("q",                  IN(HTTP(LOOKS("X-A")))),                                      1},
        { CNP("p", IN(HTTP(ADDS("X-A")))) CNP("q",                   IN(HTTP(ADDS("X-A")))),                                      2},
        { CNP("p", IN(HTTP(ADDS("X-A")))) CNP("q",                  IN(HTTP(LOOKS("X-B")))),                                      0},
        { CNP("p", IN(HTTP(LOGS("X-A")))) CNP("q",                  IN(HTTP(LOOKS("X-A")))),                                      0},
        { CNP("p",            IN(HTTP(ADDS("X-A"))))
             CNP("q",                                       IN(ENTRY("81", "rules: {http: [" LOOKS("X-A") "]}"))),
         0},
        {                                                                                                                   CNP("p",                         IN(HTTP(ADDS("X-A")))) CNP("q",           OUT(HTTP(LOOKS("X-A")))),               0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        given(&w, rows[i].text);
        unsigned findings = 0;
        for (size_t k = 0; k < netpol_diags_count(w.diags); k++) {
            findings += strcmp(netpol_diags_at(w.diags, k)->code, "NP2568") == 0;
        }
        if (findings != rows[i].findings) {
            fail_msg("row %zu: %u findings", i, findings);
        }
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_tell),         cmocka_unit_test(programs),
        cmocka_unit_test(conflicts),          cmocka_unit_test(conflicts_of_subjects_and_peers),
        cmocka_unit_test(order_that_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
