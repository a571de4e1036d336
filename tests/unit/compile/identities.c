/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities: what they are made of, and that numbers stay. Sources: pkg/labelsfilter/filter.go,
 * pkg/labels/cidr.go, pkg/identity (ranges, reserved numbers).
 */
#include "identities.h"

/* ---- what identities are made of ---- */

static void default_filters_choose_labels(void **state)
{
    static const struct {
        const char *key;
        bool counts;
    } keys[] = {
        {"app",                                                        true },
        {"app.kubernetes.io/name",                                     true },
        {"io.kubernetes.pod.namespace",                                true },
        {"io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", true },
        {"io.cilium.k8s.policy.serviceaccount",                        true },
        {"batch.kubernetes.io/job-name",                               true },
        {"example.com/kubernetes.io",                                  true }, /* filters begin at the begin */
        {"io.kubernetes.other",                                        false},
        {"kubernetes.io/arch",                                         false},
        {"k8s.io/thing",                                               false},
        {"statefulset.kubernetes.io/pod-name",                         false},
        {"apps.kubernetes.io/pod-index",                               false},
        {"batch.kubernetes.io/job-completion-index",                   false},
        {"batch.kubernetes.io/controller-uid",                         false},
        {"failure-domain.beta.kubernetes.io/zone",                     false},
        {"pod-template-hash",                                          false},
        {"pod-template-generation",                                    false},
        {"controller-revision-hash",                                   false},
        {"controller-uid",                                             false},
        {"annotation.thing",                                           false},
        {"etcd_node",                                                  false},
        {"topology.kubernetes.io/zone",                                false}, /* since 1.19 */
        {"io.cilium.k8s.namespace.labels.topology.kubernetes.io/zone", true },
        {"io.cilium.k8s.namespace.labels.a.beta.kubernetes.io/b",      false}, /* ends behind it */
    };
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (np_cilium_label_counts(np_slice_of(keys[i].key)) != keys[i].counts) {
            fail_msg("%s", keys[i].key);
        }
    }
}

static void prefixes_are_written_as_labels(void **state)
{
    static const struct {
        const char *prefix, *label;
    } prefixes[] = {
        {"10.0.0.0/8",       "cidr:10.0.0.0/8"      },
        {"fd00::/8",         "cidr:fd00--0/8"       },
        {"::1/128",          "cidr:0--1/128"        },
        {"2001:db8::42/128", "cidr:2001-db8--42/128"},
    };
    struct counting memory = {0};
    struct netpol_ctx *ctx = counting_ctx(&memory, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct np_prefix prefix;
        struct np_text text;
        np_text_init(&text, ctx);
        assert_int_equal(np_prefix_parse(np_slice_of(prefixes[i].prefix), &prefix, NULL), 0);
        np_cilium_cidr_labels(&prefix, i > 0, &text);
        assert_string_equal(text.ptr, prefixes[i].label);
        assert_string_equal(text.ptr + strlen(text.ptr) + 1,
                            i ? "reserved:world-ipv6" : "reserved:world");
        np_text_free(&text);
    }
    netpol_ctx_destroy(ctx);
}

