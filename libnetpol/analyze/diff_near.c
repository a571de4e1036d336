/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class as the subject of a direction: the checkpoints of both models without the policies that
 * do not select it, and every port number at which one of the rest might change its mind.
 */
#include "analyze/diff.h"

#include <stdlib.h>

/* ---- which policies select it ---- */

struct subject {
    struct np_diff *diff;
    enum np_diff_which which;
    enum np_direction direction;
    const struct np_diff_class *class;
};

/* Sets that need the other end, or a request, to be judged. */
static bool is_relative(const struct np_set *set)
{
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            uint8_t kind = set->clauses[c].items[i].literal->kind;
            if (kind == NP_LIT_RESERVED || kind == NP_LIT_IDENTITY) {
                return true;
            }
        }
    }
    return false;
}

static bool holds(const struct subject *s, const struct np_set *set, uint8_t family)
{
    const struct np_diff_end *end = &s->diff->ends[s->class->first];
    const struct np_model *model = s->diff->models[s->which].model;
    struct np_hop own = {.family = family};
    uint32_t owners = 1;
    struct np_end *subject = s->direction == NP_EGRESS ? &own.src : &own.dst;
    for (uint32_t owner = 0; owner < owners; owner++) {
        np_diff_resolve(s->diff, s->which, end, family, 0, owner, subject, &owners);
        if (np_reference_set(model, set, &own, subject) != NP_NO) {
            return true;
        }
    }
    return false;
}

/* In some family, of some owner: a policy too many changes nothing. */
static bool selects(void *user, const struct np_policy *policy)
{
    const struct subject *s = user;
    const struct np_set *subjects = policy->subjects[s->direction];
    uint8_t families = s->diff->ends[s->class->first].families;
    if (!subjects) {
        return false;
    }
    return is_relative(subjects) || (!families && holds(s, subjects, 0)) ||
           (families != NP_FAMILY_6 && holds(s, subjects, NP_IPV4)) ||
           (families != NP_FAMILY_4 && holds(s, subjects, NP_IPV6));
}

int np_diff_touched(struct np_diff *diff)
{
    for (uint32_t c = 0; c < diff->n_classes; c++) {
        struct np_diff_class *class = &diff->classes[c];
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            class->touched[d] = diff->everything || class->moved;
            for (int w = 0; w < NP_DIFF_MODELS; w++) {
                const struct np_diff_model *side = &diff->models[w];
                struct subject s = {diff, (enum np_diff_which)w, (enum np_direction)d, class};
                for (uint32_t p = 0; p < side->n_changed && !class->touched[d]; p++) {
                    class->touched[d] = selects(&s, side->changed[p]);
                }
            }
        }
    }
    return NETPOL_OK;
}

/* ---- cuts ---- */

struct cuts {
    const struct np_diff *diff;
    np_vec(uint32_t) list;
    bool failed;
};

static void add_cut(struct cuts *cuts, uint8_t protocol, uint32_t port)
{
    uint32_t *place = np_vec_push(cuts->diff->ctx, &cuts->list);
    if (place) {
        *place = (uint32_t)protocol << NP_CUT_PROTOCOL_BITS | port;
    } else {
        cuts->failed = true;
    }
}

static void add_span(struct cuts *cuts, int16_t protocol, uint16_t first, uint16_t last)
{
    const struct np_diff_words *words = &cuts->diff->words;
    for (uint32_t p = 0; p < words->n_protocols; p++) {
        if (protocol < 0 || protocol == words->protocols[p]) {
            add_cut(cuts, words->protocols[p], first);
            add_cut(cuts, words->protocols[p], (uint32_t)last + 1);
        }
    }
}

static void cut_service(struct cuts *cuts, const struct np_service *service)
{
    for (uint32_t i = 0; i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        if (span->ports) {
            add_span(cuts, span->protocol, span->first, span->last);
        }
    }
}

static void cut_rule(struct cuts *cuts, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_match *match = &rule->alternatives[a];
        if (match->service) {
            cut_service(cuts, match->service);
        }
        for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++) {
            const struct np_port_member *member = &match->dst_ports->members[i];
            if (!member->name) {
                add_span(cuts, member->protocol, member->port, member->port);
            }
        }
        if (match->dst_ports && match->dst_ports->within) {
            cut_service(cuts, match->dst_ports->within);
        }
    }
}

static void cut_checkpoint(struct cuts *cuts, const struct np_checkpoint *checkpoint)
{
    for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
        for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
            const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
            for (uint32_t i = 0; i < tier->n_walk[checkpoint->direction]; i++) {
                cut_rule(cuts, tier->walk[checkpoint->direction][i]);
            }
        }
    }
}

static int compare_cuts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool settle(struct np_diff *diff, struct cuts *cuts, struct np_diff_near *near)
{
    if (cuts->list.count > 1) {
        qsort(cuts->list.items, cuts->list.count, sizeof *cuts->list.items, compare_cuts);
    }
    uint32_t kept = 0;
    for (size_t i = 0; i < cuts->list.count; i++) {
        if (kept == 0 || cuts->list.items[kept - 1] != cuts->list.items[i]) {
            cuts->list.items[kept++] = cuts->list.items[i];
        }
    }
    uint32_t *copy = np_arena_array(&diff->arena, kept, sizeof *copy);
    for (uint32_t i = 0; copy && i < kept; i++) {
        copy[i] = cuts->list.items[i];
    }
    near->cuts = copy;
    near->n_cuts = kept;
    return copy && !cuts->failed;
}

/* ---- both together ---- */

static bool take_model(struct np_diff *diff, const struct subject *s, struct np_diff_near *near,
                       struct cuts *cuts)
{
    const struct np_model *model = diff->models[s->which].model;
    struct subject subject = *s;
    near->checkpoints[s->which] =
        np_arena_array(&diff->arena, model->n_checkpoints, sizeof *near->checkpoints[0]);
    if (!near->checkpoints[s->which]) {
        return false;
    }
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        if (checkpoint->direction != s->direction) {
            continue;
        }
        if (checkpoint->kind != NP_CHECK_HOST) { /* whose subjects are no ends of a hop */
            checkpoint = np_narrow(&diff->arena, checkpoint, selects, &subject);
        }
        if (!checkpoint) {
            return false;
        }
        near->checkpoints[s->which][near->n_checkpoints[s->which]++] = checkpoint;
        cut_checkpoint(cuts, checkpoint);
    }
    return true;
}

const struct np_diff_near *np_diff_near(struct np_diff *diff, uint32_t class,
                                        enum np_direction direction)
{
    struct np_diff_near *near = &diff->classes[class].near[direction];
    if (near->made) {
        return near;
    }
    struct cuts cuts = {.diff = diff};
    bool fine = true;
    for (int w = 0; w < NP_DIFF_MODELS && fine; w++) {
        struct subject s = {diff, (enum np_diff_which)w, direction, &diff->classes[class]};
        fine = take_model(diff, &s, near, &cuts);
    }
    fine = fine && settle(diff, &cuts, near);
    np_vec_free(diff->ctx, &cuts.list);
    near->made = fine;
    return fine ? near : NULL;
}
