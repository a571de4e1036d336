/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/cilium/selector.h"

#include "dialect/cilium/identity.h"
#include "dialect/cilium/labels.h"
#include "dialect/syntax.h"

#include <stdio.h>

enum { CIDR_TEXT_MAX = 64 };

static const char *const sources[] = {
    [NP_CILIUM_ANY] = "any",
    [NP_CILIUM_K8S] = "k8s",
    [NP_CILIUM_RESERVED] = "reserved",
    [NP_CILIUM_CIDR] = "cidr",
    [NP_CILIUM_CIDRGROUP] = "cidrgroup",
    [NP_CILIUM_FQDN] = "fqdn",
    [NP_CILIUM_NODE] = "node",
    [NP_CILIUM_CONTAINER] = "container",
    [NP_CILIUM_UNSPEC] = "unspec",
    [NP_CILIUM_GEN] = "gen",
    [NP_CILIUM_DIRECTORY] = "directory",
    [NP_CILIUM_CNI] = "cni",
};
_Static_assert(sizeof sources / sizeof *sources == NP_CILIUM_SOURCES, "a name for every source");

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

static struct np_slice behind(struct np_slice text, size_t len)
{
    return (struct np_slice){text.ptr + len, text.len - len};
}

/* ---- keys ---- */

/*
 * parseSource of pkg/labels/labels.go: "$key" is a reserved one, too. A key cannot hold ':' itself,
 * so what stands before the first one is the source. false: no such source; *word is it.
 */
