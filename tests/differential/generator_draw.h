/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATOR_DRAW_H
#define GENERATOR_DRAW_H
/* Drawing conditions. place: enum np_checkpoint_kind; percent: how often there is one at all. */
#include "differential/generator.h"

struct gen_set gen_draw_set(struct gen_random *r, unsigned features, uint8_t place,
                            uint32_t percent);
struct gen_set gen_draw_subjects(struct gen_random *r, unsigned features, uint8_t place);
struct gen_ports gen_draw_ports(struct gen_random *r, unsigned features, uint32_t percent);
struct gen_names gen_draw_names(struct gen_random *r, unsigned features, uint32_t percent);
struct gen_expr gen_draw_expr(struct gen_random *r, uint32_t percent);
#endif
