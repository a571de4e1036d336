/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Envoy's path_utility.cc, conn_manager_utility.cc, and its URL library, url_canon_path.
 */
#include "model/proxy_path.h"

#include "base/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that is escaped at `at`; -1: no escape stands there. */
static int escape_at(struct np_slice text, size_t at)
{
    bool room = text.ptr[at] == '%' && text.len - at > 2;
    int high = room ? hex_digit(text.ptr[at + 1]) : -1;
    int low = high >= 0 ? hex_digit(text.ptr[at + 2]) : -1;
    return low >= 0 ? high << 4 | low : -1;
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool is_unreserved(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && c > 0 && strchr("-._~", c));
}

/* ASCII that is escaped when it stands in a path. */
static bool is_foreign(unsigned char c)
{
    return c <= ' ' || c == 0x7F || strchr("\"<>`{}", c);
}

/* ---- what is refused ---- */

static enum np_proxy_path_state judge_escape(struct np_slice path, size_t at)
{
    int byte = escape_at(path, at);
    if (byte == 0 || byte == '/' || byte == '\\') {
        return NP_PROXY_PATH_REFUSED;
    }
    /* A '%' that is no escape stays, and may become one when what follows is decoded. */
    bool nested = byte < 0 && ((at + 1 < path.len && path.ptr[at + 1] == '%') ||
                               (at + 2 < path.len && path.ptr[at + 2] == '%'));
    return nested ? NP_PROXY_PATH_DOUBT : NP_PROXY_PATH_READ;
}

