/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are these bytes text at all? libyaml would find the same problems, but would say neither line nor
 * column. Eight bytes at a time while they are ASCII without controls, which they nearly always
 * are.
 */
#include "base/utf8.h"
#include "source/reader.h"

static bool allowed(uint32_t c)
{
    return c == 0x09 || c == 0x0A || c == 0x0D || (c >= 0x20 && c <= 0x7E) || c == 0x85 ||
           (c >= 0xA0 && c <= 0xFFFD) || c >= 0x10000;
}

/* Is none of these eight bytes below 0x20, 0x7F, or 0x80 and above? */
static bool eight_are_plain(const char *ptr)
{
    uint64_t word;
    memcpy(&word, ptr, sizeof word);
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    uint64_t below = (word - ones * 0x20) & ~word;
    uint64_t del = word ^ (ones * 0x7F);
    del = (del - ones) & ~del;
    return ((word | below | del) & high) == 0;
}

struct np_bytes_check np_bytes_check(const char *bytes, size_t from, size_t size)
{
    struct np_bytes_check check = {.end = size, .simple = true};
    for (size_t i = from; i < size;) {
        if (size - i >= 8 && eight_are_plain(bytes + i)) {
            i += 8;
            continue;
        }
        size_t stop = size - i >= 8 ? i + 8 : size;
        while (i < stop) {
            uint32_t c;
            size_t step = np_utf8_decode(bytes + i, size - i, &c);
            if (step == 0 || !allowed(c)) {
                check.end = i;
                check.problem = step ? NP_BYTES_CONTROL : NP_BYTES_UTF8;
                return check;
            }
            if (c == 0xFEFF && i > from && bytes[i - 1] == '\n') {
                check.end = i;
                check.problem = NP_BYTES_MARK;
                return check;
            }
            if (step > 1 || (c == '\r' && (i + 1 == size || bytes[i + 1] != '\n'))) {
                check.simple = false;
            }
            i += step;
        }
    }
    return check;
}

void np_complain_bytes(struct np_reader *reader, const struct np_bytes_check *check)
{
    unsigned byte = (unsigned char)reader->bytes[check->end];
    if (check->problem == NP_BYTES_UTF8) {
        np_complain(reader, NP_CODE_1002, check->end, 1, NULL,
                    "the byte 0x%02X does not belong to valid UTF-8", byte);
        return;
    }
    uint32_t c = 0;
    size_t len = np_utf8_decode(reader->bytes + check->end, reader->size - check->end, &c);
    np_complain(reader, NP_CODE_1003, check->end, len, NULL, "the character U+%04lX is not allowed",
                (unsigned long)c);
}
