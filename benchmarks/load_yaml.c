/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of reading YAML against libyaml alone, on the same bytes, in the same run: a stream of
 * pods and policies as kubectl prints them. The promise for a whole load is 0.3 of bare libyaml.
 */
#include "source/node.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

enum { PODS = 10000, POLICIES = 2000, RUNS = 3 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_pod(struct np_text *text, int i)
{
    int set = i % 200;
    np_text_addf(text,
                 "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: app-%d-%d\n"
                 "  namespace: team-%d\n  labels:\n    app: app-%d\n    tier: %s\n"
                 "    version: \"%d\"\n    pod-template-hash: %08x\n",
                 set, i, set % 40, set, set % 3 ? "backend" : "frontend", set % 5,
                 (unsigned)(i / 5) * 2654435761u);
    if (i % 10 == 0) {
        np_text_addf(text, "    statefulset.kubernetes.io/pod-name: app-%d-%d\n", set, i);
    }
    np_text_addf(text,
                 "spec:\n  serviceAccountName: default\n  nodeName: node-%d\n  containers:\n"
                 "  - name: main\n    image: registry.example/app-%d:1.%d\n    ports:\n"
                 "    - name: http\n      containerPort: 8080\n      protocol: TCP\n"
                 "    - containerPort: 9090\nstatus:\n  phase: Running\n  podIP: 10.%d.%d.%d\n"
                 "  hostIP: 192.168.0.%d\n  podIPs:\n  - ip: 10.%d.%d.%d\n",
                 i % 250, set, set % 7, i >> 16, i >> 8 & 255, i & 255, i % 250, i >> 16,
                 i >> 8 & 255, i & 255);
}

static void add_policy(struct np_text *text, int i)
{
    np_text_addf(text,
                 "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n"
                 "  name: policy-%d\n  namespace: team-%d\nspec:\n  podSelector:\n"
                 "    matchLabels:\n      app: app-%d\n  policyTypes:\n  - Ingress\n  - Egress\n"
                 "  ingress:\n  - from:\n    - podSelector:\n        matchExpressions:\n"
                 "        - {key: tier, operator: In, values: [frontend, backend]}\n"
                 "    - namespaceSelector:\n        matchLabels:\n          team: team-%d\n"
                 "    ports:\n    - port: http\n    - protocol: UDP\n      port: %d\n"
                 "      endPort: %d\n  egress:\n  - to:\n    - ipBlock:\n"
                 "        cidr: 10.%d.0.0/16\n        except:\n        - 10.%d.4.0/24\n",
                 i, i % 40, i % 200, (i + 7) % 40, 1000 + i % 5000, 2000 + i % 5000 + 5000, i % 256,
                 i % 256);
}

static double time_libyaml(const struct np_text *text, size_t *events)
{
    double start = now();
    yaml_parser_t parser;
    yaml_event_t event;
    bool done = false;
    *events = 0;
    if (!yaml_parser_initialize(&parser)) {
        exit(1);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->ptr, text->len);
    while (!done) {
        if (!yaml_parser_parse(&parser, &event)) {
            exit(1);
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        ++*events;
    }
    yaml_parser_delete(&parser);
    return now() - start;
}

static int count_document(void *user, const struct np_document *document)
{
    *(size_t *)user += document->root->kind == NP_MAP;
    return NETPOL_OK;
}

static double time_ours(struct netpol_ctx *ctx, const struct np_text *text, size_t *documents)
{
    double start = now();
    *documents = 0;
    if (np_source_read(ctx, text->ptr, text->len, "cluster", NP_FORMAT_AUTO, NULL, count_document,
                       documents) != NETPOL_OK) {
        exit(1);
    }
    return now() - start;
}

int main(void)
{
    struct netpol_ctx *ctx;
    struct np_text text;
    double bare = 1e9, ours = 1e9;
    size_t events = 0, documents = 0;
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    np_text_init(&text, ctx);
    for (int i = 0; i < PODS; i++) {
        add_pod(&text, i);
    }
    for (int i = 0; i < POLICIES; i++) {
        add_policy(&text, i);
    }
    if (text.failed) {
        return 1;
    }
    for (int run = 0; run < RUNS; run++) {
        double t = time_libyaml(&text, &events);
        bare = t < bare ? t : bare;
        t = time_ours(ctx, &text, &documents);
        ours = t < ours ? t : ours;
    }
    double megabytes = (double)text.len / 1e6;
    printf("%.1f MB, %zu documents, %zu events\n", megabytes, documents, events);
    printf("libyaml alone   %7.1f MB/s  %6.0f ns/event\n", megabytes / bare,
           bare * 1e9 / (double)events);
    printf("np_source_read  %7.1f MB/s  %6.0f ns/event  (%.2f of libyaml's speed)\n",
           megabytes / ours, ours * 1e9 / (double)events, bare / ours);
    np_text_free(&text);
    netpol_ctx_destroy(ctx);
    return documents == PODS + POLICIES ? 0 : 1;
}
