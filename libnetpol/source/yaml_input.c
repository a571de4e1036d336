/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libyaml gets to see.
 *
 * An empty document costs libyaml three events, so that a file of nothing but "---" lines would
 * keep it busy for long. A bare "---" after a bare "---" is therefore replaced by blanks on the way
 * and counted here; lines and columns stay as they are. Only the *second* may be blanked: the first
 * one still ends whatever stands before it.
 *
 * A budget bounds what libyaml may swallow without giving an event, or one quoted scalar of a
 * gigabyte would be in memory before its length could be refused. Directives are bounded too.
 */
#include "source/yaml_internal.h"

enum line_kind { LINE_EMPTY, LINE_BARE, LINE_DIRECTIVE, LINE_CONTENT };

void np_yaml_input_start(struct np_yaml_input *input, const char *bytes, size_t start, size_t end)
{
    *input = (struct np_yaml_input){.bytes = bytes, .pos = start, .end = end, .line = start};
}

/* Only blanks, or blanks and a comment, up to the end of the line? */
static bool rest_is_empty(const char *ptr, const char *end)
{
    const char *start = ptr;
    while (ptr < end && *ptr == ' ') {
        ptr++;
    }
    return ptr == end || *ptr == '\n' || *ptr == '\r' || (*ptr == '#' && ptr > start);
}

static enum line_kind classify(const char *ptr, const char *end)
{
    if (end - ptr >= 3 && memcmp(ptr, "---", 3) == 0) {
        return rest_is_empty(ptr + 3, end) ? LINE_BARE : LINE_CONTENT;
    }
    if (*ptr == '%') {
        return LINE_DIRECTIVE;
    }
    while (ptr < end && *ptr == ' ') {
        ptr++;
    }
    bool empty = ptr == end || *ptr == '\n' || *ptr == '\r' || *ptr == '#';
    return empty ? LINE_EMPTY : LINE_CONTENT;
}

/* Looks at the line that begins at input->line; true: its "---" is to be blanked. */
static bool take_line(struct np_yaml_input *input)
{
    const char *ptr = input->bytes + input->line, *end = input->bytes + input->end;
    const char *newline = memchr(ptr, '\n', (size_t)(end - ptr));
    enum line_kind kind = classify(ptr, end);
    bool blank = kind == LINE_BARE && input->after_bare;
    input->line = newline ? (size_t)(newline + 1 - input->bytes) : input->end;
    input->in_content = kind == LINE_CONTENT;
    if (kind == LINE_CONTENT || kind == LINE_DIRECTIVE) {
        input->after_bare = false;
        input->after_directive = kind == LINE_DIRECTIVE;
        input->directives = kind == LINE_DIRECTIVE ? input->directives + 1 : 0;
    } else if (kind == LINE_BARE) {
        input->after_bare = !input->after_directive;
        input->after_directive = false;
        input->blanked += blank;
    }
    return blank;
}

int np_yaml_input_read(void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
    struct np_yaml_input *input = data;
    size_t start = input->pos;
    size_t stop = input->end - start < size ? input->end : start + size;
    memcpy(buffer, input->bytes + start, stop - start);
    if (input->blank_first) {
        memset(buffer, ' ', 3);
        input->blank_first = false;
    }
    for (size_t at = start; at < stop;) {
        if (at == input->line && take_line(input)) {
            if (stop - at < 3) { /* a piece never ends within the three bytes */
                input->blank_first = true;
                stop = at;
                break;
            }
            memset(buffer + (at - start), ' ', 3);
        }
        if (input->directives > NP_DIRECTIVES_MAX) {
            return 0;
        }
        size_t next = input->line < stop ? input->line : stop;
        if (input->in_content) {
            if (next - at >= input->budget) {
                input->starved = true;
                return 0;
            }
            input->budget -= next - at;
        }
        at = next;
    }
    *size_read = stop - start;
    input->pos = stop;
    return 1;
}