static bool split(struct np_slice text, struct np_cilium_term *term, struct np_slice *word)
{
    term->source = NP_CILIUM_ANY;
    term->key = text;
    if (np_cilium_label_begins(text, "$", NULL)) {
        term->source = NP_CILIUM_RESERVED;
        term->key = behind(text, 1);
        return true;
    }
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    if (!colon) {
        return true;
    }
    *word = (struct np_slice){text.ptr, (size_t)(colon - text.ptr)};
    term->key = behind(text, word->len + 1);
    for (size_t i = 0; i < NP_CILIUM_SOURCES; i++) {
        if (np_slice_is(*word, sources[i])) {
            term->source = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* A label holds no ':' in its key: pkg/labels/cidr.go writes '-' in IPv6 prefixes, and a 0 where
 * the key would begin or end with it. */
static bool as_prefix(struct np_slice key, struct np_prefix *out)
{
    char text[CIDR_TEXT_MAX];
    bool slash = key.len && memchr(key.ptr, '/', key.len);
    if (!slash || key.len >= sizeof text) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        text[i] = key.ptr[i] == '-' ? ':' : key.ptr[i];
    }
    unsigned odd = 0;
    return np_prefix_parse((struct np_slice){text, key.len}, out, &odd) == NP_PREFIX_OK &&
           !(odd & NP_ODD_LEADING_ZERO);
}

static void unknown_source(struct np_decode *d, struct np_spot spot, struct np_slice text,
                           struct np_slice word)
{
    const char *near = np_suggest(word, sources, NP_CILIUM_SOURCES);
    char hint[64];
    snprintf(hint, sizeof hint, "Did you mean %s:?", near ? near : "");
    np_decode_report_full(d, NP_CODE_2530, -1, near ? hint : NULL, spot,
                          "\"%.*s\" is no source of labels, in \"%.*s\"", shown(word), word.ptr,
                          shown(text), text.ptr);
}

/* false: reported. */
static bool read_key(struct np_decode *d, struct np_spot spot, struct np_slice text,
                     struct np_cilium_term *term)
{
    struct np_slice word = {"", 0};
    if (!split(text, term, &word)) {
        unknown_source(d, spot, text, word);
        return false;
    }
    if (!as_prefix(term->key, &term->prefix)) {
        term->prefix.address.family = 0;
    }
    const char *wrong = np_syntax_label_key(term->key);
    if (term->source == NP_CILIUM_CIDR && (wrong || !term->prefix.address.family)) {
        np_decode_report_full(d, NP_CODE_2531, -1, NULL, spot,
                              "\"%.*s\" is not a range of addresses", shown(text), text.ptr);
        return false;
    }
    if (wrong) {
        np_decode_report_full(d, NP_CODE_2024, -1, NULL, spot, "label key \"%.*s\" %s", shown(text),
                              text.ptr, wrong);
    }
    return !wrong;
}

/* ---- checks of the tables ---- */

static void check_requirement(struct np_decode *d, void *object)
{
    np_selector_check_values(d, object);
}

static void read_pair(struct np_decode *d, const struct np_pair *pair, struct np_cilium_term *terms,
                      size_t *count)
{
    size_t mark = np_path_member(d, pair->key);
    struct np_cilium_term *term = &terms[*count];
    if (read_key(d, np_spot_of_key(pair->member), pair->key, term)) {
        term->op = NP_OP_IN;
        term->equality = true;
        term->values = &pair->value;
        term->n_values = 1;
        ++*count;
    }
    np_selector_check_value(d, pair->member->value, pair->value);
    np_path_end(d, mark);
}

static void read_requirement(struct np_decode *d, const struct np_requirement *r,
                             struct np_cilium_term *terms, size_t *count)
{
    struct np_slice *values = np_decode_alloc(d, r->values.count, sizeof *values);
    struct np_cilium_term *term = &terms[*count];
    if (!values || !r->key.ptr || !r->op.ptr) {
        return;
    }
    for (size_t i = 0; i < r->values.count; i++) {
        values[i] = r->values.items[i].text;
    }
    size_t mark = np_path_key(d, "key");
    if (read_key(d, np_spot_of(np_get(r->node, "key")), r->key, term)) {
        term->op = (uint8_t)np_selector_op(r->op);
        term->values = values;
        term->n_values = r->values.count;
        ++*count;
    }
    np_path_end(d, mark);
}

static void check_selector(struct np_decode *d, void *object)
{
    struct np_cilium_selector *s = object;
    size_t room = s->match_labels.count + s->match_expressions.count;
    struct np_cilium_term *terms = np_decode_alloc(d, room + 1, sizeof *terms);
    if (!terms) {
        return;
    }
    size_t mark = np_path_key(d, "matchLabels");
    for (size_t i = 0; i < s->match_labels.count; i++) {
        read_pair(d, &s->match_labels.items[i], terms, &s->n_terms);
    }
    np_path_end(d, mark);
    mark = np_path_key(d, "matchExpressions");
    for (size_t i = 0; i < s->match_expressions.count; i++) {
        size_t inner = np_path_index(d, i);
        read_requirement(d, &s->match_expressions.items[i], terms, &s->n_terms);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    s->terms = terms;
}

#include "dialect/cilium/selector.def"

/* ---- what a selector names ---- */

const char *np_cilium_source_name(enum np_cilium_source source)
{
    return sources[source];
}

bool np_cilium_selector_has(const struct np_cilium_selector *selector, enum np_cilium_source source,
                            const char *key)
{
    for (size_t i = 0; selector && i < selector->n_terms; i++) {
        const struct np_cilium_term *term = &selector->terms[i];
        if (term->source == source && np_slice_is(term->key, key)) {
            return true;
        }
    }
    return false;
}

bool np_cilium_selector_has_source(const struct np_cilium_selector *selector,
                                   enum np_cilium_source source)
{
    for (size_t i = 0; selector && i < selector->n_terms; i++) {
        if (selector->terms[i].source == source) {
            return true;
        }
    }
    return false;
}

static bool names(const struct np_cilium_term *term, struct np_slice value)
{
    for (size_t i = 0; i < term->n_values; i++) {
        if (np_slice_equal(term->values[i], value)) {
            return true;
        }
    }
    return false;
}

void np_cilium_check_labels(struct np_decode *d, const struct np_cilium_selector *selector)
{
    for (size_t i = 0; selector && i < selector->n_terms; i++) {
        const struct np_cilium_term *term = &selector->terms[i];
        bool of_pods = term->source == NP_CILIUM_ANY || term->source == NP_CILIUM_K8S;
        if (of_pods && !np_cilium_label_counts(term->key)) {
            np_decode_report(d, NP_CODE_2544, selector->node,
                             "identities do not keep the label \"%.*s\"", shown(term->key),
                             term->key.ptr);
        }
    }
}

void np_cilium_check_subjects(struct np_decode *d, const struct np_cilium_selector *selector)
{
    np_cilium_check_labels(d, selector);
    struct np_slice own = d->object->namespace_name;
    for (size_t i = 0; selector && own.len && i < selector->n_terms; i++) {
        const struct np_cilium_term *term = &selector->terms[i];
        bool about = (term->source == NP_CILIUM_K8S || term->source == NP_CILIUM_ANY) &&
                     np_slice_is(term->key, NP_CILIUM_LABEL_NAMESPACE);
        if (about && term->op == NP_OP_IN && !names(term, own)) {
            bool replaced = term->equality && term->source == NP_CILIUM_K8S;
            np_decode_report(
                d, NP_CODE_2532, selector->node, "the selector names another namespace than %.*s%s",
                shown(own), own.ptr, replaced ? ", which takes its place" : " and selects nothing");
        }
    }
}
