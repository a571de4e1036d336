/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_WORLD_H
#define NP_TESTS_WORLD_H
/* A store with manifests, compiled, to be asked in JSON: what tests above the model start from. */
#include "np_cmocka.h"
#include <netpol/netpol.h>

struct world {
    struct counting memory;
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
};

static inline void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->ctx = counting_ctx(&w->memory, NULL);
    assert_non_null(w->ctx);
    assert_int_equal(netpol_store_create(w->ctx, &w->store), NETPOL_OK);
    assert_int_equal(netpol_diags_create(w->ctx, &w->diags), NETPOL_OK);
}

static inline void world_forget(struct world *w)
{
    netpol_view_destroy(w->view);
    netpol_matcher_unref(w->matcher);
    w->view = NULL;
    w->matcher = NULL;
}

/* Everything must have been given back, with the sizes that were asked. */
static inline void world_close(struct world *w)
{
    world_forget(w);
    netpol_diags_destroy(w->diags);
    netpol_store_destroy(w->store);
    netpol_ctx_destroy(w->ctx);
    assert_int_equal(w->memory.blocks, 0);
    assert_int_equal(w->memory.bad_size, 0);
}

static inline int world_load_flags(struct world *w, const char *text, uint32_t flags)
{
    struct netpol_load_options options = {.size = sizeof options, .flags = flags};
    return netpol_store_load_buffer(w->store, text, strlen(text), "test.yaml", &options, w->diags);
}

static inline int world_load(struct world *w, const char *text)
{
    return world_load_flags(w, text, 0);
}

static inline int world_try_compile(struct world *w, const char *profile, const char *setting)
{
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = profile,
                                             .settings = &setting,
                                             .n_settings = setting ? 1 : 0};
    world_forget(w);
    int status = netpol_compile(w->store, &options, w->diags, &w->matcher);
    return status == NETPOL_OK ? netpol_view_create(w->matcher, NULL, &w->view) : status;
}

static inline void world_compile(struct world *w)
{
    assert_int_equal(world_try_compile(w, "kubernetes", NULL), NETPOL_OK);
}

/* Is there a diagnostic of this code ("NP3001")? Its message, or NULL. */
static inline const struct netpol_diag *world_diag(const struct world *w, const char *code)
{
    for (size_t i = 0; i < netpol_diags_count(w->diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(w->diags, i);
        if (strcmp(diag->code, code) == 0) {
            return diag;
        }
    }
    return NULL;
}

struct sink_text {
    size_t len;
    char text[16384];
};

static inline int sink_add(void *user, const char *bytes, size_t size)
{
    struct sink_text *sink = user;
    if (size >= sizeof sink->text - sink->len) {
        return 1;
    }
    memcpy(sink->text + sink->len, bytes, size);
    sink->text[sink->len += size] = '\0';
    return 0;
}

static inline int world_parse(struct world *w, const char *json, struct netpol_question **out)
{
    return netpol_question_parse(w->ctx, json, strlen(json), "question", 1, w->diags, out);
}

/* The answer of a question that must have one. */
static inline struct netpol_answer *world_answer(struct world *w, const char *json, int explain)
{
    struct netpol_question *question = NULL;
    struct netpol_answer *answer = NULL;
    assert_int_equal(world_parse(w, json, &question), NETPOL_OK);
    assert_int_equal(netpol_question_answer(question, w->view, explain, w->diags, &answer),
                     NETPOL_OK);
    netpol_question_destroy(question);
    return answer;
}

/* Its JSON line (json 1) or text. */
static inline void world_ask(struct world *w, const char *json, int as_json, int explain,
                             struct sink_text *out)
{
    struct netpol_answer *answer = world_answer(w, json, explain);
    out->len = 0;
    assert_int_equal(netpol_answer_write(answer, as_json, 0, sink_add, out), NETPOL_OK);
    netpol_answer_destroy(answer);
}

static inline int world_action(struct world *w, const char *json)
{
    struct netpol_answer *answer = world_answer(w, json, 0);
    struct netpol_answer_info info;
    netpol_answer_get(answer, &info);
    netpol_answer_destroy(answer);
    return info.action;
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}
#endif
