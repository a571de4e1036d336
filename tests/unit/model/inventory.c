/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed inventory: order, namespaces, workloads, nodes, and what an end of a hop is. Source of
 * the rules: kubernetes.io documentation of network policies (own node, hostNetwork), and the
 * controllers' naming of ReplicaSets and Jobs.
 */
#include "inventory_world.h"

/* ---- namespaces ---- */

static void namespaces_are_made_up_and_get_their_name_label(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct np_namespace *given = np_build_namespace(w.b, np_build_text(w.b, "given"));
    given->labels = labels_of(&w, "kubernetes.io/metadata.name=lie,team=a,zone=z");
    assert_ptr_equal(np_build_namespace(w.b, np_build_text(w.b, "given")), given);
    add_pod(&w, "made-up", "p", "10.0.0.1", "");
    world_seal(&w);
    np_str key = np_strings_find(w.model->strings, np_slice_of("kubernetes.io/metadata.name"));
    const struct np_namespace *space = np_inventory_namespace(w.inv, np_slice_of("given"));
    assert_false(space->synthesized);
    assert_int_equal(space->labels.count, 3);
    assert_text(np_labels_get(&space->labels, key), "given");
    space = np_inventory_namespace(w.inv, np_slice_of("made-up"));
    assert_true(space->synthesized);
    assert_text(np_labels_get(&space->labels, key), "made-up");
    assert_ptr_equal(pod_named(&w, "made-up", "p")->space, space);
    assert_null(np_inventory_namespace(w.inv, np_slice_of("no")));
    assert_int_equal(w.inv->n_namespaces, 2);
    world_end(&w);
}

/* ---- order ---- */

static void fill_shuffled(struct world *w, unsigned seed)
{
    enum { COUNT = 60 };
    unsigned order[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        order[i] = i;
    }
    for (unsigned i = COUNT; i-- > 1 && seed;) {
        seed = seed * 1664525u + 1013904223u;
        unsigned other = (seed >> 8) % (i + 1), swap = order[i];
        order[i] = order[other];
        order[other] = swap;
    }
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32], address[32], node[32];
        unsigned n = order[i];
        snprintf(name, sizeof name, "thing-%u", n % 20);
        snprintf(address, sizeof address, "10.0.%u.%u", n / 20, n % 7); /* some are shared */
        snprintf(node, sizeof node, "node-%u", n % 5);
        if (n < 20) {
            struct np_endpoint *e = add_pod(w, n % 2 ? "a" : "b", name, address, "app=x");
            owned(w, e, "ReplicaSet", n % 3 ? "rs-1" : "rs-2");
            e->node_name = np_build_text(w->b, node);
            struct np_address host = address_of(n % 2 ? "192.168.0.1" : "192.168.0.2");
            np_build_host_address(w->b, e, &host);
        } else if (n < 40) {
            add_workload(w, n % 2 ? "Deployment" : "StatefulSet", "a", name, "app=y");
            np_build_owner(w->b, "ReplicaSet", np_build_text(w->b, "a"),
                           np_build_text(w->b, n % 2 ? "rs-1" : "rs-2"), "Deployment",
                           np_build_text(w->b, n % 2 ? "thing-1" : "thing-3"));
        } else {
            struct np_service_info *s =
                np_build_service_info(w->b, np_build_text(w->b, "a"), np_build_text(w->b, name));
            s->selector = labels_of(w, "app=x");
            s->has_selector = true;
            s->addresses = addresses_of(w, "10.96.0.1", &s->n_addresses);
        }
    }
}

static void write_down(const struct world *w, struct np_text *out)
{
    for (uint32_t i = 0; i < w->inv->n_endpoints; i++) {
        const struct np_endpoint *e = w->inv->endpoints[i];
        assert_int_equal(e->index, i);
        np_text_addf(out, "%s/%s %s/%s %d %llu %s\n", e->namespace_name->text, e->name->text,
                     e->workload_kind->text, e->workload_name->text, e->representative,
                     (unsigned long long)e->ref, e->node_name ? e->node_name->text : "-");
    }
    for (uint32_t i = 0; i < w->inv->n_nodes; i++) {
        np_text_addf(out, "%s %u\n", w->inv->nodes[i]->name->text, w->inv->nodes[i]->n_addresses);
    }
    for (uint32_t i = 0; i < w->inv->n_services; i++) {
        const struct np_service_info *s = w->inv->services[i];
        np_text_addf(out, "%s %u %s\n", s->name->text, s->n_backends,
                     s->n_backends ? s->backends[0].endpoint->name->text : "-");
    }
    struct np_address shared = address_of("10.96.0.1");
    np_text_addf(out, "%s", np_inventory_service_at(w->inv, &shared)->name->text);
}

