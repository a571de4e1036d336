/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes for one pair of ends: both references are asked on every span of ports that no
 * policy of the two cuts. First only the sides on which something differs; the other sides where
 * that made a difference.
 */
#include "analyze/diff.h"

#include <stdlib.h>

enum { BOTH_SIDES = 1 << NP_INGRESS | 1 << NP_EGRESS };

struct verdict {
    uint8_t action;
    uint32_t decisions[NP_DIRECTIONS];
};
/* One pair in one family. */
struct pair {
    struct np_diff *diff;
    const struct np_diff_end *src, *dst;
    uint8_t family;
    int dst_sample;                             /* another address when both ends are one piece */
    np_vec(struct np_hop) hops[NP_DIFF_MODELS]; /* a hop for each pair of owners */
    const struct np_diff_near *near[NP_DIRECTIONS]; /* NULL: not asked for */
    np_vec(uint32_t) cuts;
    np_diff_spans asked; /* the spans, and what both say */
};

bool np_diff_is_candidate(const struct np_diff *diff, uint32_t src, uint32_t dst)
{
    const struct np_diff_class *from = &diff->classes[src], *to = &diff->classes[dst];
    return from->touched[NP_EGRESS] || to->touched[NP_INGRESS] || from->moved || to->moved;
}

/* ---- hops ---- */

static bool add_hops(struct pair *pair, enum np_diff_which which)
{
    uint32_t src_owners = 1, dst_owners = 1;
    pair->hops[which].count = 0;
    for (uint32_t i = 0; i < src_owners; i++) {
        for (uint32_t j = 0; j < dst_owners; j++) {
            struct np_hop *hop = np_vec_push(pair->diff->ctx, &pair->hops[which]);
            if (!hop) {
                return false;
            }
            *hop = (struct np_hop){.family = pair->family};
            np_diff_resolve(pair->diff, which, pair->src, pair->family, 0, i, &hop->src,
                            &src_owners);
            np_diff_resolve(pair->diff, which, pair->dst, pair->family, pair->dst_sample, j,
                            &hop->dst, &dst_owners);
            hop->original = hop->dst;
            if (hop->family == 0) {
                hop->family =
                    hop->src.address.family ? hop->src.address.family : hop->dst.address.family;
            }
        }
    }
    return true;
}

static void aim(struct np_hop *hop, const struct np_diff_span *span)
{
    static const uint8_t with_ports[] = {1, 6, 17, 33, 58, 132, 136};
    hop->protocol = span->protocol;
    hop->has_ports = !span->others && memchr(with_ports, span->protocol, sizeof with_ports);
    hop->dst_port = hop->original_port = hop->has_ports ? span->first : 0;
}

/* ---- verdicts ---- */

/* As a verdict's part is put together: the worse speaks; of two that allow, the workload's. */
static uint8_t judge_side(const struct pair *pair, enum np_diff_which which,
                          enum np_direction direction, const struct np_hop *hop, uint32_t *decision)
{
    const struct np_diff_near *near = pair->near[direction];
    uint8_t action = NETPOL_ALLOW;
    bool judged = false;
    *decision = 0;
    for (uint32_t c = 0; c < near->n_checkpoints[which]; c++) {
        const struct np_checkpoint *checkpoint = near->checkpoints[which][c];
        struct np_result result;
        np_reference_checkpoint(pair->diff->models[which].model, checkpoint, hop, NULL, &result);
        if (!(result.flags & NETPOL_PART_JUDGED)) {
            continue;
        }
        bool better = result.action == NETPOL_ALLOW && action == NETPOL_ALLOW &&
                      checkpoint->kind == NP_CHECK_WORKLOAD;
        if (!judged || better || result.action > action) {
            action = result.action;
            *decision = result.decision;
        }
        judged = true;
    }
    return action;
}

static struct verdict judge_hop(const struct pair *pair, enum np_diff_which which, unsigned sides,
                                const struct np_hop *hop)
{
    struct verdict verdict = {.action = NETPOL_ALLOW};
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (sides & 1u << d) {
            uint8_t action =
                judge_side(pair, which, (enum np_direction)d, hop, &verdict.decisions[d]);
            verdict.action = action > verdict.action ? action : verdict.action;
        }
    }
    return verdict;
}

