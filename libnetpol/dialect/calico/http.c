/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/calico/http.h"
#include "model/http_path.h"
#include "base/defect.h"

static const struct np_expr *atom(struct np_lower *l, enum np_view view, enum np_pattern_kind kind,
                                  struct np_slice text)
{
    const struct np_expr expr = {
        .op = NP_EXPR_ATOM,
        .view = (uint8_t)view,
        .absent = true,
        .pattern = {.kind = (uint8_t)kind, .text = np_build_str(l->build, text)}
    };
    return np_build_expr(l->build, &expr);
}

static const struct np_expr *join(struct np_lower *l, enum np_expr_op op,
                                  const struct np_expr *const *kids, uint32_t count)
{
    const struct np_expr expr = {.op = (uint8_t)op, .kids = kids, .count = count};
    return np_build_expr(l->build, &expr);
}

/* NULL: every method. */
static const struct np_expr *methods(struct np_lower *l, const struct np_calico_http *http)
{
    const struct np_expr **kids = np_build_alloc(l->build, http->n_methods, sizeof(void *));
    for (size_t i = 0; kids && i < http->n_methods; i++) {
        if (np_slice_is(http->methods[i], "*")) {
            return NULL;
        }
        kids[i] = atom(l, NP_VIEW_METHOD, NP_PATTERN_EXACT, http->methods[i]);
    }
    return kids && http->n_methods ? join(l, NP_EXPR_ANY, kids, (uint32_t)http->n_methods) : NULL;
}

/* What no normal form is: matches where there is no request, and no request. */
static const struct np_expr *no_path(struct np_lower *l)
{
    return atom(l, NP_VIEW_PATH_CALICO, NP_PATTERN_EXACT, (struct np_slice){"", 0});
}

static const struct np_expr *path(struct np_lower *l, const struct np_calico_http_path *item)
{
    struct np_http_path read;
    if (np_http_path_read(item->text, &read) != NP_HTTP_PATH_NORMAL) {
        return no_path(l);
    }
    char *normal = np_build_alloc(l->build, read.length, 1);
    if (!normal) {
        return NULL;
    }
    np_http_path_write(&read, normal);
    return atom(l, NP_VIEW_PATH_CALICO,
                item->prefix ? np_defect(CALICO_PREFIX_BYTES) ? NP_PATTERN_PREFIX : NP_PATTERN_UNDER
                             : NP_PATTERN_EXACT,
                (struct np_slice){normal, read.length});
}

/* NULL: every path. */
static const struct np_expr *paths(struct np_lower *l, const struct np_calico_http *http)
{
    const struct np_expr **kids = np_build_alloc(l->build, http->n_paths, sizeof(void *));
    for (size_t i = 0; kids && i < http->n_paths; i++) {
        kids[i] = path(l, &http->paths[np_defect(CALICO_FIRST_PATH) ? 0 : i]);
    }
    return kids && http->n_paths ? join(l, NP_EXPR_ANY, kids, (uint32_t)http->n_paths) : NULL;
}

static const struct np_expr *both(struct np_lower *l, const struct np_expr *a,
                                  const struct np_expr *b)
{
    const struct np_expr *kids[] = {a, b};
    return a && b ? join(l, NP_EXPR_ALL, kids, 2) : a ? a : b;
}

const struct np_expr *np_calico_http(struct np_lower *l, const struct np_calico_http *http)
{
    return both(l, methods(l, http), paths(l, http));
}

const struct np_expr *np_calico_http_refused(struct np_lower *l, const struct np_calico_http *http)
{
    if (http->n_paths == 0) {
        return NULL;
    }
    const struct np_expr *slash =
        atom(l, NP_VIEW_PATH_RAW, NP_PATTERN_PREFIX, (struct np_slice){"/", 1});
    return both(l, methods(l, http), join(l, NP_EXPR_NOT, &slash, 1));
}
