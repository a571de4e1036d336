/* SPDX-License-Identifier: Apache-2.0 */
/* From documents of the cluster kinds to the sealed inventory. */
#include "cluster.h"

static const char pod_text[] = "apiVersion: v1\n"
                               "kind: Pod\n"
                               "metadata:\n"
                               "  name: web-1-x\n"
                               "  namespace: ns\n"
                               "  labels: {app: web, empty: ''}\n"
                               "  ownerReferences:\n"
                               "  - {kind: Other, name: first}\n"
                               "  - {kind: ReplicaSet, name: web-1, controller: true}\n"
                               "spec:\n"
                               "  serviceAccountName: sa\n"
                               "  nodeName: n1\n"
                               "  containers:\n"
                               "  - ports:\n"
                               "    - {containerPort: 8080, name: http}\n"
                               "    - {containerPort: 53, protocol: UDP}\n"
                               "  - ports: [{containerPort: 9000, name: http, protocol: SCTP}]\n"
                               "  initContainers:\n"
                               "  - ports: [{containerPort: 1, name: once}]\n"
                               "  - restartPolicy: Always\n"
                               "    ports: [{containerPort: 15090, name: metrics}]\n"
                               "status:\n"
                               "  phase: Running\n"
                               "  podIP: 10.244.0.5\n"
                               "  podIPs: [{ip: 10.244.0.5}, {ip: 'fd00::5'}]\n"
                               "  hostIP: 192.168.0.1\n";

static void a_pod_becomes_an_endpoint(void **state)
{
    (void)state;
    struct cluster c;
    begin(&c, pod_text);
    const struct np_endpoint *e = pod(&c, "web-1-x");
    assert_int_equal(e->ref, 100);
    assert_int_equal(e->kind, NP_OBJ_WORKLOAD);
    assert_string_equal(e->workload_kind->text, "ReplicaSet");
    assert_string_equal(e->workload_name->text, "web-1");
    assert_string_equal(e->service_account->text, "sa");
    assert_string_equal(e->node_name->text, "n1");
    assert_string_equal(e->source_object->text, "Pod/ns/web-1-x");
    assert_string_equal(e->position->text, "cluster.yaml:1:1");
    assert_int_equal(e->labels.count, 2);
    assert_string_equal(label(&c, &e->labels, "app"), "web");
    assert_string_equal(label(&c, &e->labels, "empty"), "");
    assert_int_equal(e->n_prefixes, 2);
    check_address(&e->prefixes[0], "10.244.0.5");
    check_address(&e->prefixes[1], "fd00::5");
    static const struct {
        const char *name;
        uint8_t protocol;
        uint16_t port;
    } ports[] = {
        {"http",    6,   8080 },
        {NULL,      17,  53   },
        {"http",    132, 9000 },
        {"metrics", 6,   15090}
    };
    assert_int_equal(e->n_ports, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(e->ports[i].name != NULL, ports[i].name != NULL);
        if (ports[i].name) {
            assert_string_equal(e->ports[i].name->text, ports[i].name);
        }
        assert_int_equal(e->ports[i].protocol, ports[i].protocol);
        assert_int_equal(e->ports[i].port, ports[i].port);
    }
    const struct np_node_info *node = np_inventory_node(c.inv, np_slice_of("n1"));
    assert_int_equal(node->n_addresses, 1);
    check_address(&node->addresses[0], "192.168.0.1");
    end(&c);
}

