/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on one end: literals, and sets of them.
 *
 * OBJECTS is yes iff ONE object that covers the address satisfies the whole selector; several may
 * cover it (a pod and two network sets), and they are asked one by one. Which pod an address
 * belongs to was decided when the end was resolved, so other pods with the same address do not
 * speak here.
 * '-' negates at the ADDRESS: it also holds where no object covers it.
 */
#include "reference/internal.h"
#include "base/defect.h"

enum {
    BY_IDENTITY = NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD, /* the end says which one */
    COVERING_MAX = 64
};

static bool satisfies(const struct np_literal *literal, const struct np_endpoint *object)
{
    return (object->kind & literal->kinds) && np_selector_match(literal->selector, object);
}

static bool covers(const struct np_endpoint *object, const struct np_address *address)
{
    for (uint32_t i = 0; i < object->n_prefixes; i++) {
        if (np_prefix_has(&object->prefixes[i], address)) {
            return true;
        }
    }
    return false;
}

/* Any object other than a workload that covers the address (any address when it is not known). */
static bool any_covering(const struct np_inventory *inventory, const struct np_literal *literal,
                         const struct np_address *address)
{
    const struct np_endpoint *found[COVERING_MAX];
    if (address->family) {
        uint32_t count = np_inventory_covering(inventory, address, found, COVERING_MAX);
        if (count <= COVERING_MAX) {
            for (uint32_t i = 0; i < count; i++) {
                if (!(found[i]->kind & BY_IDENTITY) && satisfies(literal, found[i])) {
                    return true;
                }
            }
            return false;
        }
    }
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *object = inventory->endpoints[i];
        if (!(object->kind & BY_IDENTITY) && satisfies(literal, object) &&
            (address->family == 0 || covers(object, address))) {
            return true;
        }
    }
    return false;
}

static np_truth objects_truth(const struct np_inventory *inventory,
                              const struct np_literal *literal, const struct np_end *end)
{
    if (end->endpoint && satisfies(literal, end->endpoint)) {
        return NP_YES;
    }
    np_truth result = NP_NO;
    if ((literal->kinds & ~BY_IDENTITY) && any_covering(inventory, literal, &end->address)) {
        /* without an address: an object whose range might hold it */
        result = end->address.family                 ? NP_YES
                 : np_is_maybe(end->missing_address) ? end->missing_address
                                                     : NP_NO;
    }
    if (!end->endpoint && np_is_maybe(end->missing) && (literal->kinds & BY_IDENTITY)) {
        result = np_or(result, end->missing);
    }
    return result;
}

/* Is the end in one of the domains? An unlearnt address of the pod range may be outside as well. */
static np_truth domain_truth(const struct np_end *end, uint8_t domains)
{
    if (end->endpoint || !np_is_maybe(end->missing)) {
        return np_truth_of(end->domain & domains);
    }
    uint8_t possible = end->domain | NP_DOMAIN_OUTSIDE;
    if (end->missing & NP_FACT_SERVICE_ADDRESS) {
        possible = NP_DOMAIN_ALL; /* wherever its backends are */
    }
    if ((possible & domains) == 0) {
        return NP_NO;
    }
    return (possible & ~domains) ? end->missing : NP_YES;
}

/* `{}`: any labels satisfy it, also those that are not known. */
static bool asks_nothing(const struct np_selector *selector)
{
    return selector->op == NP_SELECT_ALL && selector->count == 0;
}

static np_truth node_truth(const struct np_literal *literal, const struct np_end *end)
{
    if (!np_end_is_node(end)) {
        return NP_NO;
    }
    if (!end->node || end->node->synthesized) { /* not loaded: its labels are not known */
        return asks_nothing(literal->selector) ? NP_YES : NP_UNKNOWN(NP_FACT_NODE);
    }
    const struct np_endpoint object = {
        .kind = NP_OBJ_NODE, .name = end->node->name, .labels = end->node->labels};
    return np_truth_of(np_selector_match(literal->selector, &object));
}

static np_truth fed_truth(const struct np_literal *literal, const struct np_end *end)
{
    np_truth result = NP_NO;
    for (uint32_t i = 0; i < literal->n_prefixes; i++) {
        result = np_or(result, np_prefix_truth(end, &literal->prefixes[i]));
    }
    return result;
}

static bool any_pattern(const struct np_literal *literal, struct np_slice text)
{
    for (uint32_t i = 0; i < literal->n_patterns; i++) {
        if (np_pattern_match(&literal->patterns[i], text, false)) {
            return true;
        }
    }
    return false;
}

/* Names that were given decide. Else: a pod or node has none; outside they are not known, or by
 * option there are none. Who an end without an address is, nobody knows. */
static np_truth names_truth(const struct np_model *model, const struct np_literal *literal,
                            const struct np_end *end)
{
    enum { UNKNOWN, NONE }; /* the order of option unlearnt_names */
    if (end->name_truths) {
        return np_truth_of(np_name_truths_has(end->name_truths, literal));
    }
    for (uint32_t i = 0; i < end->n_names; i++) {
        if (any_pattern(literal, np_slice_from(end->names[i]))) {
            return NP_YES;
        }
    }
    bool none =
        model->options.unlearnt_names == NONE && end->address.family && !np_is_maybe(end->missing);
    bool known = end->names_given || end->endpoint || np_end_is_node(end) || none;
    return known || literal->n_patterns == 0 ? NP_NO : NP_UNKNOWN(NP_FACT_NAMES);
}

