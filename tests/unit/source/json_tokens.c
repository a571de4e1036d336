/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens longer than jansson's own buffer: it sees a stand-in, and nothing that is said may differ
 * from what is said of short ones. Lengths around the border of 15 bytes with quotes.
 */
#include "reading.h"

static void long_texts_and_numbers_come_through(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"[\"0123456789abc\", \"0123456789abcd\", \"0123456789abcde\"]",
         "[s:0123456789abc, s:0123456789abcd, s:0123456789abcde]"                                                               },
        {"{\"0123456789abc\": 1, \"0123456789abcd\": 2, \"0123456789abce\": 3}",
         "{0123456789abc: i:1, 0123456789abcd: i:2, 0123456789abce: i:3}"                                                       },
        {"[\"0123456789 \\\"\\\\\\n\\u00e9\\ud83d\\ude00 0123456789\"]",
         "[s:0123456789 \"\\\n\xC3\xA9\xF0\x9F\x98\x80 0123456789]"                                                             },
        {"{\"0123456789\\n0123456789\": {\"a\\u000ab\": 1, \"a\\tb\": 2}}",
         "{0123456789\n0123456789: {a\nb: i:1, a\tb: i:2}}"                                                                     },
        {"[123456789012345, -1234567890123456, 1234567890.125000000000, 1250000000000000000e-18]",
         "[i:123456789012345, i:-1234567890123456, f:1234567890.125, f:1.25]"                                                   },
        {"[\"a: 0123456789 :\", \"0123456789abcdef\" , true, false, null]",
         "[s:a: 0123456789 :, s:0123456789abcdef, true, false, null]"                                                           },
        {"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicyList\", \"items\": [{}]}",
         "items[0]<networking.k8s.io/v1 NetworkPolicyList> {}"                                                                  },
        {"1-2 1.5\"x\"",                                                                                 "i:1\ni:-2\nf:1.5\ns:x"},
    };
    check_accepted(np_json_read, cases, LENGTH(cases), false);
}

static void repeated_keys_are_found_however_they_are_written(void **state)
{
    (void)state;
    static const struct rejected cases[] = {
        {"{\"0123456789abcdef\": 1, \"0123456789abcdef\": 2}",     "NP1104", 1, 25, "0123456789abcdef"       },
        {"{\"abc\": 1, \"\\u0061\\u0062\\u0063\": 2}",             "NP1104", 1, 12, "[\\u0061\\u0062\\u0063]"},
        {"{\"\\u0061\\u0062\\u0063\": 1, \"abc\": 2}",             "NP1104", 1, 27, "abc"                    },
        {"{\"a\\nb\": 1, \"\\u0061\\u000a\\u0062\": 2}",           "NP1104", 1, 13,
         "[\\u0061\\u000a\\u0062]"                                                                           },
        {"{\"a\\\"\": 1, \"\\u0061\\u0022\": 2}",                  "NP1104", 1, 12, "[\\u0061\\u0022]"       },
        {"{\"0123456789abcd\\u0065\": 1, \"0123456789abcde\": 2}", "NP1104", 1, 29,
         "0123456789abcde"                                                                                   },
        {"[10000000000000000000000e400]",                          "NP1206", 1, 2,  NULL                     },
    };
    check_rejected(np_json_read, cases, LENGTH(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_texts_and_numbers_come_through),
        cmocka_unit_test(repeated_keys_are_found_however_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
