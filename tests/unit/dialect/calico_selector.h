/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_CALICO_SELECTOR_H
#define NP_TESTS_DIALECT_CALICO_SELECTOR_H
/* Short words for selectors in a test: parsed, lowered, printed; labels from text. */
#include "np_cmocka.h"

#include "dialect/calico/selector.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

struct frame {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct np_arena arena;
    struct np_build *build;
};

static inline int setup(void **state)
{
    struct frame *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->ctx = counting_ctx(&f->counting, NULL);
    assert_non_null(f->ctx);
    np_arena_init(&f->arena, f->ctx, 512);
    f->build = np_build_create(f->ctx);
    assert_non_null(f->build);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct frame *f = *state;
    np_build_destroy(f->build);
    np_arena_free(&f->arena);
    netpol_ctx_destroy(f->ctx);
    assert_int_equal(f->counting.blocks, 0);
    assert_false(f->counting.bad_size);
    free(f);
    return 0;
}

static inline const struct np_calico_selector *parsed(struct frame *f, const char *text)
{
    const struct np_calico_selector *s = NULL;
    struct np_calico_selector_error error = {0, ""};
    int status = np_calico_selector_parse(&f->arena, np_slice_of(text), &s, &error);
    if (status != NETPOL_OK) {
        fail_msg("%s: at %zu: %s", text, error.offset, error.why);
    }
    return s;
}

static inline const struct np_selector *lowered(struct frame *f, const struct np_calico_selector *s,
                                                enum np_calico_labels labels)
{
    struct np_lower l = {.ctx = f->ctx, .build = f->build};
    const struct np_selector *selector = np_calico_selector_lower(&l, s, labels);
    assert_non_null(selector);
    return selector;
}

/* "a=b,c=d" */
static inline struct np_labels labels_of(struct frame *f, const char *text)
{
    struct np_label items[8];
    uint32_t count = 0;
    while (*text) {
        size_t key = strcspn(text, "="), len = strcspn(text, ",");
        assert_true(key < len && count < ARRAY_SIZE(items));
        items[count].key = np_build_str(f->build, (struct np_slice){text, key});
        items[count++].value =
            np_build_str(f->build, (struct np_slice){text + key + 1, len - key - 1});
        text += len + (text[len] == ',');
    }
    return np_build_labels(f->build, items, count);
}

/* The text of a selector; in the arena. */
static inline const char *printed(struct frame *f, const struct np_calico_selector *s)
{
    struct np_text text;
    np_text_init(&text, f->ctx);
    np_calico_selector_print(&text, s);
    assert_false(text.failed);
    const char *kept = np_arena_text(&f->arena, (struct np_slice){text.ptr, text.len});
    np_text_free(&text);
    assert_non_null(kept);
    return kept;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#endif
