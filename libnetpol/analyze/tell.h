/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_TELL_H
#define NP_ANALYZE_TELL_H
/* Selectors, ports and names in words, for findings. */
#include "model/policy.h"

/* "app=web, tier in (a, b), !old"; of one scope only; "" when nothing is asked of it. */
void np_tell_selector(struct np_text *out, const struct np_selector *selector, enum np_scope scope);
/* "pods app=web in namespaces team=x", "every pod", "10.0.0.0/8", joined by "or". */
void np_tell_set(struct np_text *out, const struct np_set *set);
/* "the own node", "an address outside of the cluster": a reserved identity of Cilium. */
void np_tell_reserved(struct np_text *out, uint32_t number);
/* "TCP 80", "TCP 8000-8080", "every port", "TCP http". */
void np_tell_ports(struct np_text *out, const struct np_match *match);
/* "shop/cart": as questions name it. */
void np_tell_endpoint(struct np_text *out, const struct np_endpoint *endpoint);
const char *np_tell_protocol(int protocol, char room[12]);
/* Does the selector ask anything of this scope? */
bool np_selector_asks(const struct np_selector *selector, enum np_scope scope);
#endif
