/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say of a policy. Source: libcalico-go/lib/validator/v3/validator.go and
 * the CEL rules in the markers of api/pkg/apis/projectcalico/v3 of projectcalico/calico.
 */
#include "dialect/calico/policy.h"

#include "dialect/meta.h"

#define SHOWN(text) (int)((text).len < 80 ? (text).len : 80), (text).ptr

static const char *const directions[NP_DIRECTIONS + 1] = {
    [NP_INGRESS] = "Ingress", [NP_EGRESS] = "Egress", NULL};
static const char *const rule_lists[NP_DIRECTIONS] = {
    [NP_INGRESS] = "ingress", [NP_EGRESS] = "egress"};
static const char *const staged_actions[] = {"Set", "Delete", "Learn", "Ignore", NULL};

/* ---- names ---- */

static bool has_prefix(struct np_slice text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len > len && memcmp(text.ptr, prefix, len) == 0;
}

const char *np_calico_gnp_name(struct np_slice text)
{
    const char *wrong = np_syntax_subdomain(text);
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        dots += text.ptr[i] == '.';
    }
    return wrong ? wrong : dots > 1 ? "must be a label, or two with a dot between them" : NULL;
}

const char *np_calico_np_name(struct np_slice text)
{
    return has_prefix(text, "knp.default.") || has_prefix(text, "ossg.default.")
               ? np_syntax_subdomain(text)
               : np_calico_gnp_name(text);
}

/* ---- checks ---- */

static bool is_direction(struct np_slice text)
{
    return np_slice_is(text, directions[NP_INGRESS]) || np_slice_is(text, directions[NP_EGRESS]);
}

static void check_types(struct np_decode *d, const struct np_calico_spec *spec)
{
    size_t mark = np_path_key(d, "types");
    for (size_t i = 0; i < spec->types.count; i++) {
        const struct np_string_item *type = &spec->types.items[i];
        size_t inner = np_path_index(d, i);
        bool twice = false;
        for (size_t k = 0; k < i; k++) {
            twice = twice || np_slice_equal(type->text, spec->types.items[k].text);
        }
        if (!is_direction(type->text)) {
            const char *near = np_suggest(type->text, directions, NP_DIRECTIONS);
            np_decode_report(d, NP_CODE_2444, type->node, "\"%.*s\" is not a type%s%s%s",
                             SHOWN(type->text), near ? "; did you mean " : "", near ? near : "",
                             near ? "?" : "");
        } else if (twice) {
            np_decode_report(d, NP_CODE_2445, type->node, "%.*s is there twice", SHOWN(type->text));
        }
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

static bool lists(const struct np_calico_spec *spec, enum np_direction direction)
{
    for (size_t i = 0; i < spec->types.count; i++) {
        if (np_slice_is(spec->types.items[i].text, directions[direction])) {
            return true;
        }
    }
    return false;
}

/* Rules of a direction that types does not list pass the API server silently, and do nothing. */
static void check_inert(struct np_decode *d, const struct np_calico_spec *spec)
{
    for (int direction = 0; spec->types.count && direction < NP_DIRECTIONS; direction++) {
        if (spec->rules[direction].count && !lists(spec, (enum np_direction)direction)) {
            np_decode_report_in(d, NP_CODE_4102, spec->node, rule_lists[direction],
                                "types does not list %s: the rules below are ignored",
                                directions[direction]);
        }
    }
}

static void check_hints(struct np_decode *d, const struct np_calico_spec *spec)
{
    size_t mark = np_path_key(d, "performanceHints");
    for (size_t i = 0; i < spec->hints.count; i++) {
        const struct np_string_item *hint = &spec->hints.items[i];
        if (!np_slice_is(hint->text, "AssumeNeededOnEveryNode")) {
            size_t inner = np_path_index(d, i);
            np_decode_report(d, NP_CODE_2012, hint->node, "\"%.*s\" is not a performance hint",
                             SHOWN(hint->text));
            np_path_end(d, inner);
        }
    }
    np_path_end(d, mark);
}

static void check_tier(struct np_decode *d, const struct np_calico_spec *spec)
{
    const char *wrong = spec->tier.len ? np_syntax_label(spec->tier) : NULL;
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2443, spec->node, "tier", "tier \"%.*s\" %s",
                            SHOWN(spec->tier), wrong);
    }
}

/* stagedAction: Delete names what would go; there is nothing else to say of it. */
static void check_delete(struct np_decode *d, const struct np_node *spec, struct np_slice action)
{
    for (size_t i = 0; np_slice_is(action, "Delete") && i < spec->map.count; i++) {
        const struct np_member *member = &spec->map.members[i];
        const struct np_node *value = member->value;
        bool zero = value->kind == NP_NULL || (value->kind == NP_BOOL && !value->boolean) ||
                    (value->kind == NP_STRING && value->text.len == 0) ||
                    (value->kind == NP_LIST && value->list.count == 0) ||
                    (value->kind == NP_MAP && value->map.count == 0);
        if (!zero && !np_slice_is(member->key, "stagedAction") &&
            !np_slice_is(member->key, "tier")) {
            size_t mark = np_path_member(d, member->key);
            np_decode_report_full(d, NP_CODE_2449, -1, NULL, np_spot_of_key(member),
                                  "%.*s beside stagedAction Delete", SHOWN(member->key));
            np_path_end(d, mark);
        }
    }
}

