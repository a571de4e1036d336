/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_CILIUM_PEERS_H
#define NP_TESTS_DIALECT_CILIUM_PEERS_H
/*
 * Elements of Cilium's policies from text, lowered to sets and judged by the reference: each row is
 * one element of a policy of namespace a (or of a clusterwide one) and the ends it is about, seen
 * from pod a/own on node n1. Every row is asked over IPv4 and over IPv6.
 */
#include "np_cmocka.h"

#include "dialect/cilium/inventory.h"
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
#define SLICE(service, n, family, address) SLICE_IN("b", service, n, family, address)
#define SLICE_IN(space, service, n, family, address)                                             \
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " service "-" n ", " \
    "namespace: " space ", labels: {kubernetes.io/service-name: " service                        \
    "}}\naddressType: " family "\nports: [{port: 443}]\nendpoints: [{addresses: [" address       \
    "]}]\n---\n"

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: red}}\n---\n"
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {team: blue}}\n---\n" POD(
        "a", "own", "app: own", "n1", "1") POD("a", "x", "app: x", "n1", "2")
        POD("a", "w", "app: w, tier: '1', pod-template-hash: h, app.kubernetes.io/name: w", "n2",
            "3") POD("b", "x", "app: x", "n2", "4")
    /* A pod that says it is of another namespace, account, cluster, and a node (CVE-2023-39347). */
    POD("b", "liar",
        "app: z, io.kubernetes.pod.namespace: a, io.cilium.k8s.policy.serviceaccount: sa-x, "
        "io.cilium.k8s.namespace.labels.team: red, io.cilium.k8s.policy.cluster: other, host: '', "
        "io.cilium.k8s.other: '1'",
        "n2", "5") NODE("n1", "east", "0") NODE("n2", "west", "1")
        SERVICE("web", "kind: front", "selector: {app: x}, ports: [{port: 80}]")
            SERVICE("out", "kind: back", "ports: [{port: 443}]") SERVICE("inner", "kind: back",
                                                                         "ports: [{port: 443}]")
                SLICE("inner", "4", "IPv4", "10.0.0.3") SLICE("inner", "6", "IPv6", "\"fd00::3\"")
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
enum { ENDS = ARRAY_SIZE(ends), OBJECTS_MAX = 40 };

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
    const char *fed; /* name of a set with the address of "near" in it; NULL: none */
    bool egress, subject, deny, clusterwide, read;
    struct np_build *build;
    struct np_model *model;
    const struct np_set *sets[4];
    size_t n_sets;
};

static inline int take_object(void *user, const struct np_document *document)
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

static inline int take_element(void *user, const struct np_document *document)
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

static inline void load_objects(struct fixture *f, const char *text)
{
    assert_int_equal(np_source_read(f->ctx, text, strlen(text), "cluster", NP_FORMAT_AUTO, f->diags,
                                    take_object, f),
                     NETPOL_OK);
}

static inline void open_fixture(struct fixture *f)
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
    load_objects(f, cluster);
}

static inline void close_element(struct fixture *f)
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

static inline void close_fixture(struct fixture *f)
{
    close_element(f);
    for (size_t i = 0; i < f->count; i++) {
        np_object_unref(f->objects[i]);
    }
    netpol_diags_destroy(f->diags);
    netpol_ctx_destroy(f->ctx);
}

static inline void read_element(struct fixture *f, const char *text)
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

static inline void feed(const struct fixture *f)
{
    struct np_prefix near[2];
    for (int family = 0; family < 2; family++) {
        struct np_address address;
        assert_int_equal(np_address_parse(np_slice_of(ends[7].address[family]), &address, NULL),
                         NP_PREFIX_OK);
        near[family] = np_prefix_of(&address);
    }
    struct np_address_set *set =
        np_build_address_set(f->build, NP_CILIUM_FED, np_build_text(f->build, f->fed));
    assert_non_null(set);
    set->prefixes = np_build_prefixes(f->build, near, 2);
    set->n_prefixes = 2;
}

static inline void lower_element(struct fixture *f)
{
    f->build = np_build_create(f->ctx);
    assert_non_null(f->build);
    *np_build_options(f->build) = f->options;
    struct np_lower l = {
        .ctx = f->ctx, .build = f->build, .options = &f->options, .diags = f->diags};
    assert_int_equal(np_lower_objects(&l, f->objects, f->count), NETPOL_OK);
    if (f->fed) {
        feed(f);
    }
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

static inline void end_at(const struct fixture *f, const char *address, struct np_end *out)
{
    struct np_address parsed;
    uint32_t owners;
    assert_int_equal(np_address_parse(np_slice_of(address), &parsed, NULL), NP_PREFIX_OK);
    assert_true(np_inventory_end(&f->model->inventory, &f->options, 0, &parsed, parsed.family, 0,
                                 out, &owners));
}

static inline np_truth truth_at(const struct fixture *f, const char *address, const char *name)
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
static inline void say(const struct fixture *f, int family, char *out, size_t size)
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

static inline void check_rows(struct fixture *f, const struct row *rows, size_t count)
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
#endif
