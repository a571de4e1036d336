/* SPDX-License-Identifier: Apache-2.0 */
/* Which labels make an identity, and how they are written. */
#include "dialect/cilium/identity.h"

#define TEXT(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    }

/* ---- filters ---- */

/* Filters are patterns anchored at the begin of a key; all but two are plain text. */
static const struct np_slice included[] = {
    TEXT("io.kubernetes.pod.namespace"),
    TEXT("io.cilium.k8s.namespace.labels"),
    TEXT("app.kubernetes.io"),
    TEXT("io.cilium.k8s.policy.cluster"),
    TEXT("io.cilium.k8s.policy.serviceaccount"),
};
static const struct np_slice ignored[] = {
    TEXT("io.kubernetes"),
    TEXT("kubernetes.io"),
    TEXT("statefulset.kubernetes.io/pod-name"),
    TEXT("apps.kubernetes.io/pod-index"),
    TEXT("batch.kubernetes.io/job-completion-index"),
    TEXT("batch.kubernetes.io/controller-uid"),
    TEXT("k8s.io"),
    TEXT("pod-template-generation"),
    TEXT("pod-template-hash"),
    TEXT("controller-revision-hash"),
    TEXT("controller-uid"),
    TEXT("etcd_node"),
    TEXT("topology.kubernetes.io"),
};
static const struct np_slice beta = TEXT("beta.kubernetes.io"), annotation = TEXT("annotation");

static bool begins(struct np_slice key, struct np_slice with)
{
    return key.len >= with.len && memcmp(key.ptr, with.ptr, with.len) == 0;
}

/* ".*beta.kubernetes.io": up to the last place where it stands; 0: nowhere. */
static size_t match_beta(struct np_slice key)
{
    for (size_t at = key.len; at >= beta.len; at--) {
        if (memcmp(key.ptr + at - beta.len, beta.ptr, beta.len) == 0) {
            return at;
        }
    }
    return 0;
}

static size_t shorter(size_t a, size_t b)
{
    return a == 0 || (b && b < a) ? b : a;
}

/* The longest filter that includes wins over the shortest that ignores, if it is longer. */
bool np_cilium_label_counts(struct np_slice key)
{
    size_t in = 0, out = shorter(match_beta(key), begins(key, annotation) ? key.len : 0);
    for (size_t i = 0; i < sizeof included / sizeof *included; i++) {
        in = begins(key, included[i]) && included[i].len > in ? included[i].len : in;
    }
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        out = begins(key, ignored[i]) ? shorter(out, ignored[i].len) : out;
    }
    return out == 0 || in > out;
}

/* ---- pods ---- */

static const struct np_slice space_prefix = TEXT("io.cilium.k8s.namespace.labels."),
                             cluster_key = TEXT("io.cilium.k8s.policy.cluster"),
                             account_key = TEXT("io.cilium.k8s.policy.serviceaccount"),
                             namespace_key = TEXT("io.kubernetes.pod.namespace");

static void add_label(struct np_text *out, struct np_slice prefix, struct np_slice key,
                      struct np_slice value)
{
    np_text_add(out, "k8s:", 4);
    np_text_add(out, prefix.ptr, prefix.len);
    np_text_add(out, key.ptr, key.len);
    np_text_add(out, "=", 1);
    np_text_add(out, value.ptr, value.len);
    np_text_add(out, "", 1);
}

/* What Cilium says of a pod is not for the pod to say (pkg/k8s/utils, RemoveCiliumLabels). */
static bool is_added(struct np_slice key)
{
    static const struct np_slice own = TEXT("io.cilium.k8s");
    return begins(key, own) || np_slice_equal(key, namespace_key);
}

struct own_labels {
    const struct np_labels *labels;
    uint32_t next;
    bool all; /* without filters */
};

/* The pod's own labels whose key comes before another; key.ptr NULL: all that are left. */
static void add_own_before(struct own_labels *own, struct np_slice before, struct np_text *out)
{
    static const struct np_slice nothing = TEXT("");
    for (; own->next < own->labels->count; own->next++) {
        const struct np_label *label = &own->labels->items[own->next];
        struct np_slice key = np_str_slice(label->key);
        if (before.ptr && np_slice_compare(key, before) >= 0) {
            return;
        }
        if (!is_added(key) && (own->all || np_cilium_label_counts(key))) {
            add_label(out, nothing, key, np_str_slice(label->value));
        }
    }
}

struct np_slice np_cilium_cluster_of(const struct np_inventory *inventory)
{
    static const struct np_slice usual = TEXT("default");
    return inventory->cluster ? np_str_slice(inventory->cluster) : usual;
}

