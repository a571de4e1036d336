/* SPDX-License-Identifier: Apache-2.0 */
/* netpol eval: one question from flags. Many questions: requests.c. */
#include "tool.h"
#include <stdlib.h>
#include <string.h>

int answer_action(const struct netpol_answer_info *info)
{
    return info->pending >= 0 ? info->pending : info->action;
}

/* ---- times ---- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool digits(const char **at, int count, int64_t least, int64_t most, int64_t *out)
{
    *out = 0;
    for (int i = 0; i < count; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return *out >= least && *out <= most;
}

static bool mark(const char **at, char c)
{
    return *(*at)++ == c;
}

/* RFC 3339 in UTC: 2026-01-31T23:59:59.123Z */
static bool time_parse(const char *text, struct netpol_hubble_time *out)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int64_t year, month, day, hour, minute, second, nanos = 0;
    if (!digits(&text, 4, 1970, 9999, &year) || !mark(&text, '-') ||
        !digits(&text, 2, 1, 12, &month) || !mark(&text, '-') || !digits(&text, 2, 1, 31, &day) ||
        !mark(&text, 'T') || !digits(&text, 2, 0, 23, &hour) || !mark(&text, ':') ||
        !digits(&text, 2, 0, 59, &minute) || !mark(&text, ':') || !digits(&text, 2, 0, 59, &second))
        return false;
    if (*text == '.') {
        int64_t unit = 100000000;
        for (text++; *text >= '0' && *text <= '9' && unit; text++, unit /= 10)
            nanos += unit * (*text - '0');
    }
    int last = before[month] - before[month - 1] + (month == 2 && is_leap(year));
    int64_t days = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 +
                   (year - 1601) / 400 + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
    out->seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    out->nanoseconds = (uint32_t)nanos;
    return day <= last && strcmp(text, "Z") == 0;
}

/* ---- one answer ---- */

static bool is_hubble(const char *format)
{
    return format && (strcmp(format, "hubble") == 0 || strcmp(format, "hubble-compact") == 0);
}

int answer_parts(const struct args *args)
{
    bool flow = args_is(args, OPTION_OUTPUT, "calico") || args_is(args, OPTION_OUTPUT, "hits");
    bool hubble = is_hubble(args_value(args, OPTION_OUTPUT));
    if ((flow || hubble) && args_has(args, OPTION_EXPLAIN)) {
        complain("eval: flow records have no room for --explain");
        return -1;
    }
    return (args_has(args, OPTION_EXPLAIN) ? NETPOL_ANSWER_EXPLAIN : 0) |
           (args_has(args, OPTION_STAGED) ? NETPOL_ANSWER_STAGED : 0) |
           (flow ? NETPOL_ANSWER_FLOW : 0) | (hubble ? NETPOL_ANSWER_HUBBLE : 0);
}

/* "Dst  enforced  0|default|np:shop/web|allow|2"; "..." where not all of the way is known. */
static void print_hits(const struct netpol_flow *flow)
{
    static const struct {
        const char *reporter;
        int side;
    } sides[] = {
        {"Src", NETPOL_SIDE_EGRESS },
        {"Dst", NETPOL_SIDE_INGRESS}
    };
    for (size_t i = 0; i < 4; i++) {
        struct netpol_hits hits;
        const char *which = i % 2 ? "pending" : "enforced";
        if (netpol_flow_hits(flow, sides[i / 2].side, i % 2, &hits) != NETPOL_OK)
            continue;
        for (size_t k = 0; k < hits.count; k++)
            printf("%s  %-8s  %s\n", sides[i / 2].reporter, which, hits.items[k].text);
        if (hits.open)
            printf("%s  %-8s  ...\n", sides[i / 2].reporter, which);
    }
}

static int print_hubble(const struct args *args, const char *format,
                        const struct netpol_answer *answer)
{
    struct netpol_answer_info info;
    struct netpol_hubble_time time;
    const char *given = args_value(args, OPTION_TIME);
    bool timed = given && time_parse(given, &time);
    int status = NETPOL_OK;
    netpol_answer_get(answer, &info);
    for (size_t p = 0; p < info.paths && status >= 0; p++)
        status = netpol_hubble_write(netpol_answer_hubble(answer, p),
                                     strcmp(format, "hubble") == 0 ? NETPOL_HUBBLE_JSONPB
                                                                   : NETPOL_HUBBLE_COMPACT,
                                     timed ? &time : NULL, file_sink, stdout);
    return status;
}

