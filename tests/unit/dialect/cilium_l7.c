/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Cilium's rules ask of requests, from text to answers. Sources: pkg/policy/api/{http,l7}.go,
 * pkg/policy/l4.go, pkg/envoy of cilium/cilium; cilium/network_policy.cc and pkg/policy/api/kafka
 * of cilium/proxy. Decode errors: cilium_l7_inputs.txt.
 */
#include "cilium_l7.h"

/* ---- HTTP ---- */

/* http.go: regular expressions of whole values, the path with its query, case matters. */
static void method_path_host(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          CNP("p", IN(HTTP("{method: \"GET|HEAD\", path: \"/a/[0-9]+\", host: \"h([.]x)?(:80)?\"}, "
                           "{path: \"/q[?]x=1\"}"))));
    CHECK(&w, in, 80, {"", NETPOL_INSPECT},
          {REQUEST("GET", "/a/1", ",\"host\":\"h\""), NETPOL_ALLOW},
          {REQUEST("HEAD", "/a/1", ",\"host\":\"h.x:80\""), NETPOL_ALLOW},
          {REQUEST("get", "/a/1", ",\"host\":\"h\""), NETPOL_DENY},
          {REQUEST("GETX", "/a/1", ",\"host\":\"h\""), NETPOL_DENY},
          {REQUEST("GET", "/a/1x", ",\"host\":\"h\""), NETPOL_DENY},
          {REQUEST("GET", "/A/1", ",\"host\":\"h\""), NETPOL_DENY},
          {REQUEST("GET", "/a/1", ",\"host\":\"H\""), NETPOL_DENY},
          {REQUEST("GET", "/a/1", ""), NETPOL_DENY}, {GET("/q?x=1"), NETPOL_ALLOW},
          {GET("/q"), NETPOL_DENY}, {GET("/q?x=12"), NETPOL_DENY},
          {"\"payload\":\"opaque\"", NETPOL_DENY}, {"\"payload\":\"tls\"", NETPOL_DENY});
    world_close(&w);
}

/* Without a rule in the list, and with one that asks nothing: every HTTP request, nothing else. */
static void any_request(void **state)
{
    static const char *const lists[] = {CNP("p", IN(HTTP(""))), CNP("p", IN(HTTP("{}"))),
                                        CNP("p", IN(HTTP("{path: /x}, {}")))};
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        given(&w, lists[i]);
        CHECK(&w, in, 80, {"", NETPOL_INSPECT}, {GET("/b"), NETPOL_ALLOW},
              {"\"payload\":\"opaque\"", NETPOL_DENY});
        world_close(&w);
    }
}

/* `rules: {}` says nothing of requests. */
static void no_kind_of_rules(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", IN(ENTRY("80", "rules: {}"))));
    CHECK(&w, in, 80, {"", NETPOL_ALLOW}, {"\"payload\":\"opaque\"", NETPOL_ALLOW});
    world_close(&w);
}

/* headers: "Name: value" is the whole value, "Name" that it is there; names have no case. */
static void headers(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", IN(HTTP("{headers: [\"X-A: 1 2\", X-B]}"))));
    CHECK(&w, in, 80, {WITH(H("x-a", "1 2") "," H("X-B", "")), NETPOL_ALLOW},
          {WITH(H("x-a", "1 2")), NETPOL_DENY}, {WITH(H("x-a", "1") "," H("x-b", "")), NETPOL_DENY},
          {WITH(H("x-a", "1 2") "," H("x-a", "3") "," H("x-b", "")), NETPOL_DENY}, /* joined */
          {GET("/a"), NETPOL_DENY});
    world_close(&w);
    given(&w, CNP("p", IN(HTTP("{headers: [\"X-A:: 1\"]}")))); /* all colons behind the name */
    CHECK(&w, in, 80, {WITH(H("x-a", "1")), NETPOL_ALLOW}, {WITH(H("x-a", "2")), NETPOL_DENY});
    world_close(&w);
}

/* HeaderMatch::allowed: what each mismatch does, and that an empty value asks for presence. */
/* A rule with tens of thousands of headers takes memory and time for them once, not for each pair.
 */
static void many_headers(void **state)
{
    enum { COUNT = 30000 };
    static char text[COUNT * 10 + 1000];
    static const char policy[] = CNP("p", IN(HTTP("{headers: [%%%]}")));
    struct world w;
    (void)state;
    const char *gap = strstr(policy, "%%%");
    size_t len = (size_t)(gap - policy);
    memcpy(text, policy, len);
    for (unsigned i = 0; i < COUNT; i++) {
        len += (size_t)sprintf(text + len, "X-%05u, ", i);
    }
    strcpy(text + len, gap + 3);
    given(&w, text);
    CHECK(&w, in, 80, {WITH(H("X-00000", "")), NETPOL_DENY});
    world_close(&w);
}