static void defaults_and_what_is_left_out(void **state)
{
    (void)state;
    struct cluster c;
    begin(&c,
          "{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: ns}}\n"
          "---\n"
          "{apiVersion: v1, kind: Pod, metadata: {name: done, namespace: ns}, status: {phase: "
          "Succeeded, podIP: 10.0.0.1}}\n"
          "---\n"
          "{apiVersion: v1, kind: Pod, metadata: {name: broken, namespace: ns}, status: {phase: "
          "Failed, podIP: 10.0.0.2}}\n"
          "---\n"
          "{apiVersion: v1, kind: Pod, metadata: {name: mirror, namespace: ns, ownerReferences: "
          "[{kind: Node, name: n1, controller: true}]}, spec: {serviceAccount: old}}\n"
          "---\n"
          "{apiVersion: v1, kind: Pod, metadata: {name: noted}}\n");
    const struct np_endpoint *e = pod(&c, "bare");
    assert_string_equal(e->service_account->text, "default");
    assert_null(e->node_name);
    assert_int_equal(e->n_prefixes, 0);
    assert_string_equal(e->workload_kind->text, "Pod");
    assert_null(np_inventory_pod(c.inv, np_slice_of("ns"), np_slice_of("done")));
    assert_null(np_inventory_pod(c.inv, np_slice_of("ns"), np_slice_of("broken")));
    e = pod(&c, "mirror");
    assert_string_equal(e->workload_kind->text, "Pod");
    assert_string_equal(e->service_account->text, "old");
    e = np_inventory_pod(c.inv, np_slice_of("default"), np_slice_of("noted"));
    assert_non_null(e);
    const struct netpol_diag *note = netpol_diags_at(c.diags, netpol_diags_count(c.diags) - 1);
    assert_string_equal(note->code, "NP2054");
    assert_int_equal(note->severity, NETPOL_INFO);
    end(&c);
}

static void workloads_have_one_or_two_representatives(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
        unsigned count;
    } table[] = {
        {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: ns, labels: {own: "
         "x}}, spec: {template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",      "Deployment",            1},
        {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: ns}, spec: "
         "{replicas: 3, template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",    "Deployment",            2},
        {"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: w, namespace: ns}, spec: "
         "{replicas: 0, template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",    "StatefulSet",           1},
        {"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: w, namespace: ns}, spec: "
         "{replicas: 1, template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",    "ReplicaSet",            1},
        {"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: w, namespace: ns}, spec: "
         "{template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",                 "DaemonSet",             2},
        {"{apiVersion: v1, kind: ReplicationController, metadata: {name: w, namespace: ns}, spec: "
         "{replicas: 2, template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",    "ReplicationController", 2},
        {"{apiVersion: batch/v1, kind: Job, metadata: {name: w, namespace: ns}, spec: "
         "{parallelism: 4, template: {metadata: {labels: {app: w}}, spec: {serviceAccountName: s}}}}",
         "Job",                                                                                                                          2},
        {"{apiVersion: batch/v1, kind: CronJob, metadata: {name: w, namespace: ns}, spec: "
         "{jobTemplate: {spec: {template: {metadata: {labels: {app: w}}, spec: "
         "{serviceAccountName: s}}}}}}",                                                               "CronJob",               1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct cluster c;
        begin(&c, table[i].text);
        assert_int_equal(c.inv->n_endpoints, table[i].count);
        const struct np_endpoint *e = pod(&c, "w");
        assert_true(e->representative);
        assert_string_equal(e->workload_kind->text, table[i].kind);
        assert_int_equal(e->ref, 100);
        assert_int_equal(e->labels.count, 1); /* the template's, not the workload's */
        assert_string_equal(label(&c, &e->labels, "app"), "w");
        assert_string_equal(e->service_account->text, "s");
        const struct np_endpoint *other = np_inventory_sibling(c.inv, e);
        assert_int_equal(other != NULL, table[i].count == 2);
        assert_int_equal(other ? other->ref : 101, 101);
        bool noted = false;
        for (size_t k = 0; k < netpol_diags_count(c.diags); k++) {
            noted |= strcmp(netpol_diags_at(c.diags, k)->code, "NP2308") == 0;
        }
        assert_int_equal(noted, strstr(table[i].text, "replicas: 0") != NULL);
        end(&c);
    }
}