/* lowering 6, property 2: load order changes nothing. */
static void order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    struct np_text first, again;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct world w;
        world_begin(&w);
        fill_shuffled(&w, seed);
        world_seal(&w);
        struct np_text *text = seed ? &again : &first;
        np_text_init(text, w.ctx);
        write_down(&w, text);
        assert_false(text->failed);
        if (seed) {
            assert_string_equal(again.ptr, first.ptr);
            np_text_free(&again);
        } else {
            char *copy = strdup(first.ptr);
            np_text_free(&first);
            first.ptr = copy;
            assert_true(strlen(copy) > 500);
        }
        world_end(&w);
    }
    free(first.ptr);
}

/* ---- workloads ---- */

static void a_live_pod_replaces_the_representative_through_the_chain(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_workload(&w, "Deployment", "s", "web", "app=web");
    add_workload(&w, "ReplicaSet", "s", "web-1", "app=web");
    np_build_owner(w.b, "ReplicaSet", np_build_text(w.b, "s"), np_build_text(w.b, "web-1"),
                   "Deployment", np_build_text(w.b, "web"));
    owned(&w, add_pod(&w, "s", "web-1-a", "10.0.0.1", "app=web"), "ReplicaSet", "web-1");
    owned(&w, add_pod(&w, "s", "web-1-b", "10.0.0.2", "app=web"), "ReplicaSet", "web-1");
    add_workload(&w, "CronJob", "s", "tick", "");
    add_workload(&w, "Job", "s", "tick-29", "");
    np_build_owner(w.b, "Job", np_build_text(w.b, "s"), np_build_text(w.b, "tick-29"), "CronJob",
                   np_build_text(w.b, "tick"));
    owned(&w, add_pod(&w, "s", "tick-29-x", "10.0.0.3", ""), "Job", "tick-29");
    add_workload(&w, "Deployment", "other", "web", "app=web"); /* another namespace stays */
    world_seal(&w);
    assert_int_equal(w.inv->n_endpoints, 4);
    const struct np_endpoint *web = pod_named(&w, "s", "web");
    assert_text(web->name, "web-1-a");
    assert_text(web->workload_kind, "Deployment");
    assert_text(web->workload_name, "web");
    assert_text(np_inventory_sibling(w.inv, web)->name, "web-1-b");
    assert_text(pod_named(&w, "s", "tick")->name, "tick-29-x");
    assert_null(np_inventory_sibling(w.inv, pod_named(&w, "s", "tick")));
    assert_true(pod_named(&w, "other", "web")->representative);
    world_end(&w);
}

static void names_bridge_what_was_not_loaded(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_workload(&w, "Deployment", "s", "web", "");
    owned(&w, add_pod(&w, "s", "web-6c-x", "10.0.0.1", "pod-template-hash=6c"), "ReplicaSet",
          "web-6c");
    /* A hash that is not the end of the name bridges nothing, nor does a Deployment not loaded. */
    add_workload(&w, "Deployment", "s", "api", "");
    owned(&w, add_pod(&w, "s", "api-7d-x", "10.0.0.2", "pod-template-hash=zz"), "ReplicaSet",
          "api-7d");
    owned(&w, add_pod(&w, "s", "db-7d-x", "10.0.0.3", "pod-template-hash=7d"), "ReplicaSet",
          "db-7d");
    add_workload(&w, "CronJob", "s", "tick", "");
    owned(&w, add_pod(&w, "s", "tick-29012345-x", "10.0.0.4", ""), "Job", "tick-29012345");
    world_seal(&w);
    assert_text(pod_named(&w, "s", "web")->name, "web-6c-x");
    assert_true(pod_named(&w, "s", "api")->representative);
    assert_text(pod_named(&w, "s", "db-7d-x")->workload_kind, "ReplicaSet");
    assert_null(pod_named(&w, "s", "db"));
    assert_text(pod_named(&w, "s", "tick")->name, "tick-29012345-x");
    world_end(&w);
}

