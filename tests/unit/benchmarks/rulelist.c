/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of rules for the benchmarks: the generator's promises, and the files. */
#include "np_cmocka.h"
#include "rulelist.h"

/* A file that reads as the text. */
static FILE *file_of(const char *text)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    rewind(file);
    return file;
}

static void lists_are_of_the_size_asked_and_the_same_again(void **state)
{
    (void)state;
    for (size_t s = 0; bench_rule_shapes[s]; s++) {
        struct bench_rules a, b, other;
        size_t same = 0;
        assert_true(bench_rules_make(bench_rule_shapes[s], 3000, 7, &a));
        assert_true(bench_rules_make(bench_rule_shapes[s], 3000, 7, &b));
        assert_true(bench_rules_make(bench_rule_shapes[s], 3000, 8, &other));
        assert_int_equal(a.count, 3000);
        assert_memory_equal(a.items, b.items, a.count * sizeof *a.items);
        for (size_t i = 0; i < a.count; i++) {
            assert_int_equal(a.items[i].id, i);
            assert_true(a.items[i].src_first <= a.items[i].src_last);
            assert_true(a.items[i].dst_first <= a.items[i].dst_last);
            same += a.items[i].src == other.items[i].src && a.items[i].dst == other.items[i].dst;
        }
        assert_true(same < a.count / 2);
        bench_rules_free(&a);
        bench_rules_free(&b);
        bench_rules_free(&other);
    }
}

/* What makes the shapes differ: how often an end is anything, and how often source ports count. */
static void shapes_are_as_said(void **state)
{
    struct bench_rules acl, fw, ipc;
    size_t wide[3] = {0}, ports[3] = {0};
    (void)state;
    assert_true(bench_rules_make("acl", 5000, 1, &acl));
    assert_true(bench_rules_make("fw", 5000, 1, &fw));
    assert_true(bench_rules_make("ipc", 5000, 1, &ipc));
    const struct bench_rules *lists[] = {&acl, &fw, &ipc};
    for (size_t l = 0; l < 3; l++) {
        for (size_t i = 0; i < lists[l]->count; i++) {
            const struct bench_rule *rule = &lists[l]->items[i];
            wide[l] += rule->src_length == 0 || rule->dst_length == 0;
            ports[l] += rule->src_first != 0 || rule->src_last != UINT16_MAX;
        }
    }
    assert_int_equal(ports[0], 0);
    assert_true(ports[1] > 1000 && ports[2] > 500);
    assert_true(wide[0] < 1000 && wide[1] > 2000 && wide[2] > 500);
    bench_rules_free(&acl);
    bench_rules_free(&fw);
    bench_rules_free(&ipc);
    assert_false(bench_rules_make("none", 10, 1, &acl));
}

static void packets_ask_for_rules_and_for_nothing(void **state)
{
    struct bench_rules rules;
    struct bench_packets packets;
    size_t hits = 0;
    (void)state;
    assert_true(bench_rules_make("acl", 1000, 3, &rules));
    assert_true(bench_packets_make(&rules, 2000, 3, &packets));
    assert_int_equal(packets.count, 2000);
    for (size_t i = 0; i < packets.count; i++)
        hits += bench_rules_first(&rules, &packets.items[i]) != BENCH_NO_RULE;
    assert_true(hits >= 1700 && hits < 2000);
    bench_rules_free(&rules);
    bench_packets_free(&packets);
}

static void the_first_rule_decides(void **state)
{
    struct bench_rules rules;
    char error[BENCH_ERROR];
    FILE *in = file_of("@10.0.0.0/8\t0.0.0.0/0\t0 : 65535\t80 : 90\t0x06/0xFF\t0x0000/0x0000\n"
                       "\n"
                       "@10.1.0.0/16 1.2.3.4/32 5:5 0:65535 0x00/0x00\r\n");
    (void)state;
    assert_true(bench_rules_read(in, "two", &rules, error));
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.items[1].src, 0x0a010000);
    assert_int_equal(rules.items[1].src_length, 16);
    assert_int_equal(rules.items[1].any_protocol, 1);
    assert_int_equal(rules.items[0].protocol, 6);
    struct bench_packet p = {0x0a010203, 0x01020304, 5, 90, 6};
    assert_int_equal(bench_rules_first(&rules, &p), 0);
    p.dst_port = 91;
    assert_int_equal(bench_rules_first(&rules, &p), 1);
    p.src_port = 6;
    assert_int_equal(bench_rules_first(&rules, &p), BENCH_NO_RULE);
    bench_rules_free(&rules);
    fclose(in);
}

