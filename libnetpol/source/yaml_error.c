/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for what libyaml refuses: the same problem, but with the cause that is usual in manifests
 * (a tab, a template that was not rendered, a value that wants quotes) and a hint. There is no
 * field path in these: libyaml reads ahead, so that the error may stand behind the open field.
 */
#include "source/yaml_internal.h"

/* libyaml's words -> our hint. */
static const struct {
    const char *problem, *hint;
} hints[] = {
    {"mapping values are not allowed in this context",
     "Check the indentation; a value that contains ': ' needs quotes."                                                  },
    {"did not find expected key",
     "Check the indentation: this line must line up with the other keys of its map."                                    },
    {"did not find expected '-' indicator",
     "Check the indentation: this line must line up with the other '-' of its list."                                    },
    {"block sequence entries are not allowed in this context",
     "Put the '-' on a line of its own below the key."                                                                  },
    {"could not find expected ':'",                            "Write 'key: value' with a blank behind the colon."      },
    {"found unknown escape character",
     "Double the backslash, or use single quotes, where it has no meaning."                                             },
    {"found character that cannot start any token",
     "Put the value in quotes: it begins with a character that YAML reserves."                                          },
    {"found unexpected end of stream",                         "Close the quote or bracket."                            },
    {"found unexpected document indicator",                    "Close the quote before the line '---' or '...'."        },
    {"did not find expected ',' or ']'",                       "Separate the items by ',' and close the list with ']'." },
    {"did not find expected ',' or '}'",                       "Separate the members by ',' and close the map with '}'."},
    {"did not find expected <document start>",
     "Check the indentation; between two documents stands a line '---'."                                                },
    {"did not find expected alphabetic or numeric character",
     "A value that begins with '*' or '&' needs quotes."                                                                },
};

static const char *hint_of(const char *problem)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strcmp(problem, hints[i].problem) == 0) {
            return hints[i].hint;
        }
    }
    return NULL;
}

const char *np_yaml_path(const struct np_yaml *y, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < y->frames.count && used < size; i++) {
        const struct np_frame *frame = &y->frames.items[i];
        if (frame->is_map) {
            used = frame->has_key ? np_source_path_key(buffer, size, used, frame->key) : used;
            continue;
        }
        size_t end = y->items.count;
        for (size_t j = i + 1; j < y->frames.count; j++) {
            if (!y->frames.items[j].is_map) {
                end = y->frames.items[j].base;
                break;
            }
        }
        size_t index = frame->streams ? y->item_index : end - frame->base;
        used = np_source_path_index(buffer, size, used, index);
    }
    return buffer;
}

/* The line that has the offset: from its first byte up to, not with, its end. */
static struct np_slice line_of(const struct np_yaml *y, size_t offset)
{
    const char *bytes = y->reader->bytes;
    size_t start = offset, end = offset;
    while (start > y->segment && bytes[start - 1] != '\n') {
        start--;
    }
    while (end < y->reader->size && bytes[end] != '\n') {
        end++;
    }
    return (struct np_slice){bytes + start, end - start};
}

static size_t offset_of(const struct np_yaml *y, const char *ptr)
{
    return (size_t)(ptr - y->reader->bytes);
}

static const char *find_braces(const char *ptr, const char *end)
{
    for (; end - ptr >= 2; ptr++) {
        ptr = memchr(ptr, '{', (size_t)(end - ptr));
        if (!ptr || end - ptr < 2) {
            return NULL;
        }
        if (ptr[1] == '{') {
            return ptr;
        }
    }
    return NULL;
}

static void complain_template(struct np_yaml *y, size_t offset, const char *path)
{
    np_complain(y->reader, NP_CODE_1103, offset, 2, path,
                "this is a template: '{{' is to be replaced before it is YAML");
    y->bad = true;
}

bool np_yaml_complain_template(struct np_yaml *y, size_t offset)
{
    const char *bytes = y->reader->bytes;
    /* The inner of the two braces is what cannot be a key. */
    bool here =
        offset > 0 && offset < y->reader->size && bytes[offset] == '{' && bytes[offset - 1] == '{';
    if (here) {
        char path[512];
        complain_template(y, offset - 1, np_yaml_path(y, path, sizeof path));
    }
    return here;
}

/* Template actions in the line of the error, or on a line of their own before it? */
static bool template_before(struct np_yaml *y, size_t offset)
{
    struct np_slice line = line_of(y, offset);
    const char *found = find_braces(line.ptr, line.ptr + line.len);
    const char *ptr = y->reader->bytes + y->document_start;
    while (!found && ptr < line.ptr) {
        const char *newline = memchr(ptr, '\n', (size_t)(line.ptr - ptr));
        const char *end = newline ? newline : line.ptr;
        while (ptr < end && *ptr == ' ') {
            ptr++;
        }
        if (end - ptr >= 2 && ptr[0] == '{' && ptr[1] == '{') {
            found = ptr;
        }
        ptr = end + 1;
    }
    if (found) {
        complain_template(y, offset_of(y, found), NULL);
    }
    return found != NULL;
}

