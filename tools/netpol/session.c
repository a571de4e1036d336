/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What check, eval, list, diff and compile have in common: load every PATH as one transaction,
 * choose a profile, compile. A set that could not be read whole answers nothing, unless
 * --keep-going.
 */
#include "tool.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- progress, for loads of more than two seconds on a terminal ---- */

struct progress {
    struct timespec start;
    bool wanted, shown;
    long shown_at; /* tenths of a second */
};

static long tenths_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec - start->tv_sec) * 10 + (now.tv_nsec - start->tv_nsec) / 100000000;
}

static void show_progress(void *user, uint64_t done, uint64_t total, uint64_t objects)
{
    struct progress *progress = user;
    long tenths = tenths_since(&progress->start);
    if (!progress->wanted || tenths < 20 || tenths == progress->shown_at)
        return;
    progress->shown = true;
    progress->shown_at = tenths;
    fprintf(stderr, "\rnetpol: %llu objects, %llu MB", (unsigned long long)objects,
            (unsigned long long)(done >> 20));
    if (total > 0)
        fprintf(stderr, " of %llu MB", (unsigned long long)(total >> 20));
    fputs("\x1b[K", stderr);
}

static void end_progress(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}

/* ---- options that are checked before anything is read ---- */

static int check_profile(const struct args *args)
{
    const char *wanted = args_value(args, OPTION_PROFILE);
    const char *names[32] = {"auto"};
    size_t count = 1;
    for (const char *name; count < 32 && (name = netpol_profile_at(count - 1)); count++)
        names[count] = name;
    if (!wanted)
        return EXIT_FINE;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(wanted, names[i]) == 0)
            return EXIT_FINE;
    }
    const char *near = suggest(wanted, names, count);
    if (near)
        complain("--profile: there is no profile \"%s\", did you mean %s?", wanted, near);
    else
        complain("--profile: there is no profile \"%s\"", wanted);
    return EXIT_INVALID;
}

static int check_settings(const struct args *args)
{
    const char *setting;
    size_t cursor = 0;
    while ((setting = args_next(args, OPTION_SET, &cursor))) {
        const struct netpol_option_info *info = NULL;
        const char *names[128];
        char word[64];
        size_t count = 0, len = strcspn(setting, "=");
        snprintf(word, sizeof word, "%.*s", (int)(len < 63 ? len : 63), setting);
        for (size_t i = 0; count < 128 && (info = netpol_option_at(i)); i++) {
            if (strcmp(info->name, word) == 0)
                break;
            names[count++] = info->name;
        }
        if (!info) {
            const char *near = suggest(word, names, count);
            complain("--set: there is no option \"%s\"%s%s", word, near ? ", did you mean " : "",
                     near ? near : "");
            return EXIT_INVALID;
        }
        if (setting[len] != '=' || !one_of(setting + len + 1, info->values)) {
            complain("--set %s: needs %s=%s", setting, info->name, info->values);
            return EXIT_INVALID;
        }
    }
    return EXIT_FINE;
}

static int check_operands(const struct args *args)
{
    size_t inputs = args_is(args, OPTION_REQUESTS, "-");
    inputs += args_is(args, OPTION_NAMES, "-");
    if (args->n_operands == 0) {
        complain("%s: no PATH given, see netpol %s --help", commands[args->command].name,
                 commands[args->command].name);
        return EXIT_INVALID;
    }
    for (size_t i = 0; i < args->n_operands; i++)
        inputs += strcmp(args->operands[i], "-") == 0;
    if (inputs > 1) {
        complain("standard input (-) can be read only once");
        return EXIT_INVALID;
    }
    return EXIT_FINE;
}

static int check_now(const struct args *args)
{
    const char *now = args_value(args, OPTION_NOW);
    if (!now)
        return EXIT_FINE;
    if (!args_has(args, OPTION_NAMES)) {
        complain("--now is for --names");
        return EXIT_INVALID;
    }
    if (*now == '\0' || strlen(now) > 18 || strspn(now, "0123456789") != strlen(now)) {
        complain("--now: \"%s\" is not a whole number", now);
        return EXIT_INVALID;
    }
    return EXIT_FINE;
}

