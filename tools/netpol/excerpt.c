/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source line of a finding. Compiled policies know where they were written, but the text is
 * gone by then, so the file is read once more; findings come by file and line, so each file is read
 * once, forwards. Standard input is gone for good: its findings stay without a line.
 */
#include "tool.h"
#include <stdlib.h>
#include <string.h>

enum { EXCERPT_MAX = 200 };

void excerpts_close(struct excerpts *excerpts)
{
    if (excerpts->file)
        fclose(excerpts->file);
    free(excerpts->path);
    free(excerpts->text);
    excerpts->file = NULL;
    excerpts->path = excerpts->text = NULL;
    excerpts->room = excerpts->size = excerpts->line = 0;
}

/* Makes text the wanted line of the file; false: there is none. */
static bool go_to(struct excerpts *excerpts, const char *path, uint32_t line)
{
    if (!excerpts->path || strcmp(excerpts->path, path) != 0 || excerpts->line > line) {
        excerpts_close(excerpts);
        excerpts->path = strdup(path);
        excerpts->file = strcmp(path, "-") == 0 ? NULL : fopen(path, "r");
    }
    while (excerpts->file && excerpts->line < line) {
        ssize_t size = getline(&excerpts->text, &excerpts->room, excerpts->file);
        if (size < 0) {
            fclose(excerpts->file);
            excerpts->file = NULL;
            return false;
        }
        excerpts->size = (size_t)size;
        excerpts->line++;
    }
    return excerpts->file != NULL;
}

void excerpt_fill(struct excerpts *excerpts, struct netpol_diag *diag)
{
    if (*diag->excerpt || diag->line == 0 || diag->column == 0 || !*diag->source ||
        !go_to(excerpts, diag->source, diag->line))
        return;
    size_t size = excerpts->size, from = 0;
    while (size && strchr("\r\n", excerpts->text[size - 1]))
        size--;
    if (diag->column > size)
        return;
    if (size > EXCERPT_MAX && diag->column > EXCERPT_MAX / 2)
        from = diag->column - EXCERPT_MAX / 2;
    if (size - from > EXCERPT_MAX)
        size = from + EXCERPT_MAX;
    memcpy(excerpts->shown, excerpts->text + from, size - from);
    excerpts->shown[size - from] = '\0';
    diag->excerpt = excerpts->shown;
    diag->excerpt_column = (uint32_t)from + 1;
}
