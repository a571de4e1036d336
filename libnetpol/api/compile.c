/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points around a compile: the matcher, its options, what its decisions mean. */
#include "compile/matcher.h"

int netpol_compile(struct netpol_store *store, const struct netpol_compile_options *options,
                   struct netpol_diags *diags, struct netpol_matcher **out)
{
    if (!store || !options || !out || options->size != sizeof *options || !options->profile ||
        (options->n_settings && !options->settings)) {
        return NETPOL_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < options->n_settings; i++) {
        if (!options->settings[i]) {
            return NETPOL_ERR_ARGUMENT;
        }
    }
    return np_compile(store, options, diags, out);
}

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

const char *netpol_profile_at(size_t i)
{
    return np_profile_name(i);
}

uint32_t netpol_profile_load_flags(const char *profile)
{
    return profile ? np_profile_load_flags(profile) : 0;
}

const struct netpol_option_info *netpol_option_at(size_t i)
{
    return np_option_info(i);
}

const char *netpol_matcher_option(const struct netpol_matcher *matcher, const char *name)
{
    if (!matcher || !name) {
        return NULL;
    }
    size_t i = np_option_find(np_slice_of(name));
    return i < NP_OPTION_COUNT ? np_whole_of(matcher)->option_values[i] : NULL;
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
    const struct netpol_rule_info *info = np_matcher_rule(matcher, reference);
    if (!info) {
        return NETPOL_ERR_NOT_FOUND;
    }
    *out = *info;
    return NETPOL_OK;
}

uint64_t netpol_rule_key(const struct netpol_matcher *matcher, uint32_t reference,
                         uint64_t generation)
{
    if (!matcher || generation != matcher->generation) {
        return 0;
    }
    const struct netpol_rule_info *info = np_matcher_rule(matcher, reference);
    return info ? info->key : 0;
}