/* Of one character, *size bytes long. */
static enum np_proxy_path_state judge_character(struct np_slice path, size_t at, size_t *size)
{
    char c = path.ptr[at];
    uint32_t code;
    *size = 1;
    if (c == '%') {
        return judge_escape(path, at);
    }
    if (c == '\0') {
        return NP_PROXY_PATH_REFUSED;
    }
    if ((unsigned char)c < 0x80) {
        return c == '^' || c == '|' ? NP_PROXY_PATH_DOUBT : NP_PROXY_PATH_READ;
    }
    *size = np_utf8_decode(path.ptr + at, path.len - at, &code);
    if (*size == 0) { /* the library has escaped it byte by byte, and refused it, over the years */
        *size = 1;
        return NP_PROXY_PATH_DOUBT;
    }
    bool no_character = (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
    return no_character ? NP_PROXY_PATH_DOUBT : NP_PROXY_PATH_READ;
}

/*
 * Does a segment begin at `at` that is "." or ".." but for parameters ("..;x")? Envoy 1.36.10 and
 * 1.37.6 (CVE-2026-73551) take it for something else than those before.
 */
static bool has_parameters(struct np_slice path, size_t at)
{
    int dots = 0;
    for (; at < path.len && dots <= 2; dots++) {
        int escaped = escape_at(path, at);
        int byte = escaped < 0 ? path.ptr[at] : escaped;
        if (byte != '.') {
            return byte == ';' && dots > 0;
        }
        at += escaped < 0 ? 1 : 3;
    }
    return false;
}

static enum np_proxy_path_state judge(struct np_slice path)
{
    enum np_proxy_path_state state = NP_PROXY_PATH_READ;
    for (size_t at = 0; at < path.len;) {
        size_t size;
        enum np_proxy_path_state here = judge_character(path, at, &size);
        if (here == NP_PROXY_PATH_REFUSED) {
            return here;
        }
        if (is_slash(path.ptr[at]) && has_parameters(path, at + 1)) {
            here = NP_PROXY_PATH_DOUBT;
        }
        state = here == NP_PROXY_PATH_READ ? state : here;
        at += size;
    }
    return state;
}

/* ---- segments ---- */

/* 0: empty; 1: "."; 2: ".."; 3: anything else. */
static int dots_of(struct np_slice path, size_t begin, size_t end)
{
    int dots = 0;
    for (size_t at = begin; at < end;) {
        bool escaped = path.ptr[at] == '%' && escape_at(path, at) == '.';
        if (dots == 2 || (path.ptr[at] != '.' && !escaped)) {
            return 3;
        }
        at += escaped ? 3 : 1;
        dots++;
    }
    return dots;
}

static size_t segment_end(struct np_slice path, size_t begin)
{
    while (begin < path.len && !is_slash(path.ptr[begin])) {
        begin++;
    }
    return begin;
}

/*
 * From the last to the first, so that ".." is met before what it takes away, empty segments too.
 * The last segment stays in any case, "." and ".." as an empty one. true: a segment stays that is
 * not empty, those before the last are set in stays (NULL: not wanted). *doubled: an empty one
 * before the last was not taken away.
 */
static bool resolve(struct np_slice path, uint64_t *stays, bool *doubled)
{
    size_t above = 0;
    bool any = false;
    *doubled = false;
    for (size_t end = path.len, begin; end > 0; end = begin - 1) {
        for (begin = end; !is_slash(path.ptr[begin - 1]); begin--) {
        }
        int dots = dots_of(path, begin, end);
        if (end == path.len) {
            above = dots == 2;
            any = dots == 3;
        } else if (dots == 2) {
            above++;
        } else if (dots != 1 && above > 0) {
            above--;
        } else if (dots == 3) {
            any = true;
            if (stays) {
                stays[begin / 64] |= 1ull << (begin % 64);
            }
        } else if (dots == 0) {
            *doubled = true;
        }
    }
    return any;
}

enum np_proxy_path_state np_proxy_path_read(struct np_slice text, bool normalize,
                                            struct np_proxy_path *out)
{
    if (text.len == 0 || text.len > NP_PROXY_PATH_MAX || text.ptr[0] != '/' ||
        memchr(text.ptr, '#', text.len)) {
        return NP_PROXY_PATH_REFUSED;
    }
    const char *query = memchr(text.ptr, '?', text.len);
    size_t len = query ? (size_t)(query - text.ptr) : text.len;
    *out = (struct np_proxy_path){
        {text.ptr,       len           },
        {text.ptr + len, text.len - len},
        normalize
    };
    enum np_proxy_path_state state = normalize ? judge(out->path) : NP_PROXY_PATH_READ;
    bool doubled = false;
    if (normalize && !resolve(out->path, NULL, &doubled) && doubled &&
        state == NP_PROXY_PATH_READ) {
        state = NP_PROXY_PATH_DOUBT; /* "//": merging may leave it */
    }
    return state;
}

/* ---- reading ---- */

void np_proxy_reader_open(struct np_proxy_reader *reader, const struct np_proxy_path *path)
{
    bool doubled;
    reader->path = path;
    reader->at = reader->end = 0;
    reader->last = false;
    reader->asked = 0;
    reader->n_queue = 0;
    if (path->normalize) {
        memset(reader->stays, 0, (path->path.len / 64 + 1) * sizeof *reader->stays);
        (void)resolve(path->path, reader->stays, &doubled);
    } else {
        reader->end = path->path.len;
        reader->last = true;
    }
}

/* The escape of a byte: its first is returned, the others wait. */
static int escape(struct np_proxy_reader *reader, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    reader->queue[0] = digits[byte & 15]; /* from the last */
    reader->queue[1] = digits[byte >> 4];
    reader->n_queue = 2;
    return '%';
}

static int next_byte(struct np_proxy_reader *reader)
{
    struct np_slice path = reader->path->path;
    unsigned char c = (unsigned char)path.ptr[reader->at];
    int byte = reader->path->normalize ? escape_at(path, reader->at) : -1;
    bool plain = byte < 0 || !is_unreserved(byte);
    reader->at += plain ? 1 : 3;
    if (!plain) {
        return byte;
    }
    bool foreign = reader->path->normalize && (c >= 0x80 || is_foreign(c));
    return foreign ? escape(reader, c) : c;
}

/* To the next segment that stays, of which the slash is read now; -1: there is none. */
static int next_segment(struct np_proxy_reader *reader)
{
    struct np_slice path = reader->path->path;
    while (!reader->last) {
        size_t begin = reader->end + 1;
        reader->end = segment_end(path, begin);
        reader->last = reader->end == path.len;
        if (reader->last) {
            reader->at = dots_of(path, begin, path.len) == 3 ? begin : path.len;
            return '/';
        }
        if (reader->stays[begin / 64] >> (begin % 64) & 1) {
            reader->at = begin;
            return '/';
        }
    }
    return -1;
}

int np_proxy_reader_next(struct np_proxy_reader *reader)
{
    struct np_slice query = reader->path->query;
    if (reader->n_queue) {
        return (unsigned char)reader->queue[--reader->n_queue];
    }
    if (reader->at < reader->end) {
        return next_byte(reader);
    }
    int slash = next_segment(reader);
    if (slash >= 0) {
        return slash;
    }
    return reader->asked < query.len ? (unsigned char)query.ptr[reader->asked++] : -1;
}
