/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile images. An input is a list of changes to a good image: bits, numbers of 1, 2 or 4 bytes,
 * numbers copied from elsewhere, a new length. The checksum is then made right, so that only the
 * validation stands between the image and the lookups; what it lets pass is used in every way.
 * Oracle: the sanitizers, and no answer with a value that does not exist.
 */
#include "image_probe.h"
#include "image_seed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum change { FLIP, BYTE, SHORT, WORD, COPY, SMALL, LENGTH, CHANGES };

struct change_input { /* as many of them as the input holds */
    uint8_t what;
    uint8_t at[3];
    uint8_t value[4];
};

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static uint32_t number(const uint8_t *bytes, unsigned count)
{
    uint32_t value = 0;
    while (count-- > 0) {
        value = value << 8 | bytes[count];
    }
    return value;
}

/* The good image, made once. */
static const unsigned char *good_image(size_t *size)
{
    static unsigned char *image;
    static size_t image_size;
    if (!image) {
        static struct seed seed;
        struct netpol_ctx *ctx = NULL;
        void *bytes = NULL;
        demand(netpol_ctx_create(NULL, &ctx) == NETPOL_OK && seed_make(ctx, &seed));
        demand(np_image_write(&seed.writer, &bytes, &image_size) == NETPOL_OK);
        image = malloc(image_size);
        demand(image);
        memcpy(image, bytes, image_size);
        np_image_free(ctx, bytes, image_size);
        seed_free(ctx, &seed);
        netpol_ctx_destroy(ctx);
    }
    *size = image_size;
    return image;
}

/* Makes one change; returns the new size. */
static size_t change(unsigned char *bytes, size_t size, const struct change_input *input)
{
    uint32_t value = number(input->value, 4);
    unsigned what = input->what % CHANGES;
    size_t width = what == WORD || what == COPY || what == SMALL ? 4 : what == SHORT ? 2 : 1;
    if (size < 64) {
        return size;
    }
    size_t at = number(input->at, 3) % (size / width) * width;
    if (what == FLIP) {
        bytes[at] ^= (unsigned char)(1u << value % 8);
    } else if (what == COPY) {
        memmove(bytes + at, bytes + value % (size / 4) * 4, width);
    } else if (what == SMALL) { /* what was there and a little more or less: just outside */
        uint32_t there;
        memcpy(&there, bytes + at, sizeof there);
        there += value % 9 - 4;
        memcpy(bytes + at, &there, sizeof there);
    } else if (what == LENGTH) {
        return value % size;
    } else {
        memcpy(bytes + at, &value, width);
    }
    return size;
}

/* A block of exactly this size, so that a step behind its end is seen. */
static void use(struct netpol_ctx *ctx, const unsigned char *bytes, size_t size, bool whole,
                unsigned format)
{
    struct probe probe;
    void *block = NULL;
    demand(posix_memalign(&block, NP_IMAGE_ALIGN, size ? size : 1) == 0);
    memcpy(block, bytes, size);
    if (size >= sizeof(struct np_image_header)) {
        struct np_image_header *header = block;
        if (!whole) {
            header->bytes = size;
        }
        header->checksum = np_image_checksum(block, size);
    }
    if (probe_image(&probe, block, size)) {
        demand(probe.wrong == 0);
        demand(probe_public(ctx, block, size, format) == 0);
    }
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char *bytes;
    static struct netpol_ctx *ctx;
    size_t whole, left;
    const unsigned char *good = good_image(&whole);
    bytes = bytes ? bytes : malloc(whole);
    demand(bytes && (ctx || netpol_ctx_create(NULL, &ctx) == NETPOL_OK));
    memcpy(bytes, good, whole);
    left = whole;
    for (size_t i = 0; i + sizeof(struct change_input) <= size && i < 64 * 8; i += 8) {
        struct change_input input;
        memcpy(&input, data + i, sizeof input);
        left = change(bytes, left, &input);
    }
    use(ctx, bytes, left, left == whole, size ? data[0] / CHANGES : 0);
    return 0;
}
