/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, item by item, in both formats. Source: k8s.io/cli-runtime resource/visitor.go
 * (FlattenListVisitor); kubectl get -o yaml writes items before kind.
 */
#include "reading.h"

static void lists_are_taken_apart(void **state)
{
    (void)state;
    static const struct accepted cases[] = {
        {"apiVersion: v1\nitems:\n- kind: Pod\n  a: 1\n- kind: Service\nkind: List\n"
         "metadata:\n  resourceVersion: ''\n",                             "items[0]< > {kind: s:Pod, a: i:1}\nitems[1]< > {kind: s:Service}"     },
        {"kind: PodList\napiVersion: v1\nitems:\n- a: 1\n- kind: X\n",
         "items[0]<v1 PodList> {a: i:1}\nitems[1]<v1 PodList> {kind: s:X}"                                                                                 },
 /* Items without a kind wait for the one of the list; those with one do not. */
        {"items:\n- a: 1\n- kind: X\n- b: {c: d}\napiVersion: v1\nkind: PodList\n",
         "items[1]< > {kind: s:X}\nitems[0]<v1 PodList> {a: i:1}\n"
         "items[2]<v1 PodList> {b: {c: s:d}}"                                                                                                              },
        {"kind: List\nitems: []\n",                                                 ""                                                                     },
        {"kind: List\nitems:\n",                                                    ""                                                                     },
        {"{kind: List, items: [{kind: A}, {kind: B}]}",
         "items[0]< > {kind: s:A}\nitems[1]< > {kind: s:B}"                                                                                                },
        {"kind: List\nitems: &x\n- kind: A\nother: *x\n",                           "items[0]< List> {kind: s:A}"                                          },
        {"kind: List\nitems:\n- &x {kind: A}\n- *x\n- <<: *x\n  b: 1\n",
         "items[0]< > {kind: s:A}\nitems[1]< > {kind: s:A}!alias\n"
         "items[2]< > {b: i:1, kind: s:A!alias}"                                                                                                           },
        {"kind: List\napiVersion: v1\nitems:\n- kind: PodList\n  apiVersion: v1\n  items:\n"
         "  - a: 1\n- kind: B\n",                                          "items[0].items[0]<v1 PodList> {a: i:1}\nitems[1]<v1 List> {kind: s:B}"},
        {"kind: List\napiVersion: v1\nitems: [1, null, [2]]\n",
         "items[0]<v1 List> i:1\nitems[1]<v1 List> null\nitems[2]<v1 List> [i:2]"                                                                          },
 /* Below the top, items is a field like any other. */
        {"kind: X\nspec:\n  items: [1]\n",                                          "{kind: s:X, spec: {items: [i:1]}}"                                    },
        {"- items: [1]\n",                                                          "[{items: [i:1]}]"                                                     },
    };
    static const struct accepted json[] = {
        {"{\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Pod\"},{\"a\":1}],\"kind\":\"List\"}",
         "items[0]<v1 List> {kind: s:Pod}\nitems[1]<v1 List> {a: i:1}"                                                               },
        {"{\"kind\":\"List\",\"items\":[]}",                                                   ""                                    },
        {"{\"kind\":\"List\",\"items\":[ ]}",                                                  ""                                    },
        {"{\"kind\":\"List\",\"items\":null}",                                                 ""                                    },
        {"{\"\\u0069tems\":[1, \"x\" ,[2]],\"\\u006bind\":\"\\u004cist\"}",
         "items[0]< List> i:1\nitems[1]< List> s:x\nitems[2]< List> [i:2]"                                                           },
        {"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"PodList\",\"items\":"
         "[{\"a\":1}]}]}",                                                            "items[0].items[0]< PodList> {a: i:1}"},
        {"{\"kind\":\"X\",\"spec\":{\"items\":[1]}}",                                          "{kind: s:X, spec: {items: [i:1]}}"   },
        {"{\"kind\":\"List\",\"items\":[12345678901234567890,{\"kind\":\"A\"}],"
         "\"big\":12345678901234567890}",                                             "items[0]< List> i:9223372036854775807!big(12345678901234567890)\n"
         "items[1]< List> {kind: s:A}"                                             },
    };
    check_accepted(np_yaml_read, cases, LENGTH(cases), false);
    check_accepted(np_json_read, json, LENGTH(json), false);
}

