/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cilium's policies from text to answers: parts, isolation, elements, ports, ICMP, authentication,
 * what could not be read. Sources: pkg/policy/repository.go, pkg/policy/utils/parserules.go,
 * pkg/policy/{rule,l4}.go, pkg/policy/api of cilium/cilium. Decode errors: cilium_inputs.txt.
 */
#include "np_world.h"
#include <stdbool.h>

#define KIND(kind, meta, fields) \
    "apiVersion: cilium.io/v2\nkind: " kind "\nmetadata: {" meta "}\n" fields "\n---\n"
#define CNP(name, rule) \
    KIND("CiliumNetworkPolicy", "name: " name ", namespace: a", "spec: {" rule "}")
#define CCNP(name, rule) KIND("CiliumClusterwideNetworkPolicy", "name: " name, "spec: {" rule "}")
#define WEB              "endpointSelector: {matchLabels: {app: web}}"
#define DB               "endpointSelector: {matchLabels: {app: db}}"
#define FROM(app)        "fromEndpoints: [{matchLabels: {app: " app "}}]"
#define PORTS(ports)     "toPorts: [{ports: [" ports "]}]"
#define TCP(port)        "{port: \"" port "\", protocol: TCP}"

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {zone: z1}}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a, labels: {app: web}}\n"
    "spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}, "
    "{name: dns, containerPort: 53, protocol: UDP}]}]}\nstatus: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: \"fd00::1\"}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: a, labels: {app: db}}\n"
    "spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}\n"
    "status: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: job, namespace: a, labels: {app: job}}\n"
    "spec: {nodeName: n1, containers: [{name: c}]}\nstatus: {podIP: 10.0.0.3}\n---\n";

static void given_with(struct world *w, const char *text, const char *setting, uint32_t flags)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    int status = world_load_flags(w, text, flags);
    if (status != NETPOL_OK && !flags) {
        fail_msg("%s: %s", netpol_diags_at(w->diags, 0)->path,
                 netpol_diags_at(w->diags, 0)->message);
    }
    assert_int_equal(world_try_compile(w, "cilium", setting), NETPOL_OK);
}

static void given(struct world *w, const char *text)
{
    given_with(w, text, NULL, 0);
}

/* From pod to pod; rest: the other members of the question. */
static int action(struct world *w, const char *from, const char *to, const char *rest)
{
    char question[512];
    snprintf(question, sizeof question,
             "{\"src\":{\"pod\":\"a/%s\"},\"dst\":{\"pod\":\"a/%s\"},%s}", from, to, rest);
    return world_action(w, question);
}

static int tcp(struct world *w, const char *from, const char *to, unsigned port)
{
    char rest[32];
    snprintf(rest, sizeof rest, "\"port\":%u", port);
    return action(w, from, to, rest);
}

#define assert_tcp(w, from, to, port, expected) assert_int_equal(tcp(w, from, to, port), expected)
#define assert_icmp(w, from, to, protocol, type, code, expected)                     \
    assert_int_equal(action(w, from, to,                                             \
                            "\"protocol\":\"" protocol "\",\"icmp\":{\"type\":" type \
                            ",\"code\":" code "}"),                                  \
                     expected)
#define assert_other(w, from, to, rest, expected) \
    assert_int_equal(action(w, from, to, rest), expected)

/* ---- isolation (repository.go computePolicyEnforcementAndRules) ---- */

static void isolates_where_it_has_elements(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("in", WEB ", ingress: [{}]") CNP("deny", DB ", egressDeny: [{}]"));
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY); /* {} allows nothing */
    assert_tcp(&w, "web", "job", 80, NETPOL_ALLOW);
    assert_tcp(&w, "db", "job", 80, NETPOL_DENY); /* an element that denies isolates as well */
    assert_tcp(&w, "job", "db", 80, NETPOL_ALLOW);
    world_close(&w);
}

