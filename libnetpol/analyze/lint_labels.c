/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of endpoints that stand in for those of their namespace or service account. Calico gives
 * an endpoint one map of labels in which its own go before inherited ones
 * (felix/labelindex), so a pod with the label pcns.team is of that team to every namespaceSelector.
 */
#include "analyze/lint.h"

#include "dialect/lower.h"

static bool is_inherited_name(np_str key)
{
    return strncmp(key->text, "pcns.", 5) == 0 || strncmp(key->text, "pcsa.", 5) == 0;
}

/* A label of a workload is told once, with the first of its pods. */
static bool told_before(const struct np_lint *l, const struct np_endpoint *endpoint, np_str key)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t e = endpoint->index; endpoint->workload_name && e-- > 0;) {
        const struct np_endpoint *other = inventory->endpoints[e];
        if (other->namespace_name != endpoint->namespace_name) {
            return false; /* they are sorted by namespace */
        }
        if (other->workload_name == endpoint->workload_name &&
            other->workload_kind == endpoint->workload_kind && np_labels_get(&other->labels, key)) {
            return true;
        }
    }
    return false;
}

void np_lint_labels(struct np_lint *l)
{
    const struct np_inventory *inventory = &l->model->inventory;
    if (l->model->options.engine != NP_ENGINE_CALICO || l->off[NP_CODE_4119]) {
        return;
    }
    for (uint32_t e = 0; e < inventory->n_endpoints; e++) {
        const struct np_endpoint *endpoint = inventory->endpoints[e];
        for (uint32_t i = 0; i < endpoint->labels.count; i++) {
            np_str key = endpoint->labels.items[i].key;
            if (is_inherited_name(key) && !told_before(l, endpoint, key)) {
                np_lint_report_at(l, NP_CODE_4119, endpoint,
                                  "the label %s goes before that of the %s, in Calico but not here",
                                  key->text, key->text[2] == 'n' ? "namespace" : "service account");
            }
        }
    }
}
