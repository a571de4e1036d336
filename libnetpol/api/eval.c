/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation: views, scratch, and the calls of the hot path. They allocate nothing and fail only on
 * arguments that are no handles; whatever goes wrong, the verdict that is left behind never allows.
 *
 * Connections are answered by the image. What the image does not hold (requests, hooks, modes of
 * proxies) is answered by the model, where the matcher has one.
 */
#include "api/internal.h"
#include "match/matcher.h"
#include "match/named.h"
#include "match/names.h"
#include "match/table.h"

#include <stddef.h>

_Static_assert(sizeof(struct netpol_tuple) == 64, "a tuple is one cache line");
_Static_assert(sizeof(struct netpol_verdict) == 64, "a verdict is one cache line");

/* Room for what rules do to a request on its way. */
struct netpol_scratch {
    struct netpol_ctx *ctx;
    uint64_t generation; /* of the matcher it was made for */
    size_t size;         /* of all of it */
    uint32_t capacity;   /* items, of the size that the matcher says */
    max_align_t items[];
};

/* ---- views ---- */

int netpol_view_create(struct netpol_matcher *matcher, struct netpol_endpoints *endpoints,
                       struct netpol_view **out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (endpoints && np_endpoints_matcher(endpoints) != matcher) {
        return NETPOL_ERR_GENERATION;
    }
    struct netpol_view *view = np_alloc(matcher->ctx, sizeof *view);
    if (!view) {
        return NETPOL_ERR_MEMORY;
    }
    if (endpoints) {
        np_endpoints_bind(endpoints);
    }
    *view = (struct netpol_view){.matcher = np_matcher_ref(matcher), .endpoints = endpoints};
    *out = view;
    return NETPOL_OK;
}

void netpol_view_destroy(struct netpol_view *view)
{
    if (view) {
        struct netpol_matcher *matcher = view->matcher;
        if (view->endpoints) {
            np_endpoints_unbind(view->endpoints);
        }
        np_free(matcher->ctx, view, sizeof *view);
        np_matcher_unref(matcher);
    }
}

uint64_t netpol_view_find(const struct netpol_view *view, const char *namespace_name,
                          const char *name)
{
    if (!view || !namespace_name || !name) {
        return 0;
    }
    const struct netpol_matcher *matcher = view->matcher;
    struct np_slice space = np_slice_of(namespace_name), text = np_slice_of(name);
    return matcher->full ? matcher->full->find(matcher, space, text)
                         : np_names_find(&matcher->image, space, text);
}

/* ---- scratch ---- */

int netpol_scratch_create(struct netpol_matcher *matcher, struct netpol_scratch **out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    uint32_t capacity = matcher->full ? matcher->full->room(matcher) : 0;
    size_t item = matcher->full ? matcher->full->room_item : 0;
    size_t size = sizeof(struct netpol_scratch) + capacity * item;
    struct netpol_scratch *scratch = np_alloc(matcher->ctx, size);
    if (!scratch) {
        return NETPOL_ERR_MEMORY;
    }
    scratch->ctx = matcher->ctx;
    scratch->generation = matcher->generation;
    scratch->size = size;
    scratch->capacity = capacity;
    *out = scratch;
    return NETPOL_OK;
}

void netpol_scratch_destroy(struct netpol_scratch *scratch)
{
    if (scratch) {
        np_free(scratch->ctx, scratch, scratch->size);
    }
}

/* ---- questions ---- */

static int bad_argument(struct netpol_verdict *out)
{
    if (out) {
        np_match_refuse(out, NETPOL_DENY, NETPOL_REASON_INVALID, 0);
    }
    return NETPOL_ERR_ARGUMENT;
}

static int unknown(const struct netpol_view *view, int status, struct netpol_verdict *out)
{
    np_match_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, 0);
    out->generation = view->matcher->generation;
    return status;
}

const struct np_table *np_view_table(const struct netpol_view *view)
{
    return view->endpoints ? np_endpoints_table(view->endpoints) : &view->matcher->frozen;
}

/*
 * The model knows the endpoints as they were compiled. Where an end of the question has changed
 * since, it must not answer.
 */
