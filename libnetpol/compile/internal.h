/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_INTERNAL_H
#define NP_COMPILE_INTERNAL_H
/* What the files of compile share. */
#include "compile/matcher.h"

/* Fills the table of decisions and the option texts. OK, ERR_MEMORY. */
int np_describe_all(struct np_whole *whole);
#endif
