/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORACLE_H
#define ORACLE_H
/*
 * A second opinion on the walk, by enumeration.
 *
 * The reference folds sets of outcomes backwards. Here the same list is walked forwards,
 * two-valued, once for every way in which the conditions that are MAYBE could turn out; the
 * outcomes seen are the outcome set. Exponential, and so obviously right. It sorts the rules itself
 * and shares with the reference only the truth of one condition.
 */
#include "differential/generator.h"

struct oracle_answer {
    bool may_allow, may_deny;
    bool known; /* false: too many conditions are MAYBE to enumerate */
};
/* For a checkpoint without requests, redirects, authentication and staged policies. */
void oracle_ask(const struct np_model *model, const struct np_checkpoint *checkpoint,
                const struct np_hop *hop, struct oracle_answer *out);
#endif
