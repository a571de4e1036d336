/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_API_INTERNAL_H
#define NP_API_INTERNAL_H
/* Checks of arguments that several entry points share. */
#include "base/base.h"

#include <netpol/eval.h>

struct np_table;

/* The endpoints of a view as they are now. */
const struct np_table *np_view_table(const struct netpol_view *view);
/* Does the model know the ends of the question as the view's endpoints have them now? */
bool np_view_as_compiled(const struct netpol_view *view, const struct netpol_tuple *tuple,
                         const struct netpol_request *request);

/* Only values there are: what is not understood is never judged as if it were something else. */
static inline bool np_point_valid(const struct netpol_point *p)
{
    return p->plane <= NETPOL_PLANE_MESH && p->side <= NETPOL_SIDE_INGRESS &&
           p->hook <= NETPOL_HOOK_NORMAL && p->mode <= NETPOL_MESH_STRICT_SAFE;
}

static inline bool np_request_values_valid(const struct netpol_request *r)
{
    return r->kind <= NETPOL_REQUEST_KAFKA && r->payload <= NETPOL_PAYLOAD_OPAQUE &&
           r->token <= NETPOL_TOKEN_INVALID && r->authenticated <= NETPOL_TRI_YES &&
           r->principals_presence <= NETPOL_PRESENT && r->claims_presence <= NETPOL_PRESENT &&
           r->sni.presence <= NETPOL_PRESENT &&
           (r->remote_family == 0 || r->remote_family == 4 || r->remote_family == 6) &&
           (r->original_family == 0 || r->original_family == 4 || r->original_family == 6);
}

/* Of this size, and no list without its items. */
static inline bool np_request_valid(const struct netpol_request *r)
{
    return r->size == sizeof *r && np_request_values_valid(r) && (!r->n_headers || r->headers) &&
           (!r->n_kafka_topics || r->kafka_topics) && (!r->n_principals || r->principals) &&
           (!r->n_claims || r->claims) && (!r->n_decisions || r->decisions) &&
           (!r->n_src_names || r->src_names) && (!r->n_dst_names || r->dst_names);
}
#endif
