/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over shape and node tree. Members are taken in source order, so that messages are too.
 */
#include "dialect/decode.h"
#include "dialect/label_selector.h"
#include <float.h>
#include <stdio.h>

enum { KEYS_MAX = 48, PROPOSALS_MAX = 100 };

void *np_decode_alloc(struct np_decode *d, size_t count, size_t size)
{
    void *memory = np_arena_array(&d->object->arena, count, size);
    if (!memory) {
        d->no_memory = true;
    }
    return memory;
}

const struct np_node *np_decode_keep(struct np_decode *d, const struct np_node *root)
{
    struct np_node *clone = np_node_clone(root, &d->object->arena);
    d->kept = clone != NULL;
    d->no_memory |= !clone;
    return clone;
}

/* A text that lives as long as the object. */
static struct np_slice keep_text(struct np_decode *d, struct np_slice text)
{
    if (d->kept) {
        return text;
    }
    struct np_slice copy = np_arena_slice(&d->object->arena, text);
    if (!copy.ptr) {
        d->no_memory = true;
    }
    return copy;
}

static void fill(void *object, const struct np_field *field, const void *value, size_t size)
{
    memcpy((char *)object + field->offset, value, size);
}

/* ---- values ---- */

static bool wrong_type(struct np_decode *d, const struct np_node *node, const char *wanted,
                       const char *hint)
{
    char found[64];
    np_decode_report_full(d, NP_CODE_2008, -1, hint, np_spot_of(node), "expected %s, found %s",
                          wanted, np_decode_found(node, found));
    return false;
}

bool np_decode_text(struct np_decode *d, const struct np_node *node, struct np_slice *out)
{
    if (node->kind == NP_STRING) {
        *out = keep_text(d, node->text);
        return out->ptr != NULL;
    }
    if (node->kind == NP_LIST || node->kind == NP_MAP || node->kind == NP_NULL) {
        return wrong_type(d, node, "string", "Write a string here.");
    }
    if (!(d->load_flags & NETPOL_LOAD_LENIENT)) {
        return wrong_type(d, node, "string", "Quote it: the bare word is not a string.");
    }
    *out = keep_text(d, node->text);
    np_decode_report(d, NP_CODE_2009, node, "%s is read as the string \"%.*s\"",
                     np_kind_name(node->kind), (int)(node->text.len < 64 ? node->text.len : 64),
                     node->text.ptr);
    return out->ptr != NULL;
}

/* 80.0 and 8e1 reach the API server as 80: the client has rewritten them. */
static bool whole_float(struct np_decode *d, const struct np_node *node, int64_t *out)
{
    if (!(node->real >= -9007199254740992.0 && node->real <= 9007199254740992.0) ||
        (double)(int64_t)node->real != node->real) {
        return false;
    }
    *out = (int64_t)node->real;
    np_decode_report(d, NP_CODE_2014, node, "number with a fraction or exponent is read as %lld",
                     (long long)*out);
    return true;
}

bool np_decode_number(struct np_decode *d, const struct np_node *node, int64_t *out)
{
    if (node->kind == NP_FLOAT && whole_float(d, node, out)) {
        return true;
    }
    if (node->kind != NP_INT) {
        const char *hint = node->kind == NP_STRING && (node->flags & NP_NODE_QUOTED)
                               ? "Write the number without quotes."
                               : "Write a whole number.";
        return wrong_type(d, node, "integer", hint);
    }
    if (node->flags & NP_NODE_BIG) {
        np_decode_report(d, NP_CODE_2013, node, "the number does not fit into 64 bits");
        return false;
    }
    *out = node->integer;
    if (!(node->flags & NP_NODE_OCTAL)) {
        return true;
    }
    bool lenient = d->load_flags & NETPOL_LOAD_LENIENT;
    np_decode_report_full(d, NP_CODE_2015, lenient ? NETPOL_WARNING : -1, NULL, np_spot_of(node),
                          "%.*s is octal here (%lld), but decimal to YAML 1.2",
                          (int)(node->text.len < 64 ? node->text.len : 64), node->text.ptr,
                          (long long)node->integer);
    return lenient;
}

static enum np_code code_of(const struct np_field *field, enum np_code general)
{
    return field->code ? (enum np_code)field->code : general;
}

