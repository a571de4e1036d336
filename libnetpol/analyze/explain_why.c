/* SPDX-License-Identifier: Apache-2.0 */
/* The words of explanations: which condition was not met, and what was there instead. */
#include "analyze/explain.h"
#include <stdio.h>

enum { LISTED = 4 }; /* so many values, ports or names are written out */

/* ---- ends, ports ---- */

static void say_labels(struct np_text *out, const struct np_labels *labels)
{
    np_text_add(out, "{", 1);
    for (uint32_t i = 0; i < labels->count; i++) {
        np_text_addf(out, "%s%s=%s", i ? "," : "", labels->items[i].key->text,
                     labels->items[i].value->text);
    }
    np_text_add(out, "}", 1);
}

void np_say_end(struct np_text *out, const struct np_end *end)
{
    const struct np_endpoint *e = end->endpoint;
    char address[46];
    if (e && e->name && strncmp(e->name->text, "question-", 9) == 0 && e->namespace_name) {
        np_text_addf(out, "%s", e->namespace_name->text); /* made up for a question */
        say_labels(out, &e->labels);
        return;
    }
    if (e) {
        np_text_addf(out, "%s%s%s", e->namespace_name ? e->namespace_name->text : "",
                     e->namespace_name ? "/" : "", e->name ? e->name->text : "?");
        return;
    }
    if (end->address.family) {
        np_address_format(&end->address, address);
        np_text_addf(out, "%s%s%s%s", end->node ? "node " : "",
                     end->node ? end->node->name->text : "", end->node ? " " : "", address);
    } else if (end->n_names) {
        np_text_add(out, end->names[0].ptr, end->names[0].len);
    } else {
        np_text_addf(out, "an address that is not known");
    }
}

void np_say_protocol(struct np_text *out, unsigned protocol)
{
    static const struct {
        const char *name;
        unsigned number;
    } protocols[] = {
#define NP_PROTOCOL(name, number) {name, number},
#include "analyze/protocols.def"
#undef NP_PROTOCOL
    };
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (protocols[i].number == protocol) {
            np_text_addf(out, "%s", protocols[i].name);
            return;
        }
    }
    np_text_addf(out, "protocol %u", protocol);
}

static bool is_icmp(int protocol)
{
    return protocol == 1 || protocol == 58;
}

void np_say_port(struct np_text *out, const struct np_hop *hop)
{
    np_say_protocol(out, hop->protocol);
    if (hop->has_ports && is_icmp(hop->protocol)) {
        np_text_addf(out, " type %u code %u", hop->dst_port >> 8, hop->dst_port & 0xff);
    } else if (hop->has_ports) {
        np_text_addf(out, " %u", hop->dst_port);
    } else if (hop->ports_unknown) {
        np_text_addf(out, " (port not given)");
    } else {
        np_text_addf(out, " (no port)");
    }
}

static void say_span(struct np_text *out, const struct np_port_span *span)
{
    if (span->protocol >= 0) {
        np_say_protocol(out, (unsigned)span->protocol);
    } else {
        np_text_addf(out, "any protocol");
    }
    bool every = span->first == 0 && span->last == UINT16_MAX;
    if (!span->ports || every) {
        return;
    }
    np_text_addf(out, " %u", span->first);
    if (span->last != span->first) {
        np_text_addf(out, "-%u", span->last);
    }
}

static void say_wanted_ports(struct np_text *out, const struct np_service *service,
                             const struct np_portset *portset)
{
    uint32_t said = 0;
    for (uint32_t i = 0; service && i < service->count && said < LISTED; i++, said++) {
        np_text_addf(out, "%s", said ? " or " : "");
        say_span(out, &service->spans[i]);
    }
    for (uint32_t i = 0; portset && i < portset->count && said < LISTED; i++, said++) {
        const struct np_port_member *member = &portset->members[i];
        np_text_addf(out, "%s", said ? " or " : "");
        if (member->name) {
            np_text_addf(out, "a port that it names '%s'", member->name->text);
        } else {
            np_text_addf(out, "a member of the service");
        }
    }
    uint32_t all = (service ? service->count : 0) + (portset ? portset->count : 0);
    if (all == 0) {
        np_text_addf(out, portset ? "a member of the service, which has none" : "any port");
    } else if (all > said) {
        np_text_addf(out, " or %u more", all - said);
    }
}

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
        np_text_addf(out, "it fits none of %u alternatives of the selector", s->count);
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

