/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged residual trees: np_cut_valid refuses them, or every find stays inside (the sections are
 * exactly as large as they say, so a sanitizer sees the first byte beyond) and gives a value that
 * exists.
 */
#include "cuts.h"

#include "image/cut_layout.h"

enum { BOXES = 220, VALUES = 300, KEYS = 24 };

struct list {
    size_t count; /* from 200 on a list is a table */
    struct np_box boxes[BOXES];
    struct np_cut_key keys[KEYS];
};

static void plant(struct cuts *c, struct list *list, const struct cuts_shape *shape)
{
    uint32_t root;
    cuts_boxes(c, shape, list->boxes, list->count);
    assert_int_equal(np_cut_add(c->build, list->boxes, list->count, VALUES - 1, &root), NETPOL_OK);
    for (size_t i = 0; i < KEYS; i++) {
        list->keys[i] = cuts_key(c, list->boxes, list->count);
    }
}

static uint32_t *words_of(struct cuts *c, enum np_section section, size_t *count)
{
    *count = c->image.count[section] * (size_t[]){32, 4, 1}[section - NP_SECTION_CUT_ROOTS] / 4;
    return (uint32_t *)(uintptr_t)c->image.section[section];
}

/* Is the root taken for valid? Then it is searched. */
static bool look_at(struct cuts *c, const struct list *lists, uint32_t root)
{
    if (!np_cut_valid(&c->image, root, VALUES)) {
        return false;
    }
    for (size_t i = 0; i < KEYS; i++) {
        for (int v = 0; v < NP_SIMD_COUNT; v++) {
            if (np_simd_use((enum np_simd)v)) {
                uint32_t value = np_cut_find(&c->image, root, &lists[root].keys[i]);
                assert_true(value < VALUES);
            }
        }
    }
    return true;
}

/* Does the word belong to the root? */
static bool owns(const struct cuts *c, uint32_t root, enum np_section section, size_t word)
{
    const struct np_cut_root *r = c->image.section[NP_SECTION_CUT_ROOTS];
    size_t chunk = word * 4 / sizeof(struct np_cut_chunk);
    return section == NP_SECTION_CUT_ROOTS ||
           (section == NP_SECTION_CUT_NODES
                ? word >= r[root].first_word && word < r[root].end_word
                : chunk >= r[root].first_chunk && chunk < r[root].end_chunk);
}

static const struct cuts_shape shapes[] = {
    {.addresses = 40, .wide = 40,  .ports = 50,     .families = 7},
    {               .addresses = 4000,     .wide = 10, .ports = 20,   .families = 1             },
    { .addresses = 20,    .wide = 60,  .ports = 80, .families = 5,              .falling = true},
};
enum { LISTS = 3 };
static const size_t counts[LISTS] = {40, BOXES, 45};

static void every_damaged_word_is_harmless(void **state)
{
    struct cuts *c = *state;
    static struct list lists[LISTS];
    static const uint32_t wrong[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    unsigned long refused = 0, taken = 0;
    for (size_t l = 0; l < LISTS; l++) {
        lists[l].count = counts[l];
        plant(c, &lists[l], &shapes[l]);
    }
    cuts_read(c);
    for (size_t s = 0; s < 3; s++) {
        size_t count;
        uint32_t *words = words_of(c, cuts_sections[s], &count);
        size_t step = count > 20000 ? 17 : count > 2000 ? 3 : 1;
        for (size_t i = 0; i < count; i += step) {
            uint32_t right = words[i];
            for (unsigned k = 0; k < 4; k++) {
                words[i] = k == 0   ? right ^ UINT32_C(1) << cuts_draw(c, 32)
                           : k == 1 ? right + 1
                           : k == 2 ? right - cuts_draw(c, 70)
                                    : wrong[cuts_draw(c, 5)];
                for (uint32_t root = 0; root < LISTS; root++) {
                    if (owns(c, root, cuts_sections[s], i)) {
                        bool valid = look_at(c, lists, root);
                        refused += !valid;
                        taken += valid;
                    }
                }
            }
            words[i] = right;
        }
    }
    print_message("%lu refused, %lu harmless\n", refused, taken);
    assert_true(refused > 1000 && taken > 1000);
    for (uint32_t root = 0; root < LISTS; root++) {
        assert_true(look_at(c, lists, root));
    }
}

/* Roots, words and chunks that are cut off are noticed: what is left cannot reach beyond. */
static void truncated_sections_are_refused(void **state)
{
    struct cuts *c = *state;
    static struct list list = {.count = 45};
    plant(c, &list, &shapes[0]);
    cuts_read(c);
    assert_true(np_cut_valid(&c->image, 0, VALUES));
    assert_false(np_cut_valid(&c->image, 1, VALUES));
    assert_false(np_cut_valid(&c->image, 0, VALUES - 1)); /* the default does not exist */
    for (size_t s = 0; s < 3; s++) {
        uint32_t count = c->image.count[cuts_sections[s]];
        if (count) {
            c->image.count[cuts_sections[s]] = count - 1;
            assert_false(np_cut_valid(&c->image, 0, VALUES));
            c->image.count[cuts_sections[s]] = count;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_damaged_word_is_harmless, cuts_set_up,
                                        cuts_tear_down),
        cmocka_unit_test_setup_teardown(truncated_sections_are_refused, cuts_set_up,
                                        cuts_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
