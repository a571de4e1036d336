/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as kubectl reads it. Source: sigs.k8s.io/yaml over go-yaml v2 (YAML 1.1 resolution);
 * go-yaml v2 decode.go for anchors, merge keys and tags.
 */
#include "reading.h"

static void values(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"a: b",                                         "{a: s:b}"                                            },
        {"a: on\nb: 'on'\nc: \"on\"\nd: NO",             "{a: true, b: s:on, c: s:on, d: false}"               },
        {"a: 010\nb: 0x10\nc: 1_000\nd: 12:30\ne: 1.10",
         "{a: i:8!octal, b: i:16, c: i:1000, d: s:12:30, e: f:1.1000000000000001}"                             },
        {"a:\nb: ~\nc: ''\nd: {}\ne: []",                "{a: null, b: null, c: s:, d: {}, e: []}"             },
        {"- 1\n- - 2\n  - x: z\n-\n",                    "[i:1, [i:2, {x: s:z}], null]"                        },
        {"a: |\n  one\n  two\nb: >-\n  three\n  four",   "{a: s:one\ntwo\n, b: s:three four}"                  },
        {"a: 2001-12-14T21:59:43.10-05:00",              "{a: s:2001-12-14T21:59:43.10-05:00}"                 },
        {"a: \"x\\ty\\u00e9\"",                          "{a: s:x\ty\xC3\xA9}"                                 },
        {"{a: [b, {c: d}], e: }",                        "{a: [s:b, {c: s:d}], e: null}"                       },
        {"? a\n: b",                                     "{a: s:b}"                                            },
        {"just text",                                    "s:just text"                                         },
        {"a: 99999999999999999999",                      "{a: i:9223372036854775807!big(99999999999999999999)}"},
        {"a: <<",                                        "{a: s:<<}"                                           },
        {"'<<': {a: b}",                                 "{<<: {a: s:b}}"                                      },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
}

/* Source: sigs.k8s.io/yaml yaml.go, convertToJSONableObject. */
static void keys_become_strings(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"80: x",                        "{80: s:x}"                         },
        {"on: x\nNo: z",                 "{true: s:x, false: s:z}"           },
        {"0x10: x",                      "{16: s:x}"                         },
        {"010: x",                       "{8: s:x}"                          },
        {"1.10: x",                      "{1.1: s:x}"                        },
        {"80.0: x",                      "{80: s:x}"                         },
        {"1e6: x\n1e5: w",               "{1e+06: s:x, 100000: s:w}"         },
        {"1e-5: x\n0.0001: w",           "{1e-05: s:x, 0.0001: s:w}"         },
        {"-2.5: x\n0.0: w\n123.456: z",  "{-2.5: s:x, 0: s:w, 123.456: s:z}" },
        {"1234567.0: x",                 "{1.234567e+06: s:x}"               },
        {".inf: x\n-.inf: w\n.nan: z",   "{.inf: s:x, -.inf: s:w, .nan: s:z}"},
        {"1e300: x",                     "{.inf: s:x}"                       },
        {"'80': x\n\"\": w",             "{80: s:x, : s:w}"                  },
        {"&k a: 1\nb: *k",               "{a: i:1, b: s:a!alias}"            },
        {"a: &k 8_0\n*k : x",            "{a: i:80, 80: s:x}"                },
        {"!!str 80: x\n!!int \"81\": w", "{80: s:x, 81: s:w}"                },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
}

static int look_at_keys(void *user, const struct np_document *document)
{
    static const uint8_t kinds[] = {NP_STRING, NP_STRING, NP_BOOL, NP_INT, NP_FLOAT};
    (void)user;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(document->root->map.members[i].key_plain_kind, kinds[i]);
    }
    return NETPOL_OK;
}

static void the_kind_of_a_key_is_kept(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "a: 1\n'80': 1\non: 1\n81: 1\n1.5: 1\n";
    reading_open(&r, NULL);
    assert_int_equal(np_yaml_read(r.ctx, input, sizeof input - 1, "t", r.diags, look_at_keys, NULL),
                     NETPOL_OK);
    reading_close(&r);
}