static void a_table_is_sorted_and_complete(void **state)
{
    struct world w;
    char labels[1024];
    struct netpol_identity identity;
    size_t at;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, BLOCK("p", "8.8.0.0/16", "8.8.8.0/24, 8.8.4.0/24")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(netpol_identity_count(w.matcher), 10 + 2 + 3);
    labels_of(w.matcher, 10, labels, sizeof labels);
    assert_string_equal(labels, "k8s:app=cart;"
                                "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=ns;"
                                "k8s:io.cilium.k8s.namespace.labels.team=a;"
                                "k8s:io.cilium.k8s.policy.cluster=default;"
                                "k8s:io.cilium.k8s.policy.serviceaccount=default;"
                                "k8s:io.kubernetes.pod.namespace=ns;");
    assert_int_equal(number_of(w.matcher, "app=cart"), 256);
    assert_int_equal(number_of(w.matcher, "app=web"), 257);
    assert_int_equal(number_of(w.matcher, "cidr:8.8.0.0/16;reserved:world;"), 16777217);
    assert_int_equal(number_of(w.matcher, "cidr:8.8.4.0/24"), 16777218);
    assert_int_equal(number_of(w.matcher, "cidr:8.8.8.0/24"), 16777219);
    assert_int_equal(netpol_identity_find(w.matcher, 16777219, &at), NETPOL_OK);
    assert_int_equal(netpol_identity_at(w.matcher, at, &identity), NETPOL_OK);
    assert_int_equal(identity.kind, NETPOL_IDENTITY_PREFIX);
    assert_int_equal(identity.length, 24);
    assert_memory_equal(identity.address, "\x08\x08\x08\x00", 4);
    assert_int_equal(netpol_identity_find(w.matcher, NETPOL_IDENTITY_HOST, &at), NETPOL_OK);
    assert_int_equal(at, 0);
    assert_int_equal(netpol_identity_find(w.matcher, 258, &at), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_identity_at(w.matcher, 15, &identity), NETPOL_ERR_NOT_FOUND);
    assert_null(netpol_identity_label(w.matcher, 0, 1));
    world_close(&w);
}

/* pkg/option ClusterName; the agent's option labels */
static void cluster_and_filters_are_the_clusters(void **state)
{
    static const char more[] =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n"
        "data: {cluster-name: prod}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: h, namespace: ns, labels: {app: h, "
        "pod-template-hash: x, io.cilium.k8s.policy.cluster: mine}}\nstatus: {podIP: 10.0.0.9}\n";
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, more), NETPOL_OK);
    compile_next(&w);
    assert_int_not_equal(number_of(w.matcher, "k8s:app=h;k8s:io.cilium.k8s.namespace"), 0);
    assert_int_not_equal(number_of(w.matcher, "k8s:io.cilium.k8s.policy.cluster=prod;"), 0);
    assert_int_equal(number_of(w.matcher, "cluster=default"), 0);
    assert_int_equal(number_of(w.matcher, "cluster=mine"), 0); /* not for a pod to say */
    assert_int_equal(number_of(w.matcher, "pod-template-hash"), 0);
    assert_int_equal(world_try_compile(&w, "cilium", "identity_labels=all"), NETPOL_OK);
    assert_int_not_equal(number_of(w.matcher, "k8s:pod-template-hash=x;"), 0);
    assert_int_equal(number_of(w.matcher, "cluster=mine"), 0);
    world_close(&w);
}

/* pkg/k8s/apis/cilium.io/v2/types.go, CiliumIdentity: the numbers of the cluster are the ones. */
#define NUMBER(name, app)                                                                 \
    "---\napiVersion: cilium.io/v2\nkind: CiliumIdentity\nmetadata: {name: '" name "'}\n" \
    "security-labels: {'k8s:app': " app ", 'k8s:io.kubernetes.pod.namespace': ns,\n"      \
    "  'k8s:io.cilium.k8s.policy.cluster': default,\n"                                    \
    "  'k8s:io.cilium.k8s.policy.serviceaccount': default,\n"                             \
    "  'k8s:io.cilium.k8s.namespace.labels.team': a,\n"                                   \
    "  'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': ns}\n"

