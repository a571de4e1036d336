/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOL_H
#define TOOL_H
/*
 * The netpol command: what its files share.
 *
 * One file per subcommand over the public API; what they have in common - the option table, loading
 * and compiling, messages - stands in args.c, session.c and output.c. Data goes to standard output,
 * messages to standard error, and the exit code says which of the five things happened.
 */
#include <netpol/netpol.h>
#include <stdbool.h>
#include <stdio.h>

enum exit_code {
    EXIT_FINE = 0,        /* allowed, clean, all passed */
    EXIT_TROUBLE = 1,     /* internal or I/O error */
    EXIT_NOT_ALLOWED = 2, /* denied, inspect, unknown; an expectation not met */
    EXIT_INVALID = 3,     /* invalid input or command line */
    EXIT_FINDINGS = 4     /* lint findings at or above --fail-on */
};

/* ---- the tables ---- */
enum command_id {
#define COMMAND(id, ...) COMMAND_##id,
#include "commands.def"
#undef COMMAND
    COMMAND_COUNT
};
enum option_id {
#define OPTION(id, ...) OPTION_##id,
#include "options.def"
#undef OPTION
    OPTION_COUNT
};
struct command {
    const char *name, *operands, *summary, *description, *examples;
};
struct option {
    const char *name;
    char letter;
    const char *argument, *values;
    unsigned commands; /* bit per command_id */
    const char *help;
};
extern const struct command commands[COMMAND_COUNT];
extern const struct option options[OPTION_COUNT];
bool option_applies(const struct option *option, enum command_id command);

/* ---- a parsed command line ---- */
struct given {
    enum option_id option;
    const char *value; /* NULL: a flag */
};
struct args {
    enum command_id command;
    struct given *given; /* in order */
    size_t n_given;
    const char **operands;
    size_t n_operands;
    bool color_out, color_err; /* for each stream */
};
/* Parses what follows the subcommand. EXIT_FINE, or prints what is wrong and gives the exit code.
 */
int args_parse(struct args *args, enum command_id command, int argc, char **argv);
void args_free(struct args *args);
bool args_has(const struct args *args, enum option_id option);
const char *args_value(const struct args *args, enum option_id option); /* the last one; NULL */
/* Repeated options: *cursor from 0; NULL at the end. */
const char *args_next(const struct args *args, enum option_id option, size_t *cursor);
bool args_is(const struct args *args, enum option_id option, const char *value);
/* Finds a subcommand; complains with a suggestion. -1: none. */
int command_find(const char *name);

/* ---- messages and text ---- */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The candidate that word was probably meant to be; NULL: none is near. */
const char *suggest(const char *word, const char *const *candidates, size_t count);
/* Is word one of "a|b|c"? */
bool one_of(const char *word, const char *values);
const char *protocol_text(uint8_t protocol, char room[8]);  /* "TCP", else its number */
void span_print(FILE *out, const struct netpol_span *span); /* "80", "1-65", "all"; ICMP "3/4" */
void json_slice(FILE *out, const char *text, size_t len);
void json_string(FILE *out, const char *text);
int file_sink(void *user, const char *bytes, size_t size); /* user: FILE */
/* Prints those of at least this severity to a stream and clears the list. */
void diags_print(struct netpol_diags *diags, int least, FILE *out, bool color);
const char *severity_text(int severity);
/* The source lines of findings; zeroed to begin with. */
struct excerpts {
    FILE *file;
    char *path, *text;
    size_t room, size;
    uint32_t line;
    char shown[208];
};
/* Gives a diagnostic without excerpt the line of its file; valid until the next call. */
void excerpt_fill(struct excerpts *excerpts, struct netpol_diag *diag);
void excerpts_close(struct excerpts *excerpts);
/* Reports a failed call without diagnostics of its own. */
int status_exit(int status, const char *what);

/* ---- resources, loaded and compiled ---- */
struct session {
    const struct args *args;
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct netpol_store *store;
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints; /* with --names */
    struct netpol_view *view;
    bool incomplete;
    bool profile_said; /* do not say which profile was chosen */
    bool show_diags;   /* print what loading and compiling say; check keeps it to itself */
};
/* Each gives EXIT_FINE or, with everything said, the exit code to end with. */
int session_open(struct session *session, const struct args *args);
int session_load(struct session *session);
int session_compile(struct session *session);
void session_close(struct session *session);

/* ---- subcommands ---- */
int run_check(const struct args *args);
int run_eval(const struct args *args);
int run_diff(const struct args *args);
int run_dump(const struct args *args);
int run_list(const struct args *args);
int run_compile(const struct args *args);
int run_version(const struct args *args);
int run_completion(const struct args *args);
int run_help(const struct args *args);

/* Builds the JSON of one question from the flags; NULL: said why. Freed with free(). */
char *question_json(const struct args *args);
/* enum netpol_answer_parts that the flags ask for; -1, said why: they do not go together. */
int answer_parts(const struct args *args);
/* Prints an answer in the format asked for (NULL: text). A netpol status. */
int answer_print(const struct args *args, const char *format, const struct netpol_answer *answer);
/* What the run is about: the verdict in force, or with --staged the other one. */
int answer_action(const struct netpol_answer_info *info);
/* --requests */
int run_requests(struct session *session, const char *path);

void help_overview(FILE *out);
void help_command(FILE *out, enum command_id command);
void help_man(FILE *out);
#endif
