/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policies differ. A policy is written out, everything of it that a walk reads and what it is
 * called, in words that both models share; two that are written alike are the same policy. What
 * the tiers around them are is written out, too: where that differs, everything may.
 */
#include "analyze/diff.h"

struct pen {
    struct np_diff *diff;
    enum np_diff_which which;
    struct np_text text;
};

static void put(struct pen *pen, uint64_t value)
{
    np_text_add(&pen->text, (const char *)&value, sizeof value);
}

static void put_str(struct pen *pen, np_str text)
{
    uint32_t word = np_diff_word(pen->diff, pen->which, text);
    pen->text.failed = pen->text.failed || word == UINT32_MAX;
    put(pen, word);
}

static void put_double(struct pen *pen, double value)
{
    np_text_add(&pen->text, (const char *)&value, sizeof value);
}

static void put_address(struct pen *pen, const struct np_address *address)
{
    put(pen, address->family);
    np_text_add(&pen->text, (const char *)address->bytes, sizeof address->bytes);
}

static void put_prefix(struct pen *pen, const struct np_prefix *prefix)
{
    put(pen, prefix->length);
    put_address(pen, &prefix->address);
}

static void put_selector(struct pen *pen, const struct np_selector *selector)
{
    put(pen, selector ? selector->op + 1u : 0);
    if (!selector) {
        return;
    }
    put(pen, selector->count);
    if (selector->op != NP_SELECT_TERM) {
        for (uint32_t i = 0; i < selector->count; i++) {
            put_selector(pen, selector->kids[i]);
        }
        return;
    }
    put(pen, (uint64_t)selector->scope << 8 | selector->term_op);
    put_str(pen, selector->key);
    for (uint32_t i = 0; i < selector->count; i++) {
        put_str(pen, selector->values[i]);
    }
}

static void put_pattern(struct pen *pen, const struct np_pattern *pattern)
{
    put(pen, (uint64_t)pattern->kind << 1 | pattern->ignore_case);
    put_str(pen, pattern->text);
}

static void put_literal(struct pen *pen, const struct np_literal *literal)
{
    put(pen, (uint64_t)literal->kind << 32 | (uint64_t)literal->kinds << 8 | literal->domain);
    put(pen, literal->number);
    put_selector(pen, literal->selector);
    put_prefix(pen, &literal->prefix);
    put(pen, literal->n_patterns);
    for (uint32_t i = 0; i < literal->n_patterns; i++) {
        put_pattern(pen, &literal->patterns[i]);
    }
    put(pen, literal->n_prefixes);
    for (uint32_t i = 0; i < literal->n_prefixes; i++) {
        put_prefix(pen, &literal->prefixes[i]);
    }
    put_str(pen, literal->name);
}

static void put_set(struct pen *pen, const struct np_set *set)
{
    put(pen, set ? set->count + 1u : 0);
    for (uint32_t c = 0; set && c < set->count; c++) {
        put(pen, set->clauses[c].count);
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            put(pen, set->clauses[c].items[i].negative);
            put_literal(pen, set->clauses[c].items[i].literal);
        }
    }
}

static void put_service(struct pen *pen, const struct np_service *service)
{
    put(pen, service ? service->count + 1u : 0);
    put(pen, service && service->complement);
    for (uint32_t i = 0; service && i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        put(pen,
            (uint64_t)(uint16_t)span->protocol << 32 | (uint64_t)span->first << 16 | span->last);
        put(pen, (uint64_t)span->ports << 1 | span->no_port);
    }
}

/* An endpoint by what it is called: references are a store's own. */
static void put_endpoint(struct pen *pen, uint64_t ref)
{
    const struct np_inventory *inventory = &pen->diff->models[pen->which].model->inventory;
    const struct np_endpoint *endpoint = ref ? np_inventory_endpoint(inventory, ref) : NULL;
    put(pen, ref ? 1 + (endpoint != NULL) : 0);
    put_str(pen, endpoint ? endpoint->namespace_name : NULL);
    put_str(pen, endpoint ? endpoint->name : NULL);
}

static void put_portset(struct pen *pen, const struct np_portset *portset)
{
    put(pen, portset ? portset->count + 1u : 0);
    put(pen, portset && portset->complement);
    for (uint32_t i = 0; portset && i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        put_str(pen, member->name);
        put(pen, (uint64_t)member->excluded << 32 | (uint64_t)(uint16_t)member->protocol << 16 |
                     member->port);
        put_endpoint(pen, member->endpoint);
        put_address(pen, &member->address);
    }
    put_service(pen, portset ? portset->within : NULL);
}

