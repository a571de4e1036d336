/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of selectors. SHA-224 is SHA-256 begun with other words and cut to 28 bytes (FIPS 180-4,
 * 5.3.2 and 6.3): so it is had from a libmd of which the release has no name for it yet.
 */
#include "dialect/calico/selector.h"

#include <sha2.h>

enum { SHA224_BYTES = 28 };

static void sha224(struct np_slice text, uint8_t digest[SHA256_DIGEST_LENGTH])
{
    static const uint32_t begin[8] = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
                                      0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
    SHA2_CTX hash;
    SHA256Init(&hash);
    memcpy(hash.state.st32, begin, sizeof begin);
    SHA256Update(&hash, (const uint8_t *)text.ptr, text.len);
    SHA256Final(digest, &hash);
}

/* RFC 4648 section 5, without padding: 38 characters for 28 bytes. */
static size_t base64url(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = 0;
    for (size_t bit = 0; bit < 8 * size; bit += 6) {
        unsigned pair = (unsigned)bytes[bit / 8] << 8;
        pair |= bit / 8 + 1 < size ? bytes[bit / 8 + 1] : 0u;
        out[len++] = digits[pair >> (10 - bit % 8) & 63];
    }
    return len;
}

int np_calico_selector_id(const struct netpol_ctx *ctx, const struct np_calico_selector *s,
                          char out[NP_CALICO_ID_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    np_auto(np_text_free) struct np_text text;
    np_text_init(&text, ctx);
    np_calico_selector_print(&text, s);
    if (text.failed) {
        return NETPOL_ERR_MEMORY;
    }
    sha224((struct np_slice){text.ptr, text.len}, digest);
    memcpy(out, "s:", 2);
    out[2 + base64url(digest, SHA224_BYTES, out + 2)] = '\0';
    return NETPOL_OK;
}
