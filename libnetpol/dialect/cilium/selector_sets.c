/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors to sets: what a term says of each category of ends, and the clauses that are left.
 *
 * Labels of a category: pkg/identity/reserved.go, pkg/labels/cidr.go (world beside cidr),
 * pkg/node/manager/manager.go nodeIdentityLabels (labels of nodes, and of their cluster),
 * pkg/ipcache/metadata.go (kube-apiserver beside what an address is already; pods keep theirs).
 */
#include "dialect/cilium/cilium.h"
#include "base/defect.h"
#include "dialect/cilium/labels.h"
#include "dialect/cilium/terms.h"

enum category { /* the world by family only where a term asks for it */
                PODS,
                HOST,
                NODES,
                WORLD,
                WORLD_IPV4,
                WORLD_IPV6,
                UNMANAGED,
                HEALTH,
                INIT,
                INGRESS,
                CATEGORIES
};
static const struct {
    uint32_t identity;
    const char *labels[2]; /* of source reserved, without value */
} categories[CATEGORIES] = {
    [PODS] = {0,                        {NULL}                 },
    [HOST] = {NP_CILIUM_ID_HOST,        {"host"}               },
    [NODES] = {NP_CILIUM_ID_REMOTE_NODE, {"remote-node"}        },
    [WORLD] = {NP_CILIUM_ID_WORLD,       {"world"}              },
    [WORLD_IPV4] = {NP_CILIUM_ID_WORLD_IPV4,  {"world", "world-ipv4"}},
    [WORLD_IPV6] = {NP_CILIUM_ID_WORLD_IPV6,  {"world", "world-ipv6"}},
    [UNMANAGED] = {NP_CILIUM_ID_UNMANAGED,   {"unmanaged"}          },
    [HEALTH] = {NP_CILIUM_ID_HEALTH,      {"health"}             },
    [INIT] = {NP_CILIUM_ID_INIT,        {"init"}               },
    [INGRESS] = {NP_CILIUM_ID_INGRESS,     {"ingress"}            },
};

static bool is_world(enum category category)
{
    return category == WORLD || category == WORLD_IPV4 || category == WORLD_IPV6;
}

static bool is_node(enum category category)
{
    return category == HOST || category == NODES;
}

/* ---- what one term says ---- */

static bool is_reserved(enum category category, const struct np_cilium_term *term)
{
    for (size_t i = 0; i < 2; i++) {
        const char *has = categories[category].labels[i];
        if (has && np_slice_is(term->key, has)) {
            return true;
        }
    }
    return false;
}

static bool may_be_apiserver(enum category category, const struct np_cilium_term *term)
{
    return (is_world(category) || is_node(category)) && np_slice_is(term->key, "kube-apiserver");
}

/* Whose addresses have labels of prefixes: policy-cidr-match-mode. */
static uint8_t cidr_domain(const struct np_lower *l, enum category category)
{
    if (is_world(category)) {
        return NP_DOMAIN_OUTSIDE;
    }
    if (is_node(category)) {
        return l->options->ipblock_matches_nodes ? NP_DOMAIN_NODES : 0;
    }
    return category == PODS && l->options->ipblock_matches_pods ? NP_DOMAIN_PODS : 0;
}

static struct np_cilium_said of_cidr(struct np_lower *l, enum category category,
                                     const struct np_cilium_term *term)
{
    uint8_t domain = cidr_domain(l, category);
    return domain ? np_cilium_label_of(term, np_build_cidr(l->build, term->prefix, domain))
                  : np_cilium_label(term, false);
}

static struct np_cilium_said of_fqdn(struct np_lower *l, const struct np_cilium_term *term)
{
    const struct np_pattern name = {.kind = NP_PATTERN_DNS,
                                    .text = np_build_str(l->build, term->key)};
    return np_cilium_label_of(term, np_build_names(l->build, &name, 1, NP_DOMAIN_OUTSIDE));
}

