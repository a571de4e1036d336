/* SPDX-License-Identifier: Apache-2.0 */
/* Building what there is: pods, nodes, ranges, services, the crowd. */
#include "differential/generator_internal.h"

const uint8_t gen_pool[GEN_ENDS][4] = {
    {10,  0,   0, 1  },
    {10,  0,   0, 2  },
    {10,  0,   0, 3  },
    {10,  0,   0, 4  },
    {10,  0,   0, 5  },
    {10,  0,   0, 6  },
    {10,  0,   0, 7  },
    {10,  0,   0, 8  },
    {10,  0,   0, 9  },
    {10,  0,   0, 10 },
    {10,  0,   0, 11 },
    {10,  0,   0, 12 },
    {192, 168, 0, 1  }, /* nodes */
    {192, 168, 0, 2  },
    {192, 168, 0, 3  },
    {10,  0,   0, 77 }, /* of the pod range */
    {8,   8,   8, 8  },
    {10,  1,   2, 3  },
    {10,  96,  0, 1  }, /* services */
    {10,  0,   0, 200}
};

struct np_address gen_address(const uint8_t four[4], bool six)
{
    struct np_address address = {.family = six ? NP_IPV6 : NP_IPV4};
    if (six) {
        address.bytes[0] = 0xfd;
    }
    memcpy(address.bytes + (six ? 12 : 0), four, 4);
    return address;
}

struct np_prefix gen_prefix(const uint8_t four[4], unsigned bits, bool six)
{
    struct np_address address = gen_address(four, six);
    return np_prefix_cut(&address, (uint8_t)(bits + (six ? 96 : 0)));
}

np_str gen_keyed(struct builder *x, const char *what, unsigned number)
{
    return np_build_format(x->b, "%s%u", what, number);
}

