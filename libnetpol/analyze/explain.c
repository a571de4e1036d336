/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk, kept: trace steps of the reference become public steps with their words.
 *
 * A policy step is held back until the step after it: the reference names a policy before its rules
 * also when it does not select the subject, and those rules are not worth a line. Policies of other
 * namespaces that do not select the subject are only counted, and a tier that has nothing to say is
 * left out.
 */
#include "analyze/explain.h"
#include "compile/matcher.h"
#include <stdio.h>

struct collecting {
    struct netpol_explanation *e;
    const struct np_model *model;
    struct np_trace_step held; /* a policy, kind 0 when none */
    bool holding;
    bool policy_out; /* rules of the policy at hand are left out */
    uint64_t others; /* policies that were only counted, in this tier */
    /* policies that isolate the subject: in this tier, at this checkpoint */
    uint32_t isolating, isolating_all;
    struct np_trace_step tier; /* held back until something in it is told */
    bool tier_held;
    bool skipping; /* a tier that is not reached: one line says so */
    bool failed;
};

static const char *text_of(np_str text)
{
    return text ? text->text : "";
}

static struct netpol_step *push(struct collecting *c, int kind, int depth)
{
    struct netpol_step *step = np_vec_push(c->e->ctx, &c->e->steps);
    if (!step) {
        c->failed = true;
        return NULL;
    }
    *step = (struct netpol_step){
        .kind = kind, .depth = depth, .action = -1, .name = "", .position = "", .why = ""};
    return step;
}

static int match_of(const struct np_trace_step *step)
{
    if (!step->reached) {
        return NETPOL_MATCH_NOT_REACHED;
    }
    return np_is_maybe(step->truth) ? NETPOL_MATCH_MAYBE
           : step->truth == NP_YES  ? NETPOL_MATCH_YES
                                    : NETPOL_MATCH_NO;
}

static struct netpol_step *add(struct collecting *c, int kind, int depth)
{
    if (c->tier_held) {
        c->tier_held = false;
        struct netpol_step *tier = push(c, NETPOL_STEP_TIER, 1);
        if (tier) {
            tier->match = match_of(&c->tier);
            tier->name = text_of(c->tier.tier->name);
        }
    }
    return push(c, kind, depth);
}

/* Moves a text into the explanation. */
static const char *keep(struct collecting *c, struct np_text *text)
{
    struct np_slice slice = {text->ptr ? text->ptr : "", text->len};
    const char *kept = text->failed ? NULL : np_arena_text(&c->e->arena, slice);
    np_text_free(text);
    c->failed = c->failed || !kept;
    return kept ? kept : "";
}

static const char *position_of(struct collecting *c, const struct np_origin *origin)
{
    if (!origin->source || !origin->line) {
        return "";
    }
    struct np_text text;
    np_text_init(&text, c->e->ctx);
    np_text_addf(&text, "%s:%u:%u", origin->source->text, origin->line, origin->column);
    return keep(c, &text);
}

static uint32_t missing_of(np_truth truth)
{
    return np_is_maybe(truth) ? truth & NP_CAUSES & ~0xffu : 0;
}

/* ---- policies ---- */

/* Worth a line: it may select the subject, or one would have expected it to. */
static bool is_listed(const struct np_trace_step *step)
{
    const struct np_policy *policy = step->policy;
    const struct np_end *subject =
        step->checkpoint->direction == NP_EGRESS ? &step->hop->src : &step->hop->dst;
    if (step->truth != NP_NO || !policy->namespace_name) {
        return true;
    }
    return subject->endpoint && subject->endpoint->namespace_name == policy->namespace_name;
}

static const char *policy_name(const struct np_policy *policy)
{
    return policy->origin.object ? policy->origin.object->text : text_of(policy->origin.option);
}

static void flush_policy(struct collecting *c)
{
    const struct np_trace_step *held = &c->held;
    if (!c->holding) {
        return;
    }
    c->holding = false;
    if (held->policy->synthetic) {
        return; /* told with its rule, when that matters */
    }
    if (!is_listed(held)) {
        c->others++;
        return;
    }
    uint8_t direction = held->checkpoint->direction;
    bool isolates = held->truth != NP_NO && held->policy->isolates[direction];
    c->isolating += isolates;
    c->isolating_all += isolates;
    struct np_text why;
    np_text_init(&why, c->e->ctx);
    np_say_subject(&why, c->model, held);
    const char *position = position_of(c, &held->policy->origin);
    const char *words = keep(c, &why);
    struct netpol_step *step = add(c, NETPOL_STEP_POLICY, 2);
    if (step) {
        step->match = match_of(held);
        step->missing = missing_of(held->truth);
        step->name = policy_name(held->policy);
        step->position = position;
        step->why = words;
    }
}

static void tell_policy(struct collecting *c, const struct np_trace_step *step)
{
    flush_policy(c);
    c->held = *step;
    c->holding = true;
    c->policy_out = step->truth == NP_NO;
}