static struct np_cilium_said of_source(struct np_lower *l, enum category category,
                                       const struct np_cilium_term *term)
{
    switch (term->source) {
    case NP_CILIUM_RESERVED:
        return may_be_apiserver(category, term)
                   ? np_cilium_label_of(term, np_cilium_apiserver_literal(l))
                   : np_cilium_label(term, is_reserved(category, term));
    case NP_CILIUM_K8S:
        if (is_node(category) && l->options->node_labels &&
            np_slice_is(term->key, NP_CILIUM_LABEL_CLUSTER)) {
            return np_cilium_of_cluster(l, term);
        }
        return category == PODS ? np_cilium_of_pod(l, term) : np_cilium_label(term, false);
    case NP_CILIUM_NODE:
        return is_node(category) && l->options->node_labels
                   ? np_cilium_object_term(l, NP_SCOPE_OBJECT, term->key, term)
                   : np_cilium_label(term, false);
    case NP_CILIUM_CIDR:
        return of_cidr(l, category, term);
    case NP_CILIUM_CIDRGROUP:
        return cidr_domain(l, category) ? np_cilium_of_group(l, term)
                                        : np_cilium_label(term, false);
    case NP_CILIUM_FQDN:
        return is_world(category) ? of_fqdn(l, term) : np_cilium_label(term, false);
    default: /* containers are pods here, the others label nothing that has an address */
        return np_cilium_label(term, false);
    }
}

/* Of any source: the source that labels of this category with such a key have. */
static struct np_cilium_said of_any(struct np_lower *l, enum category category,
                                    const struct np_cilium_term *term)
{
    struct np_cilium_term one = *term;
    if (is_reserved(category, term) || may_be_apiserver(category, term)) {
        one.source = NP_CILIUM_RESERVED;
    } else if (category == PODS || np_slice_is(term->key, NP_CILIUM_LABEL_CLUSTER)) {
        one.source = NP_CILIUM_K8S;
    } else if (term->prefix.address.family) {
        one.source = NP_CILIUM_CIDR;
    } else {
        one.source = is_world(category) ? NP_CILIUM_CIDRGROUP : NP_CILIUM_NODE;
    }
    return of_source(l, category, &one);
}

/* ---- what all terms say ---- */

struct terms {
    const struct np_cilium_term *items;
    size_t count;
};
struct clause {
    const struct np_selector **objects; /* NP_CILIUM_TERM */
    struct np_signed_literal *literals; /* NP_CILIUM_LITERAL */
    uint32_t n_objects, n_literals;
};

/* false: the category is out. */
static bool fold(struct np_lower *l, enum category category, const struct terms *terms,
                 struct clause *out)
{
    *out = (struct clause){
        .objects = np_build_alloc(l->build, terms->count, sizeof *out->objects),
        .literals = np_build_alloc(l->build, terms->count, sizeof *out->literals),
    };
    for (size_t i = 0; out->objects && out->literals && i < terms->count; i++) {
        const struct np_cilium_term *term = &terms->items[i];
        struct np_cilium_said said = term->source == NP_CILIUM_ANY ? of_any(l, category, term)
                                                                   : of_source(l, category, term);
        if (said.answer == NP_CILIUM_NO) {
            return false;
        }
        if (said.answer == NP_CILIUM_TERM) {
            out->objects[out->n_objects++] = said.term;
        } else if (said.answer == NP_CILIUM_LITERAL) {
            out->literals[out->n_literals++] =
                (struct np_signed_literal){said.literal, said.negative};
        }
    }
    return true;
}

static void add_clause(struct np_lower *l, struct np_set_build *set, enum category category,
                       const struct terms *terms)
{
    struct clause clause;
    if (!fold(l, category, terms, &clause)) {
        return;
    }
    const struct np_selector *all =
        np_build_select(l->build, NP_SELECT_ALL, clause.objects, clause.n_objects);
    np_set_clause(set);
    if (category == PODS) {
        np_set_literal(set, np_build_objects(l->build, np_lower_pod_kinds(l), all), false);
    } else {
        np_set_literal(set, np_cilium_reserved_literal(l, categories[category].identity), false);
    }
    if (is_node(category) && clause.n_objects) {
        np_set_literal(set, np_build_node_addrs(l->build, all, NP_DOMAIN_NODES), false);
    }
    for (uint32_t i = 0; i < clause.n_literals; i++) {
        np_set_literal(set, clause.literals[i].literal, clause.literals[i].negative);
    }
}

