/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/cidr.h"

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

bool np_decode_cidr(struct np_decode *d, const struct np_node *node, struct np_slice text,
                    unsigned flags, struct np_prefix *out)
{
    static const struct {
        unsigned oddity;
        enum np_code code;
        const char *what;
    } oddities[] = {
        {NP_ODD_HOST_BITS,    NP_CODE_2027, "has bits set behind its length"},
        {NP_ODD_LEADING_ZERO, NP_CODE_2028, "has leading zeros"             },
        {NP_ODD_MAPPED,       NP_CODE_2029, "is an IPv4 range in IPv6 form" },
    };
    unsigned odd = 0;
    enum np_prefix_error error = np_prefix_parse(text, out, &odd);
    if (error != NP_PREFIX_OK) {
        const char *hint =
            error == NP_PREFIX_NO_LENGTH ? "Add the length, /32 for one IPv4 address." : NULL;
        np_decode_report_full(d, NP_CODE_2026, -1, hint, np_spot_of(node),
                              "\"%.*s\" is not a range of addresses: %s", shown(text), text.ptr,
                              np_prefix_error_text(error));
        return false;
    }
    bool good = true;
    char canonical[50];
    np_prefix_format(out, canonical);
    for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
        if (odd & oddities[i].oddity) {
            bool refused = flags & NP_CIDR_STRICT ? oddities[i].oddity != NP_ODD_HOST_BITS
                                                  : (d->load_flags & NETPOL_LOAD_STRICT) != 0;
            np_decode_report_full(
                d, oddities[i].code, refused ? NETPOL_ERROR : -1, NULL, np_spot_of(node),
                "%.*s %s; %s %s", shown(text), text.ptr, oddities[i].what,
                refused ? "the API refuses it, write" : "it is read as", canonical);
            good = good && !refused;
        }
    }
    return good;
}