/* A tab among the blanks that begin the line of the error? */
static bool tab_before(struct np_yaml *y, size_t offset)
{
    struct np_slice line = line_of(y, offset);
    size_t blanks = 0;
    while (blanks < line.len && (line.ptr[blanks] == ' ' || line.ptr[blanks] == '\t')) {
        blanks++;
    }
    const char *tab = memchr(line.ptr, '\t', blanks);
    if (!tab && offset < y->reader->size && y->reader->bytes[offset] == '\t') {
        tab = y->reader->bytes + offset;
    }
    if (tab) {
        np_complain(y->reader, NP_CODE_1102, offset_of(y, tab), 1, NULL,
                    "a tab stands where YAML wants blanks");
    }
    return tab != NULL;
}

/* An error at the end is shown behind the last thing that says anything. */
static struct np_position position_in_text(struct np_yaml *y, yaml_mark_t mark)
{
    size_t offset = np_yaml_offset(y, mark);
    if (offset < y->input.end) {
        return np_yaml_position(y, mark);
    }
    const char *bytes = y->reader->bytes;
    while (offset > y->segment && strchr(" \t\r\n", bytes[offset - 1])) {
        offset--;
    }
    return np_position_of(y->reader, offset);
}

static void complain_syntax(struct np_yaml *y, size_t offset)
{
    const yaml_parser_t *p = &y->parser;
    const char *problem = p->problem ? p->problem : "not valid YAML";
    const char *context = p->context ? p->context : "";
    /* What was never closed is shown where it begins, not where the text ran out. */
    bool quoted = strcmp(context, "while scanning a quoted scalar") == 0;
    bool unclosed = *context && (quoted || offset >= y->input.end);
    bool directive = strstr(problem, "directive") || strstr(context, "directive") ||
                     strstr(problem, "incompatible YAML");
    struct np_position at = position_in_text(y, unclosed ? p->context_mark : p->problem_mark);
    if (directive) {
        np_complain_at(y->reader, NP_CODE_1111, at, 1, NULL, NULL, "%s %s", problem, context);
    } else if (unclosed || !*context) {
        np_complain_at(y->reader, NP_CODE_1101, at, 1, NULL, hint_of(problem), "%s%s%s", problem,
                       *context ? " " : "", context);
    } else {
        unsigned long line = np_yaml_position(y, p->context_mark).line;
        np_complain_at(y->reader, NP_CODE_1101, at, 1, NULL, hint_of(problem),
                       "%s %s that begins in line %lu", problem, context, line);
    }
}

/* A key over libyaml's own bound (1024 characters) is no key to it, and the colon a surprise. */
static bool long_key(struct np_yaml *y, size_t offset)
{
    struct np_slice line = line_of(y, offset);
    size_t key = offset - offset_of(y, line.ptr);
    bool is_long = key > y->reader->ctx->limits.key_bytes && offset < y->reader->size &&
                   y->reader->bytes[offset] == ':';
    if (is_long) {
        np_complain(y->reader, NP_CODE_1405, offset_of(y, line.ptr), 1, NULL,
                    "a key of about %zu bytes (the limit is %lu)", key,
                    (unsigned long)y->reader->ctx->limits.key_bytes);
    }
    return is_long;
}

size_t np_yaml_complain_parser(struct np_yaml *y)
{
    const yaml_parser_t *p = &y->parser;
    y->bad = true;
    if (p->error == YAML_MEMORY_ERROR) {
        np_yaml_no_memory(y);
        return y->reader->size;
    }
    if (p->error == YAML_READER_ERROR) {
        size_t offset = np_yaml_offset(y, p->mark);
        if (y->input.directives > NP_DIRECTIVES_MAX) {
            np_complain(y->reader, NP_CODE_1111, offset, 1, NULL,
                        "more than %d directives before a document", NP_DIRECTIVES_MAX);
        } else if (y->input.starved) {
            np_complain(y->reader, NP_CODE_1404, offset, 1, NULL,
                        "one value goes on for more than %lu bytes",
                        (unsigned long)y->reader->ctx->limits.scalar_bytes);
        } else {
            np_complain(y->reader, NP_CODE_1101, offset, 1, NULL, "%s", p->problem);
        }
        return y->input.pos;
    }
    size_t offset = np_yaml_offset(y, p->problem_mark);
    if (!template_before(y, offset) && !tab_before(y, offset) && !long_key(y, offset)) {
        complain_syntax(y, offset);
    }
    return offset;
}
