/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_PROXY_PATH_H
#define NP_MODEL_PROXY_PATH_H
/*
 * The path of a request, with its query, as Cilium's proxy (Envoy) hands it to the rules.
 *
 * Cilium's option http-normalize-path sets three things of Envoy's HTTP connection manager:
 * normalize_path, merge_slashes, and path_with_escaped_slashes_action UNESCAPE_AND_REDIRECT. They
 * work on what is before the first '?', in this order:
 *
 *  1. "%2F" and "%5C" are unescaped; a path that had one is answered by a redirect to what it has
 *     become, and no rule sees it.
 *  2. RFC 3986, as Envoy's URL library does it: '\' is '/'; letters, digits and "-._~" are
 *     unescaped, other escapes stay as they are; what no path may have is escaped; "." and ".."
 *     are resolved, where an empty segment counts as one. A NUL, escaped or not, is refused (400).
 *  3. Slashes beside each other become one.
 *
 * Refused in any case: '#' anywhere (400, http_reject_path_with_fragment), what does not begin with
 * '/' (404), and more than 60 KiB (431, max_request_headers_kb).
 *
 * REFUSED is all that no rule sees: such a request does not pass, and one that is redirected is not
 * an allow of what it asked for; where the client then goes is a request of its own. DOUBT is a
 * form that depends on Envoy's version or on its corners ('^', '|', slashes alone, bytes that are
 * not UTF-8, "." and ".." before a ';', escapes that decoding makes): no answer is better than one
 * that may allow what the proxy does not.
 *
 * As model/http_path.h does, the form is read and not written: no scratch, linear time.
 */
#include "base/base.h"

enum { NP_PROXY_PATH_MAX = 60 * 1024 };

enum np_proxy_path_state { NP_PROXY_PATH_READ, NP_PROXY_PATH_REFUSED, NP_PROXY_PATH_DOUBT };
struct np_proxy_path { /* views of what was given */
    struct np_slice path;
    struct np_slice query; /* with its '?'; may be empty */
    bool normalize;        /* false: both are read as they are */
};
/* *out is filled for READ alone. */
enum np_proxy_path_state np_proxy_path_read(struct np_slice text, bool normalize,
                                            struct np_proxy_path *out);

/* Reads from the first byte to the last; some 8 KiB, touched as far as the path is long. */
struct np_proxy_reader {
    const struct np_proxy_path *path;
    size_t at, end; /* what is left of the segment at hand */
    bool last;      /* it is the last one; then comes the query */
    size_t asked;   /* bytes of the query that were read */
    char queue[3];  /* of an escape */
    uint8_t n_queue;
    uint64_t stays[NP_PROXY_PATH_MAX / 64 + 1]; /* segments, by where they begin */
};
void np_proxy_reader_open(struct np_proxy_reader *reader, const struct np_proxy_path *path);
int np_proxy_reader_next(struct np_proxy_reader *reader); /* -1: the end */
#endif
