/* SPDX-License-Identifier: Apache-2.0 */
/* Equal priorities, lengths of lists, origins, lenient and strict loading, failing memory. */
#include "frame.h"

/* ---- equal priorities: #292, #293, #303 of network-policy-api; option priority_tie ---- */

#define TIE(name, action, subject, from, ports)                                               \
    CNP(name, "Admin", "7",                                                                   \
        "subject: {namespaces: {matchLabels: {ns: " subject "}}}, ingress: [{action: " action \
        ", from: [{namespaces: {matchLabels: {ns: " from "}}}], protocols: [" ports "]}]")
#define PORTS(first, last) "{tcp: {destinationPort: {range: {start: " first ", end: " last "}}}}"

static void equal_priorities_that_overlap(void **state)
{
    struct world *w = *state;
    given(w, TIE("b", "Deny", "x", "w", PORTS("80", "90"))
                 TIE("a", "Accept", "x", "w", PORTS("90", "99")));
    assert_int_equal(world_said(w, "NP2220"), 1);
    assert_int_equal(w->lower_errors, 0);
    const struct netpol_diag *d = netpol_diags_at(w->diags, netpol_diags_count(w->diags) - 1);
    assert_string_equal(d->object, "ClusterNetworkPolicy/b");
    assert_int_equal(d->severity, NETPOL_WARNING);
    assert_int_equal(d->line, 4);
    assert_verdict(w, wa, xa, 90, NETPOL_ALLOW); /* by name, whatever the order of loading */
    assert_verdict(w, wa, xa, 89, NETPOL_DENY);
}

static void equal_priorities_as_errors(void **state)
{
    struct world *w = *state;
    w->options.priority_tie = 1;
    given(w, TIE("b", "Deny", "x", "w", PORTS("80", "90"))
                 TIE("a", "Accept", "x", "w", PORTS("90", "99")));
    assert_int_equal(w->lower_errors, 1);
    w->options.priority_tie = 0;
    w->strict = true;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_int_equal(w->lower_errors, 1);
}

static void equal_priorities_that_do_not_matter(void **state)
{
    static const char *const pairs[][2] = {
        {TIE("a", "Deny",  "x",    "w", PORTS("80", "90")),
         TIE("b",                                                                    "Deny",                  "x","w",PORTS("80", "90"))},
        {TIE("a", "Deny",        "x",        "w",     PORTS("80",     "90")),
         TIE("b",          "Pass",                       "w","w",PORTS("80", "90"))},
        {TIE("a",    "Deny", "x", "w",    PORTS("80",        "90")),
         TIE("b",                         "Pass",                                             "x","x",PORTS("80", "90"))},
        {TIE("a", "Deny",     "x",        "w", PORTS("80",     "90")),
         TIE("b",    "Pass","x","w",PORTS("91", "99"))},
        {TIE("a", "Deny",          "x",          "w",          PORTS("80",                 "90")),
         CNP("b",                           "Admin",                                                                          "8",                                    ALL ", ingress: [{action: Pass, " FROM_ALL "}]")                                                                              },
        {TIE("a",    "Deny", "x","w",                       PORTS("80",                          "90")),
         CNP("b","Baseline","7",ALL ", ingress: [{action: Pass, " FROM_ALL "}]")},
        {TIE("a",    "Deny", "x",          "w",                       PORTS("80",                       "90")),
         CNP("b",                        "Admin",                                                                                                                        "7",                                                                                                                                                                                                                                    ALL ", egress: [{action: Pass, to: [{namespaces: {}}]}]")                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    },
    };
    struct world *w = *state;
    struct netpol_ctx *ctx = w->ctx;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        world_close(w);
        world_open(w, ctx);
        assert_int_equal(world_load(w, pairs[i][0]), NETPOL_OK);
        assert_int_equal(world_load(w, pairs[i][1]), NETPOL_OK);
        assert_int_equal(w->count, 2);
        assert_int_equal(world_lower(w), NETPOL_OK);
        assert_int_equal(world_said(w, "NP2220"), 0);
    }
}

