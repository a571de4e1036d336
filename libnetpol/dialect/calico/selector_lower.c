/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors into the model's. Calico gives an object one map of labels, in which those of its
 * namespace and service account stand with a prefix; the model keeps them where they are, so the
 * prefix becomes a scope. Names that Calico writes as labels are fields.
 */
#include "dialect/calico/selector_internal.h"
#include "base/defect.h"

struct place {
    enum np_scope scope;
    struct np_slice key;
};

static bool cut_prefix(struct np_slice *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->ptr, prefix, len) != 0) {
        return false;
    }
    *text = (struct np_slice){text->ptr + len, text->len - len};
    return true;
}

/* A label of the namespace or service account, by its own name. */
static struct place inherited(struct np_slice name, enum np_scope scope, const char *field)
{
    return np_slice_is(name, "projectcalico.org/name")
               ? (struct place){NP_SCOPE_FIELD, np_slice_of(field)}
               : (struct place){scope, name};
}

static struct place place_of(struct np_slice label, enum np_calico_labels labels)
{
    struct np_slice rest = label;
    if (labels == NP_CALICO_NAMESPACE ||
        (labels == NP_CALICO_OBJECT && cut_prefix(&rest, "pcns.") &&
         !np_defect(CALICO_INHERITED_UNREAD))) {
        return inherited(rest, NP_SCOPE_NAMESPACE, "namespace");
    }
    if (labels == NP_CALICO_ACCOUNT || cut_prefix(&rest, "pcsa.")) {
        return inherited(rest, NP_SCOPE_SERVICE_ACCOUNT, "serviceaccount");
    }
    if (cut_prefix(&rest, "projectcalico.org/") &&
        (np_slice_is(rest, "namespace") || np_slice_is(rest, "orchestrator") ||
         np_slice_is(rest, "serviceaccount"))) {
        return (struct place){NP_SCOPE_FIELD, rest};
    }
    return (struct place){NP_SCOPE_OBJECT, label};
}

static const struct np_selector *lower_term(struct np_build *b, const struct np_calico_selector *s,
                                            enum np_calico_labels labels)
{
    static const enum np_term_op ops[] = {
        [NP_CALICO_HAS] = NP_OP_EXISTS,     [NP_CALICO_EQUALS] = NP_OP_IN,
        [NP_CALICO_DIFFERS] = NP_OP_NOT_IN, [NP_CALICO_CONTAINS] = NP_OP_CONTAINS,
        [NP_CALICO_STARTS] = NP_OP_PREFIX,  [NP_CALICO_ENDS] = NP_OP_SUFFIX,
        [NP_CALICO_IN] = NP_OP_IN,          [NP_CALICO_NOT_IN] = NP_OP_NOT_IN,
    };
    struct place place = place_of(s->label, labels);
    np_str *values = np_build_alloc(b, s->count, sizeof *values);
    for (uint32_t i = 0; values && i < s->count; i++) {
        values[i] = np_build_str(b, s->values[i]);
        if (!values[i]) {
            return NULL;
        }
    }
    return values ? np_build_term(b, place.scope, np_build_str(b, place.key), ops[s->op], values,
                                  s->count)
                  : NULL;
}

struct lowering {
    struct np_build *b;
    enum np_calico_labels labels;
    const struct np_selector *all; /* what all() means */
};

static const struct np_selector *lower(const struct lowering *how,
                                       const struct np_calico_selector *s);

static const struct np_selector *
lower_kids(const struct lowering *how, const struct np_calico_selector *s, enum np_select_op op)
{
    uint32_t count = 0, i = 0;
    for (const struct np_calico_selector *kid = s->kids; kid; kid = kid->next) {
        count++;
    }
    const struct np_selector **kids = np_build_alloc(how->b, count, sizeof(struct np_selector *));
    for (const struct np_calico_selector *kid = s->kids; kids && kid; kid = kid->next) {
        kids[i++] = lower(how, kid);
    }
    return kids ? np_build_select(how->b, op, kids, count) : NULL;
}

static const struct np_selector *lower(const struct lowering *how,
                                       const struct np_calico_selector *s)
{
    switch (s->op) {
    case NP_CALICO_ALL:
        return how->all;
    case NP_CALICO_GLOBAL:
        return np_build_select(how->b, NP_SELECT_ALL, NULL, 0);
    case NP_CALICO_NOT:
        return lower_kids(how, s, NP_SELECT_NOT);
    case NP_CALICO_AND:
        return lower_kids(how, s, NP_SELECT_ALL);
    case NP_CALICO_OR:
        return lower_kids(how, s, NP_SELECT_ANY);
    default:
        return lower_term(how->b, s, how->labels);
    }
}

const struct np_selector *np_calico_selector_lower_as(struct np_lower *l,
                                                      const struct np_calico_selector *s,
                                                      enum np_calico_labels labels,
                                                      const struct np_selector *all)
{
    struct lowering how = {l->build, labels, all};
    return all ? lower(&how, s) : NULL;
}

const struct np_selector *np_calico_selector_lower(struct np_lower *l,
                                                   const struct np_calico_selector *s,
                                                   enum np_calico_labels labels)
{
    return np_calico_selector_lower_as(l, s, labels,
                                       np_build_select(l->build, NP_SELECT_ALL, NULL, 0));
}
