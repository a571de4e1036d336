/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and profiles. Both are tables; what is here reads "option=value" and "network+mesh" and
 * says what was meant when it is misspelt.
 */
#include "compile/matcher.h"

static const struct netpol_option_info options_table[] = {
#define NP_OPTION(name, values, fallback, doc) {#name, values, doc},
#include "model/options.def"
#undef NP_OPTION
};

static const uint8_t fallbacks[] = {
#define NP_OPTION(name, values, fallback, doc) fallback,
#include "model/options.def"
#undef NP_OPTION
};

struct profile {
    const char *name;
    int plane;
    bool built;
    uint32_t load_flags;
    const char *doc;
};

static const struct profile profiles[] = {
#define NP_PROFILE(name, plane, built, flags, doc) {name, NETPOL_PLANE_##plane, built, flags, doc},
#define NP_PRESET(profile, option, value)
#include "compile/profiles.def"
#undef NP_PRESET
#undef NP_PROFILE
};

struct preset {
    const char *profile, *option, *value;
};

static const struct preset presets[] = {
#define NP_PROFILE(name, plane, built, flags, doc)
#define NP_PRESET(profile, option, value) {profile, option, value},
#include "compile/profiles.def"
#undef NP_PRESET
#undef NP_PROFILE
};

enum { PROFILE_COUNT = sizeof profiles / sizeof profiles[0] };

/* All options are of one byte, in the order of the table. */
_Static_assert(sizeof(struct np_options) == NP_OPTION_COUNT, "one byte per option");

const struct netpol_option_info *np_option_info(size_t i)
{
    return i < NP_OPTION_COUNT ? &options_table[i] : NULL;
}

const char *np_profile_name(size_t i)
{
    for (size_t p = 0; p < PROFILE_COUNT; p++) {
        if (profiles[p].built && profiles[p].plane == NETPOL_PLANE_NETWORK && i-- == 0) {
            return profiles[p].name;
        }
    }
    return NULL;
}

size_t np_option_find(struct np_slice name)
{
    size_t i = 0;
    while (i < NP_OPTION_COUNT && !np_slice_is(name, options_table[i].name)) {
        i++;
    }
    return i;
}

/* The n-th of "a|b|c"; ptr NULL: there is none. */
static struct np_slice nth_value(const char *values, size_t n)
{
    for (;; n--) {
        size_t len = strcspn(values, "|");
        if (n == 0) {
            return (struct np_slice){values, len};
        }
        if (!values[len]) {
            return (struct np_slice){NULL, 0};
        }
        values += len + 1;
    }
}

struct np_slice np_option_value(const struct np_options *options, size_t i)
{
    uint8_t value;
    memcpy(&value, (const char *)options + i, 1);
    return nth_value(options_table[i].values, value);
}

static bool set_value(struct np_options *options, size_t i, struct np_slice value)
{
    struct np_slice known;
    for (uint8_t n = 0; (known = nth_value(options_table[i].values, n)).ptr; n++) {
        if (np_slice_equal(known, value)) {
            memcpy((char *)options + i, &n, 1);
            return true;
        }
    }
    return false;
}

/* The parts of a hint: "did you mean 'x'?", or else what there is. */
static const char *meant(struct np_text *hint, const char *suggestion, const char *all)
{
    hint->len = 0;
    if (suggestion) {
        np_text_addf(hint, "Did you mean '%s'?", suggestion);
    } else {
        np_text_addf(hint, "One of: %s.", all);
    }
    return hint->failed ? NULL : hint->ptr;
}

static void unknown_option(struct np_slice name, struct netpol_diags *diags, struct np_text *hint)
{
    const char *names[NP_OPTION_COUNT];
    for (size_t i = 0; i < NP_OPTION_COUNT; i++) {
        names[i] = options_table[i].name;
    }
    const char *suggestion = np_suggest(name, names, NP_OPTION_COUNT);
    struct np_place place = {.source = "option"};
    np_diag_full(diags, NP_CODE_3103, -1, suggestion ? meant(hint, suggestion, "") : NULL, &place,
                 "there is no option '%.*s'", (int)name.len, name.ptr);
}