static void equal_priorities_with_networks(void **state)
{
    struct world *w = *state;
    given(w, CNP("a", "Baseline", "7",
                 ALL ", egress: [{action: Pass, to: [{networks: "
                     "[192.0.2.0/24, 10.0.0.0/8]}]}]")
                 CNP("b", "Baseline", "7",
                     ALL ", egress: [{action: Deny, to: [{networks: "
                         "[198.51.100.0/24, 10.1.0.0/16]}]}]")
                     CNP("c", "Baseline", "7",
                         ALL ", egress: [{action: Deny, to: [{networks: "
                             "[203.0.113.0/24]}]}]"));
    assert_int_equal(world_said(w, "NP2220"), 1);
}

/* ---- lengths of lists: MinItems and MaxItems of apis/v1alpha1 and apis/v1alpha2 ---- */

struct repeated {
    const char *head, *item, *tail; /* item %d is printed count times, with commas between */
    unsigned most;
};

static const char *text_of(const struct repeated *r, unsigned count, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", r->head);
    for (unsigned i = 0; i < count; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s", i ? ", " : "");
        used += (size_t)snprintf(out + used, size - used, r->item, i, i);
    }
    snprintf(out + used, size - used, "%s\n", r->tail);
    return out;
}

static void lists_have_their_lengths(void **state)
{
    static const struct repeated lists[] = {
#define CNP_HEAD                                                                            \
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: " \
    "{name: p}\nspec: {tier: Admin, priority: 1, " ALL ", "
#define ANP_HEAD                                                                          \
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: " \
    "{name: p}\nspec: {priority: 1, " ALL ", "
#define BANP_HEAD                                                                                 \
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: " \
    "{name: default}\nspec: {" ALL ", "
#define SOME_PEER "{namespaces: {matchLabels: {n: v%d}}}"
        {CNP_HEAD "ingress: [",                                                "{action: Deny, " FROM_ALL "}",           "]}",     25 },
        {CNP_HEAD "egress: [",                                                 "{action: Deny, to: [{namespaces: {}}]}", "]}",     25 },
        {CNP_HEAD "ingress: [{action: Deny, from: [",                          SOME_PEER,                                "]}]}",   25 },
        {CNP_HEAD "egress: [{action: Deny, to: [",                             SOME_PEER,                                "]}]}",   25 },
        {CNP_HEAD "ingress: [{action: Deny, " FROM_ALL ", protocols: [",
                                                                 "{tcp: {destinationPort: {number: 8%d}}}",                                                                      "]}]}",   25 },
        {CNP_HEAD "egress: [{action: Accept, to: [{networks: [",               "10.%d.0.0/16",                           "]}]}]}", 25 },
        {CNP_HEAD "egress: [{action: Accept, to: [{domainNames: [",            "a%d.example",                            "]}]}]}", 25 },
        {ANP_HEAD "ingress: [",                                                "{action: Deny, " FROM_ALL "}",           "]}",     100},
        {ANP_HEAD "egress: [",                                                 "{action: Deny, to: [{namespaces: {}}]}", "]}",     100},
        {ANP_HEAD "ingress: [{action: Deny, from: [",                          SOME_PEER,                                "]}]}",   100},
        {ANP_HEAD "egress: [{action: Deny, to: [",                             SOME_PEER,                                "]}]}",   100},
        {ANP_HEAD "egress: [{action: Deny, to: [{networks: [",                 "10.%d.0.0/16",                           "]}]}]}", 25 },
        {ANP_HEAD "ingress: [{action: Deny, " FROM_ALL ", ports: [",           "{portNumber: {port: 8%d}}",
                                                                 "]}]}",                                                                                                                   100},
        {BANP_HEAD "ingress: [",                                               "{action: Deny, " FROM_ALL "}",           "]}",     100},
        {BANP_HEAD "egress: [{action: Deny, to: [",                            SOME_PEER,                                "]}]}",   100},
        {BANP_HEAD "egress: [{action: Deny, to: [{namespaces: {}}], ports: [",
                                                                 "{portNumber: {port: 8%d}}",                                                                                    "]}]}",   100},
    };
    struct world *w = *state;
    struct netpol_ctx *ctx = w->ctx;
    static char text[16384];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        world_close(w);
        world_open(w, ctx);
        given(w, text_of(&lists[i], lists[i].most, text, sizeof text));
        assert_int_equal(w->count, 1);
        given(w, text_of(&lists[i], lists[i].most + 1, text, sizeof text));
        assert_int_equal(w->count, 1);
        assert_int_equal(world_said(w, "NP2016"), 1);
        assert_int_equal(netpol_diags_seen(w->diags, NETPOL_ERROR), 1);
    }
}

/* ---- ::ffff:a.b.c.d, option mapped_v6=fold|deny ---- */

static void mapped_addresses_fold_or_are_bogus(void **state)
{
    struct world *w = *state;
    struct netpol_tuple tuple = {.family = 6, .protocol = TCP, .src_port = 40000, .dst_port = 80};
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    struct netpol_verdict v;
    memcpy(tuple.src, prefix, 12);
    memcpy(tuple.src + 12, (const uint8_t[]){10, 0, 1, 1}, 4);
    memcpy(tuple.dst, prefix, 12);
    memcpy(tuple.dst + 12, (const uint8_t[]){10, 0, 0, 1}, 4);
    given(w, NP("p", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.1.0/24}}]}]}"));
    np_reference_eval(w->model, &tuple, NULL, NULL, NULL, &v);
    assert_int_equal(v.action, NETPOL_ALLOW);
    w->options.mapped_v6 = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    np_reference_eval(w->model, &tuple, NULL, NULL, NULL, &v);
    assert_int_equal(v.action, NETPOL_DENY);
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW);
}

