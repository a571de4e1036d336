/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes and addresses. Oracles: inet_pton for the address, a reading of our own for the length,
 * and writing the result down and reading it again.
 */
#include "model/prefix.h"

#include <arpa/inet.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The bytes inet_pton gives, mapped ones folded; false: it refuses. */
static bool oracle_address(const char *text, struct np_address *out)
{
    *out = (struct np_address){.family = strchr(text, ':') ? NP_IPV6 : NP_IPV4};
    if (inet_pton(out->family == NP_IPV4 ? AF_INET : AF_INET6, text, out->bytes) != 1) {
        return false;
    }
    return true;
}

/* A length of digits only, at most limit; -1: none. */
static long oracle_length(const char *text, long limit)
{
    long value = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9') {
            return -1;
        }
        value = value * 10 + (*c - '0');
        value = value > 1000 ? 1000 : value;
    }
    return *text && value <= limit ? value : -1;
}

static void check_address(const char *text, size_t size)
{
    struct np_address got, want, again;
    unsigned oddities = 0;
    bool taken = np_address_parse((struct np_slice){text, size}, &got, &oddities) == NP_PREFIX_OK;
    bool known = strlen(text) == size && oracle_address(text, &want);
    if (!taken) {
        demand(!known);
        return;
    }
    if (!known) { /* only leading zeros are read beyond inet_pton */
        demand(oddities & NP_ODD_LEADING_ZERO);
    } else {
        want = np_address_fold(&want);
        demand(np_address_equal(&got, &want) && !(oddities & NP_ODD_LEADING_ZERO));
    }
    char canonical[46];
    size_t len = np_address_format(&got, canonical);
    demand(len < sizeof canonical && strlen(canonical) == len);
    demand(np_address_parse((struct np_slice){canonical, len}, &again, NULL) == NP_PREFIX_OK);
    demand(np_address_equal(&got, &again));
}

static void check_against_oracle(const char *text, const struct np_prefix *got, bool taken,
                                 unsigned oddities)
{
    char head[128];
    const char *slash = strchr(text, '/');
    struct np_address want;
    size_t len = slash ? (size_t)(slash - text) : sizeof head;
    if (len >= sizeof head) {
        demand(!taken || (slash && (oddities & NP_ODD_LEADING_ZERO)));
        return;
    }
    memcpy(head, text, len);
    head[len] = '\0';
    bool known = oracle_address(head, &want);
    long length = known ? oracle_length(slash + 1, want.family == NP_IPV4 ? 32 : 128) : -1;
    if (!taken) {
        demand(length < 0);
        return;
    }
    if (length < 0) {
        demand(oddities & NP_ODD_LEADING_ZERO);
        return;
    }
    if (np_address_is_mapped(&want) && length >= 96) {
        want = np_address_fold(&want);
        length -= 96;
    }
    demand(got->length == length && got->address.family == want.family);
    for (unsigned bit = 0; bit < 128; bit++) {
        unsigned have = got->address.bytes[bit / 8] >> (7 - bit % 8) & 1;
        unsigned due = want.bytes[bit / 8] >> (7 - bit % 8) & 1;
        demand(have == ((long)bit < length ? due : 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[300];
    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    check_address(text, size);
    struct np_prefix got = {0}, again;
    unsigned oddities = 0;
    struct np_slice slice = {text, size};
    bool taken = np_prefix_parse(slice, &got, &oddities) == NP_PREFIX_OK;
    if (strlen(text) == size) {
        check_against_oracle(text, &got, taken, oddities);
    } else {
        demand(!taken);
    }
    struct np_prefix strict;
    bool strictly = np_prefix_parse(slice, &strict, NULL) == NP_PREFIX_OK;
    demand(strictly == (taken && !(oddities & (NP_ODD_LEADING_ZERO | NP_ODD_HOST_BITS))));
    if (taken) {
        char canonical[50];
        size_t len = np_prefix_format(&got, canonical);
        demand(len < sizeof canonical && strlen(canonical) == len);
        demand(np_prefix_parse((struct np_slice){canonical, len}, &again, NULL) == NP_PREFIX_OK);
        demand(np_prefix_equal(&got, &again));
    }
    return 0;
}
