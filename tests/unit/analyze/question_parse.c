/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: every member is read, and everything that is not one is refused where it stands. */
#include "np_world.h"
#include "analyze/question.h"

static struct netpol_question *parse(struct world *w, const char *json)
{
    struct netpol_question *q = NULL;
    int status = world_parse(w, json, &q);
    if (status != NETPOL_OK) {
        const struct netpol_diag *diag = netpol_diags_at(w->diags, 0);
        fail_msg("%s: %s", json, diag ? diag->message : netpol_status_text(status));
    }
    return q;
}

static bool text_is(struct netpol_string text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
}

/* The whole example of the question format. */
static void every_member_is_read(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    struct netpol_question *q = parse(
        &w,
        "{\"src\":{\"pod\":\"production/frontend\",\"names\":[\"f.example\"]},"
        "\"dst\":{\"pod\":\"production/backend-api\"},\"protocol\":\"TCP\",\"port\":8080,"
        "\"srcPort\":40000,\"sni\":\"a.example\","
        "\"principal\":\"spiffe://cluster.local/ns/x/sa/y\",\"remoteIp\":\"1.2.3.4\","
        "\"original\":{\"ip\":\"192.168.0.1\",\"port\":30080},"
        "\"claims\":{\"iss\":\"me\",\"groups\":[\"a\",\"b\"],\"realm\":{\"role\":3}},"
        "\"http\":{\"method\":\"GET\",\"path\":\"/api\",\"host\":\"h\","
        "\"headers\":[[\"x-a\",\"1\"],[\"x-a\",\"2\"]]},\"token\":\"invalid\","
        "\"authenticated\":false,\"decisions\":{\"provider\":\"allow\"},\"payload\":\"opaque\","
        "\"fragment\":false,\"at\":{\"plane\":\"mesh\",\"side\":\"ingress\",\"hook\":\"preDNAT\","
        "\"mode\":\"ztunnel\"},\"expect\":\"allow\",\"why\":\"because\",\"name\":\"n\"}");
    const struct netpol_request *r = &q->request;
    assert_int_equal(r->original_family, 4);
    assert_int_equal(r->original[3], 1);
    assert_int_equal(r->original_port, 30080);
    assert_string_equal(q->src.namespace_name, "production");
    assert_string_equal(q->dst.name, "backend-api");
    assert_int_equal(q->protocol, 6);
    assert_int_equal(q->port, 8080);
    assert_int_equal(q->src_port, 40000);
    assert_int_equal(r->src_names_given, 1);
    assert_int_equal(r->dst_names_given, 0);
    assert_true(text_is(r->src_names[0], "f.example"));
    assert_int_equal(r->sni.presence, NETPOL_PRESENT);
    assert_true(text_is(r->sni.value, "a.example"));
    assert_int_equal(r->principals_presence, NETPOL_PRESENT);
    assert_int_equal(r->n_principals, 1);
    assert_int_equal(r->remote_family, 4);
    assert_int_equal(r->remote[3], 4);
    assert_int_equal(r->n_claims, 4);
    assert_true(text_is(r->claims[0].name, "iss") && text_is(r->claims[0].value, "me"));
    assert_true(text_is(r->claims[2].name, "groups") && text_is(r->claims[2].value, "b"));
    assert_true(text_is(r->claims[3].name, "realm.role") && text_is(r->claims[3].value, "3"));
    assert_int_equal(r->kind, NETPOL_REQUEST_HTTP);
    assert_true(text_is(r->path, "/api"));
    assert_int_equal(r->n_headers, 2);
    assert_true(text_is(r->headers[1].value, "2"));
    assert_int_equal(r->token, NETPOL_TOKEN_INVALID);
    assert_int_equal(r->authenticated, NETPOL_TRI_NO);
    assert_true(text_is(r->decisions[0].name, "provider"));
    assert_int_equal(r->payload, NETPOL_PAYLOAD_OPAQUE);
    assert_int_equal(q->point.plane, NETPOL_PLANE_MESH);
    assert_int_equal(q->point.side, NETPOL_SIDE_INGRESS);
    assert_int_equal(q->point.hook, NETPOL_HOOK_PRE_DNAT);
    assert_int_equal(q->point.mode, NETPOL_MESH_ZTUNNEL);
    assert_int_equal(netpol_question_expects(q), NETPOL_ALLOW);
    netpol_question_destroy(q);
    world_close(&w);
}

