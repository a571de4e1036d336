/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_PREFIX_H
#define NP_MODEL_PREFIX_H
/*
 * Addresses and prefixes behind a strict gate.
 *
 * libcidr parses "1.2.3.4/-1" as the whole Internet, "10/8" as 0.0.0.10/8 and "010.0.0.1" as octal;
 * so the grammar is checked here first (four decimal groups or RFC 4291 text, a decimal length in
 * range, nothing else), then libcidr parses, then inet_pton must agree, and any disagreement is a
 * refusal. Built without libcidr the second opinion is missing and the results are the same (test).
 */
#include "base/base.h"

enum { NP_IPV4 = 4, NP_IPV6 = 6 };
struct np_address {
    uint8_t family;    /* NP_IPV4, NP_IPV6, 0: none */
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};
struct np_prefix {
    struct np_address address; /* host bits cleared */
    uint8_t length;
};

/* What Kubernetes accepts as legacy but warns about; bits of *oddities. */
enum {
    NP_ODD_HOST_BITS = 1,    /* 10.0.0.1/8 */
    NP_ODD_LEADING_ZERO = 2, /* 010.0.0.1/8, read as decimal (k8s.io/utils/net) */
    NP_ODD_MAPPED = 4        /* ::ffff:10.0.0.0/104: folded to IPv4, as Go's net.ParseCIDR */
};
enum np_prefix_error {
    NP_PREFIX_OK,
    NP_PREFIX_EMPTY,
    NP_PREFIX_NO_LENGTH,
    NP_PREFIX_BAD_ADDRESS,
    NP_PREFIX_BAD_LENGTH,
    NP_PREFIX_LENGTH_RANGE,
    NP_PREFIX_ZONE,
    NP_PREFIX_DISAGREE,
    NP_PREFIX_HOST_BITS,
    NP_PREFIX_LEADING_ZERO,
    NP_PREFIX_ERROR_COUNT
};
/* oddities NULL: host bits and leading zeros are errors, a mapped address is still accepted. */
enum np_prefix_error np_prefix_parse(struct np_slice text, struct np_prefix *out,
                                     unsigned *oddities);
enum np_prefix_error np_address_parse(struct np_slice text, struct np_address *out,
                                      unsigned *oddities);
const char *np_prefix_error_text(enum np_prefix_error error);

bool np_prefix_has(const struct np_prefix *prefix,
                   const struct np_address *address); /* families never cross */
bool np_prefix_within(const struct np_prefix *inner,
                      const struct np_prefix *outer); /* equal counts */
bool np_prefix_equal(const struct np_prefix *a, const struct np_prefix *b);
int np_prefix_compare(const struct np_prefix *a, const struct np_prefix *b);
bool np_address_equal(const struct np_address *a, const struct np_address *b);
int np_address_compare(const struct np_address *a, const struct np_address *b);
struct np_prefix np_prefix_cut(const struct np_address *address,
                               uint8_t length);                      /* host bits cleared */
struct np_prefix np_prefix_of(const struct np_address *address);     /* the /32 or /128 */
struct np_address np_address_fold(const struct np_address *address); /* ::ffff:a.b.c.d -> a.b.c.d */
bool np_address_is_mapped(const struct np_address *address);
/* Canonical text, at most 46 / 50 bytes with NUL; returns the length. */
size_t np_address_format(const struct np_address *address, char out[46]);
size_t np_prefix_format(const struct np_prefix *prefix, char out[50]);
#endif