static void tags(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"a: !!str 80\nb: !!str on\nc: !!str",                         "{a: s:80, b: s:on, c: s:}"},
        {"a: !!int \"80\"\nb: !!float 80\nc: !!bool on\nd: !!null ''",
         "{a: i:80, b: f:80, c: true, d: null}"                                                   },
        {"a: !!seq [1]\nb: !!map {c: 1}",                              "{a: [i:1], b: {c: i:1}}"  },
        {"a: !<tag:yaml.org,2002:str> 80",                             "{a: s:80}"                },
        {"%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 80",             "{a: s:80}"                },
        {"%YAML 1.1\n---\na: 1",                                       "{a: i:1}"                 },
    };
    static const struct rejected bad[] = {
        {"a: \"x\\0y\"",                 "NP1204", 1, 4, "a"   },
        {"a: {\"x\\0y\": 1}",            "NP1204", 1, 5, "a"   },
        {"a: !foo bar",                  "NP1107", 1, 4, "a"   },
        {"a: !!binary aGk=",             "NP1107", 1, 4, "a"   },
        {"a: !!set {x}",                 "NP1107", 1, 4, "a"   },
        {"a: !!python/object x",         "NP1107", 1, 4, "a"   },
        {"a:\n- !!timestamp 2001-01-01", "NP1107", 2, 3, "a[0]"},
        {"a: !!int x",                   "NP1108", 1, 4, "a"   },
        {"a: !!bool 1",                  "NP1108", 1, 4, "a"   },
        {"a: !!map x",                   "NP1108", 1, 4, "a"   },
        {"a: !!str {b: c}",              "NP1108", 1, 4, "a"   },
        {"a: !!map [b]",                 "NP1108", 1, 4, "a"   },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
    check_rejected(np_yaml_read, bad, LENGTH(bad));
}

static void anchors_and_merges(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"a: &x [1]\nb: *x",                                             "{a: [i:1], b: [i:1]!alias}"                    },
        {"a: &x 1\nb: &x 2\nc: *x",                                      "{a: i:1, b: i:2, c: i:2!alias}"                },
        {"a: &x {p: &y 1}\nb: *y\nc: *x",                                "{a: {p: i:1}, b: i:1!alias, c: {p: i:1}!alias}"},
        {"a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3",
         "{a: {p: i:1, q: i:2}, b: {p: i:3, q: i:2!alias}}"                                                              },
        {"a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc:\n  <<: [*x, *y]\n  r: 3",
         "{a: {p: i:1}, b: {p: i:2, q: i:2}, c: {r: i:3, p: i:1!alias, q: i:2!alias}}"                                   },
        {"a: {<<: {p: 1}, q: 2}",                                        "{a: {q: i:2, p: i:1!alias}}"                   },
        {"a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}",
         "{a: {p: i:1}, b: {q: i:2, p: i:1!alias}, c: {q: i:2!alias, p: i:1!alias}}"                                     },
        {"a: {<<: []}",                                                  "{a: {}}"                                       },
        {"- &x a\n---\n- &x b\n- *x",                                    "[s:a]\n[s:b, s:b!alias]"                       },
    };
    static const struct rejected bad[] = {
        {"a: *x",                       "NP1105", 1, 4,  "a"      },
        {"- &x a\n---\n- b\n- *x",      "NP1105", 4, 3,  "[1]"    },
        {"a: &x\n  b: *x",              "NP1106", 2, 6,  "a.b"    },
        {"a: &x [b, [*x]]",             "NP1106", 1, 12, "a[1][0]"},
        {"a: {<<: 1}",                  "NP1110", 1, 5,  "a"      },
        {"a: {<<: [{b: 1}, 2]}",        "NP1110", 1, 5,  "a"      },
        {"a: {<<: {b: 1}, <<: {c: 1}}", "NP1104", 1, 17, "a[<<]"  },
        {"a: {<<: }",                   "NP1110", 1, 5,  "a"      },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
    check_rejected(np_yaml_read, bad, LENGTH(bad));
}

