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