/* Several owners of an address: as the reference joins them. */
static struct verdict judge(struct pair *pair, enum np_diff_which which, unsigned sides,
                            const struct np_diff_span *span)
{
    enum { RESTRICTIVE, UNKNOWN }; /* the order of option shared_address */
    const struct np_options *options = &pair->diff->models[which].model->options;
    struct verdict verdict = {.action = NETPOL_ALLOW};
    for (size_t i = 0; i < pair->hops[which].count; i++) {
        struct np_hop *hop = &pair->hops[which].items[i];
        aim(hop, span);
        struct verdict one = judge_hop(pair, which, sides, hop);
        if (i == 0 || (options->shared_address != UNKNOWN && one.action > verdict.action)) {
            verdict = one;
        } else if (options->shared_address == UNKNOWN && one.action != verdict.action) {
            verdict = (struct verdict){.action = NETPOL_UNKNOWN};
        }
    }
    return verdict;
}

/* ---- spans ---- */

static bool add_cut(struct pair *pair, uint32_t cut)
{
    uint32_t *place = np_vec_push(pair->diff->ctx, &pair->cuts);
    if (place) {
        *place = cut;
    }
    return place != NULL;
}

static bool add_named_ports(struct pair *pair)
{
    bool fine = true;
    for (int w = 0; w < NP_DIFF_MODELS; w++) {
        for (size_t h = 0; h < pair->hops[w].count; h++) {
            const struct np_endpoint *endpoint = pair->hops[w].items[h].dst.endpoint;
            for (uint32_t i = 0; endpoint && i < endpoint->n_ports && fine; i++) {
                const struct np_named_port *port = &endpoint->ports[i];
                uint32_t cut = (uint32_t)port->protocol << NP_CUT_PROTOCOL_BITS | port->port;
                if (np_map_find(&pair->diff->words.port_names, np_str_slice(port->name))) {
                    fine = add_cut(pair, cut) && add_cut(pair, cut + 1);
                }
            }
        }
    }
    return fine;
}

static int compare_cuts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool push_span(struct pair *pair, uint8_t protocol, bool others, uint32_t first,
                      uint32_t last)
{
    struct np_diff_span *span = np_vec_push(pair->diff->ctx, &pair->asked);
    if (span) {
        *span = (struct np_diff_span){.protocol = protocol,
                                      .family = pair->family,
                                      .others = others,
                                      .first = (uint16_t)first,
                                      .last = (uint16_t)last};
    }
    return span != NULL;
}

static bool split_protocol(struct pair *pair, uint8_t protocol, bool others)
{
    static const uint8_t from_one[] = {6, 17, 33, 132, 136};
    bool types = protocol == 1 || protocol == 58;
    bool ports = memchr(from_one, protocol, sizeof from_one) != NULL;
    uint32_t from = ports ? 1 : 0;
    if (others || !(ports || types)) {
        return push_span(pair, protocol, others, 0, UINT16_MAX);
    }
    for (size_t i = 0; i < pair->cuts.count; i++) {
        uint32_t at = pair->cuts.items[i] & ((1u << NP_CUT_PROTOCOL_BITS) - 1);
        if (pair->cuts.items[i] >> NP_CUT_PROTOCOL_BITS != protocol || at <= from ||
            at > UINT16_MAX) {
            continue;
        }
        if (!push_span(pair, protocol, false, from, at - 1)) {
            return false;
        }
        from = at;
    }
    return push_span(pair, protocol, false, from, UINT16_MAX);
}

/* The spans that neither the sides asked for nor the destination's named ports cut. */
static bool split(struct pair *pair)
{
    const struct np_diff_words *words = &pair->diff->words;
    bool fine = true;
    pair->cuts.count = pair->asked.count = 0;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        for (uint32_t i = 0; pair->near[d] && i < pair->near[d]->n_cuts && fine; i++) {
            fine = add_cut(pair, pair->near[d]->cuts[i]);
        }
    }
    fine = fine && add_named_ports(pair);
    if (pair->cuts.count > 1) {
        qsort(pair->cuts.items, pair->cuts.count, sizeof *pair->cuts.items, compare_cuts);
    }
    for (uint32_t p = 0; p < words->n_protocols && fine; p++) {
        uint8_t protocol = words->protocols[p];
        if (protocol != (pair->family == NP_IPV6 ? 1 : 58)) { /* not ICMP of the other family */
            fine = split_protocol(pair, protocol, p + 1 == words->n_protocols);
        }
    }
    return fine;
}

static bool is_same_decision(const struct pair *pair, const struct np_diff_span *span, int d)
{
    const struct netpol_rule_info *old =
        np_matcher_rule(pair->diff->models[NP_DIFF_OLD].matcher, span->decisions[NP_DIFF_OLD][d]);
    const struct netpol_rule_info *now =
        np_matcher_rule(pair->diff->models[NP_DIFF_NEW].matcher, span->decisions[NP_DIFF_NEW][d]);
    return (!old && !now) || (old && now && old->key == now->key);
}