static void pods_stand_for_their_deployment(void **state)
{
    (void)state;
    struct cluster c;
    char text[4096];
    snprintf(
        text, sizeof text,
        "%s---\n"
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: ns}, spec: "
        "{replicas: 2, template: {metadata: {labels: {app: web}}}}}\n"
        "---\n"
        "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: ns, "
        "ownerReferences: [{kind: Deployment, name: web, controller: true}]}, spec: {template: "
        "{}}}\n",
        pod_text);
    begin(&c, text);
    assert_int_equal(c.inv->n_endpoints, 1);
    assert_string_equal(pod(&c, "web")->name->text, "web-1-x");
    assert_string_equal(pod(&c, "web")->workload_kind->text, "Deployment");
    end(&c);
}

static void the_rest_of_the_cluster(void **state)
{
    (void)state;
    struct cluster c;
    begin(
        &c,
        "{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {team: x}}}\n"
        "---\n"
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: ns, labels: "
        "{role: admin}}}\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: Node\n"
        "metadata: {name: n1, labels: {zone: a}}\n"
        "spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24, 'fd00::/64']}\n"
        "status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: Hostname, address: "
        "n1}, {type: ExternalIP, address: 203.0.113.1}]}\n"
        "---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ns}, status: {podIP: "
        "10.244.0.9}}\n");
    const struct np_namespace *space = np_inventory_namespace(c.inv, np_slice_of("ns"));
    assert_false(space->synthesized);
    assert_string_equal(label(&c, &space->labels, "team"), "x");
    assert_string_equal(label(&c, &space->labels, "kubernetes.io/metadata.name"), "ns");
    assert_string_equal(label(&c, pod(&c, "p")->account_labels, "role"), "admin");
    const struct np_node_info *node = np_inventory_node(c.inv, np_slice_of("n1"));
    assert_false(node->synthesized);
    assert_string_equal(label(&c, &node->labels, "zone"), "a");
    assert_int_equal(node->n_addresses, 2);
    check_address(&node->addresses[0], "192.168.0.1");
    check_address(&node->addresses[1], "203.0.113.1");
    assert_int_equal(c.inv->n_pod_cidrs, 2);
    struct np_address inside = {
        .family = NP_IPV4, .bytes = {10, 244, 0, 200}
    };
    assert_true(np_inventory_in_pod_range(c.inv, &inside));
    end(&c);
}

#define ASKS(name, key)                                                                      \
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " name         \
    ", namespace: x}, spec: {ingress: [{},\n{from: [{namespaceSelector: {matchExpressions: " \
    "[{key: " key ", operator: NotIn, values: [prod]}]}}]}]}}\n---\n"
#define POD_IN(space) \
    "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: " space "}}\n---\n"
#define SPACE(name) "{apiVersion: v1, kind: Namespace, metadata: {name: " name "}}\n---\n"

/* What is said of namespaces in the end; "": nothing. */
static void check_namespaces(const char *text, const char *message)
{
    struct cluster c;
    begin(&c, text);
    struct np_lower l = {.ctx = c.ctx, .diags = c.diags};
    netpol_diags_clear(c.diags);
    assert_int_equal(np_lower_check_namespaces(&l, c.model), NETPOL_OK);
    assert_int_equal(netpol_diags_count(c.diags), *message != 0);
    if (*message) {
        const struct netpol_diag *d = netpol_diags_at(c.diags, 0);
        assert_string_equal(d->code, "NP2312");
        assert_string_equal(d->message, message);
        assert_string_equal(d->object, "NetworkPolicy/x/b");
        assert_string_equal(d->path, "spec.ingress[1]");
        assert_int_equal(d->line, 2);
    }
    end(&c);
}

static void labels_of_namespaces_that_were_not_loaded(void **state)
{
    (void)state;
    check_namespaces(ASKS("b", "kubernetes.io/metadata.name") POD_IN("w"), "");
    check_namespaces(ASKS("b", "env") ASKS("c", "env") POD_IN("w") POD_IN("x"),
                     "label env of a namespace is asked for, but no Namespace was loaded for w, x");
    check_namespaces(ASKS("b", "env") POD_IN("w") POD_IN("x") SPACE("w"),
                     "label env of a namespace is asked for, but no Namespace was loaded for x");
    check_namespaces(ASKS("b", "env") POD_IN("w") POD_IN("x") POD_IN("yy") POD_IN("z"),
                     "label env of a namespace is asked for, but no Namespace was loaded for w, x, "
                     "yy and 1 more");
    check_namespaces(ASKS("b", "env") POD_IN("w") SPACE("w"), "");
}