static void a_merge_behind_an_explicit_key_is_warned_of(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "a:\n  p: 3\n  <<: {p: 1, q: 2}\n";
    reading_open(&r, NULL);
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_OK);
    assert_string_equal(r.out.ptr, "{a: {p: i:3, q: i:2!alias}}");
    const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
    assert_string_equal(d->code, "NP1112");
    assert_int_equal(d->severity, NETPOL_WARNING);
    assert_int_equal(d->line, 2);
    assert_int_equal(d->column, 3);
    assert_string_equal(d->path, "a.p");
    reading_close(&r);
}

static void streams_of_documents(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"",                                                   ""                            },
        {"\n\n  \n",                                           ""                            },
        {"# only a comment\n",                                 ""                            },
        {"---\n---\n---\n",                                    ""                            },
        {"---\n# a comment\n---\na: 1\n---\n",                 "{a: i:1}"                    },
        {"null\n---\n~\n---\n''",                              "s:"                          },
        {"a: 1\n---\nb: 2",                                    "{a: i:1}\n{b: i:2}"          },
        {"a: 1\n...\n---\nb: 2\n...\n",                        "{a: i:1}\n{b: i:2}"          },
        {"--- {a: 1}\n--- # comment\nb: 2\n",                  "{a: i:1}\n{b: i:2}"          },
        {"---   \n---\t\n---\na: |+\n  x\n\n---\n---\nb: 1\n", "{a: s:x\n\n}\n{b: i:1}"      },
        {"--- |\n x\n--- >\n y\n",                             "s:x\n\ns:y\n"                },
        {"a: 1\r\nb: |\r\n  x\r\n---\r\nc: 2\r\n",             "{a: i:1, b: s:x\n}\n{c: i:2}"},
        {"---\r\n---\r\na: 1\r\n",                             "{a: i:1}"                    },
        {"\xEF\xBB\xBF"
         "a: 1",                                      "{a: i:1}"                    },
        {"a: 1\n\xEF\xBB\xBF---\nb: 2",                        "{a: i:1}\n{b: i:2}"          },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
}

static void positions(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"a: b\nc:\n  - d\n  -   e: 'f'\n",
         "{a@1:1: s:b@1:4, c@2:1: [s:d@3:5, {e@4:7: s:f@4:10}@4:7]@3:3}@1:1"                                   },
        {"---\n---\n# c\n---\na: 1\n",                             "{a@5:1: i:1@5:4}@5:1"                      },
        {"a: 1\n---\nb: 2",                                        "{a@1:1: i:1@1:4}@1:1\n{b@3:1: i:2@3:4}@3:1"},
        {"a: 1\r\nb: 2\r\n",                                       "{a@1:1: i:1@1:4, b@2:1: i:2@2:4}@1:1"      },
 /* Columns count bytes, also behind characters of several bytes. */
        {"\xC3\xA9: [\xE2\x82\xAC, x]\nb: \xF0\x9F\x98\x80\nc: d",
         "{\xC3\xA9@1:1: [s:\xE2\x82\xAC@1:6, s:x@1:11]@1:5, b@2:1: s:\xF0\x9F\x98\x80@2:4, "
         "c@3:1: s:d@3:4}@1:1"                                                                                 },
        {"\xEF\xBB\xBF"
         "a: b",                                          "{a@1:1: s:b@1:4}@1:1"                      },
        {"a: 1\n\xEF\xBB\xBF---\nb: 2",                            "{a@1:1: i:1@1:4}@1:1\n{b@3:1: i:2@3:4}@3:1"},
        {"a: 1\nb:",                                               "{a@1:1: i:1@1:4, b@2:1: null@2:3}@1:1"     },
        {"? a",                                                    "{a@1:3: null@1:4}@1:1"                     },
        {"a:\nb: 1",                                               "{a@1:1: null@1:3, b@2:1: i:1@2:4}@1:1"     },
        {"a: |\n  text\nb: 1",                                     "{a@1:1: s:text\n@1:4, b@3:1: i:1@3:4}@1:1" },
        {"a: &x {p: 1}\nb: *x\nc: {<<: *x}",
         "{a@1:1: {p@1:8: i:1@1:11}@1:4, b@2:1: {p@1:8: i:1@1:11}!alias@1:4, "
         "c@3:1: {p@1:8: i:1!alias@1:11}@3:4}@1:1"                                                             },
 /* NEL and LS break lines for YAML 1.1, but no editor and no grep counts them. */
        {"a: 'x\xC2\x85y'\nb: 1",                                  "{a@1:1: s:x y@1:4, b@2:1: i:1@2:4}@1:1"    },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), true);
}