static void header_mismatches(void **state)
{
    static const struct {
        const char *match;
        int right, wrong, absent;
    } rows[] = {
        {"{name: X-A, value: \"1\"}",                         NETPOL_ALLOW, NETPOL_DENY,  NETPOL_DENY },
        {"{name: X-A}",                                       NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_DENY },
        {"{name: X-A, value: \"1\", mismatch: LOG}",          NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_ALLOW},
        {"{name: X-A, value: \"1\", mismatch: ADD}",          NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_ALLOW},
        {"{name: X-A, value: \"1\", mismatch: DELETE}",       NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_ALLOW},
        {"{name: X-A, value: \"1\", mismatch: REPLACE}",      NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_ALLOW},
 /* a secret that is missing: with a value beside it that counts, else the rule fails */
        {"{name: X-A, secret: {name: s}}",                    NETPOL_DENY,  NETPOL_DENY,  NETPOL_DENY },
        {"{name: X-A, secret: {name: s}, mismatch: REPLACE}", NETPOL_DENY,  NETPOL_DENY,
         NETPOL_DENY                                                                                  },
        {"{name: X-A, value: \"1\", secret: {name: s}}",      NETPOL_ALLOW, NETPOL_DENY,  NETPOL_DENY },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        char text[1024];
        snprintf(text, sizeof text, CNP("p", IN(HTTP("{" MATCHES("%s") "}"))), rows[i].match);
        given(&w, text);
        CHECK(&w, in, 80, {WITH(H("x-a", "1")), rows[i].right},
              {WITH(H("x-a", "2")), rows[i].wrong}, {GET("/a"), rows[i].absent});
        world_close(&w);
    }
}

/*
 * What one rule did to the request, the next one sees: r1 fails in the end (X-B, whose secret is
 * missing), having added, replaced or deleted before. lowering 5, row 12.
 */
static void effects_are_seen(void **state)
{
    static const struct {
        const char *first, *second; /* header matches of r1; headers of r2 */
        int right, wrong, absent;   /* of X-A: 1, 2, none */
    } rows[] = {
        {"",                                                "X-A: 1",   NETPOL_ALLOW, NETPOL_DENY,  NETPOL_DENY},
        {"{name: X-A, value: \"1\", mismatch: ADD}, ",      "X-A: 1",   NETPOL_ALLOW, NETPOL_DENY,
         NETPOL_ALLOW                                                                                          },
        {"{name: X-A, value: \"1\", mismatch: ADD}, ",      "X-A: 2,1", NETPOL_DENY,  NETPOL_ALLOW,
         NETPOL_DENY                                                                                           },
        {"{name: X-A, value: \"1\", mismatch: REPLACE}, ",  "X-A: 1",   NETPOL_ALLOW, NETPOL_ALLOW,
         NETPOL_ALLOW                                                                                          },
        {"{name: X-A, value: \"1\", mismatch: DELETE}, ",   "X-A",      NETPOL_ALLOW, NETPOL_DENY,
         NETPOL_DENY                                                                                           },
        {"{name: X-A, mismatch: DELETE}, ",                 "X-A",      NETPOL_ALLOW, NETPOL_ALLOW, NETPOL_DENY},
        {"{name: X-A, value: \"1\", mismatch: LOG}, ",      "X-A: 1",   NETPOL_ALLOW, NETPOL_DENY,
         NETPOL_DENY                                                                                           },
        {"{name: X-A, secret: {name: s}, mismatch: ADD}, ", "X-A",      NETPOL_ALLOW, NETPOL_ALLOW,
         NETPOL_DENY                                                                                           },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        char text[1024];
        snprintf(text, sizeof text,
                 CNP("p", IN(HTTP("{path: /a, headers: [\"%s\"]}, "
                                  "{path: /a, " MATCHES("%s{name: X-B, secret: {name: t}}") "}"))),
                 rows[i].second, rows[i].first);
        given(&w, text);
        CHECK(&w, in, 80, {WITH(H("x-a", "1")), rows[i].right},
              {WITH(H("x-a", "2")), rows[i].wrong}, {GET("/a"), rows[i].absent},
              {"", NETPOL_INSPECT}, {"\"payload\":\"opaque\"", NETPOL_DENY});
        /* where the path is another one, r1 does nothing (and r2 does not match) */
        CHECK(&w, in, 80, {REQUEST("GET", "/b", ""), NETPOL_DENY});
        world_close(&w);
    }
}

/* pkg/envoy/policy/envoy_l7_rules_translator.go, getHTTPRule: without an action X-B is one more of
 * the headers that have to hold before a rule does anything. */