static void put_expr(struct pen *pen, const struct np_expr *expr)
{
    put(pen, expr ? expr->op + 1u : 0);
    if (expr) {
        put(pen, (uint64_t)expr->view << 1 | expr->absent);
        put_str(pen, expr->name);
        put_pattern(pen, &expr->pattern);
        put_prefix(pen, &expr->prefix);
        put(pen, expr->count);
        for (uint32_t i = 0; i < expr->count; i++) {
            put_expr(pen, expr->kids[i]);
        }
    }
}

static void put_match(struct pen *pen, const struct np_match *match)
{
    put(pen, (uint64_t)match->families << 24 | (uint64_t)match->relations << 16 |
                 (uint64_t)match->routes << 8 | match->listener);
    put_set(pen, match->near);
    put_set(pen, match->far);
    put_service(pen, match->service);
    put_portset(pen, match->dst_ports);
    put_service(pen, match->src_service);
    put_portset(pen, match->src_ports);
    put_expr(pen, match->connection);
    put_expr(pen, match->request);
}

static void put_rule(struct pen *pen, const struct np_rule *rule)
{
    put(pen, (uint64_t)rule->unless_isolated << 48 | (uint64_t)rule->action << 40 |
                 (uint64_t)rule->redirect_parser << 32 | (uint64_t)rule->auth_mode << 24 |
                 (uint64_t)rule->auth_explicit << 16 | (uint64_t)rule->refuses << 8 |
                 rule->for_all_topics);
    put(pen, (uint64_t)rule->redirect_priority);
    put(pen, (uint64_t)rule->rank);
    put(pen, rule->index);
    put_str(pen, rule->provider);
    put_str(pen, rule->listener_name);
    put_str(pen, rule->terminating);
    put_str(pen, rule->originating);
    put_str(pen, rule->step);
    put_str(pen, rule->log_cookie);
    put_str(pen, rule->title);
    put_str(pen, rule->origin.object);
    put_str(pen, rule->origin.path);
    put_str(pen, rule->origin.option);
    put(pen, rule->n_alternatives);
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        put_match(pen, &rule->alternatives[i]);
    }
    put(pen, rule->n_effects);
    for (uint32_t i = 0; i < rule->n_effects; i++) {
        put(pen, rule->effects[i].kind);
        put_expr(pen, rule->effects[i].unless);
        put_str(pen, rule->effects[i].name);
        put_str(pen, rule->effects[i].value);
    }
}

static void put_policy(struct pen *pen, const struct np_tier *tier, const struct np_policy *policy)
{
    put_str(pen, tier->name);
    put_str(pen, policy->kind);
    put_str(pen, policy->namespace_name);
    put_str(pen, policy->name);
    put(pen, policy->part);
    put_double(pen, policy->order);
    put_str(pen, policy->tie);
    put(pen, (uint64_t)policy->state << 1 | policy->synthetic);
    put_str(pen, policy->origin.object);
    put_str(pen, policy->origin.option);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        put_set(pen, policy->subjects[d]);
        put(pen, policy->isolates[d]);
        put(pen, policy->n_rules[d]);
        for (uint32_t i = 0; i < policy->n_rules[d]; i++) {
            put_rule(pen, &policy->rules[d][i]);
        }
    }
}

static void put_tier(struct pen *pen, const struct np_tier *tier)
{
    put_str(pen, tier->name);
    put_double(pen, tier->order);
    put(pen, (uint64_t)tier->rank_order << 8 | tier->end_if);
    put(pen, (uint64_t)tier->end[NP_INGRESS] << 8 | tier->end[NP_EGRESS]);
}

/* Everything around the policies. */
static void put_frame(struct pen *pen, const struct np_model *model)
{
    np_text_add(&pen->text, (const char *)&model->options, sizeof model->options);
    put(pen, model->incomplete);
    put(pen, model->n_checkpoints);
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        put(pen, (uint64_t)checkpoint->kind << 32 | (uint64_t)checkpoint->plane << 24 |
                     (uint64_t)checkpoint->direction << 16 | (uint64_t)checkpoint->mode << 8 |
                     checkpoint->mesh_mode);
        put_str(pen, checkpoint->name);
        put_set(pen, checkpoint->subjects);
        put(pen, checkpoint->n_stages);
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            put_str(pen, stage->name);
            put(pen, (uint64_t)stage->view << 16 | (uint64_t)stage->applies << 8 | stage->on_end);
            put(pen, stage->n_tiers);
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                put_tier(pen, stage->tiers[t]);
            }
        }
    }
}

