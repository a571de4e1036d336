/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and opening images; what opening refuses, table by table. */
#include "np_cmocka.h"

#include "image/cut_layout.h"
#include "image/layout.h"
#include "image_seed.h"

#include <unistd.h>

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
    uint64_t cold = image.header->sections[NP_SECTION_OWN].offset;
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
    w->seed.side[NP_SIDE_EGRESS][4].parts = 7; /* ordinal 1 of it would be behind the last */
    w->seed.side[NP_SIDE_EGRESS][4].row = 3;
    void *again = NULL;
    size_t size = 0;
    assert_int_equal(np_image_write(&w->seed.writer, &again, &size), NETPOL_OK);
    assert_int_equal(np_image_open(again, size, &image, NULL), NETPOL_OK);
    assert_int_equal(image.count[NP_SECTION_PARTS], 9);
    assert_int_equal(image.count[NP_SECTION_MISSING], 9);
    assert_int_equal(image.count[NP_SECTION_CELLS], 5);
    const struct netpol_part *parts = image.section[NP_SECTION_PARTS];
    assert_int_equal(parts[8].action, NETPOL_DENY);
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
#define RAW(section, offset, width, value, why)         \
    {                                                   \
        NP_SECTION_##section, offset, width, value, why \
    }
#define FIELD(section, type, index, field, value, why)                                       \
    RAW(section, (index) * sizeof(type) + offsetof(type, field), sizeof(((type *)0)->field), \
        value, why)
