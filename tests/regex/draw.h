/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_REGEX_DRAW_H
#define TESTS_REGEX_DRAW_H
/* Random patterns, mostly fine, and texts that have a chance to match them. */
#include "base/base.h"

struct draw {
    uint64_t state;
};
struct drawn {
    char bytes[512];
    size_t len;
};
uint32_t draw_below(struct draw *draw, uint32_t limit);
void draw_pattern(struct draw *draw, struct drawn *out);
/* A text made while walking the pattern as it was drawn, then sometimes spoilt. */
void draw_text(struct draw *draw, const struct drawn *pattern, struct drawn *out);
#endif