int answer_print(const struct args *args, const char *format, const struct netpol_answer *answer)
{
    struct netpol_answer_info info;
    int status = NETPOL_OK;
    if (is_hubble(format))
        return print_hubble(args, format, answer);
    bool hits = format && strcmp(format, "hits") == 0;
    if (!hits && (!format || strcmp(format, "calico") != 0)) {
        bool json = format && strcmp(format, "json") == 0;
        status = netpol_answer_write(answer, json, args->color_out, file_sink, stdout);
        if (json)
            putchar('\n');
        return status;
    }
    netpol_answer_get(answer, &info);
    for (size_t p = 0; p < info.paths && status >= 0; p++) {
        const struct netpol_flow *flow = netpol_answer_flow(answer, p);
        if (hits)
            print_hits(flow);
        else
            status = netpol_flow_write(flow, NULL, file_sink, stdout);
    }
    return status;
}

static int exit_of(const struct netpol_answer_info *info)
{
    if (info->ok >= 0)
        return info->ok ? EXIT_FINE : EXIT_NOT_ALLOWED;
    return answer_action(info) == NETPOL_ALLOW ? EXIT_FINE : EXIT_NOT_ALLOWED;
}

static int answer(struct session *session, const struct netpol_question *question)
{
    struct netpol_answer *given = NULL;
    struct netpol_answer_info info;
    const struct args *args = session->args;
    int status =
        netpol_question_answer(question, session->view, answer_parts(args), session->diags, &given);
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    diags_print(session->diags, NETPOL_WARNING, stderr, args->color_err);
    if (status < 0)
        return said && status == NETPOL_ERR_INPUT ? EXIT_INVALID : status_exit(status, "question");
    netpol_answer_get(given, &info);
    status = answer_print(args, args_value(args, OPTION_OUTPUT), given);
    netpol_answer_destroy(given);
    return status < 0 ? status_exit(status, "answer") : exit_of(&info);
}

static int ask(struct session *session, const char *json)
{
    struct netpol_question *question = NULL;
    int status = netpol_question_parse(session->ctx, json, strlen(json), "command line", 1,
                                       session->diags, &question);
    int code = EXIT_FINE;
    if (status >= 0)
        code = session_load(session);
    if (status >= 0 && code == EXIT_FINE)
        status = netpol_question_prepare(question, session->store, session->diags);
    bool said = netpol_diags_seen(session->diags, NETPOL_ERROR) > 0;
    diags_print(session->diags, NETPOL_WARNING, stderr, session->args->color_err);
    if (status < 0)
        code = said && status == NETPOL_ERR_INPUT ? EXIT_INVALID : status_exit(status, "question");
    if (code == EXIT_FINE)
        code = session_compile(session);
    if (code == EXIT_FINE)
        code = answer(session, question);
    netpol_question_destroy(question);
    return code;
}

/* Flags of one question make no sense beside a file of them. */
static int refuse_mixture(const struct args *args)
{
    for (size_t i = 0; i < args->n_given; i++) {
        if (args->given[i].option < OPTION_REQUESTS) {
            complain("--%s and --requests cannot be used together",
                     options[args->given[i].option].name);
            return EXIT_INVALID;
        }
    }
    return EXIT_FINE;
}

int run_eval(const struct args *args)
{
    struct session session = {0};
    char *json = NULL;
    const char *requests = args_value(args, OPTION_REQUESTS);
    if (args_is(args, OPTION_OUTPUT, "csv") || args_is(args, OPTION_OUTPUT, "dot")) {
        complain("eval: --output is text, json, calico, hits, hubble or hubble-compact");
        return EXIT_INVALID;
    }
    struct netpol_hubble_time time;
    const char *when = args_value(args, OPTION_TIME);
    if (when && !time_parse(when, &time)) {
        complain("eval: --time is like 2026-01-31T23:59:59Z, with up to nine decimals");
        return EXIT_INVALID;
    }
    if (answer_parts(args) < 0)
        return EXIT_INVALID;
    if (requests && refuse_mixture(args) != EXIT_FINE)
        return EXIT_INVALID;
    if (!requests && !(json = question_json(args)))
        return EXIT_INVALID;
    int code = session_open(&session, args);
    if (code == EXIT_FINE)
        code = requests ? run_requests(&session, requests) : ask(&session, json);
    session_close(&session);
    free(json);
    return code;
}
