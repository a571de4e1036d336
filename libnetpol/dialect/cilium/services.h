/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_SERVICES_H
#define NP_DIALECT_CILIUM_SERVICES_H
/* toServices as sets: known when the inventory is. */
#include "dialect/cilium/peers.h"

const struct np_set *np_cilium_service_set(struct np_lower *l,
                                           const struct np_cilium_service *service);
#endif