/* Learn and Ignore are kept by the API of the open edition, and nothing there acts on them. */
static void check_unused(struct np_decode *d, const struct np_node *spec, struct np_slice action)
{
    if (np_slice_is(action, "Learn") || np_slice_is(action, "Ignore")) {
        np_decode_report_in(d, NP_CODE_2478, spec, "stagedAction", "stagedAction %.*s",
                            SHOWN(action));
    }
}

static void read_selectors(struct np_decode *d, struct np_calico_spec *spec)
{
    np_calico_read_selector(d, spec->node, "selector", spec->selector, false, &spec->selects,
                            &spec->unread);
    np_calico_read_selector(d, spec->node, "serviceAccountSelector", spec->account_selector, false,
                            &spec->accounts, &spec->unread);
    np_calico_read_selector(d, spec->node, "namespaceSelector", spec->namespace_selector, false,
                            &spec->namespaces, &spec->unread);
}

static void check_common(struct np_decode *d, struct np_calico_spec *spec,
                         enum np_calico_owner owner)
{
    check_tier(d, spec);
    read_selectors(d, spec);
    check_types(d, spec);
    check_inert(d, spec);
    check_hints(d, spec);
    check_delete(d, spec->node, spec->staged_action);
    check_unused(d, spec->node, spec->staged_action);
    for (int i = 0; i < NP_DIRECTIONS; i++) {
        size_t mark = np_path_key(d, rule_lists[i]);
        np_calico_rules_check(d, spec->rules[i].items, spec->rules[i].count, (enum np_direction)i,
                              owner);
        np_path_end(d, mark);
    }
}

static void check_namespaced(struct np_decode *d, void *object)
{
    check_common(d, object, NP_CALICO_NAMESPACED);
}

/* The stages exclude each other, and all of them are about what passes through, too. */
static void check_global(struct np_decode *d, void *object)
{
    struct np_calico_spec *spec = object;
    check_common(d, spec, NP_CALICO_GLOBAL);
    if (spec->untracked.value && spec->pre_dnat.value) {
        np_decode_report_in(d, NP_CODE_2446, spec->node, "preDNAT", "doNotTrack and preDNAT");
    } else if ((spec->untracked.value || spec->pre_dnat.value) && !spec->forward.value) {
        np_decode_report_in(d, NP_CODE_2446, spec->node, "applyOnForward",
                            "%s without applyOnForward",
                            spec->untracked.value ? "doNotTrack" : "preDNAT");
    }
    if (spec->pre_dnat.value && (spec->rules[NP_EGRESS].count || lists(spec, NP_EGRESS))) {
        np_decode_report_in(d, NP_CODE_2447, spec->node,
                            spec->rules[NP_EGRESS].count ? "egress" : "types",
                            "preDNAT with egress");
    }
}

static void check_staged_kube(struct np_decode *d, void *object)
{
    const struct np_calico_staged_kube_spec *spec = object;
    np_kubernetes_check_spec(d, object);
    check_delete(d, spec->kube.node, spec->staged_action);
    check_unused(d, spec->kube.node, spec->staged_action);
}

#include "dialect/calico/policy.def"

/* ---- reading ---- */

static int decode(struct np_decode *d, const struct np_node *root, const struct np_shape *shape)
{
    struct np_calico_policy *policy = np_decode_alloc(d, 1, sizeof *policy);
    const struct np_node *kept = np_decode_keep(d, root);
    if (!policy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    d->object->spec = policy;
    np_meta_labels_of(d, kept, NULL);
    np_decode_into(d, shape, kept, policy);
    const struct np_calico_spec *spec = policy->spec;
    policy->subject_read = spec && !spec->unread && !spec->selector.len == !spec->selects &&
                           !spec->account_selector.len == !spec->accounts &&
                           !spec->namespace_selector.len == !spec->namespaces;
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

int np_calico_np_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_calico_np_policy_shape);
}

int np_calico_gnp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_calico_gnp_policy_shape);
}

int np_calico_snp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_calico_snp_policy_shape);
}

int np_calico_sgnp_decode(struct np_decode *d, const struct np_node *root)
{
    return decode(d, root, &np_calico_sgnp_policy_shape);
}

int np_calico_sknp_decode(struct np_decode *d, const struct np_node *root)
{
    struct np_calico_staged_kube_policy *policy = np_decode_alloc(d, 1, sizeof *policy);
    const struct np_node *kept = np_decode_keep(d, root);
    if (!policy || !kept) {
        return NETPOL_ERR_MEMORY;
    }
    d->object->spec = policy;
    np_meta_labels_of(d, kept, NULL);
    np_decode_into(d, &np_calico_sknp_policy_shape, kept, policy);
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
