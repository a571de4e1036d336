/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes, and what an end of a hop is: pods, hosts, services, ranges, the outside. Source of the
 * rules: kubernetes.io documentation of network policies (own node, hostNetwork).
 */
#include "inventory_world.h"

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
        {"10.244.0.5",  NP_DOMAIN_PODS,    true,  false, 0,                                    0},
        {"fd00:10::5",  NP_DOMAIN_PODS,    true,  false, 0,                                    0},
        {"192.168.0.1", NP_DOMAIN_NODES,   false, true,  0,                                    0},
        {"10.244.0.6",  NP_DOMAIN_PODS,    false, false, NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS), 0},
        {"fd00:10::6",  NP_DOMAIN_PODS,    false, false, NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS), 0},
        {"10.244.1.6",  NP_DOMAIN_OUTSIDE, false, false, 0,                                    0},
        {"10.96.0.10",  NP_DOMAIN_OUTSIDE, false, false, NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS),
         NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS)                                                    },
        {"10.96.0.11",  NP_DOMAIN_OUTSIDE, false, false, 0,                                    0},
        {"8.8.8.8",     NP_DOMAIN_OUTSIDE, false, false, 0,                                    0},
        {"2001:db8::1", NP_DOMAIN_OUTSIDE, false, false, 0,                                    0},
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
    /* One that it is not known to have may be new: no answer from what was known before. */
    struct np_address given = address_of("10.9.9.9");
    uint32_t owners;
    assert_false(np_inventory_end(w.inv, &w.model->options, pod_named(&w, "s", "none")->ref, &given,
                                  4, 0, &end, &owners));
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
    struct np_end end; /* nobody sends from a set of addresses */
    assert_false(np_inventory_end(&w.model->inventory, &w.model->options, set->ref, NULL, NP_IPV4,
                                  0, &end, &owners));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_learn_addresses_from_their_pods),
        cmocka_unit_test(a_host_network_pod_is_the_node),
        cmocka_unit_test(a_host_network_pod_by_option_is_a_pod_by_reference_only),
        cmocka_unit_test(addresses_are_pods_nodes_services_ranges_or_the_outside),
        cmocka_unit_test(a_pod_without_address_of_the_family_is_not_without_address),
        cmocka_unit_test(an_address_may_have_several_owners),
        cmocka_unit_test(covering_equals_comparing_with_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
