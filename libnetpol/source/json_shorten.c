/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jansson gets to see. Its lexer gathers each token in a buffer of 16 bytes that grows; when
 * there is no memory for that, jansson 2.14 drops the byte without a word, stops at an assertion or
 * runs past the end of a string whose quote was dropped. So no token it sees outgrows that buffer.
 * Texts and integers are read from the source anyway (json_tree.c); in place of a longer token
 * stands a short one that means the same to a parser:
 *
 *     a value           ""
 *     a key             a hash of it, for repeated keys must still be found
 *     an integer        1
 *     another number    1.5, or 1e999 when it fits no double and is to be refused
 *
 * A stand-in ends where its token ended, after blanks, so that jansson's offsets stay right.
 */
#include "source/json_internal.h"

enum { HASH_DIGITS = 11 };

static bool is_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
}

static void stand_in(char *token, size_t len, struct np_slice text)
{
    memset(token, ' ', len - text.len);
    memcpy(token + len - text.len, text.ptr, text.len);
}

/* The shortest spelling of a key, with quotes, when it fits; else 0. Returns its length. */
static size_t spell(const char *key, size_t len, char out[NP_JSON_TOKEN_MAX])
{
    static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    char buffer[NP_JSON_TOKEN_MAX + 6];
    size_t used = 0;

    buffer[used++] = '"';
    for (size_t i = 0; i < len; i++) {
        const char *meaning = strchr(meanings, key[i]);
        if (meaning) {
            buffer[used++] = '\\';
            buffer[used++] = letters[meaning - meanings];
        } else if ((unsigned char)key[i] < 0x20) {
            static const char hex[] = "0123456789abcdef";
            const char unit[] = {'\\', 'u', '0', '0', hex[key[i] >> 4], hex[key[i] & 15]};
            memcpy(buffer + used, unit, sizeof unit);
            used += sizeof unit;
        } else {
            buffer[used++] = key[i];
        }
        if (used >= NP_JSON_TOKEN_MAX) {
            return 0;
        }
    }
    buffer[used++] = '"';
    memcpy(out, buffer, used);
    return used;
}

/*
 * Keys that are equal once their escapes are read get the same stand-in, however they are written:
 * the shortest spelling when that is short, else a hash. Either is no longer than what was written.
 */
static void shorten_key(const struct netpol_ctx *ctx, char *token, size_t len)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    char text[NP_JSON_TOKEN_MAX];
    size_t key_len = np_json_decode(token + 1, len - 2, token + 1);
    size_t used = spell(token + 1, key_len, text);

    if (!used) {
        uint64_t hash = np_hash(ctx, token + 1, key_len);
        text[used++] = '"';
        for (int i = 0; i < HASH_DIGITS; i++, hash >>= 6) {
            text[used++] = digits[hash & 63];
        }
        text[used++] = '"';
    }
    stand_in(token, len, (struct np_slice){text, used});
}

static void shorten_number(char *token, size_t len)
{
    bool integer = true;
    double ignored;

    for (size_t i = 0; i < len; i++) {
        integer = integer && token[i] != '.' && (token[i] | 0x20) != 'e';
    }
    bool fits = integer || np_scalar_float((struct np_slice){token, len}, &ignored);
    stand_in(token, len, np_slice_of(integer ? "1" : fits ? "1.5" : "1e999"));
}

/* The string at bytes[pos]; returns the offset behind it. */
static size_t shorten_string(const struct netpol_ctx *ctx, char *bytes, size_t size, size_t pos)
{
    size_t start = pos++, end;
    bool escaped = false;

    for (; bytes[pos] != '"'; pos++) {
        if (bytes[pos] == '\\') {
            escaped = true;
            pos++;
        }
    }
    end = ++pos;
    while (pos < size && strchr(" \t\r\n", bytes[pos])) {
        pos++;
    }
    if (pos < size && bytes[pos] == ':') {
        if (escaped || end - start > NP_JSON_TOKEN_MAX) {
            shorten_key(ctx, bytes + start, end - start);
        }
    } else if (end - start > NP_JSON_TOKEN_MAX) {
        stand_in(bytes + start, end - start, np_slice_of("\"\""));
    }
    return pos;
}

void np_json_shorten(const struct netpol_ctx *ctx, char *bytes, size_t size)
{
    for (size_t pos = 0; pos < size;) {
        size_t start = pos;

        if (bytes[pos] == '"') {
            pos = shorten_string(ctx, bytes, size, pos);
            continue;
        }
        /* Words begin with a letter other than those of numbers, but may hold one: false, true. */
        if (bytes[pos] == '-' || (bytes[pos] >= '0' && bytes[pos] <= '9')) {
            while (pos < size && is_number(bytes[pos])) {
                pos++;
            }
            if (pos - start > NP_JSON_TOKEN_MAX) {
                shorten_number(bytes + start, pos - start);
            }
            continue;
        }
        pos++;
    }
}