static void items_elsewhere_are_refused(void **state)
{
    (void)state;
    static const struct rejected cases[] = {
        {"kind: Pod\nitems:\n- kind: A\n",                  "NP1301", 2, 1,  "items"       },
        {"items:\n- kind: A\nkind: Pod\n",                  "NP1301", 1, 1,  "items"       },
        {"a: 1\nitems: []\n",                               "NP1301", 2, 1,  "items"       },
        {"items: x\n",                                      "NP1301", 1, 1,  "items"       },
        {"kind: List\nitems: {}\n",                         "NP1302", 2, 1,  "items"       },
        {"kind: List\nitem: []\n",                          "NP1302", 1, 7,  NULL          },
        {"kind: List\nitems:\n- a: 1\n- b: {c: 1, c: 2}\n", "NP1104", 4, 13, "items[1].b.c"},
        {"kind: List\nitems:\n- a: 1\nitems:\n- b: 2\n",    "NP1104", 4, 1,  "items"       },
        {"kind: List\nitems:\n- a: *x\n",                   "NP1105", 3, 6,  "items[0].a"  },
        {"kind: List\nitems:\n- kind: List\n  items: 3\n",  "NP1302", 4, 3,  "items"       },
    };
    check_rejected(np_yaml_read, cases, LENGTH(cases));
}

/* Items without a kind whose list turns out to be none never reach the sink. */
static void what_waits_is_dropped_with_its_list(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "items:\n- a: 1\n- b: 2\nkind: Pod\n",
        "items:\n- a: 1\nkind: PodList\nkind: PodList\n",
        "items:\n- a: 1\nkind: [\n",
    };
    for (size_t i = 0; i < LENGTH(inputs); i++) {
        struct reading r;
        reading_open(&r, NULL);
        reading_run(&r, np_yaml_read, inputs[i], strlen(inputs[i]));
        assert_int_equal(r.status, NETPOL_ERR_INPUT);
        assert_int_equal(r.documents, 0);
        reading_close(&r);
    }
}

static void a_bad_item_does_not_hide_the_others(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] =
        "kind: List\nitems:\n- {kind: A}\n- {kind: B, kind: B}\n- {kind: C}\n---\nd: 1\n";
    reading_open(&r, NULL);
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_ERR_INPUT);
    assert_string_equal(r.out.ptr, "items[0]< > {kind: s:A}\nitems[2]< > {kind: s:C}\n{d: i:1}");
    reading_close(&r);
    static const char json[] =
        "{\"kind\":\"List\",\"items\":[{\"a\":1},{\"b\":1,\"b\":1},{\"c\":1}]}";
    reading_open(&r, NULL);
    reading_run(&r, np_json_read, json, sizeof json - 1);
    assert_int_equal(r.status, NETPOL_ERR_INPUT);
    assert_string_equal(r.out.ptr, "items[0]< List> {a: i:1}\nitems[2]< List> {c: i:1}");
    reading_close(&r);
}

static void a_list_kind_without_items_is_warned_of(void **state)
{
    (void)state;
    struct reading r;
    static const char input[] = "kind: NetworkPolicyList\nitem: []\n";
    reading_open(&r, NULL);
    reading_run(&r, np_yaml_read, input, sizeof input - 1);
    assert_int_equal(r.status, NETPOL_OK);
    assert_int_equal(r.documents, 1);
    assert_string_equal(netpol_diags_at(r.diags, 0)->code, "NP1303");
    assert_int_equal(netpol_diags_at(r.diags, 0)->severity, NETPOL_WARNING);
    reading_close(&r);
}

/* 20,000 items: what is held at once is one of them. */
static void memory_is_bounded_by_the_largest_item(void **state)
{
    (void)state;
    for (int json = 0; json < 2; json++) {
        struct reading r;
        struct np_text text;
        reading_open(&r, NULL);
        np_text_init(&text, r.ctx);
        np_text_addf(&text, json ? "{\"items\":[" : "apiVersion: v1\nitems:\n");
        for (int i = 0; i < 20000; i++) {
            np_text_addf(&text,
                         json ? "%s{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p%d\"}}"
                              : "%s- kind: Pod\n  metadata:\n    name: p%d\n",
                         json && i ? "," : "", i);
        }
        np_text_addf(&text, json ? "],\"kind\":\"List\"}" : "kind: List\n");
        size_t before = r.memory.bytes;
        r.memory.peak = before;
        assert_int_equal((json ? np_json_read : np_yaml_read)(r.ctx, text.ptr, text.len, "t",
                                                              r.diags, count_document, &r),
                         NETPOL_OK);
        assert_int_equal(r.documents, 20000);
        assert_true(r.memory.peak - before < 100000);
        np_text_free(&text);
        reading_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_taken_apart),
        cmocka_unit_test(items_elsewhere_are_refused),
        cmocka_unit_test(what_waits_is_dropped_with_its_list),
        cmocka_unit_test(a_bad_item_does_not_hide_the_others),
        cmocka_unit_test(a_list_kind_without_items_is_warned_of),
        cmocka_unit_test(memory_is_bounded_by_the_largest_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
