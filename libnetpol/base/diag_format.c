/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One diagnostic as text, coloured text or JSON. Inputs are hostile: nothing that could steer a
 * terminal (controls, marks that reorder text, bytes that are not UTF-8) is written in text style.
 */
#include "base/utf8.h"
#include <stdio.h>

enum { BUFFER = 512 };

struct writer {
    netpol_sink_fn sink;
    void *user;
    bool stopped, color;
    size_t len;
    char buffer[BUFFER];
};

static void flush(struct writer *w)
{
    if (!w->stopped && w->len && w->sink(w->user, w->buffer, w->len) != 0) {
        w->stopped = true;
    }
    w->len = 0;
}

static void put_bytes(void *user, const char *bytes, size_t size)
{
    struct writer *w = user;
    while (size) {
        size_t room = sizeof w->buffer - w->len;
        size_t part = size < room ? size : room;
        memcpy(w->buffer + w->len, bytes, part);
        w->len += part;
        bytes += part;
        size -= part;
        if (w->len == sizeof w->buffer) {
            flush(w);
        }
    }
}

static void put(struct writer *w, const char *text)
{
    put_bytes(w, text, strlen(text));
}

static void put_number(struct writer *w, uint32_t number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%lu", (unsigned long)number);
    put(w, digits);
}

static void put_safe(struct writer *w, struct np_slice text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t c = 0;
        size_t step = np_utf8_decode(text.ptr + i, text.len - i, &c);
        if (step == 0 || (c != '\t' && np_utf8_unprintable(c))) {
            put(w, "\xEF\xBF\xBD");
            i += step ? step : 1;
        } else {
            put_bytes(w, text.ptr + i, step);
            i += step;
        }
    }
}

static void put_color(struct writer *w, const char *code)
{
    if (w->color) {
        put(w, "\x1b[");
        put(w, code);
        put(w, "m");
    }
}

static const struct {
    const char *name, *color;
} severities[NETPOL_SEVERITY_COUNT] = {
    [NETPOL_INFO] = {"info",    "1;36"},
    [NETPOL_WARNING] = {"warning", "1;33"},
    [NETPOL_ERROR] = {"error",   "1;31"},
};

static void write_headline(struct writer *w, const struct netpol_diag *diag)
{
    put_color(w, "1");
    if (*diag->source) {
        put_safe(w, np_slice_of(diag->source));
        if (diag->line) {
            put(w, ":");
            put_number(w, diag->line);
        }
        if (diag->column) {
            put(w, ":");
            put_number(w, diag->column);
        }
        put(w, ": ");
    }
    put_color(w, "0");
    put_color(w, severities[diag->severity].color);
    put(w, severities[diag->severity].name);
    put(w, "[");
    put(w, diag->code);
    put(w, "]");
    put_color(w, "0");
    put(w, ": ");
    put_safe(w, np_slice_of(diag->message));
    put(w, "\n");
}

static void write_where(struct writer *w, const struct netpol_diag *diag)
{
    if (!*diag->object && !*diag->path) {
        return;
    }
    put(w, "  in ");
    put_safe(w, np_slice_of(diag->object));
    if (*diag->object && *diag->path) {
        put(w, ", ");
    }
    put_safe(w, np_slice_of(diag->path));
    put(w, "\n");
}

/* Padding up to the column: tabs stay tabs, every other character is one blank. */
static void write_padding(struct writer *w, struct np_slice before)
{
    for (size_t i = 0; i < before.len;) {
        uint32_t c;
        size_t step = np_utf8_decode(before.ptr + i, before.len - i, &c);
        put(w, before.ptr[i] == '\t' ? "\t" : " ");
        i += step ? step : 1;
    }
}

static void write_caret(struct writer *w, const struct netpol_diag *diag, const char *margin)
{
    struct np_slice line = np_slice_of(diag->excerpt);
    size_t offset = diag->column - diag->excerpt_column;
    offset = offset > line.len ? line.len : offset;
    struct np_slice marked = {line.ptr + offset, line.len - offset};
    marked.len = marked.len < diag->length ? marked.len : diag->length;
    put(w, margin);
    put(w, "| ");
    write_padding(w, (struct np_slice){line.ptr, offset});
    put_color(w, severities[diag->severity].color);
    put(w, "^");
    for (size_t i = 1; i < marked.len; i++) {
        if (((unsigned char)marked.ptr[i] & 0xC0) != 0x80) {
            put(w, "~");
        }
    }
    put_color(w, "0");
    put(w, "\n");
}

static void write_excerpt(struct writer *w, const struct netpol_diag *diag)
{
    if (!*diag->excerpt) {
        return;
    }
    char number[16], margin[16];
    int width = snprintf(number, sizeof number, "%5lu ", (unsigned long)diag->line);
    snprintf(margin, sizeof margin, "%*s", width, "");
    put(w, number);
    put(w, "| ");
    put_safe(w, np_slice_of(diag->excerpt));
    put(w, "\n");
    if (diag->column >= diag->excerpt_column && diag->column) {
        write_caret(w, diag, margin);
    }
}

static void write_text(struct writer *w, const struct netpol_diag *diag)
{
    write_headline(w, diag);
    write_where(w, diag);
    write_excerpt(w, diag);
    if (*diag->hint) {
        put(w, "  ");
        put_color(w, "1");
        put(w, "hint:");
        put_color(w, "0");
        put(w, " ");
        put_safe(w, np_slice_of(diag->hint));
        put(w, "\n");
    }
}

static void write_json(struct writer *w, const struct netpol_diag *diag)
{
    const struct {
        const char *name, *value;
    } strings[] = {
        {"severity", severities[diag->severity].name},
        {"code",     diag->code                     },
        {"name",     diag->name                     },
        {"source",   diag->source                   },
        {"object",   diag->object                   },
        {"path",     diag->path                     },
        {"message",  diag->message                  },
        {"hint",     diag->hint                     },
        {"excerpt",  diag->excerpt                  },
    };
    const struct {
        const char *name;
        uint32_t value;
    } numbers[] = {
        {"line",          diag->line          },
        {"column",        diag->column        },
        {"length",        diag->length        },
        {"excerptColumn", diag->excerpt_column},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        put(w, i ? ",\"" : "{\"");
        put(w, strings[i].name);
        put(w, "\":");
        np_json_write(np_slice_of(strings[i].value), put_bytes, w);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        put(w, ",\"");
        put(w, numbers[i].name);
        put(w, "\":");
        put_number(w, numbers[i].value);
    }
    put(w, "}");
}

int netpol_diag_format(const struct netpol_diag *diag, int style, netpol_sink_fn sink, void *user)
{
    if (!diag || !sink || diag->severity < 0 || diag->severity >= NETPOL_SEVERITY_COUNT) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct writer w = {.sink = sink, .user = user, .color = style == NETPOL_DIAG_COLOR};
    switch (style) {
    case NETPOL_DIAG_TEXT:
    case NETPOL_DIAG_COLOR:
        write_text(&w, diag);
        break;
    case NETPOL_DIAG_JSON:
        write_json(&w, diag);
        break;
    default:
        return NETPOL_ERR_ARGUMENT;
    }
    flush(&w);
    return w.stopped ? NETPOL_ERR_IO : NETPOL_OK;
}
