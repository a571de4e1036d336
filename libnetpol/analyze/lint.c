/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of the lints: surveys the model, runs the table, reports. */
#include "analyze/lint.h"

#include "analyze/tell.h"
#include "compile/matcher.h"

#include <netpol/analyze.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void (*const lints[])(struct np_lint *l) = {
    np_lint_dns,       np_lint_selection, np_lint_width, np_lint_gaps,   np_lint_redundancy,
    np_lint_one_sided, np_lint_tiers,     np_lint_ties,  np_lint_labels, np_lint_names,
};

/* ---- reporting ---- */

enum { MESSAGE_MAX = 600 };

void np_lint_report(struct np_lint *l, enum np_code code, int severity,
                    const struct np_origin *origin, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list list;
    if (l->off[code]) {
        return;
    }
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    struct np_place place = {.source = origin->source ? origin->source->text : "",
                             .line = origin->line,
                             .column = origin->column,
                             .length = origin->column ? 1 : 0,
                             .object = origin->object ? origin->object->text : "",
                             .path = origin->path ? origin->path->text : ""};
    np_diag_full(l->diags, code, severity, NULL, &place, "%s", message);
}

/* "file:line:col", read from its end: a file name may hold colons. */
static void split_position(const char *position, char *file, size_t size, uint32_t *line,
                           uint32_t *column)
{
    snprintf(file, size, "%s", position);
    char *last = strrchr(file, ':');
    *line = *column = 0;
    if (!last) {
        return;
    }
    *last = '\0';
    *column = (uint32_t)strtoul(last + 1, NULL, 10);
    char *middle = strrchr(file, ':');
    if (middle) {
        *middle = '\0';
        *line = (uint32_t)strtoul(middle + 1, NULL, 10);
    }
}

void np_lint_report_at(struct np_lint *l, enum np_code code, const struct np_endpoint *endpoint,
                       const char *format, ...)
{
    char message[MESSAGE_MAX], file[MESSAGE_MAX];
    struct np_place place = {.source = file,
                             .object = endpoint->source_object ? endpoint->source_object->text : "",
                             .path = ""};
    va_list list;
    if (l->off[code]) {
        return;
    }
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    split_position(endpoint->position ? endpoint->position->text : "", file, sizeof file,
                   &place.line, &place.column);
    place.length = place.column ? 1 : 0;
    np_diag_full(l->diags, code, -1, NULL, &place, "%s", message);
}

const char *np_direction_text(enum np_direction direction)
{
    return direction == NP_EGRESS ? "egress" : "ingress";
}

/* ---- the policies of a model, each once ---- */

static uint64_t *place_of(struct np_lint *l, struct np_map *map, const void *pointer, bool *added)
{
    uint64_t *place =
        np_map_add(map, (struct np_slice){(const char *)&pointer, sizeof pointer}, added);
    l->failed = l->failed || !place;
    return place;
}

struct np_lint_policy *np_lint_find(struct np_lint *l, const struct np_policy *policy)
{
    const uint64_t *at =
        np_map_find(&l->by_policy, (struct np_slice){(const char *)&policy, sizeof policy});
    return at && *at ? &l->policies[*at - 1] : NULL;
}

static void add_policy(struct np_lint *l, const struct np_policy *policy)
{
    bool added = false;
    if (policy->synthetic || policy->state != NP_ENFORCED) {
        return;
    }
    uint64_t *place = place_of(l, &l->by_policy, policy, &added);
    if (place && added) {
        l->policies[l->n_policies].policy = policy;
        *place = ++l->n_policies;
    }
}

static void each_tier(struct np_lint *l,
                      void (*each)(struct np_lint *l, const struct np_tier *tier))
{
    for (uint32_t c = 0; c < l->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = l->model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                each(l, checkpoint->stages[s]->tiers[t]);
            }
        }
    }
}

static void count_tier(struct np_lint *l, const struct np_tier *tier)
{
    l->n_policies += tier->n_policies;
}

static void add_tier(struct np_lint *l, const struct np_tier *tier)
{
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        add_policy(l, tier->policies[p]);
    }
}

static void note_selected(struct np_lint *l)
{
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            const struct np_focus *focus = &l->survey.classes[c].focus[d];
            for (uint32_t p = 0; p < focus->n_policies; p++) {
                struct np_lint_policy *known = np_lint_find(l, focus->policies[p]);
                if (known) {
                    np_bits_set(&known->selected[d], c);
                    known->selects[d] = true;
                }
            }
        }
    }
}

/* A dump of a cluster holds pods of the control plane's namespace; manifests of one project do not.
 */
static void note_whole(struct np_lint *l)
{
    for (uint32_t c = 0; c < l->survey.n_classes && !l->whole; c++) {
        np_str space = l->survey.classes[c].first->namespace_name;
        l->whole = space && strcmp(space->text, "kube-system") == 0;
    }
}

static bool gather_policies(struct np_lint *l)
{
    each_tier(l, count_tier);
    l->policies = np_arena_array(&l->survey.arena, l->n_policies, sizeof *l->policies);
    l->n_policies = 0;
    if (!l->policies) {
        return false;
    }
    each_tier(l, add_tier);
    for (uint32_t p = 0; p < l->n_policies && !l->failed; p++) {
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            struct np_bits *bits = &l->policies[p].selected[d];
            bits->bits = l->survey.n_classes;
            bits->words = np_arena_array(&l->survey.arena, bits->bits / 64 + 1, sizeof(uint64_t));
            l->failed = l->failed || !bits->words;
        }
    }
    if (!l->failed) {
        note_selected(l);
    }
    return !l->failed;
}

