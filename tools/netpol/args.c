/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, read by the option table: --name value, --name=value, -x value, -xvalue, flags
 * joined (-kq), operands anywhere, -- ends the options. Whatever is not in the table is refused
 * with the nearest name that is.
 */
#include "tool.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN(command) (1u << COMMAND_##command)
#define ANSWERING   (IN(CHECK) | IN(EVAL) | IN(LIST) | IN(DIFF))
#define LOADING     (ANSWERING | IN(COMPILE) | IN(DUMP))
#define EVERYWHERE  (~0u)

const struct command commands[COMMAND_COUNT] = {
#define COMMAND(id, name, operands, summary, description, examples) \
    [COMMAND_##id] = {name, operands, summary, description, examples},
#include "commands.def"
#undef COMMAND
};

const struct option options[OPTION_COUNT] = {
#define OPTION(id, name, letter, argument, values, commands, help) \
    [OPTION_##id] = {name, letter, argument, values, commands, help},
#include "options.def"
#undef OPTION
};

bool option_applies(const struct option *option, enum command_id command)
{
    return option->commands >> command & 1u;
}

int command_find(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    const char *near = suggest(name, names, COMMAND_COUNT);
    if (near)
        complain("unknown subcommand \"%s\", did you mean %s?", name, near);
    else
        complain("unknown subcommand \"%s\", see netpol --help", name);
    return -1;
}

static int find_long(enum command_id command, const char *name, size_t len)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command) && strlen(options[i].name) == len &&
            memcmp(options[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

static int find_letter(enum command_id command, char letter)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command) && options[i].letter == letter)
            return i;
    }
    return -1;
}

static int refuse_long(enum command_id command, const char *name, size_t len)
{
    const char *names[OPTION_COUNT];
    size_t count = 0;
    char word[64];
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command))
            names[count++] = options[i].name;
    }
    snprintf(word, sizeof word, "%.*s", (int)(len < 63 ? len : 63), name);
    const char *near = suggest(word, names, count);
    if (near)
        complain("%s: unknown option --%s, did you mean --%s?", commands[command].name, word, near);
    else
        complain("%s: unknown option --%s, see netpol %s --help", commands[command].name, word,
                 commands[command].name);
    return EXIT_INVALID;
}

static int take(struct args *args, int id, const char *value)
{
    const struct option *option = &options[id];
    if (option->argument && option->values && !one_of(value, option->values)) {
        complain("--%s: \"%s\" is not one of %s", option->name, value, option->values);
        return EXIT_INVALID;
    }
    args->given[args->n_given++] = (struct given){(enum option_id)id, value};
    return EXIT_FINE;
}

static int parse_long(struct args *args, char **argv, int argc, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    int id = find_long(args->command, name, len);
    if (id < 0)
        return refuse_long(args->command, name, len);
    if (!options[id].argument) {
        if (equals) {
            complain("--%s takes no value", options[id].name);
            return EXIT_INVALID;
        }
        return take(args, id, NULL);
    }
    if (equals)
        return take(args, id, equals + 1);
    if (*at + 1 >= argc) {
        complain("--%s needs a value: %s", options[id].name, options[id].argument);
        return EXIT_INVALID;
    }
    return take(args, id, argv[++*at]);
}

static int parse_letters(struct args *args, char **argv, int argc, int *at)
{
    for (const char *letter = argv[*at] + 1; *letter; letter++) {
        int id = find_letter(args->command, *letter);
        if (id < 0) {
            complain("%s: unknown option -%c, see netpol %s --help", commands[args->command].name,
                     *letter, commands[args->command].name);
            return EXIT_INVALID;
        }
        const char *value = NULL;
        if (options[id].argument) {
            value = letter[1] ? letter + 1 : *at + 1 < argc ? argv[++*at] : NULL;
            if (!value) {
                complain("-%c needs a value: %s", *letter, options[id].argument);
                return EXIT_INVALID;
            }
        }
        int code = take(args, id, value);
        if (code != EXIT_FINE || value)
            return code;
    }
    return EXIT_FINE;
}

static bool want_color(const struct args *args, int descriptor)
{
    const char *when = args_value(args, OPTION_COLOR);
    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
        return false;
    return isatty(descriptor) == 1;
}

int args_parse(struct args *args, enum command_id command, int argc, char **argv)
{
    *args = (struct args){.command = command};
    /* an argument may hold several letters, each an option */
    size_t room = 1;
    for (int i = 0; i < argc; i++)
        room += 1 + strlen(argv[i]);
    args->given = calloc(room, sizeof *args->given);
    args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
    if (!args->given || !args->operands)
        return status_exit(NETPOL_ERR_MEMORY, "command line");
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        int code = EXIT_FINE;
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0')
            args->operands[args->n_operands++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_operands = true;
        else if (argv[i][1] == '-')
            code = parse_long(args, argv, argc, &i);
        else
            code = parse_letters(args, argv, argc, &i);
        if (code != EXIT_FINE)
            return code;
    }
    args->color_out = want_color(args, STDOUT_FILENO);
    args->color_err = want_color(args, STDERR_FILENO);
    return EXIT_FINE;
}

void args_free(struct args *args)
{
    free(args->given);
    free(args->operands);
}

bool args_has(const struct args *args, enum option_id option)
{
    for (size_t i = 0; i < args->n_given; i++) {
        if (args->given[i].option == option)
            return true;
    }
    return false;
}

const char *args_value(const struct args *args, enum option_id option)
{
    for (size_t i = args->n_given; i-- > 0;) {
        if (args->given[i].option == option)
            return args->given[i].value;
    }
    return NULL;
}

const char *args_next(const struct args *args, enum option_id option, size_t *cursor)
{
    while (*cursor < args->n_given) {
        const struct given *given = &args->given[(*cursor)++];
        if (given->option == option)
            return given->value;
    }
    return NULL;
}

bool args_is(const struct args *args, enum option_id option, const char *value)
{
    const char *given = args_value(args, option);
    return given && strcmp(given, value) == 0;
}