/* No principal means plaintext, no sni or claims absent; "?" is not the same. */
static void absent_and_not_asked_differ(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    struct netpol_question *q =
        parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"::1\"}}");
    assert_int_equal(q->request.principals_presence, NETPOL_ABSENT);
    assert_int_equal(q->request.sni.presence, NETPOL_ABSENT);
    assert_int_equal(q->request.claims_presence, NETPOL_ABSENT);
    assert_int_equal(q->request.kind, NETPOL_REQUEST_NONE);
    assert_int_equal(q->request.token, NETPOL_TOKEN_ABSENT);
    assert_int_equal(q->request.authenticated, NETPOL_TRI_NOT_SAID);
    assert_int_equal(netpol_question_expects(q), -1);
    netpol_question_destroy(q);
    q = parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"},\"sni\":\"?\","
                  "\"claims\":\"?\",\"principal\":\"?\"}");
    assert_int_equal(q->request.principals_presence, NETPOL_NOT_ASKED);
    assert_int_equal(q->request.sni.presence, NETPOL_NOT_ASKED);
    assert_int_equal(q->request.claims_presence, NETPOL_NOT_ASKED);
    netpol_question_destroy(q);
    q = parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"},"
                  "\"principal\":[\"a\",\"b\"]}");
    assert_int_equal(q->request.n_principals, 2);
    netpol_question_destroy(q);
    q = parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"},"
                  "\"principal\":\"auto\"}");
    assert_true(q->principal_auto);
    netpol_question_destroy(q);
    world_close(&w);
}

static void protocols_have_names_and_numbers(void **state)
{
    static const struct {
        const char *text;
        int number;
    } protocols[] = {
        {"\"TCP\"",    6  },
        {"\"UDP\"",    17 },
        {"\"SCTP\"",   132},
        {"\"ICMP\"",   1  },
        {"\"ICMPv6\"", 58 },
        {"47",         47 },
        {"0",          0  },
        {"255",        255}
    };
    struct world w;
    (void)state;
    world_open(&w);
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        char json[160];
        snprintf(json, sizeof json,
                 "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"},\"protocol\":%s}",
                 protocols[i].text);
        struct netpol_question *q = parse(&w, json);
        assert_int_equal(q->protocol, protocols[i].number);
        netpol_question_destroy(q);
    }
    world_close(&w);
}

static void dns_kafka_icmp_and_labels_are_read(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    struct netpol_question *q =
        parse(&w, "{\"src\":{\"namespace\":\"x\",\"labels\":{\"b\":\"2\",\"a\":\"1\"}},"
                  "\"dst\":{\"names\":[\"a.example\"]},\"dns\":{\"query\":\"q.example\"}}");
    assert_int_equal(q->src.kind, NP_END_LABELS);
    assert_string_equal(q->src.text, "x{a=1,b=2}");
    assert_int_equal(q->dst.kind, NP_END_NAMES);
    assert_int_equal(q->request.kind, NETPOL_REQUEST_DNS);
    assert_true(text_is(q->request.dns_query, "q.example"));
    netpol_question_destroy(q);
    q = parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"service\":\"a/b\"},\"port\":1,"
                  "\"kafka\":{\"apiKey\":\"produce\",\"apiVersion\":3,\"clientID\":\"c\","
                  "\"topics\":[\"t\",\"u\"]}}");
    assert_int_equal(q->request.kind, NETPOL_REQUEST_KAFKA);
    assert_int_equal(q->request.kafka_api_version, 3);
    assert_int_equal(q->request.n_kafka_topics, 2);
    netpol_question_destroy(q);
    q = parse(&w, "{\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"},"
                  "\"icmp\":{\"type\":8}}");
    assert_int_equal(q->icmp_type, 8);
    assert_int_equal(q->icmp_code, 0);
    netpol_question_destroy(q);
    world_close(&w);
}

#define ENDS "\"src\":{\"ip\":\"1.1.1.1\"},\"dst\":{\"ip\":\"1.1.1.2\"}"

/* What stands after the two ends (which take 46 bytes), the code and the column of the complaint.
 */
