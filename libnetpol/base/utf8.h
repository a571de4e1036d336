/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_BASE_UTF8_H
#define NP_BASE_UTF8_H
/* UTF-8 as Unicode defines it: shortest form only, no surrogates, nothing past U+10FFFF. */
#include "base/base.h"

/*
 * Bytes of the character at ptr (1 to 4) and its code point; 0 when these are not UTF-8.
 * size is at least 1.
 */
size_t np_utf8_decode(const char *ptr, size_t size, uint32_t *code_point);

/* Length of text cut to at most max bytes without splitting a character. */
size_t np_utf8_cut(struct np_slice text, size_t max);

/* What must not reach a terminal: controls (also C1) and marks that reorder text. */
bool np_utf8_unprintable(uint32_t code_point);
#endif