static bool has_changed(const struct pair *pair, const struct np_diff_span *span)
{
    if (span->actions[NP_DIFF_OLD] != span->actions[NP_DIFF_NEW]) {
        return true;
    }
    return pair->diff->options->rules &&
           (!is_same_decision(pair, span, NP_EGRESS) || !is_same_decision(pair, span, NP_INGRESS));
}

/* Rows say nothing of a span where requests decide in both. */
static void note_inspected(struct pair *pair, const struct np_diff_span *span)
{
    if (span->actions[NP_DIFF_OLD] == NETPOL_INSPECT &&
        span->actions[NP_DIFF_NEW] == NETPOL_INSPECT) {
        bool same =
            is_same_decision(pair, span, NP_EGRESS) && is_same_decision(pair, span, NP_INGRESS);
        pair->diff->inspected = true;
        pair->diff->inspected_otherwise = pair->diff->inspected_otherwise || !same;
    }
}

/* Judges every span; true: one has changed. */
static bool ask(struct pair *pair, unsigned sides)
{
    bool any = false;
    for (size_t i = 0; i < pair->asked.count; i++) {
        struct np_diff_span *span = &pair->asked.items[i];
        for (int w = 0; w < NP_DIFF_MODELS; w++) {
            struct verdict verdict = judge(pair, (enum np_diff_which)w, sides, span);
            span->actions[w] = verdict.action;
            memcpy(span->decisions[w], verdict.decisions, sizeof verdict.decisions);
        }
        note_inspected(pair, span);
        any = has_changed(pair, span) || any;
    }
    return any;
}

/* ---- what is kept ---- */

static bool says_the_same(const struct np_diff_span *a, const struct np_diff_span *b)
{
    return memcmp(a->actions, b->actions, sizeof a->actions) == 0 &&
           memcmp(a->decisions, b->decisions, sizeof a->decisions) == 0;
}

/* Drops what has not changed and joins neighbours that say the same; one span if all do. */
static void condense(struct pair *pair)
{
    size_t kept = 0, asked = pair->asked.count;
    struct np_diff_span *items = pair->asked.items;
    bool all = asked > 0;
    for (size_t i = 0; i < asked; i++) {
        all = all && has_changed(pair, &items[i]) && says_the_same(&items[i], &items[0]);
    }
    for (size_t i = 0; i < asked; i++) {
        struct np_diff_span *last = kept ? &items[kept - 1] : NULL;
        if (!has_changed(pair, &items[i])) {
            continue;
        }
        if (last && !items[i].others && last->protocol == items[i].protocol &&
            (uint32_t)last->last + 1 == items[i].first && says_the_same(last, &items[i])) {
            last->last = items[i].last;
        } else {
            items[kept++] = items[i];
        }
    }
    pair->asked.count = kept;
    if (all) {
        items[0].all = true;
        items[0].others = false;
        items[0].protocol = 0;
        items[0].first = items[0].last = 0;
        pair->asked.count = 1;
    }
}

static bool is_same_span(const struct np_diff_span *a, const struct np_diff_span *b)
{
    return a->protocol == b->protocol && a->all == b->all && a->others == b->others &&
           a->first == b->first && a->last == b->last && says_the_same(a, b);
}

/* Spans of a second family: what both say is said once. */
static bool merge(struct pair *pair, np_diff_spans *out, size_t first_family)
{
    for (size_t i = 0; i < pair->asked.count; i++) {
        size_t j = 0;
        while (j < first_family && !is_same_span(&out->items[j], &pair->asked.items[i])) {
            j++;
        }
        if (j < first_family) {
            out->items[j].family = 0;
            continue;
        }
        struct np_diff_span *place = np_vec_push(pair->diff->ctx, out);
        if (!place) {
            return false;
        }
        *place = pair->asked.items[i];
    }
    return true;
}

static int compare_spans(const void *x, const void *y)
{
    const struct np_diff_span *a = x, *b = y;
    int by = b->all - a->all;
    by = by ? by : a->others - b->others;
    by = by ? by : a->protocol - b->protocol;
    by = by ? by : a->first - b->first;
    return by ? by : a->family - b->family;
}

static bool look_closer(struct pair *pair, unsigned sides)
{
    const struct np_diff *diff = pair->diff;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        const struct np_diff_end *subject = d == NP_EGRESS ? pair->src : pair->dst;
        if (sides & 1u << d && !pair->near[d]) {
            pair->near[d] = np_diff_near(pair->diff, subject->class, (enum np_direction)d);
            if (!pair->near[d]) {
                return false;
            }
        }
    }
    (void)diff;
    return split(pair);
}