static void representatives_without_pods_stay_one_per_workload(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct np_endpoint *first = add_workload(&w, "Deployment", "s", "web", "app=web");
    struct np_endpoint *second = add_workload(&w, "Deployment", "s", "web", "app=web");
    first->ref = 10;
    second->ref = 11;
    second->sibling = 1;
    add_workload(&w, "ReplicaSet", "s", "web-1", "app=web"); /* the Deployment stands for it */
    np_build_owner(w.b, "ReplicaSet", np_build_text(w.b, "s"), np_build_text(w.b, "web-1"),
                   "Deployment", np_build_text(w.b, "web"));
    add_workload(&w, "ReplicaSet", "s", "gone-1", ""); /* its Deployment was not loaded */
    np_build_owner(w.b, "ReplicaSet", np_build_text(w.b, "s"), np_build_text(w.b, "gone-1"),
                   "Deployment", np_build_text(w.b, "gone"));
    add_pod(&w, "s", "bare", "10.0.0.1", "");
    world_seal(&w);
    assert_int_equal(w.inv->n_endpoints, 4);
    const struct np_endpoint *web = pod_named(&w, "s", "web");
    assert_int_equal(web->ref, 10);
    assert_int_equal(np_inventory_sibling(w.inv, web)->ref, 11);
    assert_ptr_equal(np_inventory_sibling(w.inv, np_inventory_endpoint(w.inv, 11)), web);
    assert_text(pod_named(&w, "s", "gone")->name, "gone-1");
    assert_null(pod_named(&w, "s", "web-1"));
    const struct np_endpoint *bare = pod_named(&w, "s", "bare");
    assert_text(bare->workload_kind, "Pod");
    assert_text(bare->workload_name, "bare");
    assert_null(np_inventory_sibling(w.inv, bare));
    assert_true(bare->ref >= 1ull << 63); /* others have theirs from a store */
    world_end(&w);
}

static void a_loop_of_owners_ends(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    np_str s = np_build_text(w.b, "s");
    np_build_owner(w.b, "A", s, np_build_text(w.b, "a"), "B", np_build_text(w.b, "b"));
    np_build_owner(w.b, "B", s, np_build_text(w.b, "b"), "A", np_build_text(w.b, "a"));
    owned(&w, add_pod(&w, "s", "p", "10.0.0.1", ""), "A", "a");
    world_seal(&w);
    assert_int_equal(w.inv->n_endpoints, 1);
    world_end(&w);
}

static void references_are_from_one_and_found(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_pod(&w, "s", "b", "10.0.0.1", "");
    add_pod(&w, "s", "a", "10.0.0.2", "");
    world_seal(&w);
    assert_text(np_inventory_endpoint(w.inv, 1)->name, "a");
    assert_text(np_inventory_endpoint(w.inv, 2)->name, "b");
    assert_null(np_inventory_endpoint(w.inv, 3));
    struct np_end end;
    uint32_t owners;
    assert_false(
        np_inventory_end(w.inv, &w.model->options, 3, NULL, 4, 0, &end, &owners));
    world_end(&w);
}

static void service_accounts_give_labels_and_principal(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    np_build_service_account(w.b, np_build_text(w.b, "s"), np_build_text(w.b, "web"),
                             labels_of(&w, "team=x"));
    np_build_service_account(w.b, np_build_text(w.b, "t"), np_build_text(w.b, "web"),
                             labels_of(&w, "team=y"));
    add_pod(&w, "s", "p", "10.0.0.1", "")->service_account = np_build_text(w.b, "web");
    add_pod(&w, "s", "q", "10.0.0.2", "")->service_account = np_build_text(w.b, "none");
    world_seal(&w);
    np_str team = np_strings_find(w.model->strings, np_slice_of("team"));
    const struct np_endpoint *p = pod_named(&w, "s", "p");
    assert_text(np_labels_get(p->account_labels, team), "x");
    assert_text(p->principal, "spiffe://cluster.local/ns/s/sa/web");
    assert_null(pod_named(&w, "s", "q")->account_labels);
    world_end(&w);
}

/* ---- nodes ---- */

