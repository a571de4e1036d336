/* SPDX-License-Identifier: Apache-2.0 */
/* --help and netpol help: text for a terminal of 80 columns, made from the tables. */
#include "tool.h"
#include <string.h>

enum { HELP_COLUMN = 27, HELP_WIDTH = 80 };

/* Writes text at HELP_COLUMN, continued there; the cursor stands at column `at`. */
static void wrap(FILE *out, int at, const char *text)
{
    if (at + 1 > HELP_COLUMN) {
        fputc('\n', out);
        at = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - at, "");
    at = HELP_COLUMN;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (at > HELP_COLUMN && at + 1 + (int)len > HELP_WIDTH) {
            fprintf(out, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        } else if (at > HELP_COLUMN) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, len, out);
        at += (int)len;
        text += len + strspn(text + len, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option *option)
{
    char left[64];
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int at = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                      option->argument ? " " : "", option->argument ? option->argument : "");
    fputs(left, out);
    wrap(out, at, option->help);
}

static const char exit_codes[] =
    "Exit codes:\n"
    "  0  allowed, clean, everything as expected\n"
    "  1  internal or I/O error\n"
    "  2  not allowed (denied, or an answer that is not certain), not as expected;\n"
    "     diff: something changes\n"
    "  3  invalid input or command line\n"
    "  4  check: findings at or above --fail-on\n";

void help_overview(FILE *out)
{
    fputs("netpol - may this connection pass, and which line of which policy says so?\n\n"
          "Usage: netpol SUBCOMMAND [options] PATH...\n\n"
          "PATH is a file, a folder (its *.yaml, *.yml and *.json, recursively) or - for\n"
          "standard input. Several PATHs are one set.\n\nSubcommands:\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s%s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n%s\nnetpol SUBCOMMAND --help tells more, with examples.\n", exit_codes);
}

void help_command(FILE *out, enum command_id command)
{
    const struct command *self = &commands[command];
    fprintf(out, "netpol %s - %s\n\nUsage: netpol %s [options]%s%s\n\n%s\nOptions:\n", self->name,
            self->summary, self->name, *self->operands ? " " : "", self->operands,
            self->description);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command))
            print_option(out, &options[i]);
    }
    fputs("\nExamples:\n", out);
    for (const char *line = self->examples; *line;) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    if (command == COMMAND_CHECK || command == COMMAND_EVAL || command == COMMAND_LIST ||
        command == COMMAND_DIFF || command == COMMAND_COMPILE)
        fprintf(out, "\n%s", exit_codes);
}

int run_help(const struct args *args)
{
    if (args_has(args, OPTION_MAN)) {
        help_man(stdout);
        return EXIT_FINE;
    }
    if (args->n_operands == 0) {
        help_overview(stdout);
        return EXIT_FINE;
    }
    int command = command_find(args->operands[0]);
    if (command < 0)
        return EXIT_INVALID;
    help_command(stdout, (enum command_id)command);
    return EXIT_FINE;
}
