/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CILIUM_EXPORT_H
#define CILIUM_EXPORT_H
#include "differential/cilium_world.h"

/*
 * Writes the set of this seed as the folder ROOT/SEED: resources.yaml, options (one a line),
 * questions (fields apart by tabs: source, destination, protocol, port or ICMP type, ICMP code,
 * fragment, then for egress and ingress action, judged, reason, parser, priority, authentication
 * and rule), and where the set is refused: refused, with the first error. false: cannot be written.
 */
bool cil_export(struct netpol_ctx *ctx, const char *root, uint64_t seed, unsigned questions,
                unsigned features);
#endif
