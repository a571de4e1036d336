/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors judged against one object. Keys and values are interned: equality is one compare. */
#include "model/inventory.h"
#include "base/defect.h"

np_str np_labels_get(const struct np_labels *labels, np_str key)
{
    if (labels) {
        for (uint32_t i = 0; i < labels->count; i++) {
            if (labels->items[i].key == key) {
                return labels->items[i].value;
            }
        }
    }
    return NULL;
}

/* A field of the object itself. Text that no object holds (a constant) is not interned. */
static bool field_of(const struct np_endpoint *endpoint, np_str key, struct np_slice *value)
{
    bool kubernetes =
        !endpoint->orchestrator && (endpoint->kind & (NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD));
    const struct {
        const char *key;
        np_str text;
        const char *constant;
    } fields[] = {
        {"namespace",      endpoint->namespace_name,  NULL                                  },
        {"name",           endpoint->name,            NULL                                  },
        {"serviceaccount", endpoint->service_account, NULL                                  },
        {"cluster",        NULL,                      "default"                             },
        {"orchestrator",   endpoint->orchestrator,    kubernetes ? "k8s" : NULL             },
        {"hostnetwork",    NULL,                      endpoint->host_network ? "true" : NULL},
    };
    struct np_slice wanted = np_str_slice(key);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (np_slice_is(wanted, fields[i].key)) {
            *value =
                fields[i].constant ? np_slice_of(fields[i].constant) : np_str_slice(fields[i].text);
            return fields[i].constant || fields[i].text;
        }
    }
    return false;
}

static const struct np_labels *labels_of(const struct np_endpoint *endpoint, uint8_t scope)
{
    switch (scope) {
    case NP_SCOPE_OBJECT:
        return &endpoint->labels;
    case NP_SCOPE_NAMESPACE:
        return endpoint->space ? &endpoint->space->labels : NULL;
    case NP_SCOPE_SERVICE_ACCOUNT:
        return endpoint->account_labels;
    default:
        return NULL;
    }
}

bool np_value_has_part(uint8_t op, struct np_slice value, struct np_slice part)
{
    if (part.len > value.len) {
        return false;
    }
    size_t last = value.len - part.len;
    size_t from = op == NP_OP_SUFFIX ? last : 0;
    size_t to = op == NP_OP_PREFIX && !np_defect(PREFIX_IS_CONTAINS) ? 0 : last;
    for (size_t at = from; at <= to; at++) {
        if (part.len == 0 || memcmp(value.ptr + at, part.ptr, part.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool any_value(const struct np_selector *term, struct np_slice value)
{
    for (uint32_t i = 0; i < term->count; i++) {
        struct np_slice wanted = np_str_slice(term->values[i]);
        bool equal_wanted = term->term_op == NP_OP_IN || term->term_op == NP_OP_NOT_IN;
        if (equal_wanted ? np_slice_equal(value, wanted)
                         : np_value_has_part(term->term_op, value, wanted)) {
            return true;
        }
    }
    return false;
}

static bool term_match(const struct np_selector *term, const struct np_endpoint *endpoint)
{
    struct np_slice value = {NULL, 0};
    bool present;
    if (term->scope == NP_SCOPE_FIELD) {
        present = field_of(endpoint, term->key, &value);
    } else {
        np_str label = np_labels_get(labels_of(endpoint, term->scope), term->key);
        present = label != NULL;
        value = np_str_slice(label);
    }
    switch (term->term_op) {
    case NP_OP_EXISTS:
        return present;
    case NP_OP_ABSENT:
        return !present;
    case NP_OP_NOT_IN:
        return np_defect(NOT_IN_WANTS_KEY) ? present && !any_value(term, value)
                                           : !present || !any_value(term, value);
    default:
        return present && any_value(term, value);
    }
}

bool np_selector_match(const struct np_selector *selector, const struct np_endpoint *endpoint)
{
    switch (selector->op) {
    case NP_SELECT_TERM:
        return term_match(selector, endpoint);
    case NP_SELECT_NOT:
        return !np_selector_match(selector->kids[0], endpoint);
    case NP_SELECT_ANY:
        for (uint32_t i = 0; i < selector->count; i++) {
            if (np_selector_match(selector->kids[i], endpoint)) {
                return true;
            }
        }
        return false;
    default:
        for (uint32_t i = 0; i < selector->count; i++) {
            if (!np_selector_match(selector->kids[i], endpoint)) {
                return false;
            }
        }
        return true;
    }
}
