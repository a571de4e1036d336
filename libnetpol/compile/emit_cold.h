/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_EMIT_COLD_H
#define NP_COMPILE_EMIT_COLD_H
/* The cold half of an image, which needs what only a whole matcher knows. */
#include "compile/matcher.h"
#include "compile/plan.h"

/* Texts of images, each once; the next image has those of the one before at the same offsets. */
struct np_texts {
    const struct netpol_ctx *ctx;
    struct np_map offsets; /* text -> offset */
    np_vec(char) strings;
};
void np_texts_init(struct np_texts *texts, const struct netpol_ctx *ctx);
void np_texts_free(struct np_texts *texts);
/*
 * Adds rules, strings, options, nodes, endpoints; texts must last until the image is written.
 * before: the image that whole->changed is about; NULL: none. OK, ERR_MEMORY.
 */
int np_emit_cold(struct np_emit *emit, const struct np_whole *whole, struct np_texts *texts,
                 const struct np_image *before);
#endif
