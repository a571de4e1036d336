/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of Calico to the model. Source: felix/rules/policy.go of projectcalico/calico (the order
 * and meaning of criteria, FilterRuleToIPVersion), app-policy/checker/match.go (http).
 *
 * Everything that is given must hold. The end on the checkpoint's side (ingress: destination) is
 * the near one, so a rule may ask things of both.
 */
#include "dialect/calico/http.h"
#include "dialect/calico/rule_internal.h"
#include "base/defect.h"

enum { ICMP = 1, ICMPV6 = 58 };
enum { APPLICATION_LAYER_ON, APPLICATION_LAYER_OFF }; /* as in options.def */

/* ---- address families ---- */

/*
 * A list that has nothing for a family, and a negated list with everything in it, take the rule out
 * of the family: FilterRuleToIPVersion. A range that could not be read may be of either.
 */
static uint8_t families_of_list(const struct np_prefix *prefixes, size_t count, bool negative)
{
    uint8_t some = 0, everything = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t family = prefixes[i].address.family;
        uint8_t bit = family == NP_IPV4   ? NP_FAMILY_4
                      : family == NP_IPV6 ? NP_FAMILY_6
                                          : NP_FAMILY_ANY;
        some |= bit;
        everything |= family && prefixes[i].length == 0 ? bit : 0;
    }
    return count == 0 ? NP_FAMILY_ANY
           : negative
               ? np_defect(CALICO_NOT_NETS_STAY) ? NP_FAMILY_ANY : some & (uint8_t)~everything
               : some;
}

static uint8_t families_of_end(const struct np_calico_entity *entity)
{
    return entity ? families_of_list(entity->prefixes, entity->nets.count, false) &
                        families_of_list(entity->not_prefixes, entity->not_nets.count, true)
                  : NP_FAMILY_ANY;
}

/* Names of protocols imply a family, numbers do not. */
static uint8_t families_of(const struct np_calico_rule *rule)
{
    uint8_t families = families_of_end(rule->source) & families_of_end(rule->destination);
    if (rule->ip_version.set) {
        families &= rule->ip_version.value == 4 ? NP_FAMILY_4 : NP_FAMILY_6;
    }
    if ((rule->is.named || np_defect(CALICO_NUMBER_IMPLIES)) &&
        (rule->is.number == ICMP || rule->is.number == ICMPV6)) {
        families &= rule->is.number == ICMP ? NP_FAMILY_4 : NP_FAMILY_6;
    }
    return families;
}

/* ---- requests ---- */

struct requests {
    const struct np_expr *allowed, *refused; /* NULL: any, none */
};

static const struct np_expr *join(struct np_lower *l, enum np_expr_op op,
                                  const struct np_expr *const *kids, uint32_t count)
{
    const struct np_expr expr = {.op = (uint8_t)op, .kids = kids, .count = count};
    return np_build_expr(l->build, &expr);
}

static const struct np_expr *value_atom(struct np_lower *l, const struct np_calico_header *header,
                                        enum np_pattern_kind kind, struct np_slice value)
{
    const struct np_expr atom = {
        .op = NP_EXPR_ATOM,
        .view = NP_VIEW_HEADER,
        .name = np_build_str(l->build, header->header),
        .pattern = {.kind = (uint8_t)kind, .text = np_build_str(l->build, value)}
    };
    return np_build_expr(l->build, &atom);
}

static const struct np_expr *lower_header(struct np_lower *l, const struct np_calico_header *header)
{
    bool negated = np_slice_is(header->op, "NotIn") || np_slice_is(header->op, "DoesNotExist");
    const struct np_expr *expr;
    if (header->values.count == 0) {
        expr = value_atom(l, header, NP_PATTERN_PRESENT, (struct np_slice){"", 0});
    } else {
        const struct np_expr **kids =
            np_build_alloc(l->build, header->values.count, sizeof(struct np_expr *));
        for (size_t i = 0; kids && i < header->values.count; i++) {
            kids[i] = value_atom(l, header, NP_PATTERN_EXACT, header->values.items[i].text);
        }
        expr = kids ? join(l, NP_EXPR_ANY, kids, (uint32_t)header->values.count) : NULL;
    }
    return negated ? join(l, NP_EXPR_NOT, &expr, 1) : expr;
}

/* As methods and paths do, headers let pass what is no HTTP request. */
static const struct np_expr *lower_headers(struct np_lower *l,
                                           const struct np_calico_http_match *http)
{
    const struct np_expr **all =
        np_build_alloc(l->build, http->headers.count, sizeof(struct np_expr *));
    const struct np_expr method = {
        .op = NP_EXPR_ATOM, .view = NP_VIEW_METHOD, .pattern = {.kind = NP_PATTERN_PRESENT}};
    const struct np_expr *is_http = np_build_expr(l->build, &method);
    for (size_t i = 0; all && i < http->headers.count; i++) {
        all[i] = lower_header(l, &http->headers.items[i]);
    }
    if (!all || !is_http) {
        return NULL;
    }
    const struct np_expr *ways[] = {join(l, NP_EXPR_NOT, &is_http, 1),
                                    join(l, NP_EXPR_ALL, all, (uint32_t)http->headers.count)};
    return join(l, NP_EXPR_ANY, ways, 2);
}

