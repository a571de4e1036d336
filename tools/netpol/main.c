/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpol: may this connection, or this request, pass, and which line of which policy says so?
 *
 * The subcommand table. Everything a subcommand writes is checked once, here, so that a full disk
 * or a closed pipe is never taken for success.
 */
#include "tool.h"
#include <string.h>

static int (*const runners[COMMAND_COUNT])(const struct args *args) = {
    [COMMAND_CHECK] = run_check,     [COMMAND_EVAL] = run_eval,
    [COMMAND_LIST] = run_list,       [COMMAND_DIFF] = run_diff,
    [COMMAND_DUMP] = run_dump,       [COMMAND_COMPILE] = run_compile,
    [COMMAND_VERSION] = run_version, [COMMAND_COMPLETION] = run_completion,
    [COMMAND_HELP] = run_help,
};

static int run(enum command_id command, int argc, char **argv)
{
    struct args args;
    int code = args_parse(&args, command, argc, argv);
    if (code == EXIT_FINE && args_has(&args, OPTION_HELP))
        help_command(stdout, command);
    else if (code == EXIT_FINE)
        code = runners[command](&args);
    args_free(&args);
    return code;
}

int main(int argc, char **argv)
{
    int code;
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_INVALID;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        code = run(COMMAND_HELP, argc - 2, argv + 2);
    } else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        code = run(COMMAND_VERSION, argc - 2, argv + 2);
    } else {
        int command = command_find(argv[1]);
        code = command < 0 ? EXIT_INVALID : run((enum command_id)command, argc - 2, argv + 2);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("cannot write to standard output");
        return EXIT_TROUBLE;
    }
    return code;
}
