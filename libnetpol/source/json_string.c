/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON string that the scanner accepted says, once its escapes are read. */
#include "source/json_internal.h"

long np_json_hex4(const char *ptr, size_t size)
{
    long value = 0;
    if (size < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        char c = ptr[i];
        int digit = c >= '0' && c <= '9'                     ? c - '0'
                    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                             : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

bool np_json_string_is(const struct np_reader *reader, size_t start, size_t end, const char *text)
{
    size_t pos = start + 1, stop = end - 1;
    for (; pos < stop && *text; text++) {
        long c = (unsigned char)reader->bytes[pos++];
        if (c == '\\') {
            c = (unsigned char)reader->bytes[pos++];
            if (c == 'u') {
                c = np_json_hex4(reader->bytes + pos, stop - pos);
                pos += 4;
            }
        }
        if (c != (unsigned char)*text) {
            return false;
        }
    }
    return pos == stop && !*text;
}

static size_t encode_utf8(unsigned long c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(leads[more] | c >> 6 * more);
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
    }
    return more + 1;
}

size_t np_json_decode(const char *raw, size_t len, char *out)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        char c = raw[i++];
        if (c != '\\') {
            out[used++] = c;
            continue;
        }
        c = raw[i++];
        if (c != 'u') {
            const char *letter = strchr(letters, c);
            out[used++] = letter ? meanings[letter - letters] : c;
            continue;
        }
        unsigned long unit = (unsigned long)np_json_hex4(raw + i, len - i);
        i += 4;
        if (unit >= 0xD800 && unit <= 0xDFFF) {
            unsigned long low = (unsigned long)np_json_hex4(raw + i + 2, len - i - 2);
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
        }
        used += encode_utf8(unit, out + used);
    }
    return used;
}
