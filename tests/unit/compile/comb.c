/* SPDX-License-Identifier: Apache-2.0 */
/* Rows laid over each other: every class finds its own row again, and they lie close together. */
#include "np_cmocka.h"

#include "compile/plan.h"

enum { CLASSES = 3000, ROWS = 1500, MANY = 1200 };

struct test_row {
    struct np_row_draft draft;
    uint32_t classes[MANY], rows[MANY], base;
};

static uint32_t draw(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

/* Each class with the chance of `count` in CLASSES, but at most `room`. */
static void draw_row(uint64_t *random, uint32_t count, uint32_t room, struct test_row *out)
{
    out->draft = (struct np_row_draft){.row = 7, .classes = out->classes, .rows = out->rows};
    for (uint32_t c = 0; c < CLASSES && out->draft.count < room; c++) {
        if (draw(random, CLASSES) < count) {
            out->classes[out->draft.count] = c;
            out->rows[out->draft.count++] = draw(random, 50);
        }
    }
}

static uint32_t row_of(const struct np_comb_build *comb, const struct test_row *row, uint32_t class)
{
    assert_true(row->base + class < comb->slots.count);
    const struct np_comb *slot = &comb->slots.items[row->base + class];
    return slot->base == row->base ? slot->row : row->draft.row;
}

static void check(const struct np_comb_build *comb, const struct test_row *row)
{
    uint32_t at = 0;
    for (uint32_t c = 0; c < CLASSES; c++) {
        bool own = at < row->draft.count && row->classes[at] == c;
        assert_int_equal(row_of(comb, row, c), own ? row->rows[at] : row->draft.row);
        at += own;
    }
}

/* Returns how many slots there are; *exceptions: how many are somebody's. */
static size_t lay(struct test_row *rows, uint32_t most, uint32_t many, size_t *exceptions)
{
    struct netpol_ctx *ctx;
    struct np_comb_build comb;
    uint64_t random = most;
    *exceptions = 0;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    assert_true(np_comb_begin(ctx, CLASSES, &comb));
    for (uint32_t i = 0; i < ROWS; i++) {
        draw_row(&random, i % 100 == 50 ? many : draw(&random, most), MANY, &rows[i]);
        rows[i].base = np_comb_place(&comb, &rows[i].draft);
        assert_int_not_equal(rows[i].base, NP_COMB_FREE);
        assert_int_equal(rows[i].base == NP_COMB_NOBODY, rows[i].draft.count == 0);
        *exceptions += rows[i].draft.count;
    }
    assert_true(np_comb_finish(&comb));
    for (uint32_t i = 0; i < ROWS; i++) {
        check(&comb, &rows[i]);
        assert_int_equal(np_comb_place(&comb, &rows[i].draft), rows[i].base); /* once */
    }
    size_t slots = comb.slots.count;
    np_comb_free(&comb);
    netpol_ctx_destroy(ctx);
    return slots;
}

/* Few exceptions each; and, where many have some more, now and then very many. */
static void rows_lie_over_each_other(void **state)
{
    struct test_row *rows = calloc(ROWS, sizeof *rows);
    size_t exceptions;
    (void)state;
    assert_non_null(rows);
    size_t slots = lay(rows, 20, 0, &exceptions);
    assert_true(slots < exceptions * 3 / 2 + CLASSES); /* behind the last base there is room */
    slots = lay(rows, 60, MANY - 200, &exceptions);
    assert_true(slots < exceptions * 4 + CLASSES);
    free(rows);
}

/* Nothing but defaults: a lookup still finds slots, which are nobody's. */
static void without_exceptions_there_is_room_for_classes(void **state)
{
    struct netpol_ctx *ctx;
    struct np_comb_build comb;
    struct test_row row = {.draft = {.row = 3}};
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    assert_true(np_comb_begin(ctx, CLASSES, &comb));
    row.base = np_comb_place(&comb, &row.draft);
    assert_int_equal(row.base, NP_COMB_NOBODY);
    assert_true(np_comb_finish(&comb));
    check(&comb, &row);
    np_comb_free(&comb);
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_lie_over_each_other),
        cmocka_unit_test(without_exceptions_there_is_room_for_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
