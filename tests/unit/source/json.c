/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: values, exact places of what is wrong, integers, concatenated values. Source: RFC 8259. */
#include "reading.h"

static void values(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"",                                                                ""                                        },
        {" \n\t\r\n",                                                       ""                                        },
        {"null",                                                            ""                                        },
        {"{}",                                                              "{}"                                      },
        {"[]",                                                              "[]"                                      },
        {"{\"a\":{},\"b\":[]}",                                             "{a: {}, b: []}"                          },
        {"{\"a\": \"b\", \"c\": [1, 2.5, true, false, null, {\"d\": -0}]}",
         "{a: s:b, c: [i:1, f:2.5, true, false, null, {d: i:0}]}"                                                     },
        {"{\"on\": \"on\", \"80\": \"010\"}",                               "{on: s:on, 80: s:010}"                   },
        {"{\"\": \"\"}",                                                    "{: s:}"                                  },
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",                                "[s:\"\\/\b\f\n\r\t]"                     },
        {"[\"\\u00e9\\u20AC\\ud83d\\ude00\"]",                              "[s:\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80]"},
        {"{\"\\u0061\\n\": 1}",                                             "{a\n: i:1}"                              },
        {"[\"\xC3\xA9\x7F\"]",                                              "[s:\xC3\xA9\x7F]"                        },
        {"{}{} [1]\n\"x\"",                                                 "{}\n{}\n[i:1]\ns:x"                      },
        {"[1e2, 1E-2, 0.5, -1.5e+3]",                                       "[f:100, f:0.01, f:0.5, f:-1500]"         },
        {"\xEF\xBB\xBF{\"a\": 1}",                                          "{a: i:1}"                                },
        {"[1e-400]",                                                        "[f:0]"                                   },
    };
    check_accepted(np_json_read, cases, LENGTH(cases), false);
}

/* A JSON number is never rounded on its way to an integer field. */
static void integers_keep_every_digit(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"[9223372036854775807]",                                                             "[i:9223372036854775807]"                           },
        {"[-9223372036854775808]",                                                            "[i:-9223372036854775808]"                          },
        {"[9007199254740993]",                                                                "[i:9007199254740993]"                              },
        {"[1234567890123456789]",                                                             "[i:1234567890123456789]"                           },
        {"[9223372036854775808]",                                                             "[i:9223372036854775807!big(9223372036854775808)]"  },
        {"[-9223372036854775809]",                                                            "[i:-9223372036854775808!big(-9223372036854775809)]"},
        {"{\"a\": 18446744073709551616, \"12345678901234567890\": \"12345678901234567890\"}",
         "{a: i:9223372036854775807!big(18446744073709551616), 12345678901234567890: "
         "s:12345678901234567890}"                                                                                                                },
        {"[\"\\\"12345678901234567890\", 12345678901234567890,1]",
         "[s:\"12345678901234567890, i:9223372036854775807!big(12345678901234567890), i:1]"                                                       },
        {"[12345678901234567890.5, 12345678901234567890e2]",
         "[f:1.2345678901234567e+19, f:1.2345678901234568e+21]"                                                                                   },
    };
    check_accepted(np_json_read, cases, LENGTH(cases), false);
}

static void positions(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"{\n  \"a\": 1,\n  \"b\": [\n    true,\n    \"x\"\n  ]\n}",
         "{a@2:3: i:1@2:8, b@3:3: [true@4:5, s:x@5:5]@3:8}@1:1"                                                                   },
        {"{\"\xC3\xA9\":{\"k\\n\":\"v\"}}",                                          "{\xC3\xA9@1:2: {k\n@1:8: s:v@1:14}@1:7}@1:1"},
        {" {}\r\n [ {} ]",                                                           "{}@1:2\n[{}@2:4]@2:2"                       },
        {"{\"kind\":\"List\",\"items\":[\n{\"a\":1},\n\n  {\"b\":\n2}]}\n{\"c\":3}",
         "items[0]< List> {a@2:2: i:1@2:6}@2:1\nitems[1]< List> {b@4:4: i:2@5:1}@4:3\n"
         "{c@6:2: i:3@6:6}@6:1"                                                                                                   },
    };
    check_accepted(np_json_read, cases, LENGTH(cases), true);
}

