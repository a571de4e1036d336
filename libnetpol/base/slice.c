/* SPDX-License-Identifier: Apache-2.0 */
/* Order of slices, growth of vectors, and the one hash function of the library. */
#include "base/base.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

int np_slice_compare(struct np_slice a, struct np_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool np_vec_grow(const struct netpol_ctx *ctx, void **items, size_t *capacity, size_t need,
                 size_t element)
{
    if (need <= *capacity) {
        return true;
    }
    size_t wanted = *capacity < 4 ? 8 : *capacity + *capacity / 2;
    size_t bytes;
    wanted = wanted < need ? need : wanted;
    if (__builtin_mul_overflow(wanted, element, &bytes)) {
        return false;
    }
    void *grown = np_resize(ctx, *items, *capacity * element, bytes);
    if (!grown) {
        return false;
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

uint64_t np_hash(const struct netpol_ctx *ctx, const void *bytes, size_t size)
{
    return XXH3_64bits_withSeed(bytes, size, ctx->hash_seed);
}

uint64_t np_hash_stable(const void *bytes, size_t size)
{
    return XXH3_64bits_withSeed(bytes, size, 0);
}

uint64_t np_hash_parts(const struct np_slice *parts, size_t count)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < count; i++) {
        XXH3_64bits_update(&state, parts[i].ptr, parts[i].len);
    }
    return XXH3_64bits_digest(&state);
}
