/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text. Running out of memory is remembered, so that writers need one check at the end. */
#include "base/utf8.h"
#include <stdarg.h>
#include <stdio.h>

void np_text_init(struct np_text *text, const struct netpol_ctx *ctx)
{
    *text = (struct np_text){.ctx = ctx};
}

void np_text_free(struct np_text *text)
{
    if (text->ctx) {
        np_free(text->ctx, text->ptr, text->capacity);
        np_text_init(text, text->ctx);
    }
}

/* Room for len more bytes and the final NUL. */
static bool reserve(struct np_text *text, size_t len)
{
    if (text->failed || len > SIZE_MAX / 4 || text->len > SIZE_MAX / 4) {
        text->failed = true;
        return false;
    }
    size_t need = text->len + len + 1;
    if (need <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity < 64 ? 64 : text->capacity * 2;
    capacity = capacity < need ? need : capacity;
    char *grown = np_resize(text->ctx, text->ptr, text->capacity, capacity);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->ptr = grown;
    text->capacity = capacity;
    return true;
}

void np_text_add(struct np_text *text, const char *bytes, size_t len)
{
    if (!reserve(text, len)) {
        return;
    }
    if (len) {
        memcpy(text->ptr + text->len, bytes, len);
    }
    text->len += len;
    text->ptr[text->len] = '\0';
}

void np_text_addf(struct np_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = text->failed ? 0 : text->capacity - text->len;
    int len = vsnprintf(room ? text->ptr + text->len : NULL, room, format, args);
    va_end(args);
    if (len < 0) {
        text->failed = true;
    } else if ((size_t)len < room) {
        text->len += (size_t)len;
    } else if (reserve(text, (size_t)len)) {
        vsnprintf(text->ptr + text->len, text->capacity - text->len, format, again);
        text->len += (size_t)len;
    }
    va_end(again);
}

/* Writes the escape of c to out and returns its length. */
static size_t json_escape_of(unsigned char c, char out[6])
{
    static const char letters[] = "btn.fr"; /* from U+0008 */
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c >= 0x08 && c <= 0x0D && c != 0x0B) {
        out[0] = '\\';
        out[1] = letters[c - 0x08];
        return 2;
    }
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

void np_json_write(struct np_slice value, np_emit_fn emit, void *user)
{
    size_t plain = 0; /* start of what can be copied as it is */
    emit(user, "\"", 1);
    for (size_t i = 0; i < value.len;) {
        unsigned char c = (unsigned char)value.ptr[i];
        uint32_t code_point;
        size_t step = c < 0x80 ? 1 : np_utf8_decode(value.ptr + i, value.len - i, &code_point);
        if (step && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            i += step;
            continue;
        }
        if (i > plain) {
            emit(user, value.ptr + plain, i - plain);
        }
        if (step) {
            char escape[6];
            emit(user, escape, json_escape_of(c, escape));
        } else {
            emit(user, "\xEF\xBF\xBD", 3);
        }
        plain = ++i;
    }
    if (value.len > plain) {
        emit(user, value.ptr + plain, value.len - plain);
    }
    emit(user, "\"", 1);
}

static void add_piece(void *user, const char *bytes, size_t size)
{
    np_text_add(user, bytes, size);
}

void np_text_json(struct np_text *text, struct np_slice value)
{
    np_json_write(value, add_piece, text);
}
