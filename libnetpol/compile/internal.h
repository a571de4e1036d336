/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_INTERNAL_H
#define NP_COMPILE_INTERNAL_H
/* What the files of compile share. */
#include "compile/matcher.h"

/* Fills the matcher's table of decisions and its option texts. OK, ERR_MEMORY. */
int np_describe_all(struct netpol_matcher *matcher);
#endif
