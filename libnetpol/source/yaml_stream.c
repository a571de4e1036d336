/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents begin and end, and a top-level List gives its items away while it is read, so that a
 * dump of a cluster never stands in memory as a whole. kubectl writes `items` before `kind`, so an
 * item is handed over at once when it names its own kind; one that does not waits until the kind
 * of the list is known.
 */
#include "source/yaml_internal.h"

void np_yaml_document_start(struct np_yaml *y, const yaml_event_t *event)
{
    np_arena_reset(&y->document);
    np_arena_reset(&y->item);
    y->arena = &y->document;
    y->frames.count = y->members.count = y->items.count = y->waiting.count = 0;
    if (y->anchors.count) {
        np_map_free(&y->anchor_names);
        y->anchors.count = 0;
    }
    y->expanded = 0;
    y->root = NULL;
    y->document_start = np_yaml_offset(y, event->start_mark);
    y->bad = y->bad_outside = y->streamed = y->pinned = false;
    y->item_index = 0;
}

/* What the list itself has said so far. */
static struct np_list_info list_so_far(const struct np_yaml *y)
{
    struct np_list_info info = {
        {"", 0},
        {"", 0}
    };
    for (size_t i = 0; i < y->members.count; i++) {
        const struct np_member *member = &y->members.items[i];
        if (np_is(member->value, NP_STRING) && np_slice_is(member->key, "kind")) {
            info.kind = member->value->text;
        } else if (np_is(member->value, NP_STRING) && np_slice_is(member->key, "apiVersion")) {
            info.api_version = member->value->text;
        }
    }
    return info;
}

bool np_yaml_should_stream(struct np_yaml *y)
{
    if (y->frames.count != 1 || y->streamed) {
        return false;
    }
    const struct np_frame *root = &y->frames.items[0];
    if (!root->is_map || root->anchor || root->key_kind != NP_STRING ||
        !np_slice_is(root->key, "items")) {
        return false;
    }
    y->list = list_so_far(y);
    return y->list.kind.len == 0 || np_is_list_kind(y->list.kind);
}

enum np_yaml_step np_yaml_stream_item(struct np_yaml *y, struct np_node *item)
{
    size_t index = y->item_index++;
    bool bad = y->bad;
    y->bad = false;
    if (!bad) {
        struct np_list_info info = {
            {"", 0},
            {"", 0}
        };
        bool known = y->list.kind.len && y->list.api_version.len;
        if (known) {
            info = y->list;
        }
        if (known || np_get(item, "kind")) {
            if (!np_feed_item(y->reader, item, index, &info)) {
                return NP_YAML_END;
            }
        } else {
            struct np_waiting *waiting = np_vec_push(y->reader->ctx, &y->waiting);
            if (!waiting) {
                return np_yaml_no_memory(y);
            }
            *waiting = (struct np_waiting){item, index};
            y->pinned = true;
        }
    }
    if (!y->pinned && y->anchors.count == 0) {
        np_arena_reset(&y->item);
    }
    return NP_YAML_ON;
}

enum np_yaml_step np_yaml_stream_end(struct np_yaml *y)
{
    struct np_list_info info = {np_get_string(y->root, "apiVersion"),
                                np_get_string(y->root, "kind")};
    if (!np_is_list_kind(info.kind)) {
        np_complain_items(y->reader, y->items_at, info.kind);
        return NP_YAML_ON;
    }
    for (size_t i = 0; i < y->waiting.count; i++) {
        if (!np_feed_item(y->reader, y->waiting.items[i].item, y->waiting.items[i].index, &info)) {
            return NP_YAML_END;
        }
    }
    return NP_YAML_ON;
}

enum np_yaml_step np_yaml_document_end(struct np_yaml *y)
{
    if (!y->root || y->bad) {
        return NP_YAML_ON;
    }
    if (y->streamed) {
        return np_yaml_stream_end(y);
    }
    return np_feed_document(y->reader, y->root) ? NP_YAML_ON : NP_YAML_END;
}
