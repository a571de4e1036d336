/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_EMIT_COLD_H
#define NP_COMPILE_EMIT_COLD_H
/* The cold half of an image, which needs what only a whole matcher knows. */
#include "compile/matcher.h"
#include "compile/plan.h"

/* Adds rules, strings, options, nodes, endpoints. OK, ERR_MEMORY. */
int np_emit_cold(struct np_emit *emit, const struct np_whole *whole);
#endif