void np_lint_rules(struct np_lint *l, void (*each)(struct np_lint *l, struct np_lint_policy *policy,
                                                   const struct np_rule *rule))
{
    for (uint32_t p = 0; p < l->n_policies && !l->failed; p++) {
        const struct np_policy *policy = l->policies[p].policy;
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
                each(l, &l->policies[p], &policy->rules[d][r]);
            }
        }
    }
}

/* ---- peers ---- */

/* Each class and itself, once: sets are asked about every class. NULL where that cannot be. */
static bool make_selves(struct np_lint *l)
{
    struct np_arena *arena = &l->survey.arena;
    uint32_t count = l->survey.n_classes;
    struct np_hop *hops = np_arena_array(arena, count, sizeof *hops);
    const struct np_hop **selves = np_arena_array(arena, count, sizeof *selves);
    for (uint32_t c = 0; hops && selves && c < count; c++) {
        const struct np_endpoint *endpoint = l->survey.classes[c].first;
        uint8_t family = np_survey_family(endpoint, endpoint);
        bool known = np_survey_hop(&l->survey, endpoint, endpoint, family, &hops[c]);
        selves[c] = known ? &hops[c] : NULL;
    }
    l->selves = hops ? selves : NULL;
    return l->selves != NULL;
}

const struct np_bits *np_lint_peers(struct np_lint *l, const struct np_set *set)
{
    bool added = false;
    uint64_t *place = place_of(l, &l->peers, set, &added);
    if (!place) {
        return NULL;
    }
    if (!added && *place) {
        return &l->peer_bits.items[*place - 1];
    }
    struct np_bits bits = {.bits = l->survey.n_classes};
    if (l->selves || make_selves(l)) {
        bits.words = np_arena_array(&l->survey.arena, bits.bits / 64 + 1, sizeof(uint64_t));
    }
    for (uint32_t c = 0; bits.words && c < l->survey.n_classes; c++) {
        const struct np_hop *hop = l->selves[c];
        if (hop && np_reference_set(l->model, set, hop, &hop->dst) != NP_NO) {
            np_bits_set(&bits, c);
        }
    }
    struct np_bits *kept = bits.words ? np_vec_push(l->ctx, &l->peer_bits) : NULL;
    if (!kept) {
        l->failed = true;
        return NULL;
    }
    *kept = bits;
    *place = l->peer_bits.count;
    return kept;
}

bool np_lint_of_workloads(const struct np_lint *l, const struct np_tier *tier)
{
    for (uint32_t c = 0; c < l->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = l->model->checkpoints[c];
        for (uint32_t s = 0; checkpoint->kind == NP_CHECK_WORKLOAD && s < checkpoint->n_stages;
             s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                if (checkpoint->stages[s]->tiers[t] == tier) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool np_lint_closed(const struct np_class *class, enum np_direction direction)
{
    const struct np_checkpoint *checkpoint = class->focus[direction].checkpoint;
    for (uint32_t s = 0; checkpoint && s < checkpoint->n_stages; s++) {
        for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
            const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
            if (tier->end_if == NP_ALWAYS && tier->end[direction] == NP_END_DENY &&
                tier->n_policies == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Without isolating, what only allows beside alternatives of its kind takes nothing away. */
static bool restricts(const struct np_policy *policy, enum np_direction direction)
{
    bool some = policy->isolates[direction];
    for (uint32_t r = 0; !some && r < policy->n_rules[direction]; r++) {
        some = policy->tier->rank_order == NP_LISTED ||
               policy->rules[direction][r].action != NP_ACT_ALLOW;
    }
    return some;
}

bool np_lint_restricted(const struct np_class *class, enum np_direction direction)
{
    const struct np_focus *focus = &class->focus[direction];
    for (uint32_t p = 0; p < focus->n_policies; p++) {
        if (restricts(focus->policies[p], direction)) {
            return true;
        }
    }
    return !focus->applies || np_lint_closed(class, direction);
}

/* ---- entry ---- */

static int run(struct np_lint *l)
{
    int status = np_survey_make(l->ctx, l->model, &l->survey);
    if (status != NETPOL_OK) {
        return status;
    }
    if (!gather_policies(l)) {
        return NETPOL_ERR_MEMORY;
    }
    note_whole(l);
    for (size_t i = 0; i < sizeof lints / sizeof *lints && !l->failed; i++) {
        lints[i](l);
    }
    if (l->stopped) {
        struct np_origin nowhere = {0};
        np_lint_report(l, NP_CODE_4100, -1, &nowhere,
                       "the set is large: some pairs of rules or pods were not compared");
    }
    return l->failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static bool is_disabled(const struct netpol_lint_options *options,
                        const struct netpol_code_info *code)
{
    for (size_t i = 0; options && i < options->n_disabled; i++) {
        if (strcmp(options->disabled[i], code->code) == 0 ||
            strcmp(options->disabled[i], code->name) == 0) {
            return true;
        }
    }
    return false;
}

int netpol_lint(const struct netpol_matcher *matcher, const struct netpol_lint_options *options,
                struct netpol_diags *diags)
{
    if (!matcher || !diags || (options && options->size != sizeof *options) ||
        (options && options->n_disabled && !options->disabled)) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!np_whole_of(matcher)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    struct np_lint l = {.ctx = matcher->ctx, .model = np_whole_of(matcher)->model, .diags = diags};
    const struct netpol_code_info *code;
    for (size_t i = 0; i < NP_CODE_COUNT && (code = netpol_code_at(i)); i++) {
        l.off[i] = is_disabled(options, code);
    }
    np_map_init(&l.by_policy, l.ctx);
    np_map_init(&l.peers, l.ctx);
    int status = run(&l);
    np_vec_free(l.ctx, &l.peer_bits);
    np_map_free(&l.peers);
    np_map_free(&l.by_policy);
    np_survey_free(&l.survey);
    return status;
}