/* What is added stands in the order of its keys: namespace labels, cluster, account, namespace. */
void np_cilium_pod_labels(const struct np_inventory *inventory, const struct np_endpoint *pod,
                          bool all, struct np_text *out)
{
    static const struct np_slice nothing = TEXT("");
    struct own_labels own = {.labels = &pod->labels, .all = all};
    add_own_before(&own, space_prefix, out);
    for (uint32_t i = 0; pod->space && i < pod->space->labels.count; i++) {
        const struct np_label *label = &pod->space->labels.items[i];
        struct np_text key np_auto(np_text_free);
        np_text_init(&key, out->ctx);
        np_text_add(&key, space_prefix.ptr, space_prefix.len);
        np_text_add(&key, label->key->text, label->key->len);
        out->failed = out->failed || key.failed;
        if (!key.failed && (all || np_cilium_label_counts((struct np_slice){key.ptr, key.len}))) {
            add_label(out, space_prefix, np_str_slice(label->key), np_str_slice(label->value));
        }
    }
    add_own_before(&own, cluster_key, out);
    add_label(out, nothing, cluster_key, np_cilium_cluster_of(inventory));
    add_own_before(&own, account_key, out);
    if (pod->service_account) {
        add_label(out, nothing, account_key, np_str_slice(pod->service_account));
    }
    add_own_before(&own, namespace_key, out);
    add_label(out, nothing, namespace_key, np_str_slice(pod->namespace_name));
    add_own_before(&own, (struct np_slice){NULL, 0}, out);
}

/* ---- prefixes ---- */

/* A selector's key can neither hold ':' nor begin or end with '-': "::1" is written "0--1". */
static void add_address(struct np_text *out, const struct np_address *address)
{
    char text[46];
    size_t len = np_address_format(address, text);
    if (text[0] == ':') {
        np_text_add(out, "0", 1);
    }
    for (size_t i = 0; i < len; i++) {
        np_text_add(out, text[i] == ':' ? "-" : text + i, 1);
    }
    if (text[len - 1] == ':') {
        np_text_add(out, "0", 1);
    }
}

void np_cilium_cidr_labels(const struct np_prefix *prefix, bool dual, struct np_text *out)
{
    const char *world = !dual                               ? "reserved:world"
                        : prefix->address.family == NP_IPV4 ? "reserved:world-ipv4"
                                                            : "reserved:world-ipv6";
    np_text_add(out, "cidr:", 5);
    add_address(out, &prefix->address);
    np_text_addf(out, "/%u", prefix->length);
    np_text_add(out, "", 1);
    np_text_add(out, world, strlen(world) + 1);
}

/* ---- numbers ---- */

uint32_t np_cilium_number_of(struct np_slice name)
{
    uint32_t number = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < '0' || name.ptr[i] > '9' || number >= NETPOL_IDENTITY_FIRST_LOCAL) {
            return NETPOL_IDENTITY_UNKNOWN;
        }
        number = 10 * number + (uint32_t)(name.ptr[i] - '0');
    }
    bool fine = number >= NETPOL_IDENTITY_FIRST && number < NETPOL_IDENTITY_FIRST_LOCAL;
    return fine ? number : NETPOL_IDENTITY_UNKNOWN;
}

struct np_slice np_cilium_reserved_labels(uint32_t number)
{
#define TEXTS(literal)           \
    {                            \
        literal, sizeof(literal) \
    } /* with the last NUL */
    static const struct np_slice labels[] = {
        [NETPOL_IDENTITY_UNKNOWN] = {"", 0},
        [NETPOL_IDENTITY_HOST] = TEXTS("reserved:host"),
        [NETPOL_IDENTITY_WORLD] = TEXTS("reserved:world"),
        [NETPOL_IDENTITY_UNMANAGED] = TEXTS("reserved:unmanaged"),
        [NETPOL_IDENTITY_HEALTH] = TEXTS("reserved:health"),
        [NETPOL_IDENTITY_INIT] = TEXTS("reserved:init"),
        [NETPOL_IDENTITY_REMOTE_NODE] = TEXTS("reserved:remote-node"),
        [NETPOL_IDENTITY_KUBE_APISERVER] = TEXTS("reserved:kube-apiserver\0reserved:remote-node"),
        [NETPOL_IDENTITY_INGRESS] = TEXTS("reserved:ingress"),
        [NETPOL_IDENTITY_WORLD_IPV4] = TEXTS("reserved:world-ipv4"),
        [NETPOL_IDENTITY_WORLD_IPV6] = TEXTS("reserved:world-ipv6"),
    };
#undef TEXTS
    return labels[number < sizeof labels / sizeof *labels ? number : NETPOL_IDENTITY_UNKNOWN];
}