static void syntax_errors(void **state)
{
    (void)state;
    static const struct rejected cases[] = {
        {"a: b: c",                                                 "NP1101", 1, 5,  NULL          },
        {"a: [1, 2",                                                "NP1101", 1, 4,  NULL          },
        {"a:\n  {b: c\n\n",                                         "NP1101", 2, 3,  NULL          },
        {"a: 'text",                                                "NP1101", 1, 4,  NULL          },
        {"a: \"b\nc: d\n",                                          "NP1101", 1, 4,  NULL          },
        {"a: \"b\\q\"",                                             "NP1101", 1, 6,  NULL          },
        {"a: 1\n b: 2",                                             "NP1101", 2, 3,  NULL          },
        {"a:\n  b: 1\n c: 2",                                       "NP1101", 3, 2,  NULL          },
        {"a:\n  - 1\n - 2",                                         "NP1101", 3, 2,  NULL          },
        {"a: - 1",                                                  "NP1101", 1, 4,  NULL          },
        {"a: 1\nfoo\nb: 2",                                         "NP1101", 3, 1,  NULL          },
        {"a: 1\n...\nb: 2\n",                                       "NP1101", 3, 1,  NULL          },
        {"a: @x",                                                   "NP1101", 1, 4,  NULL          },
        {"a: `x`",                                                  "NP1101", 1, 4,  NULL          },
        {"a: *",                                                    "NP1101", 1, 4,  NULL          },
        {"]",                                                       "NP1101", 1, 1,  NULL          },
        {"a: %x",                                                   "NP1101", 1, 4,  NULL          },
        {"%YAML 2.0\n---\na: 1",                                    "NP1111", 1, 1,  NULL          },
        {"%YAML x\n---\na: 1",                                      "NP1111", 1, 7,  NULL          },
        {"a: !e!x 1",                                               "NP1101", 1, 4,  NULL          },
        {"a:\n\tb: 1",                                              "NP1102", 2, 1,  NULL          },
        {"a:\n  \tb: 1\n",                                          "NP1102", 2, 3,  NULL          },
        {"a: |\n\ttext\n",                                          "NP1102", 2, 1,  NULL          },
        {"name: {{ .Values.name }}",                                "NP1103", 1, 7,  "name"        },
        {"{{- if .Values.on }}\na: 1\n{{- end }}\n",                "NP1103", 1, 1,  NULL          },
        {"a: 1\n{{ include \"x\" . }}\n",                           "NP1103", 2, 1,  NULL          },
        {"metadata:\n  labels:\n    {{- toYaml . | nindent 4 }}\n", "NP1103", 3, 5,
         "metadata.labels"                                                                         },
        {"a: 1\nb: 2\na: 3",                                        "NP1104", 3, 1,  "a"           },
        {"spec:\n  ingress: []\n  ingress: []",                     "NP1104", 3, 3,  "spec.ingress"},
        {"80: a\n\"80\": b",                                        "NP1104", 2, 1,  "80"          },
        {"on: a\n'true': b",                                        "NP1104", 2, 1,  "true"        },
        {"- {a: 1}\n- b:\n  - {c: 1, c: 2}",                        "NP1104", 3, 12, "[1].b[0].c"  },
        {"a:\n  x.y/z: 1\n  x.y/z: 2",                              "NP1104", 3, 3,  "a[x.y/z]"    },
        {"? [a]\n: b",                                              "NP1109", 1, 3,  NULL          },
        {"{a: 1}: b",                                               "NP1109", 1, 1,  NULL          },
        {"a: &x [1]\n*x : 1",                                       "NP1109", 2, 1,  NULL          },
        {"~: b",                                                    "NP1109", 1, 1,  NULL          },
        {": b",                                                     "NP1101", 1, 1,  NULL          },
        {"18446744073709551615: b",                                 "NP1109", 1, 1,  NULL          },
        {"a: \x01",                                                 "NP1003", 1, 4,  NULL          },
        {"a: x\n# \x7F\n",                                          "NP1003", 2, 3,  NULL          },
        {"a: \xFF",                                                 "NP1002", 1, 4,  NULL          },
        {"a: 1\nb: \xC3\xA9\xC3",                                   "NP1002", 2, 6,  NULL          },
        {"a: \xED\xA0\x80",                                         "NP1002", 1, 4,  NULL          },
        {"\xFF\xFE"
         "a",                                              "NP1004", 1, 1,  NULL          },
        {"\xFE\xFF"
         "a",                                              "NP1004", 1, 1,  NULL          },
    };
    check_rejected(np_yaml_read, cases, LENGTH(cases));
}

