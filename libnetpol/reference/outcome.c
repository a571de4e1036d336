/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of outcomes: what is still possible, and why it is not settled.
 *
 * Only ALLOW and DENY are outcomes; INSPECT and UNKNOWN are names for "both are possible", by cause
 * (lowering 2.6). A cause counts only where it separates two different branches: a condition that
 * cannot be judged but leads to the same end either way is no reason to doubt.
 */
#include "reference/internal.h"

struct np_outcome np_outcome_allow(uint32_t decision, uint8_t reason)
{
    return (struct np_outcome){.may_allow = true, .decision = decision, .reason = reason};
}

struct np_outcome np_outcome_deny(uint32_t decision, uint8_t reason)
{
    return (struct np_outcome){.may_deny = true, .decision = decision, .reason = reason};
}

static bool is_open(const struct np_outcome *o)
{
    return o->may_allow && o->may_deny;
}

/* Do both branches end the same, whatever the condition says? */
static bool same_end(const struct np_outcome *a, const struct np_outcome *b)
{
    if (a->may_allow != b->may_allow || a->may_deny != b->may_deny) {
        return false;
    }
    return !is_open(a) || (a->decision == b->decision && a->causes == b->causes);
}

struct np_outcome np_outcome_either(np_truth t, const struct np_outcome *yes,
                                    const struct np_outcome *no, uint32_t decision)
{
    if (!np_is_maybe(t)) {
        return t == NP_YES ? *yes : *no;
    }
    /* What the certain branch says stands; what the other adds is possible. */
    struct np_outcome out = *no;
    out.may_allow = yes->may_allow || no->may_allow;
    out.may_deny = yes->may_deny || no->may_deny;
    out.must_inspect = yes->must_inspect || no->must_inspect;
    out.untracked = yes->untracked && no->untracked;
    out.auth_required = yes->auth_required || no->auth_required;
    out.flags = yes->flags & no->flags;
    out.observe = yes->observe || no->observe || yes->flags != no->flags;
    out.auth_mode = yes->auth_mode > no->auth_mode ? yes->auth_mode : no->auth_mode;
    out.redirect = out.redirect ? out.redirect : yes->redirect;
    if (!same_end(yes, no)) {
        out.decision = decision;
        out.causes = yes->causes | no->causes | (t & NP_CAUSES);
    }
    return out;
}

static uint8_t reason_of_open(uint32_t causes)
{
    if (causes & NP_CAUSE_FACT) {
        return NETPOL_REASON_MISSING;
    }
    return causes & NP_CAUSE_EXTERNAL ? NETPOL_REASON_EXTERNAL : NETPOL_REASON_REQUEST;
}

static void finish_action(const struct np_outcome *o, struct np_result *out)
{
    out->reason = o->reason;
    out->action = o->may_deny ? NETPOL_DENY : NETPOL_ALLOW;
    if (is_open(o)) {
        bool unknown = o->causes & (NP_CAUSE_FACT | NP_CAUSE_EXTERNAL);
        out->action = unknown ? NETPOL_UNKNOWN : NETPOL_INSPECT;
        out->reason = reason_of_open(o->causes);
        out->missing = o->causes & ~(uint32_t)0xff;
    } else if (o->may_allow && o->must_inspect) {
        out->action = NETPOL_INSPECT;
        out->reason = NETPOL_REASON_REQUEST;
    }
}

void np_outcome_finish(const struct np_outcome *o, bool audit, struct np_result *out)
{
    static const uint16_t part_of[] = {NETPOL_PART_AUTH_REQUIRED, NETPOL_PART_REDIRECT,
                                       NETPOL_PART_UNTRACKED};
    *out = (struct np_result){.decision = o->decision,
                              .may_allow = o->may_allow,
                              .may_deny = o->may_deny,
                              .must_inspect = o->must_inspect,
                              .observe = o->observe,
                              .untracked = o->untracked,
                              .program = np_program(o->redirect, o->auth_mode),
                              .flags = o->flags | NETPOL_PART_JUDGED};
    const bool has[] = {o->auth_required, o->redirect != 0, o->untracked};
    for (size_t i = 0; i < sizeof has / sizeof *has; i++) {
        out->flags |= has[i] ? part_of[i] : 0;
    }
    finish_action(o, out);
    if (audit && o->may_deny) { /* what would be denied is let through, and said */
        out->flags |= NETPOL_PART_AUDIT;
        out->flags |= out->action == NETPOL_DENY ? NETPOL_PART_WOULD_DENY : 0;
        out->audited = true;
        out->may_allow = true;
        out->may_deny = false;
        out->missing = 0;
        out->action = o->must_inspect ? NETPOL_INSPECT : NETPOL_ALLOW;
    }
}
