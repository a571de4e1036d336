/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering of one entry of toPorts. Source: pkg/policy/{l4,rule}.go (parsers, listener priorities,
 * wildcard rules without default deny), pkg/envoy (the order of HTTP rules) of cilium/cilium.
 *
 * All rules of an entry are alternatives: one expression, their OR. Rules about headers are not,
 * since rules tried before them may have changed these: then each is a rule of the model.
 */
#include "dialect/cilium/l7_internal.h"
#include "base/defect.h"
#include "regex/build/wildcard.h"

/* Priorities of redirects without an explicit one: pkg/policy/l4.go ListenerPriority*. */
enum {
    PRIORITY_HTTP = 101,
    PRIORITY_KAFKA = 106,
    PRIORITY_PROXYLIB = 111,
    PRIORITY_TLS = 116,
    PRIORITY_DNS = 121,
    PRIORITY_LISTENER = 126
};

/* ---- expressions ---- */

const struct np_expr *np_cilium_atom(struct np_lower *l, enum np_view view,
                                     enum np_pattern_kind kind, struct np_slice text)
{
    const struct np_expr expr = {
        .op = NP_EXPR_ATOM,
        .view = (uint8_t)view,
        .pattern = {.kind = (uint8_t)kind, .text = np_build_str(l->build, text)}
    };
    return np_build_expr(l->build, &expr);
}

struct np_cilium_terms np_cilium_terms(struct np_lower *l, size_t room)
{
    struct np_cilium_terms terms = {.l = l,
                                    .items = np_build_alloc(l->build, room, sizeof(void *))};
    terms.room = terms.items ? (uint32_t)room : 0;
    return terms;
}

void np_cilium_term(struct np_cilium_terms *terms, const struct np_expr *expr)
{
    if (expr && terms->count < terms->room) {
        terms->items[terms->count++] = expr;
    }
}

const struct np_expr *np_cilium_join(const struct np_cilium_terms *terms, enum np_expr_op op)
{
    if (terms->count < 2) {
        return terms->count ? terms->items[0] : NULL;
    }
    const struct np_expr expr = {.op = (uint8_t)op, .kids = terms->items, .count = terms->count};
    return np_build_expr(terms->l->build, &expr);
}

const struct np_expr *np_cilium_not(struct np_lower *l, const struct np_expr *expr)
{
    const struct np_expr negated = {.op = NP_EXPR_NOT, .kids = &expr, .count = 1};
    return expr ? np_build_expr(l->build, &negated) : NULL;
}

/* ---- what the rules of an entry ask ---- */

/* Stars alone are any name here, whatever it is made of: pkg/fqdn/dnsproxy/proxy.go
 * (GeneratePattern). Of an address toFQDNs asks for a name of DNS characters. */
static const struct np_expr *dns(struct np_lower *l, const struct np_cilium_fqdn *rule)
{
    if (!rule->name.len && np_fqdn_pattern_is_any(rule->pattern)) {
        return NULL;
    }
    return rule->name.len ? np_cilium_atom(l, NP_VIEW_DNS_QUERY, NP_PATTERN_DNS, rule->name)
                          : np_cilium_atom(l, NP_VIEW_DNS_QUERY, NP_PATTERN_FQDN, rule->pattern);
}

/* What the rules of the parser mean is its own affair: nobody here can tell. */
static const struct np_expr *one_request(struct np_lower *l, const struct np_cilium_l7_rules *rules,
                                         size_t i)
{
    return np_cilium_given(rules->http.node)  ? np_cilium_http(l, &rules->http.items[i]).expr
           : np_cilium_given(rules->dns.node) ? dns(l, &rules->dns.items[i])
                                              : np_cilium_kafka(l, &rules->kafka.items[i]);
}

