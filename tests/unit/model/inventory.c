/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed inventory: order, namespaces, workloads. Source of the rules: ownerReferences of
 * k8s.io/apimachinery, and the controllers' naming of ReplicaSets and Jobs.
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
    assert_false(np_inventory_end(w.inv, &w.model->options, 3, NULL, 4, 0, &end, &owners));
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
        struct np_address address = {
            .family = NP_IPV4, .bytes = {10, 0, 0, (uint8_t)i}
        };
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
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
