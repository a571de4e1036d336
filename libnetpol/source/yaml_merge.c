/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map closes: are its keys distinct, and what does << bring in?
 *
 * Explicit keys win over merged ones, and of a list of maps the earlier wins. Source: YAML merge
 * type; goyaml.v2 decode.go (merge) agrees except that it lets a << that stands *behind* an
 * explicit key win, so that place gets a warning.
 *
 * Keys that are no strings become strings as in kubectl. Source: sigs.k8s.io/yaml yaml.go
 * (convertToJSONableObject), strconv.FormatFloat(f, 'g', -1, 32).
 */
#include "source/decimal.h"
#include "source/yaml_internal.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The shortest digits that give the same 32-bit float; *exponent of the first digit. */
static size_t shortest_digits(float value, char digits[16], int *exponent)
{
    size_t count = 0;
    for (int precision = 0; precision <= 8; precision++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", precision, (double)value);
        /* The decimal sign depends on the locale, so only digits are taken. */
        const char *ptr = text;
        for (count = 0; *ptr && *ptr != 'e'; ptr++) {
            if (*ptr >= '0' && *ptr <= '9') {
                digits[count++] = *ptr;
            }
        }
        *exponent = *ptr ? (int)strtol(ptr + 1, NULL, 10) : 0;
        if ((float)np_decimal_to_double(digits, count, *exponent - precision) == value) {
            break;
        }
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    return count;
}

static void format_float(double real, char *out, size_t size)
{
    float value = (float)real;
    if (isnan(value) || isinf(value)) {
        snprintf(out, size, "%s", isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf");
        return;
    }
    char digits[16] = "0";
    int exponent;
    size_t count = shortest_digits(fabsf(value), digits, &exponent);
    const char *sign = signbit(value) ? "-" : "";
    int all = (int)count;
    if (exponent < -4 || exponent >= 6) {
        snprintf(out, size, "%s%c%s%.*se%c%02d", sign, digits[0], all > 1 ? "." : "", all - 1,
                 digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        snprintf(out, size, "%s0.%.*s%.*s", sign, -exponent - 1, "0000", all, digits);
    } else if (all <= exponent + 1) {
        snprintf(out, size, "%s%.*s%.*s", sign, all, digits, exponent + 1 - all, "000000");
    } else {
        snprintf(out, size, "%s%.*s.%.*s", sign, exponent + 1, digits, all - exponent - 1,
                 digits + exponent + 1);
    }
}

bool np_yaml_key_text(struct np_yaml *y, const struct np_node *scalar, struct np_slice *text)
{
    char buffer[64];
    switch (scalar->kind) {
    case NP_STRING:
        *text = scalar->text;
        return true;
    case NP_BOOL:
        *text = np_slice_of(scalar->boolean ? "true" : "false");
        return true;
    case NP_INT:
        if (scalar->flags & NP_NODE_BIG) {
            return false;
        }
        snprintf(buffer, sizeof buffer, "%" PRId64, scalar->integer);
        break;
    case NP_FLOAT:
        format_float(scalar->real, buffer, sizeof buffer);
        break;
    default:
        return false;
    }
    *text = np_arena_slice(y->arena, np_slice_of(buffer));
    if (!text->ptr) {
        np_yaml_no_memory(y);
    }
    return text->ptr != NULL;
}

static void complain_key(struct np_yaml *y, struct np_frame *frame, enum np_code code,
                         const struct np_member *member, const struct np_member *other,
                         const char *what)
{
    char path[512];
    frame->key = member->key;
    frame->has_key = true;
    np_yaml_path(y, path, sizeof path);
    frame->has_key = false;
    int len = (int)(member->key.len < 100 ? member->key.len : 100);
    struct np_position at = {member->line, member->column};
    np_complain_at(y->reader, code, at, member->key.len, path, NULL, "the key '%.*s' %s at %lu:%lu",
                   len, member->key.ptr, what, (unsigned long)other->line,
                   (unsigned long)other->column);
}

/* The maps a << names, in order of precedence; NULL with *count SIZE_MAX: not a map. */
static struct np_node *const *merged_maps(struct np_node *const *value, size_t *count)
{
    struct np_node *const *maps = value;
    *count = 1;
    if ((*value)->kind == NP_LIST) {
        maps = (*value)->list.items;
        *count = (*value)->list.count;
    }
    for (size_t i = 0; i < *count; i++) {
        if (maps[i]->kind != NP_MAP) {
            *count = SIZE_MAX;
            return NULL;
        }
    }
    return maps;
}

static enum np_yaml_step merge_map(struct np_yaml *y, struct np_frame *frame,
                                   const struct np_member *merge, size_t before,
                                   const struct np_node *map, struct np_member *all)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct np_member *member = &map->map.members[i];
        size_t found = np_keys_find(&y->keys, member->key);
        if (found != SIZE_MAX) {
            if (found < before) {
                complain_key(y, frame, NP_CODE_1112, &all[found], merge,
                             "stands before a << that also brings it,");
            }
            continue;
        }
        struct np_node *value = np_arena_alloc(y->arena, sizeof *value);
        if (!value) {
            return np_yaml_no_memory(y);
        }
        *value = *member->value;
        value->flags |= NP_NODE_ALIAS;
        all[y->keys.count] = *member;
        all[y->keys.count].value = value;
        np_keys_add(&y->keys);
    }
    return NP_YAML_ON;
}

/* members[at] is the <<. */
static enum np_yaml_step merge(struct np_yaml *y, struct np_frame *frame, size_t at)
{
    const struct np_member *members = y->members.items + frame->base;
    size_t explicit_count = y->members.count - frame->base;
    const struct np_member *key = &members[at];
    size_t maps_count, most = explicit_count;
    struct np_node *const *maps = merged_maps(&key->value, &maps_count);
    if (maps_count == SIZE_MAX) {
        char path[512];
        np_complain_at(y->reader, NP_CODE_1110, (struct np_position){key->line, key->column}, 2,
                       np_yaml_path(y, path, sizeof path), NULL,
                       "<< needs a map or a list of maps");
        y->bad = true;
        maps_count = 0;
    }
    for (size_t i = 0; i < maps_count; i++) {
        most += maps[i]->map.count;
    }
    struct np_member *all = np_arena_array(y->arena, most, sizeof *all);
    if (!all || !np_keys_start(&y->keys, all, most)) {
        return np_yaml_no_memory(y);
    }
    for (size_t i = 0; i < explicit_count; i++) {
        if (members[i].key_plain_kind != NP_KEY_MERGE) {
            all[y->keys.count] = members[i];
            np_keys_add(&y->keys);
        }
    }
    for (size_t i = 0; i < maps_count; i++) {
        enum np_yaml_step step = merge_map(y, frame, key, at, maps[i], all);
        if (step != NP_YAML_ON) {
            return step;
        }
    }
    frame->node->map.members = all;
    frame->node->map.count = y->keys.count;
    return NP_YAML_ON;
}

enum np_yaml_step np_yaml_close_map(struct np_yaml *y, struct np_frame *frame)
{
    size_t count = y->members.count - frame->base, merge_at = 0;
    const struct np_member *members = count ? y->members.items + frame->base : NULL;
    if (!np_keys_start(&y->keys, members, count)) {
        return np_yaml_no_memory(y);
    }
    for (size_t i = 0; i < count; i++) {
        size_t first = np_keys_add(&y->keys);
        if (first != SIZE_MAX) {
            complain_key(y, frame, NP_CODE_1104, &members[i], &members[first],
                         "stands twice, first");
            y->bad = true;
        }
        if (members[i].key_plain_kind == NP_KEY_MERGE) {
            merge_at = i;
        }
    }
    struct np_node *node = frame->node;
    if (frame->merges) {
        enum np_yaml_step step = merge(y, frame, merge_at);
        if (step != NP_YAML_ON) {
            return step;
        }
    } else {
        node->map.members = np_arena_array(y->arena, count, sizeof *members);
        if (!node->map.members) {
            return np_yaml_no_memory(y);
        }
        if (count) {
            memcpy(node->map.members, members, count * sizeof *members);
        }
        node->map.count = count;
    }
    y->members.count = frame->base;
    return NP_YAML_ON;
}