static void without_default_deny(void **state)
{
    static const char open[] =
        CNP("open", WEB ", enableDefaultDeny: {ingress: false}, ingress: [{" FROM(
                        "db") "}], ingressDeny: [{" FROM("job") "}]");
    struct world w;
    (void)state;
    given(&w, open);
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY);
    assert_int_equal(world_action(&w, "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/web\"},"
                                      "\"port\":80}"),
                     NETPOL_ALLOW); /* nothing isolates: the end allows */
    assert_int_equal(world_try_compile(&w, "cilium", "non_default_deny=off"), NETPOL_OK);
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_int_equal(world_action(&w, "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/web\"},"
                                      "\"port\":80}"),
                     NETPOL_DENY); /* the flag is taken as true */
    world_close(&w);
}

/* The flag alone: nothing (pkg/policy/repository.go, computePolicyEnforcementAndRules). */
static void default_deny_alone(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", WEB ", enableDefaultDeny: {egress: true}, ingress: [{" FROM("db") "}]"));
    assert_tcp(&w, "web", "db", 80, NETPOL_ALLOW);
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_int_equal(world_try_compile(&w, "cilium", "default_deny_alone=isolates"), NETPOL_OK);
    assert_tcp(&w, "web", "db", 80, NETPOL_DENY);
    assert_int_equal(world_try_compile(&w, "cilium", "non_default_deny=off"), NETPOL_OK);
    assert_tcp(&w, "web", "db", 80, NETPOL_ALLOW); /* flags are not heard */
    world_close(&w);
}

/* One rule that isolates is enough; what the other allows still counts. */
static void one_that_isolates_is_enough(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("open", WEB ", enableDefaultDeny: {ingress: false}, ingress: [{" FROM("db") "}]")
                  CNP("closed", WEB ", ingress: [{" FROM("web") "}]"));
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY);
    world_close(&w);
}

/* enableDefaultDeny false: what a rule does not list of requests passes, too (lowering 4.3). */
static void requests_without_default_deny(void **state)
{
    static const char rest[] =
        "\"port\":80,\"http\":{\"method\":\"POST\",\"path\":\"/b\",\"host\":\"h\"}";
    struct world w;
    (void)state;
    given(&w,
          CNP("open",
              WEB ", enableDefaultDeny: {ingress: false}, ingress: [{" FROM(
                  "db") ", toPorts: [{ports: [" TCP("80") "], rules: {http: [{path: /a}]}}]}]"));
    assert_other(&w, "db", "web", rest, NETPOL_ALLOW);
    assert_tcp(&w, "db", "web", 80, NETPOL_INSPECT); /* it goes through the proxy all the same */
    assert_int_equal(world_try_compile(&w, "cilium", "non_default_deny=off"), NETPOL_OK);
    assert_other(&w, "db", "web", rest, NETPOL_DENY);
    world_close(&w);
}

/* ---- parts (cnp_types.go Parse) ---- */

static void parts(void **state)
{
    struct world w;
    struct sink_text text;
    (void)state;
    given(&w,
          KIND("CiliumNetworkPolicy", "name: p, namespace: a",
               "spec: {" WEB ", ingress: [{" FROM("db") "}]}\n"
                                                        "specs:\n- {" WEB ", ingress: [{" FROM(
                                                            "job") "}]}\n"
                                                                   "- {" DB ", ingress: [{}]}"));
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 80, NETPOL_ALLOW);
    assert_tcp(&w, "web", "db", 80, NETPOL_DENY);
    world_ask(&w, "{\"src\":{\"pod\":\"a/job\"},\"dst\":{\"pod\":\"a/web\"},\"port\":1}", 1, 0,
              &text);
    assert_has(text.text, "\"rule\":\"specs[0].ingress[0]\"");
    world_ask(&w, "{\"src\":{\"pod\":\"a/web\"},\"dst\":{\"pod\":\"a/db\"},\"port\":1}", 1, 0,
              &text);
    assert_has(text.text, "\"rule\":\"specs[1]\""); /* the part that isolates */
    world_close(&w);
}

