/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"
#include "heap.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int write_output(void *user, const char *bytes, size_t size)
{
    struct output *out = user;
    if (size > sizeof out->text - out->len) {
        return 1;
    }
    memcpy(out->text + out->len, bytes, size);
    out->len += size;
    return 0;
}

int say(struct output *out, const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return size < 0 || size >= (int)sizeof line || write_output(out, line, (size_t)size);
}

/* What a call that failed was to make is not there (as base.h says): callers free what is. */
static int made(int status, const void *thing)
{
    if ((status == NETPOL_OK) != (thing != NULL)) {
        fprintf(stderr, "%s, and its result is %s\n", netpol_status_text(status),
                thing ? "there" : "not there");
        abort();
    }
    return status;
}

/* The next call, if all went well so far. */
#define MAKE(thing, call)                  \
    do {                                   \
        status = status ? status : (call); \
        status = made(status, (s->thing)); \
    } while (0)

int scene_prepare(struct scene *s)
{
    const struct netpol_ctx_options options = {.size = sizeof options,
                                               .allocator = heap_allocator()};
    const struct netpol_compile_options compile = {.size = sizeof compile, .profile = s->profile};
    int status = NETPOL_OK;
    MAKE(ctx, netpol_ctx_create(&options, &s->ctx));
    MAKE(diags, netpol_diags_create(s->ctx, &s->diags));
    MAKE(store, netpol_store_create(s->ctx, &s->store));
    status = status ? status : netpol_store_load_path(s->store, s->folder, NULL, s->diags);
    for (size_t i = 0; status == NETPOL_OK && i < QUESTIONS; i++) {
        MAKE(questions[i], netpol_question_parse(s->ctx, questions[i], strlen(questions[i]), "q",
                                                 (uint32_t)i + 1, s->diags, &s->questions[i]));
        status = status ? status : netpol_question_prepare(s->questions[i], s->store, s->diags);
    }
    MAKE(matcher, netpol_compile(s->store, &compile, s->diags, &s->matcher));
    MAKE(view, netpol_view_create(s->matcher, NULL, &s->view));
    MAKE(scratch, netpol_scratch_create(s->matcher, &s->scratch));
    return status;
}

static int ask(struct scene *s, size_t i, struct output *out)
{
    struct netpol_answer *answer = NULL;
    static const int parts[QUESTIONS] = {
        NETPOL_ANSWER_EXPLAIN, NETPOL_ANSWER_EXPLAIN | NETPOL_ANSWER_STAGED, NETPOL_ANSWER_FLOW};
    int status = netpol_question_answer(s->questions[i], s->view, parts[i], s->diags, &answer);
    status = status ? status : netpol_answer_write(answer, i % 2 == 0, 0, write_output, out);
    if (status == NETPOL_OK && parts[i] & NETPOL_ANSWER_FLOW) {
        status = netpol_flow_write(netpol_answer_flow(answer, 0), NULL, write_output, out);
    }
    netpol_answer_destroy(answer);
    return status;
}

/* Evaluation cannot fail, whatever the heap does. */
static int evaluate(struct scene *s)
{
    struct netpol_tuple tuple = {.family = 4, .protocol = 6, .dst_port = 80};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_verdict verdict;
    int status = netpol_eval(s->view, &tuple, &verdict);
    return status ? status : netpol_eval_request(s->view, &tuple, &request, s->scratch, &verdict);
}

int scene_ask(struct scene *s, struct output *out)
{
    int status = NETPOL_OK;
    for (size_t i = 0; status == NETPOL_OK && i < QUESTIONS; i++) {
        status = ask(s, i, out);
    }
    return status ? status : evaluate(s);
}

void scene_release(struct scene *s)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        netpol_question_destroy(s->questions[i]);
    }
    netpol_scratch_destroy(s->scratch);
    netpol_view_destroy(s->view);
    netpol_matcher_unref(s->matcher);
    netpol_diags_destroy(s->diags);
    netpol_store_destroy(s->store);
    netpol_ctx_destroy(s->ctx);
}
