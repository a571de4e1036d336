/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and opening images; what opening refuses, table by table. */
#include "np_cmocka.h"

#include "image/layout.h"
#include "image_seed.h"

struct world {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct seed seed;
    unsigned char *bytes;
    size_t size;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    void *bytes = NULL;
    w->ctx = counting_ctx(&w->counting, NULL);
    if (!seed_make(w->ctx, &w->seed) ||
        np_image_write(&w->seed.writer, &bytes, &w->size) != NETPOL_OK) {
        return -1;
    }
    w->bytes = bytes;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    np_image_free(w->ctx, w->bytes, w->size);
    seed_free(w->ctx, &w->seed);
    netpol_ctx_destroy(w->ctx);
    int leaked = w->counting.blocks != 0 || w->counting.bad_size;
    free(w);
    return leaked;
}

static struct np_image_header *header_of(struct world *w)
{
    return (struct np_image_header *)(void *)w->bytes;
}

static void *section_of(struct world *w, enum np_section section)
{
    return w->bytes + header_of(w)->sections[section].offset;
}

static int reopen(struct world *w, const char **why)
{
    struct np_image image;
    header_of(w)->checksum = np_image_checksum(w->bytes, w->size);
    return np_image_open(w->bytes, w->size, &image, why);
}

static void what_was_written_is_there(void **state)
{
    struct world *w = *state;
    struct np_image image;
    const char *why = NULL;
    assert_int_equal(np_image_open(w->bytes, w->size, &image, &why), NETPOL_OK);
    assert_string_equal(why, "");
    assert_int_equal((uintptr_t)w->bytes % NP_IMAGE_ALIGN, 0);
    assert_int_equal(image.header->bytes, w->size);
    assert_int_equal(image.count[NP_SECTION_SIG_CLASS], SEED_SIGNATURES);
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        size_t given = w->seed.writer.sections[i].bytes;
        assert_true(image.header->sections[i].bytes >= given);
        assert_int_equal(image.header->sections[i].offset % NP_IMAGE_ALIGN, 0);
        if (given > 0) {
            assert_memory_equal(image.section[i], w->seed.writer.sections[i].items, given);
        }
        bool cold = image.header->sections[i].offset >= image.header->hot_bytes;
        assert_true(np_section_shapes[i].cold ? cold : !cold || image.count[i] == 0);
    }
    uint64_t cold = image.header->sections[NP_SECTION_MISSING].offset;
    assert_int_equal(cold % NP_IMAGE_PAGE, 0);
}

static void the_same_sections_give_the_same_bytes(void **state)
{
    struct world *w = *state;
    void *again = NULL;
    size_t size = 0;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_OK);
    assert_int_equal(size, w->size);
    assert_memory_equal(again, w->bytes, size);
    np_image_free(w->ctx, again, size);
}

static void padding_answers_with_denials(void **state)
{
    struct world *w = *state;
    struct np_image image;
    w->seed.side[NP_SIDE_EGRESS][4].parts = 3; /* ordinal 1 of it would be behind the last */
    w->seed.side[NP_SIDE_EGRESS][4].row = 3;
    void *again = NULL;
    size_t size = 0;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_OK);
    assert_int_equal(np_image_open(again, size, &image, NULL), NETPOL_OK);
    assert_int_equal(image.count[NP_SECTION_PARTS], 5);
    assert_int_equal(image.count[NP_SECTION_MISSING], 5);
    assert_int_equal(image.count[NP_SECTION_CELLS], 5);
    const struct netpol_part *parts = image.section[NP_SECTION_PARTS];
    assert_int_equal(parts[4].action, NETPOL_DENY);
    np_image_free(w->ctx, again, size);
}

static void a_lack_of_memory_is_told(void **state)
{
    struct world *w = *state;
    void *again = NULL;
    size_t size = 0;
    w->counting.fail_at = w->counting.calls + 1;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_ERR_MEMORY);
    assert_null(again);
    assert_null(np_image_alloc(w->ctx, SIZE_MAX - 3));
    w->counting.fail_at = 0;
}

