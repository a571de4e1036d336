/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_IMAGE_H
#define NETPOL_IMAGE_H
/*
 * The compiled policy as one block of bytes: save it, map it elsewhere, look at it.
 *
 * An image is position-independent, little-endian and checksummed; the same store gives the
 * same bytes, unless compiled from a previous matcher: then decisions keep the numbers they had. A
 * matcher that was opened from an image answers connections as the one it was saved from. It has no
 * model: it names the deciding policy, rule and position, but explanations are short, what needs a
 * request stays INSPECT (netpol_eval_request is ERR_UNSUPPORTED), and netpol_eval_at answers
 * {plane, side} only.
 */
#include <netpol/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of a matcher's image; valid while the matcher lives. NULL: NULL, *size 0. */
NETPOL_API const void *netpol_matcher_image(const struct netpol_matcher *matcher, size_t *size);
/* Writes the image through a sink. OK, ERR_ARGUMENT, ERR_IO. */
NETPOL_API int netpol_matcher_save(const struct netpol_matcher *matcher, netpol_sink_fn sink,
                                   void *user);

enum netpol_image_flags {
    /* The caller vouches that the bytes stay, unchanged, 64-aligned, until the matcher is gone:
     * they are used in place. Otherwise they are copied. Validation is never skipped. */
    NETPOL_IMAGE_IN_PLACE = 1
};
/*
 * Opens an image. Every index of every table is checked once, so that lookups need no checks.
 * *why (may be NULL) says in a static English text what is wrong. The matcher gets a generation of
 * its own; rule references are those of the compile.
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_INPUT (not an image, or damaged), ERR_UNSUPPORTED (version,
 * byte order).
 */
NETPOL_API int netpol_matcher_open(struct netpol_ctx *ctx, const void *bytes, size_t size,
                                   uint32_t flags, const char **why, struct netpol_matcher **out);
/* The same from a file, read into private memory; flags: 0. Also ERR_IO, ERR_LIMIT. */
NETPOL_API int netpol_matcher_map(struct netpol_ctx *ctx, const char *path, uint32_t flags,
                                  const char **why, struct netpol_matcher **out);
/* Checks only. bytes must be 8-aligned. OK, ERR_ARGUMENT, ERR_INPUT, ERR_UNSUPPORTED. */
NETPOL_API int netpol_image_verify(const void *bytes, size_t size, const char **why);

/* Sizes and counts; bytes. */
struct netpol_matcher_stats {
    size_t size; /* sizeof(struct netpol_matcher_stats), set by the caller */
    uint64_t image_bytes, hot_bytes, endpoint_bytes; /* endpoint_bytes: part of hot_bytes */
    uint64_t signatures, classes, groups, port_classes, rows, cells, parts, residuals;
    uint64_t endpoints, addresses, policies, rules;
    uint64_t compile_ns, evaluated; /* of the compile in this process; 0 for a mapped image */
    uint64_t reused_groups;         /* not judged anew: taken over from options.previous */
    const char *simd;               /* variant that residual trees use: "avx512", ... */
};
/* OK, ERR_ARGUMENT. */
NETPOL_API int netpol_matcher_stats(const struct netpol_matcher *matcher,
                                    struct netpol_matcher_stats *out);

enum netpol_dump_format { NETPOL_DUMP_TEXT, NETPOL_DUMP_DOT, NETPOL_DUMP_JSON };
/*
 * The tables and the tree, so that a person can follow one lookup by hand. tuple (may be NULL):
 * also that lookup, load by load. OK, ERR_ARGUMENT, ERR_IO, ERR_MEMORY.
 */
NETPOL_API int netpol_matcher_dump(const struct netpol_matcher *matcher, int format,
                                   const struct netpol_tuple *tuple, netpol_sink_fn sink,
                                   void *user);

#ifdef __cplusplus
}
#endif
#endif
