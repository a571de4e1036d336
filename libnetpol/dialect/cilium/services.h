/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_SERVICES_H
#define NP_DIALECT_CILIUM_SERVICES_H
/* toServices as sets: known when the inventory is. */
#include "dialect/cilium/peers.h"

const struct np_set *np_cilium_service_set(struct np_lower *l,
                                           const struct np_cilium_service *service);
/* Addresses from outside the model (groups), only where ranges match at all (ipblock_matches_*). */
const struct np_set *np_cilium_fed_set(struct np_lower *l, const struct np_literal *literal,
                                       const struct np_prefix *except, size_t n_except);
#endif