/* A rule for each entry of toPorts, named as it is written. */
static void names_of_rules(void **state)
{
    struct world w;
    struct sink_text text;
    (void)state;
    given(&w,
          CNP("p", WEB ", ingress: [{}, {" FROM("db") ", toPorts: [{ports: [" TCP(
                       "80") "]}, {ports: [" TCP("81") "]}]}], ingressDeny: [{" FROM("job") "}]"));
    static const char *const expected[] = {"spec.ingress[1].toPorts[0]",
                                           "spec.ingress[1].toPorts[1]", "spec.ingressDeny[0]"};
    static const char *const questions[] = {
        "{\"src\":{\"pod\":\"a/db\"},\"dst\":{\"pod\":\"a/web\"},\"port\":80}",
        "{\"src\":{\"pod\":\"a/db\"},\"dst\":{\"pod\":\"a/web\"},\"port\":81}",
        "{\"src\":{\"pod\":\"a/job\"},\"dst\":{\"pod\":\"a/web\"},\"port\":80}"};
    for (size_t i = 0; i < 3; i++) {
        world_ask(&w, questions[i], 1, 0, &text);
        assert_has(text.text, expected[i]);
    }
    world_close(&w);
}

/* ---- elements (parserules.go) ---- */

static void absent_and_empty_peers(void **state)
{
    struct world w;
    (void)state;
    given(
        &w,
        CNP("p", WEB
            ", ingress: [{" PORTS(TCP("1")) "}, {" PORTS(TCP("2")) "}, {fromEndpoints: [], " PORTS(
                TCP("3")) "}, {fromCIDR: [], " PORTS(TCP("4")) "}, {fromEntities: []}]"));
    assert_tcp(&w, "db", "web", 1, NETPOL_ALLOW);
    assert_tcp(&w, "db", "web", 2, NETPOL_ALLOW);
    assert_tcp(&w, "db", "web", 3, NETPOL_DENY);
    assert_tcp(&w, "db", "web", 4, NETPOL_DENY);
    assert_tcp(&w, "db", "web", 5, NETPOL_DENY);
    world_close(&w);
}

/* toPorts: [] is absent; an entry without ports is about nothing; {} denies nothing. */
static void absent_and_empty_ports(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", WEB ", ingress: [{" FROM("db") ", toPorts: []}, {" FROM(
                           "job") ", toPorts: [{ports: []}]}]")
                  CNP("q", DB ", enableDefaultDeny: {ingress: false}, "
                              "ingressDeny: [{}]"));
    assert_tcp(&w, "db", "web", 1, NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 1, NETPOL_DENY);
    assert_tcp(&w, "web", "db", 1, NETPOL_ALLOW);
    world_close(&w);
}

/* A deny of an address goes before an allow of address and port (entry.go, lowering row 9). */
static void deny_goes_first(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          CNP("allow", WEB ", ingress: [{" FROM("db") ", " PORTS(TCP("80")) "}, {" FROM("job") "}]")
              CNP("deny", WEB
                  ", ingressDeny: [{" FROM("db") "}, {" FROM("job") ", " PORTS(TCP("80")) "}]"));
    assert_tcp(&w, "db", "web", 80, NETPOL_DENY);
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY);
    assert_tcp(&w, "job", "web", 81, NETPOL_ALLOW);
    world_close(&w);
}

/* ---- ports (rule_validation.go PortProtocol.sanitize, l4.go) ---- */

static void ports(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p",
                  WEB ", ingress: [{" PORTS(TCP(
                      "80") ", {port: \"100\", endPort: 199, protocol: TCP}, {port: \"300\", "
                            "endPort: 0, protocol: TCP}, {port: \"53\"}, "
                            "{port: \"017\", protocol: UDP}, {port: \"0\", protocol: SCTP}") "}]"));
    static const struct {
        const char *protocol;
        unsigned port;
        int expected;
    } rows[] = {
        {"TCP",  80,    NETPOL_ALLOW},
        {"UDP",  80,    NETPOL_DENY },
        {"TCP",  99,    NETPOL_DENY },
        {"TCP",  100,   NETPOL_ALLOW},
        {"TCP",  199,   NETPOL_ALLOW},
        {"TCP",  200,   NETPOL_DENY },
        {"TCP",  300,   NETPOL_ALLOW},
        {"TCP",  301,   NETPOL_DENY },
        {"TCP",  53,    NETPOL_ALLOW}, /* ANY: all three */
        {"UDP",  53,    NETPOL_ALLOW},
        {"SCTP", 53,    NETPOL_ALLOW},
        {"UDP",  15,    NETPOL_ALLOW}, /* octal */
        {"UDP",  17,    NETPOL_DENY },
        {"SCTP", 1,     NETPOL_ALLOW},
        {"SCTP", 65535, NETPOL_ALLOW},
        {"UDP",  65535, NETPOL_DENY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char rest[64];
        snprintf(rest, sizeof rest, "\"protocol\":\"%s\",\"port\":%u", rows[i].protocol,
                 rows[i].port);
        assert_other(&w, "db", "web", rest, rows[i].expected);
    }
    world_close(&w);
}

