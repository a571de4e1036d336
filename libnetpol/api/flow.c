/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of flows. */
#include "analyze/flow.h"
#include "api/internal.h"
#include "match/named.h"

const char *netpol_hit_kind_text(int kind)
{
    static const char *const texts[] = {
#define KIND_TEXT(name, text, json) text,
        NETPOL_HIT_KIND_MAP(KIND_TEXT)
#undef KIND_TEXT
    };
    return kind >= 0 && kind < NETPOL_HIT_KIND_COUNT ? texts[kind] : texts[NETPOL_HIT_UNKNOWN];
}

int netpol_flow_create(const struct netpol_view *view, const struct netpol_point *point,
                       const struct netpol_tuple *tuple, const struct netpol_request *request,
                       struct netpol_flow **out)
{
    if (!view || !tuple || !out || (point && !np_point_valid(point)) ||
        (request && !np_request_valid(request))) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!np_whole_of(view->matcher)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    if (!np_view_as_compiled(view, tuple, request)) {
        return NETPOL_ERR_STATE;
    }
    const struct np_named *named[2];
    np_match_named(&view->matcher->hot, np_view_table(view), tuple, named);
    return np_flow(view->matcher->ctx, np_whole_of(view->matcher)->model, view->matcher, point,
                   tuple, request, named, out);
}

void netpol_flow_destroy(struct netpol_flow *flow)
{
    np_flow_destroy(flow);
}

int netpol_flow_hits(const struct netpol_flow *flow, int side, int pending, struct netpol_hits *out)
{
    if (!flow || !out || (side != NETPOL_SIDE_EGRESS && side != NETPOL_SIDE_INGRESS)) {
        return NETPOL_ERR_ARGUMENT;
    }
    enum np_direction direction = side == NETPOL_SIDE_EGRESS ? NP_EGRESS : NP_INGRESS;
    const struct np_flow_hits *hits = &flow->hits[pending != 0][direction];
    if (!hits->judged) {
        return NETPOL_ERR_NOT_FOUND;
    }
    *out = (struct netpol_hits){.items = hits->list.items,
                                .count = hits->list.count,
                                .action = hits->action,
                                .open = hits->open};
    return NETPOL_OK;
}

int netpol_flow_write(const struct netpol_flow *flow, const struct netpol_flow_times *times,
                      netpol_sink_fn sink, void *user)
{
    return flow && sink ? np_flow_write(flow, times, sink, user) : NETPOL_ERR_ARGUMENT;
}

int netpol_hit_parse(const char *text, size_t size, struct netpol_hit_text *out)
{
    if (!text || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    return np_hit_parse((struct np_slice){text, size}, out) ? NETPOL_OK : NETPOL_ERR_INPUT;
}