static size_t code_points(struct np_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static bool allowed_value(struct np_decode *d, const struct np_field *field,
                          const struct np_node *node, struct np_slice text)
{
    size_t count = 0;
    while (field->values[count]) {
        if (np_slice_is(text, field->values[count++])) {
            return true;
        }
    }
    char hint[160] = "Use one of:";
    for (size_t i = 0, used = strlen(hint); i < count && used < sizeof hint; i++) {
        used += (size_t)snprintf(hint + used, sizeof hint - used, "%s %s", i ? "," : "",
                                 field->values[i]);
    }
    const char *near = np_suggest(text, field->values, count);
    np_decode_report_full(d, code_of(field, NP_CODE_2012), -1, hint, np_spot_of(node),
                          "\"%.*s\" is not a value of %s%s%s%s",
                          (int)(text.len < 64 ? text.len : 64), text.ptr, field->key,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return false;
}

static void read_string(struct np_decode *d, const struct np_field *field,
                        const struct np_node *node, void *out)
{
    struct np_slice text;
    if (!np_decode_text(d, node, &text)) {
        return;
    }
    if (field->values && !allowed_value(d, field, node, text)) {
        return;
    }
    if (field->max_length && code_points(text) > field->max_length) {
        np_decode_report(d, code_of(field, NP_CODE_2017), node,
                         "%s has %zu characters, at most %u are allowed", field->key,
                         code_points(text), field->max_length);
        return;
    }
    fill(out, field, &text, sizeof text);
}

static void read_int(struct np_decode *d, const struct np_field *field, const struct np_node *node,
                     void *out)
{
    struct np_int value = {.set = true};
    if (!np_decode_number(d, node, &value.value)) {
        return;
    }
    if ((field->min || field->max) && (value.value < field->min || value.value > field->max)) {
        np_decode_report(d, code_of(field, NP_CODE_2013), node, "%s is %lld, must be %lld to %lld",
                         field->key, (long long)value.value, (long long)field->min,
                         (long long)field->max);
        return;
    }
    fill(out, field, &value, sizeof value);
}

static void read_bool(struct np_decode *d, const struct np_field *field, const struct np_node *node,
                      void *out)
{
    if (node->kind != NP_BOOL) {
        wrong_type(d, node, "boolean", "Write true or false, without quotes.");
        return;
    }
    struct np_int value = {.set = true, .value = node->boolean};
    fill(out, field, &value, sizeof value);
}

static void read_number(struct np_decode *d, const struct np_field *field,
                        const struct np_node *node, void *out)
{
    struct np_real value = {.set = true};
    bool big = node->kind == NP_INT && (node->flags & NP_NODE_BIG);
    if (node->kind == NP_FLOAT || big) {
        bool good = !big || np_scalar_float(node->text, &value.value);
        value.value = big ? value.value : node->real;
        if (!good || !(value.value >= -DBL_MAX && value.value <= DBL_MAX)) {
            np_decode_report(d, code_of(field, NP_CODE_2013), node, "%s must be a finite number",
                             field->key);
            return;
        }
    } else if (node->kind != NP_INT) {
        wrong_type(d, node, "number", "Write a number, without quotes.");
        return;
    } else {
        int64_t whole;
        if (!np_decode_number(d, node, &whole)) {
            return;
        }
        value.value = (double)whole;
    }
    fill(out, field, &value, sizeof value);
}

static bool int_or_string(struct np_decode *d, const struct np_node *node,
                          struct np_int_or_string *out)
{
    *out = (struct np_int_or_string){.set = true, .is_name = node->kind == NP_STRING};
    if (out->is_name) {
        out->name = keep_text(d, node->text);
        return out->name.ptr != NULL;
    }
    if (node->kind != NP_INT && node->kind != NP_FLOAT) {
        return wrong_type(d, node, "integer or string", "Write a number, or a name.");
    }
    return np_decode_number(d, node, &out->number);
}

static void read_int_or_string(struct np_decode *d, const struct np_field *field,
                               const struct np_node *node, void *out)
{
    struct np_int_or_string value;
    if (int_or_string(d, node, &value)) {
        fill(out, field, &value, sizeof value);
    }
}

/* ---- lists, maps, objects ---- */

typedef np_list(void) any_list;

static void read_object(struct np_decode *d, const struct np_field *field,
                        const struct np_node *node, void *out)
{
    if (node->kind != NP_MAP) {
        wrong_type(d, node, "object", "Write an object (key: value lines) here.");
        return;
    }
    void *object = np_decode_alloc(d, 1, field->shape->size);
    if (object) {
        np_decode_into(d, field->shape, node, object);
        fill(out, field, &object, sizeof object);
    }
}

static bool element_is_null(struct np_decode *d, const struct np_node *item)
{
    if (item->kind != NP_NULL) {
        return false;
    }
    np_decode_report(d, NP_CODE_2011, item, "list element is null");
    return true;
}

static bool list_length_fits(struct np_decode *d, const struct np_field *field,
                             const struct np_node *node)
{
    int64_t count = (int64_t)node->list.count;
    if (!(field->min || field->max) || (count >= field->min && count <= field->max)) {
        return true;
    }
    np_decode_report(d, code_of(field, NP_CODE_2016), node,
                     "%s has %lld elements, must have %lld to %lld", field->key, (long long)count,
                     (long long)field->min, (long long)field->max);
    return false;
}

static void read_list(struct np_decode *d, const struct np_field *field, const struct np_node *node,
                      void *out)
{
    bool strings = field->type == NP_FIELD_STRINGS;
    bool values = field->type == NP_FIELD_INTS_OR_STRINGS;
    if (node->kind != NP_LIST) {
        wrong_type(d, node, "list", strings ? "Write a list of strings." : "Write a list (- ...).");
        return;
    }
    list_length_fits(d, field, node);
    size_t size = strings  ? sizeof(struct np_string_item)
                  : values ? sizeof(struct np_int_or_string_item)
                           : field->shape->size;
    char *items = np_decode_alloc(d, node->list.count, size);
    any_list list = {.node = node, .items = items};
    for (size_t i = 0; items && i < node->list.count; i++) {
        const struct np_node *item = node->list.items[i];
        size_t mark = np_path_index(d, i);
        char *slot = items + list.count * size;
        list.count++;
        if (element_is_null(d, item)) {
            list.count--;
        } else if (strings) {
            struct np_string_item value = {.node = item};
            list.count -= !np_decode_text(d, item, &value.text);
            memcpy(slot, &value, sizeof value);
        } else if (values) {
            struct np_int_or_string_item value = {.node = item};
            list.count -= !int_or_string(d, item, &value.value);
            memcpy(slot, &value, sizeof value);
        } else if (item->kind != NP_MAP) {
            list.count -= !wrong_type(d, item, "object", "Write an object as the element.");
        } else {
            np_decode_into(d, field->shape, item, slot);
        }
        np_path_end(d, mark);
    }
    fill(out, field, &list, sizeof list);
}

/* Go decodes a null value of a map of strings as "". */
static void read_string_map(struct np_decode *d, const struct np_field *field,
                            const struct np_node *node, void *out)
{
    if (node->kind != NP_MAP) {
        wrong_type(d, node, "object", "Write key: value lines.");
        return;
    }
    size_t count = node->map.count;
    struct np_pair *pairs = np_decode_alloc(d, count, sizeof *pairs);
    np_list(struct np_pair) list = {.node = node, .items = pairs};
    for (size_t i = 0; pairs && i < count; i++) {
        const struct np_member *member = &node->map.members[i];
        struct np_pair pair = {.member = member, .key = keep_text(d, member->key)};
        size_t mark = np_path_member(d, member->key);
        bool good = true;
        if (member->key_plain_kind == NP_BOOL) {
            np_decode_report_full(d, NP_CODE_2030, -1, NULL, np_spot_of_key(member),
                                  "the key is a boolean and reads as \"%s\"",
                                  np_slice_is(member->key, "true") ? "true" : "false");
        }
        if (member->value->kind == NP_NULL) {
            pair.value = np_slice_of("");
            np_decode_report(d, NP_CODE_2018, member->value, "null is read as the empty string");
        } else {
            good = np_decode_text(d, member->value, &pair.value);
        }
        if (good) {
            pairs[list.count++] = pair;
        }
        np_path_end(d, mark);
    }
    fill(out, field, &list, sizeof list);
}

static void read_any(struct np_decode *d, const struct np_field *field, const struct np_node *node,
                     void *out)
{
    (void)d;
    fill(out, field, &node, sizeof node);
}

typedef void (*read_fn)(struct np_decode *d, const struct np_field *field,
                        const struct np_node *node, void *out);
static const read_fn readers[NP_FIELD_TYPE_COUNT] = {
    [NP_FIELD_STRING] = read_string, [NP_FIELD_INT] = read_int,
    [NP_FIELD_BOOL] = read_bool,     [NP_FIELD_NUMBER] = read_number,
    [NP_FIELD_OBJECT] = read_object, [NP_FIELD_INT_OR_STRING] = read_int_or_string,
    [NP_FIELD_OBJECTS] = read_list,  [NP_FIELD_INTS_OR_STRINGS] = read_list,
    [NP_FIELD_STRINGS] = read_list,  [NP_FIELD_STRING_MAP] = read_string_map,
    [NP_FIELD_ANY] = read_any,
};

/* A null field is an absent one, but the node stays known; custom resources refuse it. */
static void read_null(struct np_decode *d, const struct np_shape *shape,
                      const struct np_field *field, const struct np_node *node, void *out)
{
    bool elements = field->type == NP_FIELD_OBJECTS || field->type == NP_FIELD_STRINGS ||
                    field->type == NP_FIELD_INTS_OR_STRINGS;
    if (shape->flags & NP_SHAPE_CRD) {
        np_decode_report_full(d, NP_CODE_2019, -1,
                              elements ? "Write [] for none; left out, it may mean all." : NULL,
                              np_spot_of(node), "%s is null", field->key);
    }
    if (elements || field->type == NP_FIELD_STRING_MAP) {
        any_list list = {.node = node};
        fill(out, field, &list, sizeof list);
    }
}

static const struct np_field *find_field(const struct np_shape *shape, struct np_slice key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (np_slice_is(key, shape->fields[i].key)) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

/* Peers of the other direction: fromEndpoints where toEndpoints is known. */
static bool is_opposite(struct np_slice key, const char *known)
{
    bool from = key.len > 4 && memcmp(key.ptr, "from", 4) == 0;
    bool to = key.len > 2 && memcmp(key.ptr, "to", 2) == 0;
    size_t mine = from ? 4 : 2, other = from ? 2 : 4;
    return (from || to) && strncmp(known, from ? "to" : "from", other) == 0 &&
           np_slice_is((struct np_slice){key.ptr + mine, key.len - mine}, known + other);
}

/* The field that was meant, as far as its name tells; NULL. */
static const char *proposal(const struct np_decode *d, const struct np_shape *shape,
                            struct np_slice key)
{
    const char *keys[KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < shape->count; i++) {
        const struct np_field *field = &shape->fields[i];
        if ((field->formerly && np_slice_is(key, field->formerly)) ||
            is_opposite(key, field->key)) {
            return field->key;
        }
        if (count < KEYS_MAX) {
            keys[count++] = field->key;
        }
    }
    /* Nobody reads the thousandth proposal, and each costs some comparing. */
    return d->errors < PROPOSALS_MAX ? np_suggest(key, keys, count) : NULL;
}

/* A field before it that is empty: what stands behind may have lost its indentation. */
static const struct np_member *empty_before(const struct np_node *map, size_t at)
{
    while (at-- > 0) {
        if (map->map.members[at].value->kind == NP_NULL) {
            return &map->map.members[at];
        }
    }
    return NULL;
}

static void unknown_field(struct np_decode *d, const struct np_shape *shape,
                          const struct np_node *map, size_t at)
{
    const struct np_member *member = &map->map.members[at];
    const char *near = proposal(d, shape, member->key);
    const struct np_member *above = near ? NULL : empty_before(map, at);
    char hint[96];
    if (above) {
        int shown = (int)(above->key.len < 40 ? above->key.len : 40);
        snprintf(hint, sizeof hint, "Indent it further if it belongs to %.*s.", shown,
                 above->key.ptr);
    } else {
        snprintf(hint, sizeof hint, "Did you mean %.64s?", near ? near : "");
    }
    int shown = (int)(member->key.len < 64 ? member->key.len : 64);
    np_decode_report_full(d, NP_CODE_2007, -1, near || above ? hint : NULL, np_spot_of_key(member),
                          "unknown field \"%.*s\" in %s", shown, member->key.ptr, shape->name);
}

static void check_required(struct np_decode *d, const struct np_shape *shape,
                           const struct np_node *node)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct np_field *field = &shape->fields[i];
        const struct np_node *value = np_get(node, field->key);
        if (field->need == NP_REQUIRED && !value) {
            /* An absent selector selects everything, as {} does: lenient loading lets it pass. */
            bool tolerated =
                (d->load_flags & NETPOL_LOAD_LENIENT) && field->shape == &np_label_selector_shape;
            np_decode_report_full(d, NP_CODE_2010, tolerated ? NETPOL_WARNING : -1, NULL,
                                  np_spot_of(node), "%s must have %s", shape->name, field->key);
        } else if (field->need == NP_REQUIRED && value->kind == NP_NULL &&
                   !(shape->flags & NP_SHAPE_CRD)) {
            np_decode_report_in(d, NP_CODE_2010, node, field->key, "%s must have %s, not null",
                                shape->name, field->key);
        }
    }
}

bool np_decode_into(struct np_decode *d, const struct np_shape *shape, const struct np_node *node,
                    void *out)
{
    uint32_t errors = d->errors;
    memcpy(out, &node, sizeof node);
    for (size_t i = 0; i < node->map.count && !d->no_memory; i++) {
        const struct np_member *member = &node->map.members[i];
        const struct np_field *field = find_field(shape, member->key);
        size_t mark = np_path_member(d, member->key);
        if (!field) {
            bool open = (shape->flags & NP_SHAPE_OPEN) && (d->load_flags & NETPOL_LOAD_ADMITTED);
            if (!open && !(shape->flags & NP_SHAPE_TOLERANT)) {
                unknown_field(d, shape, node, i);
            }
        } else if (field->need == NP_IGNORED) {
            /* known, not read */
        } else if (member->value->kind == NP_NULL) {
            read_null(d, shape, field, member->value, out);
        } else {
            readers[field->type](d, field, member->value, out);
        }
        np_path_end(d, mark);
    }
    check_required(d, shape, node);
    if (shape->check && !d->no_memory) {
        shape->check(d, out);
    }
    return d->errors == errors && !d->no_memory;
}