/* A fragment that nobody tracks has no port: rules for every port alone are about it. */
static void no_port(void **state)
{
    struct world w;
    (void)state;
    given(
        &w,
        CNP("p", WEB
            ", ingress: [{" FROM("db") ", " PORTS("{port: \"1\", endPort: 65535, protocol: TCP}") "}, {" FROM(
                "job") ", " PORTS("{port: \"0\", protocol: TCP}") "}]")
            CNP("q", DB
                ", ingress: [{" FROM("web") "}, {" FROM("job") ", " PORTS("{port: \"0\"}") "}]"));
    assert_other(&w, "db", "web", "\"protocol\":\"TCP\",\"fragment\":true", NETPOL_DENY);
    assert_other(&w, "job", "web", "\"protocol\":\"TCP\",\"fragment\":true", NETPOL_ALLOW);
    assert_other(&w, "job", "web", "\"protocol\":\"UDP\",\"fragment\":true", NETPOL_DENY);
    assert_other(&w, "job", "web", "\"protocol\":47", NETPOL_DENY);
    assert_other(&w, "web", "db", "\"protocol\":47", NETPOL_ALLOW); /* no ports at all */
    /* ANY of every port stands for TCP, UDP and SCTP (pkg/policy/rule.go, mergeL4Filter) */
    assert_other(&w, "job", "db", "\"protocol\":47", NETPOL_DENY);
    assert_other(&w, "job", "db", "\"protocol\":\"SCTP\",\"port\":9", NETPOL_ALLOW);
    world_close(&w);
}

/* Every port beside another one: both are in. */
static void every_port_beside_a_port(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          CNP("p", WEB ", ingress: [{" FROM("db") ", " PORTS(TCP("80") ", {port: \"0\"}") "}]"));
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_tcp(&w, "db", "web", 81, NETPOL_ALLOW);
    assert_other(&w, "db", "web", "\"protocol\":47", NETPOL_DENY);
    assert_other(&w, "db", "web", "\"protocol\":\"TCP\",\"fragment\":true", NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY);
    world_close(&w);
}

static void named_ports(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("in", "endpointSelector: {}, ingress: [{" FROM("job") ", " PORTS(
                            "{port: HTTP, protocol: TCP}, {port: dns}") "}]")
                  CNP("out", DB
                      ", egress: [{toEndpoints: [{}], " PORTS("{port: http, protocol: UDP}") "}]"));
    assert_tcp(&w, "job", "web", 8080, NETPOL_ALLOW); /* of the destination, in lower case */
    assert_tcp(&w, "job", "web", 80, NETPOL_DENY);
    assert_tcp(&w, "job", "db", 80, NETPOL_ALLOW);
    assert_other(&w, "job", "web", "\"protocol\":\"UDP\",\"port\":53", NETPOL_ALLOW);
    assert_tcp(&w, "job", "web", 53, NETPOL_DENY);
    assert_tcp(&w, "db", "web", 8080, NETPOL_DENY); /* http is no UDP port */
    world_close(&w);
}

static void extended_protocols(void **state)
{
    static const char text[] = CNP(
        "p", WEB ", ingress: [{" FROM("db") ", " PORTS("{protocol: GRE}, {port: \"0\", protocol: "
                                                       "AH}, {protocol: UDP}") "}]");
    struct world w;
    (void)state;
    given_with(&w, text, "extended_protocols=on", 0);
    assert_other(&w, "db", "web", "\"protocol\":47", NETPOL_ALLOW);
    assert_other(&w, "db", "web", "\"protocol\":51", NETPOL_ALLOW);
    assert_other(&w, "db", "web", "\"protocol\":50", NETPOL_DENY);
    assert_other(&w, "db", "web", "\"protocol\":\"UDP\",\"port\":9", NETPOL_ALLOW);
    netpol_diags_clear(w.diags);
    assert_int_equal(world_try_compile(&w, "cilium", NULL), NETPOL_ERR_INPUT);
    const struct netpol_diag *diag = world_diag(&w, "NP2519");
    assert_non_null(diag);
    assert_string_equal(diag->path, "spec.ingress[0].toPorts[0].ports[0]");
    assert_has(diag->message, "GRE");
    assert_has(diag->hint, "extended_protocols=on");
    assert_int_equal(netpol_diags_count(w.diags), 3);
    world_close(&w);
}

