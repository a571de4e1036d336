/* SPDX-License-Identifier: Apache-2.0 */
/* The words of explanations: why an end is not of a set. */
#include "analyze/explain.h"
#include "analyze/tell.h"

enum { LISTED = 4 }; /* so many values, names, ranges or kinds of ends are written out */

/* ---- selectors ---- */

static const struct np_labels *labels_of(const struct np_endpoint *e, uint8_t scope)
{
    static const struct np_labels none = {0};
    switch (scope) {
    case NP_SCOPE_OBJECT:
        return &e->labels;
    case NP_SCOPE_NAMESPACE:
        return e->space ? &e->space->labels : &none;
    case NP_SCOPE_SERVICE_ACCOUNT:
        return e->account_labels ? e->account_labels : &none;
    default:
        return &none;
    }
}

static void say_values(struct np_text *out, const struct np_selector *term)
{
    for (uint32_t i = 0; i < term->count && i < LISTED; i++) {
        np_text_addf(out, "%s%s", i ? " or " : "", term->values[i]->text);
    }
    if (term->count > LISTED) {
        np_text_addf(out, " or %u more", term->count - LISTED);
    }
}

static const char *scope_name(uint8_t scope)
{
    return scope == NP_SCOPE_NAMESPACE         ? "its namespace "
           : scope == NP_SCOPE_SERVICE_ACCOUNT ? "its service account "
                                               : "it ";
}

/* "it is in namespace staging, not monitoring" */
static bool say_namespace_term(struct np_text *out, const struct np_selector *term,
                               const struct np_endpoint *e)
{
    bool by_label = term->scope == NP_SCOPE_NAMESPACE &&
                    np_slice_is(np_str_slice(term->key), "kubernetes.io/metadata.name");
    bool by_field =
        term->scope == NP_SCOPE_FIELD && np_slice_is(np_str_slice(term->key), "namespace");
    if ((!by_label && !by_field) || term->term_op != NP_OP_IN) {
        return false;
    }
    np_text_addf(out, "it is in namespace %s, not ",
                 e->namespace_name ? e->namespace_name->text : "(none)");
    say_values(out, term);
    return true;
}

/* What is no label but has a name among Calico's: its namespace, its service account. */
static void say_field(struct np_text *out, const struct np_selector *term)
{
    const char *key = np_slice_is(np_str_slice(term->key), "serviceaccount") ? "service account"
                                                                             : term->key->text;
    switch (term->term_op) {
    case NP_OP_EXISTS:
        np_text_addf(out, "it has no %s", key);
        break;
    case NP_OP_ABSENT:
        np_text_addf(out, "it has a %s", key);
        break;
    default:
        np_text_addf(out, "its %s %s ", key,
                     term->term_op == NP_OP_NOT_IN ? "is excluded:" : "does not fit");
        say_values(out, term);
        break;
    }
}

static void say_term(struct np_text *out, const struct np_selector *term,
                     const struct np_endpoint *e)
{
    if (say_namespace_term(out, term, e)) {
        return;
    }
    if (term->scope == NP_SCOPE_FIELD) {
        say_field(out, term);
        return;
    }
    np_str value = np_labels_get(labels_of(e, term->scope), term->key);
    const char *key = term->key->text;
    np_text_addf(out, "%s", scope_name(term->scope));
    if (value) {
        np_text_addf(out, "has %s=%s", key, value->text);
    } else {
        np_text_addf(out, "has no label %s", key);
    }
    switch (term->term_op) {
    case NP_OP_IN:
        np_text_addf(out, value ? ", not " : " (wanted: ");
        say_values(out, term);
        np_text_addf(out, value ? "" : ")");
        break;
    case NP_OP_NOT_IN:
    case NP_OP_ABSENT:
        np_text_addf(out, ", which is excluded");
        break;
    case NP_OP_EXISTS:
        break;
    default:
        np_text_addf(out, ", which does not fit ");
        say_values(out, term);
        break;
    }
}

