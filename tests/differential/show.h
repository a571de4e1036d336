/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOW_H
#define SHOW_H
/* A model, a tuple and a verdict as text that a person can follow. */
#include "reference/reference.h"

#include <stdio.h>

void show_model(FILE *out, const struct np_model *model);
void show_tuple(FILE *out, const struct netpol_tuple *tuple);
void show_verdict(FILE *out, const struct netpol_verdict *verdict);
#endif