/* ---- ICMP (icmp.go): a type with any code; the port of ICMP is the type ---- */

static void icmp(void **state)
{
    struct world w;
    (void)state;
    given_with(&w,
               CNP("p", WEB ", ingress: [{" FROM(
                            "db") ", icmps: [{fields: [{type: 8}]}, {fields: [{family: "
                                  "IPv6, type: EchoRequest}]}]}, {" FROM("job") ", " PORTS(
                                      "{port: \"3\", protocol: ICMP}, {port: \"300\", protocol: "
                                      "ICMPv6}, {port: \"8\"}") "}]")
                   CNP("q", DB ", ingress: [{icmps: [{fields: [{type: EchoReply}]}]}, {" FROM(
                                "job") ", " PORTS("{port: \"0\", protocol: ICMP}") "}]"),
               "icmp_frag_needed=judge", 0);
    assert_icmp(&w, "db", "web", "ICMP", "8", "0", NETPOL_ALLOW);
    assert_icmp(&w, "db", "web", "ICMP", "8", "255", NETPOL_ALLOW);
    assert_icmp(&w, "db", "web", "ICMP", "7", "255", NETPOL_DENY);
    assert_icmp(&w, "db", "web", "ICMP", "9", "0", NETPOL_DENY);
    assert_tcp(&w, "db", "web", 8, NETPOL_DENY);
    assert_icmp(&w, "job", "web", "ICMP", "3", "4", NETPOL_ALLOW);
    assert_icmp(&w, "job", "web", "ICMP", "8", "0", NETPOL_DENY); /* ANY is no ICMP */
    assert_icmp(&w, "web", "db", "ICMP", "0", "1", NETPOL_ALLOW);
    assert_icmp(&w, "web", "db", "ICMP", "1", "0", NETPOL_ALLOW); /* type 0 is every type */
    assert_tcp(&w, "web", "db", 80, NETPOL_DENY);
    assert_icmp(&w, "job", "db", "ICMP", "13", "0", NETPOL_ALLOW); /* port 0: every type */
    world_close(&w);
}

/* Every name that Cilium has stands for its number. */
static void icmp_names(void **state)
{
    static const struct {
        int protocol;
        const char *name;
        int number;
    } types[] = {
#define NP_ICMP_TYPE(protocol, name, number) {protocol, name, number},
#include "dialect/cilium/icmp_types.def"
#undef NP_ICMP_TYPE
    };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct world w;
        char text[512], rest[128];
        bool v6 = types[i].protocol == 58;
        snprintf(
            text, sizeof text,
            CCNP("p",
                 "endpointSelector: {}, ingress: [{icmps: [{fields: [{family: %s, type: %s}]}]}]"),
            v6 ? "IPv6" : "IPv4", types[i].name);
        given_with(&w, text, "icmp_frag_needed=judge", 0);
        for (int off = 0; off < 2; off++) {
            snprintf(rest, sizeof rest,
                     "{\"src\":{\"ip\":\"%s\"},\"dst\":{\"pod\":\"a/web\"},\"protocol\":%d,"
                     "\"icmp\":{\"type\":%d,\"code\":0}}",
                     v6 ? "2001:db8::9" : "8.8.8.8", types[i].protocol, types[i].number + off);
            int expected = off && types[i].number ? NETPOL_DENY : NETPOL_ALLOW;
            if (world_action(&w, rest) != expected) {
                fail_msg("%s of protocol %d", types[i].name, types[i].protocol);
            }
        }
        world_close(&w);
    }
}

/* ---- authentication (lowering 4.3, 5 row 18) ---- */

