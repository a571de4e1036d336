/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a question: parsed, prepared, answered and explained over a small cluster. What is
 * answered must be one JSON object, the same twice, and the explained verdict must be the verdict.
 */
#include <jansson.h>
#include <netpol/netpol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                       \
    do {                                                       \
        if (!(condition)) {                                    \
            fprintf(stderr, "%d: %s\n", __LINE__, #condition); \
            abort();                                           \
        }                                                      \
    } while (0)

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns, labels: {app: a}}\n"
    "spec: {containers: [{name: c, image: i, ports: [{name: http, containerPort: 80}]}]}\n"
    "status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n---\n"
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b, namespace: ns}\n"
    "spec:\n  replicas: 2\n  selector: {matchLabels: {app: b}}\n  template:\n"
    "    metadata: {labels: {app: b}}\n    spec: {containers: [{name: c, image: i}]}\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: ns}\n"
    "spec: {clusterIP: 10.96.0.1, selector: {app: a}, ports: [{port: 80, targetPort: http}]}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: p, namespace: ns}\nspec:\n  podSelector: {}\n  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: a}}}, {ipBlock: {cidr: 192.0.2.0/24}}]\n"
    "    ports: [{port: http}, {port: 53, protocol: UDP}]\n";

struct text {
    char *bytes;
    size_t len;
};

static int add(void *user, const char *bytes, size_t size)
{
    struct text *text = user;
    text->bytes = realloc(text->bytes, text->len + size + 1);
    CHECK(text->bytes);
    memcpy(text->bytes + text->len, bytes, size);
    text->bytes[text->len += size] = '\0';
    return 0;
}

static void check_json(const struct netpol_answer *answer)
{
    struct text one = {0}, two = {0}, words = {0};
    CHECK(netpol_answer_write(answer, 1, 0, add, &one) == NETPOL_OK);
    CHECK(netpol_answer_write(answer, 1, 0, add, &two) == NETPOL_OK);
    CHECK(netpol_answer_write(answer, 0, 1, add, &words) == NETPOL_OK);
    CHECK(one.len == two.len && memcmp(one.bytes, two.bytes, one.len) == 0);
    CHECK(!memchr(one.bytes, '\n', one.len));
    json_t *root = json_loadb(one.bytes, one.len, JSON_REJECT_DUPLICATES, NULL);
    CHECK(json_is_object(root));
    CHECK(json_is_string(json_object_get(root, "verdict")));
    json_decref(root);
    free(one.bytes);
    free(two.bytes);
    free(words.bytes);
}

static void answer(struct netpol_question *question, struct netpol_view *view)
{
    struct netpol_answer *plain = NULL, *explained = NULL;
    struct netpol_answer_info a, b;
    int status = netpol_question_answer(question, view, 0, NULL, &plain);
    CHECK(netpol_question_answer(question, view, 1, NULL, &explained) == status);
    if (status == NETPOL_OK) {
        netpol_answer_get(plain, &a);
        netpol_answer_get(explained, &b);
        CHECK(a.action == b.action && a.missing == b.missing && a.paths == b.paths);
        check_json(explained);
    }
    netpol_answer_destroy(plain);
    netpol_answer_destroy(explained);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct netpol_ctx *ctx = NULL;
    struct netpol_store *store = NULL;
    struct netpol_question *question = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    struct netpol_ctx_options fixed = {.size = sizeof fixed, .hash_seed = 1};
    CHECK(netpol_ctx_create(&fixed, &ctx) == NETPOL_OK);
    int status =
        netpol_question_parse(ctx, (const char *)data, size, "question", 1, NULL, &question);
    CHECK(status == NETPOL_OK || status == NETPOL_ERR_INPUT);
    if (status == NETPOL_OK) {
        CHECK(netpol_store_create(ctx, &store) == NETPOL_OK);
        CHECK(netpol_store_load_buffer(store, cluster, sizeof cluster - 1, "c", NULL, NULL) ==
              NETPOL_OK);
        status = netpol_question_prepare(question, store, NULL);
        CHECK(status == NETPOL_OK || status == NETPOL_ERR_INPUT);
        CHECK(netpol_compile(store, &options, NULL, &matcher) == NETPOL_OK);
        CHECK(netpol_view_create(matcher, NULL, &view) == NETPOL_OK);
        answer(question, view);
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(matcher);
    netpol_question_destroy(question);
    netpol_store_destroy(store);
    netpol_ctx_destroy(ctx);
    return 0;
}
