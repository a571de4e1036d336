/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers of Cilium's rules as sets, judged by the reference: each row is one element of a policy of
 * namespace a (or of a clusterwide one) and the ends it is about, seen from pod a/own on node n1.
 * Every row is asked over IPv4 and over IPv6. Sources: lowering 4.3 and 5 (rows 14, 15, 17), the
 * semantics page of Cilium 2.1 to 2.3, 2.6, 2.9.
 */
#include "np_cmocka.h"

#include "dialect/cilium/peers.h"
#include "dialect/dialect.h"
#include "reference/reference.h"
#include <netpol/eval.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

/* ---- the cluster ---- */

#define POD(space, name, labels, node, n)                                                          \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: " name ", namespace: " space ", labels: {" labels \
    "}}\nspec: {nodeName: " node ", serviceAccountName: sa-" name ", containers: [{name: c}]}\n"   \
    "status: {podIP: 10.0.0." n ", podIPs: [{ip: 10.0.0." n "}, {ip: \"fd00::" n "\"}]}\n---\n"
#define NODE(name, zone, n)                                                                  \
    "apiVersion: v1\nkind: Node\nmetadata: {name: " name ", labels: {zone: " zone "}}\n"     \
    "spec: {podCIDRs: [10.0." n ".0/24, \"fd00:0:0:" n "::/64\"]}\n"                         \
    "status: {addresses: [{type: InternalIP, address: 192.168.0." n "}, {type: InternalIP, " \
    "address: \"fd01::" n "\"}]}\n---\n"
#define SERVICE(name, labels, spec)                                                            \
    "apiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: b, labels: {" labels \
    "}}\n"                                                                                     \
    "spec: {" spec "}\n---\n"
#define SLICE(service, n, family, address)                                                       \
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " service "-" n ", " \
    "namespace: b, labels: {kubernetes.io/service-name: " service "}}\naddressType: " family     \
    "\nports: [{port: 443}]\nendpoints: [{addresses: [" address "]}]\n---\n"

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: red}}\n---\n"
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {team: blue}}\n---\n" POD(
        "a", "own", "app: own", "n1", "1") POD("a", "x", "app: x", "n1", "2")
        POD("a", "w", "app: w, tier: '1'", "n2", "3") POD("b", "x", "app: x", "n2", "4")
    /* A pod that says it is of another namespace, account, cluster, and a node (CVE-2023-39347). */
    POD("b", "liar",
        "app: z, io.kubernetes.pod.namespace: a, io.cilium.k8s.policy.serviceaccount: sa-x, "
        "io.cilium.k8s.namespace.labels.team: red, io.cilium.k8s.policy.cluster: other, host: '', "
        "io.cilium.k8s.other: '1'",
        "n2", "5") NODE("n1", "east", "0") NODE("n2", "west", "1")
        SERVICE("web", "kind: front", "selector: {app: x}, ports: [{port: 80}]")
            SERVICE("out", "kind: back", "ports: [{port: 443}]")
                SERVICE("named", "kind: back", "type: ExternalName, externalName: example.com")
                    SLICE("out", "4", "IPv4", "10.1.2.3")
                        SLICE("out", "6", "IPv6", "\"2001:db8:1::3\"");

static const struct {
    const char *title, *address[2];
} ends[] = {
    {"a/x",        {"10.0.0.2", "fd00::2"}      },
    {"a/w",        {"10.0.0.3", "fd00::3"}      },
    {"b/x",        {"10.0.0.4", "fd00::4"}      },
    {"b/liar",     {"10.0.0.5", "fd00::5"}      },
    {"own node",   {"192.168.0.0", "fd01::"}    },
    {"other node", {"192.168.0.1", "fd01::1"}   },
    {"far",        {"8.8.8.8", "2001:db8::8"}   },
    {"near",       {"10.1.2.3", "2001:db8:1::3"}},
};
enum { ENDS = ARRAY_SIZE(ends), OBJECTS_MAX = 24 };