static int authenticated(struct world *w, const char *from, unsigned port, const char *said)
{
    char rest[64];
    snprintf(rest, sizeof rest, "\"port\":%u%s%s", port, *said ? ",\"authenticated\":" : "", said);
    return action(w, from, "web", rest);
}

static void authentication(void **state)
{
    struct world w;
    (void)state;
    given(
        &w,
        CNP("p", WEB
            ", ingress: [{" FROM("db") ", authentication: {mode: required}}, {" FROM("db") ", " PORTS(TCP("80")) "}, {" FROM("db") ", " PORTS(
                TCP("81")) ", authentication: {mode: disabled}}, {" FROM("db") ", " PORTS(TCP("82")) ", authentication: {mode: test-always-fail}}, {" FROM("job") "}]"));
    assert_int_equal(authenticated(&w, "db", 80, ""),
                     NETPOL_INSPECT); /* as the broader rule says */
    assert_int_equal(authenticated(&w, "db", 80, "true"), NETPOL_ALLOW);
    assert_int_equal(authenticated(&w, "db", 80, "false"), NETPOL_DENY);
    assert_int_equal(authenticated(&w, "db", 81, "false"),
                     NETPOL_ALLOW); /* says itself: disabled */
    assert_int_equal(authenticated(&w, "db", 82, "true"), NETPOL_DENY);
    assert_int_equal(authenticated(&w, "job", 80, "false"), NETPOL_ALLOW);
    world_close(&w);
}

/* One entry with every port and one port: how specific each is counts by itself. */
static void authentication_by_port(void **state)
{
    struct world w;
    (void)state;
    given(
        &w,
        CNP("p", WEB
            ", ingress: [{" FROM("db") ", " PORTS(TCP("80") ", {port: \"0\"}") "}, {" FROM("db") ", " PORTS(
                "{port: \"64\", endPort: 127, protocol: TCP}") ", authentication: {mode: required}}]"));
    assert_int_equal(authenticated(&w, "db", 80, "false"), NETPOL_DENY); /* inherits of the range */
    assert_int_equal(authenticated(&w, "db", 90, "false"), NETPOL_DENY);
    assert_int_equal(authenticated(&w, "db", 200, "false"), NETPOL_ALLOW);
    world_close(&w);
}

/* ---- the own node and requests (l4.go createL4IngressFilter, hostWildcardL7) ---- */

static void own_node_and_requests(void **state)
{
    static const char question[] =
        "{\"src\":{\"ip\":\"192.168.0.1\"},\"dst\":{\"pod\":\"a/web\"},\"port\":%u,"
        "\"http\":{\"method\":\"GET\",\"path\":\"/b\",\"host\":\"h\"}}";
    struct world w;
    char text[256];
    (void)state;
    given(&w, CNP("p", WEB ", ingress: [{toPorts: [{ports: [" TCP(
                           "80") "], rules: {http: [{path: /a}]}}]}, "
                                 "{fromEntities: [host], toPorts: [{ports: [" TCP(
                                     "81") "], rules: {http: [{path: /a}]}}]}, "
                                           "{" FROM("db") ", toPorts: [{ports: [" TCP(
                                               "82") "], rules: {http: [{path: /a}]}}]}]"));
    for (unsigned port = 80; port < 83; port++) {
        snprintf(text, sizeof text, question, port);
        assert_int_equal(world_action(&w, text), NETPOL_ALLOW); /* 82: by allow_localhost itself */
    }
    assert_other(&w, "db", "web",
                 "\"port\":80,\"http\":{\"method\":\"GET\",\"path\":\"/b\",\"host\":\"h\"}",
                 NETPOL_DENY);
    assert_int_equal(world_try_compile(&w, "cilium", "allow_localhost=off"), NETPOL_OK);
    for (unsigned port = 80; port < 83; port++) {
        snprintf(text, sizeof text, question, port);
        assert_int_equal(world_action(&w, text), NETPOL_DENY);
    }
    world_close(&w);
}

/* ---- asking for names (FQDNPolicyDNSServerConfig, newer than v1.20.1) ---- */