static void what_is_written_reads_back(void **state)
{
    struct bench_rules rules, again;
    struct bench_packets packets, packets_again;
    char error[BENCH_ERROR];
    (void)state;
    assert_true(bench_rules_make("ipc", 500, 5, &rules));
    assert_true(bench_packets_make(&rules, 500, 5, &packets));
    FILE *list = tmpfile(), *trace = tmpfile();
    assert_true(list && trace);
    assert_true(bench_rules_write(list, &rules) && bench_packets_write(trace, &packets));
    rewind(list);
    rewind(trace);
    assert_true(bench_rules_read(list, "list", &again, error));
    assert_true(bench_packets_read(trace, "trace", &packets_again, error));
    assert_int_equal(again.count, rules.count);
    assert_int_equal(packets_again.count, packets.count);
    for (size_t i = 0; i < rules.count; i++) {
        again.items[i].allow = rules.items[i].allow; /* not in the file */
        if (rules.items[i].any_protocol)
            rules.items[i].protocol = 0;
        assert_memory_equal(&again.items[i], &rules.items[i], sizeof *rules.items);
        assert_int_equal(packets_again.items[i].dst, packets.items[i].dst);
        assert_int_equal(packets_again.items[i].protocol, packets.items[i].protocol);
    }
    bench_rules_free(&rules);
    bench_rules_free(&again);
    bench_packets_free(&packets);
    bench_packets_free(&packets_again);
    fclose(list);
    fclose(trace);
}

static void wrong_lines_are_named(void **state)
{
    static const struct {
        const char *text, *error;
        bool trace;
    } rows[] = {
        {"10.0.0.0/8",                                       "f:1: filter: '@' expected, not '1'",                   false},
        {"@10.0.0.0",                                        "f:1: source: '/' expected before the end of the line", false},
        {"@10.0.0.256/8",                                    "f:1: source: larger than 255",                         false},
        {"@10.0.0.0/33",                                     "f:1: source: larger than 32",                          false},
        {"@1.2.3.4/32 1.2.3.4/32 9 : 8 0 : 1 0x06/0xFF",     "f:1: source port: 9 is above 8",                       false},
        {"@1.2.3.4/32 1.2.3.4/32 0 : 65536 0 : 1 0x06/0xFF", "f:1: source port: larger than 65535",
         false                                                                                                            },
        {"@1.2.3.4/32 1.2.3.4/32 0 : 1 0 : 1 0x06/0x0F",
         "f:1: protocol mask: 0x00 or 0xFF expected",                                                                false},
        {"@1.2.3.4/32 1.2.3.4/32 0 : 1 0 : 1 6/0xFF",        "f:1: protocol: '0' expected, not '6'",
         false                                                                                                            },
        {"1 2 3 4 5\n\n1 2 3 4\n",                           "f:3: protocol: a number expected",                     true },
        {"1 2 3 70000 5\n",                                  "f:1: destination port: larger than 65535",             true },
        {"1 2 3 4 5 6 7 8\n",                                "f:1: more than seven numbers",                         true },
        {"1 2 3 4x 5\n",                                     "f:1: destination port: 'x' is no digit",               true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench_rules rules = {0};
        struct bench_packets packets = {0};
        char error[BENCH_ERROR];
        FILE *in = file_of(rows[i].text);
        assert_false(rows[i].trace ? bench_packets_read(in, "f", &packets, error)
                                   : bench_rules_read(in, "f", &rules, error));
        assert_string_equal(error, rows[i].error);
        assert_null(rules.items);
        assert_null(packets.items);
        fclose(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_of_the_size_asked_and_the_same_again),
        cmocka_unit_test(shapes_are_as_said),
        cmocka_unit_test(packets_ask_for_rules_and_for_nothing),
        cmocka_unit_test(the_first_rule_decides),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(wrong_lines_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