/* ---- elements from text ---- */

struct element {
    const struct np_node *node;
    struct np_cilium_peers peers;
};
NP_FIELDS(ingress)
NP_CILIUM_PEER_FIELDS(element, peers., "from")
NP_SHAPE_OF(ingress, element, "IngressRule", NP_SHAPE_CRD, NULL, "")
NP_FIELDS(egress)
NP_CILIUM_EGRESS_PEER_FIELDS(element, peers.)
NP_SHAPE_OF(egress, element, "EgressRule", NP_SHAPE_CRD, NULL, "")
NP_FIELDS(subject)
NP_FIELD("endpointSelector", OBJECTS, OPTIONAL, "", "", NP_TO(element, peers.endpoints),
         .shape = &np_cilium_selector_shape)
NP_SHAPE_OF(subject, element, "Rule", NP_SHAPE_CRD, NULL, "")

struct fixture {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct np_options options;
    struct np_object *objects[OBJECTS_MAX];
    size_t count;
    /* the element */
    struct np_object *policy;
    struct element element;
    bool egress, subject, deny, clusterwide, read;
    struct np_build *build;
    struct np_model *model;
    const struct np_set *sets[4];
    size_t n_sets;
};

static int take_object(void *user, const struct np_document *document)
{
    struct fixture *f = user;
    struct np_object *object = NULL;
    if (np_decode_object(f->ctx, document, 0, NULL, &object) != NETPOL_OK) {
        fail_msg("%s", netpol_diags_at(f->diags, 0)->message);
    }
    assert_true(object && f->count < OBJECTS_MAX);
    object->ref = 100 + 2 * f->count;
    f->objects[f->count++] = object;
    return NETPOL_OK;
}

static int take_element(void *user, const struct np_document *document)
{
    struct fixture *f = user;
    struct np_decode d = {
        .ctx = f->ctx, .document = document, .diags = f->diags, .object = f->policy};
    np_text_init(&d.path, f->ctx);
    const struct np_node *root = np_decode_keep(&d, document->root);
    assert_non_null(root);
    const struct np_shape *shape = f->subject  ? &subject_shape
                                   : f->egress ? &egress_shape
                                               : &ingress_shape;
    np_decode_into(&d, shape, root, &f->element);
    np_cilium_check_peers(&d, root, &f->element.peers, f->egress ? NP_EGRESS : NP_INGRESS, f->deny);
    if (f->subject && f->element.peers.endpoints.count) {
        np_cilium_check_subjects(&d, f->element.peers.endpoints.items);
    }
    f->read = d.errors == 0;
    np_text_free(&d.path);
    return NETPOL_OK;
}

static void open_fixture(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->options = (struct np_options){
#define NP_OPTION(name, values, fallback, doc) .name = (fallback),
#include "model/options.def"
#undef NP_OPTION
    };
    f->options.engine = NP_ENGINE_CILIUM;
    f->options.ipblock_matches_pods = f->options.ipblock_matches_nodes = 0;
    assert_int_equal(netpol_ctx_create(NULL, &f->ctx), NETPOL_OK);
    assert_int_equal(netpol_diags_create(f->ctx, &f->diags), NETPOL_OK);
    assert_int_equal(np_source_read(f->ctx, cluster, strlen(cluster), "cluster", NP_FORMAT_AUTO,
                                    f->diags, take_object, f),
                     NETPOL_OK);
}

static void close_element(struct fixture *f)
{
    np_model_destroy(f->model);
    np_build_destroy(f->build);
    np_object_unref(f->policy);
    f->model = NULL;
    f->build = NULL;
    f->policy = NULL;
    memset(&f->element, 0, sizeof f->element);
    f->n_sets = 0;
}