/* The sides on which the two models might say different things. */
static unsigned open_sides(const struct pair *pair)
{
    const struct np_diff_class *src = &pair->diff->classes[pair->src->class];
    const struct np_diff_class *dst = &pair->diff->classes[pair->dst->class];
    unsigned sides = 0;
    if (src->moved || dst->moved || src->several || dst->several) {
        return BOTH_SIDES;
    }
    sides |= src->touched[NP_EGRESS] ? 1u << NP_EGRESS : 0;
    sides |= dst->touched[NP_INGRESS] ? 1u << NP_INGRESS : 0;
    return sides;
}

static int judge_family(struct pair *pair, np_diff_spans *out)
{
    size_t first_family = out->count;
    unsigned sides = open_sides(pair);
    pair->near[NP_INGRESS] = pair->near[NP_EGRESS] = NULL;
    if (!add_hops(pair, NP_DIFF_OLD) || !add_hops(pair, NP_DIFF_NEW) || !look_closer(pair, sides)) {
        return NETPOL_ERR_MEMORY;
    }
    bool any = ask(pair, sides);
    if (any && sides != BOTH_SIDES) {
        if (!look_closer(pair, BOTH_SIDES)) {
            return NETPOL_ERR_MEMORY;
        }
        any = ask(pair, BOTH_SIDES);
    }
    if (!any) {
        return NETPOL_OK;
    }
    condense(pair);
    return merge(pair, out, first_family) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

static int keep(struct np_diff *diff, const np_diff_spans *spans, struct np_diff_outcome *out)
{
    struct np_diff_span *copy = np_arena_array(&diff->arena, spans->count, sizeof *copy);
    if (!copy) {
        return NETPOL_ERR_MEMORY;
    }
    if (spans->count > 1) {
        qsort(spans->items, spans->count, sizeof *spans->items, compare_spans);
    }
    for (size_t i = 0; i < spans->count; i++) {
        copy[i] = spans->items[i];
    }
    out->spans = copy;
    out->n_spans = (uint32_t)spans->count;
    return NETPOL_OK;
}

int np_diff_judge(struct np_diff *diff, uint32_t src, uint32_t dst, struct np_diff_outcome *out)
{
    struct pair pair = {.diff = diff, .src = &diff->ends[src], .dst = &diff->ends[dst]};
    np_diff_spans spans = {0};
    uint8_t families[2];
    uint32_t count = np_diff_families(pair.src, pair.dst, families);
    int status = NETPOL_OK;
    *out = (struct np_diff_outcome){.src = src, .dst = dst};
    pair.dst_sample = src == dst && !np_diff_is_pod(pair.src);
    for (uint32_t i = 0; i < count && status == NETPOL_OK; i++) {
        pair.family = families[i];
        status = judge_family(&pair, &spans);
    }
    /* the only family there is, and protocols that say which they are of */
    for (size_t i = 0; i < spans.count; i++) {
        bool plain = count < 2 || spans.items[i].protocol == 1 || spans.items[i].protocol == 58;
        spans.items[i].family = plain ? 0 : spans.items[i].family;
    }
    if (status == NETPOL_OK && spans.count) {
        status = keep(diff, &spans, out);
    }
    np_vec_free(diff->ctx, &spans);
    np_vec_free(diff->ctx, &pair.hops[NP_DIFF_OLD]);
    np_vec_free(diff->ctx, &pair.hops[NP_DIFF_NEW]);
    np_vec_free(diff->ctx, &pair.cuts);
    np_vec_free(diff->ctx, &pair.asked);
    return status;
}

/* ---- relations ---- */

static uint32_t relation_in(const struct np_diff *diff, enum np_diff_which which,
                            const struct np_diff_end *src, const struct np_diff_end *dst,
                            uint8_t family)
{
    static const uint8_t relations[] = {NP_REL_SELF, NP_REL_OWN_NODE, NP_REL_OTHER};
    struct np_end from, to;
    uint32_t owners, code = 0;
    np_diff_resolve(diff, which, src, family, 0, 0, &from, &owners);
    np_diff_resolve(diff, which, dst, family, src == dst && !np_diff_is_pod(src), 0, &to, &owners);
    for (size_t i = 0; i < 3; i++) {
        np_truth truth = np_reference_relation(&from, &to, relations[i]);
        code = code * 3 + (truth == NP_NO ? 0 : truth == NP_YES ? 1 : 2);
    }
    return code;
}

uint32_t np_diff_relation(const struct np_diff *diff, uint32_t src, uint32_t dst)
{
    const struct np_diff_end *from = &diff->ends[src], *to = &diff->ends[dst];
    uint8_t families[2];
    uint32_t count = np_diff_families(from, to, families), code = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (int w = 0; w < NP_DIFF_MODELS; w++) {
            code = code * 27 + relation_in(diff, (enum np_diff_which)w, from, to, families[i]);
        }
    }
    return code;
}