static void a_rule_whose_headers_differ_does_nothing(void **state)
{
    static const char *const matches[] = {"{name: X-B}", "{name: X-B, value: \"1\"}",
                                          "{name: X-B, value: \"1\", secret: {name: s}}"};
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        struct world w;
        char text[1024];
        snprintf(text, sizeof text,
                 CNP("p", IN(HTTP("{path: /a, headers: [\"X-C: 1\", \"X-D\"]}, "
                                  "{path: /a, " MATCHES(
                                      "{name: X-C, value: \"1\", mismatch: ADD}, %s") "}"))),
                 matches[i]);
        given(&w, text);
        CHECK(&w, in, 80, {WITH(H("x-d", "1")), NETPOL_DENY}, {WITH(H("x-b", "1")), NETPOL_ALLOW},
              {WITH(H("x-c", "1") "," H("x-d", "1")), NETPOL_ALLOW});
        world_close(&w);
    }
}

/* The proxy tries rules with fewer conditions first: here the one that asks before the one that
 * adds, however they are written and named. */
static void order_of_effects(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          CNP("a", IN(HTTP("{path: /a, method: GET, " MATCHES("{name: X-A, value: \"1\", mismatch: "
                                                              "ADD}, {name: X-B}") "}")))
              CNP("b", IN(HTTP("{headers: [\"X-A: 1\"]}"))));
    CHECK(&w, in, 80, {GET("/a"), NETPOL_DENY}, {WITH(H("x-a", "1")), NETPOL_ALLOW});
    world_close(&w);
}

/* ---- alternatives ---- */

/* lowering 5, row 10; cilium.md 2.7 and the switch. */
static void beside_a_plain_allow(void **state)
{
    static const char both[] = CNP("l7", IN(HTTP("{path: /a}")))
        CNP("l4", IN("{ports: [{port: \"1\", endPort: 100, protocol: TCP}]}"));
    struct world w;
    (void)state;
    assert_int_equal(try_with(&w, both, NULL), NETPOL_OK);
    CHECK(&w, in, 80, {"", NETPOL_INSPECT}, {GET("/b"), NETPOL_ALLOW},
          {"\"payload\":\"opaque\"", NETPOL_DENY});
    CHECK(&w, in, 81, {"", NETPOL_ALLOW});
    world_close(&w);
    assert_int_equal(try_with(&w, both, "plain_allow=dropped"), NETPOL_OK);
    CHECK(&w, in, 80, {"", NETPOL_INSPECT}, {GET("/a"), NETPOL_ALLOW}, {GET("/b"), NETPOL_DENY});
    CHECK(&w, in, 81, {"", NETPOL_ALLOW});
    world_close(&w);
}

/* lowering 5, row 11: without default deny every request passes, but the proxy must read it. */
static void without_default_deny(void **state)
{
    static const char *const rules[] = {
        "{path: /a}", "{path: /a, " MATCHES("{name: X-A, value: \"1\", mismatch: ADD}") "}"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        char text[1024];
        snprintf(text, sizeof text,
                 CNP("p", "enableDefaultDeny: {ingress: false}, " IN(HTTP("%s"))), rules[i]);
        given(&w, text);
        CHECK(&w, in, 80, {GET("/b"), NETPOL_ALLOW}, {"\"payload\":\"opaque\"", NETPOL_DENY},
              {"", NETPOL_INSPECT});
        CHECK(&w, in, 81, {"", NETPOL_ALLOW});
        world_close(&w);
    }
}

/* ---- TLS ---- */

#define SNI(name) "\"payload\":\"tls\",\"sni\":\"" name "\""

/* serverNames without rules: the name of the handshake decides; no handshake, no name. */
static void server_names(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", OUT(ENTRY("443", "serverNames: [a.example, \"*.b.example\"]"))));
    CHECK(&w, out, 443, {SNI("A.example"), NETPOL_ALLOW}, {SNI("x.b.example"), NETPOL_ALLOW},
          {SNI("x.y.b.example"), NETPOL_DENY}, {SNI("c.example"), NETPOL_DENY},
          {GET("/a"), NETPOL_DENY}, {"\"sni\":\"?\"", NETPOL_INSPECT});
    world_close(&w);
}

