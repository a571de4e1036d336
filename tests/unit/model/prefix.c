/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes: what is read, what is refused, with libcidr and without it. */
#include "np_cmocka.h"

#include "model/prefix.h"

enum np_prefix_error bare_prefix_parse(struct np_slice text, struct np_prefix *out,
                                       unsigned *oddities);
enum np_prefix_error bare_address_parse(struct np_slice text, struct np_address *out,
                                        unsigned *oddities);

struct row {
    const char *text;
    enum np_prefix_error error;
    const char *canonical;
    unsigned oddities;
};

#define HOST   NP_ODD_HOST_BITS
#define ZERO   NP_ODD_LEADING_ZERO
#define MAPPED NP_ODD_MAPPED
static const struct row rows[] = {
#define ROW(text, error, canonical, oddities) {text, NP_PREFIX_##error, canonical, oddities},
#include "prefix_rows.def"
#undef ROW
};
enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(ROWS >= 150, "the table shrank");

typedef enum np_prefix_error (*parse_fn)(struct np_slice, struct np_prefix *, unsigned *);

static void check_row(const struct row *row, parse_fn parse)
{
    struct np_prefix prefix;
    memset(&prefix, 0xa5, sizeof prefix);
    unsigned oddities = 0xffff;
    enum np_prefix_error error = parse(np_slice_of(row->text), &prefix, &oddities);
    if (error != row->error) {
        fail_msg("'%s' %s, expected: %s", row->text, np_prefix_error_text(error),
                 np_prefix_error_text(row->error));
    }
    if (error == NP_PREFIX_OK) {
        char text[50];
        size_t len = np_prefix_format(&prefix, text);
        assert_string_equal(text, row->canonical);
        assert_int_equal(len, strlen(text));
        assert_int_equal(oddities, row->oddities);
    } else {
        assert_int_equal(prefix.length, 0xa5); /* untouched */
        assert_int_equal(oddities, 0xffff);
    }
}

static void every_row_with_libcidr(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        check_row(&rows[i], np_prefix_parse);
    }
}

static void every_row_without_libcidr(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        check_row(&rows[i], bare_prefix_parse);
    }
}

/* What a caller that takes no oddities gets. */
static void strict_reading_refuses_what_the_api_only_warns_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct np_prefix prefix;
        enum np_prefix_error error = np_prefix_parse(np_slice_of(rows[i].text), &prefix, NULL);
        enum np_prefix_error expected = rows[i].error;
        if (expected == NP_PREFIX_OK && (rows[i].oddities & ZERO)) {
            expected = NP_PREFIX_LEADING_ZERO;
        } else if (expected == NP_PREFIX_OK && (rows[i].oddities & HOST)) {
            expected = NP_PREFIX_HOST_BITS;
        }
        assert_int_equal(error, expected);
        assert_true(strlen(np_prefix_error_text(error)) > 5);
    }
}

/* Rows with a few bytes changed: both builds must say the same. */
static void both_builds_agree_on_mutated_rows(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789abcdefABCDEF:./%-+xX \t";
    uint32_t random = 1;
    unsigned accepted = 0;
    for (unsigned round = 0; round < 60000; round++) {
        const char *base = rows[round % ROWS].text;
        char text[80];
        size_t len = strlen(base);
        memcpy(text, base, len + 1);
        for (unsigned k = 0; k < 1 + round % 3 && len > 0; k++) {
            random = random * 1664525u + 1013904223u;
            size_t at = (random >> 8) % len;
            text[at] = alphabet[(random >> 20) % (sizeof alphabet - 1)];
        }
        struct np_prefix a = {0}, b = {0};
        struct np_address c = {0}, d = {0};
        unsigned odd_a = 0, odd_b = 0, odd_c = 0, odd_d = 0;
        struct np_slice slice = {text, len};
        enum np_prefix_error error = np_prefix_parse(slice, &a, &odd_a);
        if (error != bare_prefix_parse(slice, &b, &odd_b) || !np_prefix_equal(&a, &b) ||
            odd_a != odd_b ||
            np_address_parse(slice, &c, &odd_c) != bare_address_parse(slice, &d, &odd_d) ||
            !np_address_equal(&c, &d) || odd_c != odd_d) {
            fail_msg("'%s': the builds differ", text);
        }
        accepted += error == NP_PREFIX_OK;
    }
    assert_in_range(accepted, 2000, 50000); /* the walk reaches both sides */
}

static struct np_address address(const char *text)
{
    struct np_address out;
    assert_int_equal(np_address_parse(np_slice_of(text), &out, NULL), NP_PREFIX_OK);
    return out;
}

static struct np_prefix prefix(const char *text)
{
    struct np_prefix out;
    assert_int_equal(np_prefix_parse(np_slice_of(text), &out, NULL), NP_PREFIX_OK);
    return out;
}