static const char services_text[] =
    "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns, labels: {app: web}}, status: "
    "{podIP: 10.0.0.1}, spec: {containers: [{ports: [{containerPort: 8080, name: http}]}]}}\n"
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: ns, labels: {app: web}}, status: "
    "{podIP: 10.0.0.2}}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: web, namespace: ns, labels: {l: m}}\n"
    "spec:\n"
    "  selector: {app: web}\n"
    "  clusterIP: 10.96.0.1\n"
    "  clusterIPs: [10.96.0.1]\n"
    "  externalIPs: [203.0.113.9]\n"
    "  ports: [{name: http, port: 80, targetPort: http}, {name: same, port: 90}]\n"
    "status: {loadBalancer: {ingress: [{ip: 203.0.113.10}, {hostname: x}]}}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: sliced, namespace: ns}, spec: {selector: "
    "{app: web}, clusterIP: None, ports: [{port: 80}]}}\n"
    "---\n"
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: sliced-x, namespace: ns, labels: {kubernetes.io/service-name: sliced}}\n"
    "addressType: IPv4\n"
    "endpoints:\n"
    "- {addresses: [10.0.0.2], targetRef: {kind: Pod, name: b, namespace: ns}}\n"
    "- {addresses: [10.0.0.1], conditions: {ready: false}}\n"
    "ports: [{name: '', port: 8081}]\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: old, namespace: ns}, spec: {ports: [{port: "
    "80}]}}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Endpoints\n"
    "metadata: {name: old, namespace: ns}\n"
    "subsets:\n"
    "- {addresses: [{ip: 10.0.0.1}, {ip: 8.8.8.8}], notReadyAddresses: [{ip: 10.0.0.2}], ports: "
    "[{port: 7}]}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: out, namespace: ns}, spec: {type: "
    "ExternalName, externalName: db.example.com, selector: {app: web}}}\n";

static const struct np_service_info *service(const struct cluster *c, const char *name)
{
    const struct np_service_info *s =
        np_inventory_service(c->inv, np_slice_of("ns"), np_slice_of(name));
    assert_non_null(s);
    return s;
}

static void services_and_their_backends(void **state)
{
    (void)state;
    struct cluster c;
    begin(&c, services_text);
    const struct np_service_info *s = service(&c, "web");
    uint16_t target;
    assert_int_equal(s->n_addresses, 3);
    check_address(&s->addresses[2], "203.0.113.10");
    assert_string_equal(label(&c, &s->labels, "l"), "m");
    assert_int_equal(s->n_backends, 2);
    assert_true(np_inventory_target(s, &s->ports[0], &s->backends[0], &target));
    assert_int_equal(target, 8080);
    assert_false(np_inventory_target(s, &s->ports[0], &s->backends[1], &target));
    assert_true(np_inventory_target(s, &s->ports[1], &s->backends[1], &target));
    assert_int_equal(target, 90);
    s = service(&c, "sliced");
    assert_true(s->headless);
    assert_int_equal(s->n_addresses, 0);
    assert_int_equal(s->n_backends, 1);
    assert_string_equal(s->backends[0].endpoint->name->text, "b");
    assert_true(np_inventory_target(s, &s->ports[0], &s->backends[0], &target));
    s = service(&c, "old");
    assert_int_equal(s->n_backends, 2);
    assert_null(s->backends[0].endpoint); /* 8.8.8.8 */
    assert_string_equal(s->backends[1].endpoint->name->text, "a");
    assert_true(np_inventory_target(s, &s->ports[0], &s->backends[1], &target));
    assert_int_equal(target, 7);
    s = service(&c, "out");
    assert_true(s->external_name);
    assert_string_equal(s->external->text, "db.example.com");
    assert_int_equal(s->n_backends, 0);
    end(&c);
}

