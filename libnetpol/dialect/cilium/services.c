/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toServices. A service with a selector stands for the pods that have these labels in its
 * namespace; one without for the addresses of its backends, as toCIDR would name them. Source:
 * pkg/policy/k8s/service.go of cilium/cilium (appendEndpoints, appendSelector). Without a
 * namespace services of every namespace are meant, whatever namespace the policy has
 * (serviceRefMatches, serviceSelectorMatches): a deny must not miss one.
 *
 * The inventory is sealed before services are known, so the seal fills the set in. Ports of the
 * service count for nothing: toPorts is about ports of the pods.
 */
#include "dialect/cilium/services.h"
#include "base/defect.h"

#include "dialect/cilium/terms.h"
#include "dialect/lower.h"

struct services { /* which, and what is to be filled in */
    np_str space; /* NULL: any */
    np_str name;  /* NULL: by labels */
    const struct np_selector *labels;
    const struct np_options *options;
    struct np_selector *pods;
    struct np_literal *addresses;
};
struct found {
    const struct np_selector **pods;
    struct np_prefix *prefixes;
    uint32_t n_pods, n_prefixes;
};

static bool is_meant(const struct services *s, const struct np_service_info *info)
{
    const struct np_endpoint labelled = {.labels = info->labels};
    bool named = s->name ? np_slice_equal(np_str_slice(s->name), np_str_slice(info->name))
                         : np_selector_match(s->labels, &labelled);
    return named && !info->external_name &&
           (!s->space ||
            np_slice_equal(np_str_slice(s->space), np_str_slice(info->namespace_name)));
}

/* The service's selector is over the labels of identities (newEndpointSelectorForServiceSelector).
 */
static const struct np_selector *label_of(struct np_build *b, const struct services *s,
                                          const struct np_label *label)
{
    return np_cilium_label_kept(s->options, np_str_slice(label->key))
               ? np_build_term(b, NP_SCOPE_OBJECT, label->key, NP_OP_IN, &label->value, 1)
               : np_build_select(b, NP_SELECT_ANY, NULL, 0);
}

static const struct np_selector *pods_of(struct np_build *b, const struct services *s,
                                         const struct np_service_info *info)
{
    uint32_t count = info->selector.count;
    uint32_t first = np_defect(CILIUM_SERVICE_ANYWHERE) ? 1 : 0;
    const struct np_selector **terms = np_build_alloc(b, count + 1, sizeof *terms);
    if (!terms) {
        return NULL;
    }
    terms[0] = np_build_term(b, NP_SCOPE_FIELD, np_build_text(b, "namespace"), NP_OP_IN,
                             &info->namespace_name, 1);
    for (uint32_t i = 0; i < count; i++) {
        terms[i + 1] = label_of(b, s, &info->selector.items[i]);
    }
    return np_build_select(b, NP_SELECT_ALL, terms + first, count + 1 - first);
}

/* Every address of every backend, ready or not: pkg/k8s/endpoints.go ParseEndpointSliceV1 keeps
 * them, and pkg/loadbalancer/reflectors/conversions.go convertEndpoints only marks those at rest.
 */
static void take_addresses(const struct np_backend *backends, uint32_t count, struct found *found)
{
    for (uint32_t i = 0; i < count; i++) {
        if (backends[i].address.family) {
            found->prefixes[found->n_prefixes++] = np_prefix_of(&backends[i].address);
        }
    }
}

static void take(struct np_build *b, const struct services *s, const struct np_service_info *info,
                 struct found *found)
{
    if (info->has_selector) {
        found->pods[found->n_pods++] = pods_of(b, s, info);
        return;
    }
    take_addresses(info->backends, info->n_backends, found);
    take_addresses(info->waiting, info->n_waiting, found);
}

static void fill_in(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    struct services *s = what;
    size_t services = 0, backends = 0;
    for (uint32_t i = 0; i < inventory->n_services; i++) {
        if (is_meant(s, inventory->services[i])) {
            services++;
            backends += inventory->services[i]->n_backends + inventory->services[i]->n_waiting;
        }
    }
    struct found found = {
        .pods = np_build_alloc(b, services, sizeof *found.pods),
        .prefixes = np_build_alloc(b, backends, sizeof *found.prefixes),
    };
    for (uint32_t i = 0; found.pods && found.prefixes && i < inventory->n_services; i++) {
        if (is_meant(s, inventory->services[i])) {
            take(b, s, inventory->services[i], &found);
        }
    }
    s->pods->kids = found.pods;
    s->pods->count = found.n_pods;
    s->addresses->prefixes = found.prefixes;
    s->addresses->n_prefixes = found.n_prefixes;
    if (services == 0) {
        s->addresses->kind = NP_LIT_NOTHING;
    }
}

/* For messages and explanations. */
static np_str title(struct np_lower *l, const struct services *s)
{
    const char *space = s->space ? np_str_slice(s->space).ptr : "*";
    return s->name ? np_build_format(l->build, "Service/%s/%s", space, np_str_slice(s->name).ptr)
                   : np_build_format(l->build, "Services of %s with the labels", space);
}

const struct np_set *np_cilium_service_set(struct np_lower *l,
                                           const struct np_cilium_service *service)
{
    struct np_build *b = l->build;
    struct services *s = np_build_alloc(b, 1, sizeof *s);
    struct np_selector *pods = np_build_alloc(b, 1, sizeof *pods);
    struct np_literal *addresses = np_build_alloc(b, 1, sizeof *addresses);
    if (!s || !pods || !addresses) {
        return NULL;
    }
    struct np_slice space = service->named ? service->named->space : service->selected->space;
    s->space = space.len ? np_build_str(b, space) : NULL;
    if (service->named) {
        s->name = np_build_str(b, service->named->name);
    } else {
        s->labels = np_lower_selector(b, NP_SCOPE_OBJECT, service->selected->selector);
    }
    s->options = l->options;
    pods->op = NP_SELECT_ANY;
    addresses->kind = NP_LIT_FED_SET;
    addresses->domain = np_lower_block_domain(l);
    addresses->name = title(l, s);
    s->pods = pods;
    s->addresses = addresses;
    np_build_late(b, fill_in, s);
    struct np_set_build *set = np_build_set(b);
    np_set_literal(set, np_build_objects(b, np_lower_pod_kinds(l), pods), false);
    np_set_clause(set);
    np_set_literal(set, addresses, false);
    return np_set_done(set);
}