static void close_fixture(struct fixture *f)
{
    close_element(f);
    for (size_t i = 0; i < f->count; i++) {
        np_object_unref(f->objects[i]);
    }
    netpol_diags_destroy(f->diags);
    netpol_ctx_destroy(f->ctx);
}

static void read_element(struct fixture *f, const char *text)
{
    close_element(f);
    netpol_diags_clear(f->diags);
    f->policy = np_object_create(
        f->ctx, np_reader_find(np_slice_of("networking.k8s.io/v1"), np_slice_of("NetworkPolicy")));
    assert_non_null(f->policy);
    f->policy->namespace_name = np_slice_of(f->clusterwide ? "" : "a");
    f->policy->name = np_slice_of("p");
    assert_int_equal(np_source_read(f->ctx, text, strlen(text), "element", NP_FORMAT_AUTO, f->diags,
                                    take_element, f),
                     NETPOL_OK);
}

static void lower_element(struct fixture *f)
{
    f->build = np_build_create(f->ctx);
    assert_non_null(f->build);
    *np_build_options(f->build) = f->options;
    struct np_lower l = {
        .ctx = f->ctx, .build = f->build, .options = &f->options, .diags = f->diags};
    assert_int_equal(np_lower_objects(&l, f->objects, f->count), NETPOL_OK);
    l.object = f->policy;
    const struct np_cilium_peers *p = &f->element.peers;
    f->n_sets = np_cilium_peers_count(p);
    assert_true(f->n_sets <= ARRAY_SIZE(f->sets));
    for (size_t i = 0; i < f->n_sets; i++) {
        f->sets[i] = f->subject ? np_cilium_subjects(&l, &p->endpoints.items[i])
                                : np_cilium_peer_set(&l, p, i, f->egress ? NP_EGRESS : NP_INGRESS);
    }
    assert_int_equal(np_build_seal(f->build, &f->model), NETPOL_OK);
}

/* ---- judging ---- */

static void end_at(const struct fixture *f, const char *address, struct np_end *out)
{
    struct np_address parsed;
    uint32_t owners;
    assert_int_equal(np_address_parse(np_slice_of(address), &parsed, NULL), NP_PREFIX_OK);
    assert_true(np_inventory_end(&f->model->inventory, &f->options, 0, &parsed, parsed.family, 0,
                                 out, &owners));
}

static np_truth truth_at(const struct fixture *f, const char *address, const char *name)
{
    struct np_hop hop = {.protocol = 6};
    struct netpol_string names[] = {
        {name, name ? strlen(name) : 0}
    };
    bool v4 = !strchr(address, ':');
    struct np_end *near = f->egress ? &hop.src : &hop.dst, *far = f->egress ? &hop.dst : &hop.src;
    end_at(f, v4 ? "10.0.0.1" : "fd00::1", near);
    end_at(f, address, far);
    hop.family = v4 ? NP_IPV4 : NP_IPV6;
    if (name) {
        far->names = names;
        far->n_names = 1;
    }
    far->names_given = name != NULL;
    if (f->subject) {
        *near = *far;
        far = near;
    }
    np_truth result = NP_NO;
    for (size_t i = 0; i < f->n_sets; i++) {
        result =
            np_or(result, f->sets[i] ? np_reference_set(f->model, f->sets[i], &hop, far) : NP_YES);
    }
    return result;
}

/* "a/x, own node" of the ends for which the set holds; "?" behind one for which it may. */
static void say(const struct fixture *f, int family, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < ENDS; i++) {
        np_truth truth = truth_at(f, ends[i].address[family], NULL);
        size_t used = strlen(out);
        if (truth != NP_NO) {
            snprintf(out + used, size - used, "%s%s%s", used ? ", " : "", ends[i].title,
                     truth == NP_YES ? "" : "?");
        }
    }
}

struct row {
    const char *element, *expected;
    const char *expected_v6; /* NULL: the same */
};

