/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a node tree, and copying one. */
#include "source/node.h"

const struct np_member *np_get_member(const struct np_node *node, const char *key)
{
    if (!np_is(node, NP_MAP)) {
        return NULL;
    }
    struct np_slice wanted = np_slice_of(key);
    for (size_t i = 0; i < node->map.count; i++) {
        if (np_slice_equal(node->map.members[i].key, wanted)) {
            return &node->map.members[i];
        }
    }
    return NULL;
}

struct np_node *np_get(const struct np_node *node, const char *key)
{
    const struct np_member *member = np_get_member(node, key);
    return member ? member->value : NULL;
}

const char *np_kind_name(enum np_kind kind)
{
    static const char *const names[NP_KIND_COUNT] = {
        [NP_NULL] = "null",     [NP_BOOL] = "boolean", [NP_INT] = "integer", [NP_FLOAT] = "number",
        [NP_STRING] = "string", [NP_LIST] = "list",    [NP_MAP] = "object",
    };
    return (unsigned)kind < NP_KIND_COUNT ? names[kind] : "?";
}

static bool clone_list(struct np_node *copy, const struct np_node *node, struct np_arena *arena)
{
    copy->list.items = np_arena_array(arena, node->list.count, sizeof *copy->list.items);
    if (!copy->list.items) {
        return false;
    }
    for (size_t i = 0; i < node->list.count; i++) {
        copy->list.items[i] = np_node_clone(node->list.items[i], arena);
        if (!copy->list.items[i]) {
            return false;
        }
    }
    return true;
}

static bool clone_map(struct np_node *copy, const struct np_node *node, struct np_arena *arena)
{
    copy->map.members = np_arena_array(arena, node->map.count, sizeof *copy->map.members);
    if (!copy->map.members) {
        return false;
    }
    for (size_t i = 0; i < node->map.count; i++) {
        struct np_member *member = &copy->map.members[i];
        *member = node->map.members[i];
        member->key = np_arena_slice(arena, member->key);
        member->value = np_node_clone(member->value, arena);
        if (!member->key.ptr || !member->value) {
            return false;
        }
    }
    return true;
}

/* Recursive: readers never build a tree deeper than the limit of the context. */
struct np_node *np_node_clone(const struct np_node *node, struct np_arena *arena)
{
    struct np_node *copy = np_arena_alloc(arena, sizeof *copy);
    if (!copy) {
        return NULL;
    }
    *copy = *node;
    if (node->kind == NP_LIST) {
        return clone_list(copy, node, arena) ? copy : NULL;
    }
    if (node->kind == NP_MAP) {
        return clone_map(copy, node, arena) ? copy : NULL;
    }
    copy->text = np_arena_slice(arena, node->text);
    return copy->text.ptr ? copy : NULL;
}
