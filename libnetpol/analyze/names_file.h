/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_NAMES_FILE_H
#define NP_ANALYZE_NAMES_FILE_H
/* Names learnt, as a file tells them: JSON lines or YAML, docs/names.md. */
#include "match/learn.h"

/*
 * Learns what a file says, as of `now`; lasting: until it is forgotten, whatever its ttl. All of it
 * is read before anything is learnt: with an error in it nothing is. OK, ERR_MEMORY, ERR_INPUT
 * (diagnostics NP51xx), ERR_LIMIT, ERR_IO, ERR_UNSUPPORTED.
 */
int np_names_load(struct netpol_endpoints *endpoints, const char *path, uint64_t now, bool lasting,
                  struct netpol_diags *diags);
#endif
