/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpol check: what the API server would refuse, what loading warns about, and the lints, as one
 * list. --disable and --fail-on act on all of it but errors, which are never hidden.
 */
#include "tool.h"
#include <stdlib.h>
#include <string.h>

/* ---- the catalogue ---- */

static int list_codes(const struct args *args)
{
    const struct netpol_code_info *code;
    bool json = args_is(args, OPTION_OUTPUT, "json");
    if (json)
        fputs("{\"version\":1,\"codes\":[", stdout);
    for (size_t i = 0; (code = netpol_code_at(i)); i++) {
        if (!json) {
            printf("%s  %-7s  %-28s %s\n", code->code, severity_text(code->severity), code->name,
                   code->why);
            continue;
        }
        printf("%s{\"code\":\"%s\",\"name\":\"%s\",\"severity\":\"%s\",\"why\":", i ? "," : "",
               code->code, code->name, severity_text(code->severity));
        json_string(stdout, code->why);
        fputs(",\"fix\":", stdout);
        json_string(stdout, code->fix);
        fputc('}', stdout);
    }
    if (json)
        fputs("]}\n", stdout);
    return EXIT_FINE;
}

static const struct netpol_code_info *find_code(const char *word)
{
    const struct netpol_code_info *code;
    const char *names[1024];
    size_t count = 0;
    for (size_t i = 0; (code = netpol_code_at(i)); i++) {
        if (strcmp(code->code, word) == 0 || strcmp(code->name, word) == 0)
            return code;
        if (count + 2 <= sizeof names / sizeof *names) {
            names[count++] = code->code;
            names[count++] = code->name;
        }
    }
    const char *near = suggest(word, names, count);
    complain("there is no code \"%s\"%s%s; netpol check --list shows all", word,
             near ? ", did you mean " : "", near ? near : "");
    return NULL;
}

static int explain_code(const char *word)
{
    const struct netpol_code_info *code = find_code(word);
    if (!code)
        return EXIT_INVALID;
    printf("%s %s (%s)\n\nWhy: %s\nFix: %s\n", code->code, code->name,
           severity_text(code->severity), code->why, code->fix);
    return EXIT_FINE;
}

/* ---- findings ---- */

struct findings {
    uint64_t count[NETPOL_SEVERITY_COUNT];
    bool json, color;
    uint64_t printed;
};

static bool is_disabled(const struct args *args, const struct netpol_diag *diag)
{
    const char *word;
    size_t cursor = 0;
    if (diag->severity == NETPOL_ERROR)
        return false;
    while ((word = args_next(args, OPTION_DISABLE, &cursor))) {
        if (strcmp(word, diag->code) == 0 || strcmp(word, diag->name) == 0)
            return true;
    }
    return false;
}

/* By file and line, as a reader goes through them; what was found first goes first among equals. */
static int compare_places(const void *x, const void *y)
{
    const struct netpol_diag *a = *(const struct netpol_diag *const *)x;
    const struct netpol_diag *b = *(const struct netpol_diag *const *)y;
    int by = strcmp(a->source, b->source);
    if (by == 0)
        by = (a->line > b->line) - (a->line < b->line);
    if (by == 0)
        by = (a->column > b->column) - (a->column < b->column);
    return by ? by : strcmp(a->code, b->code);
}

static void report(struct findings *findings, const struct session *session)
{
    uint64_t kept[NETPOL_SEVERITY_COUNT] = {0};
    struct excerpts excerpts = {0};
    size_t count = netpol_diags_count(session->diags);
    const struct netpol_diag **sorted = calloc(count + 1, sizeof(const struct netpol_diag *));
    for (size_t i = 0; sorted && i < count; i++)
        sorted[i] = netpol_diags_at(session->diags, i);
    if (sorted)
        qsort(sorted, count, sizeof *sorted, compare_places);
    for (size_t i = 0; i < count; i++) {
        struct netpol_diag diag = *(sorted ? sorted[i] : netpol_diags_at(session->diags, i));
        kept[diag.severity]++;
        if (is_disabled(session->args, &diag))
            continue;
        findings->count[diag.severity]++;
        excerpt_fill(&excerpts, &diag);
        if (findings->json)
            fputs(findings->printed ? ",\n" : "\n", stdout);
        netpol_diag_format(&diag,
                           findings->json    ? NETPOL_DIAG_JSON
                           : findings->color ? NETPOL_DIAG_COLOR
                                             : NETPOL_DIAG_TEXT,
                           file_sink, stdout);
        findings->printed++;
    }
    /* what did not fit into the bounded list counts, and is said */
    for (int severity = 0; severity < NETPOL_SEVERITY_COUNT; severity++) {
        uint64_t lost = netpol_diags_seen(session->diags, severity) - kept[severity];
        findings->count[severity] += lost;
        if (lost)
            complain("%llu more of severity %s are not shown", (unsigned long long)lost,
                     severity_text(severity));
    }
    excerpts_close(&excerpts);
    free(sorted);
    netpol_diags_clear(session->diags);
}

