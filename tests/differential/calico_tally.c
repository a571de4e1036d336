/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what decided. */
#include "differential/calico_tally.h"

static const struct {
    const char *name;
    unsigned features; /* without these it cannot be reached */
} reached[CAL_REACHED] = {
    [CAL_REACHED_ALLOW] = {"allow",                       0          },
    [CAL_REACHED_DENY] = {"deny",                        0          },
    [CAL_REACHED_INSPECT] = {"inspect",                     CAL_HTTP   },
    [CAL_REACHED_TIER_END] = {"end of a tier",               0          },
    [CAL_REACHED_PROFILE] = {"profile of a namespace",      0          },
    [CAL_REACHED_HOST_RULE] = {"rule at a host",              CAL_HOST   },
    [CAL_REACHED_HOST_END] = {"end of a tier at a host",     CAL_HOST   },
    [CAL_REACHED_HOST_PROFILE] = {"profile of a host",           CAL_HOST   },
    [CAL_REACHED_STAGED] = {"second walk",                 CAL_STAGED },
    [CAL_REACHED_KUBERNETES] = {"NetworkPolicy of Kubernetes", CAL_MIXED  },
    [CAL_REACHED_CLUSTER] = {"ClusterNetworkPolicy",        CAL_MIXED  },
    [CAL_REACHED_BOTH_ENDS] = {"conditions on both ends",     0          },
    [CAL_REACHED_NOT_NETS] = {"notNets",                     0          },
    [CAL_REACHED_NOT_SELECTOR] = {"notSelector",                 0          },
    [CAL_REACHED_NOT_PORTS] = {"notPorts",                    0          },
    [CAL_REACHED_SOURCE_PORTS] = {"source ports",                0          },
    [CAL_REACHED_NAMED_PORT] = {"named ports",                 0          },
    [CAL_REACHED_NOT_ICMP] = {"notICMP",                     0          },
    [CAL_REACHED_ICMP] = {"icmp",                        0          },
    [CAL_REACHED_NOT_PROTOCOL] = {"notProtocol",                 0          },
    [CAL_REACHED_ACCOUNT] = {"serviceAccounts",             0          },
    [CAL_REACHED_GLOBAL_SPACE] = {"global()",                    0          },
    [CAL_REACHED_SERVICE] = {"services",                    CAL_SERVICE},
    [CAL_REACHED_UNTRACKED] = {"doNotTrack",                  CAL_STAGES },
    [CAL_REACHED_PRE_DNAT] = {"preDNAT",                     CAL_STAGES },
    [CAL_REACHED_FORWARD] = {"applyOnForward",              CAL_STAGES },
    [CAL_REACHED_IPV6] = {"IPv6",                        0          },
    [CAL_REACHED_NO_TIER] = {"tier that no object makes",   CAL_NO_TIER},
};

static bool has_condition(const struct cal_entity *e)
{
    return e->n_nets || e->n_not_nets || e->selector.present || e->not_selector.present ||
           e->spaces.present || e->account.present || e->n_accounts || e->service;
}

static bool names_port(const struct cal_entity *e)
{
    for (unsigned i = 0; i < e->n_ports; i++) {
        if (e->ports[i].name) {
            return true;
        }
    }
    return false;
}

static void tally_rule(uint64_t *at, const struct cal_rule *rule)
{
    const struct cal_entity *ends[] = {&rule->source, &rule->destination};
    at[CAL_REACHED_BOTH_ENDS] += has_condition(ends[0]) && has_condition(ends[1]);
    at[CAL_REACHED_SOURCE_PORTS] += ends[0]->n_ports > 0;
    at[CAL_REACHED_NOT_ICMP] += rule->not_icmp.present;
    at[CAL_REACHED_ICMP] += rule->icmp.present;
    at[CAL_REACHED_NOT_PROTOCOL] += rule->not_protocol > 0;
    for (unsigned i = 0; i < 2; i++) {
        const struct cal_selector *spaces = &ends[i]->spaces;
        at[CAL_REACHED_NOT_NETS] += ends[i]->n_not_nets > 0;
        at[CAL_REACHED_NOT_SELECTOR] += ends[i]->not_selector.present;
        at[CAL_REACHED_NOT_PORTS] += ends[i]->n_not_ports > 0;
        at[CAL_REACHED_NAMED_PORT] += names_port(ends[i]);
        at[CAL_REACHED_ACCOUNT] += ends[i]->n_accounts || ends[i]->account.present;
        at[CAL_REACHED_SERVICE] += ends[i]->service > 0;
        at[CAL_REACHED_GLOBAL_SPACE] +=
            spaces->present && spaces->nodes[spaces->root].op == CAL_GLOBAL;
    }
}

static void tally_decision(uint64_t *at, const struct cal_decision *d)
{
    const struct cal_policy *p = d->policy;
    at[CAL_REACHED_HOST_PROFILE] += d->host && d->profile;
    at[CAL_REACHED_PROFILE] += !d->host && d->profile;
    if (!p) {
        return;
    }
    at[CAL_REACHED_KUBERNETES] += p->kind == CAL_K8S;
    at[CAL_REACHED_CLUSTER] += p->kind == CAL_CNP;
    at[CAL_REACHED_NO_TIER] += p->tier == CAL_TIER_LOST;
    at[d->host ? CAL_REACHED_HOST_END : CAL_REACHED_TIER_END] += d->rule < 0;
    at[CAL_REACHED_HOST_RULE] += d->host && d->rule >= 0;
    at[CAL_REACHED_UNTRACKED] += p->untracked;
    at[CAL_REACHED_PRE_DNAT] += p->pre_dnat;
    at[CAL_REACHED_FORWARD] += d->host && p->forward && !p->untracked && !p->pre_dnat;
    if (d->rule >= 0) {
        tally_rule(at, &p->rules[d->direction][d->rule]);
    }
}

void cal_tally_answer(struct cal_tally *tally, const struct cal_question *q,
                      const struct cal_answer *enforced, const struct cal_answer *pending)
{
    static const uint8_t of_action[NETPOL_ACTION_COUNT] = {[NETPOL_ALLOW] = CAL_REACHED_ALLOW,
                                                           [NETPOL_INSPECT] = CAL_REACHED_INSPECT,
                                                           [NETPOL_DENY] = CAL_REACHED_DENY};
    uint64_t *at = tally->reached;
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        const struct cal_decision *one = &enforced->parts[d];
        if (one->judged) {
            at[of_action[cal_action(one->may)]]++;
            at[CAL_REACHED_IPV6] += q->src.family == 6;
            at[CAL_REACHED_STAGED] += one->may != pending->parts[d].may;
            tally_decision(at, one);
        }
    }
}

unsigned cal_tally_report(const struct cal_tally *tally, unsigned features, FILE *out)
{
    unsigned missed = 0;
    for (unsigned i = 0; i < CAL_REACHED; i++) {
        bool can = (reached[i].features & ~features) == 0;
        fprintf(out, "%s: %llu%s\n", reached[i].name, (unsigned long long)tally->reached[i],
                can && !tally->reached[i] ? " (not reached)" : "");
        missed += can && !tally->reached[i];
    }
    return missed;
}