static void names_may_be_asked_for(void **state)
{
    static const char dns[] =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: dns, namespace: kube-system, labels: {k8s-app: "
        "kube-dns}}\nspec: {nodeName: n1, containers: [{name: c}]}\nstatus: {podIP: 10.0.0.9}\n---\n";
    static const char query[] =
        "{\"src\":{\"pod\":\"a/web\"},\"dst\":{\"pod\":\"%s\"},\"protocol\":\"%s\",\"port\":53,"
        "\"dns\":{\"query\":\"%s\"}}";
    static const struct {
        const char *to, *protocol, *name;
        int expected;
    } rows[] = {
        {"kube-system/dns", "UDP", "a.example.com", NETPOL_ALLOW},
        {"kube-system/dns", "TCP", "www.b.com",     NETPOL_ALLOW},
        {"kube-system/dns", "UDP", "b.com",         NETPOL_DENY },
        {"a/db",            "UDP", "a.example.com", NETPOL_DENY },
    };
    struct world w;
    char text[256];
    (void)state;
    given_with(
        &w,
        CNP("p",
            WEB ", egress: [{toFQDNs: [{matchName: a.example.com}, {matchPattern: \"*.b.com\"}]}]"),
        "fqdn_dns_rule=on", 0);
    assert_int_equal(world_load(&w, dns), NETPOL_OK);
    for (int off = 0; off < 2; off++) {
        const char *setting = off ? "fqdn_dns_rule=off" : "fqdn_dns_rule=on";
        assert_int_equal(world_try_compile(&w, "cilium", setting), NETPOL_OK);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            snprintf(text, sizeof text, query, rows[i].to, rows[i].protocol, rows[i].name);
            assert_int_equal(world_action(&w, text), off ? NETPOL_DENY : rows[i].expected);
        }
    }
    world_close(&w);
}

/* ---- what could not be read ---- */

static void unreadable(void **state)
{
    struct world w;
    (void)state;
    given_with(&w, CNP("p", WEB ", ingress: [{toPorts: [{ports: [{port: \"x y\"}]}]}]"), NULL,
               NETPOL_LOAD_ADMITTED);
    assert_non_null(world_diag(&w, "NP2020"));
    assert_tcp(&w, "db", "web", 80, NETPOL_UNKNOWN);
    assert_tcp(&w, "web", "db", 80, NETPOL_UNKNOWN); /* either direction */
    assert_tcp(&w, "job", "db", 80, NETPOL_ALLOW);   /* its subjects were read */
    assert_int_equal(world_try_compile(&w, "cilium", "unreadable=close"), NETPOL_OK);
    assert_tcp(&w, "db", "web", 80, NETPOL_DENY);
    world_close(&w);
}

/* What is usual among Kubernetes' policies, the other direction, and lost indentation. */
static void hints_name_the_field(void **state)
{
    static const struct {
        const char *spec, *hint;
    } cases[] = {
        {"podSelector: {}, ingress: [{}]",                                    "mean endpointSelector?"    },
        {WEB ", ingress: [{from: [{}]}]",                                     "mean fromEndpoints?"       },
        {WEB ", egress: [{to: [{}]}]",                                        "mean toEndpoints?"         },
        {WEB ", ingress: [{ports: []}]",                                      "mean toPorts?"             },
        {WEB ", egress: [{fromCIDRSet: []}]",                                 "mean toCIDRSet?"           },
        {WEB ", ingress: [{toEntities: []}]",                                 "mean fromEntities?"        },
        {WEB ", ingress: [{fromEndpoints: [{matchLabels: , app: a, b: c}]}]",
         "belongs to matchLabels."                                                                        },
        {WEB ", ingress: [{foo: []}]",                                        "Correct the name or remove"},
    };
    struct world w;
    (void)state;
    world_open(&w);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, CNP("p", "%s"), cases[i].spec);
        netpol_diags_clear(w.diags);
        assert_int_equal(world_load(&w, text), NETPOL_ERR_INPUT);
        const struct netpol_diag *diag = world_diag(&w, "NP2007");
        assert_non_null(diag);
        assert_has(diag->hint, cases[i].hint);
    }
    world_close(&w);
}

