/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which authentication the ALLOWs of a rank ask for (Cilium; lowering 4.3 "authentication").
 *
 * Of those that match, the most specific speaks: the longest power-of-two piece of a port range
 * that holds the port, then a specific peer over every peer. Its explicit mode counts; else the
 * greater of two: the explicit mode of the next broader piece for the same kind of peer, and what
 * the most specific explicit one for the other kind asks for (pkg/policy/mapstate.go, lookup).
 */
#include "reference/internal.h"
#include "base/defect.h"

enum { ANY_PROTOCOL = 0, ANY_PORT = 8 };

int np_port_piece_bits(uint32_t first, uint32_t last, uint32_t port)
{
    for (int bits = 0; bits < 16; bits++) {
        uint32_t size = 1u << (16 - bits);
        uint32_t begin = port & ~(size - 1);
        if (begin >= first && begin + size - 1 <= last) {
            return bits;
        }
    }
    return 16;
}

/* Is the port one that the alternative has by name? Its numbers are another matter. */
static np_truth is_named(const struct np_walk *walk, const struct np_match *match)
{
    struct np_match names = *match;
    names.service = NULL;
    return match->dst_ports ? np_ports_truth(walk, &names) : NP_NO;
}

/* What a span fixes of protocol and port, where it holds the hop's; else nothing. Every port of
 * every protocol fixes as little as no ports at all do. */
static int span_bits(const struct np_walk *walk, const struct np_port_span *span)
{
    bool whole = !span->ports || (span->first == 0 && span->last == UINT16_MAX);
    if (span->protocol < 0 && whole) {
        return ANY_PROTOCOL;
    }
    if (span->protocol >= 0 && span->protocol != walk->hop->protocol) {
        return ANY_PROTOCOL;
    }
    if (!walk->hop->has_ports) {
        return span->no_port ? ANY_PORT : ANY_PROTOCOL;
    }
    bool holds = span->ports && walk->dst_port >= span->first && walk->dst_port <= span->last;
    return holds ? ANY_PORT + np_port_piece_bits(span->first, span->last, walk->dst_port)
                 : ANY_PROTOCOL;
}

static int specificity(const struct np_walk *walk, const struct np_match *match, np_truth named)
{
    const struct np_service *service = match->service;
    int best = named != NP_NO ? ANY_PORT + 16 : ANY_PROTOCOL;
    for (uint32_t i = 0; service && !service->complement && i < service->count; i++) {
        int bits = span_bits(walk, &service->spans[i]);
        best = bits > best ? bits : best;
    }
    return best;
}

struct best {
    int place; /* twice the port piece, plus one for a specific peer; -1: nothing */
    uint8_t mode;
    bool is_explicit;
};

/* Keeps the more specific; of equals the explicit one, then the greater mode. */
static void keep(struct best *best, int place, const struct np_rule *rule)
{
    struct best other = {place, rule->auth_mode, rule->auth_explicit};
    bool broad = np_defect(CILIUM_AUTH_BROAD) && best->place >= 0;
    bool better = place != best->place                     ? (place > best->place) != broad
                  : other.is_explicit != best->is_explicit ? other.is_explicit
                                                           : other.mode > best->mode;
    if (better) {
        *best = other;
    }
}

struct found {
    struct best any;     /* the most specific of all */
    struct best said[2]; /* the most specific explicit one: of every peer, of a specific peer */
    np_truth doubt;      /* not 0: which rules match is not certain */
    uint8_t strictest;   /* mode of all that may match */
    bool differ;         /* and do they ask for different things? */
    uint32_t count;
};

static void look_at(struct np_walk *walk, const struct np_group *group, const struct np_rule *rule,
                    struct found *found)
{
    np_truth subject = np_rule_stands(walk, group, rule);
    for (uint32_t i = 0; subject != NP_NO && i < rule->n_alternatives; i++) {
        const struct np_match *match = &rule->alternatives[i];
        struct np_judged judged = np_judge(walk, match);
        /* whatever the request is: the policy map knows nothing of it */
        np_truth matches = np_and(subject, judged.flow);
        if (matches == NP_NO) {
            continue;
        }
        int peer = match->far != NULL;
        np_truth named = is_named(walk, match);
        int place = 2 * specificity(walk, match, named) + peer;
        found->doubt |= (np_is_maybe(matches) ? matches : 0) | (np_is_maybe(named) ? named : 0);
        found->differ = found->differ || (found->count && rule->auth_mode != found->strictest);
        found->strictest = rule->auth_mode > found->strictest ? rule->auth_mode : found->strictest;
        found->count++;
        keep(&found->any, place, rule);
        if (rule->auth_explicit) {
            keep(&found->said[peer], place, rule);
        }
    }
}

static uint8_t said_by(const struct best *said)
{
    return said->place >= 0 ? said->mode : 0;
}

static uint8_t mode_of(const struct found *found)
{
    if (found->any.place < 0 || found->any.is_explicit) {
        return found->any.place < 0 ? 0 : found->any.mode;
    }
    int peer = found->any.place & 1;
    uint8_t own = said_by(&found->said[peer]), other = said_by(&found->said[!peer]);
    return own > other ? own : other;
}

struct np_auth np_group_auth(struct np_walk *walk, const struct np_group *group)
{
    const struct best none = {-1, 0, false};
    struct found found = {
        .any = none, .said = {none, none}
    };
    bool asked = false;
    for (uint32_t i = 0; i < group->count && !asked; i++) {
        asked = group->rules[i]->auth_mode || group->rules[i]->auth_explicit;
    }
    if (!asked) {
        return (struct np_auth){0, NP_NO};
    }
    for (uint32_t i = 0; i < group->count; i++) {
        look_at(walk, group, group->rules[i], &found);
    }
    if (walk->hop->ports_unknown) {
        found.doubt |= NP_UNKNOWN(NP_FACT_PORTS); /* which one is the most specific */
    }
    if (found.doubt && found.differ) {
        return (struct np_auth){found.strictest, found.doubt};
    }
    uint8_t mode = mode_of(&found);
    return (struct np_auth){mode, np_truth_of(mode != 0)};
}
