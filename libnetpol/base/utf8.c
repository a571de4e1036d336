/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 decoding, cutting and what is safe to print. */
#include "base/utf8.h"

size_t np_utf8_decode(const char *ptr, size_t size, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)ptr;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || len > size) {
        return 0;
    }
    uint32_t value = p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (p[i] & 0x3Fu);
    }
    if (value < smallest[len] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *code_point = value;
    return len;
}

size_t np_utf8_cut(struct np_slice text, size_t max)
{
    if (text.len <= max) {
        return text.len;
    }
    size_t len = max;
    while (len > 0 && max - len < 4 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}

bool np_utf8_unprintable(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}