int session_open(struct session *session, const struct args *args)
{
    *session = (struct session){.args = args, .show_diags = true};
    int code = check_operands(args);
    if (code == EXIT_FINE)
        code = check_profile(args);
    if (code == EXIT_FINE)
        code = check_settings(args);
    if (code == EXIT_FINE)
        code = check_now(args);
    if (code != EXIT_FINE)
        return code;
    struct netpol_limits limits = {.size = sizeof limits, .diags = 10000};
    struct netpol_ctx_options context = {.size = sizeof context, .limits = &limits};
    int status = netpol_ctx_create(&context, &session->ctx);
    if (status == NETPOL_OK)
        status = netpol_diags_create(session->ctx, &session->diags);
    if (status == NETPOL_OK)
        status = netpol_store_create(session->ctx, &session->store);
    return status_exit(status, "start");
}

/* ---- loading ---- */

static void tell(struct session *session)
{
    if (session->show_diags)
        diags_print(session->diags, NETPOL_WARNING, stderr, session->args->color_err);
}

static int add_pod_ranges(struct session *session)
{
    const char *range;
    size_t cursor = 0;
    while ((range = args_next(session->args, OPTION_POD_RANGE, &cursor))) {
        int status = netpol_store_add_pod_range(session->store, range);
        if (status == NETPOL_ERR_ARGUMENT || status == NETPOL_ERR_INPUT) {
            complain("--pod-range: \"%s\" is not an address range, e.g. 10.244.0.0/16", range);
            return EXIT_INVALID;
        }
        if (status < 0)
            return status_exit(status, "--pod-range");
    }
    return EXIT_FINE;
}

static uint32_t load_flags(const struct args *args)
{
    uint32_t flags = netpol_profile_load_flags(args_value(args, OPTION_PROFILE));
    if (args_has(args, OPTION_KEEP_GOING))
        flags |= NETPOL_LOAD_KEEP_GOING;
    /* The corpus of that profile holds manifests that no API server ever saw. */
    const char *profile = args_value(args, OPTION_PROFILE);
    bool unadmitted = profile && strcmp(profile, "np-guard") == 0;
    if (args_has(args, OPTION_LENIENT) || unadmitted)
        flags |= NETPOL_LOAD_LENIENT;
    if (args_has(args, OPTION_STRICT))
        flags |= NETPOL_LOAD_STRICT;
    return flags;
}

/* The worse of two statuses: what cannot be read at all is worse than what is wrong in it. */
static int worse(int a, int b)
{
    if (a >= 0 || (b < 0 && a == NETPOL_ERR_INPUT))
        return b < 0 ? b : a;
    return a;
}

static int load_paths(struct session *session)
{
    struct progress progress = {.wanted = isatty(STDERR_FILENO) == 1 &&
                                          !args_has(session->args, OPTION_QUIET)};
    struct netpol_load_options load = {.size = sizeof load,
                                       .flags = load_flags(session->args),
                                       .default_namespace =
                                           args_value(session->args, OPTION_NAMESPACE),
                                       .progress = show_progress,
                                       .progress_user = &progress};
    clock_gettime(CLOCK_MONOTONIC, &progress.start);
    int status = netpol_store_begin(session->store);
    if (status != NETPOL_OK)
        return status;
    for (size_t i = 0; i < session->args->n_operands; i++)
        status = worse(status, netpol_store_load_path(session->store, session->args->operands[i],
                                                      &load, session->diags));
    const char *sets;
    size_t cursor = 0;
    while ((sets = args_next(session->args, OPTION_SETS, &cursor)))
        status = worse(status, netpol_store_load_sets(session->store, sets, session->diags));
    if (status < 0)
        netpol_store_rollback(session->store);
    else
        status = netpol_store_commit(session->store, session->diags);
    end_progress(&progress);
    return status;
}