static int lint(struct session *session)
{
    const char **disabled = calloc(session->args->n_given + 1, sizeof *disabled);
    size_t count = 0, cursor = 0;
    if (!disabled)
        return status_exit(NETPOL_ERR_MEMORY, "lint");
    while ((disabled[count] = args_next(session->args, OPTION_DISABLE, &cursor)))
        count++;
    struct netpol_lint_options lint_options = {
        .size = sizeof lint_options, .disabled = disabled, .n_disabled = count};
    int status = netpol_lint(session->matcher, &lint_options, session->diags);
    free(disabled);
    return status_exit(status, "lint");
}

static bool reaches_threshold(const struct args *args, const struct findings *findings)
{
    const char *level = args_value(args, OPTION_FAIL_ON);
    int least = NETPOL_WARNING;
    if (level && strcmp(level, "never") == 0)
        return false;
    for (int severity = 0; level && severity < NETPOL_SEVERITY_COUNT; severity++) {
        if (strcmp(level, severity_text(severity)) == 0)
            least = severity;
    }
    for (int severity = least; severity < NETPOL_SEVERITY_COUNT; severity++) {
        if (findings->count[severity])
            return true;
    }
    return false;
}

static const char *plural(unsigned long long count)
{
    return count == 1 ? "" : "s";
}

static void summarise(const struct session *session, const struct findings *findings)
{
    struct netpol_store_stats stats = {0};
    if (session->store)
        netpol_store_stats(session->store, &stats);
    const unsigned long long errors = findings->count[NETPOL_ERROR],
                             warnings = findings->count[NETPOL_WARNING],
                             notes = findings->count[NETPOL_INFO];
    if (findings->json)
        printf("\n],\"counts\":{\"error\":%llu,\"warning\":%llu,\"info\":%llu},"
               "\"objects\":%llu,\"policies\":%llu,\"endpoints\":%llu,\"incomplete\":%s}\n",
               errors, warnings, notes, (unsigned long long)stats.objects,
               (unsigned long long)stats.policies, (unsigned long long)stats.endpoints,
               stats.incomplete ? "true" : "false");
    else
        fprintf(stderr,
                "netpol: %llu error%s, %llu warning%s, %llu note%s; objects: %llu, policies: %llu, "
                "pods or workloads: %llu%s\n",
                errors, plural(errors), warnings, plural(warnings), notes, plural(notes),
                (unsigned long long)stats.objects, (unsigned long long)stats.policies,
                (unsigned long long)stats.endpoints, stats.incomplete ? ", incomplete" : "");
}

static int check_set(struct session *session, struct findings *findings)
{
    int code = session_open(session, session->args);
    if (code != EXIT_FINE)
        return code;
    session->show_diags = false;
    if (findings->json)
        fputs("{\"version\":1,\"diagnostics\":[", stdout);
    code = session_load(session);
    report(findings, session);
    if (code == EXIT_FINE)
        code = session_compile(session);
    if (code == EXIT_FINE)
        code = lint(session);
    report(findings, session);
    summarise(session, findings);
    if (code == EXIT_FINE && (session->incomplete || findings->count[NETPOL_ERROR] > 0))
        return EXIT_INVALID;
    if (code == EXIT_FINE && reaches_threshold(session->args, findings))
        return EXIT_FINDINGS;
    return code;
}

int run_check(const struct args *args)
{
    const char *word;
    size_t cursor = 0;
    struct findings findings = {.json = args_is(args, OPTION_OUTPUT, "json"),
                                .color = args->color_out};
    struct session session = {.args = args};
    if (args_has(args, OPTION_OUTPUT) && !findings.json && !args_is(args, OPTION_OUTPUT, "text")) {
        complain("check: --output is text or json");
        return EXIT_INVALID;
    }
    if (args_has(args, OPTION_CODES))
        return list_codes(args);
    if (args_has(args, OPTION_EXPLAIN_CODE))
        return explain_code(args_value(args, OPTION_EXPLAIN_CODE));
    while ((word = args_next(args, OPTION_DISABLE, &cursor))) {
        if (!find_code(word))
            return EXIT_INVALID;
    }
    int code = check_set(&session, &findings);
    session_close(&session);
    return code;
}