static bool asks_for_family(const struct terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (is_reserved(WORLD_IPV4, &terms->items[i]) !=
            is_reserved(WORLD_IPV6, &terms->items[i])) {
            return true;
        }
    }
    return false;
}

/* "an end with reserved:ingress, k8s:io.kubernetes.pod.namespace", which no category has. */
static const struct np_set *nobody_with(struct np_lower *l, const struct terms *terms)
{
    np_auto(np_text_free) struct np_text text;
    np_text_init(&text, l->ctx);
    np_text_addf(&text, "an end ");
    for (size_t i = 0; i < terms->count; i++) {
        const struct np_cilium_term *term = &terms->items[i];
        np_text_addf(&text, "%s%s%s:%.*s", i ? ", " : "",
                     term->op == NP_OP_NOT_IN || term->op == NP_OP_ABSENT ? "without " : "with ",
                     np_cilium_source_name((enum np_cilium_source)term->source), (int)term->key.len,
                     term->key.ptr);
    }
    return np_cilium_nobody(l, text.failed ? "an end with these labels" : text.ptr);
}

static const struct np_set *set_of(struct np_lower *l, const struct terms *terms, unsigned wanted)
{
    struct np_set_build *set = np_build_set(l->build);
    wanted &= ~(asks_for_family(terms) ? 1u << WORLD : 1u << WORLD_IPV4 | 1u << WORLD_IPV6);
    for (unsigned c = 0; c < CATEGORIES; c++) {
        if (wanted >> c & 1) {
            add_clause(l, set, (enum category)c, terms);
        }
    }
    const struct np_set *done = np_set_done(set);
    return done && done->count == 0 ? nobody_with(l, terms) : done;
}

const struct np_set *np_cilium_nobody(struct np_lower *l, const char *what)
{
    const struct np_literal nothing = {.kind = NP_LIT_NOTHING,
                                       .name = np_build_text(l->build, what)};
    return np_build_set_of(l->build, np_build_literal(l->build, &nothing));
}

/* ---- what is added to selectors ---- */

enum { ADDED = 2 };

static struct np_cilium_term *copy(struct np_lower *l, const struct np_cilium_selector *s,
                                   struct terms *out)
{
    size_t count = s ? s->n_terms : 0;
    struct np_cilium_term *items = np_build_alloc(l->build, count + ADDED, sizeof *items);
    *out = (struct terms){.items = items, .count = items ? count : 0};
    for (size_t i = 0; items && i < count; i++) {
        items[i] = s->terms[i];
    }
    return items;
}

/* value NULL: exists. */
static void add(struct np_cilium_term *items, struct terms *out, const char *key,
                const struct np_slice *value)
{
    if (items) {
        items[out->count++] = (struct np_cilium_term){.source = NP_CILIUM_K8S,
                                                      .op = value ? NP_OP_IN : NP_OP_EXISTS,
                                                      .key = np_slice_of(key),
                                                      .values = value,
                                                      .n_values = value != NULL};
    }
}

static bool names(const struct np_cilium_selector *s, const char *key)
{
    return np_cilium_selector_has(s, NP_CILIUM_K8S, key) ||
           np_cilium_selector_has(s, NP_CILIUM_ANY, key);
}

static bool names_labels_of_namespaces(const struct np_cilium_selector *s)
{
    for (size_t i = 0; s && i < s->n_terms; i++) {
        uint8_t source = s->terms[i].source;
        if ((source == NP_CILIUM_K8S || source == NP_CILIUM_ANY) &&
            np_cilium_label_begins(s->terms[i].key, NP_CILIUM_LABEL_NAMESPACE_LABEL, NULL)) {
            return true;
        }
    }
    return false;
}