/* ---- what explanations stand on ---- */

static const struct np_policy *policy_named(const struct world *w, const char *name)
{
    for (uint32_t i = 1; i < w->model->n_decisions; i++) {
        const struct np_policy *policy = w->model->decisions[i].policy;
        if (policy && policy->name && strcmp(policy->name->text, name) == 0) {
            return policy;
        }
    }
    return NULL;
}

static void rules_know_where_they_were_written(void **state)
{
    struct world *w = *state;
    given(w, "# a comment\n"
             "apiVersion: networking.k8s.io/v1\n"
             "kind: NetworkPolicy\n"
             "metadata: {name: p, namespace: x}\n"
             "spec:\n"
             "  podSelector: {}\n"
             "  policyTypes: [Ingress, Egress]\n"
             "  ingress:\n"
             "  - ports: [{port: 80}]\n"
             "  - from:\n"
             "    - podSelector: {}\n"
             "    - ipBlock: {cidr: 192.0.2.0/24}\n"
             "    - namespaceSelector: {}\n"
             "  egress:\n"
             "  - {}\n");
    const struct np_policy *p = policy_named(w, "p");
    assert_non_null(p);
    assert_string_equal(p->origin.object->text, "NetworkPolicy/x/p");
    assert_string_equal(p->origin.path->text, "spec");
    assert_int_equal(p->n_rules[NP_INGRESS], 2);
    const struct np_rule *rule = &p->rules[NP_INGRESS][1];
    assert_string_equal(rule->origin.path->text, "spec.ingress[1]");
    assert_string_equal(rule->origin.source->text, "input.yaml");
    assert_int_equal(rule->origin.line, 10);
    assert_int_equal(rule->origin.column, 5);
    assert_string_equal(p->rules[NP_EGRESS][0].origin.path->text, "spec.egress[0]");
    /* alternative i is peer i */
    assert_int_equal(rule->n_alternatives, 3);
    assert_int_equal(rule->alternatives[1].far->clauses[0].items[0].literal->kind, NP_LIT_CIDR);
    assert_int_equal(p->rules[NP_INGRESS][0].n_alternatives, 1);
    assert_null(p->rules[NP_INGRESS][0].alternatives[0].far);
}

static const struct np_rule *decided(const struct world *w, const char *src, const char *dst,
                                     uint16_t port)
{
    return w->model->decisions[world_ask(w, src, dst, TCP, port).ingress.rule].rule;
}

static void the_smallest_of_several_allows_is_named(void **state)
{
    struct world *w = *state;
    given(w, NP("b", "{podSelector: {}, ingress: [{}]}")
                 NP("a", "{podSelector: {}, ingress: [{ports: [{port: 1}]}, {ports: [{port: 80}]}, "
                         "{ports: [{port: 80}]}]}"));
    const struct np_rule *rule = decided(w, wa, xa, 80);
    assert_non_null(rule);
    assert_string_equal(rule->origin.object->text, "NetworkPolicy/x/a");
    assert_string_equal(rule->origin.path->text, "spec.ingress[1]");
    rule = decided(w, wa, xa, 81);
    assert_string_equal(rule->origin.object->text, "NetworkPolicy/x/b");
}