static bool apply_setting(const char *setting, struct np_options *out, struct netpol_diags *diags,
                          struct np_text *hint)
{
    struct np_place place = {.source = "option"};
    const char *equals = strchr(setting, '=');
    if (!equals) {
        np_diag(diags, NP_CODE_3105, &place, "'%s' is not of the form option=value", setting);
        return false;
    }
    struct np_slice name = {setting, (size_t)(equals - setting)};
    size_t i = np_option_find(name);
    if (i == NP_OPTION_COUNT) {
        unknown_option(name, diags, hint);
        return false;
    }
    if (!set_value(out, i, np_slice_of(equals + 1))) {
        np_diag_full(diags, NP_CODE_3104, -1, meant(hint, NULL, options_table[i].values), &place,
                     "'%s' is no value of the option %s", equals + 1, options_table[i].name);
        return false;
    }
    return true;
}

/* ---- profiles ---- */

static const struct profile *find_profile(struct np_slice name)
{
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        if (np_slice_is(name, profiles[i].name)) {
            return &profiles[i];
        }
    }
    return NULL;
}

uint32_t np_profile_load_flags(const char *profile)
{
    uint32_t flags = 0;
    for (const char *at = profile; *at; at += *at == '+') {
        struct np_slice name = {at, strcspn(at, "+")};
        const struct profile *found = find_profile(name);
        flags |= found ? found->load_flags : 0;
        at += name.len;
    }
    return flags;
}

static void unknown_profile(struct np_slice name, struct netpol_diags *diags, struct np_text *hint)
{
    const char *names[PROFILE_COUNT];
    struct np_place place = {.source = "profile"};
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        names[i] = profiles[i].name;
    }
    if (np_slice_is(name, "auto")) {
        np_diag(diags, NP_CODE_3101, &place,
                "the profile 'auto' is chosen by the command; the library takes it explicitly");
        return;
    }
    const char *suggestion = np_suggest(name, names, PROFILE_COUNT);
    np_diag_full(diags, NP_CODE_3101, -1, suggestion ? meant(hint, suggestion, "") : NULL, &place,
                 "there is no profile '%.*s'", (int)name.len, name.ptr);
}

static bool check_profile(struct np_slice name, unsigned *planes, struct netpol_diags *diags,
                          struct np_text *hint)
{
    struct np_place place = {.source = "profile"};
    const struct profile *profile = find_profile(name);
    if (!profile) {
        unknown_profile(name, diags, hint);
        return false;
    }
    if (!profile->built) {
        np_diag(diags, NP_CODE_3102, &place,
                "the profile '%s' is not built yet: this version reads no policies of its kinds",
                profile->name);
        return false;
    }
    if (*planes & 1u << profile->plane) {
        np_diag(diags, NP_CODE_3101, &place, "two profiles of the %s plane",
                profile->plane == NETPOL_PLANE_MESH ? "mesh" : "network");
        return false;
    }
    *planes |= 1u << profile->plane;
    return true;
}

static void apply_presets(struct np_slice name, struct np_options *out)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (np_slice_is(name, presets[i].profile)) {
            set_value(out, np_option_find(np_slice_of(presets[i].option)),
                      np_slice_of(presets[i].value));
        }
    }
}

int np_options_resolve(const struct netpol_ctx *ctx, const char *profile,
                       const char *const *settings, size_t n_settings, struct netpol_diags *diags,
                       struct np_options *out)
{
    struct np_text hint np_auto(np_text_free);
    np_text_init(&hint, ctx);
    memcpy(out, fallbacks, sizeof fallbacks);
    bool good = true;
    unsigned planes = 0;
    for (const char *at = profile;; at++) {
        struct np_slice name = {at, strcspn(at, "+")};
        good = check_profile(name, &planes, diags, &hint) && good;
        apply_presets(name, out);
        at += name.len;
        if (!*at) {
            break;
        }
    }
    for (size_t i = 0; i < n_settings; i++) {
        good = apply_setting(settings[i], out, diags, &hint) && good;
    }
    if (hint.failed) {
        return NETPOL_ERR_MEMORY;
    }
    return good ? NETPOL_OK : NETPOL_ERR_INPUT;
}
