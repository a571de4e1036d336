/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_HTTP_PATH_H
#define NP_MODEL_HTTP_PATH_H
/*
 * The path of a request in the strict normal form in which Calico compares paths.
 *
 * In this order: query and fragment are cut (from the first '?' or '#'), escapes are decoded once,
 * what still holds an escaped dot, slash or backslash or a NUL is refused, as is an escape that is
 * none; '\' becomes '/', parameters (from ';') leave each segment, empty and dot segments are
 * resolved (".." at the root goes nowhere) and a slash at the end goes, but for "/" itself.
 *
 * The form is never written down to be compared. A walk over the segments from the last to the
 * first meets each ".." before what it takes away, so one counter replaces the stack, and escapes
 * are decoded on the way. So there is no limit on a path's length, nothing is allocated, no scratch
 * is needed, and the time is linear. It lives in the model because what a view reads is part of the
 * meaning of an atom: the reference reads requests with it, dialects what rules say.
 */
#include "base/base.h"

enum np_http_path_state {
    NP_HTTP_PATH_NORMAL,
    NP_HTTP_PATH_REJECTED, /* has no normal form */
    NP_HTTP_PATH_NO_SLASH  /* does not begin with '/': no path of a resource at all */
};
struct np_http_path {
    struct np_slice raw; /* without query and fragment; a view of what was given */
    size_t length;       /* of the normal form; never more than raw.len, never 0 */
};
/* *out is filled for NORMAL alone. */
enum np_http_path_state np_http_path_read(struct np_slice text, struct np_http_path *out);
/* Does the normal form have `wanted` at offset `at`? fold: ASCII case ignored. */
bool np_http_path_has(const struct np_http_path *path, size_t at, struct np_slice wanted,
                      bool fold);
/* The byte of the normal form at an offset below its length. */
unsigned char np_http_path_byte(const struct np_http_path *path, size_t at);
/* Writes path->length bytes, no NUL. */
void np_http_path_write(const struct np_http_path *path, char *out);
#endif