/* Engines of which there are objects, read or refused. */
static void find_engines(const struct session *session, bool *cilium, bool *calico)
{
    struct netpol_store_stats stats;
    netpol_store_stats(session->store, &stats);
    *cilium = stats.cilium_objects > 0;
    *calico = stats.calico_objects > 0;
    for (size_t i = 0; i < netpol_diags_count(session->diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(session->diags, i);
        if (strcmp(diag->name, "no-reader") == 0) {
            *cilium = *cilium || strstr(diag->message, "cilium.io/");
            *calico = *calico || strstr(diag->message, "projectcalico.org/");
        }
    }
}

/* The auto profile does not choose between two engines. */
static bool mixes_engines(const struct session *session)
{
    bool cilium, calico;
    if (args_value(session->args, OPTION_PROFILE) &&
        !args_is(session->args, OPTION_PROFILE, "auto"))
        return false;
    find_engines(session, &cilium, &calico);
    if (cilium && calico)
        complain("--profile auto: the set holds objects of Cilium and of Calico; a cluster has one "
                 "engine, choose it with --profile");
    return cilium && calico;
}

int session_load(struct session *session)
{
    struct netpol_store_stats stats;
    int status = load_paths(session);
    bool mixed = mixes_engines(session);
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    tell(session);
    if (status < 0)
        return said ? (status == NETPOL_ERR_INPUT || status == NETPOL_ERR_LIMIT ? EXIT_INVALID
                                                                                : EXIT_TROUBLE)
                    : status_exit(status, "load");
    if (mixed)
        return EXIT_INVALID;
    netpol_store_stats(session->store, &stats);
    session->incomplete = stats.incomplete;
    if (stats.incomplete)
        complain(
            "warning: the set is incomplete (--keep-going): documents with errors are left out");
    return add_pod_ranges(session);
}

/* ---- compiling ---- */

static const char *choose_profile(struct session *session)
{
    const char *profile = args_value(session->args, OPTION_PROFILE);
    if (profile && strcmp(profile, "auto") != 0)
        return profile;
    bool cilium, calico;
    find_engines(session, &cilium, &calico);
    if (!args_has(session->args, OPTION_QUIET) && !session->profile_said)
        complain(cilium   ? "profile cilium (auto: there are objects of Cilium)"
                 : calico ? "profile calico (auto: there are objects of Calico)"
                          : "profile kubernetes (auto: no kinds of another engine)");
    return cilium ? "cilium" : calico ? "calico" : "kubernetes";
}

/* The image whose numbers are kept; NULL: none was given. */
static int open_ledger(struct session *session, struct netpol_matcher **out)
{
    const char *path = args_value(session->args, OPTION_LEDGER), *why = NULL;
    *out = NULL;
    if (!path)
        return EXIT_FINE;
    int status = netpol_matcher_map(session->ctx, path, 0, &why, out);
    if (status >= 0)
        return EXIT_FINE;
    complain("%s: %s", path, why && *why ? why : netpol_status_text(status));
    return status == NETPOL_ERR_INPUT || status == NETPOL_ERR_UNSUPPORTED ? EXIT_INVALID
                                                                          : EXIT_TROUBLE;
}

/* ---- names ---- */

/* The answers of DNS were given at 0; without --now all of them hold. */
static int load_names(struct session *session, const char *path)
{
    const char *now = args_value(session->args, OPTION_NOW);
    int status = netpol_endpoints_create(session->matcher, &session->endpoints);
    if (status == NETPOL_OK)
        status = netpol_names_load(session->endpoints, path, 0, now == NULL, session->diags);
    if (status == NETPOL_OK && now)
        status = netpol_names_advance(session->endpoints, strtoull(now, NULL, 10));
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    tell(session);
    if (status < 0 && said)
        return status == NETPOL_ERR_INPUT || status == NETPOL_ERR_LIMIT ? EXIT_INVALID
                                                                        : EXIT_TROUBLE;
    return status_exit(status, "--names");
}

static int make_view(struct session *session)
{
    const char *names = args_value(session->args, OPTION_NAMES);
    int code = names ? load_names(session, names) : EXIT_FINE;
    if (code != EXIT_FINE)
        return code;
    return status_exit(netpol_view_create(session->matcher, session->endpoints, &session->view),
                       "compile");
}

int session_compile(struct session *session)
{
    struct netpol_matcher *ledger;
    int code = open_ledger(session, &ledger);
    if (code != EXIT_FINE)
        return code;
    const char **settings = calloc(session->args->n_given + 1, sizeof *settings);
    size_t count = 0, cursor = 0;
    if (!settings) {
        netpol_matcher_unref(ledger);
        return status_exit(NETPOL_ERR_MEMORY, "compile");
    }
    while ((settings[count] = args_next(session->args, OPTION_SET, &cursor)))
        count++;
    struct netpol_compile_options compile = {.size = sizeof compile,
                                             .profile = choose_profile(session),
                                             .settings = settings,
                                             .n_settings = count,
                                             .strict = args_has(session->args, OPTION_STRICT),
                                             .previous = ledger};
    int status = netpol_compile(session->store, &compile, session->diags, &session->matcher);
    netpol_matcher_unref(ledger);
    free(settings);
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    tell(session);
    if (status == NETPOL_ERR_INPUT && said)
        return EXIT_INVALID;
    return status < 0 ? status_exit(status, "compile") : make_view(session);
}

void session_close(struct session *session)
{
    netpol_view_destroy(session->view);
    netpol_endpoints_destroy(session->endpoints);
    netpol_matcher_unref(session->matcher);
    netpol_store_destroy(session->store);
    netpol_diags_destroy(session->diags);
    netpol_ctx_destroy(session->ctx);
}
