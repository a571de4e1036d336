/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion for bash, zsh and fish, made from the tables that --help reads. */
#include "tool.h"
#include <string.h>

/* Words that may follow an option, separated by `separator`; false: none are known. */
static bool option_words(FILE *out, enum option_id id, char separator)
{
    bool any = false;
    const char *profile;
    const struct netpol_option_info *setting;
    const struct netpol_code_info *code;
    if (options[id].values) {
        for (const char *at = options[id].values; *at; at++)
            fputc(*at == '|' ? separator : *at, out);
        return true;
    }
    if (id == OPTION_PROFILE) {
        fputs("auto", out);
        for (size_t i = 0; (profile = netpol_profile_at(i)); i++)
            fprintf(out, "%c%s", separator, profile);
        return true;
    }
    if (id == OPTION_SET) {
        for (size_t i = 0; (setting = netpol_option_at(i)); i++, any = true)
            fprintf(out, "%s%s=", any ? (char[]){separator, 0} : "", setting->name);
    }
    if (id == OPTION_DISABLE || id == OPTION_EXPLAIN_CODE) {
        for (size_t i = 0; (code = netpol_code_at(i)); i++, any = true)
            fprintf(out, "%s%s", any ? (char[]){separator, 0} : "", code->code);
    }
    return any;
}

static bool has_words(enum option_id id)
{
    return options[id].values || id == OPTION_PROFILE || id == OPTION_SET || id == OPTION_DISABLE ||
           id == OPTION_EXPLAIN_CODE;
}

static bool takes_file(enum option_id id)
{
    return options[id].argument && strcmp(options[id].argument, "FILE") == 0;
}

/* ---- bash ---- */

static void bash_command(FILE *out, enum command_id command)
{
    fprintf(out, "    %s)\n        case $prev in\n", commands[command].name);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!option_applies(&options[i], command) || !options[i].argument)
            continue;
        fprintf(out, "        --%s", options[i].name);
        if (options[i].letter)
            fprintf(out, " | -%c", options[i].letter);
        if (has_words((enum option_id)i)) {
            fputs(") words='", out);
            option_words(out, (enum option_id)i, ' ');
            fputs("' ;;\n", out);
        } else {
            fprintf(out, ") %s ;;\n", takes_file((enum option_id)i) ? "files=1" : "return");
        }
    }
    fputs("        *)\n            files=1\n            [[ $cur == -* ]] && files= && words='",
          out);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_applies(&options[i], command))
            fprintf(out, "--%s ", options[i].name);
    }
    fputs("'\n            ;;\n        esac\n        ;;\n", out);
}

static void bash(FILE *out)
{
    fputs(
        "# bash completion for netpol, made by: netpol completion bash\n"
        "_netpol() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words= files=\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n"
        "        words='",
        out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "%s ", commands[i].name);
    fputs("--help --version'\n    fi\n    ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (i == COMMAND_HELP || i == COMMAND_COMPLETION) {
            fprintf(out, "    %s) words='", commands[i].name);
            for (int j = 0; j < COMMAND_COUNT && i == COMMAND_HELP; j++)
                fprintf(out, "%s ", commands[j].name);
            fputs(i == COMMAND_HELP ? "--man' ;;\n" : "bash zsh fish' ;;\n", out);
        } else {
            bash_command(out, (enum command_id)i);
        }
    }
    fputs("    esac\n"
          "    if [[ $words ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
          "    elif [[ $files ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "        compopt -o filenames\n"
          "    fi\n"
          "    return 0\n"
          "}\n"
          "complete -F _netpol netpol\n",
          out);
}

/* ---- zsh ---- */

static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void zsh_option(FILE *out, enum option_id id)
{
    const struct option *option = &options[id];
    for (int form = 0; form < 2; form++) {
        if (form == 0 && !option->letter)
            continue;
        fputs("            '*", out);
        if (form == 0)
            fprintf(out, "-%c", option->letter);
        else
            fprintf(out, "--%s", option->name);
        fputc('[', out);
        zsh_text(out, option->help);
        fputc(']', out);
        if (option->argument) {
            fputc(':', out);
            zsh_text(out, option->argument);
            fputc(':', out);
            if (has_words(id)) {
                fputc('(', out);
                option_words(out, id, ' ');
                fputc(')', out);
            } else if (takes_file(id)) {
                fputs("_files", out);
            }
        }
        fputs("' \\\n", out);
    }
}

static void zsh_subcommands(FILE *out)
{
    fputs("subcommand:(", out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "%s%s", i ? " " : "", commands[i].name);
    fputc(')', out);
}

static void zsh(FILE *out)
{
    fputs("#compdef netpol\n# zsh completion for netpol, made by: netpol completion zsh\n"
          "_netpol() {\n    if ((CURRENT == 2)); then\n        local -a subcommands=(\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "            '%s:", commands[i].name);
        zsh_text(out, commands[i].summary);
        fputs("'\n", out);
    }
    fputs("        )\n        _describe subcommand subcommands\n        return\n    fi\n"
          "    local subcommand=${words[2]}\n    shift words\n    ((CURRENT--))\n"
          "    case $subcommand in\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "    %s)\n        _arguments \\\n", commands[i].name);
        for (int j = 0; j < OPTION_COUNT; j++) {
            if (option_applies(&options[j], (enum command_id)i))
                zsh_option(out, (enum option_id)j);
        }
        fputs("            '*:", out);
        if (i == COMMAND_COMPLETION)
            fputs("shell:(bash zsh fish)", out);
        else if (i == COMMAND_HELP)
            zsh_subcommands(out);
        else
            fputs("path:_files", out);
        fputs("'\n        ;;\n", out);
    }
    fputs("    esac\n}\n_netpol \"$@\"\n", out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

static void fish_option(FILE *out, enum command_id command, enum option_id id)
{
    const struct option *option = &options[id];
    fprintf(out, "complete -c netpol -n '__fish_seen_subcommand_from %s' -l %s",
            commands[command].name, option->name);
    if (option->letter)
        fprintf(out, " -s %c", option->letter);
    if (option->argument)
        fputs(takes_file(id) ? " -r" : " -x", out);
    if (has_words(id)) {
        fputs(" -a '", out);
        option_words(out, id, ' ');
        fputc('\'', out);
    }
    fputs(" -d ", out);
    fish_text(out, option->help);
    fputc('\n', out);
}

static void fish(FILE *out)
{
    fputs("# fish completion for netpol, made by: netpol completion fish\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "complete -c netpol -f -n __fish_use_subcommand -a %s -d ", commands[i].name);
        fish_text(out, commands[i].summary);
        fputc('\n', out);
        for (int j = 0; j < OPTION_COUNT; j++) {
            if (option_applies(&options[j], (enum command_id)i))
                fish_option(out, (enum command_id)i, (enum option_id)j);
        }
    }
    fputs("complete -c netpol -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n",
          out);
}

int run_completion(const struct args *args)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } shells[] = {
        {"bash", bash},
        {"zsh",  zsh },
        {"fish", fish}
    };
    for (size_t i = 0; args->n_operands == 1 && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(args->operands[0], shells[i].name) == 0) {
            shells[i].write(stdout);
            return EXIT_FINE;
        }
    }
    complain("completion needs one of bash, zsh, fish");
    return EXIT_INVALID;
}