static void more_than_four_gigabytes_are_refused(void **state)
{
    struct world *w = *state;
    void *again = NULL;
    size_t size = 0;
    w->seed.writer.sections[NP_SECTION_STRINGS].bytes = (uint64_t)5 << 30;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_ERR_LIMIT);
    w->seed.writer.sections[NP_SECTION_STRINGS].bytes = UINT32_MAX;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_ERR_LIMIT);
    assert_null(again);
}

static void every_flipped_bit_breaks_the_checksum(void **state)
{
    struct world *w = *state;
    struct np_image image;
    for (size_t i = 0; i < w->size; i++) {
        const char *why = NULL;
        w->bytes[i] ^= (unsigned char)(1u << i % 8);
        int status = np_image_open(w->bytes, w->size, &image, &why);
        assert_true(status == NETPOL_ERR_INPUT || status == NETPOL_ERR_UNSUPPORTED);
        assert_true(why && *why);
        w->bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    assert_int_equal(np_image_open(w->bytes, w->size, &image, NULL), NETPOL_OK);
}

static void truncated_images_are_refused(void **state)
{
    struct world *w = *state;
    struct np_image image;
    for (size_t size = 0; size < w->size; size++) {
        const char *why = NULL;
        assert_int_equal(np_image_open(w->bytes, size, &image, &why), NETPOL_ERR_INPUT);
        assert_true(why && *why);
    }
    size_t size = w->size - NP_IMAGE_ALIGN;
    header_of(w)->bytes = size;
    header_of(w)->checksum = np_image_checksum(w->bytes, size);
    assert_int_equal(np_image_open(w->bytes, size, &image, NULL), NETPOL_ERR_INPUT);
}

static void other_versions_are_not_damage(void **state)
{
    struct world *w = *state;
    const char *why = NULL;
    header_of(w)->version++;
    assert_int_equal(reopen(w, &why), NETPOL_ERR_UNSUPPORTED);
    header_of(w)->version--;
    header_of(w)->n_sections--;
    assert_int_equal(reopen(w, &why), NETPOL_ERR_UNSUPPORTED);
    header_of(w)->n_sections++;
    header_of(w)->magic[0] = 'n';
    assert_int_equal(reopen(w, &why), NETPOL_ERR_INPUT);
}

/* One number made wrong, the checksum right: the number and what it is. */
struct wrong {
    enum np_section section;
    size_t offset; /* in the section */
    unsigned width;
    uint32_t value;
    const char *why;
};
#define AT(type, index, field) ((index) * sizeof(type) + offsetof(type, field))
static const struct wrong wrongs[] = {
    {NP_SECTION_SIG_CLASS,    4,                                      3,                                                       SEED_CLASSES,"signature's class"},
    {NP_SECTION_SIDE_EGRESS,  AT(struct np_side,                      0,                                                       ports),4,           3, "port map"},
    {NP_SECTION_SIDE_INGRESS,             AT(struct np_side,                                                   3,                                                                                    ports),4,UINT32_MAX, "port map"},
    {NP_SECTION_SIDE_MESH,                      AT(struct np_side,                                                  4,                                                                                               parts),                                         4,                                                                                                                                                                 3, "answer is outside"},
    {NP_SECTION_SIDE_INGRESS,                      AT(struct np_side,     1,base),4,10, "row of classes"},
    {NP_SECTION_SIDE_REL, AT(struct np_row, 7,                                                   base),4,                                                                                                                                                                         UINT32_MAX, "row of classes"},
    {NP_SECTION_SIDE_REL,       AT(struct np_row,                                             8,                                                                                  row),4,3, "row of cells"},
    {NP_SECTION_SIDE_EGRESS,                      AT(struct np_side,                                                  2,                                                                                         row),        4,UINT32_MAX, "row of cells"},
    {NP_SECTION_COMB,                      AT(struct np_comb,            0,row),4,3, "row of cells"},
    {NP_SECTION_PORT_MAPS,  0,  1,       2,"row of cells"},
    {NP_SECTION_CELLS,         2,                                               2,                                                                                        3,"answer is outside"},
    {NP_SECTION_PARTS,                      AT(struct netpol_part,                                                           0,                                                                                                    action),                                        1,                                                  NETPOL_ACTION_COUNT, "value"},
    {NP_SECTION_PARTS,                      AT(struct netpol_part,                                                          0,                                                                                             reason),                                                                                                                                                                                   1,                                                                                                                                                                                                                                                                                                                                                                                                                NETPOL_REASON_COUNT, "value"},
    {NP_SECTION_PARTS,                      AT(struct netpol_part,             0,flags),2,   1 << 14, "value"},
    {NP_SECTION_PARTS,                      AT(struct netpol_part,0,flags),2,NP_PART_RESIDUAL, "rule"},
    {NP_SECTION_PARTS,        AT(struct netpol_part,    1, rule),4,SEED_RULES, "rule"},
    {NP_SECTION_PARTS,                AT(struct netpol_part,                                                      1,                                                                                              staged),4,SEED_RULES, "rule"},
    {NP_SECTION_MISSING,                      0,                                                     4,                                                                                                     1u << 31,                                               "value"                                        },
    {NP_SECTION_PORT_KINDS,                      12,                                                            2,                                                                                                                                                                     1,                                                                                                                                                                                                                                                                  "protocol's ports"                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              },
    {NP_SECTION_PORT_KINDS,        14,                  2,                                                                     NP_PORT_DIRECT | SEED_COLUMNS,"protocol's ports"                                                                                                                                                                            },
    {NP_SECTION_PORT_KINDS,                 2 * 256,                                                       2,                                                                                               SEED_COLUMNS,"protocol's ports"},
    {NP_SECTION_PORT_DIRS,                      100,                                                  2,                                                                                                   2,                                                "port's class"                                                                                                                                      },
    {NP_SECTION_PORT_PAGES,                      100,2,SEED_COLUMNS,"port's class"},
    {NP_SECTION_TRIE4,                      0,4,0x80000006,"trie"},
    {NP_SECTION_TRIE6,                      0,              4,0,"trie"},
    {NP_SECTION_SHARED,                      AT(struct np_shared,1,last),4,0, "endpoint"},
    {NP_SECTION_SHARED,                      AT(struct np_shared,          0,signature),4,6, "endpoint"},
    {NP_SECTION_SHARED,                      AT(struct np_shared,                                                 0,                                                                                                                                               endpoint),                                                                                                                                                                                                                                                  4,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                3, "endpoint"},
    {NP_SECTION_SHARED,                      AT(struct np_shared,                                                   0,                                                                                                                                                                                                                                    node),                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     4,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       2, "endpoint"},
    {NP_SECTION_SLOTS4,                      0,                                              4,                                                                                                                 SEED_SIGNATURES,                                                    "endpoint"                                                                                                                                                                                                                                                                                                                    },
    {NP_SECTION_SLOTS4,                      16 * 7,                                                              4,                                                                                                                                                                                    0x80000000,                                                                                                                                                               "endpoint"                                                                                                                                                                  },
    {NP_SECTION_SLOTS4,       0,     4,                                                  NP_SIG_SHARED + 2,"endpoint"                                                                                                                                                                                                },
    {NP_SECTION_SLOTS6,             AT(struct np_slot6,                                                   0,                                                                                          key),4,SEED_SIGNATURES, "endpoint"},
    {NP_SECTION_RULES,                      AT(struct np_rule_record,                                                           2,                                                                                                        title),4,29, "outside"},
    {NP_SECTION_RULES,                      AT(struct np_rule_record,     0,option),4,UINT32_MAX, "outside"},
    {NP_SECTION_OPTIONS,       4,                       4,                                29,"outside"},
    {NP_SECTION_NODES,       0,                  4,           29,"outside"},
    {NP_SECTION_ENDPOINTS,       AT(struct np_endpoint_record,                                      0,                                                                                        name),4,29, "outside"},
    {NP_SECTION_ENDPOINTS,       AT(struct np_endpoint_record,               1,                   node),4,2, "outside"},
    {NP_SECTION_COMBOS,             AT(struct np_combo,                                                   0,                                                                                           signature),4,SEED_SIGNATURES, "outside"},
    {NP_SECTION_COMBOS,                      AT(struct np_combo,                                                          0,                                                                                                        place),                                                                                                                                                                                                                                                  4,                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                          SEED_SIGNATURES, "outside"},
    {NP_SECTION_STRINGS,                      0,                                                 1,                                                                                                                                                                                                                                                                                'x',                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "texts"                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      },
    {NP_SECTION_STRINGS,      28,                                     1,                                                                     'x',"texts"                                                                                                                                     },
};

static void every_wrong_number_is_found(void **state)
{
    struct world *w = *state;
    unsigned char *before = malloc(w->size);
    memcpy(before, w->bytes, w->size);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const struct wrong *wrong = &wrongs[i];
        const char *why = NULL;
        memcpy((unsigned char *)section_of(w, wrong->section) + wrong->offset, &wrong->value,
               wrong->width);
        int status = reopen(w, &why);
        if (status != NETPOL_ERR_INPUT || !strstr(why, wrong->why)) {
            fail_msg("row %zu: %d \"%s\", should be \"%s\"", i, status, why, wrong->why);
        }
        memcpy(w->bytes, before, w->size);
    }
    free(before);
}

