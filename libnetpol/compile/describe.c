/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every decision number means, written out once per compile: describing a verdict is then a
 * look-up that any thread may do, and the strings live as long as the matcher.
 */
#include "compile/internal.h"
#include <stdio.h>

const struct netpol_rule_info np_no_rule = {.policy = "",
                                            .rule = "",
                                            .title = "",
                                            .position = "",
                                            .tier = "",
                                            .option = "",
                                            .log = "",
                                            .action = -1};

static const char *text_of(np_str text)
{
    return text ? text->text : "";
}

/* NULL: no memory. */
static const char *position_of(struct np_arena *arena, const struct np_origin *origin)
{
    char numbers[32];
    if (!origin || !origin->source || !origin->line) {
        return "";
    }
    int len = snprintf(numbers, sizeof numbers, ":%u:%u", origin->line, origin->column);
    char *out = np_arena_alloc(arena, origin->source->len + (size_t)len + 1);
    if (out) {
        memcpy(out, origin->source->text, origin->source->len);
        memcpy(out + origin->source->len, numbers, (size_t)len + 1);
    }
    return out;
}

/*
 * Stable across compiles, machines and contexts: over what a person would call it, and what tells
 * kinds of one name apart (NetworkPolicy of Kubernetes and of Calico). 0: no memory.
 */
static uint64_t key_of(const struct netpol_ctx *ctx, const struct netpol_rule_info *info,
                       const char *family)
{
    const char *const parts[] = {info->policy, info->rule, info->title,
                                 info->option, info->tier, netpol_side_text(info->side)};
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, ctx);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        np_text_add(&text, parts[i], strlen(parts[i]) + 1);
    }
    np_text_add(&text, family, strlen(family));
    uint64_t key = text.failed ? 0 : np_hash_stable(text.ptr, text.len);
    return key || text.failed ? key : 1;
}

static int rule_action(uint8_t action)
{
    return action == NP_ACT_DENY ? NETPOL_DENY : action == NP_ACT_ALLOW ? NETPOL_ALLOW : -1;
}

static int end_action(uint8_t end)
{
    return end == NP_END_DENY ? NETPOL_DENY : end == NP_END_ALLOW ? NETPOL_ALLOW : -1;
}

/* Where the policy's own tier passes on, the end of a later one denies (NP_CHECKPOINT_ISOLATED). */
static int isolation_action(uint8_t end)
{
    return end == NP_END_ALLOW ? NETPOL_ALLOW : NETPOL_DENY;
}

static int default_action(const struct np_checkpoint *checkpoint)
{
    if (!checkpoint || checkpoint->n_stages == 0) {
        return NETPOL_ALLOW;
    }
    const struct np_stage *last = checkpoint->stages[checkpoint->n_stages - 1];
    return last->on_end == NP_ON_END_DENY ? NETPOL_DENY : NETPOL_ALLOW;
}

static void fill_info(const struct np_decision *d, struct netpol_rule_info *info,
                      const struct np_origin **origin)
{
    const struct np_policy *policy = d->policy ? d->policy : d->rule ? d->rule->policy : NULL;
    const struct np_tier *tier = d->tier ? d->tier : policy ? policy->tier : NULL;
    *info = (struct netpol_rule_info){.rule = "",
                                      .title = "",
                                      .log = text_of(d->rule ? d->rule->log_cookie : NULL),
                                      .action = -1,
                                      .side = d->direction == NP_EGRESS ? NETPOL_SIDE_EGRESS
                                                                        : NETPOL_SIDE_INGRESS};
    *origin = NULL;
    if (d->kind == NP_DECIDED_RULE && d->rule) {
        *origin = &d->rule->origin;
        info->rule = text_of(d->rule->origin.path);
        info->title = text_of(d->rule->title);
        info->action = rule_action(d->rule->action);
    } else if (d->kind == NP_DECIDED_ISOLATION && policy) {
        *origin = &policy->origin;
        info->rule = policy->origin.option ? "" : text_of(policy->origin.path); /* spec, specs[1] */
        info->action = isolation_action(tier ? tier->end[d->direction] : NP_END_DENY);
    } else if (d->kind == NP_DECIDED_TIER_END && tier) {
        *origin = &tier->origin;
        info->action = end_action(tier->end[d->direction]);
    } else {
        info->action = default_action(d->checkpoint);
    }
    info->policy = text_of(*origin ? (*origin)->object : NULL);
    info->option = text_of(*origin ? (*origin)->option : NULL);
    info->tier = text_of(tier ? tier->name : NULL);
    if (!*info->policy && !*info->option && policy) {
        info->policy = text_of(policy->origin.object);
        info->option = text_of(policy->origin.option);
    }
}

/* Texts live as long as the model's. */
static bool describe(const struct np_whole *whole, uint32_t number, struct netpol_rule_info *out)
{
    const struct np_origin *origin;
    if (!whole->model->decisions[number].checkpoint) { /* a number that is free */
        *out = np_no_rule;
        return true;
    }
    fill_info(&whole->model->decisions[number], out, &origin);
    out->position = position_of(&whole->model->ground->arena, origin);
    const struct np_decision *decision = &whole->model->decisions[number];
    const char *family = text_of(decision->policy ? decision->policy->namesakes : NULL);
    out->key = out->position ? key_of(whole->ctx, out, family) : 0;
    return out->key != 0;
}

/* before: the matcher whose numbers these are, but for whole->changed; NULL: none. */
static int describe_decisions(struct np_whole *whole, const struct np_whole *before)
{
    uint32_t count = whole->model->n_decisions ? whole->model->n_decisions : 1;
    struct netpol_rule_info *rules = np_arena_array(&whole->arena, count, sizeof *rules);
    bool fine = rules != NULL;
    if (fine && before) {
        memcpy(rules, before->rules, before->n_rules * sizeof *rules);
    }
    for (uint32_t i = 1; fine && !before && i < count; i++) {
        fine = describe(whole, i, &rules[i]);
    }
    for (uint32_t i = 0; fine && before && i < whole->n_changed; i++) {
        fine = describe(whole, whole->changed[i], &rules[whole->changed[i]]);
    }
    whole->rules = rules;
    whole->n_rules = count;
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

int np_describe_all(struct np_whole *whole, const struct np_whole *before)
{
    for (size_t i = 0; i < NP_OPTION_COUNT; i++) {
        struct np_slice value = np_option_value(&whole->model->options, i);
        whole->option_values[i] = np_arena_text(&whole->arena, value);
        if (!whole->option_values[i]) {
            return NETPOL_ERR_MEMORY;
        }
    }
    return describe_decisions(whole, before);
}

const struct netpol_rule_info *np_matcher_rule(const struct netpol_matcher *matcher,
                                               uint32_t number)
{
    const struct np_whole *whole = np_whole_of(matcher);
    bool known = whole && number > 0 && number < whole->n_rules && whole->rules[number].key != 0;
    return known ? &whole->rules[number] : NULL;
}