/* ---- comparing ---- */

/* By how a policy is written: bit 1 << model, where it stands. */
struct catalogue {
    struct np_map seen;
    np_vec(const struct np_policy *) changed;
};

typedef bool (*visit_fn)(struct pen *pen, struct catalogue *catalogue, uint8_t kind,
                         const struct np_policy *policy);

static bool note(struct pen *pen, struct catalogue *catalogue, uint8_t kind,
                 const struct np_policy *policy)
{
    (void)kind;
    (void)policy;
    bool added;
    uint64_t *bits =
        np_map_add(&catalogue->seen, (struct np_slice){pen->text.ptr, pen->text.len}, &added);
    if (bits) {
        *bits |= 1u << pen->which;
    }
    return bits != NULL;
}

static bool keep_if_changed(struct pen *pen, struct catalogue *catalogue, uint8_t kind,
                            const struct np_policy *policy)
{
    const uint64_t *bits =
        np_map_find(&catalogue->seen, (struct np_slice){pen->text.ptr, pen->text.len});
    if (!bits || *bits == (1u << NP_DIFF_OLD | 1u << NP_DIFF_NEW)) {
        return true;
    }
    if (kind == NP_CHECK_HOST) { /* its subjects are no ends of a connection */
        pen->diff->everything = true;
    }
    const struct np_policy **place = np_vec_push(pen->diff->ctx, &catalogue->changed);
    if (place) {
        *place = policy;
    }
    return place != NULL;
}

static bool each_policy(struct pen *pen, struct catalogue *catalogue, visit_fn visit)
{
    const struct np_model *model = pen->diff->models[pen->which].model;
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
                for (uint32_t p = 0; p < tier->n_policies; p++) {
                    pen->text.len = 0;
                    put_str(pen, checkpoint->name);
                    put_str(pen, checkpoint->stages[s]->name);
                    put_policy(pen, tier, tier->policies[p]);
                    if (pen->text.failed ||
                        !visit(pen, catalogue, checkpoint->kind, tier->policies[p])) {
                        return false;
                    }
                }
            }
        }
    }
    return true;
}

static bool keep_changed(struct np_diff *diff, struct catalogue *catalogue,
                         enum np_diff_which which)
{
    struct np_diff_model *side = &diff->models[which];
    side->n_changed = (uint32_t)catalogue->changed.count;
    side->changed = np_arena_array(&diff->arena, side->n_changed, sizeof *side->changed);
    for (uint32_t i = 0; side->changed && i < side->n_changed; i++) {
        side->changed[i] = catalogue->changed.items[i];
    }
    catalogue->changed.count = 0;
    return side->changed != NULL;
}

static bool compare_frames(struct np_diff *diff)
{
    struct pen old = {.diff = diff, .which = NP_DIFF_OLD},
               now = {.diff = diff, .which = NP_DIFF_NEW};
    np_text_init(&old.text, diff->ctx);
    np_text_init(&now.text, diff->ctx);
    put_frame(&old, diff->models[NP_DIFF_OLD].model);
    put_frame(&now, diff->models[NP_DIFF_NEW].model);
    bool fine = !old.text.failed && !now.text.failed;
    diff->everything = fine && !np_slice_equal((struct np_slice){old.text.ptr, old.text.len},
                                               (struct np_slice){now.text.ptr, now.text.len});
    np_text_free(&old.text);
    np_text_free(&now.text);
    return fine;
}

int np_diff_policies(struct np_diff *diff)
{
    struct catalogue catalogue = {0};
    struct pen pen = {.diff = diff};
    bool fine = compare_frames(diff);
    np_map_init(&catalogue.seen, diff->ctx);
    np_text_init(&pen.text, diff->ctx);
    for (int w = 0; fine && w < NP_DIFF_MODELS; w++) {
        pen.which = (enum np_diff_which)w;
        fine = each_policy(&pen, &catalogue, note);
    }
    for (int w = 0; fine && w < NP_DIFF_MODELS; w++) {
        pen.which = (enum np_diff_which)w;
        fine = each_policy(&pen, &catalogue, keep_if_changed) &&
               keep_changed(diff, &catalogue, (enum np_diff_which)w);
    }
    np_vec_free(diff->ctx, &catalogue.changed);
    np_text_free(&pen.text);
    np_map_free(&catalogue.seen);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
