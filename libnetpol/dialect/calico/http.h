/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_HTTP_H
#define NP_DIALECT_CALICO_HTTP_H
/*
 * The `http` of a rule: methods (exact, "*" any) and paths (exact, or prefix by whole segments),
 * both sides in the strict normal form of model/http_path.h. A connection that is no HTTP request
 * matches: the kernel has let it in and the proxy has nothing to compare.
 *
 * A rule becomes two. The Allow has the condition of np_calico_http. Behind it, with the same
 * other axes, index and position, comes a DENY with np_rule.refuses and the condition of
 * np_calico_http_refused: a request whose path does not begin with '/' is not a valid one, which is
 * found out where a rule with paths is reached and its methods match. Such a path has no normal
 * form, so it never matches the Allow; which of the two comes first changes nothing but the name
 * that an answer without a request carries, and that should be the Allow's.
 */
#include "dialect/lower.h"

struct np_calico_http_path {
    bool prefix; /* false: exact */
    struct np_slice text;
};
struct np_calico_http {
    const struct np_slice *methods;
    const struct np_calico_http_path *paths;
    size_t n_methods, n_paths;
};
/*
 * NULL: any request (or no memory). A path without a normal form matches no request, and leaves the
 * others of its list alone.
 */
const struct np_expr *np_calico_http(struct np_lower *l, const struct np_calico_http *http);
/* NULL: refuses none, as a rule without paths does. */
const struct np_expr *np_calico_http_refused(struct np_lower *l, const struct np_calico_http *http);
#endif
