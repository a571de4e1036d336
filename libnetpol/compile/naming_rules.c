/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of a group's rules that say the same of different names.
 *
 * Two rules are of one class if they are in one tier, do the same, by policies that certainly
 * select every near end of the group, and each of their alternatives asks for nothing of the far
 * end but that some of its names satisfies something, beside the same ports and other axes. Then
 * their truths are equal as soon as one literal of each holds, and what the first of them decides
 * the other would decide as well: it changes no answer, not even whom the answer is from. Rules
 * that a proxy or authentication has to do with, and those beside them in a rank, are of no class.
 */
#include "compile/naming_internal.h"
#include "compile/draft.h"
#include "model/build.h"

struct classing {
    struct np_draft *draft;
    const struct np_side_plan *side;
    uint32_t near;
    struct np_map classes; /* key of a rule -> class */
    struct np_text key;
    const struct np_policy *last;
    bool last_selects;
    uint32_t certain; /* the first rule of an object's policy that certainly selects; or none */
};

/* ---- rules that may be of a class ---- */

/* Is the far end asked for names alone, and in one domain? */
static bool asks_for_names(const struct np_set *far, uint8_t *domain)
{
    bool names = far && far->count;
    for (uint32_t c = 0; names && c < far->count; c++) {
        const struct np_clause *clause = &far->clauses[c];
        names = clause->count == 1 && !clause->items[0].negative;
        const struct np_literal *literal = names ? clause->items[0].literal : NULL;
        names = names && literal->kind == NP_LIT_DNS_NAMES && literal->n_patterns &&
                (c == 0 || literal->domain == *domain);
        *domain = names ? literal->domain : 0;
    }
    return names;
}

static void add_bytes(struct np_text *key, const void *bytes, size_t size)
{
    np_text_add(key, bytes, size);
}

static void add_service(struct np_text *key, const struct np_service *service)
{
    const uint32_t head[] = {service != NULL, service && service->complement,
                             service ? service->count : 0};
    add_bytes(key, head, sizeof head);
    for (uint32_t i = 0; service && i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        const int32_t fields[] = {span->protocol, span->ports, span->no_port, span->first,
                                  span->last};
        add_bytes(key, fields, sizeof fields);
    }
}

/* What an alternative asks for beside names, behind what is in the key. false: of no class. */
static bool add_alternative(struct np_text *key, const struct np_match *match)
{
    uint8_t domain = 0;
    if (!asks_for_names(match->far, &domain) || match->near || match->dst_ports ||
        match->src_ports || match->src_service || match->connection || match->request) {
        return false;
    }
    const uint8_t axes[] = {match->families, match->relations, match->routes, match->listener,
                            domain};
    add_bytes(key, axes, sizeof axes);
    add_service(key, match->service);
    return true;
}

/* All alternatives ask for the same. */
static bool add_alternatives(struct np_text *key, const struct np_rule *rule)
{
    size_t begin = key->len, size = 0;
    bool same = rule->n_alternatives > 0;
    for (uint32_t a = 0; same && a < rule->n_alternatives; a++) {
        size_t at = key->len;
        same = add_alternative(key, &rule->alternatives[a]) && !key->failed;
        size = a ? size : key->len - at;
        if (same && a) {
            same = key->len - at == size && memcmp(key->ptr + begin, key->ptr + at, size) == 0;
            key->len = at;
        }
    }
    return same;
}

/* Certainly, whatever the far end is, in the walk as it is and as it would be. OK, ERR_MEMORY. */
static int certainly_selects(struct classing *c, const struct np_policy *policy, bool *out)
{
    const struct np_set *subjects =
        policy->subjects[c->side->near_is_source ? NP_EGRESS : NP_INGRESS];
    np_truth truth = NP_NO;
    int status = NETPOL_OK;
    if (subjects && !c->side->host && policy->state == NP_ENFORCED && !policy->staged_delete &&
        !policy->staged_set && !np_set_is_relative(subjects)) {
        status = np_draft_member(c->draft, subjects, c->side->near_is_source, NP_RELATION_OTHER,
                                 c->near, &truth);
    }
    *out = truth == NP_YES;
    return status;
}

/* ---- classes ---- */

static bool has_proxy(const struct np_rule *rule)
{
    bool proxy = rule->redirect_parser != NP_PARSER_NONE || rule->auth_mode ||
                 rule->auth_explicit || rule->n_effects || rule->for_all_topics;
    for (uint32_t a = 0; a < rule->n_alternatives && !proxy; a++) {
        proxy = rule->alternatives[a].connection || rule->alternatives[a].request;
    }
    return proxy;
}

/* Do rules of the tier depend on a proxy, or on what it read? */
static bool tier_is_plain(const struct np_focus_tier *tier)
{
    bool plain = true;
    for (uint32_t i = 0; i < tier->count && plain; i++) {
        plain = !has_proxy(tier->whole[i]);
    }
    return plain;
}

/* *class 0: of none. OK, ERR_MEMORY. */
static int classify(struct classing *c, uint32_t tier, const struct np_rule *rule, uint32_t *class)
{
    bool ends =
        rule->action == NP_ACT_ALLOW || rule->action == NP_ACT_DENY || rule->action == NP_ACT_PASS;
    *class = 0;
    if (rule->policy != c->last) {
        int status = certainly_selects(c, rule->policy, &c->last_selects);
        if (status != NETPOL_OK) {
            return status;
        }
        c->last = rule->policy;
    }
    const uint32_t head[] = {tier, rule->action, rule->refuses};
    c->key.len = 0;
    add_bytes(&c->key, head, sizeof head);
    if (!ends || !c->last_selects || rule->n_effects || !add_alternatives(&c->key, rule)) {
        return c->key.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
    }
    bool added;
    uint64_t *at = np_map_add(&c->classes, (struct np_slice){c->key.ptr, c->key.len}, &added);
    if (!at) {
        return NETPOL_ERR_MEMORY;
    }
    *at = added ? c->classes.count : *at;
    *class = (uint32_t)*at;
    return NETPOL_OK;
}

bool np_naming_classes(struct np_draft *draft, const struct np_side_plan *side, uint32_t near,
                       struct np_arena *arena, struct np_asked *asked, uint32_t *n_classes)
{
    struct classing c = {.draft = draft, .side = side, .near = near, .certain = UINT32_MAX};
    bool all_plain = true;
    uint32_t *class_of = np_arena_array(arena, asked->focus.n_rules, sizeof *class_of), tier = 0;
    int status = class_of ? NETPOL_OK : NETPOL_ERR_MEMORY;
    np_map_init(&c.classes, draft->ctx);
    np_text_init(&c.key, draft->ctx);
    for (const struct np_focus_tier *t = asked->focus.tiers; t; t = t->next, tier++) {
        bool plain = tier_is_plain(t);
        all_plain = all_plain && plain;
        for (uint32_t i = 0; i < t->count && plain && status == NETPOL_OK; i++) {
            status = classify(&c, tier, t->whole[i], &class_of[t->first + i]);
            bool tells = c.last_selects && !t->whole[i]->policy->synthetic;
            c.certain = tells && c.certain == UINT32_MAX ? t->first + i : c.certain;
        }
    }
    *n_classes = c.classes.count + 1 > *n_classes ? (uint32_t)c.classes.count + 1 : *n_classes;
    asked->class_of = class_of;
    if (all_plain && c.certain != UINT32_MAX) { /* as for rows: that policies select is told */
        np_focus_stay(&asked->focus, c.certain);
    }
    np_map_free(&c.classes);
    np_text_free(&c.key);
    return status == NETPOL_OK;
}