/* lowering 5, row 13: the proxy does not tie the name of one rule to the requests of another. */
static void names_and_requests(void **state)
{
    static const char two[] = CNP(
        "a", OUT(ENTRY("443", "terminatingTLS: {secret: {name: s}}, serverNames: [a.example], "
                              "rules: {http: [{path: /x}]}")))
        CNP("b", OUT(ENTRY("443", "terminatingTLS: {secret: {name: s}}, serverNames: [b.example], "
                                  "rules: {http: [{path: /y}]}")));
    struct world w;
    (void)state;
    assert_int_equal(try_with(&w, two, NULL), NETPOL_OK);
    CHECK(&w, out, 443, {GET("/y") "," SNI("a.example"), NETPOL_ALLOW},
          {GET("/y") "," SNI("c.example"), NETPOL_DENY},
          {GET("/z") "," SNI("a.example"), NETPOL_DENY});
    world_close(&w);
    assert_int_equal(try_with(&w, two, "sni_http_join=same-rule"), NETPOL_OK);
    CHECK(&w, out, 443, {GET("/y") "," SNI("a.example"), NETPOL_DENY},
          {GET("/x") "," SNI("a.example"), NETPOL_ALLOW});
    world_close(&w);
}

/* ---- DNS ---- */

#define QUERY(name) "\"protocol\":\"UDP\",\"dns\":{\"query\":\"" name "\"}"

static void dns(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", OUT("{ports: [{port: \"53\", protocol: ANY}], rules: {dns: [{matchName: "
                           "A.example}, {matchPattern: \"*.b.example\"}]}}")));
    CHECK(&w, out, 53, {"\"protocol\":\"UDP\"", NETPOL_INSPECT}, {QUERY("a.example"), NETPOL_ALLOW},
          {QUERY("a.EXAMPLE."), NETPOL_ALLOW}, {QUERY("x.a.example"), NETPOL_DENY},
          {QUERY("x.b.example."), NETPOL_ALLOW}, {QUERY("b.example"), NETPOL_DENY},
          {QUERY("x.y.b.example"), NETPOL_DENY}, {GET("/a"), NETPOL_DENY});
    world_close(&w);
}

/* ---- Kafka and other parsers ---- */

#define REQ(key, version, client, topics)                                                 \
    "\"kafka\":{\"apiKey\":\"" key "\",\"apiVersion\":" version ",\"clientID\":\"" client \
    "\",\"topics\":[" topics "]}"

/* lowering 5, row 19: every topic must be allowed, each by some rule. */
static void kafka(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", IN(KAFKA("{role: PRODUCE, topic: t1}, {role: produce, topic: t2}, "
                                "{apiKey: fetch, apiVersion: \"3\", clientID: c}"))));
    CHECK(&w, in, 9092, {"", NETPOL_INSPECT}, {REQ("produce", "1", "x", "\"t1\""), NETPOL_ALLOW},
          {REQ("0", "1", "x", "\"t1\",\"t2\""), NETPOL_ALLOW},
          {REQ("produce", "1", "x", "\"t1\",\"t3\""), NETPOL_DENY},
          {REQ("Metadata", "1", "x", "\"t2\""), NETPOL_ALLOW}, /* producing needs it */
          {REQ("produce", "1", "x", ""), NETPOL_DENY},         /* a kind with topics, and none */
          {REQ("apiversions", "1", "x", ""), NETPOL_ALLOW},    /* a kind without: no topic asked */
          {REQ("heartbeat", "1", "x", ""), NETPOL_DENY},       /* is not of the role */
          {REQ("fetch", "3", "c", "\"t9\""), NETPOL_ALLOW},
          {REQ("fetch", "4", "c", "\"t9\""), NETPOL_DENY},
          {REQ("fetch", "3", "d", "\"t9\""), NETPOL_DENY}, {GET("/a"), NETPOL_DENY});
    world_close(&w);
}

/* Nobody here knows what such a parser says: never an allow. */
static void other_parsers(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          CNP("p", IN(ENTRY("11211", "rules: {l7proto: memcache, l7: [{command: get}]}")) ", " OUT(
                       ENTRY("8443", "listener: {envoyConfig: {name: c}, name: l}"))));
    CHECK(&w, in, 11211, {"", NETPOL_INSPECT}, {GET("/a"), NETPOL_INSPECT},
          {"\"payload\":\"opaque\"", NETPOL_DENY});
    CHECK(&w, out, 8443, {"", NETPOL_INSPECT}, {GET("/a"), NETPOL_INSPECT});
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_path_host),
        cmocka_unit_test(any_request),
        cmocka_unit_test(no_kind_of_rules),
        cmocka_unit_test(headers),
        cmocka_unit_test(many_headers),
        cmocka_unit_test(header_mismatches),
        cmocka_unit_test(effects_are_seen),
        cmocka_unit_test(a_rule_whose_headers_differ_does_nothing),
        cmocka_unit_test(order_of_effects),
        cmocka_unit_test(beside_a_plain_allow),
        cmocka_unit_test(without_default_deny),
        cmocka_unit_test(server_names),
        cmocka_unit_test(names_and_requests),
        cmocka_unit_test(dns),
        cmocka_unit_test(kafka),
        cmocka_unit_test(other_parsers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
