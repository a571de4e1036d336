/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALICO_TALLY_H
#define CALICO_TALLY_H
/* What the random Calico sets reached: a run that never met a thing has not tested it. */
#include "differential/calico_oracle.h"

enum { CAL_EVERYTHING = 1000 }; /* sets that must have reached everything */
enum cal_reached {
    CAL_REACHED_ALLOW,
    CAL_REACHED_DENY,
    CAL_REACHED_INSPECT,
    CAL_REACHED_TIER_END,
    CAL_REACHED_PROFILE,
    CAL_REACHED_HOST_RULE,
    CAL_REACHED_HOST_END,
    CAL_REACHED_HOST_PROFILE,
    CAL_REACHED_STAGED,     /* the second walk decides otherwise */
    CAL_REACHED_KUBERNETES, /* a policy of Kubernetes decides */
    CAL_REACHED_CLUSTER,
    CAL_REACHED_BOTH_ENDS, /* a rule with conditions on both ends decides */
    CAL_REACHED_NOT_NETS,
    CAL_REACHED_NOT_SELECTOR,
    CAL_REACHED_NOT_PORTS,
    CAL_REACHED_SOURCE_PORTS,
    CAL_REACHED_NAMED_PORT,
    CAL_REACHED_NOT_ICMP,
    CAL_REACHED_ICMP,
    CAL_REACHED_NOT_PROTOCOL,
    CAL_REACHED_ACCOUNT,
    CAL_REACHED_GLOBAL_SPACE, /* global() */
    CAL_REACHED_SERVICE,
    CAL_REACHED_UNTRACKED,
    CAL_REACHED_PRE_DNAT,
    CAL_REACHED_FORWARD,
    CAL_REACHED_IPV6,
    CAL_REACHED_NO_TIER,
    CAL_REACHED
};
struct cal_tally {
    uint64_t reached[CAL_REACHED];
};
void cal_tally_answer(struct cal_tally *tally, const struct cal_question *q,
                      const struct cal_answer *enforced, const struct cal_answer *pending);
/* Prints it; how much was not reached that these features have. */
unsigned cal_tally_report(const struct cal_tally *tally, unsigned features, FILE *out);
#endif