static const char *domain_name(uint8_t domain)
{
    return domain == NP_DOMAIN_PODS    ? "a pod's"
           : domain == NP_DOMAIN_NODES ? "a node's"
                                       : "an outside";
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
    } else if (!(end->domain & literal->domain)) {
        np_text_addf(out, "%s is %s address, which %s does not match under this profile", address,
                     domain_name(end->domain), prefix);
    } else {
        np_text_addf(out, "%s is not in %s", address, prefix);
    }
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
    bool foreign = !negative && !(end->domain & literal->domain);
    if (literal->name && foreign) {
        np_text_addf(out, "%s is %s address, which %s does not match under this profile", address,
                     domain_name(end->domain), literal->name->text);
        return;
    }
    if (literal->name) {
        static const char *const said[2][2] = {
            {"not in",         "in"            },
            {"no endpoint of", "an endpoint of"}
        };
        bool service = strncmp(literal->name->text, "Service/", 8) == 0;
        np_text_addf(out, "%s is %s %s", address, said[service][negative], literal->name->text);
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

static void say_names(struct np_text *out, const struct np_literal *literal)
{
    np_text_addf(out, "its names do not fit ");
    for (uint32_t i = 0; i < literal->n_patterns && i < LISTED; i++) {
        np_text_addf(out, "%s%s", i ? " or " : "", literal->patterns[i].text->text);
    }
}

static void say_literal(struct np_text *out, const struct np_signed_literal *item,
                        const struct np_end *end, np_truth truth)
{
    const struct np_literal *literal = item->literal;
    if (np_is_maybe(truth)) {
        np_text_addf(out, "it cannot be told: ");
        np_missing_text(out, truth & NP_CAUSES & ~0xffu);
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
        np_text_addf(out, end->node ? "its node is not selected" : "it is no node");
        break;
    case NP_LIT_DNS_NAMES:
        say_names(out, literal);
        break;
    case NP_LIT_NOTHING:
        np_text_addf(out, "the peer matches nothing under this profile");
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

/* The clause that came nearest is the one whose first failing literal stands last, or is a maybe.
 */
static void say_set(struct np_text *out, const struct np_model *model, const struct np_set *set,
                    const struct np_hop *hop, const struct np_end *end)
{
    const struct np_signed_literal *nearest = NULL;
    np_truth nearest_truth = NP_NO;
    uint32_t nearest_at = 0;
    for (uint32_t c = 0; c < set->count; c++) {
        const struct np_clause *clause = &set->clauses[c];
        uint32_t i = 0;
        np_truth truth = NP_YES;
        while (i < clause->count) {
            truth = item_truth(model, &clause->items[i], hop, end);
            if (truth != NP_YES) {
                break;
            }
            i++;
        }
        bool better = !nearest || i > nearest_at || (np_is_maybe(truth) && nearest_truth == NP_NO);
        if (i < clause->count && better) {
            nearest = &clause->items[i];
            nearest_truth = truth;
            nearest_at = i;
        }
    }
    if (nearest) {
        say_literal(out, nearest, end, nearest_truth);
    } else {
        np_text_addf(out, "nothing is selected");
    }
}

/* ---- axes ---- */

static bool on_near(const char *axis)
{
    return strcmp(axis, "near") == 0;
}

static void say_end_axis(struct np_text *out, const struct np_model *model,
                         const struct np_trace_step *step, const struct np_match *match)
{
    bool near = on_near(step->axis);
    bool source = near == (step->checkpoint->direction == NP_EGRESS);
    const struct np_end *end = source ? &step->hop->src : &step->hop->dst;
    const struct np_set *set = near ? match->near : match->far;
    np_text_addf(out, "%s ", source ? "source" : "destination");
    np_say_end(out, end);
    np_text_addf(out, ": ");
    if (set) {
        say_set(out, model, set, step->hop, end);
    }
}

/* Is it the numbers around the names that do not fit? */
static bool is_without(const struct np_portset *portset, const struct np_hop *hop, bool source)
{
    enum { KNOWN, NONE, UNKNOWN }; /* np_reference_service */
    int kind = hop->has_ports ? KNOWN : hop->ports_unknown ? UNKNOWN : NONE;
    uint16_t port = source ? hop->src_port : hop->dst_port;
    return portset->within &&
           np_reference_service(portset->within, kind, hop->protocol, port) == NP_NO;
}

static void say_port_axis(struct np_text *out, const struct np_hop *hop,
                          const struct np_match *match, bool source)
{
    const struct np_service *service = source ? match->src_service : match->service;
    const struct np_portset *portset = source ? match->src_ports : match->dst_ports;
    if (source) {
        np_text_addf(out, "source port %u", hop->src_port);
    } else {
        np_say_port(out, hop);
    }
    if (!service && portset && is_without(portset, hop, source)) {
        service = portset->within;
        portset = NULL;
    }
    bool excluded =
        (service && service->complement) || (!service && portset && portset->complement);
    np_text_addf(out, excluded ? " is excluded: " : " is not ");
    say_wanted_ports(out, service, portset);
}

static void say_axis(struct np_text *out, const struct np_model *model,
                     const struct np_trace_step *step, const struct np_match *match)
{
    static const struct {
        const char *axis, *words;
    } words[] = {
        {"family",     "the rule is for the other address family"                },
        {"relation",   "the two ends are not related as the rule demands"        },
        {"route",      "the traffic does not take the route that the rule is for"},
        {"listener",   "the rule is for another kind of listener"                },
        {"connection", "the server name does not fit"                            },
        {"request",    "the request does not fit"                                }
    };
    if (on_near(step->axis) || strcmp(step->axis, "far") == 0) {
        say_end_axis(out, model, step, match);
        return;
    }
    bool source = strcmp(step->axis, "source port") == 0;
    if (source || strcmp(step->axis, "port") == 0) {
        say_port_axis(out, step->hop, match, source);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(step->axis, words[i].axis) == 0) {
            np_text_addf(out, "%s", words[i].words);
        }
    }
}

static void say_cause(struct np_text *out, np_truth truth)
{
    if (truth & NP_CAUSE_REQUEST) {
        np_text_addf(out, " (the request decides)");
    }
    if (truth & NP_CAUSE_EXTERNAL) {
        np_text_addf(out, " (somebody else decides)");
    }
    if (truth & NP_CAUSE_FACT) {
        np_text_addf(out, " (missing: ");
        np_missing_text(out, truth & NP_CAUSES & ~0xffu);
        np_text_addf(out, ")");
    }
}

void np_say_rule(struct np_text *out, const struct np_model *model,
                 const struct np_trace_step *step)
{
    const struct np_rule *rule = step->rule;
    if (step->truth == NP_YES) {
        return;
    }
    if (rule->n_alternatives == 0) {
        np_text_addf(out, "the rule matches nothing");
        return;
    }
    if (step->axis && step->alternative < rule->n_alternatives) {
        say_axis(out, model, step, &rule->alternatives[step->alternative]);
    }
    if (rule->n_alternatives > 1) {
        np_text_addf(out, " (nearest of %u alternatives)", rule->n_alternatives);
    }
    if (np_is_maybe(step->truth)) {
        say_cause(out, step->truth);
    }
}

void np_say_subject(struct np_text *out, const struct np_model *model,
                    const struct np_trace_step *step)
{
    uint8_t direction = step->checkpoint->direction;
    const struct np_policy *policy = step->policy;
    const struct np_end *subject = direction == NP_EGRESS ? &step->hop->src : &step->hop->dst;
    const char *side = direction == NP_EGRESS ? "egress" : "ingress";
    if (step->truth == NP_NO && !policy->subjects[direction]) {
        np_text_addf(out, "says nothing of %s", side);
    } else if (step->truth == NP_NO) {
        np_text_addf(out, "does not select ");
        np_say_end(out, subject);
        np_text_addf(out, ": ");
        say_set(out, model, policy->subjects[direction], step->hop, subject);
    } else {
        np_text_addf(out, np_is_maybe(step->truth) ? "may select it" : "selects it");
        np_text_addf(out, "%s%s%s", policy->isolates[direction] ? ", isolates its " : "",
                     policy->isolates[direction] ? side : "",
                     policy->n_rules[direction] == 0 ? ", has no rule there" : "");
        say_cause(out, np_is_maybe(step->truth) ? step->truth : NP_NO);
    }
}