static void rules_of_options_name_the_option(void **state)
{
    struct world *w = *state;
    given(w, NP("closed", "{podSelector: {}}"));
    const struct np_rule *rule = decided(w, xa, xa, 80);
    assert_non_null(rule);
    assert_string_equal(rule->origin.option->text, "self_traffic");
    assert_int_equal(world_ask(w, xa, xa, TCP, 80).ingress.reason, NETPOL_REASON_OPTION);
}

static void rule_names_are_titles(void **state)
{
    struct world *w = *state;
    given(w, CNP("p", "Admin", "1", ALL ", ingress: [{name: no way, action: Deny, " FROM_ALL "}]"));
    const struct np_rule *rule = decided(w, wa, xa, 80);
    assert_non_null(rule);
    assert_string_equal(rule->title->text, "no way");
}

/* ---- lenient loading ---- */

static void lenient_loading_takes_the_source_text(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_LENIENT;
    given(w, NP("p", "{podSelector: {matchLabels: {pod: on, v: 1.10, w: 010}}, ingress: [{ports: "
                     "[{port: 010}]}]}"));
    assert_int_equal(w->count, 1);
    assert_int_equal(world_said(w, "NP2009"), 3);
    assert_int_equal(world_said(w, "NP2015"), 1);
    const struct np_policy *p = policy_named(w, "p");
    const struct np_selector *all = p->subjects[NP_INGRESS]->clauses[0].items[0].literal->selector;
    assert_int_equal(all->count, 4); /* the namespace, then the three labels */
    assert_string_equal(all->kids[1]->values[0]->text, "on");
    assert_string_equal(all->kids[2]->values[0]->text, "1.10");
    assert_string_equal(all->kids[3]->values[0]->text, "010");
    assert_int_equal(p->rules[NP_INGRESS][0].alternatives[0].service->spans[0].first, 8);
}

