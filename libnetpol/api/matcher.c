/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of a matcher as such: shared, told apart, asked what its decisions mean. All
 * of it from the image. */
#include "match/matcher.h"
#include "match/names.h"

struct netpol_matcher *netpol_matcher_ref(struct netpol_matcher *matcher)
{
    return np_matcher_ref(matcher);
}

void netpol_matcher_unref(struct netpol_matcher *matcher)
{
    np_matcher_unref(matcher);
}

uint64_t netpol_matcher_generation(const struct netpol_matcher *matcher)
{
    return matcher ? matcher->generation : 0;
}

const char *netpol_matcher_option(const struct netpol_matcher *matcher, const char *name)
{
    return matcher && name ? np_names_option(&matcher->image, name) : NULL;
}

int netpol_rule_describe(const struct netpol_matcher *matcher, uint32_t reference,
                         uint64_t generation, struct netpol_rule_info *out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (generation != matcher->generation) {
        return NETPOL_ERR_GENERATION;
    }
    return np_names_rule(&matcher->image, reference, out) ? NETPOL_OK : NETPOL_ERR_NOT_FOUND;
}

int netpol_program_describe(const struct netpol_matcher *matcher, uint32_t program,
                            uint64_t generation, struct netpol_program_info *out)
{
    if (!matcher || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (generation != matcher->generation) {
        return NETPOL_ERR_GENERATION;
    }
    return np_names_program(&matcher->image, program, out) ? NETPOL_OK : NETPOL_ERR_NOT_FOUND;
}

uint64_t netpol_rule_key(const struct netpol_matcher *matcher, uint32_t reference,
                         uint64_t generation)
{
    struct netpol_rule_info info;
    if (!matcher || generation != matcher->generation) {
        return 0;
    }
    return np_names_rule(&matcher->image, reference, &info) ? info.key : 0;
}
