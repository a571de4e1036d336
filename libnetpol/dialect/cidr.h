/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CIDR_H
#define NP_DIALECT_CIDR_H
/*
 * Ranges of addresses in policies. NetworkPolicy accepts what Kubernetes calls legacy (host bits,
 * leading zeros, IPv4-mapped IPv6) with warnings, and refuses under its gate
 * StrictIPCIDRValidation, which strict loading stands for; custom resources, checked by CEL's
 * isCIDR(), take host bits only.
 */
#include "dialect/decode.h"

enum { NP_CIDR_STRICT = 1 /* as isCIDR() */ };
bool np_decode_cidr(struct np_decode *d, const struct np_node *node, struct np_slice text,
                    unsigned flags, struct np_prefix *out);
#endif
