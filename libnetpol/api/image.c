/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of images: saved, opened, checked, measured. */
#include "match/matcher.h"
#include "match/names.h"

#include <netpol/image.h>

const void *netpol_matcher_image(const struct netpol_matcher *matcher, size_t *size)
{
    if (size) {
        *size = matcher ? matcher->size : 0;
    }
    return matcher ? matcher->image.bytes : NULL;
}

int netpol_matcher_save(const struct netpol_matcher *matcher, netpol_sink_fn sink, void *user)
{
    if (!matcher || !sink) {
        return NETPOL_ERR_ARGUMENT;
    }
    return sink(user, (const char *)matcher->image.bytes, matcher->size) == 0 ? NETPOL_OK
                                                                              : NETPOL_ERR_IO;
}

/* A matcher over a block of np_image_alloc, which is given up or taken over. */
static int open_owned(struct netpol_ctx *ctx, void *bytes, size_t size, const char **why,
                      struct netpol_matcher **out)
{
    int status = np_matcher_open(ctx, bytes, size, true, why, out);
    if (status != NETPOL_OK) {
        np_image_free(ctx, bytes, size);
    }
    return status;
}

int netpol_matcher_open(struct netpol_ctx *ctx, const void *bytes, size_t size, uint32_t flags,
                        const char **why, struct netpol_matcher **out)
{
    bool in_place = flags & NETPOL_IMAGE_IN_PLACE;
    const char *unused;
    why = why ? why : &unused;
    *why = "invalid argument";
    if (!ctx || !bytes || !out || (flags & ~(uint32_t)NETPOL_IMAGE_IN_PLACE) ||
        (in_place && (uintptr_t)bytes % NP_IMAGE_ALIGN != 0)) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (in_place) { /* nothing writes into what is not owned */
        return np_matcher_open(ctx, (void *)(uintptr_t)bytes, size, false, why, out);
    }
    void *copy = np_image_alloc(ctx, size);
    if (!copy) {
        *why = "out of memory";
        return NETPOL_ERR_MEMORY;
    }
    memcpy(copy, bytes, size);
    return open_owned(ctx, copy, size, why, out);
}

int netpol_matcher_map(struct netpol_ctx *ctx, const char *path, uint32_t flags, const char **why,
                       struct netpol_matcher **out)
{
    const char *unused;
    why = why ? why : &unused;
    *why = "invalid argument";
    if (!ctx || !path || !out || flags) { /* the bytes are ours: nothing to vouch for */
        return NETPOL_ERR_ARGUMENT;
    }
    void *bytes = NULL;
    size_t size = 0;
    int status = np_image_read(ctx, path, why, &bytes, &size);
    return status == NETPOL_OK ? open_owned(ctx, bytes, size, why, out) : status;
}

int netpol_image_verify(const void *bytes, size_t size, const char **why)
{
    struct np_image image;
    if (!bytes || (uintptr_t)bytes % sizeof(uint64_t) != 0) {
        if (why) {
            *why = "invalid argument";
        }
        return NETPOL_ERR_ARGUMENT;
    }
    return np_image_open(bytes, size, &image, why);
}

static uint64_t count_addresses(const struct np_image *image)
{
    const struct np_slot4 *slots4 = image->section[NP_SECTION_SLOTS4];
    const struct np_slot6 *slots6 = image->section[NP_SECTION_SLOTS6];
    uint64_t count = 0;
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS4]; i++) {
        uint32_t held = (uint32_t)slots4[i].key;
        count += held != NP_SIG_NONE && held != NP_SIG_DEAD;
    }
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS6]; i++) {
        uint32_t held = (uint32_t)slots6[i].key;
        count += held != NP_SIG_NONE && held != NP_SIG_DEAD;
    }
    return count;
}

static const char *simd_text(void)
{
    static const char *const texts[] = {[NP_SIMD_SCALAR] = "scalar",
                                        [NP_SIMD_AVX2] = "avx2",
                                        [NP_SIMD_AVX512] = "avx512",
                                        [NP_SIMD_NEON] = "neon"};
    return texts[np_simd_chosen()];
}

int netpol_matcher_stats(const struct netpol_matcher *matcher, struct netpol_matcher_stats *out)
{
    if (!matcher || !out || out->size != sizeof *out) {
        return NETPOL_ERR_ARGUMENT;
    }
    const struct np_image *image = &matcher->image;
    const struct np_image_header *header = image->header;
    const struct np_image_section *sections = header->sections;
    *out = (struct netpol_matcher_stats){
        .size = sizeof *out,
        .image_bytes = header->bytes,
        .hot_bytes = header->hot_bytes,
        .endpoint_bytes = sections[NP_SECTION_SLOTS4].bytes + sections[NP_SECTION_SLOTS6].bytes +
                          sections[NP_SECTION_REFS].bytes + sections[NP_SECTION_SHARED].bytes,
        .signatures = header->n_signatures,
        .classes = header->n_classes,
        .groups = header->n_groups,
        .port_classes = header->n_port_classes,
        .rows = header->n_rows,
        .cells = image->count[NP_SECTION_CELLS],
        .parts = image->count[NP_SECTION_PARTS],
        .residuals = image->count[NP_SECTION_CUT_ROOTS],
        .endpoints = image->count[NP_SECTION_ENDPOINTS],
        .addresses = count_addresses(image),
        .policies = header->n_policies,
        .rules = np_names_count(&matcher->image),
        .compile_ns = matcher->work.ns,
        .evaluated = matcher->work.evaluated,
        .reused_groups = matcher->work.reused_groups,
        .simd = simd_text()};
    return NETPOL_OK;
}