/* The part of a selector that this object does not satisfy: the first of an AND, else itself. */
static const struct np_selector *culprit(const struct np_selector *s, const struct np_endpoint *e)
{
    while ((s->op == NP_SELECT_ALL || s->op == NP_SELECT_ANY) && s->count) {
        const struct np_selector *next = NULL;
        for (uint32_t i = 0; i < s->count && !next; i++) {
            next = np_selector_match(s->kids[i], e) ? NULL : s->kids[i];
        }
        if (!next || (s->op == NP_SELECT_ANY && s->count > 1)) {
            return s;
        }
        s = next;
    }
    return s;
}

static void say_selector(struct np_text *out, const struct np_selector *selector,
                         const struct np_endpoint *e)
{
    const struct np_selector *s = culprit(selector, e);
    switch (s->op) {
    case NP_SELECT_TERM:
        say_term(out, s, e);
        break;
    case NP_SELECT_NOT:
        if (s->kids[0]->op == NP_SELECT_TERM && s->kids[0]->term_op == NP_OP_IN &&
            s->kids[0]->scope != NP_SCOPE_FIELD) { /* it holds, so the label is there */
            np_text_addf(out, "%shas %s=%s, which is excluded", scope_name(s->kids[0]->scope),
                         s->kids[0]->key->text,
                         np_labels_get(labels_of(e, s->kids[0]->scope), s->kids[0]->key)->text);
        } else {
            np_text_addf(out, "it is excluded by the selector");
        }
        break;
    case NP_SELECT_ANY:
        if (s->count == 0) {
            np_text_addf(out, "nobody is selected");
        } else {
            np_text_addf(out, "it fits none of %u alternatives of the selector", s->count);
        }
        break;
    default:
        np_text_addf(out, "its kind is not selected");
        break;
    }
}

/* ---- literals ---- */

static void say_objects(struct np_text *out, const struct np_literal *literal,
                        const struct np_end *end)
{
    const struct np_endpoint *e = end->endpoint;
    if (!e && (literal->kinds & NP_OBJ_NETWORK_SET)) {
        np_text_addf(out, "no endpoint and no network set that it is of is selected");
    } else if (!e) {
        np_text_addf(out, end->node ? "it is a node, which selectors of pods do not match"
                                    : "it is no pod, and only pods are selected");
    } else if (!(e->kind & literal->kinds)) {
        np_text_addf(out,
                     e->host_network
                         ? "it is in the host's network (option host_network), which selectors "
                           "do not match"
                         : "its kind is not selected");
    } else {
        say_selector(out, literal->selector, e);
    }
}

static const char *domain_name(const struct np_end *end)
{
    return end->domain == NP_DOMAIN_NODES  ? "a node's"
           : end->domain != NP_DOMAIN_PODS ? "an outside"
           : end->endpoint                 ? "a pod's"
                                           : "the cluster's own";
}

/* A range that would hold the address, if it were about such ends. */
static void say_foreign(struct np_text *out, const char *address, const struct np_end *end,
                        const char *range)
{
    np_text_addf(out, "%s is %s address, which %s does not match under this profile", address,
                 domain_name(end), range);
}

static bool is_foreign(const struct np_literal *literal, const struct np_end *end,
                       const struct np_prefix *prefixes, uint32_t count)
{
    bool held = false;
    for (uint32_t i = 0; i < count; i++) {
        held = held || np_prefix_has(&prefixes[i], &end->address);
    }
    return held && !(end->domain & literal->domain);
}

static void say_cidr(struct np_text *out, const struct np_literal *literal,
                     const struct np_end *end, bool negative)
{
    char prefix[50], address[46];
    np_prefix_format(&literal->prefix, prefix);
    if (!end->address.family) {
        np_text_addf(out, "it has no address to compare with %s", prefix);
        return;
    }
    np_address_format(&end->address, address);
    if (negative) {
        np_text_addf(out, "%s is in %s, which is excepted", address, prefix);
    } else if (is_foreign(literal, end, &literal->prefix, 1)) {
        say_foreign(out, address, end, prefix);
    } else {
        np_text_addf(out, "%s is not in %s", address, prefix);
    }
}

static void say_named(struct np_text *out, const char *address, const char *name, bool in)
{
    bool service = strncmp(name, "Service", 7) == 0, label = strncmp(name, "reserved:", 9) == 0;
    np_text_addf(out, "%s is %s%s%s", address,
                 in        ? ""
                 : service ? "no "
                           : "not ",
                 service ? (in ? "an endpoint of " : "endpoint of ")
                 : label ? ""
                         : "in ",
                 name);
}