/* ---- rules ---- */

static void tell_rule(struct collecting *c, const struct np_trace_step *step)
{
    const struct np_rule *rule = step->rule;
    bool idle = rule->policy->synthetic && (step->truth == NP_NO || !step->reached);
    if (c->policy_out || idle) {
        c->holding = false; /* it was told before its rules already, or need not be told */
        return;
    }
    flush_policy(c);
    struct np_text why;
    np_text_init(&why, c->e->ctx);
    np_say_rule(&why, c->model, step);
    const char *position = position_of(c, &rule->origin);
    const char *words = keep(c, &why);
    const char *name = text_of(rule->origin.path);
    if (rule->policy->synthetic) {
        np_text_init(&why, c->e->ctx);
        np_text_addf(&why, "option %s", text_of(rule->origin.option));
        name = keep(c, &why);
    }
    struct netpol_step *out = add(c, step->kind, rule->policy->synthetic ? 2 : 3);
    if (out) {
        out->match = match_of(step);
        out->missing = missing_of(step->truth);
        out->action = rule->action == NP_ACT_DENY    ? NETPOL_DENY
                      : rule->action == NP_ACT_ALLOW ? NETPOL_ALLOW
                                                     : -1;
        out->rule = rule->number;
        out->name = name;
        out->position = position;
        out->why = words;
    }
}

/* ---- frames ---- */

static void tell_checkpoint(struct collecting *c, const struct np_trace_step *step)
{
    bool egress = step->checkpoint->direction == NP_EGRESS;
    struct np_text name;
    c->isolating_all = 0;
    np_text_init(&name, c->e->ctx);
    np_text_addf(&name, "%s %s of ", netpol_plane_text(step->checkpoint->plane),
                 egress ? "egress" : "ingress");
    np_say_end(&name, egress ? &step->hop->src : &step->hop->dst);
    const char *kept = keep(c, &name);
    struct netpol_step *out = add(c, NETPOL_STEP_CHECKPOINT, 0);
    if (out) {
        out->match = match_of(step);
        out->missing = missing_of(step->truth);
        out->name = kept;
    }
}

static void tell_stage(struct collecting *c, const struct np_trace_step *step)
{
    if (step->checkpoint->n_stages == 1 && step->truth == NP_YES) {
        return; /* the only one: nothing to tell apart */
    }
    struct netpol_step *out = add(c, NETPOL_STEP_STAGE, 1);
    if (out) {
        out->match = match_of(step);
        out->name = text_of(step->stage->name);
    }
}

static void tell_tier(struct collecting *c, const struct np_trace_step *step)
{
    c->others = 0;
    c->isolating = 0;
    c->tier = *step;
    c->tier_held = step->reached;
    c->skipping = !step->reached;
    if (c->skipping && step->tier->n_policies) {
        struct netpol_step *out = push(c, NETPOL_STEP_TIER, 1);
        if (out) {
            out->match = NETPOL_MATCH_NOT_REACHED;
            out->name = text_of(step->tier->name);
        }
    }
}

static void tell_others(struct collecting *c)
{
    if (c->others == 0) {
        return;
    }
    struct np_text why;
    np_text_init(&why, c->e->ctx);
    np_text_addf(&why, "and %llu %s of other namespaces, which cannot select it",
                 (unsigned long long)c->others, c->others == 1 ? "policy" : "policies");
    const char *words = keep(c, &why);
    struct netpol_step *out = add(c, NETPOL_STEP_NOTE, 2);
    if (out) {
        out->match = NETPOL_MATCH_NO;
        out->why = words;
    }
    c->others = 0;
}

static void tell_tier_end(struct collecting *c, const struct np_trace_step *step)
{
    uint8_t end = step->tier->end[step->checkpoint->direction];
    struct np_text why;
    flush_policy(c);
    tell_others(c);
    bool idle = end == NP_END_PASS || step->truth == NP_NO || !step->reached;
    if (c->tier_held && idle) {
        c->tier_held = false;
        return;
    }
    np_text_init(&why, c->e->ctx);
    if (end == NP_END_PASS) {
        np_text_addf(&why, "goes on to the next tier");
    } else if (step->truth == NP_NO) {
        np_text_addf(&why, "not isolated here, goes on");
    } else if (step->policy) {
        np_text_addf(&why, "%sisolated by %s", np_is_maybe(step->truth) ? "perhaps " : "",
                     policy_name(step->policy));
        bool any_tier = step->tier->end_if == NP_CHECKPOINT_ISOLATED;
        uint32_t isolating = any_tier ? c->isolating_all : c->isolating;
        if (isolating > 1) {
            np_text_addf(&why, " and %u more", isolating - 1);
        }
    }
    const char *words = keep(c, &why);
    struct netpol_step *out = add(c, NETPOL_STEP_TIER_END, 2);
    if (out) {
        out->match = match_of(step);
        out->missing = missing_of(step->truth);
        out->action = end == NP_END_DENY ? NETPOL_DENY : end == NP_END_ALLOW ? NETPOL_ALLOW : -1;
        out->name = "end of tier";
        out->why = words;
    }
}

