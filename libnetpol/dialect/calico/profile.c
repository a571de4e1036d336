/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: what is asked when no tier has decided. Source: libcalico-go/lib/backend/k8s/conversion
 * NamespaceToProfile, felix/rules/endpoints.go, app-policy/checker/check.go checkTiers.
 *
 * kns.NAMESPACE, which every pod has, allows both directions. There is one policy for all pods
 * instead of one for each namespace: they say the same, and pods of different namespaces stay
 * alike.
 */
#include "dialect/calico/calico.h"

void np_calico_pod_profiles(struct np_lower *l)
{
    if (l->options->namespace_profiles) { /* allow, none */
        return;
    }
    np_str name = np_build_text(l->build, "kns");
    struct np_policy *policy =
        np_build_policy(l->build, np_calico_profiles_tier(l), "Profile", NULL, name);
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        struct np_rule *rule = np_build_rule(l->build, policy, (enum np_direction)d, NP_ACT_ALLOW);
        policy->synthetic = true;
        policy->origin.option = np_build_text(l->build, "namespace_profiles");
        policy->subjects[d] = np_lower_pod_set(l, np_lower_pod_kinds(l),
                                               np_build_select(l->build, NP_SELECT_ALL, NULL, 0));
        if (rule && np_build_alt(l->build, rule)) {
            rule->origin.option = policy->origin.option;
        }
    }
}