static void nodes_learn_addresses_from_their_pods(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_node(&w, "n1", "192.168.0.1 fd00::1");
    struct np_address one = address_of("192.168.0.1"), nine = address_of("192.168.0.9"),
                      seven = address_of("192.168.0.7"), two = address_of("192.168.0.2");
    struct np_endpoint *p = add_pod(&w, "s", "p", "10.0.0.1", "");
    p->node_name = np_build_text(w.b, "n1");
    np_build_host_address(w.b, p, &one);
    np_build_host_address(w.b, p, &nine);
    struct np_endpoint *q = add_pod(&w, "s", "q", "10.0.0.2", ""); /* host known by address only */
    np_build_host_address(w.b, q, &nine);
    struct np_endpoint *r = add_pod(&w, "s", "r", "10.0.0.3", "");
    struct np_endpoint *t = add_pod(&w, "s", "t", "10.0.0.4", "");
    np_build_host_address(w.b, r, &seven);
    np_build_host_address(w.b, t, &seven);
    struct np_endpoint *u = add_pod(&w, "s", "u", "10.0.0.5", "");
    u->node_name = np_build_text(w.b, "n2");
    np_build_host_address(w.b, u, &two);
    world_seal(&w);
    const struct np_node_info *n1 = np_inventory_node(w.inv, np_slice_of("n1"));
    assert_int_equal(n1->n_addresses, 3);
    assert_false(n1->synthesized);
    assert_ptr_equal(np_inventory_node_at(w.inv, &nine), n1);
    assert_text(pod_named(&w, "s", "q")->node_name, "n1");
    assert_text(pod_named(&w, "s", "r")->node_name, "192.168.0.7");
    assert_ptr_equal(pod_named(&w, "s", "t")->node_name, pod_named(&w, "s", "r")->node_name);
    const struct np_node_info *n2 = np_inventory_node_at(w.inv, &two);
    assert_text(n2->name, "n2");
    assert_true(n2->synthesized);
    assert_int_equal(w.inv->n_nodes, 3);
    assert_null(np_inventory_node(w.inv, np_slice_of("n3")));
    world_end(&w);
}

static struct np_endpoint *add_host_pod(struct world *w)
{
    add_node(w, "n1", "192.168.0.1");
    struct np_endpoint *e = add_pod(w, "s", "host", "192.168.0.1", "app=host");
    e->host_network = true;
    e->node_name = np_build_text(w->b, "n1");
    return e;
}

/* kubernetes.io: hostNetwork pods are most commonly ignored by selectors, traffic is the node's. */
static void a_host_network_pod_is_the_node(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_host_pod(&w);
    struct np_endpoint *nameless = add_pod(&w, "s", "nameless", "192.168.0.5", "");
    nameless->host_network = true;
    struct np_endpoint *bare = add_pod(&w, "s", "bare", "", "");
    bare->host_network = true;
    bare->node_name = np_build_text(w.b, "n1");
    world_seal(&w);
    struct np_end end = end_at(&w, "192.168.0.1", 0, NULL);
    assert_null(end.endpoint);
    assert_text(end.node->name, "n1");
    assert_int_equal(end.domain, NP_DOMAIN_NODES);
    assert_int_equal(end.missing, 0);
    end = end_of(&w, pod_named(&w, "s", "host"), 4);
    assert_int_equal(end.endpoint->kind, NP_OBJ_HOST_NET_WORKLOAD);
    assert_int_equal(end.domain, NP_DOMAIN_NODES);
    assert_text(end.node->name, "n1");
    end = end_of(&w, pod_named(&w, "s", "bare"), 4); /* the node's address is its own */
    struct np_address one = address_of("192.168.0.1");
    assert_true(np_address_equal(&end.address, &one));
    assert_int_equal(end.missing_address, 0);
    end = end_of(&w, pod_named(&w, "s", "bare"), 6);
    assert_int_equal(end.missing_address, NP_UNKNOWN(NP_FACT_POD_ADDRESS));
    end = end_at(&w, "192.168.0.5", 0, NULL);
    assert_null(end.endpoint);
    assert_text(end.node->name, "192.168.0.5");
    const struct np_endpoint *none[4];
    assert_int_equal(np_inventory_covering(w.inv, &one, none, 4), 0);
    world_end(&w);
}

