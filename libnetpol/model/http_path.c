/* SPDX-License-Identifier: Apache-2.0 */
#include "model/http_path.h"

/* ---- bytes as they are after decoding ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* -1: no escape stands there. */
static int escape_at(struct np_slice text, size_t at)
{
    int high = text.len - at > 2 ? hex_digit(text.ptr[at + 1]) : -1;
    int low = high >= 0 ? hex_digit(text.ptr[at + 2]) : -1;
    return low >= 0 ? high << 4 | low : -1;
}

/* The byte at *at, which moves behind it; -1: '%' that begins no escape. */
static int next_byte(struct np_slice text, size_t *at)
{
    if (text.ptr[*at] != '%') {
        return (unsigned char)text.ptr[(*at)++];
    }
    int byte = escape_at(text, *at);
    *at += 3;
    return byte;
}

/*
 * The byte before *at, which moves before it. Every '%' was seen to begin an escape, and the digits
 * of one are no '%': so two bytes behind a '%' is the end of an escape and nothing else.
 */
static int byte_before(struct np_slice text, size_t *at)
{
    if (*at >= 3 && text.ptr[*at - 3] == '%') {
        *at -= 3;
        return escape_at(text, *at);
    }
    return (unsigned char)text.ptr[--*at];
}

/* ---- what has a normal form ---- */

/* An escaped '.', '/' or '\' that decoding once has left, or made: "%252e", "%25%32%65". */
static bool survives(int percent, int high, int low)
{
    int folded = low | 0x20;
    return percent == '%' &&
           ((high == '2' && (folded == 'e' || folded == 'f')) || (high == '5' && folded == 'c'));
}

static bool has_normal_form(struct np_slice text)
{
    int before = 0;
    int last = 0;
    for (size_t at = 0; at < text.len;) {
        int byte = next_byte(text, &at);
        if (byte <= 0 || survives(before, last, byte)) {
            return false;
        }
        before = last;
        last = byte;
    }
    return true;
}

/* ---- segments, from the last to the first ---- */

struct walk {
    struct np_slice raw;
    size_t end;              /* raw[0..end) is still to be walked */
    size_t above;            /* ".." met whose segment was not met yet */
    struct np_slice segment; /* raw, without parameters */
};

/* The segment that ends at walk->end, which moves before the slash. raw[0] is one. */
static void take_segment(struct walk *walk)
{
    size_t at = walk->end;
    size_t stop = walk->end;
    for (;;) {
        size_t begin = at;
        int byte = byte_before(walk->raw, &at);
        if (byte == '/' || byte == '\\') {
            walk->segment = (struct np_slice){walk->raw.ptr + begin, stop - begin};
            walk->end = at;
            return;
        }
        stop = byte == ';' ? at : stop;
    }
}

/* 0: empty; 1: "."; 2: ".."; 3: anything else. */
static int dots_of(struct np_slice segment)
{
    int dots = 0;
    for (size_t at = 0; at < segment.len;) {
        if (dots == 2 || next_byte(segment, &at) != '.') {
            return 3;
        }
        dots++;
    }
    return dots;
}

/* The next segment that stays; false at the root. */
static bool next_segment(struct walk *walk)
{
    while (walk->end > 0) {
        take_segment(walk);
        int dots = dots_of(walk->segment);
        if (dots == 2) {
            walk->above++;
        } else if (dots == 3 && walk->above > 0) {
            walk->above--;
        } else if (dots == 3) {
            return true;
        }
    }
    return false;
}

static size_t decoded_length(struct np_slice segment)
{
    size_t length = 0;
    for (size_t at = 0; at < segment.len; length++) {
        (void)next_byte(segment, &at);
    }
    return length;
}

/* ---- the normal form ---- */

enum np_http_path_state np_http_path_read(struct np_slice text, struct np_http_path *out)
{
    if (text.len == 0 || text.ptr[0] != '/') {
        return NP_HTTP_PATH_NO_SLASH;
    }
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '?' && text.ptr[len] != '#') {
        len++;
    }
    struct np_slice raw = {text.ptr, len};
    if (!has_normal_form(raw)) {
        return NP_HTTP_PATH_REJECTED;
    }
    struct walk walk = {.raw = raw, .end = raw.len};
    size_t length = 0;
    while (next_segment(&walk)) {
        length += 1 + decoded_length(walk.segment);
    }
    *out = (struct np_http_path){raw, length ? length : 1};
    return NP_HTTP_PATH_NORMAL;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Is byte number `place` of the form what `wanted`, which begins at `at`, has there, if anything?
 */
static bool agrees(size_t place, int byte, size_t at, struct np_slice wanted, bool fold)
{
    if (place < at || place - at >= wanted.len) {
        return true;
    }
    int other = (unsigned char)wanted.ptr[place - at];
    return fold ? lower(byte) == lower(other) : byte == other;
}

bool np_http_path_has(const struct np_http_path *path, size_t at, struct np_slice wanted, bool fold)
{
    if (at > path->length || wanted.len > path->length - at) {
        return false;
    }
    struct walk walk = {.raw = path->raw, .end = path->raw.len};
    size_t begin = path->length;
    while (begin > at && next_segment(&walk)) {
        begin -= 1 + decoded_length(walk.segment);
        if (!agrees(begin, '/', at, wanted, fold)) {
            return false;
        }
        size_t place = begin + 1;
        for (size_t i = 0; i < walk.segment.len; place++) {
            if (!agrees(place, next_byte(walk.segment, &i), at, wanted, fold)) {
                return false;
            }
        }
    }
    return begin <= at || agrees(0, '/', at, wanted, fold); /* no segment at all: the root */
}

unsigned char np_http_path_byte(const struct np_http_path *path, size_t at)
{
    struct walk walk = {.raw = path->raw, .end = path->raw.len};
    size_t begin = path->length;
    while (begin > at && next_segment(&walk)) {
        begin -= 1 + decoded_length(walk.segment);
    }
    int byte = '/';
    for (size_t i = 0; begin < at; begin++) {
        byte = next_byte(walk.segment, &i);
    }
    return (unsigned char)byte;
}

void np_http_path_write(const struct np_http_path *path, char *out)
{
    struct walk walk = {.raw = path->raw, .end = path->raw.len};
    size_t begin = path->length;
    out[0] = '/';
    while (next_segment(&walk)) {
        begin -= 1 + decoded_length(walk.segment);
        size_t place = begin;
        out[place++] = '/';
        for (size_t i = 0; i < walk.segment.len;) {
            out[place++] = (char)next_byte(walk.segment, &i);
        }
    }
}