static void numbers_of_the_cluster_go_first(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    compile_next(&w);
    assert_int_equal(number_of(w.matcher, "app=cart"), 256);
    assert_int_equal(number_of(w.matcher, "app=web"), 257);
    /* 256 is nobody's here, but others' in the cluster; of two the lowest; a mesh has large ones */
    assert_int_equal(world_load(&w, NUMBER("256", "other") NUMBER("4711", "web")
                                        NUMBER("131072", "web") NUMBER("131073", "x")),
                     NETPOL_OK);
    compile_next(&w);
    assert_int_equal(number_of(w.matcher, "app=web"), 4711);
    assert_int_equal(number_of(w.matcher, "app=cart"), 258); /* 256 and 257 were given before */
    assert_int_equal(world_load(&w, NUMBER("131072", "cart")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(number_of(w.matcher, "app=cart"), 131072);
    assert_int_equal(number_of(w.matcher, "app=web"), 4711);
    world_close(&w);
}

/* Without the objects what they said is in the ledger. */
static void numbers_of_the_cluster_are_kept(void **state)
{
    struct world w, other;
    (void)state;
    open_cluster(&w);
    open_cluster(&other);
    assert_int_equal(world_load(&w, NUMBER("300", "web")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(number_of(w.matcher, "app=web"), 300);
    assert_int_equal(world_load(&other, NUMBER("7", "web") NUMBER("web", "web")), NETPOL_OK);
    struct netpol_matcher *ledger = reopened(&other, w.matcher), *next = NULL;
    assert_int_equal(compile_from(&other, ledger, "cilium", &next), NETPOL_OK);
    use(&other, next);
    netpol_matcher_unref(ledger);
    assert_int_equal(number_of(other.matcher, "app=web"), 300); /* 7 is reserved, "web" no number */
    assert_int_equal(number_of(other.matcher, "app=cart"), number_of(w.matcher, "app=cart"));
    world_close(&other);
    world_close(&w);
}

/* Reserved identities that policies name are no prefixes, whatever their addresses are. */
static void reserved_addresses_are_no_prefixes(void **state)
{
    static const char more[] =
        "apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes, namespace: default}\n"
        "spec: {clusterIP: 10.96.0.1, ports: [{port: 443}]}\n---\n"
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: kubernetes, namespace: default}\n"
        "subsets: [{addresses: [{ip: 203.0.113.5}], ports: [{port: 6443}]}]\n---\n"
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
        "metadata: {name: p, namespace: ns}\nspec:\n  endpointSelector: {}\n"
        "  egress: [{toEntities: [kube-apiserver, health]}, {toCIDR: [198.51.100.0/24]}]\n";
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, more), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(netpol_identity_count(w.matcher), 10 + 2 + 1);
    assert_int_equal(number_of(w.matcher, "cidr:198.51.100.0/24"), 16777217);
    world_close(&w);
}

static void another_engine_has_none(void **state)
{
    struct world w;
    uint32_t src = 9, dst = 9;
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4
    };
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    world_compile(&w);
    assert_int_equal(netpol_identity_count(w.matcher), 0);
    assert_int_equal(netpol_identity_ends(w.view, &tuple, 0, &src, &dst), NETPOL_ERR_UNSUPPORTED);
    assert_int_equal(src | dst, 0);
    world_close(&w);
}

/* ---- numbers ---- */

static void free_numbers_come_around(void **state)
{
    struct np_identity items[4] = {{.number = 0}};
    struct np_identity_list list = {items, 4, 0};
    static const uint32_t kept[] = {11, 14};
    (void)state;
    assert_int_equal(np_identity_numbers(&list, kept, 2, 10, 20), 0);
    assert_int_equal(items[0].number, 10);
    assert_int_equal(items[1].number, 12);
    assert_int_equal(items[2].number, 13);
    assert_int_equal(items[3].number, 15);
    assert_int_equal(list.next, 16);
    struct np_identity others[4] = {{.number = 11}, {.number = 0}, {.number = 0}, {.number = 0}};
    struct np_identity_list around = {others, 4, 19};
    assert_int_equal(np_identity_numbers(&around, kept, 2, 10, 20), 0);
    assert_int_equal(others[0].number, 11);
    assert_int_equal(others[1].number, 19);
    assert_int_equal(others[2].number, 20);
    assert_int_equal(others[3].number, 10);
    assert_int_equal(around.next, 11);
    /* three numbers, one in use, three that want one */
    struct np_identity more[3] = {{.number = 0}};
    struct np_identity_list full = {more, 3, 12};
    assert_int_equal(np_identity_numbers(&full, kept, 1, 10, 12), 1);
    assert_int_equal(more[0].number, 12);
    assert_int_equal(more[1].number, 10);
    assert_int_equal(more[2].number, 0);
}

/* More label sets than numbers: said, and none is shared. */
static void numbers_may_be_used_up(void **state)
{
    struct world w;
    char name[32];
    (void)state;
    world_open(&w);
    for (unsigned i = 0; i < 65280 + 2; i++) {
        struct netpol_label label = {"app", name};
        struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                            .namespace_name = "ns",
                                            .name = name,
                                            .labels = &label,
                                            .n_labels = 1};
        uint64_t ref;
        snprintf(name, sizeof name, "p%u", i);
        assert_int_equal(netpol_store_put_endpoint(w.store, &spec, &ref, w.diags),
                         NETPOL_NEEDS_COMPILE);
    }
    compile_next(&w);
    assert_non_null(world_diag(&w, "NP3107"));
    assert_int_equal(netpol_identity_count(w.matcher), 10 + 65280);
    uint32_t number = 1;
    uint64_t ref = netpol_view_find(w.view, "ns", "p9999"); /* the last two, by label */
    assert_int_equal(netpol_identity_of(w.view, ref, 0, NULL, &number), NETPOL_OK);
    assert_int_equal(number, NETPOL_IDENTITY_UNKNOWN);
    ref = netpol_view_find(w.view, "ns", "p0");
    assert_int_equal(netpol_identity_of(w.view, ref, 0, NULL, &number), NETPOL_OK);
    assert_int_equal(number, 256);
    /* two that had one go: the two that had none get theirs, the others keep them */
    assert_int_equal(netpol_store_remove(w.store, "", "Pod", "ns", "p17"), NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "", "Pod", "ns", "p18"), NETPOL_OK);
    uint32_t kept = number_of(w.matcher, "k8s:app=p19;");
    compile_next(&w);
    assert_int_equal(netpol_identity_count(w.matcher), 10 + 65280);
    assert_int_equal(number_of(w.matcher, "k8s:app=p19;"), kept);
    assert_int_not_equal(number_of(w.matcher, "k8s:app=p9999;"), 0);
    world_close(&w);
}

