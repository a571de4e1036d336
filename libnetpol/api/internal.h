/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_API_INTERNAL_H
#define NP_API_INTERNAL_H
/* Checks of arguments that several entry points share. */
#include "compile/matcher.h"

/* Of this size, and no list without its items. */
static inline bool np_request_valid(const struct netpol_request *r)
{
    return r->size == sizeof *r && (!r->n_headers || r->headers) &&
           (!r->n_kafka_topics || r->kafka_topics) && (!r->n_principals || r->principals) &&
           (!r->n_claims || r->claims) && (!r->n_decisions || r->decisions) &&
           (!r->n_src_names || r->src_names) && (!r->n_dst_names || r->dst_names);
}
#endif