static void unreadable_subjects(void **state)
{
    static const char *const texts[] = {
        CNP("p", "endpointSelector: {matchLabels: {app: [x]}}, ingress: [{}]"),
        CNP("p", "nodeSelector: {}, ingress: [{}]"),
        CNP("p", WEB ", nodeSelector: {}, ingress: [{}]"),
        KIND("CiliumNetworkPolicy", "name: p, namespace: a",
             "spec: {" WEB ", ingress: [{}]}\nspecs: {}"),
        KIND("CiliumNetworkPolicy", "name: p, namespace: a",
             "specs: [{" WEB ", ingress: [{}]}, null]"),
        KIND("CiliumNetworkPolicy", "name: p, namespace: a", "spec: 7"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct world w;
        given_with(&w, texts[i], NULL, NETPOL_LOAD_ADMITTED);
        assert_tcp(&w, "job", "db", 80, NETPOL_UNKNOWN); /* everything of the namespace */
        world_close(&w);
    }
}

/* All parts of a policy are unreadable together, each about its subjects. */
static void unreadable_parts(void **state)
{
    struct world w;
    (void)state;
    given_with(&w,
               KIND("CiliumNetworkPolicy", "name: p, namespace: a",
                    "specs:\n- {" WEB ", ingress: [{}]}\n- {" DB ", ingress: [{}], foo: 1}"),
               NULL, NETPOL_LOAD_ADMITTED);
    assert_tcp(&w, "job", "web", 80, NETPOL_UNKNOWN);
    assert_tcp(&w, "job", "db", 80, NETPOL_UNKNOWN);
    assert_int_equal(world_action(&w, "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/job\"},"
                                      "\"port\":80}"),
                     NETPOL_ALLOW);
    world_close(&w);
}

/* ---- another engine ---- */

static void no_say_under_another_engine(void **state)
{
    struct world w;
    (void)state;
    given(&w, CNP("p", WEB ", ingress: [{}]"));
    assert_int_equal(world_try_compile(&w, "kubernetes", NULL), NETPOL_OK);
    assert_non_null(world_diag(&w, "NP3106"));
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    world_close(&w);
}

/* Rules with nodeSelector are nobody's business without the host firewall. */
static void nodes_without_host_firewall(void **state)
{
    struct world w;
    (void)state;
    given(&w, CCNP("p", "nodeSelector: {}, ingress: [{}], egress: [{}]"));
    assert_string_equal(world_diag(&w, "NP2590")->message,
                        "1 policy about nodes decides nothing with host_firewall=off");
    assert_tcp(&w, "db", "web", 80, NETPOL_ALLOW);
    assert_int_equal(world_action(&w,
                                  "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"ip\":\"192.168.0.1\"},"
                                  "\"port\":80}"),
                     NETPOL_ALLOW);
    netpol_diags_clear(w.diags);
    assert_int_equal(world_try_compile(&w, "cilium", "host_firewall=on"), NETPOL_OK);
    assert_null(world_diag(&w, "NP2590"));
    assert_int_equal(world_action(&w,
                                  "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"ip\":\"192.168.0.1\"},"
                                  "\"port\":80}"),
                     NETPOL_DENY);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isolates_where_it_has_elements),
        cmocka_unit_test(without_default_deny),
        cmocka_unit_test(default_deny_alone),
        cmocka_unit_test(one_that_isolates_is_enough),
        cmocka_unit_test(requests_without_default_deny),
        cmocka_unit_test(parts),
        cmocka_unit_test(names_of_rules),
        cmocka_unit_test(absent_and_empty_peers),
        cmocka_unit_test(absent_and_empty_ports),
        cmocka_unit_test(deny_goes_first),
        cmocka_unit_test(ports),
        cmocka_unit_test(no_port),
        cmocka_unit_test(every_port_beside_a_port),
        cmocka_unit_test(named_ports),
        cmocka_unit_test(extended_protocols),
        cmocka_unit_test(icmp),
        cmocka_unit_test(icmp_names),
        cmocka_unit_test(authentication),
        cmocka_unit_test(authentication_by_port),
        cmocka_unit_test(own_node_and_requests),
        cmocka_unit_test(names_may_be_asked_for),
        cmocka_unit_test(hints_name_the_field),
        cmocka_unit_test(unreadable),
        cmocka_unit_test(unreadable_subjects),
        cmocka_unit_test(unreadable_parts),
        cmocka_unit_test(no_say_under_another_engine),
        cmocka_unit_test(nodes_without_host_firewall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
