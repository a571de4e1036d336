/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults [SAMPLES [FOLDER PROFILE]]: loads, compiles, asks and explains the example cluster (or
 * that of a folder), once for every allocation of the process, which then fails (or for SAMPLES of
 * them, spread evenly); once more with every later one failing too. Each run must end with a
 * status, give everything back, and - when it says that all is well - give the same answers as the
 * run without a fault.
 */
#include "heap.h"
#include <netpol/netpol.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTER NETPOL_SOURCE_DIR "/examples/cluster"

enum { QUESTIONS = 6, ANSWERS = 1 << 17 };

static const char *folder = CLUSTER, *profile = "kubernetes";

static const char *const questions[QUESTIONS] = {
    "{\"src\":{\"pod\":\"shop/storefront\"},\"dst\":{\"pod\":\"shop/cart\"},\"port\":7070}",
    "{\"src\":{\"pod\":\"shop/storefront\"},\"dst\":{\"pod\":\"shop/payments\"},\"port\":8443}",
    "{\"src\":{\"pod\":\"shop/storefront\"},\"dst\":{\"service\":\"shop/cart\"},\"port\":7070}",
    "{\"src\":{\"ip\":\"192.0.2.200\"},\"dst\":{\"pod\":\"shop/storefront\"},\"port\":8080}",
    "{\"src\":{\"namespace\":\"shop\",\"labels\":{\"app\":\"cart\"}},\"dst\":{\"names\":[\"a.b\"]},"
    "\"protocol\":\"UDP\",\"port\":53}",
    "{\"src\":{\"ip\":\"203.0.113.9\"},\"dst\":{\"ip\":\"192.0.2.200\"},\"icmp\":{\"type\":8},"
    "\"claims\":{\"a\":[1,2]},\"http\":{\"headers\":[[\"a\",\"b\"]]}}",
};

/* No allocation of its own: where answers go. */
struct output {
    size_t len;
    char text[ANSWERS];
};
static struct output expected, actual;

static int write_output(void *user, const char *bytes, size_t size)
{
    struct output *out = user;
    if (size > sizeof out->text - out->len) {
        return 1;
    }
    memcpy(out->text + out->len, bytes, size);
    out->len += size;
    return 0;
}

struct run {
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_scratch *scratch;
    struct netpol_question *questions[QUESTIONS];
};

static int prepare(struct run *r)
{
    int status = netpol_ctx_create(NULL, &r->ctx);
    status = status ? status : netpol_diags_create(r->ctx, &r->diags);
    status = status ? status : netpol_store_create(r->ctx, &r->store);
    status = status ? status : netpol_store_load_path(r->store, folder, NULL, r->diags);
    for (size_t i = 0; status == NETPOL_OK && i < QUESTIONS; i++) {
        status = netpol_question_parse(r->ctx, questions[i], strlen(questions[i]), "q",
                                       (uint32_t)i + 1, r->diags, &r->questions[i]);
        status = status ? status : netpol_question_prepare(r->questions[i], r->store, r->diags);
    }
    struct netpol_compile_options options = {.size = sizeof options, .profile = profile};
    status = status ? status : netpol_compile(r->store, &options, r->diags, &r->matcher);
    status = status ? status : netpol_view_create(r->matcher, NULL, &r->view);
    return status ? status : netpol_scratch_create(r->matcher, &r->scratch);
}

static int ask(struct run *r, size_t i, struct output *out)
{
    struct netpol_answer *answer = NULL;
    static const int parts[QUESTIONS] = {
        NETPOL_ANSWER_EXPLAIN, NETPOL_ANSWER_EXPLAIN | NETPOL_ANSWER_STAGED, NETPOL_ANSWER_FLOW};
    int status = netpol_question_answer(r->questions[i], r->view, parts[i], r->diags, &answer);
    status = status ? status : netpol_answer_write(answer, i % 2 == 0, 0, write_output, out);
    if (status == NETPOL_OK && parts[i] & NETPOL_ANSWER_FLOW) {
        status = netpol_flow_write(netpol_answer_flow(answer, 0), NULL, write_output, out);
    }
    netpol_answer_destroy(answer);
    return status;
}

/* Evaluation cannot fail, whatever the heap does. */
static int evaluate(struct run *r)
{
    struct netpol_tuple tuple = {.family = 4, .protocol = 6, .dst_port = 80};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_verdict verdict;
    int status = netpol_eval(r->view, &tuple, &verdict);
    return status ? status : netpol_eval_request(r->view, &tuple, &request, r->scratch, &verdict);
}

static int run(struct output *out)
{
    struct run r = {0};
    out->len = 0;
    int status = prepare(&r);
    for (size_t i = 0; status == NETPOL_OK && i < QUESTIONS; i++) {
        status = ask(&r, i, out);
    }
    status = status ? status : evaluate(&r);
    for (size_t i = 0; i < QUESTIONS; i++) {
        netpol_question_destroy(r.questions[i]);
    }
    netpol_scratch_destroy(r.scratch);
    netpol_view_destroy(r.view);
    netpol_matcher_unref(r.matcher);
    netpol_diags_destroy(r.diags);
    netpol_store_destroy(r.store);
    netpol_ctx_destroy(r.ctx);
    return status;
}

static int is_documented(int status)
{
    return status == NETPOL_OK || status == NETPOL_ERR_MEMORY || status == NETPOL_ERR_IO;
}

/* 0: as it must be. */
static int check(size_t n, int sticky)
{
    long live = heap.live;
    heap.calls = 0;
    heap.sticky = sticky;
    heap.fail_at = n;
    int status = run(&actual);
    heap.fail_at = 0;
    int leaked = heap.live != live;
    int differs = status == NETPOL_OK && (actual.len != expected.len ||
                                          memcmp(actual.text, expected.text, actual.len) != 0);
    int ignored = sticky && status == NETPOL_OK;
    if (!is_documented(status) || leaked || differs || ignored) {
        printf("allocation %zu%s: %s%s%s\n", n, sticky ? " and all after it" : "",
               netpol_status_text(status), leaked ? ", leaked" : "",
               differs ? ", other answers" : "");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    folder = argc > 3 ? argv[2] : folder;
    profile = argc > 3 ? argv[3] : profile;
    if (run(&expected) != NETPOL_OK || run(&expected) != NETPOL_OK || expected.len == 0) {
        printf("the run without a fault failed\n");
        return 1;
    }
    heap.calls = 0;
    (void)run(&actual);
    size_t calls = heap.calls, runs = 0;
    size_t step = samples && samples < calls ? calls / samples : 1;
    int failures = 0;
    for (size_t n = 1; n <= calls && failures < 20; n += step) {
        failures += check(n, 0) + check(n, 1);
        runs += 2;
    }
    printf("%zu allocations, %zu runs with a fault, %d wrong\n", calls, runs, failures);
    return failures != 0;
}