static void tell_decision(struct collecting *c, const struct np_trace_step *step)
{
    const struct np_result *result = step->result;
    const struct netpol_rule_info *rule = np_matcher_rule(c->e->matcher, result->decision);
    struct np_text why;
    np_text_init(&why, c->e->ctx);
    np_text_addf(&why, "%s", netpol_reason_text(result->reason));
    if (rule && *rule->policy) {
        np_text_addf(&why, ": %s %s", rule->policy, rule->rule);
    } else if (rule && *rule->option) {
        np_text_addf(&why, " %s", rule->option);
    }
    if (result->missing) {
        np_text_addf(&why, ": ");
        np_missing_text(&why, result->missing);
    }
    np_program_text(&why, c->e->matcher, result->program, ", ");
    const char *words = keep(c, &why);
    struct netpol_step *out = add(c, NETPOL_STEP_DECISION, 1);
    if (out) {
        out->program = result->program;
        out->match = match_of(step);
        out->missing = result->missing;
        out->action = result->action;
        out->rule = result->decision;
        out->name = netpol_action_text(result->action);
        out->position = rule ? rule->position : "";
        out->why = words;
    }
}

static void collect(void *user, const struct np_trace_step *step)
{
    struct collecting *c = user;
    if (step->kind != NETPOL_STEP_POLICY && step->kind != NETPOL_STEP_RULE &&
        step->kind != NETPOL_STEP_NOTE) {
        flush_policy(c);
    }
    bool in_tier = step->kind == NETPOL_STEP_POLICY || step->kind == NETPOL_STEP_RULE ||
                   step->kind == NETPOL_STEP_NOTE || step->kind == NETPOL_STEP_TIER_END;
    if (c->skipping && in_tier) {
        return;
    }
    switch (step->kind) {
    case NETPOL_STEP_CHECKPOINT:
        tell_checkpoint(c, step);
        break;
    case NETPOL_STEP_STAGE:
        tell_stage(c, step);
        break;
    case NETPOL_STEP_TIER:
        tell_tier(c, step);
        break;
    case NETPOL_STEP_POLICY:
        tell_policy(c, step);
        break;
    case NETPOL_STEP_RULE:
    case NETPOL_STEP_NOTE:
        tell_rule(c, step);
        break;
    case NETPOL_STEP_TIER_END:
        tell_tier_end(c, step);
        break;
    default:
        tell_decision(c, step);
        break;
    }
}

/* A question that no checkpoint was asked about, though it is not allowed. */
static void tell_refusal(struct collecting *c)
{
    const struct netpol_verdict *verdict = &c->e->verdict;
    struct netpol_step *out = add(c, NETPOL_STEP_DECISION, 0);
    if (out) {
        out->match = NETPOL_MATCH_YES;
        out->action = verdict->action;
        out->missing = verdict->missing;
        out->name = netpol_action_text(verdict->action);
        out->why = verdict->egress.reason == NETPOL_REASON_STALE
                       ? "an endpoint reference is not of this compile"
                       : "there can be no such connection: the address families differ, or an "
                         "address is bogus";
    }
}

int np_explain(struct netpol_matcher *matcher, const struct netpol_point *point,
               const struct netpol_tuple *tuple, const struct netpol_request *request,
               const struct np_named *const named[2], struct netpol_explanation **out)
{
    struct np_end_names names[2];
    struct netpol_explanation *e = np_zalloc(matcher->ctx, sizeof *e);
    if (!e) {
        return NETPOL_ERR_MEMORY;
    }
    e->ctx = matcher->ctx;
    e->matcher = np_matcher_ref(matcher);
    np_arena_init(&e->arena, matcher->ctx, 1024);
    struct collecting c = {.e = e, .model = np_whole_of(matcher)->model};
    struct np_trace trace = {.user = &c, .step = collect};
    np_end_names_of(named, names);
    np_reference_eval_named(np_whole_of(matcher)->model, tuple, request, names, point, &trace,
                            &e->verdict);
    e->verdict.generation = matcher->generation;
    if (e->steps.count == 0 && e->verdict.action != NETPOL_ALLOW) {
        tell_refusal(&c);
    }
    if (c.failed) {
        np_explanation_destroy(e);
        return NETPOL_ERR_MEMORY;
    }
    *out = e;
    return NETPOL_OK;
}

void np_explanation_destroy(struct netpol_explanation *e)
{
    if (e) {
        struct netpol_matcher *matcher = e->matcher;
        np_vec_free(e->ctx, &e->steps);
        np_arena_free(&e->arena);
        np_free(e->ctx, e, sizeof *e);
        np_matcher_unref(matcher);
    }
}