static void say_prefixes(struct np_text *out, const struct np_literal *literal,
                         const struct np_end *end, bool negative)
{
    char prefix[50], address[46];
    if (!end->address.family) {
        np_text_addf(out, "it has no address to compare with ranges");
        return;
    }
    np_address_format(&end->address, address);
    if (literal->name && !negative &&
        is_foreign(literal, end, literal->prefixes, literal->n_prefixes)) {
        say_foreign(out, address, end, literal->name->text);
        return;
    }
    if (literal->name) {
        say_named(out, address, literal->name->text, negative);
        return;
    }
    np_text_addf(out, negative ? "%s is in one of the excepted " : "%s is in none of ", address);
    for (uint32_t i = 0; i < literal->n_prefixes && i < LISTED; i++) {
        np_prefix_format(&literal->prefixes[i], prefix);
        np_text_addf(out, "%s%s", i ? ", " : "", prefix);
    }
    if (literal->n_prefixes > LISTED) {
        np_text_addf(out, " and %u more", literal->n_prefixes - LISTED);
    }
}

static void say_patterns(struct np_text *out, const struct np_literal *literal)
{
    for (uint32_t i = 0; i < literal->n_patterns && i < LISTED; i++) {
        np_text_addf(out, "%s%s", i ? " or " : "", literal->patterns[i].text->text);
    }
    if (literal->n_patterns > LISTED) {
        np_text_addf(out, " or %u more", literal->n_patterns - LISTED);
    }
}

static void say_names(struct np_text *out, const struct np_literal *literal,
                      const struct np_end *end)
{
    if ((end->endpoint || end->node) && !end->n_names) {
        np_text_addf(out, "it is a %s, and names are of addresses outside",
                     end->node ? "node" : "pod");
        return;
    }
    np_text_addf(out, "its names do not fit ");
    say_patterns(out, literal);
}

static void say_nodes(struct np_text *out, const struct np_literal *literal,
                      const struct np_end *end)
{
    if (!end->node) {
        np_text_addf(out, "it is no node");
        return;
    }
    const struct np_endpoint node = {.kind = NP_OBJ_NODE, .labels = end->node->labels};
    say_selector(out, literal->selector, &node);
}

static void say_unknown(struct np_text *out, const struct np_literal *literal, np_truth truth)
{
    np_text_addf(out, "it cannot be told: ");
    if (literal->kind == NP_LIT_RESERVED && literal->number == NETPOL_IDENTITY_KUBE_APISERVER) {
        np_text_addf(out, "whether it is the API server (load the endpoints of Service "
                          "default/kubernetes, or set unlearnt_apiserver=none)");
    } else if (literal->kind == NP_LIT_DNS_NAMES && (truth & NP_FACT_NAMES)) {
        np_text_addf(out, "whether a name of it fits ");
        say_patterns(out, literal);
    } else {
        np_missing_text(out, truth & NP_CAUSES & ~0xffu);
    }
}

static void say_literal(struct np_text *out, const struct np_signed_literal *item,
                        const struct np_end *end, np_truth truth)
{
    const struct np_literal *literal = item->literal;
    if (np_is_maybe(truth)) {
        say_unknown(out, literal, truth);
        return;
    }
    switch (literal->kind) {
    case NP_LIT_OBJECTS:
        if (item->negative) {
            np_text_addf(out, "it is what the rule excludes");
        } else {
            say_objects(out, literal, end);
        }
        break;
    case NP_LIT_CIDR:
        say_cidr(out, literal, end, item->negative);
        break;
    case NP_LIT_FED_SET:
        say_prefixes(out, literal, end, item->negative);
        break;
    case NP_LIT_NODE_ADDRS:
        say_nodes(out, literal, end);
        break;
    case NP_LIT_DNS_NAMES:
        say_names(out, literal, end);
        break;
    case NP_LIT_NOTHING:
        if (literal->name) {
            np_text_addf(out, "nobody is known for %s", literal->name->text);
        } else {
            np_text_addf(out, "the peer matches nothing under this profile");
        }
        break;
    case NP_LIT_RESERVED:
        np_text_addf(out, item->negative ? "it is " : "it is not ");
        np_tell_reserved(out, literal->number);
        break;
    default:
        np_text_addf(out, "it is not what the rule names");
        break;
    }
}

