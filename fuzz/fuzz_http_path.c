/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths in normal form. Oracle: the steps one after the other over a buffer, with a stack of
 * segments; a bound on the input is its own. Then what a normal form must be, and that every part
 * of it is found without writing it.
 */
#include "model/http_path.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_HERE = 512 };
struct buffer {
    char bytes[SIZE_MAX_HERE];
    size_t len;
};

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Cuts at ? and #, decodes once. false: an escape is none. */
static bool decode(const char *text, size_t size, struct buffer *out)
{
    out->len = 0;
    for (size_t i = 0; i < size && text[i] != '?' && text[i] != '#'; i++) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= size || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) {
                return false;
            }
            c = (char)(digit(text[i + 1]) << 4 | digit(text[i + 2]));
            i += 2;
        }
        out->bytes[out->len++] = c;
    }
    return true;
}

static bool survived(const struct buffer *b)
{
    static const char *const left[] = {"%2e", "%2E", "%2f", "%2F", "%5c", "%5C"};
    for (size_t i = 0; i < b->len; i++) {
        if (b->bytes[i] == '\0') {
            return true;
        }
        for (size_t k = 0; k < sizeof left / sizeof *left; k++) {
            if (b->len - i >= 3 && memcmp(b->bytes + i, left[k], 3) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* One segment onto the path so far. */
static void push(struct buffer *path, const char *segment, size_t len)
{
    const char *end = memchr(segment, ';', len);
    len = end ? (size_t)(end - segment) : len;
    if (len == 2 && memcmp(segment, "..", 2) == 0) {
        while (path->len > 0 && path->bytes[--path->len] != '/') {
        }
    } else if (len > 0 && !(len == 1 && *segment == '.')) {
        path->bytes[path->len++] = '/';
        memcpy(path->bytes + path->len, segment, len);
        path->len += len;
    }
}

static enum np_http_path_state oracle(const char *text, size_t size, struct buffer *out)
{
    struct buffer decoded;
    out->len = 0;
    if (size == 0 || *text != '/') {
        return NP_HTTP_PATH_NO_SLASH;
    }
    if (!decode(text, size, &decoded) || survived(&decoded)) {
        return NP_HTTP_PATH_REJECTED;
    }
    size_t begin = 1;
    for (size_t i = 1; i <= decoded.len; i++) {
        if (i == decoded.len || decoded.bytes[i] == '/' || decoded.bytes[i] == '\\') {
            push(out, decoded.bytes + begin, i - begin);
            begin = i + 1;
        }
    }
    if (out->len == 0) {
        out->bytes[out->len++] = '/';
    }
    return NP_HTTP_PATH_NORMAL;
}

/* Segments of a normal form: none empty, none of dots, none with what was folded or cut. */
static void demand_normal(const struct buffer *form)
{
    size_t begin = 1;
    demand(form->len > 0 && form->bytes[0] == '/');
    for (size_t i = 1; form->len > 1 && i <= form->len; i++) {
        char c = i < form->len ? form->bytes[i] : '/';
        demand(c != '\\' && c != ';' && c != '\0');
        if (c == '/') {
            size_t len = i - begin;
            demand(len > 0 && !(form->bytes[begin] == '.' && len == 1));
            demand(!(len == 2 && memcmp(form->bytes + begin, "..", 2) == 0));
            begin = i + 1;
        }
    }
}

/* Where decoding left nothing to decode or cut, the form is its own form. */
static void demand_same_again(const struct buffer *form)
{
    struct np_http_path again;
    for (size_t i = 0; i < form->len; i++) {
        if (strchr("%?#", form->bytes[i])) {
            return;
        }
    }
    demand(np_http_path_read((struct np_slice){form->bytes, form->len}, &again) ==
           NP_HTTP_PATH_NORMAL);
    demand(again.length == form->len);
    demand(np_http_path_has(&again, 0, (struct np_slice){form->bytes, form->len}, false));
}

/* A part, by the first bytes of the input; and the part with one byte changed. */
static void demand_parts(const struct np_http_path *path, struct buffer *form, const uint8_t *data)
{
    size_t at = data[0] % (form->len + 1);
    size_t len = data[1] % (form->len - at + 1);
    struct np_slice part = {form->bytes + at, len};
    demand(np_http_path_has(path, at, part, false));
    demand(np_http_path_has(path, at, part, true));
    if (len) {
        form->bytes[at + data[2] % len] ^= 1;
        demand(!np_http_path_has(path, at, part, false));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size - 3 > SIZE_MAX_HERE) {
        return 0;
    }
    /* of its own size, so that reading beyond it is seen */
    char *text = malloc(size - 3 + !(size - 3));
    struct buffer want, form;
    struct np_http_path path;
    demand(text != NULL);
    memcpy(text, data + 3, size - 3);
    enum np_http_path_state due = oracle(text, size - 3, &want);
    enum np_http_path_state state = np_http_path_read((struct np_slice){text, size - 3}, &path);
    demand(state == due);
    if (state == NP_HTTP_PATH_NORMAL) {
        demand(path.length == want.len && path.length <= size - 3);
        form.len = path.length;
        np_http_path_write(&path, form.bytes);
        demand(memcmp(form.bytes, want.bytes, want.len) == 0);
        demand_normal(&form);
        demand_same_again(&form);
        demand_parts(&path, &form, data);
    }
    free(text);
    return 0;
}