/* ---- numbers stay ---- */

struct known { /* label text -> number, of the compile before; and all numbers ever given */
    char labels[64][400];
    uint32_t numbers[64];
    size_t count;
    uint32_t highest[2];
};

/* Same key, same number; new key, a number that was never given; two keys never share one. */
static void check_against(struct known *known, const struct netpol_matcher *matcher)
{
    static struct known now;
    now = (struct known){
        .highest = {known->highest[0], known->highest[1]}
    };
    for (size_t i = 0; i < netpol_identity_count(matcher); i++) {
        struct netpol_identity identity;
        assert_int_equal(netpol_identity_at(matcher, i, &identity), NETPOL_OK);
        labels_of(matcher, i, now.labels[now.count], sizeof now.labels[0]);
        uint32_t before = 0;
        for (size_t k = 0; k < known->count; k++) {
            bool same = strcmp(known->labels[k], now.labels[now.count]) == 0;
            before = same ? known->numbers[k] : before;
        }
        uint32_t *highest = &now.highest[identity.kind == NETPOL_IDENTITY_PREFIX];
        if (before) {
            assert_int_equal(identity.number, before);
        } else if (identity.kind != NETPOL_IDENTITY_RESERVED) {
            assert_true(identity.number > known->highest[identity.kind == NETPOL_IDENTITY_PREFIX]);
        }
        *highest = identity.number > *highest ? identity.number : *highest;
        now.numbers[now.count++] = identity.number;
    }
    for (size_t i = 1; i < now.count; i++) {
        assert_true(now.numbers[i - 1] < now.numbers[i]);
    }
    *known = now;
}

static void edit(struct world *w, uint32_t *seed)
{
    char text[600], name[16];
    uint32_t which = draw(seed, 6), value = draw(seed, 5);
    switch (draw(seed, 8)) {
    case 0:
        snprintf(text, sizeof text, POD("p%u", "app%u", "10.0.1.%u"), which, value, which);
        assert_int_equal(world_load(w, text), NETPOL_OK);
        break;
    case 1:
        snprintf(name, sizeof name, "p%u", which);
        (void)netpol_store_remove(w->store, "", "Pod", "ns", name);
        break;
    case 2:
        snprintf(name, sizeof name, "q%u", which);
        (void)netpol_store_remove(w->store, "networking.k8s.io", "NetworkPolicy", "ns", name);
        break;
    default:
        snprintf(text, sizeof text, BLOCK("q%u", "%u.0.0.0/8", "%u.%u.0.0/16"), which, 11 + value,
                 11 + value, draw(seed, 4));
        assert_int_equal(world_load(w, text), NETPOL_OK);
        break;
    }
}