static void nul_bytes_are_refused_with_their_place(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "a: 1\nb: x\0y\n";
    reading_open(&r, NULL);
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
    assert_int_equal(r.status, NETPOL_ERR_INPUT);
    assert_string_equal(d->code, "NP1003");
    assert_int_equal(d->line, 2);
    assert_int_equal(d->column, 5);
    reading_close(&r);
}

/* What one broken document costs: itself. */
static void the_rest_of_the_stream_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *input, *documents;
        size_t diags;
    } cases[] = {
        {"a: 1\n---\nb: [\n---\nc: 3\n",                           "{a: i:1}\n{c: i:3}",           1},
        {"a: \"x\n---\nb: 1\n---\nc: }\n---\nd: 1",                "{b: i:1}\n{d: i:1}",           2},
        {"a: 1\n---\nb: \x01\n---\nc: 3\n---\nd: \xFF\n---\ne: 5", "{a: i:1}\n{c: i:3}\n{e: i:5}",
         2                                                                                          },
        {"a: \x01\n",                                              "",                             1},
        {"a: 1\na: 2\n---\nb: 1",                                  "{b: i:1}",                     1},
        {"a: 1\na: 2\nc: {d: 1, d: 2}\n---\nb: *x\n---\nc: 1",     "{c: i:1}",                     3},
        {"[[\n---\n]]\n---\nx: 1\n---",                            "{x: i:1}",                     2},
        {"{{ x }}\n---\nb: {{ y }}\n---\nc: 1\n",                  "{c: i:1}",                     2},
        {"a: 1\n---\n---\n\tb\n---\nc: 1\n",                       "{a: i:1}\n{c: i:1}",           1},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reading r;
        reading_open(&r, NULL);
        reading_run(&r, np_yaml_read, cases[i].input, strlen(cases[i].input));
        assert_int_equal(r.status, NETPOL_ERR_INPUT);
        assert_string_equal(r.out.ptr ? r.out.ptr : "", cases[i].documents);
        assert_int_equal(netpol_diags_count(r.diags), cases[i].diags);
        reading_close(&r);
    }
}

static void both_places_of_a_duplicate_are_named(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "spec:\n  ingress: 1\n  egress: 2\n  ingress: 3\n";
    reading_open(&r, NULL);
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
    assert_string_equal(d->message, "the key 'ingress' stands twice, first at 2:3");
    assert_int_equal(d->line, 4);
    assert_int_equal(d->column, 3);
    assert_int_equal(d->length, 7);
    reading_close(&r);
}

static void what_the_sink_returns_ends_the_read(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "a: 1\n---\nb: 1\n---\nc: 1\n";
    reading_open(&r, NULL);
    r.stop_at = 2;
    r.stop_with = NETPOL_ERR_STATE;
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_ERR_STATE);
    assert_int_equal(r.documents, 2);
    reading_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(keys_become_strings),
        cmocka_unit_test(the_kind_of_a_key_is_kept),
        cmocka_unit_test(tags),
        cmocka_unit_test(anchors_and_merges),
        cmocka_unit_test(a_merge_behind_an_explicit_key_is_warned_of),
        cmocka_unit_test(streams_of_documents),
        cmocka_unit_test(positions),
        cmocka_unit_test(syntax_errors),
        cmocka_unit_test(nul_bytes_are_refused_with_their_place),
        cmocka_unit_test(the_rest_of_the_stream_is_read),
        cmocka_unit_test(both_places_of_a_duplicate_are_named),
        cmocka_unit_test(what_the_sink_returns_ends_the_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
