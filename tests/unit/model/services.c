/* SPDX-License-Identifier: Apache-2.0 */
/* Where services lead. Source: kubernetes.io documentation of Service, EndpointSlice. */
#include "inventory_world.h"

static struct np_service_info *add_service(struct world *w, const char *name, const char *selector)
{
    struct np_service_info *s =
        np_build_service_info(w->b, np_build_text(w->b, "s"), np_build_text(w->b, name));
    s->selector = labels_of(w, selector);
    s->has_selector = selector[0] != '\0';
    return s;
}

static struct np_service_port add_port(struct world *w, const char *name, uint16_t port,
                                       uint16_t target, const char *target_name)
{
    return (struct np_service_port){.name = np_build_text(w->b, name),
                                    .protocol = 6,
                                    .port = port,
                                    .target_port = target,
                                    .target_name = np_build_text(w->b, target_name)};
}

static void set_ports(struct world *w, struct np_service_info *s,
                      const struct np_service_port *ports, uint32_t count)
{
    struct np_service_port *copy = np_build_alloc(w->b, count, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, ports, count * sizeof *copy);
    s->ports = copy;
    s->n_ports = count;
}

static void declare(struct world *w, struct np_endpoint *e, const char *name, uint8_t protocol,
                    uint16_t port)
{
    struct np_named_port *ports = np_build_alloc(w->b, 1, sizeof *ports);
    assert_non_null(ports);
    *ports = (struct np_named_port){np_build_text(w->b, name), protocol, port};
    e->ports = ports;
    e->n_ports = 1;
}

static void add_slice(struct world *w, const char *service, const char *address, const char *pod,
                      const char *port_name, uint16_t port)
{
    struct np_backend backend = {.address = address_of(address),
                                 .port_name = np_build_text(w->b, port_name),
                                 .protocol = 6,
                                 .port = port};
    np_build_backend(w->b, np_build_text(w->b, "s"), np_build_text(w->b, service), &backend, NULL,
                     np_build_text(w->b, pod));
}

static const struct np_service_info *service(const struct world *w, const char *name)
{
    const struct np_service_info *s =
        np_inventory_service(w->inv, np_slice_of("s"), np_slice_of(name));
    assert_non_null(s);
    return s;
}

static void selectors_lead_to_pods_and_representatives(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_service(&w, "web", "app=web,tier=front");
    add_service(&w, "manual", "");
    struct np_service_info *external = add_service(&w, "external", "app=web");
    external->external_name = true;
    add_pod(&w, "s", "p1", "10.0.0.2", "app=web,tier=front,x=y");
    add_pod(&w, "s", "p0", "10.0.0.1 fd00::1", "app=web,tier=front");
    add_pod(&w, "s", "half", "10.0.0.3", "app=web");
    add_pod(&w, "t", "other", "10.0.0.4", "app=web,tier=front");
    add_workload(&w, "Deployment", "s", "dep", "app=web,tier=front");
    struct np_endpoint *set = add_pod(&w, "s", "set", "10.0.0.9", "app=web,tier=front");
    set->kind = NP_OBJ_NETWORK_SET;
    world_seal(&w);
    const struct np_service_info *web = service(&w, "web");
    assert_int_equal(web->n_backends, 3);
    assert_text(web->backends[0].endpoint->name, "dep"); /* no address comes first */
    assert_int_equal(web->backends[0].address.family, 0);
    assert_text(web->backends[1].endpoint->name, "p0");
    assert_text(web->backends[2].endpoint->name, "p1");
    struct np_address first = address_of("10.0.0.1");
    assert_true(np_address_equal(&web->backends[1].address, &first));
    assert_int_equal(service(&w, "manual")->n_backends, 0);
    assert_int_equal(service(&w, "external")->n_backends, 0);
    assert_null(np_inventory_service(w.inv, np_slice_of("s"), np_slice_of("none")));
    world_end(&w);
}

