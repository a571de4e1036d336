/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of Hubble's flows. */
#include "analyze/hubble.h"
#include "api/internal.h"

int netpol_hubble_create(const struct netpol_view *view, const struct netpol_point *point,
                         const struct netpol_tuple *tuple, const struct netpol_request *request,
                         struct netpol_hubble **out)
{
    if (!view || !tuple || !out || (point && !np_point_valid(point)) ||
        (request && !np_request_valid(request))) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!np_whole_of(view->matcher)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    return np_view_as_compiled(view, tuple, request)
               ? np_hubble(view->matcher, point, tuple, request, out)
               : NETPOL_ERR_STATE;
}

void netpol_hubble_destroy(struct netpol_hubble *hubble)
{
    np_hubble_destroy(hubble);
}

size_t netpol_hubble_count(const struct netpol_hubble *hubble)
{
    return hubble ? hubble->n_flows : 0;
}

int netpol_hubble_at(const struct netpol_hubble *hubble, size_t i, struct netpol_hubble_flow *out)
{
    if (!hubble || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (i >= hubble->n_flows) {
        return NETPOL_ERR_NOT_FOUND;
    }
    *out = hubble->flows[i].told;
    return NETPOL_OK;
}

int netpol_hubble_write(const struct netpol_hubble *hubble, int format,
                        const struct netpol_hubble_time *time, netpol_sink_fn sink, void *user)
{
    bool known = format == NETPOL_HUBBLE_JSONPB || format == NETPOL_HUBBLE_COMPACT;
    return hubble && sink && known && (!time || time->nanoseconds < 1000000000)
               ? np_hubble_write(hubble, format, time, sink, user)
               : NETPOL_ERR_ARGUMENT;
}