void gen_permute(struct builder *x, uint8_t *items, uint8_t n)
{
    for (uint8_t i = 0; i < n && i < GEN_POLICIES; i++) {
        items[i] = i;
    }
    for (uint8_t i = n; x->tweak->shuffle && i > 1; i--) {
        uint8_t j = gen_draw(&x->order, i);
        uint8_t swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}

static np_str node_name(struct builder *x, unsigned number)
{
    return gen_keyed(x, "node", x->tweak->swap_nodes ? GEN_NODES - 1 - number : number);
}

static struct np_labels labels_of(struct builder *x, const uint8_t values[GEN_KEYS])
{
    struct np_label labels[GEN_KEYS];
    uint32_t count = 0;
    for (unsigned k = 0; k < GEN_KEYS; k++) {
        if (values[k] < GEN_VALUES) {
            labels[count++] = (struct np_label){gen_keyed(x, "k", k), gen_keyed(x, "v", values[k])};
        }
    }
    return np_build_labels(x->b, labels, count);
}

/* ---- pods ---- */

static void give_addresses(struct builder *x, struct np_endpoint *pod, uint8_t i,
                           const struct gen_endpoint *e)
{
    const uint8_t *four = gen_pool[e->shares ? e->shares - 1 : i];
    struct np_prefix prefixes[2];
    uint32_t count = 0;
    if (!e->address && !x->tweak->complete) {
        return;
    }
    if (!e->only_six) {
        prefixes[count++] = gen_prefix(four, 32, x->tweak->six);
    }
    if (e->second) {
        prefixes[count++] = gen_prefix(four, 32, true);
    }
    if (count == 2 && e->first_is_six) {
        struct np_prefix swap = prefixes[0];
        prefixes[0] = prefixes[1];
        prefixes[1] = swap;
    }
    pod->prefixes = np_build_prefixes(x->b, prefixes, count);
    pod->n_prefixes = count;
}

static void declare_ports(struct builder *x, struct np_endpoint *pod, uint8_t which)
{
    static const struct {
        const char *name;
        uint8_t protocol;
        uint16_t port;
    } all[] = {
        {"web", 6,  80},
        {"web", 6,  81},
        {"dns", 17, 53},
        {"web", 17, 80},
    };
    enum { COUNT = sizeof all / sizeof *all };
    struct np_named_port *ports = np_build_alloc(x->b, COUNT, sizeof *ports);
    for (int i = 0; ports && i < COUNT; i++) {
        if (which >> i & 1) {
            ports[pod->n_ports++] = (struct np_named_port){np_build_text(x->b, all[i].name),
                                                           all[i].protocol, all[i].port};
        }
    }
    pod->ports = ports;
}

static void build_pod(struct builder *x, uint8_t i, const struct gen_endpoint *e)
{
    np_str space = gen_keyed(x, "ns", e->space);
    struct np_endpoint *pod = np_build_endpoint(x->b, space, gen_keyed(x, "pod", i));
    if (!pod) {
        return;
    }
    pod->ref = i + 1u;
    pod->labels = labels_of(x, e->labels);
    pod->host_network = e->host_network;
    if (e->account) {
        pod->service_account = np_build_text(x->b, "account");
    }
    if (e->node < GEN_NODES || x->tweak->complete) {
        pod->node_name = node_name(x, e->node < GEN_NODES ? e->node : i % GEN_NODES);
    }
    if (e->host_network) { /* the address of its node */
        struct np_address at =
            gen_address(gen_pool[GEN_END_NODE + e->node % GEN_NODES], x->tweak->six);
        np_build_host_address(x->b, pod, &at);
    } else {
        give_addresses(x, pod, i, e);
    }
    declare_ports(x, pod, e->ports);
}

static void build_spaces(struct builder *x)
{
    for (unsigned i = 0; i < 2; i++) {
        np_str name = gen_keyed(x, "ns", i);
        struct np_namespace *space = np_build_namespace(x->b, name);
        struct np_label label = {np_build_text(x->b, "team"), gen_keyed(x, "v", i)};
        struct np_labels labels = np_build_labels(x->b, &label, 1);
        if (space) {
            space->labels = labels;
        }
        label.key = np_build_text(x->b, "role");
        np_build_service_account(x->b, name, np_build_text(x->b, "account"),
                                 np_build_labels(x->b, &label, 1));
    }
}

static void build_pods(struct builder *x)
{
    uint8_t order[GEN_POLICIES];
    struct gen_endpoint learnt = {
        .address = true, .labels = {0, 1}
    };
    gen_permute(x, order, x->g->n_endpoints);
    for (int i = 0; i < x->g->n_endpoints; i++) {
        build_pod(x, order[i], &x->g->endpoints[order[i]]);
    }
    if (x->tweak->learn) {
        for (uint8_t i = x->g->n_endpoints; i < GEN_ENDPOINTS; i++) {
            build_pod(x, i, &learnt);
        }
        build_pod(x, GEN_END_UNLEARNT, &learnt);
    }
}

/* ---- nodes and what is in no namespace ---- */

static void build_node(struct builder *x, uint8_t i)
{
    const uint8_t labels[GEN_KEYS] = {i % GEN_VALUES, GEN_VALUES};
    struct np_prefix prefixes[2] = {gen_prefix(gen_pool[GEN_END_NODE + i], 32, x->tweak->six),
                                    gen_prefix(gen_pool[GEN_END_NODE + i], 32, true)};
    uint32_t count = x->g->dual ? 2 : 1;
    if (!(x->g->nodes_loaded >> i & 1) && !x->tweak->complete) {
        return;
    }
    struct np_node_info *node = np_build_node(x->b, node_name(x, i));
    if (node) {
        node->labels = labels_of(x, labels);
        node->addresses = np_build_prefixes(x->b, prefixes, count);
        node->n_addresses = count;
    }
}

static struct np_endpoint *build_object(struct builder *x, const char *what, unsigned i,
                                        uint16_t kind)
{
    struct np_endpoint *object = np_build_endpoint(x->b, NULL, gen_keyed(x, what, i));
    if (object) {
        object->kind = kind;
    }
    return object;
}

static void build_host(struct builder *x, uint8_t node)
{
    struct np_endpoint *host = build_object(x, "host", node, NP_OBJ_HOST_ENDPOINT);
    struct np_prefix at = gen_prefix(gen_pool[GEN_END_NODE + node], 32, x->tweak->six);
    const uint8_t labels[GEN_KEYS] = {node ? 0 : GEN_VALUES, node ? 1 : GEN_VALUES};
    if (host) {
        host->ref = GEN_REF_HOST + node;
        host->labels = labels_of(x, labels);
        host->node_name = node_name(x, node);
        host->prefixes = np_build_prefixes(x->b, &at, 1);
        host->n_prefixes = 1;
    }
}

static void build_range(struct builder *x, unsigned i, const struct gen_range *range)
{
    struct np_prefix prefixes[2] = {
        gen_prefix(gen_pool[range->address], range->bits, x->tweak->six || range->six),
        gen_prefix(gen_pool[range->address], range->bits, true)};
    uint32_t count = range->both && !range->six ? 2 : 1;
    struct np_endpoint *object = range->kind ? build_object(x, "range", i, range->kind) : NULL;
    if (object) {
        object->ref = GEN_REF_RANGE + i;
        object->labels = labels_of(x, range->labels);
        object->prefixes = np_build_prefixes(x->b, prefixes, count);
        object->n_prefixes = count;
        object->node_name = range->kind == NP_OBJ_NODE ? node_name(x, range->node) : NULL;
    }
}

static void build_services(struct builder *x)
{
    static const uint8_t places[] = {GEN_END_SERVICE, GEN_END_SERVICE + 1, GEN_END_NODE};
    for (unsigned i = 0; i < sizeof places; i++) {
        struct np_prefix at = gen_prefix(gen_pool[places[i]], 32, x->tweak->six);
        if (!(x->g->services >> i & 1)) {
            continue;
        }
        struct np_service_info *service =
            np_build_service_info(x->b, gen_keyed(x, "ns", 0), gen_keyed(x, "service", i));
        if (service) {
            service->addresses = np_build_prefixes(x->b, &at, 1);
            service->n_addresses = 1;
        }
    }
}

/* Nodes and pods one like the other, a pod each. */
static void build_crowd(struct builder *x)
{
    for (uint16_t i = 0; i < x->g->crowd; i++) {
        const uint8_t labels[GEN_KEYS] = {(uint8_t)(i % (GEN_VALUES + 1)),
                                          (uint8_t)(i / 5 % (GEN_VALUES + 1))};
        uint8_t at_node[4] = {172, 16, (uint8_t)(i / 250), (uint8_t)(i % 250 + 1)};
        uint8_t at_pod[4] = {10, 2, at_node[2], at_node[3]};
        struct np_prefix node_at = gen_prefix(at_node, 32, x->tweak->six);
        struct np_prefix pod_at = gen_prefix(at_pod, 32, x->tweak->six);
        np_str name = gen_keyed(x, "crowd", i);
        struct np_node_info *node = np_build_node(x->b, name);
        struct np_endpoint *pod =
            np_build_endpoint(x->b, gen_keyed(x, "ns", i % 2), gen_keyed(x, "crowd", i));
        if (node && pod) {
            node->labels = labels_of(x, labels);
            node->addresses = np_build_prefixes(x->b, &node_at, 1);
            node->n_addresses = 1;
            pod->ref = GEN_REF_CROWD + i;
            pod->node_name = name;
            pod->labels = labels_of(x, labels);
            pod->prefixes = np_build_prefixes(x->b, &pod_at, 1);
            pod->n_prefixes = 1;
        }
    }
}

void gen_build_inventory(struct builder *x)
{
    const struct gen *g = x->g;
    build_spaces(x);
    build_pods(x);
    for (uint8_t i = 0; i < GEN_NODES; i++) {
        build_node(x, i);
        if (g->host && i < (g->stages ? 2 : 1)) {
            build_host(x, i);
        }
    }
    for (unsigned i = 0; i < GEN_RANGES; i++) {
        build_range(x, i, &g->ranges[i]);
    }
    build_services(x);
    build_crowd(x);
    np_build_pod_range(x->b, gen_prefix(gen_pool[0], 24, x->tweak->six));
    if (g->dual) {
        np_build_pod_range(x->b, gen_prefix(gen_pool[0], 24, true));
    }
}