bool np_view_as_compiled(const struct netpol_view *view, const struct netpol_tuple *tuple,
                         const struct netpol_request *request)
{
    const struct netpol_matcher *matcher = view->matcher;
    if (!view->endpoints) {
        return true;
    }
    const struct np_table *now = np_view_table(view);
    if (request && request->original_family) {
        struct netpol_tuple before = {.family = request->original_family,
                                      .flags = NETPOL_TUPLE_SRC_NO_ADDRESS};
        memcpy(before.dst, request->original, sizeof before.dst);
        if (!np_match_same_ends(&matcher->hot, &matcher->frozen, now, &before)) {
            return false;
        }
    }
    return np_match_same_ends(&matcher->hot, &matcher->frozen, now, tuple);
}

static int ask_model(const struct netpol_view *view, const struct netpol_tuple *tuple,
                     const struct netpol_request *request, const struct netpol_point *point,
                     struct netpol_scratch *scratch, struct netpol_verdict *out)
{
    const struct netpol_matcher *matcher = view->matcher;
    if (!matcher->full) {
        return unknown(view, NETPOL_ERR_UNSUPPORTED, out);
    }
    if (np_view_as_compiled(view, tuple, request)) {
        const struct np_named *named[2];
        np_match_named(&matcher->hot, np_view_table(view), tuple, named);
        matcher->full->eval(matcher, tuple, request, point, named, scratch ? scratch->items : NULL,
                            scratch ? scratch->capacity : 0, out);
    } else {
        np_match_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_STALE, NETPOL_MISSING_SIGNATURE);
    }
    out->generation = matcher->generation;
    return NETPOL_OK;
}

static bool scratch_fits(const struct netpol_view *view, const struct netpol_scratch *scratch)
{
    return scratch->generation == view->matcher->generation;
}

int netpol_eval(const struct netpol_view *view, const struct netpol_tuple *tuple,
                struct netpol_verdict *out)
{
    if (!view || !tuple || !out) {
        return bad_argument(out);
    }
    np_match_eval(&view->matcher->hot, np_view_table(view), tuple, out);
    return NETPOL_OK;
}

int netpol_eval_batch(const struct netpol_view *view, const struct netpol_tuple *tuples,
                      struct netpol_verdict *out, size_t count)
{
    if (count && (!view || !tuples || !out)) {
        for (size_t i = 0; out && i < count; i++) {
            bad_argument(&out[i]);
        }
        return NETPOL_ERR_ARGUMENT;
    }
    if (count) {
        np_match_batch(&view->matcher->hot, np_view_table(view), tuples, out, count);
    }
    return NETPOL_OK;
}

/* The sides of a hop that lie on a plane and a side. */
static unsigned sides_of(const struct netpol_point *point)
{
    static const uint8_t of_plane[] = {[NETPOL_PLANE_NONE] = NP_SIDES_ALL,
                                       [NETPOL_PLANE_NETWORK] =
                                           1 << NP_SIDE_EGRESS | 1 << NP_SIDE_INGRESS,
                                       [NETPOL_PLANE_MESH] = 1 << NP_SIDE_MESH};
    static const uint8_t of_side[] = {[NETPOL_SIDE_NONE] = NP_SIDES_ALL,
                                      [NETPOL_SIDE_EGRESS] = 1 << NP_SIDE_EGRESS,
                                      [NETPOL_SIDE_INGRESS] =
                                          1 << NP_SIDE_INGRESS | 1 << NP_SIDE_MESH};
    return of_plane[point->plane] & of_side[point->side];
}

int netpol_eval_at(const struct netpol_view *view, const struct netpol_point *point,
                   const struct netpol_tuple *tuple, const struct netpol_request *request,
                   struct netpol_scratch *scratch, struct netpol_verdict *out)
{
    if (!view || !point || !tuple || !out || !np_point_valid(point) ||
        (request && !np_request_valid(request))) {
        return bad_argument(out);
    }
    if (scratch && !scratch_fits(view, scratch)) {
        return unknown(view, NETPOL_ERR_SCRATCH, out);
    }
    if (request || point->hook || point->mode) {
        return ask_model(view, tuple, request, point, scratch, out);
    }
    np_match_sides(&view->matcher->hot, np_view_table(view), sides_of(point), tuple, out);
    return NETPOL_OK;
}

int netpol_eval_request(const struct netpol_view *view, const struct netpol_tuple *tuple,
                        const struct netpol_request *request, struct netpol_scratch *scratch,
                        struct netpol_verdict *out)
{
    if (!view || !tuple || !out || !request || !np_request_valid(request)) {
        return bad_argument(out);
    }
    if (!scratch || !scratch_fits(view, scratch)) {
        return unknown(view, NETPOL_ERR_SCRATCH, out);
    }
    return ask_model(view, tuple, request, NULL, scratch, out);
}
