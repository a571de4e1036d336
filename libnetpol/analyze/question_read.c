/* SPDX-License-Identifier: Apache-2.0 */
/* Typed values of a question, each with the error that says what it should have been. */
#include "analyze/question_read.h"
#include <stdarg.h>
#include <stdio.h>

static void error_at(struct np_asking *a, enum np_code code, const char *hint, uint32_t column,
                     uint32_t length, uint32_t line, const char *format, va_list args)
{
    char message[512];
    vsnprintf(message, sizeof message, format, args);
    const struct netpol_question *q = a->question;
    struct np_place place = {.source = q->source,
                             .text = a->document->text,
                             .size = a->document->size,
                             .line = q->line + (line ? line - 1 : 0),
                             .first_line = q->line,
                             .column = column,
                             .length = length,
                             .path = a->path.ptr};
    a->errors++;
    np_diag_full(a->diags, code, -1, hint, &place, "%s", message);
}

void np_asking_error(struct np_asking *a, enum np_code code, const struct np_node *node,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_at(a, code, NULL, node->column, node->length, node->line, format, args);
    va_end(args);
}

static void unknown_member(struct np_asking *a, const struct np_member *member, const char *hint,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

static void unknown_member(struct np_asking *a, const struct np_member *member, const char *hint,
                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_at(a, NP_CODE_5002, hint, member->column, (uint32_t)member->key.len + 2, member->line,
             format, args);
    va_end(args);
}

static void report_unknown(struct np_asking *a, const struct np_member *member,
                           const struct np_question_member *table, size_t count)
{
    const char *names[64];
    size_t n = 0;
    while (n < count && n < sizeof names / sizeof names[0]) {
        names[n] = table[n].name;
        n++;
    }
    const char *near = np_suggest(member->key, names, n);
    char hint[128];
    if (near) {
        snprintf(hint, sizeof hint, "Did you mean '%s'?", near);
    }
    unknown_member(a, member, near ? hint : NULL, "a question has no member '%.*s' here",
                   (int)member->key.len, member->key.ptr);
}

void np_asking_members(struct np_asking *a, const struct np_node *node,
                       const struct np_question_member *table, size_t count)
{
    if (!np_is(node, NP_MAP)) {
        np_asking_error(a, NP_CODE_5004, node, "an object is expected, not %s",
                        np_kind_name(node->kind));
        return;
    }
    for (size_t i = 0; i < node->map.count; i++) {
        const struct np_member *member = &node->map.members[i];
        size_t m = 0;
        while (m < count && !np_slice_is(member->key, table[m].name)) {
            m++;
        }
        if (m == count) {
            report_unknown(a, member, table, count);
            continue;
        }
        size_t before = a->path.len;
        np_text_addf(&a->path, "%s%s", before ? "." : "", table[m].name);
        table[m].read(a, member->value);
        if (a->path.failed) {
            a->no_memory = true;
            return;
        }
        a->path.len = before;
        a->path.ptr[before] = '\0';
    }
}

void *np_asking_array(struct np_asking *a, size_t count, size_t element)
{
    void *array = np_arena_array(&a->question->arena, count, element);
    a->no_memory = a->no_memory || !array;
    return array;
}

bool np_asking_text(struct np_asking *a, const struct np_node *node, struct netpol_string *out)
{
    if (!np_is(node, NP_STRING)) {
        np_asking_error(a, NP_CODE_5004, node, "a string is expected, not %s",
                        np_kind_name(node->kind));
        return false;
    }
    struct np_slice copy = np_arena_slice(&a->question->arena, node->text);
    a->no_memory = a->no_memory || !copy.ptr;
    *out = (struct netpol_string){copy.ptr, copy.ptr ? copy.len : 0};
    return copy.ptr != NULL;
}

bool np_asking_number(struct np_asking *a, const struct np_node *node, int64_t first, int64_t last,
                      int64_t *out)
{
    bool whole = np_is(node, NP_INT) && !(node->flags & NP_NODE_BIG);
    if (!whole || node->integer < first || node->integer > last) {
        np_asking_error(a, NP_CODE_5004, node, "a whole number from %lld to %lld is expected",
                        (long long)first, (long long)last);
        return false;
    }
    *out = node->integer;
    return true;
}

bool np_asking_address(struct np_asking *a, const struct np_node *node, struct np_address *out)
{
    if (!np_is(node, NP_STRING)) {
        np_asking_error(a, NP_CODE_5004, node, "an address in text is expected, not %s",
                        np_kind_name(node->kind));
        return false;
    }
    enum np_prefix_error error = np_address_parse(node->text, out, NULL);
    if (error != NP_PREFIX_OK) {
        np_asking_error(a, NP_CODE_5004, node, "'%.*s' is no address: %s", (int)node->text.len,
                        node->text.ptr, np_prefix_error_text(error));
        return false;
    }
    return true;
}

bool np_asking_texts(struct np_asking *a, const struct np_node *node, bool one,
                     const struct netpol_string **out, size_t *count)
{
    bool single = one && np_is(node, NP_STRING);
    if (!single && !np_is(node, NP_LIST)) {
        np_asking_error(a, NP_CODE_5004, node, "a list of strings is expected, not %s",
                        np_kind_name(node->kind));
        return false;
    }
    size_t n = single ? 1 : node->list.count;
    struct netpol_string *texts = np_asking_array(a, n, sizeof *texts);
    if (!texts) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!np_asking_text(a, single ? node : node->list.items[i], &texts[i])) {
            return false;
        }
    }
    *out = texts;
    *count = n;
    return true;
}

int np_asking_choice(struct np_asking *a, const struct np_node *node, const char *const *choices,
                     size_t count)
{
    for (size_t i = 0; np_is(node, NP_STRING) && i < count; i++) {
        if (np_slice_is(node->text, choices[i])) {
            return (int)i;
        }
    }
    char list[160] = "";
    for (size_t i = 0, len = 0; i < count; i++) {
        const char *before = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        int more = snprintf(list + len, sizeof list - len, "%s%s", before, choices[i]);
        len += more > 0 && (size_t)more < sizeof list - len ? (size_t)more : 0;
    }
    np_asking_error(a, NP_CODE_5004, node, "one of %s is expected", list);
    return -1;
}