static struct requests requests_of(struct np_lower *l, const struct np_calico_http_match *http)
{
    struct requests out = {NULL, NULL};
    if (!http || np_defect(CALICO_HTTP_UNHEARD) ||
        l->options->application_layer == APPLICATION_LAYER_OFF) {
        return out;
    }
    struct np_slice *methods = np_build_alloc(l->build, http->methods.count, sizeof *methods);
    struct np_calico_http_path *paths = np_build_alloc(l->build, http->paths.count, sizeof *paths);
    if (!methods || !paths) {
        return out;
    }
    for (size_t i = 0; i < http->methods.count; i++) {
        methods[i] = http->methods.items[i].text;
    }
    for (size_t i = 0; i < http->paths.count; i++) {
        const struct np_calico_path *path = &http->paths.items[i];
        paths[i] = (struct np_calico_http_path){!path->exact.ptr,
                                                path->exact.ptr ? path->exact : path->prefix};
    }
    struct np_calico_http asked = {methods, paths, http->methods.count, http->paths.count};
    out.allowed = np_calico_http(l, &asked);
    out.refused = np_calico_http_refused(l, &asked);
    if (http->headers.count) {
        const struct np_expr *headers = lower_headers(l, http);
        const struct np_expr *both[] = {out.allowed, headers};
        out.allowed = out.allowed ? join(l, NP_EXPR_ALL, both, 2) : headers;
    }
    return out;
}

/* ---- the rule ---- */

struct axes {
    uint8_t families;
    const struct np_set *to_end[NP_CALICO_WHOSE], *from_end[NP_CALICO_WHOSE];
    struct np_calico_ports to[NP_CALICO_WAYS], from[NP_CALICO_WAYS];
    uint32_t n_to, n_from;
};

static enum np_action action_of(struct np_slice action)
{
    return np_slice_is(action, "Allow")  ? NP_ACT_ALLOW
           : np_slice_is(action, "Deny") ? NP_ACT_DENY
           : np_slice_is(action, "Pass")
               ? (np_defect(CALICO_PASS_ALLOWS) ? NP_ACT_ALLOW : NP_ACT_PASS)
           : np_defect(CALICO_LOG_ENDS) ? NP_ACT_ALLOW
                                        : NP_ACT_NOTE;
}

static void ends_of(struct np_lower *l, const struct np_calico_entity *entity, struct np_rule *rule,
                    const struct np_calico_ports *ways, uint32_t count,
                    const struct np_set *ends[NP_CALICO_WHOSE])
{
    ends[0] = np_calico_rule_end(l, entity, NP_CALICO_COVERING, rule);
    for (uint32_t i = 0; i < count; i++) {
        if (ways[i].whose != NP_CALICO_COVERING) {
            ends[ways[i].whose] = np_calico_rule_end(l, entity, ways[i].whose, NULL);
        }
    }
}

/* lowered: the rule that these become part of. */
static struct axes axes_of(struct np_lower *l, const struct np_calico_rule *rule,
                           enum np_direction direction, struct np_rule *lowered)
{
    struct axes axes = {.families = families_of(rule)};
    bool ingress = direction == NP_INGRESS;
    const struct np_calico_entity *to = rule->destination;
    axes.n_to = np_calico_rule_ports(l, rule, false, axes.to);
    axes.n_from = np_calico_rule_ports(l, rule, true, axes.from);
    ends_of(l, to, NULL, axes.to, axes.n_to, axes.to_end);
    for (uint32_t i = 0; !ingress && i < NP_CALICO_WHOSE; i++) {
        axes.to_end[i] = np_calico_with_names(l, axes.to_end[i]);
    }
    ends_of(l, rule->source, ingress ? lowered : NULL, axes.from, axes.n_from, axes.from_end);
    if (!ingress && to && to->services) { /* has no other ports: these are what the rule asks */
        axes.to[0].names = np_calico_service_ports(l, to->services, axes.to[0].service, lowered);
        axes.to[0].service = NULL;
    }
    return axes;
}

static struct np_rule *add_rule(struct np_lower *l, struct np_policy *policy,
                                enum np_direction direction, enum np_action action,
                                const struct np_calico_rule *from, size_t index, const char *path)
{
    struct np_rule *rule = np_build_rule(l->build, policy, direction, action);
    if (rule) {
        rule->index = (uint32_t)index;
        rule->origin = np_lower_origin(l, from->node, "%s[%zu]", path, index);
    }
    return rule;
}

static void add_alternatives(struct np_lower *l, struct np_rule *rule, const struct axes *axes,
                             const struct np_expr *request)
{
    bool ingress = rule && rule->direction == NP_INGRESS;
    for (uint32_t i = 0; rule && i < axes->n_to * axes->n_from; i++) {
        const struct np_calico_ports *to = &axes->to[i % axes->n_to];
        const struct np_calico_ports *from = &axes->from[i / axes->n_to];
        struct np_match *match = np_build_alt(l->build, rule);
        if (!match) {
            return;
        }
        match->families = axes->families;
        match->near = np_defect(CALICO_OWN_SIDE_UNHEARD) ? NULL
                      : ingress                          ? axes->to_end[to->whose]
                                                         : axes->from_end[from->whose];
        match->far = ingress ? axes->from_end[from->whose] : axes->to_end[to->whose];
        match->service = to->service;
        match->dst_ports = to->names;
        match->src_service = from->service;
        match->src_ports = from->names;
        match->request = request;
    }
}

void np_calico_rule_lower(struct np_lower *l, struct np_policy *policy, enum np_direction direction,
                          const struct np_calico_rule *rule, size_t index, const char *path)
{
    if (families_of(rule) == 0) {
        return; /* it exists for no packet */
    }
    struct np_rule *lowered =
        add_rule(l, policy, direction, action_of(rule->action), rule, index, path);
    struct axes axes = axes_of(l, rule, direction, lowered);
    struct requests requests = requests_of(l, rule->http);
    add_alternatives(l, lowered, &axes, requests.allowed);
    if (requests.refused) {
        struct np_rule *refusing = add_rule(l, policy, direction, NP_ACT_DENY, rule, index, path);
        add_alternatives(l, refusing, &axes, requests.refused);
        if (refusing) {
            refusing->refuses = true;
        }
    }
}