/* clang-format off */
static const struct wrong wrongs[] = {
    RAW(SIG_CLASS, 4, 3, SEED_CLASSES, "signature's class"),
    FIELD(SIDE_EGRESS, struct np_side, 0, ports, 3, "port map"),
    FIELD(SIDE_INGRESS, struct np_side, 3, ports, UINT32_MAX, "port map"),
    FIELD(SIDE_MESH, struct np_side, 4, parts, 7, "answer is outside"),
    FIELD(SIDE_MESH, struct np_side, 4, parts, 2, "begin where none should"),
    RAW(BLOCKS, 0, 4, 0x23, "begin where none should"),
    FIELD(CUT_ROOTS, struct np_cut_root, 0, values, 5, "tree's answer is outside"),
    FIELD(CUT_ROOTS, struct np_cut_root, 0, values, 2, "tree leads outside"),
    FIELD(CUT_ROOTS, struct np_cut_root, 1, values, 9, "tree leads outside"),
    FIELD(SIDE_INGRESS, struct np_side, 1, base, 10, "row of classes"),
    RAW(SIDE_REL, 4 * 8, 4, NP_VARIANTS + 1, "variants are outside"),
    RAW(SIDE_REL, 4 * 2, 4, UINT32_MAX, "variants are outside"),
    FIELD(REL_ROWS, struct np_row, 7, base, UINT32_MAX, "row of classes"),
    FIELD(REL_ROWS, struct np_row, 8, row, 3, "row of cells"),
    FIELD(SIDE_EGRESS, struct np_side, 2, row, UINT32_MAX, "row of cells"),
    FIELD(COMB, struct np_comb, 0, row, 3, "row of cells"),
    RAW(PORT_MAPS, 0, 1, 2, "row of cells"),
    RAW(CELLS, 2, 2, 3, "answer is outside"),
    FIELD(PARTS, struct netpol_part, 0, action, NETPOL_ACTION_COUNT, "value"),
    FIELD(PARTS, struct netpol_part, 0, reason, NETPOL_REASON_COUNT, "value"),
    FIELD(PARTS, struct netpol_part, 0, flags, 1 << 14, "value"),
    FIELD(PARTS, struct netpol_part, 4, rule, 2, "rule"),
    FIELD(PARTS, struct netpol_part, 1, rule, SEED_RULES, "rule"),
    FIELD(PARTS, struct netpol_part, 1, staged, SEED_RULES, "rule"),
    FIELD(PARTS, struct netpol_part, 1, program, 2, "program"),
    RAW(MISSING, 0, 4, 1u << 31, "value"),
    RAW(PORT_KINDS, 12, 2, 1, "protocol's ports"),
    RAW(PORT_KINDS, 14, 2, NP_PORT_DIRECT | SEED_COLUMNS, "protocol's ports"),
    RAW(PORT_KINDS, 2 * 256, 2, SEED_COLUMNS, "protocol's ports"),
    RAW(PORT_DIRS, 100, 2, 2, "port's class"),
    RAW(PORT_PAGES, 100, 2, SEED_COLUMNS, "port's class"),
    RAW(TRIE4, 0, 4, 0x80000006, "trie"),
    RAW(TRIE6, 0, 4, 0, "trie"),
    FIELD(SHARED, struct np_shared, 1, last, 0, "endpoint"),
    FIELD(SHARED, struct np_shared, 0, signature, 6, "endpoint"),
    FIELD(SHARED, struct np_shared, 0, endpoint, 3, "endpoint"),
    FIELD(SHARED, struct np_shared, 0, node, 2, "endpoint"),
    RAW(SLOTS4, 0, 4, SEED_SIGNATURES, "endpoint"),
    RAW(SLOTS4, 16 * 7, 4, 0x80000000, "endpoint"),
    RAW(SLOTS4, 0, 4, NP_SIG_SHARED + 2, "endpoint"),
    RAW(SLOTS6, offsetof(struct np_slot6, key), 4, NP_SIG_SHARED + 1, "one list of owners"),
    RAW(SLOTS6, offsetof(struct np_slot6, key), 4, SEED_SIGNATURES, "endpoint"),
    FIELD(RULES, struct np_rule_record, 2, title, 29, "outside"),
    FIELD(RULES, struct np_rule_record, 0, option, UINT32_MAX, "outside"),
    FIELD(RULES, struct np_rule_record, 0, action, NETPOL_ACTION_COUNT, "outside"),
    FIELD(RULES, struct np_rule_record, 1, log, 29, "outside"),
    FIELD(PROGRAMS, struct np_program_record, 0, listener, 29, "outside"),
    FIELD(PROGRAMS, struct np_program_record, 1, terminating, UINT32_MAX, "outside"),
    FIELD(PROGRAMS, struct np_program_record, 1, originating, 29, "outside"),
    FIELD(PROGRAMS, struct np_program_record, 1, parser, NETPOL_PARSER_COUNT, "outside"),
    FIELD(PROGRAMS, struct np_program_record, 0, auth, NETPOL_AUTH_COUNT, "outside"),
    FIELD(OPTIONS, struct np_pair_record, 0, value, 29, "outside"),
    RAW(NODES, 0, 4, 29, "outside"),
    FIELD(ENDPOINTS, struct np_endpoint_record, 0, name, 29, "outside"),
    FIELD(ENDPOINTS, struct np_endpoint_record, 1, node, 2, "outside"),
    FIELD(COMBOS, struct np_combo, 0, signature, SEED_SIGNATURES, "outside"),
    FIELD(COMBOS, struct np_combo, 1, kind, 9, "outside"),
    RAW(PROJECTION, 4, 4, UINT32_MAX, "outside"),
    RAW(KINDS, 0, 4, UINT32_MAX, "outside"),
    RAW(STRINGS, 0, 1, 'x', "texts"),
    RAW(STRINGS, 28, 1, 'x', "texts"),
};
/* clang-format on */

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
        {offsetof(struct np_image_header, flags),                          4,
         NP_IMAGE_RELATIONS | NP_IMAGE_EGRESS | NP_IMAGE_INGRESS                                 },
        {offsetof(struct np_image_header, flags),                          4, 0                  },
        {offsetof(struct np_image_header, flags),                          4, 1u << 20           },
        {offsetof(struct np_image_header, flags),                          4, 3                  },
        {offsetof(struct np_image_header, n_signatures),                   4, SEED_SIGNATURES + 1},
        {offsetof(struct np_image_header, n_near),                         4, SEED_NEAR + 1      },
        {offsetof(struct np_image_header, n_near),                         4, 0                  },
        {offsetof(struct np_image_header, n_classes),                      4, SEED_CLASSES - 1   },
        {offsetof(struct np_image_header, n_classes),                      4, 9                  },
        {offsetof(struct np_image_header, n_port_classes),                 4, SEED_COLUMNS - 1   },
        {offsetof(struct np_image_header, n_port_classes),                 4, SEED_COLUMNS + 1   },
        {offsetof(struct np_image_header, n_rules),                        4, SEED_RULES + 1     },
        {offsetof(struct np_image_header, slots4_bits),                    1, 4                  },
        {offsetof(struct np_image_header, slots6_bits),                    1, 0                  },
        {offsetof(struct np_image_header, refs_bits),                      1, 255                },
        {offsetof(struct np_image_header, trie4_bits),                     1, 17                 },
        {offsetof(struct np_image_header, trie6_bits),                     1, 255                },
        {offsetof(struct np_image_header, slots4_probes),                  4, 9                  },
        {offsetof(struct np_image_header, slots6_probes),                  4, 0                  },
        {offsetof(struct np_image_header, refs_probes),                    4, UINT32_MAX         },
        {offsetof(struct np_image_header, hot_bytes),                      4, 64                 },
        {offsetof(struct np_image_header, sections),                       4, 64                 },
        {offsetof(struct np_image_header, sections) + 8,                   4, 4                  },
        {offsetof(struct np_image_header, sections[NP_SECTION_OWN].bytes), 4, 72                 },
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

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void files_are_read_whole_or_not_at_all(void **state)
{
    struct world *w = *state;
    struct np_image image;
    char path[] = "/tmp/netpol-image-XXXXXX";
    int fd = mkstemp(path);
    const char *why = NULL;
    void *bytes = NULL;
    size_t size = 0;
    assert_true(fd >= 0);
    close(fd);
    write_file(path, w->bytes, w->size);
    assert_int_equal(np_image_read(w->ctx, path, &why, &bytes, &size), NETPOL_OK);
    assert_int_equal(size, w->size);
    assert_memory_equal(bytes, w->bytes, size);
    assert_int_equal(np_image_open(bytes, size, &image, NULL), NETPOL_OK);
    np_image_free(w->ctx, bytes, size);
    w->counting.fail_at = w->counting.calls + 1;
    assert_int_equal(np_image_read(w->ctx, path, &why, &bytes, &size), NETPOL_ERR_MEMORY);
    w->counting.fail_at = 0;
    w->ctx->limits.input_bytes = w->size - 1;
    assert_int_equal(np_image_read(w->ctx, path, &why, &bytes, &size), NETPOL_ERR_LIMIT);
    assert_non_null(strstr(why, "limit"));
    write_file(path, "", 0);
    assert_int_equal(np_image_read(w->ctx, path, &why, &bytes, &size), NETPOL_OK);
    assert_int_equal(np_image_open(bytes, size, &image, &why), NETPOL_ERR_INPUT);
    np_image_free(w->ctx, bytes, size);
    unlink(path);
    assert_int_equal(np_image_read(w->ctx, path, NULL, &bytes, &size), NETPOL_ERR_IO);
    assert_int_equal(np_image_read(w->ctx, "/tmp", &why, &bytes, &size), NETPOL_ERR_IO);
    assert_string_equal(why, "not a file");
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
        TEST(files_are_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