static void check_rows(struct fixture *f, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        read_element(f, rows[i].element);
        if (!f->read) {
            fail_msg("%s: %s", rows[i].element, netpol_diags_at(f->diags, 0)->message);
        }
        lower_element(f);
        for (int family = 0; family < 2; family++) {
            const char *expected =
                family && rows[i].expected_v6 ? rows[i].expected_v6 : rows[i].expected;
            char said[256];
            say(f, family, said, sizeof said);
            if (strcmp(said, expected) != 0) {
                fail_msg("%s\nIPv%c: expected %s\nsaid %s", rows[i].element, family ? '6' : '4',
                         expected, said);
            }
        }
    }
}

#define FROM(selector) "fromEndpoints: [{" selector "}]"
#define LABELS(text)   FROM("matchLabels: {" text "}")
#define EXPR(text)     FROM("matchExpressions: [{" text "}]")
#define EVERYBODY      "a/x, a/w, b/x, b/liar, own node, other node, far, near"
#define PODS           "a/x, a/w, b/x, b/liar"
#define NODES          "own node, other node"
#define OUTSIDE        "far, near"

/* ---- 2.1: namespaces, sources, what a category lacks ---- */

static void namespaced(void **state)
{
    static const struct row rows[] = {
        {FROM(""),                                                                            "a/x, a/w",      NULL     },
        {LABELS("app: x"),                                                                    "a/x",           NULL     },
        {LABELS("k8s:app: x"),                                                                "a/x",           NULL     },
        {LABELS("any:app: x"),                                                                "a/x",           NULL     },
        {LABELS("node:app: x"),                                                               "",              NULL     },
        {LABELS("container:app: x"),                                                          "",              NULL     },
        {EXPR("key: app, operator: In, values: [x, w]"),                                      "a/x, a/w",      NULL     },
        {EXPR("key: app, operator: NotIn, values: [x]"),                                      "a/w",           NULL     },
        {EXPR("key: tier, operator: Exists"),                                                 "a/w",           NULL     },
        {EXPR("key: tier, operator: DoesNotExist"),                                           "a/x",           NULL     },
        {EXPR("key: 'k8s:tier', operator: NotIn, values: ['1']"),                             "a/x",           NULL     },
        {LABELS("app: x, tier: '1'"),                                                         "",              NULL     },
 /* another namespace, if it is said */
        {LABELS("k8s:io.kubernetes.pod.namespace: b"),                                        "b/x, b/liar",   NULL     },
        {LABELS("io.kubernetes.pod.namespace: b, app: x"),                                    "b/x",           NULL     },
        {EXPR("key: io.kubernetes.pod.namespace, operator: Exists"),                          PODS,            NULL     },
        {EXPR("key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]"),              "b/x, b/liar",
         NULL                                                                                                           },
        {LABELS("io.cilium.k8s.namespace.labels.team: blue"),                                 "b/x, b/liar",   NULL     },
        {LABELS("'k8s:io.cilium.k8s.namespace.labels.team': red, app: x"),                    "a/x",           NULL     },
        {LABELS("io.cilium.k8s.policy.serviceaccount: sa-x"),                                 "a/x",           NULL     },
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.serviceaccount: sa-x"), "b/x",
         NULL                                                                                                           },
        {LABELS("io.cilium.k8s.policy.cluster: default"),                                     "a/x, a/w",      NULL     },
        {LABELS("io.cilium.k8s.policy.cluster: other"),                                       "",              NULL     },
 /* reserved labels: no namespace is added */
        {LABELS("'reserved:host': ''"),                                                       "own node",      NULL     },
        {LABELS("$host: ''"),                                                                 "own node",      NULL     },
        {LABELS("reserved.host: ''"),                                                         "own node",      NULL     },
        {LABELS("'reserved:host': 'yes'"),                                                    "",              NULL     },
        {LABELS("'reserved:remote-node': ''"),                                                "other node",    NULL     },
        {LABELS("'reserved:world': ''"),                                                      OUTSIDE,         NULL     },
        {LABELS("'reserved:world-ipv4': ''"),                                                 OUTSIDE,         ""       },
        {LABELS("'reserved:world-ipv6': ''"),                                                 "",              OUTSIDE  },
        {LABELS("'reserved:nothing': ''"),                                                    "",              NULL     },
        {EXPR("key: 'reserved:host', operator: DoesNotExist"),
         "a/x, a/w, b/x, b/liar, other node, far, near",                                                       NULL     },
        {EXPR("key: 'reserved:world', operator: NotIn, values: ['']"),                        PODS ", " NODES, NULL     },
        {EXPR("key: 'reserved:world-ipv4', operator: DoesNotExist"),                          PODS ", " NODES, EVERYBODY},
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidr:10.1.0.0/16', "
              "operator: Exists}]"),
         "near",                                                                                               ""       },
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidr:10.1.0.0/16', "
              "operator: DoesNotExist}]"),
         "far",                                                                                                OUTSIDE  },
        {FROM("matchLabels: {'reserved:world': '', 'cidr:2001-db8-1--0/48': ''}"),            "",              "near"   },
        {FROM("matchLabels: {'reserved:world': '', 'any:10.1.0.0/16': ''}"),                  "near",          ""       },
        {FROM("matchLabels: {'$world': '', 'any:world': ''}"),                                OUTSIDE,         NULL     },
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.egress = true; /* the same lists the other way */
    const struct row egress[] = {
        {"toEndpoints: [{matchLabels: {app: x}}]",              "a/x",      NULL},
        {"toEndpoints: [{matchLabels: {'reserved:host': ''}}]", "own node", NULL},
    };
    check_rows(&f, egress, ARRAY_SIZE(egress));
    close_fixture(&f);
}