static void a_host_network_pod_by_option_is_a_pod_by_reference_only(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    np_build_options(w.b)->host_network = 1; /* pod */
    add_host_pod(&w);
    world_seal(&w);
    struct np_end end = end_of(&w, pod_named(&w, "s", "host"), 4);
    assert_int_equal(end.endpoint->kind, NP_OBJ_WORKLOAD);
    assert_int_equal(end.domain, NP_DOMAIN_PODS);
    end = end_at(&w, "192.168.0.1", 0, NULL);
    assert_null(end.endpoint);
    assert_int_equal(end.domain, NP_DOMAIN_NODES);
    world_end(&w);
}

/* ---- ends ---- */

static void addresses_are_pods_nodes_services_ranges_or_the_outside(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct np_node_info *node = add_node(&w, "n1", "192.168.0.1");
    struct np_prefix cidr = range_of("10.244.0.0/24");
    node->pod_cidrs = np_build_prefixes(w.b, &cidr, 1);
    node->n_pod_cidrs = 1;
    np_build_pod_range(w.b, range_of("fd00:10::/64"));
    np_build_pod_range(w.b, cidr);
    add_pod(&w, "s", "p", "10.244.0.5 fd00:10::5", "");
    struct np_service_info *s =
        np_build_service_info(w.b, np_build_text(w.b, "s"), np_build_text(w.b, "svc"));
    s->addresses = addresses_of(&w, "10.96.0.10 192.168.0.1 10.244.0.5", &s->n_addresses);
    world_seal(&w);
    assert_int_equal(w.inv->n_pod_cidrs, 2);
    static const struct {
        const char *address;
        uint8_t domain;
        bool endpoint, node;
        np_truth missing, missing_address;
    } table[] = {
        {"10.244.0.5", NP_DOMAIN_PODS, true, false, 0, 0},
        {"fd00:10::5", NP_DOMAIN_PODS, true, false, 0, 0},
        {"192.168.0.1", NP_DOMAIN_NODES, false, true, 0, 0},
        {"10.244.0.6", NP_DOMAIN_PODS, false, false, NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS), 0},
        {"fd00:10::6", NP_DOMAIN_PODS, false, false, NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS), 0},
        {"10.244.1.6", NP_DOMAIN_OUTSIDE, false, false, 0, 0},
        {"10.96.0.10", NP_DOMAIN_OUTSIDE, false, false, NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS),
         NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS)},
        {"10.96.0.11", NP_DOMAIN_OUTSIDE, false, false, 0, 0},
        {"8.8.8.8", NP_DOMAIN_OUTSIDE, false, false, 0, 0},
        {"2001:db8::1", NP_DOMAIN_OUTSIDE, false, false, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t owners;
        struct np_end end = end_at(&w, table[i].address, 0, &owners);
        struct np_address address = address_of(table[i].address);
        assert_true(np_address_equal(&end.address, &address));
        assert_int_equal(end.domain, table[i].domain);
        assert_int_equal(end.endpoint != NULL, table[i].endpoint);
        assert_int_equal(end.node != NULL, table[i].node);
        assert_int_equal(end.missing, table[i].missing);
        assert_int_equal(end.missing_address, table[i].missing_address);
        assert_int_equal(owners, 1);
    }
    w.model->options.unlearnt_pod_address = 1; /* outside */
    w.model->options.service_address = 1;      /* outside */
    struct np_end end = end_at(&w, "10.244.0.6", 0, NULL);
    assert_int_equal(end.domain, NP_DOMAIN_OUTSIDE);
    assert_int_equal(end.missing, 0);
    end = end_at(&w, "10.96.0.10", 0, NULL);
    assert_int_equal(end.missing | end.missing_address, 0);
    world_end(&w);
}