static void rejected_inputs(void **state)
{
    (void)state;
    static const struct rejected cases[] = {
        {"{",                                                                    "NP1205", 1, 2,  NULL           },
        {"{\"a\": 1",                                                            "NP1205", 1, 8,  "a"            },
        {"{\"a\"",                                                               "NP1205", 1, 5,  "a"            },
        {"{\"a\":",                                                              "NP1205", 1, 6,  "a"            },
        {"[1,\n[2",                                                              "NP1205", 2, 3,  "[1][0]"       },
        {"{\"a\": \"text",                                                       "NP1205", 1, 7,  "a"            },
        {"{\"a\": 1,}",                                                          "NP1201", 1, 9,  NULL           },
        {"[1, 2,]",                                                              "NP1201", 1, 7,  "[2]"          },
        {"[1 2]",                                                                "NP1201", 1, 4,  "[0]"          },
        {"{\"a\" 1}",                                                            "NP1201", 1, 6,  "a"            },
        {"{\"a\": 1 \"b\": 2}",                                                  "NP1201", 1, 9,  "a"            },
        {"{a: 1}",                                                               "NP1201", 1, 2,  NULL           },
        {"{'a': 1}",                                                             "NP1201", 1, 2,  NULL           },
        {"{\"a\": 'x'}",                                                         "NP1201", 1, 7,  "a"            },
        {"{\"a\": }",                                                            "NP1201", 1, 7,  "a"            },
        {"{\"a\": tru}",                                                         "NP1201", 1, 7,  "a"            },
        {"{\"a\": True}",                                                        "NP1201", 1, 7,  "a"            },
        {"{\"a\": NaN}",                                                         "NP1201", 1, 7,  "a"            },
        {"[1}",                                                                  "NP1201", 1, 3,  "[0]"          },
        {"{\"a\": 1]",                                                           "NP1201", 1, 8,  "a"            },
        {"]",                                                                    "NP1201", 1, 1,  NULL           },
        {"{} ,",                                                                 "NP1201", 1, 4,  NULL           },
        {"{} x",                                                                 "NP1201", 1, 4,  NULL           },
        {"// c\n{}",                                                             "NP1201", 1, 1,  NULL           },
        {"{\"a\": 1, /* c */ \"b\": 2}",                                         "NP1201", 1, 10, NULL           },
        {"{\"a\": \"x\ny\"}",                                                    "NP1201", 1, 9,  "a"            },
        {"{\"a\": \"\\x\"}",                                                     "NP1202", 1, 8,  "a"            },
        {"{\"a\": \"\\u12g4\"}",                                                 "NP1202", 1, 8,  "a"            },
        {"{\"a\": \"\\ud800\"}",                                                 "NP1202", 1, 8,  "a"            },
        {"{\"a\": \"\\udc00\"}",                                                 "NP1202", 1, 8,  "a"            },
        {"{\"a\": \"\\ud800\\u0041\"}",                                          "NP1202", 1, 8,  "a"            },
        {"{\"a\": [{\"b\": \"c\\u0000\"}]}",                                     "NP1204", 1, 16, "a[0].b"       },
        {"{\"a\\u0000\": 1}",                                                    "NP1204", 1, 4,  NULL           },
        {"[01]",                                                                 "NP1203", 1, 2,  "[0]"          },
        {"[-]",                                                                  "NP1203", 1, 2,  "[0]"          },
        {"[1.]",                                                                 "NP1203", 1, 2,  "[0]"          },
        {"[1e]",                                                                 "NP1203", 1, 2,  "[0]"          },
        {"[1e+]",                                                                "NP1203", 1, 2,  "[0]"          },
        {"[+1]",                                                                 "NP1201", 1, 2,  "[0]"          },
        {"[.5]",                                                                 "NP1201", 1, 2,  "[0]"          },
        {"{\n\"a\": [1e400]}",                                                   "NP1206", 2, 7,  NULL           },
        {"{\"a\": \"\xFF\"}",                                                    "NP1002", 1, 8,  "a"            },
        {"{\"a\": \"\xC0\x80\"}",                                                "NP1002", 1, 8,  "a"            },
        {"{\"a\": \"\xED\xA0\x80\"}",                                            "NP1002", 1, 8,  "a"            },
        {"{\"a\": \x80}",                                                        "NP1002", 1, 7,  "a"            },
        {"{\"a\": \"\x01\"}",                                                    "NP1003", 1, 8,  "a"            },
        {"{\"a\": \x01}",                                                        "NP1003", 1, 7,  "a"            },
        {"{\"a\": {{ .x }}}",                                                    "NP1103", 1, 7,  "a"            },
        {"{\"a\": 1,\n \"a\": 2}",                                               "NP1104", 2, 2,  "a"            },
        {"{\"s\": [{}, {\"a\": 1, \"b\": 2, \"\\u0061\": 2}]}",                  "NP1104", 1, 29, "s[1][\\u0061]"},
        {"{\"kind\": \"List\", \"items\": [{}, {\"a\": {\"b\": 1, \"b\": 2}}]}", "NP1104", 1, 47,
         "items[1].a.b"                                                                                          },
        {"{\"kind\": \"List\", \"items\": [{}], \"kind\": 1}",                   "NP1104", 1, 33, "kind"         },
        {"{\"items\": [{}], \"items\": [], \"kind\": \"List\"}",                 "NP1104", 1, 17, "items"        },
        {"{\"kind\": \"Pod\", \"items\": [1]}",                                  "NP1301", 1, 17, "items"        },
        {"{\"items\": []}",                                                      "NP1301", 1, 2,  "items"        },
        {"{\"kind\": \"List\", \"items\": {}}",                                  "NP1302", 1, 18, "items"        },
        {"{\"kind\": \"List\", \"item\": []}",                                   "NP1302", 1, 10, NULL           },
        {"{\x00",                                                                "NP1205", 1, 2,  NULL           },
    };
    check_rejected(np_json_read, cases, LENGTH(cases));
}

