/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation: views, scratch, and the calls of the hot path. They allocate nothing and fail only on
 * arguments that are no handles; whatever goes wrong, the verdict that is left behind never allows.
 */
#include "api/internal.h"
#include "reference/reference.h"

_Static_assert(sizeof(struct netpol_tuple) == 64, "a tuple is one cache line");
_Static_assert(sizeof(struct netpol_verdict) == 64, "a verdict is one cache line");

/* Room for what rules do to a request on its way. */
struct netpol_scratch {
    struct netpol_ctx *ctx;
    uint64_t generation; /* of the matcher it was made for */
    uint32_t capacity;
    struct np_applied items[];
};

int netpol_view_create(struct netpol_matcher *matcher, struct netpol_endpoints *endpoints,
                       struct netpol_view **out)
{
    /* Endpoints apart from a snapshot cannot be made yet, so a pointer to some is no handle. */
    if (!matcher || !out || endpoints) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct netpol_view *view = np_alloc(matcher->ctx, sizeof *view);
    if (!view) {
        return NETPOL_ERR_MEMORY;
    }
    view->matcher = np_matcher_ref(matcher);
    *out = view;
    return NETPOL_OK;
}

void netpol_view_destroy(struct netpol_view *view)
{
    if (view) {
        struct netpol_matcher *matcher = view->matcher;
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
    const struct np_endpoint *endpoint = np_inventory_pod(
        &np_whole_of(view->matcher)->model->inventory, np_slice_of(namespace_name), np_slice_of(name));
    return endpoint ? endpoint->ref : 0;
}

static size_t scratch_size(uint32_t capacity)
{
    return sizeof(struct netpol_scratch) + capacity * sizeof(struct np_applied);
}

int netpol_scratch_create(struct netpol_matcher *matcher, struct netpol_scratch **out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    uint32_t capacity = np_reference_room(np_whole_of(matcher)->model);
    struct netpol_scratch *scratch = np_alloc(matcher->ctx, scratch_size(capacity));
    if (!scratch) {
        return NETPOL_ERR_MEMORY;
    }
    scratch->ctx = matcher->ctx;
    scratch->generation = matcher->generation;
    scratch->capacity = capacity;
    *out = scratch;
    return NETPOL_OK;
}

void netpol_scratch_destroy(struct netpol_scratch *scratch)
{
    if (scratch) {
        np_free(scratch->ctx, scratch, scratch_size(scratch->capacity));
    }
}

static void refuse(struct netpol_verdict *out, uint8_t action, uint8_t reason)
{
    if (out) {
        *out = (struct netpol_verdict){.action = action};
        out->egress = (struct netpol_part){.action = action, .reason = reason};
        out->ingress = out->egress;
        out->mesh = out->egress;
    }
}

static int bad_argument(struct netpol_verdict *out)
{
    refuse(out, NETPOL_DENY, NETPOL_REASON_INVALID);
    return NETPOL_ERR_ARGUMENT;
}

static int evaluate(const struct netpol_view *view, const struct netpol_tuple *tuple,
                    const struct netpol_request *request, const struct netpol_point *point,
                    struct netpol_scratch *scratch, struct netpol_verdict *out)
{
    struct np_effects room = {0};
    if (scratch) {
        room = (struct np_effects){.items = scratch->items, .capacity = scratch->capacity};
    }
    np_reference_eval_in(np_whole_of(view->matcher)->model, tuple, request, point, NULL, scratch ? &room : NULL,
                         out);
    out->generation = view->matcher->generation;
    return NETPOL_OK;
}

static bool scratch_fits(const struct netpol_view *view, const struct netpol_scratch *scratch)
{
    return scratch->generation == view->matcher->generation;
}

static int bad_scratch(const struct netpol_view *view, struct netpol_verdict *out)
{
    refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_MISSING);
    out->generation = view->matcher->generation;
    return NETPOL_ERR_SCRATCH;
}

int netpol_eval(const struct netpol_view *view, const struct netpol_tuple *tuple,
                struct netpol_verdict *out)
{
    if (!view || !tuple || !out) {
        return bad_argument(out);
    }
    return evaluate(view, tuple, NULL, NULL, NULL, out);
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
    for (size_t i = 0; i < count; i++) {
        evaluate(view, &tuples[i], NULL, NULL, NULL, &out[i]);
    }
    return NETPOL_OK;
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
        return bad_scratch(view, out);
    }
    return evaluate(view, tuple, request, point, scratch, out);
}

int netpol_eval_request(const struct netpol_view *view, const struct netpol_tuple *tuple,
                        const struct netpol_request *request, struct netpol_scratch *scratch,
                        struct netpol_verdict *out)
{
    if (!view || !tuple || !out || !request || !np_request_valid(request)) {
        return bad_argument(out);
    }
    if (!scratch || !scratch_fits(view, scratch)) {
        return bad_scratch(view, out);
    }
    return evaluate(view, tuple, request, NULL, scratch, out);
}