/* NULL: any request; so it is without rules, and with one that asks nothing. */
static const struct np_expr *any_of(struct np_lower *l, const struct np_cilium_l7_rules *rules)
{
    size_t count = !rules                               ? 0
                   : np_cilium_given(rules->http.node)  ? rules->http.count
                   : np_cilium_given(rules->dns.node)   ? rules->dns.count
                   : np_cilium_given(rules->kafka.node) ? rules->kafka.count
                                                        : 0;
    struct np_cilium_terms terms = np_cilium_terms(l, count);
    for (size_t i = 0; i < (np_defect(CILIUM_FIRST_REQUEST) && count ? 1 : count); i++) {
        const struct np_expr *expr = one_request(l, rules, i);
        if (!expr) {
            return NULL;
        }
        np_cilium_term(&terms, expr);
    }
    return np_cilium_join(&terms, NP_EXPR_ANY);
}

static const struct np_expr *server_names(struct np_lower *l, const struct np_cilium_l7 *l7)
{
    struct np_cilium_terms terms = np_cilium_terms(l, l7->server_names.count);
    for (size_t i = 0; i < l7->server_names.count; i++) {
        np_cilium_term(
            &terms, np_cilium_atom(l, NP_VIEW_SNI, NP_PATTERN_SNI, l7->server_names.items[i].text));
    }
    return np_cilium_join(&terms, NP_EXPR_ANY);
}

/* ---- where the traffic goes ---- */

struct redirect {
    enum np_parser parser;
    int16_t priority;
};

static struct redirect redirect_of(const struct np_cilium_l7 *l7)
{
    const struct np_cilium_l7_rules *rules = l7->rules;
    if (l7->listener) {
        const struct np_int *priority = &l7->listener->priority;
        return (struct redirect){NP_PARSER_OTHER, priority->set ? (int16_t)priority->value
                                                                : (int16_t)PRIORITY_LISTENER};
    }
    if (rules && np_cilium_given(rules->http.node)) {
        return (struct redirect){NP_PARSER_HTTP, PRIORITY_HTTP};
    }
    if (rules && np_cilium_given(rules->dns.node)) {
        return (struct redirect){NP_PARSER_DNS, PRIORITY_DNS};
    }
    if (rules && np_cilium_given(rules->kafka.node)) {
        return (struct redirect){NP_PARSER_KAFKA, PRIORITY_KAFKA};
    }
    if (rules && rules->l7proto.len) {
        return (struct redirect){NP_PARSER_OTHER, PRIORITY_PROXYLIB};
    }
    if (l7->terminating || l7->originating || l7->server_names.count) {
        return (struct redirect){NP_PARSER_TLS, PRIORITY_TLS};
    }
    return (struct redirect){NP_PARSER_NONE, 0};
}

/* "namespace/config/listener", as Cilium qualifies it; without namespace "/config/listener". */
static np_str listener_name(struct np_lower *l, const struct np_cilium_listener *listener)
{
    const struct np_cilium_envoy_config *config = listener->config;
    bool cluster = np_slice_is(config->kind, "CiliumClusterwideEnvoyConfig");
    struct np_slice space = cluster ? (struct np_slice){"", 0} : l->object->namespace_name;
    return np_build_format(l->build, "%.*s/%.*s/%.*s", (int)space.len, space.ptr,
                           (int)config->name.len, config->name.ptr, (int)listener->name.len,
                           listener->name.ptr);
}

/* "namespace/secret ca,certificate,key"; NULL: none. */
static np_str tls_text(struct np_lower *l, const struct np_cilium_tls *tls)
{
    if (!tls) {
        return NULL;
    }
    const struct np_slice parts[] = {tls->secret->space, tls->secret->name, tls->trusted_ca,
                                     tls->certificate, tls->private_key};
    return np_build_format(l->build, "%.*s/%.*s %.*s,%.*s,%.*s", (int)parts[0].len, parts[0].ptr,
                           (int)parts[1].len, parts[1].ptr, (int)parts[2].len, parts[2].ptr,
                           (int)parts[3].len, parts[3].ptr, (int)parts[4].len, parts[4].ptr);
}