/*
 * getEndpointSelector of pkg/k8s/apis/cilium.io/utils/utils.go. A selector of reserved labels is
 * about ends that have neither namespace nor cluster, so it stays as it is, in a clusterwide policy
 * as in one of a namespace.
 */
const struct np_set *np_cilium_endpoints(struct np_lower *l, const struct np_cilium_selector *s)
{
    struct terms terms;
    struct np_cilium_term *items = copy(l, s, &terms);
    struct np_slice own = l->object->namespace_name;
    struct np_slice cluster = np_str_slice(np_cilium_cluster(l));
    bool reserved = np_cilium_selector_has_source(s, NP_CILIUM_RESERVED);
    if (!reserved && !names(s, NP_CILIUM_LABEL_NAMESPACE)) {
        if (!own.len) {
            if (!np_defect(CILIUM_EVERYBODY)) {
                add(items, &terms, NP_CILIUM_LABEL_NAMESPACE, NULL);
            }
        } else if (!names_labels_of_namespaces(s) && !np_defect(CILIUM_ANY_NAMESPACE)) {
            add(items, &terms, NP_CILIUM_LABEL_NAMESPACE, &own);
        }
    }
    if (l->options->local_cluster == 0 && !np_defect(CILIUM_ANY_CLUSTER) && !reserved &&
        !names(s, NP_CILIUM_LABEL_CLUSTER)) {
        add(items, &terms, NP_CILIUM_LABEL_CLUSTER, &cluster); /* on, off */
    }
    return set_of(l, &terms, (1u << CATEGORIES) - 1);
}

const struct np_set *np_cilium_subjects(struct np_lower *l, const struct np_cilium_selector *s)
{
    struct terms terms;
    struct np_cilium_term *items = copy(l, s, &terms);
    struct np_slice own = l->object->namespace_name;
    size_t given = terms.count;
    terms.count = own.len ? 0 : given;
    for (size_t i = 0; own.len && i < given; i++) {
        bool replaced = items[i].equality && items[i].source == NP_CILIUM_K8S &&
                        np_slice_is(items[i].key, NP_CILIUM_LABEL_NAMESPACE);
        if (!replaced) {
            items[terms.count++] = items[i];
        }
    }
    if (own.len && !np_defect(CILIUM_SUBJECTS_ANYWHERE)) {
        add(items, &terms, NP_CILIUM_LABEL_NAMESPACE, &own);
    }
    return set_of(l, &terms, 1u << PODS);
}

const struct np_set *np_cilium_nodes(struct np_lower *l, const struct np_cilium_selector *s)
{
    if (!l->options->node_labels) { /* off, on */
        return np_cilium_nobody(l, "the selected nodes (option node_labels=off)");
    }
    struct terms terms;
    copy(l, s, &terms);
    return set_of(l, &terms, 1u << NODES);
}

/* The host has the labels of its node with source k8s, as far as identities keep them, and
 * reserved:host (pkg/endpoint/endpoint.go InitWithNodeLabels). */
const struct np_selector *np_cilium_node_selector(struct np_lower *l,
                                                  const struct np_cilium_selector *s)
{
    size_t count = s ? s->n_terms : 0;
    const struct np_selector **kept = np_build_alloc(l->build, count, sizeof *kept);
    uint32_t n_kept = 0;
    for (size_t i = 0; kept && i < count; i++) {
        const struct np_cilium_term *term = &s->terms[i];
        bool own = term->source == NP_CILIUM_K8S || term->source == NP_CILIUM_ANY;
        bool reserved = term->source == NP_CILIUM_RESERVED || term->source == NP_CILIUM_ANY;
        struct np_cilium_said said = reserved && is_reserved(HOST, term)
                                         ? np_cilium_label(term, true)
                                     : own ? np_cilium_of_host(l, term)
                                           : np_cilium_label(term, false);
        if (said.answer == NP_CILIUM_NO) {
            return np_build_select(l->build, NP_SELECT_ANY, NULL, 0);
        }
        if (said.answer == NP_CILIUM_TERM) {
            kept[n_kept++] = said.term;
        }
    }
    return np_build_select(l->build, NP_SELECT_ALL, kept, n_kept);
}