static void a_duplicate_names_both_places(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "{\n \"x\": {\"k\": [\"k\"], \"l\": {\"k\": 0},\n  \"k\": 1}\n}";
    reading_open(&r, NULL);
    reading_run(&r, np_json_read, input, sizeof input - 1);
    const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
    assert_string_equal(d->message, "the key 'k' stands twice, first at 2:8");
    assert_int_equal(d->line, 3);
    assert_int_equal(d->column, 3);
    assert_string_equal(d->path, "x.k");
    reading_close(&r);
}

static void nul_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        size_t size;
        const char *code;
        uint32_t line, column;
    } cases[] = {
        {"{\"a\": \"x\0y\"}", 12, "NP1003", 1, 9},
        {"{\"a\":\n1\0}",     9,  "NP1201", 2, 2},
        {"{}\n\0",            4,  "NP1003", 2, 1},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reading r;
        reading_open(&r, NULL);
        reading_run(&r, np_json_read, cases[i].input, cases[i].size);
        const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
        assert_int_equal(r.status, NETPOL_ERR_INPUT);
        assert_string_equal(d->code, cases[i].code);
        assert_int_equal(d->line, cases[i].line);
        assert_int_equal(d->column, cases[i].column);
        reading_close(&r);
    }
}

/* A duplicate key is an error of one value; the stream is sound and goes on. */
static void the_next_value_is_read_after_a_duplicate(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "{\"a\":1,\"a\":2} {\"b\":1}";
    reading_open(&r, NULL);
    reading_run(&r, np_json_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_ERR_INPUT);
    assert_string_equal(r.out.ptr, "{b: i:1}");
    reading_close(&r);
}

static void which_format(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"{a: 010}",                                 "{a: i:8!octal}"              },
        {"[a, b]",                                   "[s:a, s:b]"                  },
        {"  \n{ }",                                  "{}"                          },
        {"{\"a\": 1}\n---\n{\"b\": 2}\n---\nc: 3\n", "{a: i:1}\n{b: i:2}\n{c: i:3}"},
        {"{\"a\": 1}\n---\n---\n",                   "{a: i:1}"                    },
        {"\xEF\xBB\xBF[{\"a\": 1}]",                 "[{a: i:1}]"                  },
        {"[1, 2]",                                   "[i:1, i:2]"                  },
        {"---\n{\"a\": 1}",                          "{a: i:1}"                    },
        {"\"text\"",                                 "s:text"                      },
    };
    static const struct rejected bad[] = {
        {"{\"a\": 010}",          "NP1203", 1, 7, "a" },
        {"{{ .Values.x }}",       "NP1103", 1, 1, NULL},
        {"{\"a\": 1}\n---\nb: [", "NP1101", 3, 5, NULL},
        {"{\"a\": 1}\n--",        "NP1203", 2, 1, NULL},
    };
    check_accepted(read_auto, cases, LENGTH(cases), false);
    check_rejected(read_auto, bad, LENGTH(bad));
}

static void positions_go_on_after_a_change_of_format(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"{\"a\": 1}\n---\nc: 3\n", "{a@1:2: i:1@1:7}@1:1\n{c@3:1: i:3@3:4}@3:1"},
    };
    check_accepted(read_auto, cases, LENGTH(cases), true);
}

static void what_the_sink_returns_ends_the_read(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "{\"kind\":\"List\",\"items\":[1,2,3]}{}";
    reading_open(&r, NULL);
    r.stop_at = 2;
    r.stop_with = NETPOL_ERR_STATE;
    reading_run(&r, np_json_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_ERR_STATE);
    assert_int_equal(r.documents, 2);
    reading_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(integers_keep_every_digit),
        cmocka_unit_test(positions),
        cmocka_unit_test(rejected_inputs),
        cmocka_unit_test(a_duplicate_names_both_places),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(the_next_value_is_read_after_a_duplicate),
        cmocka_unit_test(which_format),
        cmocka_unit_test(positions_go_on_after_a_change_of_format),
        cmocka_unit_test(what_the_sink_returns_ends_the_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
