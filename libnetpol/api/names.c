/* SPDX-License-Identifier: Apache-2.0 */
/* Names learnt at run time: arguments are checked here, the work is done in match/. */
#include "match/learn.h"
#include "base/defect.h"

/* As evaluation reads an address of a tuple. false: it is none. */
static bool take_address(uint8_t family, const uint8_t bytes[16], struct np_where *out)
{
    static const uint8_t none[12] = {0};
    if (!bytes || (family != 4 && family != 6) ||
        (family == 4 && memcmp(bytes + 4, none, sizeof none) != 0)) {
        return false;
    }
    uint64_t high = np_read_64(bytes), low = np_read_64(bytes + 8);
    *out = (struct np_where){6, high, low};
    if (family == 4 || (np_is_mapped(high, low) && !np_defect(NAMES_MAPPED))) {
        *out = (struct np_where){4, 0, family == 4 ? np_read_32(bytes) : (uint32_t)low};
    }
    return true;
}

int netpol_names_learn(struct netpol_endpoints *endpoints, const char *name, uint8_t family,
                       const uint8_t address[16], uint64_t ttl, uint64_t now)
{
    struct np_where where;
    return endpoints && name && take_address(family, address, &where)
               ? np_names_learn(endpoints, np_slice_of(name), &where, ttl, now)
               : NETPOL_ERR_ARGUMENT;
}

int netpol_names_advance(struct netpol_endpoints *endpoints, uint64_t now)
{
    return endpoints ? np_names_advance(endpoints, now) : NETPOL_ERR_ARGUMENT;
}

int netpol_names_forget(struct netpol_endpoints *endpoints, const char *name, uint8_t family,
                        const uint8_t address[16])
{
    struct np_where where;
    struct np_slice text = name ? np_slice_of(name) : (struct np_slice){NULL, 0};
    if (!endpoints || (family && !take_address(family, address, &where))) {
        return NETPOL_ERR_ARGUMENT;
    }
    return np_names_forget(endpoints, text, family ? &where : NULL);
}

int netpol_names_stats(const struct netpol_endpoints *endpoints, struct netpol_names_stats *out)
{
    if (!endpoints || !out || out->size != sizeof *out) {
        return NETPOL_ERR_ARGUMENT;
    }
    /* as for netpol_endpoints_stats: the lock of the writers is what const does not reach */
    union {
        const struct netpol_endpoints *given;
        struct netpol_endpoints *lockable;
    } same = {endpoints};
    np_names_stats(same.lockable, out);
    return NETPOL_OK;
}