static void what_is_wrong_is_told_where_it_stands(void **state)
{
    static const struct {
        const char *json, *code;
        unsigned column;
        const char *words; /* in message or hint */
    } bad[] = {
        {"{" ENDS ",\"prot\":1}",                                                    "NP5002", 48, "no member 'prot'"               },
        {"{" ENDS ",\"prtocol\":1}",                                                 "NP5002", 48, "Did you mean 'protocol'?"       },
        {"{" ENDS ",\"http\":{\"methd\":\"GET\"}}",                                  "NP5002", 56, "Did you mean 'method'?"         },
        {"{" ENDS ",\"at\":{\"plne\":\"mesh\"}}",                                    "NP5002", 54, "Did you mean 'plane'?"          },
        {"{" ENDS ",\"port\":0}",                                                    "NP5004", 55, "from 1 to 65535"                },
        {"{" ENDS ",\"port\":65536}",                                                "NP5004", 55, "from 1 to 65535"                },
        {"{" ENDS ",\"port\":\"80\"}",                                               "NP5004", 55, "whole number"                   },
        {"{" ENDS ",\"port\":80.5}",                                                 "NP5004", 55, "whole number"                   },
        {"{" ENDS ",\"port\":99999999999999999999}",                                 "NP5004", 55, "whole number"                   },
        {"{" ENDS ",\"protocol\":\"tcp\"}",                                          "NP5004", 59, "TCP"                            },
        {"{" ENDS ",\"protocol\":256}",                                              "NP5004", 59, "from 0 to 255"                  },
        {"{" ENDS ",\"expect\":\"permit\"}",                                         "NP5004", 57, "allow, inspect, unknown or deny"},
        {"{" ENDS ",\"token\":true}",                                                "NP5004", 56, "absent, valid or invalid"       },
        {"{" ENDS ",\"payload\":\"ssl\"}",                                           "NP5004", 58, "plain, tls, hbone or opaque"    },
        {"{" ENDS ",\"authenticated\":\"no\"}",                                      "NP5004", 64, "true or false"                  },
        {"{" ENDS ",\"fragment\":1}",                                                "NP5004", 59, "true or false"                  },
        {"{" ENDS ",\"claims\":[1]}",                                                "NP5004", 57, "object of claims"               },
        {"{" ENDS ",\"claims\":{\"a\":null}}",                                       "NP5004", 62, "not null"                       },
        {"{" ENDS ",\"remoteIp\":\"1.2.3\"}",                                        "NP5004", 59, "no address"                     },
        {"{" ENDS ",\"original\":{\"ip\":\"1.2.3.4\"}}",                             "NP5003", 59, "an ip and a port"               },
        {"{" ENDS ",\"original\":{\"port\":0}}",                                     "NP5004", 67, "65535"                          },
        {"{" ENDS ",\"decisions\":{\"p\":\"maybe\"}}",                               "NP5004", 65, "allow or deny"                  },
        {"{" ENDS ",\"http\":{\"headers\":[[\"a\"]]}}",                              "NP5004", 67, "pair"                           },
        {"{" ENDS ",\"principal\":[1]}",                                             "NP5004", 61, "string"                         },
        {"{" ENDS ",\"http\":{},\"dns\":{\"query\":\"a\"}}",                         "NP5011", 64, "only one of"                    },
        {"{" ENDS ",\"port\":80,\"icmp\":{\"type\":8}}",                             "NP5011", 65, "no ports"                       },
        {"{" ENDS ",\"protocol\":6,\"icmp\":{\"type\":8}}",                          "NP5011", 68, "ICMP"                           },
        {"{" ENDS ",\"protocol\":47,\"port\":1}",                                    "NP5011", 69, "no ports"                       },
        {"{" ENDS ",\"icmp\":{\"code\":8}}",                                         "NP5003", 55, "type"                           },
        {"{\"src\":{\"ip\":\"1.1.1.1\"}}",                                           "NP5003", 1,  "src and dst"                    },
        {"{\"src\":{\"pod\":\"x\"},\"dst\":{\"pod\":\"a/b\"}}",                      "NP5004", 15, "namespace/name"                 },
        {"{\"src\":{\"pod\":\"a/b/c\"},\"dst\":{\"pod\":\"a/b\"}}",                  "NP5004", 15, "namespace/name"                 },
        {"{\"src\":{\"pod\":\"a/b\",\"ip\":\"1.1.1.1\"},\"dst\":{\"pod\":\"a/b\"}}", "NP5005", 26,
         "two ways"                                                                                                                 },
        {"{\"src\":{},\"dst\":{\"pod\":\"a/b\"}}",                                   "NP5005", 8,  "nothing tells"                  },
        {"{\"src\":{\"names\":[]},\"dst\":{\"pod\":\"a/b\"}}",                       "NP5005", 8,  "nothing tells"                  },
        {"{\"src\":{\"labels\":{}},\"dst\":{\"pod\":\"a/b\"}}",                      "NP5005", 8,  "namespace"                      },
        {"{\"src\":{\"pod\":\"a/b\"},\"dst\":{\"service\":\"a/b\"}}",                "NP5003", 28, "port"                           },
        {"[1]",                                                                      "NP5001", 1,  "one JSON object"                },
        {"{" ENDS "} {}",                                                            "NP5001", 0,  "several"                        },
        {"",                                                                         "NP5001", 0,  "no question"                    },
        {"{" ENDS ",}",                                                              "NP1201", 48, ""                               },
        {"{\"src\":1,\"src\":2}",                                                    "NP1104", 10, ""                               },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct world w;
        struct netpol_question *q = NULL;
        char all[2048];
        world_open(&w);
        int status = netpol_question_parse(w.ctx, bad[i].json, strlen(bad[i].json), "q.jsonl", 7,
                                           w.diags, &q);
        const struct netpol_diag *diag = netpol_diags_at(w.diags, 0);
        if (status != NETPOL_ERR_INPUT || !diag || strcmp(diag->code, bad[i].code) != 0 ||
            (bad[i].column && diag->column != bad[i].column)) {
            fail_msg("%s: %s, %s at column %u: %s", bad[i].json, netpol_status_text(status),
                     diag ? diag->code : "nothing", diag ? diag->column : 0,
                     diag ? diag->message : "");
        }
        assert_null(q);
        assert_int_equal(diag->line, 7);
        assert_string_equal(diag->source, "q.jsonl");
        snprintf(all, sizeof all, "%s %s", diag->message, diag->hint);
        assert_has(all, bad[i].words);
        if (diag->column) {
            assert_string_equal(diag->excerpt, bad[i].json); /* line 7 is this text */
        }
        world_close(&w);
    }
}

