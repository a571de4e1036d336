/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces that are known from their pods only. Of such a namespace just its name is known, so a
 * selector that asks for another label of it finds none: In does not match, NotIn and DoesNotExist
 * do. That may not be what the cluster says, so the first policy that asks is named.
 */
#include "dialect/lower.h"

struct unloaded {
    const struct np_policy *policy;
    const struct np_rule *rule; /* NULL: the subject of the policy */
    np_str key;
};

static np_str label_asked(const struct np_selector *selector)
{
    if (selector->op == NP_SELECT_TERM) {
        bool known = selector->scope != NP_SCOPE_NAMESPACE ||
                     np_slice_is(np_str_slice(selector->key), "kubernetes.io/metadata.name");
        return known ? NULL : selector->key;
    }
    np_str key = NULL;
    for (uint32_t i = 0; i < selector->count && !key; i++) {
        key = label_asked(selector->kids[i]);
    }
    return key;
}

static np_str label_of_set(const struct np_set *set)
{
    np_str key = NULL;
    for (uint32_t c = 0; set && c < set->count && !key; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count && !key; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            key = literal->kind == NP_LIT_OBJECTS ? label_asked(literal->selector) : NULL;
        }
    }
    return key;
}

static bool asks(const struct np_policy *policy, struct unloaded *out)
{
    *out = (struct unloaded){.policy = policy};
    for (int d = 0; d < NP_DIRECTIONS && !out->key; d++) {
        out->key = label_of_set(policy->subjects[d]);
        for (uint32_t i = 0; i < policy->n_rules[d] && !out->key; i++) {
            out->rule = &policy->rules[d][i];
            for (uint32_t a = 0; a < out->rule->n_alternatives && !out->key; a++) {
                out->key = label_of_set(out->rule->alternatives[a].far);
            }
        }
        out->rule = out->key ? out->rule : NULL;
    }
    return out->key != NULL;
}

static bool first_that_asks(const struct np_model *model, struct unloaded *out)
{
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[i];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
                for (uint32_t p = 0; p < tier->n_policies; p++) {
                    if (asks(tier->policies[p], out)) {
                        return true;
                    }
                }
            }
        }
    }
    return false;
}

/* "a, b and 3 more"; false: all namespaces were loaded. */
static bool list_unloaded(const struct np_inventory *inventory, struct np_text *out)
{
    enum { NAMED = 3 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < inventory->n_namespaces; i++) {
        const struct np_namespace *space = inventory->namespaces[i];
        if (space->synthesized && count++ < NAMED) {
            np_text_addf(out, "%s%s", count > 1 ? ", " : "", space->name->text);
        }
    }
    if (count > NAMED) {
        np_text_addf(out, " and %u more", count - NAMED);
    }
    return count > 0;
}

int np_lower_check_namespaces(struct np_lower *l, const struct np_model *model)
{
    struct unloaded found;
    struct np_text names np_auto(np_text_free);
    np_text_init(&names, l->ctx);
    if (list_unloaded(&model->inventory, &names) && !names.failed &&
        first_that_asks(model, &found)) {
        const struct np_origin *origin = found.rule ? &found.rule->origin : &found.policy->origin;
        struct np_place place = {
            .source = np_str_slice(origin->source).ptr,
            .line = origin->line,
            .column = origin->column,
            .object = np_str_slice(origin->object).ptr,
            .path = np_str_slice(origin->path).ptr,
        };
        np_diag(l->diags, NP_CODE_2312, &place,
                "label %s of a namespace is asked for, but no Namespace was loaded for %s",
                found.key->text, names.ptr);
    }
    return names.failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