/* kubernetes.io: an address condition on a pod without address depends on the address. */
static void a_pod_without_address_of_the_family_is_not_without_address(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_pod(&w, "s", "none", "", "");
    add_pod(&w, "s", "four", "10.0.0.4", "");
    world_seal(&w);
    np_truth unknown = NP_UNKNOWN(NP_FACT_POD_ADDRESS);
    struct np_end end = end_of(&w, pod_named(&w, "s", "none"), 4);
    assert_int_equal(end.missing_address, unknown);
    assert_int_equal(end.missing, 0);
    assert_int_equal(end.address.family, 0);
    end = end_of(&w, pod_named(&w, "s", "four"), 6);
    assert_int_equal(end.missing_address, unknown);
    end = end_of(&w, pod_named(&w, "s", "four"), 4);
    assert_int_equal(end.missing_address, 0);
    assert_int_equal(end.address.family, NP_IPV4);
    end = end_of(&w, pod_named(&w, "s", "four"), 0);
    assert_int_equal(end.address.family, NP_IPV4);
    w.model->options.unknown_pod_ip = 1; /* no */
    assert_int_equal(end_of(&w, pod_named(&w, "s", "none"), 4).missing_address, 0);
    /* An address that the caller gives is believed. */
    struct np_address given = address_of("10.9.9.9");
    uint32_t owners;
    assert_true(np_inventory_end(w.inv, &w.model->options, pod_named(&w, "s", "none")->ref, &given,
                                 4, 0, &end, &owners));
    assert_true(np_address_equal(&end.address, &given));
    assert_text(end.endpoint->name, "none");
    /* Neither: an outside address that nobody knows. */
    assert_true(np_inventory_end(w.inv, &w.model->options, 0, NULL, 4, 0, &end, &owners));
    assert_int_equal(end.domain, NP_DOMAIN_OUTSIDE);
    assert_int_equal(end.missing_address, unknown);
    world_end(&w);
}

static void an_address_may_have_several_owners(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_pod(&w, "s", "b", "10.0.0.1", "");
    add_pod(&w, "s", "a", "10.0.0.1", "");
    add_pod(&w, "s", "c", "10.0.0.1 10.0.0.2", "");
    struct np_endpoint *set = add_pod(&w, "s", "set", "", "");
    set->kind = NP_OBJ_NETWORK_SET; /* covers, but owns nothing */
    struct np_prefix wide[] = {range_of("10.0.0.0/8"), range_of("10.0.0.0/24")};
    set->prefixes = np_build_prefixes(w.b, wide, 2);
    set->n_prefixes = 2;
    world_seal(&w);
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t which = 0; which < 3; which++) {
        uint32_t owners;
        struct np_end end = end_at(&w, "10.0.0.1", which, &owners);
        assert_int_equal(owners, 3);
        assert_text(end.endpoint->name, names[which]);
    }
    uint32_t owners;
    assert_text(end_at(&w, "10.0.0.2", 0, &owners).endpoint->name, "c");
    assert_int_equal(owners, 1);
    assert_null(end_at(&w, "10.0.0.3", 0, NULL).endpoint);
    world_end(&w);
}

/* The table of prefixes of every length against comparing with each. */
static void covering_equals_comparing_with_every_prefix(void **state)
{
    (void)state;
    enum { SETS = 300, ROUNDS = 3000 };
    struct world w;
    world_begin(&w);
    uint32_t random = 7;
    for (unsigned i = 0; i < SETS; i++) {
        char name[16];
        snprintf(name, sizeof name, "set-%03u", i);
        struct np_endpoint *set = add_pod(&w, "s", name, "", "");
        set->kind = i % 3 ? NP_OBJ_NETWORK_SET : NP_OBJ_WORKLOAD;
        struct np_prefix prefixes[2];
        for (unsigned k = 0; k < 2; k++) {
            random = random * 1664525u + 1013904223u;
            struct np_address address = {.family = i % 5 ? NP_IPV4 : NP_IPV6};
            address.bytes[0] = (uint8_t)(random >> 28);
            address.bytes[1] = (uint8_t)(random >> 8);
            address.bytes[3] = (uint8_t)(random >> 16 & 3);
            unsigned lengths[] = {32, 32, 24, 16, 12, 8, 7, 0};
            prefixes[k] = np_prefix_cut(&address, (uint8_t)lengths[random >> 5 & 7]);
        }
        set->prefixes = np_build_prefixes(w.b, prefixes, 2);
        set->n_prefixes = 2;
    }
    world_seal(&w);
    unsigned covered = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        random = random * 1664525u + 1013904223u;
        struct np_address address = {.family = round % 5 ? NP_IPV4 : NP_IPV6};
        address.bytes[0] = (uint8_t)(random >> 28);
        address.bytes[1] = (uint8_t)(random >> 8);
        address.bytes[3] = (uint8_t)(random >> 16 & 3);
        const struct np_endpoint *found[2 * SETS];
        uint32_t count = np_inventory_covering(w.inv, &address, found, 2 * SETS);
        uint32_t expected = 0;
        for (uint32_t i = 0; i < w.inv->n_endpoints; i++) {
            const struct np_endpoint *e = w.inv->endpoints[i];
            uint32_t times = 0, hits = 0;
            for (uint32_t k = 0; k < e->n_prefixes; k++) {
                bool same = k == 1 && np_prefix_equal(&e->prefixes[0], &e->prefixes[1]);
                hits += np_prefix_has(&e->prefixes[k], &address) && !same;
            }
            for (uint32_t k = 0; k < count; k++) {
                times += found[k] == e;
            }
            assert_int_equal(times, hits > 0);
            expected += hits > 0;
        }
        assert_int_equal(count, expected);
        covered += expected > 2;
    }
    assert_true(covered > ROUNDS / 4);
    world_end(&w);
}