static void edits_keep_numbers(void **state)
{
    static struct known known;
    uint64_t reused = 0;
    (void)state;
    for (uint32_t run = 0; run < 4; run++) {
        struct world w;
        uint32_t seed = 77 + run;
        open_cluster(&w);
        known = (struct known){.count = 0};
        for (unsigned i = 0; i < 150; i++) {
            check_against(&known, w.matcher);
            edit(&w, &seed);
            if (draw(&seed, 3) == 0) { /* as after a restart: only the image is left */
                struct netpol_matcher *opened = reopened(&w, w.matcher);
                use(&w, opened);
            }
            compile_next(&w);
            struct netpol_matcher_stats stats = {.size = sizeof stats};
            assert_int_equal(netpol_matcher_stats(w.matcher, &stats), NETPOL_OK);
            reused += stats.reused_groups != 0;
        }
        world_close(&w);
    }
    assert_in_range(reused, 50, 600); /* both ways of compiling were met */
}

static void policies_do_not_touch_pods(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    world_forget(&w);
    assert_int_equal(world_load(&w, BLOCK("p", "8.8.0.0/16", "8.8.8.0/24")), NETPOL_OK);
    compile_next(&w); /* without a ledger */
    assert_int_equal(number_of(w.matcher, "app=cart"), 256);
    assert_int_equal(number_of(w.matcher, "app=web"), 257);
    world_close(&w);
}

/* The same objects, loaded in another order, with the same ledger. */
static void equal_stores_give_equal_images(void **state)
{
    static const char *const more[] = {BLOCK("p", "8.8.0.0/16", "8.8.8.0/24"),
                                       BLOCK("q", "9.0.0.0/8", "9.9.9.9/32"),
                                       BLOCK("r", "8.8.8.0/24", "8.8.8.8/32")};
    struct netpol_matcher *made[2];
    struct world w[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_cluster(&w[i]);
        assert_int_equal(world_load(&w[i], POD("d", "aaa", "10.0.0.4")), NETPOL_OK);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(world_load(&w[i], more[i ? 2 - k : k]), NETPOL_OK);
        }
        struct netpol_matcher *ledger = reopened(&w[i], w[i].matcher);
        assert_int_equal(compile_from(&w[i], ledger, "cilium", &made[i]), NETPOL_OK);
        netpol_matcher_unref(ledger);
    }
    size_t sizes[2];
    const void *images[2] = {netpol_matcher_image(made[0], &sizes[0]),
                             netpol_matcher_image(made[1], &sizes[1])};
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(images[0], images[1], sizes[0]);
    assert_int_equal(number_of(made[0], "app=aaa"), 258); /* the first by label came last */
    for (int i = 0; i < 2; i++) {
        netpol_matcher_unref(made[i]);
        world_close(&w[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_filters_choose_labels),
        cmocka_unit_test(prefixes_are_written_as_labels),
        cmocka_unit_test(a_table_is_sorted_and_complete),
        cmocka_unit_test(cluster_and_filters_are_the_clusters),
        cmocka_unit_test(numbers_of_the_cluster_go_first),
        cmocka_unit_test(numbers_of_the_cluster_are_kept),
        cmocka_unit_test(reserved_addresses_are_no_prefixes),
        cmocka_unit_test(another_engine_has_none),
        cmocka_unit_test(free_numbers_come_around),
        cmocka_unit_test(numbers_may_be_used_up),
        cmocka_unit_test(edits_keep_numbers),
        cmocka_unit_test(policies_do_not_touch_pods),
        cmocka_unit_test(equal_stores_give_equal_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
