/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles and options: tables, and what is said about everything that is not in them. */
#include "np_world.h"
#include "compile/matcher.h"

/* The value an option has under a profile after one setting (NULL: none). */
static void assert_option(const char *profile, const char *setting, const char *name,
                          const char *value)
{
    struct world w;
    world_open(&w);
    assert_int_equal(world_try_compile(&w, profile, setting), NETPOL_OK);
    assert_string_equal(netpol_matcher_option(w.matcher, name), value);
    assert_null(netpol_matcher_option(w.matcher, "no_such_option"));
    world_close(&w);
}

/* Source: spec of the engine options, section 7: what the profile kubernetes sets. */
static void kubernetes_has_the_documented_defaults(void **state)
{
    static const char *const expected[][2] = {
        {"ipblock_matches_pods", "on"         },
        {"own_node_ingress",     "allow"      },
        {"own_node_egress",      "judge"      },
        {"self_traffic",         "allow"      },
        {"host_network",         "node"       },
        {"other_proto",          "judge"      },
        {"priority_tie",         "name"       },
        {"unknown_peer",         "error"      },
        {"unknown_pod_ip",       "unknown"    },
        {"unlearnt_pod_address", "unknown"    },
        {"shared_address",       "restrictive"},
        {"service_address",      "unknown"    },
        {"mapped_v6",            "fold"       },
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_option("kubernetes", NULL, expected[i][0], expected[i][1]);
        assert_option("kubernetes+none", NULL, expected[i][0], expected[i][1]);
        assert_option("none", NULL, expected[i][0], expected[i][1]);
    }
}

static void np_guard_sets_its_assumptions(void **state)
{
    static const char *const expected[][2] = {
        {"ipblock_matches_pods",  "off"    },
        {"ipblock_matches_nodes", "off"    },
        {"own_node_ingress",      "judge"  },
        {"host_network",          "pod"    },
        {"node_addresses",        "nothing"},
        {"ipv6_networks",         "nothing"},
        {"self_traffic",          "allow"  },
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_option("np-guard", NULL, expected[i][0], expected[i][1]);
    }
}

static void a_setting_wins_over_the_profile(void **state)
{
    (void)state;
    assert_option("np-guard", "host_network=node", "host_network", "node");
    assert_option("kubernetes", "other_proto=deny", "other_proto", "deny");
}

static void every_value_of_every_option_can_be_set(void **state)
{
    const struct netpol_option_info *info;
    (void)state;
    for (size_t i = 0; (info = netpol_option_at(i)); i++) {
        char values[128], setting[256];
        snprintf(values, sizeof values, "%s", info->values);
        assert_true(strlen(info->doc) > 10);
        for (char *v = strtok(values, "|"); v; v = strtok(NULL, "|")) {
            snprintf(setting, sizeof setting, "%s=%s", info->name, v);
            struct world w;
            world_open(&w);
            assert_int_equal(world_try_compile(&w, "kubernetes", setting), NETPOL_OK);
            assert_string_equal(netpol_matcher_option(w.matcher, info->name), v);
            world_close(&w);
        }
    }
    assert_null(netpol_option_at(NP_OPTION_COUNT));
}

static void assert_refused(const char *profile, const char *setting, const char *code,
                           const char *message, const char *hint)
{
    struct world w;
    world_open(&w);
    assert_int_equal(world_try_compile(&w, profile, setting), NETPOL_ERR_INPUT);
    assert_null(w.matcher);
    const struct netpol_diag *diag = world_diag(&w, code);
    assert_non_null(diag);
    assert_has(diag->message, message);
    assert_has(diag->hint, hint);
    world_close(&w);
}

static void what_is_misspelt_is_told(void **state)
{
    (void)state;
    assert_refused("kubernets", NULL, "NP3101", "no profile 'kubernets'", "'kubernetes'");
    assert_refused("kubernetes", "host_netwrk=pod", "NP3103", "no option 'host_netwrk'",
                   "'host_network'");
    assert_refused("kubernetes", "host_network=pods", "NP3104", "'pods' is no value of",
                   "node|pod");
    assert_refused("kubernetes", "host_network", "NP3105", "option=value", "");
    assert_refused("kubernetes", "=pod", "NP3103", "no option ''", "");
}

static void profiles_that_do_not_exist_yet_are_refused(void **state)
{
    (void)state;
    assert_refused("kubernetes+istio", NULL, "NP3102", "'istio' is not built yet", "");
    assert_refused("cilium+istio-ambient", NULL, "NP3102", "not built yet", "");
    assert_refused("auto", NULL, "NP3101", "chosen by the command", "");
    assert_refused("kubernetes+np-guard", NULL, "NP3101", "two profiles of the network plane", "");
    assert_refused("", NULL, "NP3101", "no profile ''", "");
    assert_refused("kubernetes+", NULL, "NP3101", "no profile ''", "");
}

static void the_list_of_profiles_holds_what_compiles(void **state)
{
    const char *name;
    size_t count = 0;
    (void)state;
    for (; (name = netpol_profile_at(count)); count++) {
        struct world w;
        world_open(&w);
        assert_int_equal(world_try_compile(&w, name, NULL), NETPOL_OK);
        world_close(&w);
    }
    assert_int_equal(count, 4);
}

static void a_hand_written_corpus_is_read_leniently(void **state)
{
    (void)state;
    assert_int_equal(netpol_profile_load_flags("np-guard"), NETPOL_LOAD_LENIENT);
    assert_int_equal(netpol_profile_load_flags("np-guard+none"), NETPOL_LOAD_LENIENT);
    assert_int_equal(netpol_profile_load_flags("kubernetes"), 0);
    assert_int_equal(netpol_profile_load_flags("no-such"), 0);
    assert_int_equal(netpol_profile_load_flags(NULL), 0);
}

/* docs/options.md has a row of each option, with its values, the default first. */
static void the_documentation_has_every_option(void **state)
{
    static char text[65536];
    const struct netpol_option_info *info;
    struct world w;
    (void)state;
    FILE *in = fopen(NETPOL_SOURCE_DIR "/docs/options.md", "rb");
    assert_non_null(in);
    size_t size = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[size] = '\0';
    world_open(&w);
    world_compile(&w);
    for (size_t i = 0; (info = netpol_option_at(i)); i++) {
        char row[256], values[128];
        snprintf(row, sizeof row, "| `%s` | `%s`", info->name,
                 netpol_matcher_option(w.matcher, info->name));
        const char *at = strstr(text, row);
        if (!at) {
            fail_msg("docs/options.md: no row begins %s", row);
        }
        snprintf(row, sizeof row, "%.*s", (int)strcspn(at, "\n"), at);
        snprintf(values, sizeof values, "%s", info->values);
        for (char *v = strtok(values, "|"); v; v = strtok(NULL, "|")) {
            char quoted[64];
            snprintf(quoted, sizeof quoted, "`%s`", v);
            assert_has(row, quoted);
        }
        assert_has(row, info->doc);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kubernetes_has_the_documented_defaults),
        cmocka_unit_test(np_guard_sets_its_assumptions),
        cmocka_unit_test(a_setting_wins_over_the_profile),
        cmocka_unit_test(every_value_of_every_option_can_be_set),
        cmocka_unit_test(what_is_misspelt_is_told),
        cmocka_unit_test(profiles_that_do_not_exist_yet_are_refused),
        cmocka_unit_test(the_list_of_profiles_holds_what_compiles),
        cmocka_unit_test(a_hand_written_corpus_is_read_leniently),
        cmocka_unit_test(the_documentation_has_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
