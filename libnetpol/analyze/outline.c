/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/outline.h"

#include <stdarg.h>
#include <stdio.h>

static void flush(struct np_outline *out)
{
    if (out->text.failed) {
        out->status = NETPOL_ERR_MEMORY;
    }
    if (out->status == NETPOL_OK && out->text.len &&
        out->sink(out->user, out->text.ptr, out->text.len) != 0) {
        out->status = NETPOL_ERR_IO;
    }
    out->text.len = 0;
}

static void add(struct np_outline *out, const char *text)
{
    np_text_add(&out->text, text, strlen(text));
}

static void json_text(struct np_outline *out, const char *text)
{
    np_text_json(&out->text, np_slice_of(text));
}

static void new_line(struct np_outline *out)
{
    if (out->depth > 0 || out->text.len) {
        add(out, "\n");
    }
    flush(out);
    for (int i = 1; i < out->depth; i++) {
        add(out, "  ");
    }
}

/* Names of JSON have no spaces. */
static void json_key(struct np_outline *out, const char *key)
{
    add(out, "\"");
    for (; *key; key++) {
        np_text_add(&out->text, *key == ' ' ? "_" : key, 1);
    }
    add(out, "\":");
}

/* What stands before a value: separator, place, name. */
static void lead(struct np_outline *out, const char *key)
{
    bool flat = out->levels[out->depth].flat, list = out->levels[out->depth].list;
    bool any = out->levels[out->depth].any;
    out->levels[out->depth].any = true;
    if (out->json) {
        add(out, any ? "," : "");
        if (!flat && out->depth > 0) {
            add(out, "\n");
            flush(out);
        }
        if (key) {
            json_key(out, key);
        }
        return;
    }
    if (flat) {
        add(out, !any ? "" : list ? ", " : "  ");
    } else if (any || out->depth > 1) {
        new_line(out);
    }
    if (key) {
        add(out, key);
        add(out, flat ? "" : ":");
    }
}

static void lead_value(struct np_outline *out, const char *key)
{
    lead(out, key);
    if (key && !out->json) {
        add(out, " ");
    }
}

static void open(struct np_outline *out, const char *key, bool list, bool flat)
{
    bool inside = out->levels[out->depth].flat;
    lead(out, key);
    if (out->json) {
        add(out, list ? "[" : "{");
    } else if (key && (flat || inside)) {
        add(out, " ");
    } else if (!key && !flat && !inside && out->depth > 0) {
        add(out, "-");
    }
    if (out->depth + 1 < NP_OUTLINE_DEPTH) {
        out->depth++;
    } else {
        out->status = NETPOL_ERR_LIMIT;
    }
    out->levels[out->depth].list = list;
    out->levels[out->depth].flat = flat || inside;
    out->levels[out->depth].any = false;
}

void np_outline_begin(struct np_outline *out, const struct netpol_ctx *ctx, bool json,
                      netpol_sink_fn sink, void *user)
{
    *out = (struct np_outline){.json = json, .sink = sink, .user = user};
    np_text_init(&out->text, ctx);
    out->levels[0].list = true;
    open(out, NULL, false, false);
}

int np_outline_finish(struct np_outline *out)
{
    np_outline_close(out);
    add(out, "\n");
    flush(out);
    np_text_free(&out->text);
    return out->status;
}

void np_outline_map(struct np_outline *out, const char *key, bool flat)
{
    open(out, key, false, flat);
}

void np_outline_list(struct np_outline *out, const char *key, bool flat)
{
    open(out, key, true, flat);
}

void np_outline_close(struct np_outline *out)
{
    if (out->json) {
        add(out, out->levels[out->depth].list ? "]" : "}");
    } else if (!out->levels[out->depth].any && out->depth > 1) {
        add(out, out->levels[out->depth].flat ? "-" : " none");
    }
    out->depth -= out->depth > 0;
}

void np_outline_text(struct np_outline *out, const char *key, const char *value)
{
    lead_value(out, key);
    if (out->json) {
        json_text(out, value);
    } else {
        add(out, value);
    }
}

void np_outline_textf(struct np_outline *out, const char *key, const char *format, ...)
{
    char room[512];
    va_list args;
    va_start(args, format);
    vsnprintf(room, sizeof room, format, args);
    va_end(args);
    np_outline_text(out, key, room);
}

void np_outline_number(struct np_outline *out, const char *key, uint64_t value)
{
    lead_value(out, key);
    np_text_addf(&out->text, "%llu", (unsigned long long)value);
}
