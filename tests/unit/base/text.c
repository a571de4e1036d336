/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text, JSON escaping and UTF-8. */
#include "np_cmocka.h"

#include "base/utf8.h"

static void text_grows_and_formats(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    struct np_text text;
    np_text_init(&text, ctx);
    size_t expected = 0;
    for (int i = 0; i < 1000; i++) {
        np_text_addf(&text, "%d,", i);
        np_text_add(&text, "xy", 2);
        expected += (size_t)snprintf(NULL, 0, "%d,", i) + 2;
        assert_int_equal(text.len, expected);
        assert_int_equal(strlen(text.ptr), expected);
    }
    assert_memory_equal(text.ptr, "0,xy1,xy2,xy", 12);
    np_text_free(&text);
    c.fail_at = c.calls + 1;
    np_text_addf(&text, "%s", "more");
    assert_true(text.failed);
    np_text_add(&text, "x", 1);
    assert_true(text.failed);
    assert_int_equal(text.len, 0);
    np_text_free(&text);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

static void json_strings(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } cases[] = {
        {"",                         0, "\"\""                           },
        {"plain",                    5, "\"plain\""                      },
        {"q\"b\\s/",                 6, "\"q\\\"b\\\\s/\""               },
        {"\b\t\n\v\f\r",             6, "\"\\b\\t\\n\\u000b\\f\\r\""     },
        {"\x01\x1f\x7f",             3, "\"\\u0001\\u001f\\u007f\""      },
        {"a\0b",                     3, "\"a\\u0000b\""                  },
        {"\xC3\xA9\xF0\x9F\x98\x80", 6, "\"\xC3\xA9\xF0\x9F\x98\x80\""   },
        {"\xC3",                     1, "\"\xEF\xBF\xBD\""               },
        {"a\xFF\xFE z",              5, "\"a\xEF\xBF\xBD\xEF\xBF\xBD z\""},
        {"\xC0\x80",                 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""   },
    };
    struct netpol_ctx *ctx;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct np_text text;
        np_text_init(&text, ctx);
        np_text_json(&text, (struct np_slice){cases[i].in, cases[i].len});
        assert_string_equal(text.ptr, cases[i].out);
        np_text_free(&text);
    }
    netpol_ctx_destroy(ctx);
}

/* Every boundary of the encoding; Source: Unicode standard, table 3-7. */
static void utf8_boundaries(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t code_point;
    } cases[] = {
        {"\x7F",             1, 0x7F    },
        {"\xC2\x80",         2, 0x80    },
        {"\xDF\xBF",         2, 0x7FF   },
        {"\xE0\xA0\x80",     3, 0x800   },
        {"\xED\x9F\xBF",     3, 0xD7FF  },
        {"\xEE\x80\x80",     3, 0xE000  },
        {"\xEF\xBF\xBF",     3, 0xFFFF  },
        {"\xF0\x90\x80\x80", 4, 0x10000 },
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
        {"\x80",             0, 0       },
        {"\xC1\xBF",         0, 0       },
        {"\xE0\x9F\xBF",     0, 0       },
        {"\xED\xA0\x80",     0, 0       },
        {"\xF0\x8F\xBF\xBF", 0, 0       },
        {"\xF4\x90\x80\x80", 0, 0       },
        {"\xF5\x80\x80\x80", 0, 0       },
        {"\xC3\x28",         0, 0       },
        {"\xE2\x82",         0, 0       },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code_point = 0;
        size_t size = strlen(cases[i].bytes);
        assert_int_equal(np_utf8_decode(cases[i].bytes, size, &code_point), cases[i].len);
        if (cases[i].len) {
            assert_int_equal(code_point, cases[i].code_point);
        }
    }
    assert_int_equal(np_utf8_cut(np_slice_of("a\xE2\x82\xAC"
                                             "b"),
                                 3),
                     1);
    assert_int_equal(np_utf8_cut(np_slice_of("a\xE2\x82\xAC"
                                             "b"),
                                 4),
                     4);
    assert_int_equal(np_utf8_cut(np_slice_of("abc"), 10), 3);
}

static void slices_are_ordered_by_bytes_then_length(void **state)
{
    (void)state;
    static const char *const sorted[] = {"", "A", "AB", "B", "a", "a-", "a0", "\xC3\xA9"};
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
            int order = np_slice_compare(np_slice_of(sorted[i]), np_slice_of(sorted[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_formats),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(utf8_boundaries),
        cmocka_unit_test(slices_are_ordered_by_bytes_then_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
