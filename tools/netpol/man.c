/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page netpol(1) in roff, made from the tables that --help reads. */
#include "tool.h"
#include <string.h>

/* Text with what roff would interpret escaped; each line may begin with a control character. */
static void roff(FILE *out, const char *text, size_t len)
{
    bool start = true;
    for (size_t i = 0; i < len; i++) {
        if (start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", out);
        start = text[i] == '\n';
        if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '\'')
            fputs("\\(aq", out);
        else if (text[i] == '`')
            fputs("\\(ga", out);
        else if (text[i] == '|')
            fputs("\\||\\|", out);
        else
            fputc(text[i], out);
    }
}

static void roff_text(FILE *out, const char *text)
{
    roff(out, text, strlen(text));
}

/* Lines that begin with white space are shown as they are, the rest is filled. */
static void paragraphs(FILE *out, const char *text)
{
    bool literal = false;
    while (*text) {
        size_t len = strcspn(text, "\n");
        bool indented = *text == ' ';
        if (indented != literal)
            fputs(indented ? ".nf\n" : ".fi\n", out);
        literal = indented;
        if (len == 0) {
            fputs(".PP\n", out);
        } else {
            roff(out, text, len);
            fputc('\n', out);
        }
        text += len + (text[len] == '\n');
    }
    if (literal)
        fputs(".fi\n", out);
}

static void option_entry(FILE *out, const struct option *option)
{
    fputs(".TP\n\\fB", out);
    if (option->letter)
        fprintf(out, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", out);
    roff_text(out, option->name);
    fputs("\\fR", out);
    if (option->argument) {
        fputs(" \\fI", out);
        roff_text(out, option->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff_text(out, option->help);
    if (option->values) {
        fputs("; one of ", out);
        roff_text(out, option->values);
    }
    fputs(".\n", out);
}

static void command_section(FILE *out, enum command_id command)
{
    const struct command *self = &commands[command];
    fputs(".SS netpol ", out);
    roff_text(out, self->name);
    fputs(" [options] ", out);
    roff_text(out, self->operands);
    fputc('\n', out);
    paragraphs(out, self->description);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command) && options[i].commands != ~0u)
            option_entry(out, &options[i]);
    }
}

static void example_section(FILE *out)
{
    fputs(".SH EXAMPLES\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        for (const char *line = commands[i].examples; *line;) {
            size_t len = strcspn(line, "\n");
            bool title = *line == '#';
            fputs(title ? ".PP\n" : ".RS 4\n.nf\n", out);
            roff(out, title ? line + 2 : line, title ? len - 2 : len);
            fputs(title ? ":\n" : "\n.fi\n.RE\n", out);
            line += len + (line[len] == '\n');
        }
    }
}

static void code_section(FILE *out)
{
    const struct netpol_code_info *code;
    fputs(".SH DIAGNOSTICS\n"
          "Every diagnostic has a stable code. \\fBnetpol check \\-\\-list\\fR shows them all,\n"
          "\\fBnetpol check \\-\\-explain\\fR \\fICODE\\fR tells more. The lints are:\n",
          out);
    for (size_t i = 0; (code = netpol_code_at(i)); i++) {
        if (strncmp(code->code, "NP4", 3) != 0)
            continue;
        fputs(".TP\n\\fB", out);
        roff_text(out, code->code);
        fputs("\\fR ", out);
        roff_text(out, code->name);
        fputc('\n', out);
        roff_text(out, code->why);
        fputc('\n', out);
    }
}

static const char head[] =
    ".SH NAME\n"
    "netpol \\- decide network policy: may this connection pass, and which line says so\n"
    ".SH SYNOPSIS\n"
    "\\fBnetpol\\fR \\fISUBCOMMAND\\fR [\\fIoptions\\fR] \\fIPATH\\fR...\n"
    ".SH DESCRIPTION\n"
    "\\fBnetpol\\fR reads network policies and the state of a cluster as \\fBkubectl\\fR(1)\n"
    "writes them, and answers questions about them: is this valid, what does it allow,\n"
    "why was this dropped.\n"
    ".PP\n"
    "\\fIPATH\\fR is a file, a folder (its *.yaml, *.yml and *.json, recursively; nothing\n"
    "else in it is read) or \\- for standard input. Several paths are one set: any error\n"
    "loads nothing, and the diagnostics of all documents are shown. Data goes to standard\n"
    "output, messages to standard error.\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\nallowed, clean, everything as expected\n"
    ".TP\n\\fB1\\fR\ninternal or I/O error\n"
    ".TP\n\\fB2\\fR\nnot allowed: denied, or an answer that is not certain; or not as expected\n"
    ".TP\n\\fB3\\fR\ninvalid input or command line\n"
    ".TP\n\\fB4\\fR\nfindings at or above \\fB\\-\\-fail\\-on\\fR\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBNO_COLOR\\fR\nwhen set and not empty, no colour unless \\fB\\-\\-color always\\fR\n";

void help_man(FILE *out)
{
    fprintf(out, ".\\\" Made by netpol help --man. SPDX-License-Identifier: Apache-2.0\n");
    fprintf(out, ".TH NETPOL 1 \"\" \"netpol %s\" \"User Commands\"\n.nh\n.ad l\n",
            NETPOL_VERSION_STRING);
    fputs(head, out);
    fputs(".SH SUBCOMMANDS\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        command_section(out, (enum command_id)i);
    fputs(".SS Everywhere\n", out);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options[i].commands == ~0u)
            option_entry(out, &options[i]);
    }
    fputs(tail, out);
    code_section(out);
    example_section(out);
}
