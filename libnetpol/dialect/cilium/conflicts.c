/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that cannot stand together: of one subject, for one peer selector and one port, and yet
 * with two parsers, two TLS contexts, two listeners of one priority or two authentications. Cilium
 * refuses to make a policy of them for that subject. Source: pkg/policy/l4.go (mergePortProto,
 * L7ParserType.Merge, mergeListenerReference) and pkg/policy/rule.go of cilium/cilium.
 *
 * Other selectors that select the same peer are no conflict: there the redirect of the stronger
 * listener wins.
 */
#include "dialect/cilium/l7.h"
#include "dialect/meet.h"

#include <stdlib.h>

enum { BUDGET = 20000000 }; /* of comparisons; some seconds at most, then nothing more is found */

struct claim { /* what a rule says of one port */
    uint64_t port;
    const struct np_rule *rule;
    const struct np_match *match;
};
struct conflicts {
    struct np_lower *l;
    struct np_meet meet;
    np_vec(struct claim) claims;
    bool failed;
};

/* ---- do two rules disagree? ---- */

static bool promotes(uint8_t from, uint8_t to)
{
    return from == NP_PARSER_NONE || (from == NP_PARSER_TLS && to != NP_PARSER_DNS);
}

static bool parsers_differ(const struct np_rule *a, const struct np_rule *b)
{
    uint8_t x = a->redirect_parser, y = b->redirect_parser;
    bool listeners = !a->listener_name == !b->listener_name;
    bool same = x == y && listeners && a->provider == b->provider;
    return !same && !promotes(x, y) && !promotes(y, x);
}

static bool differ(np_str a, np_str b)
{
    return a && b && a != b;
}

/* NULL: they agree. */
static const char *disagreement(const struct np_rule *a, const struct np_rule *b)
{
    if (parsers_differ(a, b)) {
        return "parsers";
    }
    if (differ(a->listener_name, b->listener_name) &&
        a->redirect_priority == b->redirect_priority) {
        return "listeners of one priority";
    }
    if (differ(a->terminating, b->terminating) || differ(a->originating, b->originating)) {
        return "TLS contexts";
    }
    bool modes = a->auth_explicit && b->auth_explicit && a->auth_mode != b->auth_mode;
    return modes ? "authentication modes" : NULL;
}

/* ---- what is claimed ---- */

static void claim(struct conflicts *c, uint64_t port, const struct np_rule *rule,
                  const struct np_match *match)
{
    struct claim *item = np_vec_push(c->l->ctx, &c->claims);
    if (item) {
        *item = (struct claim){port, rule, match};
    }
    c->failed = c->failed || !item;
}

/* Numbers of ports that are the same to Cilium: protocol, first and last; or protocol and name. */
static uint64_t span_key(const struct np_port_span *span, int protocol)
{
    return (uint64_t)1 << 56 | (uint64_t)(uint8_t)protocol << 32 | (uint64_t)span->first << 16 |
           span->last;
}

static void claim_spans(struct conflicts *c, const struct np_rule *rule,
                        const struct np_match *match)
{
    static const uint8_t any[] = {6, 17, 132}; /* protocol ANY stands for these */
    for (uint32_t i = 0; match->service && i < match->service->count; i++) {
        const struct np_port_span *span = &match->service->spans[i];
        for (size_t p = 0; span->protocol < 0 && p < sizeof any; p++) {
            claim(c, span_key(span, any[p]), rule, match);
        }
        if (span->protocol >= 0) {
            claim(c, span_key(span, span->protocol), rule, match);
        }
    }
}

static void claim_names(struct conflicts *c, const struct np_rule *rule,
                        const struct np_match *match)
{
    for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++) {
        const struct np_port_member *member = &match->dst_ports->members[i];
        if (member->name) {
            uint64_t protocol = (uint16_t)member->protocol;
            claim(c, (uint64_t)2 << 56 | protocol << 32 | member->name->id, rule, match);
        }
    }
}

static void claim_rule(struct conflicts *c, const struct np_rule *rule)
{
    bool says = rule->redirect_parser != NP_PARSER_NONE || rule->auth_explicit;
    for (uint32_t i = 0; says && rule->action == NP_ACT_ALLOW && i < rule->n_alternatives; i++) {
        const struct np_match *match = &rule->alternatives[i];
        claim_spans(c, rule, match);
        claim_names(c, rule, match);
        if (!match->service && !match->dst_ports) {
            claim(c, 0, rule, match);
        }
    }
}

static int compare_claims(const void *x, const void *y)
{
    const struct claim *a = x, *b = y;
    int order = (a->port > b->port) - (a->port < b->port);
    return order ? order : (a->rule->place > b->rule->place) - (a->rule->place < b->rule->place);
}

/* ---- pairs ---- */

static struct np_place place_of(const struct np_origin *origin)
{
    return (struct np_place){.source = np_str_slice(origin->source).ptr,
                             .line = origin->line,
                             .column = origin->column,
                             .object = np_str_slice(origin->object).ptr,
                             .path = np_str_slice(origin->path).ptr};
}

static void report(struct conflicts *c, const struct np_rule *first, const struct np_rule *second,
                   const char *what)
{
    const struct np_origin *o = &first->origin;
    struct np_place place = place_of(&second->origin);
    c->l->errors++;
    np_diag_full(c->l->diags, NP_CODE_2567, -1, NULL, &place,
                 "two %s for the same peers and port: also %s %s (%s:%u:%u)", what,
                 np_str_slice(o->object).ptr, np_str_slice(o->path).ptr,
                 np_str_slice(o->source).ptr, o->line, o->column);
}

static bool clash(struct conflicts *c, const struct claim *a, const struct claim *b)
{
    const struct np_policy *x = a->rule->policy, *y = b->rule->policy;
    uint8_t d = a->rule->direction;
    c->meet.budget -= c->meet.budget != 0;
    return c->meet.budget && disagreement(a->rule, b->rule) &&
           np_set_same(a->match->far, b->match->far) &&
           (x == y || np_sets_meet(&c->meet, x->subjects[d], y->subjects[d])) && c->meet.budget;
}

/* Each rule with those before it; named with the first it clashes with, once. */
static void compare_all(struct conflicts *c)
{
    const struct np_rule *told = NULL;
    for (size_t i = 1; i < c->claims.count; i++) {
        const struct claim *b = &c->claims.items[i];
        for (size_t k = i; told != b->rule && c->meet.budget && k-- > 0;) {
            const struct claim *a = &c->claims.items[k];
            if (a->port != b->port) {
                break;
            }
            if (a->rule != b->rule && clash(c, a, b)) {
                report(c, a->rule, b->rule, disagreement(a->rule, b->rule));
                told = b->rule;
            }
        }
    }
}

static void check_tier(struct conflicts *c, const struct np_tier *tier, uint8_t direction)
{
    c->claims.count = 0;
    for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
        claim_rule(c, tier->walk[direction][i]);
    }
    if (c->claims.count > 1 && !c->failed) {
        qsort(c->claims.items, c->claims.count, sizeof *c->claims.items, compare_claims);
        compare_all(c);
    }
}

int np_cilium_check_conflicts(struct np_lower *l, const struct np_model *model)
{
    struct conflicts c = {
        .l = l, .meet = {.inventory = &model->inventory, .budget = BUDGET}
    };
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[i];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                check_tier(&c, stage->tiers[t], checkpoint->direction);
            }
        }
    }
    np_vec_free(l->ctx, &c.claims);
    return c.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
