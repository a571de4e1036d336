/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_CILIUM_L7_H
#define NP_TESTS_DIALECT_CILIUM_L7_H
/* Two pods, policies of Cilium about web, and what job and web may ask of each other. */
#include "np_world.h"
#include <stdbool.h>

#define CNP(name, rule)                                     \
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n" \
    "metadata: {name: " name                                \
    ", namespace: a}\nspec: {endpointSelector: {matchLabels: {app: web}}, " rule "}\n---\n"
#define IN(entry)         "ingress: [{toPorts: [" entry "]}]"
#define OUT(entry)        "egress: [{toPorts: [" entry "]}]"
#define ENTRY(port, more) "{ports: [{port: \"" port "\", protocol: TCP}], " more "}"
#define PLAIN(port)       "{ports: [{port: \"" port "\", protocol: TCP}]}"
#define HTTP(rules)       ENTRY("80", "rules: {http: [" rules "]}")
#define KAFKA(rules)      ENTRY("9092", "rules: {kafka: [" rules "]}")
#define MATCHES(list)     "headerMatches: [" list "]"

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a, labels: {app: web}}\n"
    "spec: {nodeName: n1, containers: [{name: c}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: job, namespace: a, labels: {app: job}}\n"
    "spec: {nodeName: n1, containers: [{name: c}]}\nstatus: {podIP: 10.0.0.3}\n---\n";

static inline int try_with(struct world *w, const char *text, const char *setting)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    if (world_load(w, text) != NETPOL_OK) {
        fail_msg("%s: %s", netpol_diags_at(w->diags, 0)->path,
                 netpol_diags_at(w->diags, 0)->message);
    }
    return world_try_compile(w, "cilium", setting);
}

static inline void given(struct world *w, const char *text)
{
    int status = try_with(w, text, NULL);
    if (status != NETPOL_OK) {
        fail_msg("%s", netpol_diags_at(w->diags, netpol_diags_count(w->diags) - 1)->message);
    }
}

static const char in[] = "{\"src\":{\"pod\":\"a/job\"},\"dst\":{\"pod\":\"a/web\"},";
static const char out[] = "{\"src\":{\"pod\":\"a/web\"},\"dst\":{\"pod\":\"a/job\"},";

static inline int ask(struct world *w, const char *way, unsigned port, const char *rest)
{
    char question[512];
    snprintf(question, sizeof question, "%s\"port\":%u%s%s}", way, port, *rest ? "," : "", rest);
    return world_action(w, question);
}

/* `rest` in pieces: method, path, then anything more inside http. */
#define REQUEST(method, path, more) \
    "\"http\":{\"method\":\"" method "\",\"path\":\"" path "\"" more "}"
#define GET(path)      REQUEST("GET", path, "")
#define WITH(headers)  REQUEST("GET", "/a", ",\"headers\":[" headers "]")
#define H(name, value) "[\"" name "\",\"" value "\"]"

struct row {
    const char *request;
    int expected;
};

static inline void check(struct world *w, const char *way, unsigned port, const struct row *rows)
{
    for (; rows->request; rows++) {
        int action = ask(w, way, port, rows->request);
        if (action != rows->expected) {
            fail_msg("%s: %d, should be %d", rows->request, action, rows->expected);
        }
    }
}
/* clang-format off */
#define CHECK(w, way, port, ...) \
    check(w, way, port, (const struct row[]){__VA_ARGS__, {NULL, 0}})
/* clang-format on */
#endif