static void set_redirect(struct np_lower *l, const struct np_cilium_l7 *l7, struct np_rule *rule)
{
    struct redirect redirect = redirect_of(l7);
    rule->redirect_parser =
        np_defect(CILIUM_REDIRECT_LOST) ? NP_PARSER_NONE : (uint8_t)redirect.parser;
    rule->redirect_priority = redirect.priority;
    rule->terminating = tls_text(l, l7->terminating);
    rule->originating = tls_text(l, l7->originating);
    rule->for_all_topics = redirect.parser == NP_PARSER_KAFKA;
    if (l7->listener) {
        rule->listener_name = listener_name(l, l7->listener);
    } else if (redirect.parser == NP_PARSER_OTHER) {
        rule->provider = np_build_str(l->build, l7->rules->l7proto);
    }
}

static void set_request(struct np_rule *rule, const struct np_expr *connection,
                        const struct np_expr *request)
{
    struct np_match *alternatives = (struct np_match *)(uintptr_t)rule->alternatives;
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        alternatives[i].connection = connection;
        alternatives[i].request = request;
    }
}

/* ---- rules about headers ---- */

/* Do its rules look at headers, which those before them may have changed, or change them? */
static bool about_headers(const struct np_cilium_l7_rules *rules)
{
    for (size_t i = 0; rules && i < rules->http.count; i++) {
        if (rules->http.items[i].headers.count || rules->http.items[i].header_matches.count) {
            return true;
        }
    }
    return false;
}

/* The same traffic, another request. */
static struct np_rule *twin(struct np_lower *l, const struct np_rule *rule)
{
    struct np_rule *made =
        np_build_rule(l->build, (struct np_policy *)(uintptr_t)rule->policy,
                      (enum np_direction)rule->direction, (enum np_action)rule->action);
    if (!made) {
        return NULL;
    }
    uint32_t index = made->index;
    *made = *rule;
    made->index = index;
    made->alternatives = NULL;
    made->n_alternatives = 0;
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        struct np_match *match = np_build_alt(l->build, made);
        if (match) {
            *match = rule->alternatives[i];
        }
    }
    return made;
}

static void set_http(struct np_lower *l, const struct np_cilium_http *http, struct np_rule *rule,
                     const struct np_expr *connection)
{
    struct np_cilium_request request = np_cilium_http(l, http);
    set_request(rule, connection, request.expr);
    rule->step = request.step;
    for (uint32_t i = 0; i < request.n_effects; i++) {
        np_build_effect(l->build, rule, &request.effects[i]);
    }
}

/* One rule of the model each. */
static void one_by_one(struct np_lower *l, const struct np_cilium_l7_rules *rules,
                       struct np_rule *rule, const struct np_expr *connection)
{
    for (size_t i = 1; i < rules->http.count; i++) {
        struct np_rule *next = twin(l, rule);
        if (next) {
            set_http(l, &rules->http.items[i], next, connection);
        }
    }
    set_http(l, &rules->http.items[0], rule, connection);
}

/*
 * What the rules do not list is let pass, too, where nothing isolates: neither this policy nor
 * another one that selects the same pod (pkg/policy/l4.go createL4Filter, ensureWildcard).
 */
static void open_requests(struct np_lower *l, struct np_rule *rule,
                          const struct np_expr *connection)
{
    enum { DEFAULT, ALWAYS }; /* the order of option policy_enforcement */
    bool never = l->options->policy_enforcement == ALWAYS || np_defect(CILIUM_NEVER_OPEN);
    bool isolates = rule->policy->isolates[rule->direction];
    struct np_rule *open = never || isolates ? NULL : twin(l, rule);
    if (open) {
        open->unless_isolated = true;
        set_request(open, connection, NULL);
    }
}

void np_cilium_lower_l7(struct np_lower *l, const struct np_cilium_l7 *l7, struct np_rule *rule)
{
    if (!rule || rule->action != NP_ACT_ALLOW) {
        return;
    }
    const struct np_expr *connection = server_names(l, l7);
    set_redirect(l, l7, rule);
    if (about_headers(l7->rules)) {
        open_requests(l, rule, connection);
        one_by_one(l, l7->rules, rule, connection);
        return;
    }
    const struct np_expr *request = any_of(l, l7->rules);
    if (request) {
        open_requests(l, rule, connection);
    }
    set_request(rule, connection, request);
}
