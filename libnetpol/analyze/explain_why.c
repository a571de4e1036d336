/* SPDX-License-Identifier: Apache-2.0 */
/* The words of explanations: which axis of a rule was not met, and what was there instead. */
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

/* Type and code stand where others have a port. */
static void say_messages(struct np_text *out, const struct np_port_span *span)
{
    unsigned first = span->first >> 8, last = span->last >> 8;
    if (first != last) {
        np_text_addf(out, " types %u-%u", first, last);
    } else if ((span->first & 0xff) == 0 && (span->last & 0xff) == 0xff) {
        np_text_addf(out, " type %u", first);
    } else {
        np_text_addf(out, " type %u code %u", first, span->first & 0xff);
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
    if (is_icmp(span->protocol)) {
        say_messages(out, span);
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
        np_say_set(out, model, set, step->hop, end);
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
        np_say_set(out, model, policy->subjects[direction], step->hop, subject);
    } else {
        np_text_addf(out, np_is_maybe(step->truth) ? "may select it" : "selects it");
        np_text_addf(out, "%s%s%s", policy->isolates[direction] ? ", isolates its " : "",
                     policy->isolates[direction] ? side : "",
                     policy->n_rules[direction] == 0 ? ", has no rule there" : "");
        say_cause(out, np_is_maybe(step->truth) ? step->truth : NP_NO);
    }
}
