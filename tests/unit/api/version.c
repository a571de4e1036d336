/* SPDX-License-Identifier: Apache-2.0 */
/* The version and the names of status codes. */
#include <limits.h>
#include <netpol/base.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void version_is_made_of_its_numbers(void **state)
{
    char expected[32];

    (void)state;
    snprintf(expected, sizeof expected, "%d.%d.%d", NETPOL_VERSION_MAJOR, NETPOL_VERSION_MINOR,
             NETPOL_VERSION_PATCH);
    assert_string_equal(netpol_version(), expected);
    assert_int_equal(netpol_abi(), NETPOL_ABI);
}

static void every_status_has_its_own_name_and_text(void **state)
{
    static const int codes[] = {
#define STATUS_VALUE(name, value, text) value,
        NETPOL_STATUS_MAP(STATUS_VALUE)
#undef STATUS_VALUE
    };
    const size_t count = sizeof codes / sizeof codes[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(netpol_status_name(codes[i]), "?");
        assert_string_not_equal(netpol_status_text(codes[i]), "unknown status");
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(netpol_status_name(codes[i]), netpol_status_name(codes[j]));
            assert_string_not_equal(netpol_status_text(codes[i]), netpol_status_text(codes[j]));
        }
    }
    assert_string_equal(netpol_status_name(NETPOL_ERR_INPUT), "ERR_INPUT");
    assert_string_equal(netpol_status_text(NETPOL_OK), "ok");
}

static void unknown_status_is_said_to_be_unknown(void **state)
{
    static const int codes[] = {2, -12, 1000, INT_MAX, INT_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(netpol_status_name(codes[i]), "?");
        assert_string_equal(netpol_status_text(codes[i]), "unknown status");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_made_of_its_numbers),
        cmocka_unit_test(every_status_has_its_own_name_and_text),
        cmocka_unit_test(unknown_status_is_said_to_be_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