static void addresses_are_read_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum np_prefix_error error;
        const char *canonical;
        unsigned oddities;
    } table[] = {
        {"10.0.0.1",        NP_PREFIX_OK,          "10.0.0.1",    0     },
        {"010.0.0.1",       NP_PREFIX_OK,          "10.0.0.1",    ZERO  },
        {"::ffff:10.0.0.1", NP_PREFIX_OK,          "10.0.0.1",    MAPPED},
        {"2001:DB8::1",     NP_PREFIX_OK,          "2001:db8::1", 0     },
        {"::",              NP_PREFIX_OK,          "::",          0     },
        {"",                NP_PREFIX_EMPTY,       "",            0     },
        {"10.0.0.1/32",     NP_PREFIX_BAD_ADDRESS, "",            0     },
        {"fe80::1%eth0",    NP_PREFIX_ZONE,        "",            0     },
        {"localhost",       NP_PREFIX_BAD_ADDRESS, "",            0     },
        {"10.0.0",          NP_PREFIX_BAD_ADDRESS, "",            0     },
        {"10.0.0.1 ",       NP_PREFIX_BAD_ADDRESS, "",            0     },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct np_address out;
        unsigned oddities = 0;
        assert_int_equal(np_address_parse(np_slice_of(table[i].text), &out, &oddities),
                         table[i].error);
        if (table[i].error == NP_PREFIX_OK) {
            char text[46];
            np_address_format(&out, text);
            assert_string_equal(text, table[i].canonical);
            assert_int_equal(oddities, table[i].oddities);
        }
    }
    struct np_address out;
    unsigned oddities;
    struct np_slice nul = {"10.0.0.1\0", 9};
    assert_int_equal(np_address_parse(nul, &out, &oddities), NP_PREFIX_BAD_ADDRESS);
}

static void containment_never_crosses_families(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *address;
        bool has;
    } table[] = {
        {"10.0.0.0/8",    "10.255.255.255",  true },
        {"10.0.0.0/8",    "11.0.0.0",        false},
        {"0.0.0.0/0",     "255.1.2.3",       true },
        {"0.0.0.0/0",     "::1",             false},
        {"::/0",          "10.0.0.1",        false},
        {"::/0",          "2001:db8::1",     true },
        {"10.0.0.128/25", "10.0.0.127",      false},
        {"10.0.0.128/25", "10.0.0.128",      true },
        {"10.0.0.4/31",   "10.0.0.5",        true },
        {"10.0.0.4/31",   "10.0.0.6",        false},
        {"1.2.3.4/32",    "1.2.3.4",         true },
        {"1.2.3.4/32",    "1.2.3.5",         false},
        {"2001:db8::/33", "2001:db8:7fff::", true },
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::1/128",       "::1",             true },
        {"::1/128",       "::",              false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct np_prefix p = prefix(table[i].prefix);
        struct np_address a = address(table[i].address);
        assert_int_equal(np_prefix_has(&p, &a), table[i].has);
    }
    struct np_address none = {0};
    struct np_prefix all = prefix("0.0.0.0/0");
    assert_false(np_prefix_has(&all, &none));
}

static void within_counts_equals_and_needs_the_longer_mask(void **state)
{
    (void)state;
    struct np_prefix outer = prefix("10.0.0.0/8"), inner = prefix("10.1.0.0/16");
    struct np_prefix other = prefix("11.0.0.0/16"), six = prefix("::/0");
    assert_true(np_prefix_within(&inner, &outer));
    assert_true(np_prefix_within(&outer, &outer));
    assert_false(np_prefix_within(&outer, &inner));
    assert_false(np_prefix_within(&other, &outer));
    assert_false(np_prefix_within(&outer, &six));
    assert_true(np_prefix_compare(&outer, &inner) < 0);
    assert_true(np_prefix_compare(&six, &inner) > 0);
}

/* Sets every bit pattern near a cut and compares with shifting by hand. */
static void cutting_keeps_exactly_the_first_bits(void **state)
{
    (void)state;
    struct np_address ones = {.family = NP_IPV6};
    memset(ones.bytes, 0xff, 16);
    for (unsigned length = 0; length <= 128; length++) {
        struct np_prefix cut = np_prefix_cut(&ones, (uint8_t)length);
        unsigned set = 0;
        for (unsigned bit = 0; bit < 128; bit++) {
            bool one = cut.address.bytes[bit / 8] >> (7 - bit % 8) & 1;
            assert_int_equal(one, bit < length);
            set += one;
        }
        assert_int_equal(set, length);
    }
}

static void mapped_addresses_fold(void **state)
{
    (void)state;
    struct np_address mapped = {
        .family = NP_IPV6, .bytes = {[10] = 0xff, 0xff, 10, 0, 0, 1}
    };
    assert_true(np_address_is_mapped(&mapped));
    struct np_address folded = np_address_fold(&mapped), four = address("10.0.0.1");
    assert_true(np_address_equal(&folded, &four));
    assert_false(np_address_is_mapped(&four));
    struct np_address plain = address("2001:db8::1"), same = np_address_fold(&plain);
    assert_true(np_address_equal(&plain, &same));
    char text[46];
    np_address_format(&mapped, text);
    assert_string_equal(text, "::ffff:10.0.0.1");
    struct np_prefix host = np_prefix_of(&plain);
    assert_int_equal(host.length, 128);
    assert_int_equal(np_prefix_of(&four).length, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_with_libcidr),
        cmocka_unit_test(every_row_without_libcidr),
        cmocka_unit_test(strict_reading_refuses_what_the_api_only_warns_about),
        cmocka_unit_test(both_builds_agree_on_mutated_rows),
        cmocka_unit_test(addresses_are_read_alone),
        cmocka_unit_test(containment_never_crosses_families),
        cmocka_unit_test(within_counts_equals_and_needs_the_longer_mask),
        cmocka_unit_test(cutting_keeps_exactly_the_first_bits),
        cmocka_unit_test(mapped_addresses_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
