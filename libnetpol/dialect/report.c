/* SPDX-License-Identifier: Apache-2.0 */
/* How a decoder says what is wrong: the path of the field, the place of its bytes, the message. */
#include "dialect/decode.h"
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_MAX = 512 };

/* ---- the path ---- */

static bool plain_word(struct np_slice key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (!word) {
            return false;
        }
    }
    return key.len > 0;
}

size_t np_path_member(struct np_decode *d, struct np_slice key)
{
    size_t mark = d->path.len;
    if (!plain_word(key)) {
        np_text_add(&d->path, "[", 1);
        np_text_json(&d->path, key);
        np_text_add(&d->path, "]", 1);
        return mark;
    }
    if (mark) {
        np_text_add(&d->path, ".", 1);
    }
    np_text_add(&d->path, key.ptr, key.len);
    return mark;
}

size_t np_path_key(struct np_decode *d, const char *key)
{
    return np_path_member(d, np_slice_of(key));
}

size_t np_path_index(struct np_decode *d, size_t index)
{
    size_t mark = d->path.len;
    np_text_addf(&d->path, "[%zu]", index);
    return mark;
}

void np_path_end(struct np_decode *d, size_t mark)
{
    if (d->path.failed) {
        d->no_memory = true;
    } else if (d->path.ptr) {
        d->path.len = mark;
        d->path.ptr[mark] = '\0';
    }
}

/* ---- places ---- */

struct np_spot np_spot_of(const struct np_node *node)
{
    if (!node) {
        return (struct np_spot){0, 0, 0};
    }
    return (struct np_spot){node->line, node->column, node->length};
}

struct np_spot np_spot_of_key(const struct np_member *member)
{
    return (struct np_spot){member->line, member->column, (uint32_t)member->key.len};
}

const char *np_decode_found(const struct np_node *node, char out[64])
{
    const char *kind = np_kind_name((enum np_kind)node->kind);
    if (node->kind == NP_LIST || node->kind == NP_MAP || node->kind == NP_NULL) {
        snprintf(out, 64, "%s", kind);
    } else {
        size_t shown = node->text.len < 32 ? node->text.len : 32;
        snprintf(out, 64, "%s '%.*s'", kind, (int)shown, node->text.ptr);
    }
    return out;
}

/* ---- messages ---- */

/* Rules of the API server whose breach leaves no doubt about what is meant. */
static bool is_formality(enum np_code code)
{
    return code == NP_CODE_2051 /* the characters of a name */ ||
           code == NP_CODE_2309 /* names of a service's ports */;
}

static void report(struct np_decode *d, enum np_code code, int severity, const char *hint,
                   struct np_spot spot, const char *message)
{
    const struct np_document *document = d->document;
    struct np_place place = {
        .source = document->source,
        .text = document->text,
        .size = document->size,
        .line = spot.line,
        .column = spot.column,
        .length = spot.length,
        .object = d->object ? d->object->label : NULL,
        .path = d->path.ptr,
    };
    if (severity < 0 && (d->load_flags & NETPOL_LOAD_LENIENT) && is_formality(code)) {
        severity = NETPOL_WARNING;
    }
    int effective = severity >= 0 ? severity : netpol_code_at(code)->severity;
    d->errors += effective == NETPOL_ERROR;
    np_diag_full(d->diags, code, severity, hint, &place, "%s", message);
}

/* A va_list cannot be handed on without a v-variant of each function; formatting here needs none.
 */
#define FORMAT_MESSAGE(message, format)               \
    char message[MESSAGE_MAX];                        \
    va_list args;                                     \
    va_start(args, format);                           \
    vsnprintf(message, sizeof message, format, args); \
    va_end(args)

void np_decode_report(struct np_decode *d, enum np_code code, const struct np_node *node,
                      const char *format, ...)
{
    FORMAT_MESSAGE(message, format);
    report(d, code, -1, NULL, np_spot_of(node ? node : d->document->root), message);
}

void np_decode_report_in(struct np_decode *d, enum np_code code, const struct np_node *map,
                         const char *key, const char *format, ...)
{
    FORMAT_MESSAGE(message, format);
    const struct np_node *value = np_get(map, key);
    size_t mark = np_path_key(d, key);
    report(d, code, -1, NULL, np_spot_of(value ? value : map), message);
    np_path_end(d, mark);
}

void np_decode_report_full(struct np_decode *d, enum np_code code, int severity, const char *hint,
                           struct np_spot spot, const char *format, ...)
{
    FORMAT_MESSAGE(message, format);
    report(d, code, severity, hint, spot, message);
}
