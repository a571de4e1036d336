/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts are copied into the object's arena by np_decode_text, unless the whole tree was kept there.
 */
#include "dialect/meta.h"

#include "dialect/decode.h"

/* Names in messages are cut: hostile ones are long. */
#define SHOWN(text) (int)((text).len < 100 ? (text).len : 100), (text).ptr

static bool keep(struct np_decode *d, struct np_slice text, struct np_slice *out)
{
    if (d->kept) {
        *out = text;
        return true;
    }
    struct np_slice copy = np_arena_slice(&d->object->arena, text);
    if (!copy.ptr) {
        d->no_memory = true;
        return false;
    }
    *out = copy;
    return true;
}

/* The string at map.key; ptr NULL when absent or null. */
static bool text_at(struct np_decode *d, const struct np_node *map, const char *key,
                    struct np_slice *out)
{
    const struct np_node *node = np_get(map, key);
    *out = (struct np_slice){NULL, 0};
    if (!node || node->kind == NP_NULL) {
        return true;
    }
    size_t mark = np_path_key(d, key);
    bool ok = np_decode_text(d, node, out);
    np_path_end(d, mark);
    return ok;
}

static bool read_name(struct np_decode *d, const struct np_node *metadata, np_syntax_fn syntax,
                      struct np_slice *out)
{
    struct np_slice text;
    if (!text_at(d, metadata, "name", &text)) {
        return false;
    }
    if (text.len == 0) {
        np_decode_report_in(d, NP_CODE_2050, metadata, "name", "the object has no name");
        return false;
    }
    *out = text;
    const char *wrong = syntax(text);
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2051, metadata, "name", "name \"%.*s\" %s", SHOWN(text),
                            wrong);
    }
    return !wrong;
}

static bool default_to(struct np_decode *d, const struct np_node *metadata, const char *fallback,
                       struct np_slice *out)
{
    if (!fallback || !*fallback) {
        fallback = "default";
        np_decode_report_in(d, NP_CODE_2054, metadata, "namespace",
                            "no namespace is given: taken as \"default\"");
    }
    const char *wrong = np_syntax_label(np_slice_of(fallback));
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2052, metadata, "namespace",
                            "the default namespace \"%s\" %s", fallback, wrong);
        return false;
    }
    *out = np_arena_slice(&d->object->arena, np_slice_of(fallback));
    d->no_memory |= !out->ptr;
    return out->ptr != NULL;
}

static bool read_namespace(struct np_decode *d, const struct np_node *metadata, bool namespaced,
                           const char *fallback, struct np_slice *out)
{
    struct np_slice text;
    if (!text_at(d, metadata, "namespace", &text)) {
        return false;
    }
    if (text.len == 0) {
        return !namespaced || default_to(d, metadata, fallback, out);
    }
    if (!namespaced) {
        np_decode_report_in(d, NP_CODE_2053, metadata, "namespace",
                            "this kind has cluster scope, it cannot be in a namespace");
        return false;
    }
    const char *wrong = np_syntax_label(text);
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2052, metadata, "namespace", "namespace \"%.*s\" %s",
                            SHOWN(text), wrong);
    }
    *out = text;
    return !wrong;
}

bool np_meta_identity(struct np_decode *d, const struct np_node *root, bool namespaced,
                      np_syntax_fn name_syntax, const char *default_namespace,
                      struct np_slice *namespace_name, struct np_slice *name)
{
    *namespace_name = *name = (struct np_slice){"", 0};
    const struct np_node *metadata = np_get(root, "metadata");
    if (!np_is(metadata, NP_MAP)) {
        np_decode_report_in(d, NP_CODE_2050, root, "metadata",
                            metadata ? "metadata is no object, so the object has no name"
                                     : "the object has no metadata and so no name");
        return false;
    }
    size_t mark = np_path_key(d, "metadata");
    bool named = read_name(d, metadata, name_syntax, name);
    bool placed = read_namespace(d, metadata, namespaced, default_namespace, namespace_name);
    np_path_end(d, mark);
    return named && placed;
}

static bool label_value(struct np_decode *d, const struct np_node *node, struct np_slice *out)
{
    if (node->kind == NP_NULL) { /* Go decodes null as "" in a map of strings */
        np_decode_report(d, NP_CODE_2018, node, "null is read as the empty string");
        *out = np_slice_of("");
        return true;
    }
    if (!np_decode_text(d, node, out)) {
        return false;
    }
    const char *wrong = np_syntax_label_value(*out);
    if (wrong) {
        np_decode_report(d, NP_CODE_2025, node, "label value \"%.*s\" %s", SHOWN(*out), wrong);
    }
    return !wrong;
}

static bool read_label(struct np_decode *d, const struct np_member *member,
                       struct np_label_text *out)
{
    const char *wrong = np_syntax_label_key(member->key);
    if (wrong) {
        np_decode_report_full(d, NP_CODE_2024, -1, NULL, np_spot_of_key(member),
                              "label key \"%.*s\" %s", SHOWN(member->key), wrong);
        return false;
    }
    size_t mark = np_path_member(d, member->key);
    struct np_label_text label;
    bool ok = label_value(d, member->value, &label.value);
    np_path_end(d, mark);
    if (ok && out) {
        ok = keep(d, member->key, &label.key);
        *out = label;
    }
    return ok;
}

bool np_meta_labels(struct np_decode *d, const struct np_node *labels, struct np_label_list *out)
{
    if (out) {
        *out = (struct np_label_list){NULL, 0};
    }
    if (!labels || labels->kind == NP_NULL) {
        return true;
    }
    if (labels->kind != NP_MAP) {
        char found[64];
        np_decode_report(d, NP_CODE_2008, labels, "expected object, found %s",
                         np_decode_found(labels, found));
        return false;
    }
    struct np_label_text *items = NULL;
    if (out && labels->map.count) {
        items = np_decode_alloc(d, labels->map.count, sizeof *items);
        if (!items) {
            return false;
        }
    }
    bool ok = true;
    for (size_t i = 0; i < labels->map.count && !d->no_memory; i++) {
        ok = read_label(d, &labels->map.members[i], items ? &items[i] : NULL) && ok;
    }
    if (out && ok) {
        *out = (struct np_label_list){items, (uint32_t)labels->map.count};
    }
    return ok && !d->no_memory;
}

bool np_meta_labels_of(struct np_decode *d, const struct np_node *root, struct np_label_list *out)
{
    size_t mark = np_path_key(d, "metadata");
    (void)np_path_key(d, "labels");
    bool ok = np_meta_labels(d, np_get(np_get(root, "metadata"), "labels"), out);
    np_path_end(d, mark);
    return ok;
}

struct np_labels np_meta_build_labels(struct np_build *b, const struct np_label_list *labels)
{
    struct np_label small[32];
    struct np_label *items = small;
    if (labels->count > sizeof small / sizeof *small) {
        items = np_build_alloc(b, labels->count, sizeof *items);
        if (!items) {
            return (struct np_labels){NULL, 0};
        }
    }
    for (uint32_t i = 0; i < labels->count; i++) {
        items[i] = (struct np_label){np_build_str(b, labels->items[i].key),
                                     np_build_str(b, labels->items[i].value)};
    }
    return np_build_labels(b, items, labels->count);
}