static void every_wrong_count_is_found(void **state)
{
    struct world *w = *state;
    const struct {
        size_t offset;
        unsigned width;
        uint32_t value;
    } rows[] = {
        {offsetof(struct np_image_header, flags),          4, 0                  },
        {offsetof(struct np_image_header, flags),          4, 1u << 20           },
        {offsetof(struct np_image_header, flags),          4, 3                  },
        {offsetof(struct np_image_header, n_signatures),   4, SEED_SIGNATURES + 1},
        {offsetof(struct np_image_header, n_near),         4, SEED_NEAR + 1      },
        {offsetof(struct np_image_header, n_near),         4, 0                  },
        {offsetof(struct np_image_header, n_classes),      4, SEED_CLASSES - 1   },
        {offsetof(struct np_image_header, n_classes),      4, 9                  },
        {offsetof(struct np_image_header, n_port_classes), 4, SEED_COLUMNS - 1   },
        {offsetof(struct np_image_header, n_port_classes), 4, SEED_COLUMNS + 1   },
        {offsetof(struct np_image_header, n_rules),        4, SEED_RULES + 1     },
        {offsetof(struct np_image_header, slots4_bits),    1, 4                  },
        {offsetof(struct np_image_header, slots6_bits),    1, 0                  },
        {offsetof(struct np_image_header, refs_bits),      1, 255                },
        {offsetof(struct np_image_header, trie4_bits),     1, 17                 },
        {offsetof(struct np_image_header, trie6_bits),     1, 255                },
        {offsetof(struct np_image_header, slots4_probes),  4, 9                  },
        {offsetof(struct np_image_header, slots6_probes),  4, 0                  },
        {offsetof(struct np_image_header, refs_probes),    4, UINT32_MAX         },
        {offsetof(struct np_image_header, hot_bytes),      4, 64                 },
        {offsetof(struct np_image_header, sections),       4, 64                 },
        {offsetof(struct np_image_header, sections) + 8,   4, 4                  },
    };
    struct np_image_header before = *header_of(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = NULL;
        memcpy(w->bytes + rows[i].offset, &rows[i].value, rows[i].width);
        if (reopen(w, &why) != NETPOL_ERR_INPUT) {
            fail_msg("row %zu was taken", i);
        }
        memcpy(w->bytes, &before, sizeof before);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_there),
        TEST(the_same_sections_give_the_same_bytes),
        TEST(padding_answers_with_denials),
        TEST(a_lack_of_memory_is_told),
        TEST(more_than_four_gigabytes_are_refused),
        TEST(every_flipped_bit_breaks_the_checksum),
        TEST(truncated_images_are_refused),
        TEST(other_versions_are_not_damage),
        TEST(every_wrong_number_is_found),
        TEST(every_wrong_count_is_found),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
