/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of explanations. */
#include "analyze/explain.h"
#include "api/internal.h"
#include "compile/matcher.h"
#include "match/named.h"

int netpol_explain(const struct netpol_view *view, const struct netpol_point *point,
                   const struct netpol_tuple *tuple, const struct netpol_request *request,
                   struct netpol_explanation **out)
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
    return np_explain(view->matcher, point, tuple, request, named, out);
}

void netpol_explanation_destroy(struct netpol_explanation *explanation)
{
    np_explanation_destroy(explanation);
}

const struct netpol_verdict *netpol_explanation_verdict(const struct netpol_explanation *e)
{
    return e ? &e->verdict : NULL;
}

size_t netpol_explanation_count(const struct netpol_explanation *e)
{
    return e ? e->steps.count : 0;
}

const struct netpol_step *netpol_explanation_at(const struct netpol_explanation *e, size_t i)
{
    return e && i < e->steps.count ? &e->steps.items[i] : NULL;
}

int netpol_explanation_write(const struct netpol_explanation *e, int json, int color,
                             netpol_sink_fn sink, void *user)
{
    return e && sink ? np_explanation_write(e, json != 0, color != 0, sink, user)
                     : NETPOL_ERR_ARGUMENT;
}