static void lenient_loading_takes_the_source_text(void **state)
{
    (void)state;
    struct cluster c = {.load_flags = NETPOL_LOAD_LENIENT};
    assert_int_equal(netpol_ctx_create(NULL, &c.ctx), NETPOL_OK);
    assert_int_equal(load(&c, "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ns, "
                              "labels: {a: on, b: 1.10, c: 010}}}"),
                     NETPOL_OK);
    assert_int_equal(netpol_diags_seen(c.diags, NETPOL_WARNING), 3);
    assert_int_equal(seal(&c), NETPOL_OK);
    const struct np_labels *labels = &pod(&c, "p")->labels;
    assert_string_equal(label(&c, labels, "a"), "on");
    assert_string_equal(label(&c, labels, "b"), "1.10");
    assert_string_equal(label(&c, labels, "c"), "010");
    end(&c);
}

/* An object that an API server took and we cannot read: answers know that something is missing. */
static void an_unreadable_pod_makes_the_set_incomplete(void **state)
{
    (void)state;
    struct cluster c = {.load_flags = NETPOL_LOAD_ADMITTED};
    assert_int_equal(netpol_ctx_create(NULL, &c.ctx), NETPOL_OK);
    assert_int_equal(load(&c, "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ns}, "
                              "status: {podIP: x}}"),
                     NETPOL_OK);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.objects[0]->state, NP_OBJECT_UNREADABLE);
    assert_int_equal(seal(&c), NETPOL_OK);
    assert_int_equal(c.inv->n_endpoints, 0);
    assert_int_equal(c.model->incomplete, NP_UNKNOWN(NP_FACT_INCOMPLETE));
    end(&c);
}

/* ---- no memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char text[8192];
    snprintf(text, sizeof text,
             "%s---\n%s---\n"
             "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: ns}, spec: "
             "{replicas: 2, template: {metadata: {labels: {app: web}}}}}\n"
             "---\n"
             "{apiVersion: v1, kind: Node, metadata: {name: n}, spec: {podCIDR: 10.0.0.0/8}, "
             "status: {addresses: [{type: InternalIP, address: 1.2.3.4}]}}\n"
             "---\n"
             "{apiVersion: v1, kind: Namespace, metadata: {name: ns}}\n",
             pod_text, services_text);
    size_t failed = 0;
    for (size_t at = 1;; at++) {
        struct counting counting = {0};
        struct cluster c;
        memset(&c, 0, sizeof c);
        c.ctx = counting_ctx(&counting, NULL);
        counting.calls = 0;
        counting.fail_at = at;
        int status = load(&c, text);
        if (status == NETPOL_OK) {
            status = seal(&c);
        }
        bool reached = counting.calls >= at;
        end(&c);
        assert_int_equal(counting.blocks, 0);
        assert_false(counting.bad_size);
        if (!reached) {
            assert_int_equal(status, NETPOL_OK);
            break;
        }
        failed += status == NETPOL_ERR_MEMORY;
        assert_true(status == NETPOL_ERR_MEMORY || status == NETPOL_OK); /* a message was lost */
    }
    assert_true(failed > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_becomes_an_endpoint),
        cmocka_unit_test(defaults_and_what_is_left_out),
        cmocka_unit_test(workloads_have_one_or_two_representatives),
        cmocka_unit_test(pods_stand_for_their_deployment),
        cmocka_unit_test(the_rest_of_the_cluster),
        cmocka_unit_test(labels_of_namespaces_that_were_not_loaded),
        cmocka_unit_test(services_and_their_backends),
        cmocka_unit_test(lenient_loading_takes_the_source_text),
        cmocka_unit_test(an_unreadable_pod_makes_the_set_incomplete),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