static void strict_loading_refuses_kinds_without_meaning(void **state)
{
    struct world *w = *state;
    given(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_int_equal(netpol_diags_seen(w->diags, NETPOL_ERROR), 0);
    w->load_flags = NETPOL_LOAD_STRICT;
    given(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_int_equal(world_said(w, "NP2003"), 1);
    w->load_flags |= NETPOL_LOAD_ADMITTED; /* refused, but no policy that would have to be held */
    given(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_int_equal(w->count, 0);
}

/* Gate StrictIPCIDRValidation of the API server. */
static void strict_loading_refuses_odd_ranges(void **state)
{
    static const char odd[] =
        NP("p", "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8}}, {ipBlock: "
                "{cidr: 010.0.0.0/8}}, {ipBlock: {cidr: \"::ffff:10.0.0.0/104\"}}]"
                "}]}");
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_STRICT;
    given(w, odd);
    assert_int_equal(w->count, 0);
    assert_int_equal(netpol_diags_seen(w->diags, NETPOL_ERROR), 3);
    w->load_flags = 0;
    given(w, odd);
    assert_int_equal(w->count, 1);
    assert_int_equal(netpol_diags_seen(w->diags, NETPOL_WARNING), 3);
}

static void missing_namespaces_are_default_with_a_note(void **state)
{
    struct world *w = *state;
    given(w, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n");
    assert_int_equal(w->count, 1);
    assert_string_equal(w->objects[0]->label, "NetworkPolicy/default/p");
    assert_int_equal(world_said(w, "NP2054"), 1);
    assert_int_equal(netpol_diags_seen(w->diags, NETPOL_INFO), 1);
}

/* ---- what messages propose ---- */

static void hints_name_the_fix(void **state)
{
    static const struct {
        const char *text, *code, *hint;
    } cases[] = {
        {NP("p",                                                                           "{podselector: {}}"),                                  "NP2007",                                                                                  "Did you mean podSelector?"},
        {NP("p",                                                                                "{podSelector: {matchLabels: {app: on}}}"),                                                                                                                                "NP2008",                                                                                                "Quote it"},
        {NP("p",                                                                      "{ingress: [{ports: [{port: \"80\"}]}]}"),                                                                                                                           "NP2102",                                                                                                                "without quotes"},
        {NP("p",                                                                        "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]}"),"NP2026","/32"},
        {NP("p","{ingress: [{ports: [{protocol: tcp}]}]}"),               "NP2106",                                                                                                                                       "TCP, UDP, SCTP"},
        {CNP("p",                                                                           "Admin",                                                                                                                                   "1",
         ALL ", ingress: [{action: Deny, " FROM_ALL ", protocols: [{namedPort: http}]}]"),
         "NP2007", "Did you mean destinationNamedPort?"},
        {CNP("p",                                                                                "Admin",                                                                                                                               "1",                                                                                                                                       ALL ", ingress: [{action: Deny, " FROM_ALL ", ports: []}]"),
         "NP2007", "Did you mean protocols?"},
        {CNP("p", "Admin",                                                                                                                                "1",                                                                                                                                                                                     ALL ", ingress: [{action: Allow, " FROM_ALL "}]"), "NP2203",
         "Accept, Deny, Pass"},
        {"apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: p}\n",                                                                          "NP2005",
         "networking.k8s.io/v1"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool found = false;
        netpol_diags_clear(w->diags);
        given(w, cases[i].text);
        for (size_t j = 0; j < netpol_diags_count(w->diags); j++) {
            const struct netpol_diag *d = netpol_diags_at(w->diags, j);
            found |= strcmp(d->code, cases[i].code) == 0 && strstr(d->hint, cases[i].hint);
        }
        if (!found) {
            fail_msg("%s: no %s with a hint like \"%s\"", cases[i].text, cases[i].code,
                     cases[i].hint);
        }
    }
}

/* ---- memory ---- */

static const char everything[] = NP(
    "p", "{podSelector: {matchLabels: {pod: a}, matchExpressions: [{key: q, operator: NotIn, "
         "values: [r]}]}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: http}, "
         "{protocol: UDP, port: 1, endPort: 9}], from: [{podSelector: {}}, {ipBlock: {cidr: "
         "10.0.0.1/8, except: [10.1.0.0/16]}}]}], egress: [{}]}")
    CNP("c", "Admin", "1",
        ALL ", egress: [{name: n, action: Accept, to: [{networks: [10.0.0.0/8]}, {domainNames: "
            "[a.example]}, {nodes: {}}], protocols: [{tcp: {destinationPort: {number: 1}}}]}]")
        CNP("d", "Admin", "1",
            ALL ", ingress: [{action: Deny, " FROM_ALL ", protocols: [{destinationNamedPort: h}]}]")
            NP("bad",
               "{podselector: {}, ingress: [{ports: [{port: 0}]}]}") "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: x}\n";

static int load_and_lower(struct counting *c)
{
    struct world w;
    struct netpol_ctx *ctx = counting_ctx(c, NULL);
    if (!ctx) {
        return NETPOL_ERR_MEMORY;
    }
    world_open(&w, ctx);
    w.load_flags = NETPOL_LOAD_ADMITTED;
    w.options.other_proto = 2;
    int status = world_load(&w, everything);
    if (status == NETPOL_OK) {
        status = world_lower(&w);
    }
    if (status == NETPOL_OK) {
        assert_int_equal(w.count, 5);
    }
    world_close(&w);
    netpol_ctx_destroy(ctx);
    return status;
}

/* A diagnostic that finds no memory is dropped, so a run may succeed without it. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct counting c = {.fail_at = n, .sticky = n % 2 == 0};
        int status = load_and_lower(&c);
        assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
        assert_int_equal(c.blocks, 0);
        assert_false(c.bad_size);
        if (c.calls < n) {
            assert_int_equal(status, NETPOL_OK);
            break;
        }
        failures += status == NETPOL_ERR_MEMORY;
    }
    assert_true(failures > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_priorities_that_overlap),
        TEST(equal_priorities_as_errors),
        TEST(equal_priorities_that_do_not_matter),
        TEST(equal_priorities_with_networks),
        TEST(lists_have_their_lengths),
        TEST(mapped_addresses_fold_or_are_bogus),
        TEST(rules_know_where_they_were_written),
        TEST(the_smallest_of_several_allows_is_named),
        TEST(rules_of_options_name_the_option),
        TEST(rule_names_are_titles),
        TEST(lenient_loading_takes_the_source_text),
        TEST(strict_loading_refuses_kinds_without_meaning),
        TEST(strict_loading_refuses_odd_ranges),
        TEST(missing_namespaces_are_default_with_a_note),
        TEST(hints_name_the_fix),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
