/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpol eval --requests: one question a line, one answer a line, in the same order.
 *
 * All questions are read first: those that bring endpoints of their own must be known before the
 * set is compiled, and a line that cannot be read answers nothing at all.
 */
#include "tool.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct requests {
    struct netpol_question **items;
    uint32_t *lines;
    size_t count, room;
    size_t bad; /* lines that could not be read or answered */
    size_t by_action[NETPOL_ACTION_COUNT];
    size_t expected, failed; /* with an expectation; of these not met */
};

static bool grow(struct requests *requests)
{
    size_t room = requests->room ? requests->room * 2 : 256;
    if (requests->count < requests->room)
        return true;
    struct netpol_question **items = realloc(requests->items, room * sizeof *items);
    if (!items)
        return false;
    requests->items = items;
    uint32_t *lines = realloc(requests->lines, room * sizeof *lines);
    if (!lines)
        return false;
    requests->lines = lines;
    requests->room = room;
    return true;
}

static void release(struct requests *requests)
{
    for (size_t i = 0; i < requests->count; i++)
        netpol_question_destroy(requests->items[i]);
    free(requests->items);
    free(requests->lines);
}

static void tell(struct session *session)
{
    diags_print(session->diags, NETPOL_WARNING, stderr, session->args->color_err);
}

static int read_line(struct session *session, struct requests *requests, const char *text,
                     size_t size, const char *name, uint32_t line)
{
    if (strspn(text, " \t\r\n") == size)
        return NETPOL_OK;
    if (!grow(requests))
        return NETPOL_ERR_MEMORY;
    requests->lines[requests->count] = line;
    int status = netpol_question_parse(session->ctx, text, size, name, line, session->diags,
                                       &requests->items[requests->count]);
    if (status == NETPOL_ERR_INPUT) {
        requests->bad++;
        return NETPOL_OK;
    }
    requests->count += status == NETPOL_OK;
    return status;
}

static int read_file(struct session *session, struct requests *requests, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    uint32_t line = 0;
    int status = NETPOL_OK;
    if (!file) {
        complain("%s: %s", path, strerror(errno));
        return EXIT_TROUBLE;
    }
    for (ssize_t got; status == NETPOL_OK && (got = getline(&text, &room, file)) >= 0;) {
        size_t size = (size_t)got;
        if (size && text[size - 1] == '\n')
            text[--size] = '\0';
        status = read_line(session, requests, text, size, path, ++line);
    }
    bool broken = ferror(file) != 0;
    free(text);
    if (!standard)
        fclose(file);
    tell(session);
    if (broken) {
        complain("%s: cannot be read", path);
        return EXIT_TROUBLE;
    }
    if (requests->bad)
        complain("%s: %zu lines are no questions; nothing was answered", path, requests->bad);
    return status < 0 ? status_exit(status, path) : requests->bad ? EXIT_INVALID : EXIT_FINE;
}

static int prepare(struct session *session, struct requests *requests)
{
    int status = NETPOL_OK;
    for (size_t i = 0; i < requests->count && status >= 0; i++)
        status = netpol_question_prepare(requests->items[i], session->store, session->diags);
    tell(session);
    return status_exit(status, "questions");
}

/* A question about something that does not exist keeps its line, so that answers stay in step. */
static void no_answer(struct session *session, bool json, uint32_t line)
{
    const struct netpol_diag *diag = netpol_diags_at(session->diags, 0);
    const char *message = diag ? diag->message : "no answer";
    if (json) {
        printf("{\"error\":");
        json_string(stdout, message);
        printf(",\"line\":%u}\n", line);
    } else {
        printf("error  %s\n", message);
    }
    tell(session);
}

static int answer(struct session *session, struct requests *requests, size_t i, const char *format)
{
    struct netpol_answer *given = NULL;
    struct netpol_answer_info info;
    int status = netpol_question_answer(requests->items[i], session->view,
                                        answer_parts(session->args), session->diags, &given);
    if (status == NETPOL_ERR_INPUT) {
        no_answer(session, strcmp(format, "text") != 0, requests->lines[i]);
        requests->bad++;
        return NETPOL_OK;
    }
    if (status < 0)
        return status;
    netpol_answer_get(given, &info);
    requests->by_action[answer_action(&info)]++;
    requests->expected += info.ok >= 0;
    requests->failed += info.ok == 0;
    status = answer_print(session->args, format, given);
    if (info.ok == 0 && !args_has(session->args, OPTION_QUIET))
        complain("line %u: not as expected", requests->lines[i]);
    netpol_answer_destroy(given);
    return status;
}

static int summarise(const struct args *args, const struct requests *requests)
{
    if (!args_has(args, OPTION_QUIET)) {
        fprintf(stderr, "netpol: %zu questions: %zu allow, %zu deny, %zu inspect, %zu unknown",
                requests->count, requests->by_action[NETPOL_ALLOW],
                requests->by_action[NETPOL_DENY], requests->by_action[NETPOL_INSPECT],
                requests->by_action[NETPOL_UNKNOWN]);
        if (requests->bad)
            fprintf(stderr, ", %zu without answer", requests->bad);
        if (requests->expected)
            fprintf(stderr, "; %zu of %zu as expected", requests->expected - requests->failed,
                    requests->expected);
        fputc('\n', stderr);
    }
    if (requests->bad)
        return EXIT_INVALID;
    return requests->failed ? EXIT_NOT_ALLOWED : EXIT_FINE;
}

int run_requests(struct session *session, const char *path)
{
    struct requests requests = {0};
    const char *given = args_value(session->args, OPTION_OUTPUT);
    const char *format = given ? given : "json";
    int code = read_file(session, &requests, path);
    if (code == EXIT_FINE)
        code = session_load(session);
    if (code == EXIT_FINE)
        code = prepare(session, &requests);
    if (code == EXIT_FINE)
        code = session_compile(session);
    int status = NETPOL_OK;
    for (size_t i = 0; code == EXIT_FINE && status >= 0 && i < requests.count; i++)
        status = answer(session, &requests, i, format);
    if (status < 0)
        code = status_exit(status, "answers");
    if (code == EXIT_FINE)
        code = summarise(session->args, &requests);
    release(&requests);
    return code;
}