static void slices_win_over_the_selector(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_service(&w, "web", "app=web");
    add_service(&w, "aaa", "app=web");
    add_service(&w, "zzz", "app=web");
    add_pod(&w, "s", "p1", "10.0.0.1", "app=web");
    add_pod(&w, "s", "p2", "10.0.0.2", "app=web");
    add_slice(&w, "web", "10.0.0.2", "p2", "http", 8080);
    add_slice(&w, "web", "10.0.0.2", "p2", "http", 8080); /* once more, by the mirror */
    add_slice(&w, "web", "10.0.0.2", "p2", "metrics", 9090);
    add_slice(&w, "web", "10.0.0.1", NULL, "http", 8080);    /* found by its address */
    add_slice(&w, "web", "10.9.9.9", "gone", "http", 8080);  /* only an address */
    add_slice(&w, "orphan", "10.0.0.1", "p1", "http", 8080); /* no such service */
    world_seal(&w);
    const struct np_service_info *web = service(&w, "web");
    assert_int_equal(web->n_backends, 4);
    assert_text(web->backends[0].endpoint->name, "p1");
    assert_text(web->backends[1].endpoint->name, "p2");
    assert_text(web->backends[1].port_name, "http");
    assert_text(web->backends[2].port_name, "metrics");
    assert_null(web->backends[3].endpoint);
    assert_int_equal(service(&w, "aaa")->n_backends, 2);
    assert_int_equal(service(&w, "zzz")->n_backends, 2);
    world_end(&w);
}

/* By targetRef a pod on the host's network is found, whose address is the node's. */
static void a_slice_names_pods_that_own_no_address(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    add_service(&w, "web", "");
    add_pod(&w, "s", "host", "192.168.0.1", "")->host_network = true;
    add_slice(&w, "web", "192.168.0.1", "host", NULL, 80);
    world_seal(&w);
    assert_text(service(&w, "web")->backends[0].endpoint->name, "host");
    world_end(&w);
}

static void targets_are_numbers_names_or_what_a_slice_says(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct np_service_info *s = add_service(&w, "web", "app=web");
    struct np_service_port ports[] = {add_port(&w, "num", 80, 8080, NULL),
                                      add_port(&w, "name", 81, 0, "http"),
                                      add_port(&w, "udp", 82, 0, "http")};
    ports[2].protocol = 17;
    set_ports(&w, s, ports, 3);
    declare(&w, add_pod(&w, "s", "a", "10.0.0.1", "app=web"), "http", 6, 1234);
    declare(&w, add_pod(&w, "s", "b", "10.0.0.2", "app=web"), "http", 6, 4321);
    add_pod(&w, "s", "c", "10.0.0.3", "app=web");
    struct np_service_info *sliced = add_service(&w, "sliced", "app=web");
    set_ports(&w, sliced, ports, 2);
    add_slice(&w, "sliced", "10.0.0.1", "a", "num", 9999);
    struct np_service_info *headless = add_service(&w, "headless", "app=web");
    set_ports(&w, headless, ports, 2);
    headless->headless = true;
    world_seal(&w);
    static const struct {
        const char *service;
        unsigned backend, port;
        bool served;
        uint16_t target;
    } table[] = {
        {"web",      0, 0, true,  8080},
        {"web",      0, 1, true,  1234},
        {"web",      1, 1, true,  4321},
        {"web",      2, 1, false, 0   },
        {"web",      0, 2, false, 0   },
        {"web",      2, 0, true,  8080},
        {"sliced",   0, 0, true,  9999},
        {"sliced",   0, 1, false, 0   },
        {"headless", 0, 0, true,  80  },
        {"headless", 2, 1, true,  81  },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct np_service_info *info = service(&w, table[i].service);
        uint16_t target = 0;
        bool served = np_inventory_target(info, &info->ports[table[i].port],
                                          &info->backends[table[i].backend], &target);
        assert_int_equal(served, table[i].served);
        if (served) {
            assert_int_equal(target, table[i].target);
        }
    }
    world_end(&w);
}

static void addresses_lead_to_services(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct np_service_info *b = add_service(&w, "b", ""), *a = add_service(&w, "a", "");
    b->addresses = addresses_of(&w, "10.96.0.1 203.0.113.1", &b->n_addresses);
    a->addresses = addresses_of(&w, "203.0.113.1 fd00::1", &a->n_addresses);
    world_seal(&w);
    struct np_address cluster = address_of("10.96.0.1"), shared = address_of("203.0.113.1"),
                      six = address_of("fd00::1"), none = address_of("10.96.0.2");
    assert_text(np_inventory_service_at(w.inv, &cluster)->name, "b");
    assert_text(np_inventory_service_at(w.inv, &shared)->name, "a"); /* the first by name */
    assert_text(np_inventory_service_at(w.inv, &six)->name, "a");
    assert_null(np_inventory_service_at(w.inv, &none));
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_lead_to_pods_and_representatives),
        cmocka_unit_test(slices_win_over_the_selector),
        cmocka_unit_test(a_slice_names_pods_that_own_no_address),
        cmocka_unit_test(targets_are_numbers_names_or_what_a_slice_says),
        cmocka_unit_test(addresses_lead_to_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
