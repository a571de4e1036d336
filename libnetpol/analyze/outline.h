/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_OUTLINE_H
#define NP_ANALYZE_OUTLINE_H
/*
 * One description, two readers: maps and lists of named values, written as JSON for programs or as
 * an indented outline for people. What is opened `flat` stands on one line of the outline.
 */
#include "base/base.h"

enum { NP_OUTLINE_DEPTH = 16 };
struct np_outline {
    bool json;
    netpol_sink_fn sink;
    void *user;
    int status; /* ERR_IO, ERR_MEMORY: nothing more is written */
    struct np_text text;
    int depth;
    struct {
        bool list, flat, any;
    } levels[NP_OUTLINE_DEPTH];
};
void np_outline_begin(struct np_outline *out, const struct netpol_ctx *ctx, bool json,
                      netpol_sink_fn sink, void *user);
int np_outline_finish(struct np_outline *out); /* OK, ERR_IO, ERR_MEMORY; frees */

/* key NULL: an element of a list. */
void np_outline_map(struct np_outline *out, const char *key, bool flat);
void np_outline_list(struct np_outline *out, const char *key, bool flat);
void np_outline_close(struct np_outline *out);
void np_outline_text(struct np_outline *out, const char *key, const char *value);
void np_outline_textf(struct np_outline *out, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void np_outline_number(struct np_outline *out, const char *key, uint64_t value);
#endif