static void memory_may_end_while_parsing(void **state)
{
    static const char json[] =
        "{" ENDS ",\"claims\":{\"a\":{\"b\":[1,2]}},\"http\":{\"headers\":[[\"a\",\"b\"]]}}";
    struct world w;
    size_t n;
    (void)state;
    world_open(&w);
    size_t blocks = w.memory.blocks;
    for (n = 1; n < 1000; n++) {
        struct netpol_question *q = NULL;
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = world_parse(&w, json, &q);
        w.memory.fail_at = 0;
        netpol_question_destroy(q);
        assert_int_equal(w.memory.blocks, blocks);
        if (status == NETPOL_OK) {
            break;
        }
        assert_int_equal(status, NETPOL_ERR_MEMORY);
    }
    assert_in_range(n, 4, 999);
    world_close(&w);
}

/* Every example of docs/questions.md is a question, and every member there is has its words. */
static void the_documentation_is_true(void **state)
{
    static const char *const members[] = {
        "pod",    "service", "ip",       "namespace", "labels",        "names",      "protocol",
        "port",   "srcPort", "icmp",     "fragment",  "principal",     "sni",        "remoteIp",
        "claims", "token",   "payload",  "decisions", "authenticated", "http",       "dns",
        "kafka",  "at",      "expect",   "why",       "name",          "method",     "path",
        "host",   "headers", "original", "query",     "apiKey",        "apiVersion", "clientID",
        "topics", "plane",   "side",     "hook",      "mode",          "verdict",    "reason",
        "policy", "rule",    "position", "parts",     "paths",         "note",       "missing",
        "ok"};
    static char text[65536];
    struct world w;
    size_t examples = 0;
    (void)state;
    FILE *in = fopen(NETPOL_SOURCE_DIR "/docs/questions.md", "rb");
    assert_non_null(in);
    size_t size = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[size] = '\0';
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char plain[32], quoted[32];
        snprintf(plain, sizeof plain, "`%s`", members[i]);
        snprintf(quoted, sizeof quoted, "\"%s\"", members[i]);
        if (!strstr(text, plain) && !strstr(text, quoted)) {
            fail_msg("docs/questions.md does not know %s", members[i]);
        }
    }
    world_open(&w);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "{\"src\"", 6) == 0) {
            netpol_question_destroy(parse(&w, line));
            examples++;
        }
    }
    assert_int_equal(examples, 12);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(absent_and_not_asked_differ),
        cmocka_unit_test(protocols_have_names_and_numbers),
        cmocka_unit_test(dns_kafka_icmp_and_labels_are_read),
        cmocka_unit_test(what_is_wrong_is_told_where_it_stands),
        cmocka_unit_test(memory_may_end_while_parsing),
        cmocka_unit_test(the_documentation_is_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