static void clusterwide(void **state)
{
    static const struct row rows[] = {
        {FROM(""),                                                                         PODS,          NULL}, /* neither host nor world */
        {LABELS("app: x"),                                                                 "a/x, b/x",    NULL},
        {LABELS("io.kubernetes.pod.namespace: b"),                                         "b/x, b/liar", NULL},
        {EXPR("key: app, operator: NotIn, values: [x]"),                                   "a/w, b/liar", NULL},
        {EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
         "b/x, b/liar",                                                                                   NULL},
        {LABELS("'reserved:host': ''"),                                                    "",            NULL}, /* it has no namespace */
        {EXPR("key: io.kubernetes.pod.namespace, operator: DoesNotExist"),                 "",            NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.clusterwide = true;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.options.local_cluster = 1; /* off: then what lacks a namespace has no cluster to lack */
    const struct row anybody[] = {
        {EXPR("key: io.kubernetes.pod.namespace, operator: DoesNotExist"), NODES ", " OUTSIDE,
         NULL                                                                                      },
        {FROM(""),                                                         PODS,               NULL},
    };
    check_rows(&f, anybody, ARRAY_SIZE(anybody));
    close_fixture(&f);
}

/* Lowering 5, row 17: NotIn holds for whoever lacks the key, unless the cluster must be there. */
static void labels_that_a_category_lacks(void **state)
{
    static const struct row row = {
        EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
        "b/x, b/liar, " NODES ", " OUTSIDE, NULL};
    static const struct row local = {
        EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
        "b/x, b/liar", NULL};
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, &local, 1);
    f.options.local_cluster = 1; /* on, off */
    check_rows(&f, &row, 1);
    close_fixture(&f);
}

/* CVE-2023-39347 and its like: b/liar has labels of the names that Cilium gives, and none counts.
 */
static void nobody_gives_himself_a_namespace(void **state)
{
    static const struct row rows[] = {
        {LABELS("io.kubernetes.pod.namespace: a"),                                               "a/x, a/w",    NULL},
        {LABELS("'k8s:io.kubernetes.pod.namespace': a"),                                         "a/x, a/w",    NULL},
        {EXPR("key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]"),                 "b/x, b/liar",
         NULL                                                                                                       },
        {LABELS("io.cilium.k8s.namespace.labels.team: red"),                                     "a/x, a/w",    NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.serviceaccount: sa-liar"),
         "b/liar",                                                                                              NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.cluster: other"),          "",            NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.other: '1'"),                     "",            NULL},
        {FROM("matchLabels: {io.kubernetes.pod.namespace: b}, matchExpressions: [{key: "
              "io.cilium.k8s.other, operator: DoesNotExist}]"),
         "b/x, b/liar",                                                                                         NULL},
        {LABELS("'reserved:host': ''"),                                                          "own node",    NULL},
        {LABELS("io.kubernetes.pod.namespace: b, 'k8s:host': ''"),                               "b/liar",      NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    close_fixture(&f);
}

/* ---- entities (2.2) ---- */

static void entities(void **state)
{
#define ENTITY(name) "fromEntities: [" name "]"
    static const struct row rows[] = {
        {ENTITY("all"),               EVERYBODY,    NULL   },
        {ENTITY("world"),             OUTSIDE,      NULL   },
        {ENTITY("world-ipv4"),        OUTSIDE,      ""     },
        {ENTITY("world-ipv6"),        "",           OUTSIDE},
        {ENTITY("host"),              "own node",   NULL   },
        {ENTITY("remote-node"),       "other node", NULL   },
        {ENTITY("host, remote-node"), NODES,        NULL   },
        {ENTITY("none"),              "",           NULL   },
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.egress = true;
    const struct row egress = {"toEntities: [host, world]", "own node, far, near", NULL};
    check_rows(&f, &egress, 1);
    close_fixture(&f);
}

/* ---- ranges (2.3) ---- */

static void ranges(void **state)
{
#define CIDR(text) "fromCIDR: [" text "]"
#define SET(text)  "fromCIDRSet: [{" text "}]"
    static const struct row rows[] = {
        {CIDR("0.0.0.0/0"),                                                             OUTSIDE, ""     }, /* lowering 5, row 14: no pod, no node */
        {CIDR("'::/0'"),                                                                "",      OUTSIDE},
        {CIDR("10.1.2.3"),                                                              "near",  ""     }, /* no length: one address */
        {CIDR("'2001:db8:1::3'"),                                                       "",      "near" },
        {CIDR("10.1.2.3/32, 8.0.0.0/8"),                                                OUTSIDE, ""     },
        {CIDR("10.0.0.0/24, 192.168.0.0/24"),                                           "",      NULL   },
        {SET("cidr: 0.0.0.0/0, except: [10.0.0.0/8]"),                                  "far",   ""     },
        {SET("cidr: '::/0', except: ['2001:db8:1::/48']"),                              "",      "far"  },
        {SET("cidr: 10.0.0.0/8, except: [10.0.0.0/8]"),                                 "",      NULL   },
 /* an exception is of its own entry */
        {"fromCIDRSet: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}, {cidr: 10.1.0.0/16}]", OUTSIDE,
         ""                                                                                             },
    };
    static const struct row matched[] = {
        {CIDR("0.0.0.0/0"),                          EVERYBODY,     ""                },
        {CIDR("10.0.0.0/8"),                         PODS ", near", ""                },
        {SET("cidr: '::/0', except: ['fd00::/16']"), "",            NODES ", " OUTSIDE},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.options.ipblock_matches_pods = f.options.ipblock_matches_nodes =
        1; /* policy-cidr-match-mode */
    check_rows(&f, matched, ARRAY_SIZE(matched));
    close_fixture(&f);
}

/* ---- nodes, services, names ---- */

static void nodes(void **state)
{
    static const struct row rows[] = {
        {"fromNodes: [{matchLabels: {zone: west}}]",                                        "other node", NULL},
        {"fromNodes: [{matchLabels: {zone: east}}]",                                        "",           NULL}, /* the own node is the host */
        {"fromNodes: [{matchLabels: {'node:zone': west}}]",                                 "other node", NULL},
        {"fromNodes: [{matchLabels: {'k8s:zone': west}}]",                                  "",           NULL},
        {"fromNodes: [{}]",                                                                 "other node", NULL},
        {"fromNodes: [{matchExpressions: [{key: zone, operator: NotIn, values: [west]}]}]", "",
         NULL                                                                                                 },
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': west}"),              "other node", NULL},
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': east}"),              "",           NULL},
    };
    static const struct row off[] = {
        {"fromNodes: [{}]",                                                    "", NULL},
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': west}"), "", NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, off, ARRAY_SIZE(off));
    f.options.node_labels = 1;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    close_fixture(&f);
}

static void services(void **state)
{
#define TO_SERVICE(text)  "toServices: [{k8sService: {" text "}}]"
#define TO_SERVICES(text) "toServices: [{k8sServiceSelector: {" text "}}]"
    static const struct row rows[] = {
        {TO_SERVICE("serviceName: web, namespace: b"),                        "b/x",       NULL}, /* not the pod of a */
        {TO_SERVICE("serviceName: web"),                                      "",          NULL}, /* the policy's namespace */
        {TO_SERVICE("serviceName: out, namespace: b"),                        "near",      NULL},
        {TO_SERVICE("serviceName: named, namespace: b"),                      "",          NULL},
        {TO_SERVICES("selector: {matchLabels: {kind: front}}, namespace: b"), "b/x",       NULL},
        {TO_SERVICES("selector: {}, namespace: b"),                           "b/x, near", NULL},
        {TO_SERVICES("selector: {matchLabels: {kind: front}}"),               "",          NULL},
    };
    static const struct row any[] = {
        {TO_SERVICE("serviceName: web"), "b/x",       NULL},
        {TO_SERVICES("selector: {}"),    "b/x, near", NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.egress = true;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.clusterwide = true;
    check_rows(&f, any, ARRAY_SIZE(any));
    close_fixture(&f);
}

/* Lowering 5, row 15: an address that has a name keeps what it has by number. */
static void names(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.egress = true;
    read_element(&f, "toFQDNs: [{matchName: A.example.COM}]");
    assert_true(f.read);
    lower_element(&f);
    for (int family = 0; family < 2; family++) {
        const char *far = ends[6].address[family], *pod = ends[0].address[family];
        assert_int_equal(truth_at(&f, far, "a.example.com"), NP_YES);
        assert_int_equal(truth_at(&f, far, "a.example.com."), NP_YES);
        assert_int_equal(truth_at(&f, far, "b.example.com"), NP_NO);
        assert_true(np_is_maybe(truth_at(&f, far, NULL)));
        assert_int_equal(truth_at(&f, pod, "a.example.com"), NP_NO);
        assert_int_equal(truth_at(&f, ends[5].address[family], "a.example.com"), NP_NO);
    }
    static const struct { /* 2.9 */
        const char *pattern, *name;
        bool fits;
    } patterns[] = {
        {"*.x.io",   "a.x.io",   true },
        {"*.X.io",   "A.x.IO.",  true },
        {"*.x.io",   "x.io",     false},
        {"*.x.io",   "a.b.x.io", false},
        {"*x.io",    "x.io",     true },
        {"**.x.io",  "a.b.x.io", true },
        {"**.x.io",  "x.io",     false},
        {"*",        "a.b.c",    true },
        {"sub.x.io", "sub.x.io", true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        char text[128];
        snprintf(text, sizeof text, "toFQDNs: [{matchPattern: \"%s\"}]", patterns[i].pattern);
        read_element(&f, text);
        lower_element(&f);
        assert_int_equal(truth_at(&f, "8.8.8.8", patterns[i].name), np_truth_of(patterns[i].fits));
        assert_int_equal(truth_at(&f, "2001:db8::8", patterns[i].name),
                         np_truth_of(patterns[i].fits));
    }
    read_element(&f, "toCIDR: [8.8.0.0/16]");
    lower_element(&f);
    assert_int_equal(truth_at(&f, "8.8.8.8", "a.example.com"), NP_YES);
    close_fixture(&f);
}

/* ---- absent, empty, and who is a subject ---- */

static void absent_and_empty(void **state)
{
    static const struct {
        const char *element;
        bool absent;
        size_t count;
    } rows[] = {
        {"{}",                                       true,  0},
        {"fromEndpoints: []",                        false, 0},
        {"fromEndpoints: [{}]",                      false, 1},
        {"fromRequires: []",                         true,  0},
        {"fromCIDR: []",                             false, 0},
        {"fromEntities: [world], fromEndpoints: []", false, 0},
        {"fromCIDR: [1.2.3.4, 5.6.7.8]",             false, 2},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, rows[i].element[0] == '{' ? "%s" : "{%s}", rows[i].element);
        read_element(&f, text);
        assert_true(f.read);
        assert_int_equal(np_cilium_peers_absent(&f.element.peers), rows[i].absent);
        assert_int_equal(np_cilium_peers_count(&f.element.peers), rows[i].count);
    }
    close_fixture(&f);
}

static void subjects(void **state)
{
#define SUBJECT(text) "endpointSelector: [{" text "}]"
    static const struct row namespaced_rows[] = {
        {SUBJECT(""),                                                            "a/x, a/w", NULL},
        {SUBJECT("matchLabels: {app: x}"),                                       "a/x",      NULL},
        {SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': a}"),         "a/x, a/w", NULL},
 /* replaced (utils.go, "removing illegal namespace match"), or it must hold as well */
        {SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': b, app: x}"), "a/x",      NULL},
        {SUBJECT("matchLabels: {io.kubernetes.pod.namespace: b}"),               "",         NULL},
        {SUBJECT(
             "matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: "
             "[b]}]"),
         "",                                                                                 NULL},
        {SUBJECT("matchLabels: {io.cilium.k8s.namespace.labels.team: blue}"),    "",         NULL},
        {SUBJECT("matchLabels: {'reserved:init': ''}"),                          "",         NULL},
        {SUBJECT("matchLabels: {'reserved:host': ''}"),                          "",         NULL},
    };
    static const struct row clusterwide_rows[] = {
        {SUBJECT(""),                                                                   PODS,          NULL},
        {SUBJECT("matchLabels: {io.kubernetes.pod.namespace: b}"),                      "b/x, b/liar", NULL},
        {SUBJECT("matchLabels: {io.cilium.k8s.namespace.labels.team: blue}"),           "b/x, b/liar", NULL},
        {SUBJECT("matchLabels: {'reserved:health': ''}"),                               "",            NULL},
        {SUBJECT("matchExpressions: [{key: 'reserved:init', operator: DoesNotExist}]"), PODS,          NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.subject = true;
    check_rows(&f, namespaced_rows, ARRAY_SIZE(namespaced_rows));
    read_element(&f, SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': b}"));
    assert_string_equal(netpol_diags_at(f.diags, 0)->code, "NP2532");
    f.clusterwide = true;
    check_rows(&f, clusterwide_rows, ARRAY_SIZE(clusterwide_rows));
    assert_int_equal(netpol_diags_count(f.diags), 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(namespaced),
        cmocka_unit_test(clusterwide),
        cmocka_unit_test(labels_that_a_category_lacks),
        cmocka_unit_test(nobody_gives_himself_a_namespace),
        cmocka_unit_test(entities),
        cmocka_unit_test(ranges),
        cmocka_unit_test(nodes),
        cmocka_unit_test(services),
        cmocka_unit_test(names),
        cmocka_unit_test(absent_and_empty),
        cmocka_unit_test(subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