static np_truth item_truth(const struct np_model *model, const struct np_signed_literal *item,
                           const struct np_hop *hop, const struct np_end *end)
{
    const struct np_clause clause = {.items = item, .count = 1};
    const struct np_set set = {.clauses = &clause, .count = 1};
    return np_reference_set(model, &set, hop, end);
}

/* How far a clause is right about the end: its first literal that does not hold. */
struct nearest {
    const struct np_signed_literal *item; /* NULL: no clause yet */
    np_truth truth;
    uint32_t at;
};

/* The nearest is the one whose first failing literal stands last, or is a maybe. */
static void look(const struct np_model *model, const struct np_clause *clause,
                 const struct np_hop *hop, const struct np_end *end, struct nearest *nearest)
{
    np_truth truth = NP_YES;
    uint32_t i = 0;
    while (i < clause->count) {
        truth = item_truth(model, &clause->items[i], hop, end);
        if (truth != NP_YES) {
            break;
        }
        i++;
    }
    bool better =
        !nearest->item || i > nearest->at || (np_is_maybe(truth) && nearest->truth == NP_NO);
    if (i < clause->count && better) {
        *nearest = (struct nearest){&clause->items[i], truth, i};
    }
}

/*
 * Does it say by itself what kind of end it is about? Sets of several such clauses (Cilium's
 * selectors and entities: pods, the own node, the world, ...) are told by all their kinds.
 */
static bool is_kind(const struct np_signed_literal *item)
{
    return !item->negative &&
           (item->literal->kind == NP_LIT_OBJECTS || item->literal->kind == NP_LIT_RESERVED);
}

/* Of a pod the labels are told, which say more than that it is no node. */
static const struct np_signed_literal *about_pods(const struct np_set *set,
                                                  const struct np_end *end)
{
    for (uint32_t c = 0; end->endpoint && c < set->count; c++) {
        const struct np_clause *clause = &set->clauses[c];
        if (clause->count && is_kind(clause->items) &&
            (clause->items[0].literal->kinds & end->endpoint->kind)) {
            return clause->items;
        }
    }
    return NULL;
}

static bool are_kinds(const struct np_set *set)
{
    for (uint32_t c = 0; c < set->count; c++) {
        if (set->clauses[c].count == 0 || !is_kind(set->clauses[c].items)) {
            return false;
        }
    }
    return set->count > 1;
}

/* "it is neither a pod that is selected, nor the own node, nor 3 more" */
static void say_kinds(struct np_text *out, const struct np_set *set)
{
    np_text_addf(out, "it is neither ");
    for (uint32_t c = 0; c < set->count && c < LISTED; c++) {
        const struct np_literal *literal = set->clauses[c].items[0].literal;
        np_text_addf(out, c ? ", nor " : "");
        if (literal->kind == NP_LIT_RESERVED) {
            np_tell_reserved(out, literal->number);
        } else {
            np_text_addf(out, "a pod");
        }
    }
    if (set->count > LISTED) {
        np_text_addf(out, ", nor %u more", set->count - LISTED);
    }
}

void np_say_set(struct np_text *out, const struct np_model *model, const struct np_set *set,
                const struct np_hop *hop, const struct np_end *end)
{
    struct nearest nearest = {.at = 0};
    for (uint32_t c = 0; c < set->count; c++) {
        look(model, &set->clauses[c], hop, end, &nearest);
    }
    bool strange = nearest.item && nearest.at == 0 && nearest.truth == NP_NO;
    const struct np_signed_literal *pods = strange ? about_pods(set, end) : NULL;
    if (!nearest.item) {
        np_text_addf(out, "nothing is selected");
    } else if (pods) {
        say_literal(out, pods, end, NP_NO);
    } else if (strange && are_kinds(set)) {
        say_kinds(out, set);
    } else {
        say_literal(out, nearest.item, end, nearest.truth);
    }
}