/* ---- no memory ---- */

static int build_all(struct netpol_ctx *ctx)
{
    struct world w = {.ctx = ctx};
    w.b = np_build_create(ctx);
    if (!w.b) {
        return NETPOL_ERR_MEMORY;
    }
    np_str s = np_build_text(w.b, "s");
    for (unsigned i = 0; i < 40 && !np_build_failed(w.b); i++) {
        np_str name = np_build_format(w.b, "p-%u", i);
        struct np_endpoint *e = np_build_endpoint(w.b, s, name);
        struct np_address address = {.family = NP_IPV4, .bytes = {10, 0, 0, (uint8_t)i}};
        if (e) {
            struct np_prefix prefix = np_prefix_of(&address);
            e->prefixes = np_build_prefixes(w.b, &prefix, 1);
            e->n_prefixes = e->prefixes ? 1 : 0;
            e->service_account = np_build_text(w.b, "default");
            e->host_network = i % 4 == 0;
            e->workload_kind = np_build_text(w.b, "ReplicaSet");
            e->workload_name = name;
        }
        np_build_host_address(w.b, e, &address);
        np_build_node(w.b, name);
        np_build_owner(w.b, "ReplicaSet", s, name, "Deployment", s);
        np_build_representative(w.b, "Deployment", s, name);
        np_build_pod_range(w.b, np_prefix_of(&address));
        np_build_service_account(w.b, s, name, (struct np_labels){NULL, 0});
        struct np_service_info *service = np_build_service_info(w.b, s, name);
        if (service) {
            service->has_selector = i % 2;
        }
        struct np_backend backend = {.address = address};
        np_build_backend(w.b, s, name, &backend, NULL, i % 3 ? name : NULL);
    }
    struct np_model *model = NULL;
    int status = np_build_seal(w.b, &model);
    assert_true((status == NETPOL_OK) == (model != NULL));
    np_build_destroy(w.b);
    np_model_destroy(model);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t at = 1;; at++) {
        struct counting c = {0};
        struct netpol_ctx *ctx = counting_ctx(&c, NULL);
        c.calls = 0;
        c.fail_at = at;
        int status = build_all(ctx);
        bool reached = c.calls >= at;
        netpol_ctx_destroy(ctx);
        assert_int_equal(c.blocks, 0);
        assert_false(c.bad_size);
        if (!reached) {
            assert_int_equal(status, NETPOL_OK);
            break;
        }
        assert_int_equal(status, NETPOL_ERR_MEMORY);
        failed++;
    }
    assert_true(failed > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(namespaces_are_made_up_and_get_their_name_label),
        cmocka_unit_test(order_of_arrival_does_not_matter),
        cmocka_unit_test(a_live_pod_replaces_the_representative_through_the_chain),
        cmocka_unit_test(names_bridge_what_was_not_loaded),
        cmocka_unit_test(representatives_without_pods_stay_one_per_workload),
        cmocka_unit_test(a_loop_of_owners_ends),
        cmocka_unit_test(references_are_from_one_and_found),
        cmocka_unit_test(service_accounts_give_labels_and_principal),
        cmocka_unit_test(nodes_learn_addresses_from_their_pods),
        cmocka_unit_test(a_host_network_pod_is_the_node),
        cmocka_unit_test(a_host_network_pod_by_option_is_a_pod_by_reference_only),
        cmocka_unit_test(addresses_are_pods_nodes_services_ranges_or_the_outside),
        cmocka_unit_test(a_pod_without_address_of_the_family_is_not_without_address),
        cmocka_unit_test(an_address_may_have_several_owners),
        cmocka_unit_test(covering_equals_comparing_with_every_prefix),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
