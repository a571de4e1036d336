/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a selector of Calico's language. One that is taken must print a text that is taken,
 * prints itself again and judges a few objects alike, as the tree and as the model's selector; one
 * that is refused must be refused at a place inside.
 */
#include "dialect/calico/selector.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

enum { OBJECTS = 6, LABELS = 4, ROUNDS_OF_A_BUILD = 1000 };

/* Objects that differ in which labels they have, of keys and values that a fuzzer finds early. */
static const char *const labels[OBJECTS][LABELS][2] = {
    {{NULL, NULL}},
    {                       {"a", ""},              {"in", "in"}},
    {                         {"a", "b"},      {"has", "all()"}},
    {            {"a", "abc"},            {"b", "\""}, {"c", "'"}},
    { {"not", "b"},            {"b", "bb"}, {"0", "a"}, {"a", "a' && b"}},
    {           {"contains", "contains"}, {"a", "c"}, {"pcns.a", "b"}},
};

struct stage {
    struct netpol_ctx *ctx;
    struct np_build *build; /* made anew now and then: it keeps all that was lowered */
    unsigned rounds;
    struct np_namespace space;
    struct np_labels account;
    struct np_endpoint objects[OBJECTS];
};

static struct np_labels labels_of(struct np_build *b, const char *const rows[LABELS][2])
{
    struct np_label items[LABELS];
    uint32_t count = 0;
    while (count < LABELS && rows[count][0]) {
        items[count].key = np_build_text(b, rows[count][0]);
        items[count].value = np_build_text(b, rows[count][1]);
        count++;
    }
    return np_build_labels(b, items, count);
}

static void set(struct stage *s)
{
    np_build_destroy(s->build);
    s->build = np_build_create(s->ctx);
    demand(s->build != NULL);
    s->rounds = 0;
    s->space.name = np_build_text(s->build, "b");
    s->space.labels = labels_of(s->build, labels[2]);
    s->account = labels_of(s->build, labels[3]);
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct np_endpoint *e = &s->objects[i];
        *e = (struct np_endpoint){.kind = i % 2 ? NP_OBJ_WORKLOAD : NP_OBJ_HOST_ENDPOINT};
        e->labels = labels_of(s->build, labels[i]);
        if (i % 2) {
            e->space = &s->space;
            e->namespace_name = s->space.name;
            e->service_account = np_build_text(s->build, "a");
            e->account_labels = &s->account;
        }
    }
}

static const struct np_calico_selector *parse(struct np_arena *arena, struct np_slice text)
{
    const struct np_calico_selector *s = NULL;
    struct np_calico_selector_error error = {SIZE_MAX, NULL};
    int status = np_calico_selector_parse(arena, text, &s, &error);
    demand(status == (s ? NETPOL_OK : NETPOL_ERR_INPUT));
    demand(s || (error.offset <= text.len && error.why));
    return s;
}

static struct np_slice print(struct np_text *out, const struct np_calico_selector *s)
{
    np_calico_selector_print(out, s);
    demand(!out->failed);
    return (struct np_slice){out->ptr, out->len};
}

/* One bit an object and reading. */
static uint32_t truths(struct stage *s, const struct np_calico_selector *selector)
{
    static const enum np_calico_labels readings[] = {NP_CALICO_OBJECT, NP_CALICO_NAMESPACE,
                                                     NP_CALICO_ACCOUNT};
    uint32_t all = 0;
    for (unsigned r = 0; r < sizeof readings / sizeof *readings; r++) {
        struct np_lower l = {.ctx = s->ctx, .build = s->build};
        const struct np_selector *one = np_calico_selector_lower(&l, selector, readings[r]);
        demand(one != NULL);
        for (unsigned i = 0; i < OBJECTS; i++) {
            all = all << 1 | np_selector_match(one, &s->objects[i]);
        }
    }
    return all;
}

/* Calico keeps "!!" of a negation in parentheses; read again, it folds. */
static bool folds(struct np_slice text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] == '!' && text.ptr[i - 1] == '!') {
            return true;
        }
    }
    return false;
}

static void check(struct stage *s, struct np_arena *arena, const struct np_calico_selector *first)
{
    np_auto(np_text_free) struct np_text before;
    np_auto(np_text_free) struct np_text after;
    np_auto(np_text_free) struct np_text settled;
    np_text_init(&before, s->ctx);
    np_text_init(&after, s->ctx);
    np_text_init(&settled, s->ctx);
    struct np_slice text = print(&before, first);
    const struct np_calico_selector *second = parse(arena, text);
    demand(second != NULL);
    struct np_slice same = print(&after, second);
    demand(folds(text) || np_slice_equal(text, same));
    const struct np_calico_selector *last = parse(arena, same);
    demand(last && np_slice_equal(same, print(&settled, last)));
    demand(np_calico_selector_is_all(first) == np_calico_selector_is_all(second));
    demand(np_calico_selector_has_global(first) == np_calico_selector_has_global(second));
    demand(truths(s, first) == truths(s, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage stage;
    struct np_arena arena;
    if (size > 4096) {
        return 0;
    }
    if (!stage.ctx) {
        demand(netpol_ctx_create(NULL, &stage.ctx) == NETPOL_OK);
    }
    if (!stage.build || ++stage.rounds == ROUNDS_OF_A_BUILD) {
        set(&stage);
    }
    np_arena_init(&arena, stage.ctx, 1024);
    const struct np_calico_selector *s = parse(&arena, (struct np_slice){(const char *)data, size});
    if (s) {
        check(&stage, &arena, s);
    }
    np_arena_free(&arena);
    return 0;
}
