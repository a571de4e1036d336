/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle's reading of http: methods, and paths after normalisation of both sides. Source:
 * app-policy/checker/match.go.
 */
#include "differential/calico_oracle.h"

enum { PATH = 128 };

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Once; false: an escape that is none, or a NUL. */
static bool decode(const char *from, size_t length, char out[PATH])
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < length ? hex(from[i + 1]) : -1;
            int low = i + 2 < length ? hex(from[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[n++] = c == '\\' ? '/' : c;
    }
    out[n] = '\0';
    return true;
}

/* Does a second decoding find a dot or a separator? */
static bool hides_more(const char *text)
{
    for (; *text; text++) {
        if (text[0] == '%' && ((text[1] == '2' && strchr("eEfF", text[2]) && text[2]) ||
                               (text[1] == '5' && (text[2] == 'c' || text[2] == 'C')))) {
            return true;
        }
    }
    return false;
}

/* Segments without parameters, dots resolved, as "/a/b"; the root is "/". */
static void clean(const char *text, char out[PATH])
{
    size_t n = 0;
    while (*text) {
        size_t length = strcspn(text, "/"), kept = strcspn(text, "/;");
        if (kept == 2 && strncmp(text, "..", 2) == 0) {
            while (n > 0 && out[--n] != '/') {
            }
        } else if (kept > 0 && !(kept == 1 && text[0] == '.')) {
            out[n++] = '/';
            memcpy(out + n, text, kept);
            n += kept;
        }
        text += length + (text[length] == '/');
    }
    if (n == 0) {
        out[n++] = '/';
    }
    out[n] = '\0';
}

static bool normalise(const char *path, char out[PATH])
{
    char text[PATH];
    size_t length = strcspn(path, "?#");
    if (length >= PATH || !decode(path, length, text) || hides_more(text)) {
        return false;
    }
    clean(text, out);
    return true;
}

static bool path_matches(const char *rule, bool prefix, const char *request)
{
    char wanted[PATH], given[PATH];
    if (!normalise(rule, wanted) || !normalise(request, given)) {
        return false;
    }
    size_t length = strcmp(wanted, "/") == 0 ? 0 : strlen(wanted);
    return prefix ? strncmp(given, wanted, length) == 0 && (!given[length] || given[length] == '/')
                  : strcmp(given, wanted) == 0;
}

static bool method_is_any(const struct cal_http *http)
{
    for (unsigned i = 0; i < http->n_methods; i++) {
        if (strcmp(http->methods[i], "*") == 0) {
            return true;
        }
    }
    return http->n_methods == 0;
}

enum cal_truth cal_http_matches(const struct cal_http *http, const struct cal_request *request)
{
    bool any_method = method_is_any(http), method = any_method;
    if (!http->present || (any_method && http->n_paths == 0)) {
        return CAL_YES;
    }
    if (!request->given) {
        return CAL_MAYBE;
    }
    for (unsigned i = 0; i < http->n_methods; i++) {
        method = method || strcmp(http->methods[i], request->method) == 0;
    }
    if (!method || http->n_paths == 0) {
        return method ? CAL_YES : CAL_NO;
    }
    if (request->path[0] != '/') {
        return CAL_INVALID;
    }
    for (unsigned i = 0; i < http->n_paths; i++) {
        if (path_matches(http->paths[i], http->prefix[i], request->path)) {
            return CAL_YES;
        }
    }
    return CAL_NO;
}
