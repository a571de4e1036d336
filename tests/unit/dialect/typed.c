/* SPDX-License-Identifier: Apache-2.0 */
/* Typed endpoints: the same object as a Pod document, the same checks. */
#include "cluster.h"

static void a_typed_endpoint_is_the_pod(void **state)
{
    (void)state;
    const struct netpol_label labels[] = {
        {"empty", ""   },
        {"app",   "web"}
    };
    const char *const addresses[] = {"10.244.0.5", "fd00::5", "10.244.0.5"};
    const struct netpol_port_name ports[] = {
        {"http", 6,  8080},
        {NULL,   17, 53  }
    };
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "ns",
                                              .name = "typed",
                                              .labels = labels,
                                              .n_labels = 2,
                                              .addresses = addresses,
                                              .n_addresses = 3,
                                              .ports = ports,
                                              .n_ports = 2,
                                              .node = "n1"};
    struct cluster c;
    memset(&c, 0, sizeof c);
    assert_int_equal(netpol_ctx_create(NULL, &c.ctx), NETPOL_OK);
    assert_int_equal(np_decode_endpoint(c.ctx, &spec, NULL, &c.objects[0]), NETPOL_OK);
    c.count = 1;
    assert_string_equal(c.objects[0]->label, "Pod/ns/typed");
    assert_int_equal(seal(&c), NETPOL_OK);
    const struct np_endpoint *e = pod(&c, "typed");
    assert_string_equal(label(&c, &e->labels, "app"), "web");
    assert_int_equal(e->labels.count, 2);
    assert_int_equal(e->n_prefixes, 2);
    check_address(&e->prefixes[1], "fd00::5");
    assert_int_equal(e->n_ports, 2);
    assert_string_equal(e->ports[0].name->text, "http");
    assert_null(e->ports[1].name);
    assert_string_equal(e->service_account->text, "default");
    assert_string_equal(e->node_name->text, "n1");
    end(&c);
}

static void typed_endpoints_are_checked_like_pods(void **state)
{
    (void)state;
    const struct netpol_label bad_key[] =
        {
            {"a b", "x"}
    },
                              bad_value[] = {{"a", "x y"}},
                              twice[] = {{"a", "x"}, {"b", "y"}, {"a", "z"}},
                              null[] = {{NULL, "x"}};
    const char *const bad_address[] = {"10.0.0.1", "10.0.0.0/8"};
    const struct netpol_port_name no_port[] =
        {
            {"http", 6, 0}
    },
                                  icmp[] = {{"http", 1, 8}}, name[] = {{"HTTP", 6, 80}};
    const struct netpol_endpoint_spec good = {
        .size = sizeof good, .namespace_name = "ns", .name = "p"};
    struct {
        const char *code, *path;
        struct netpol_endpoint_spec spec;
    } table[14] = {
        {"NP2051", "name",            good},
        {"NP2052", "namespace_name",  good},
        {"NP2024", "labels[0]",       good},
        {"NP2025", "labels[0]",       good},
        {"NP2311", "labels",          good},
        {"NP2024", "labels[0]",       good},
        {"NP2304", "addresses[1]",    good},
        {"NP2301", "ports[0]",        good},
        {"NP2302", "ports[0]",        good},
        {"NP2303", "ports[0]",        good},
        {"NP2305", "service_account", good},
        {"NP2306", "node",            good},
        {"NP2051", "name",            good},
        {"NP2052", "namespace_name",  good},
    };
    table[0].spec.name = "P";
    table[1].spec.namespace_name = "n.s";
    table[2].spec.labels = bad_key, table[2].spec.n_labels = 1;
    table[3].spec.labels = bad_value, table[3].spec.n_labels = 1;
    table[4].spec.labels = twice, table[4].spec.n_labels = 3;
    table[5].spec.labels = null, table[5].spec.n_labels = 1;
    table[6].spec.addresses = bad_address, table[6].spec.n_addresses = 2;
    table[7].spec.ports = no_port, table[7].spec.n_ports = 1;
    table[8].spec.ports = icmp, table[8].spec.n_ports = 1;
    table[9].spec.ports = name, table[9].spec.n_ports = 1;
    table[10].spec.service_account = "a_b";
    table[11].spec.node = "a b";
    table[12].spec.name = NULL;
    table[13].spec.namespace_name = "";
    struct netpol_ctx *ctx;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct netpol_diags *diags;
        struct np_object *object = NULL;
        assert_int_equal(netpol_diags_create(ctx, &diags), NETPOL_OK);
        assert_int_equal(np_decode_endpoint(ctx, &table[i].spec, diags, &object), NETPOL_ERR_INPUT);
        assert_null(object);
        assert_int_equal(netpol_diags_count(diags), 1);
        assert_string_equal(netpol_diags_at(diags, 0)->code, table[i].code);
        assert_string_equal(netpol_diags_at(diags, 0)->path, table[i].path);
        netpol_diags_destroy(diags);
    }
    struct np_object *object = NULL;
    assert_int_equal(np_decode_endpoint(ctx, &good, NULL, &object), NETPOL_OK);
    np_object_unref(object);
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_typed_endpoint_is_the_pod),
        cmocka_unit_test(typed_endpoints_are_checked_like_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
