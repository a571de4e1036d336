/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a finished tree to the sink. A List is taken apart, also one inside another, as kubectl
 * does; `items` anywhere else at the top of an object is an error, because it is far more likely
 * a List with a wrong kind than a field of the object.
 */
#include "source/reader.h"
#include <stdio.h>

enum { PREFIX_MAX = 512 };

struct np_slice np_get_string(const struct np_node *node, const char *key)
{
    const struct np_node *value = np_get(node, key);
    return np_is(value, NP_STRING) ? value->text : (struct np_slice){"", 0};
}

static bool hand_over(struct np_reader *reader, const struct np_node *root, const char *prefix,
                      const struct np_list_info *list)
{
    struct np_document document = {
        .root = root,
        .source = reader->name,
        .text = reader->bytes,
        .size = reader->size,
        .path_prefix = prefix,
        .list_api_version = list->api_version,
        .list_kind = list->kind,
        .diags = reader->diags,
    };
    int status = reader->sink(reader->user, &document);
    if (status != NETPOL_OK) {
        reader->ended = status;
    }
    return status == NETPOL_OK;
}

void np_complain_items(struct np_reader *reader, struct np_position at, struct np_slice kind)
{
    if (kind.len) {
        np_complain_at(reader, NP_CODE_1301, at, 5, "items", NULL,
                       "'items' stands in an object of kind %.*s, which is no List",
                       (int)(kind.len < 100 ? kind.len : 100), kind.ptr);
    } else {
        np_complain_at(reader, NP_CODE_1301, at, 5, "items", NULL,
                       "'items' stands in an object without a kind");
    }
}

static bool feed(struct np_reader *reader, const struct np_node *node, const char *prefix,
                 const struct np_list_info *list);

static bool feed_items(struct np_reader *reader, const struct np_node *items, const char *prefix,
                       const struct np_list_info *list)
{
    for (size_t i = 0; i < items->list.count; i++) {
        char path[PREFIX_MAX];
        snprintf(path, sizeof path, "%s%sitems[%zu]", prefix, *prefix ? "." : "", i);
        if (!feed(reader, items->list.items[i], path, list)) {
            return false;
        }
    }
    return true;
}

/* A List without items is a spelling mistake that would lose every object in it. */
static bool feed_list_without_items(struct np_reader *reader, const struct np_node *node,
                                    const char *prefix, const struct np_list_info *list,
                                    struct np_slice kind)
{
    const struct np_node *value = np_get(node, "kind");
    struct np_position at = {value->line, value->column};
    if (np_slice_is(kind, "List")) {
        np_complain_at(reader, NP_CODE_1302, at, value->length, prefix, NULL,
                       "a List needs 'items'");
        return true;
    }
    np_complain_at(reader, NP_CODE_1303, at, value->length, prefix, NULL,
                   "the kind %.*s ends in List, but there are no 'items'",
                   (int)(kind.len < 100 ? kind.len : 100), kind.ptr);
    return hand_over(reader, node, prefix, list);
}

static bool feed(struct np_reader *reader, const struct np_node *node, const char *prefix,
                 const struct np_list_info *list)
{
    const struct np_member *items = np_get_member(node, "items");
    struct np_slice kind = np_get_string(node, "kind");
    bool is_list = np_is_list_kind(kind);
    if (!items) {
        return is_list ? feed_list_without_items(reader, node, prefix, list, kind)
                       : hand_over(reader, node, prefix, list);
    }
    struct np_position at = {items->line, items->column};
    if (!is_list) {
        np_complain_items(reader, at, kind);
        return true;
    }
    if (items->value->kind == NP_LIST) {
        struct np_list_info inner = {np_get_string(node, "apiVersion"), kind};
        return feed_items(reader, items->value, prefix, &inner);
    }
    if (items->value->kind != NP_NULL) {
        np_complain_at(reader, NP_CODE_1302, at, 5, "items", NULL,
                       "'items' must be a list, not a %s", np_kind_name(items->value->kind));
    }
    return true;
}

bool np_feed_document(struct np_reader *reader, const struct np_node *root)
{
    static const struct np_list_info none = {
        {"", 0},
        {"", 0}
    };
    return root->kind == NP_NULL || feed(reader, root, "", &none);
}

bool np_feed_item(struct np_reader *reader, const struct np_node *item, size_t index,
                  const struct np_list_info *list)
{
    char path[64];
    snprintf(path, sizeof path, "items[%zu]", index);
    return feed(reader, item, path, list);
}