/* Whose principals they are: the source's. */
static np_truth identity_truth(const struct np_literal *literal, const struct np_hop *hop,
                               const struct np_end *end)
{
    const struct netpol_request *request = hop->request;
    if (end != &hop->src) {
        return NP_NO;
    }
    if (!request || request->principals_presence == NETPOL_NOT_ASKED) {
        return NP_MAYBE | NP_CAUSE_REQUEST;
    }
    if (request->principals_presence == NETPOL_PRESENT) {
        for (size_t i = 0; i < request->n_principals; i++) {
            if (any_pattern(literal, np_slice_from(request->principals[i]))) {
                return NP_YES;
            }
        }
    }
    return NP_NO;
}

/* Cilium's reserved identities (pkg/identity): "host" is the subject's own node, or the node that
 * is the subject, so it takes both ends. */
static np_truth reserved_truth(const struct np_literal *literal, const struct np_end *end,
                               const struct np_end *other)
{
    uint8_t family = end->address.family;
    bool known = end->endpoint || np_end_is_node(end) || !np_is_maybe(end->missing);
    switch (literal->number) {
    case NETPOL_IDENTITY_HOST: /* to a node its own pods are pods, and itself is the host */
        return np_and(np_truth_of(np_end_is_node(end)),
                      np_relation_truth(other, end, NP_REL_SELF | NP_REL_OWN_NODE));
    case NETPOL_IDENTITY_REMOTE_NODE:
        return np_and(np_truth_of(np_end_is_node(end)),
                      np_defect(CILIUM_HOST_IS_REMOTE)
                          ? NP_YES
                          : np_not(np_relation_truth(other, end, NP_REL_SELF | NP_REL_OWN_NODE)));
    case NETPOL_IDENTITY_WORLD:
        return domain_truth(end, NP_DOMAIN_OUTSIDE);
    case NETPOL_IDENTITY_WORLD_IPV4:
        return np_and(domain_truth(end, NP_DOMAIN_OUTSIDE), np_truth_of(family != NP_IPV6));
    case NETPOL_IDENTITY_WORLD_IPV6:
        return np_and(domain_truth(end, NP_DOMAIN_OUTSIDE), np_truth_of(family != NP_IPV4));
    case NETPOL_IDENTITY_UNMANAGED:
    case NETPOL_IDENTITY_HEALTH:
    case NETPOL_IDENTITY_INIT:
    case NETPOL_IDENTITY_INGRESS: /* of endpoints that no inventory lists: whoever is known is none
                                     of them */
        return known ? NP_NO : end->missing;
    case NETPOL_IDENTITY_KUBE_APISERVER: /* a label beside others, of addresses that nobody has told
                                          */
        return end->endpoint && !np_end_is_node(end) ? NP_NO : NP_UNKNOWN(NP_FACT_IDENTITY);
    default: /* nothing in the inventory tells */
        return NP_UNKNOWN(NP_FACT_IDENTITY);
    }
}

static np_truth literal_truth(const struct np_model *model, const struct np_literal *literal,
                              const struct np_hop *hop, const struct np_end *end,
                              const struct np_end *other)
{
    switch (literal->kind) {
    case NP_LIT_OBJECTS:
        return objects_truth(&model->inventory, literal, end);
    case NP_LIT_CIDR:
        return np_and(domain_truth(end, literal->domain), np_prefix_truth(end, &literal->prefix));
    case NP_LIT_NODE_ADDRS:
        return np_and(domain_truth(end, literal->domain), node_truth(literal, end));
    case NP_LIT_FED_SET:
        return np_and(domain_truth(end, literal->domain), fed_truth(literal, end));
    case NP_LIT_DNS_NAMES:
        return np_and(domain_truth(end, literal->domain), names_truth(model, literal, end));
    case NP_LIT_RESERVED:
        return reserved_truth(literal, end, other);
    case NP_LIT_IDENTITY:
        return identity_truth(literal, hop, end);
    case NP_LIT_FACT:
        return NP_UNKNOWN(literal->number);
    default:
        return NP_NO;
    }
}

np_truth np_set_truth(const struct np_model *model, const struct np_set *set,
                      const struct np_hop *hop, const struct np_end *end,
                      const struct np_end *other)
{
    np_truth result = NP_NO;
    for (uint32_t c = 0; c < set->count && result != NP_YES; c++) {
        const struct np_clause *clause = &set->clauses[c];
        np_truth all = NP_YES;
        for (uint32_t i = 0; i < clause->count && all != NP_NO; i++) {
            np_truth one = literal_truth(model, clause->items[i].literal, hop, end, other);
            all = np_and(all, clause->items[i].negative ? np_not(one) : one);
        }
        result = np_or(result, all);
    }
    return result;
}

np_truth np_reference_set(const struct np_model *model, const struct np_set *set,
                          const struct np_hop *hop, const struct np_end *end)
{
    return np_set_truth(model, set, hop, end, end == &hop->src ? &hop->dst : &hop->src);
}
