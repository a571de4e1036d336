/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one case folder through the public API alone. */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS = 32, EXPLAINED = 3 };

struct run {
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_question **questions;
    size_t n_questions;
    const char *folder;
    struct tally *tally;
    unsigned explained;
};

char *read_text(const char *folder, const char *file, size_t *size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *in = fopen(path, "rb");
    if (!in) {
        return NULL;
    }
    size_t capacity = 1 << 16, got;
    char *text = malloc(capacity);
    *size = 0;
    while (text && (got = fread(text + *size, 1, capacity - *size - 1, in)) > 0) {
        *size += got;
        if (*size + 1 == capacity) {
            char *grown = realloc(text, capacity *= 2);
            if (!grown) {
                free(text);
            }
            text = grown;
        }
    }
    fclose(in);
    if (text) {
        text[*size] = '\0';
    }
    return text;
}

static int print(void *user, const char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, user) == size ? 0 : 1;
}

static void mismatch(struct run *r, const char *what)
{
    r->tally->mismatches++;
    printf("%s: %s\n", r->folder, what);
}

static void print_diags(struct run *r)
{
    for (size_t i = 0; i < netpol_diags_count(r->diags); i++) {
        const struct netpol_diag *d = netpol_diags_at(r->diags, i);
        if (d->severity == NETPOL_ERROR) {
            netpol_diag_format(d, NETPOL_DIAG_TEXT, print, stdout);
        }
    }
    netpol_diags_clear(r->diags);
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t len = strlen(text);
    while (len && strchr(" \t\r\n", text[len - 1])) {
        text[--len] = '\0';
    }
    return text;
}

/* Parses every line, and makes ends known that only questions know of. */
static int read_questions(struct run *r, char *text)
{
    char name[4096];
    unsigned line = 0;
    size_t capacity = 0;
    int status = NETPOL_OK;
    snprintf(name, sizeof name, "%s/requests.jsonl", r->folder);
    for (char *at = text, *next; at && status == NETPOL_OK; at = next) {
        next = strchr(at, '\n');
        size_t len = next ? (size_t)(next++ - at) : strlen(at);
        line++;
        if (strspn(at, " \t\r") >= len) {
            continue;
        }
        if (r->n_questions == capacity) {
            capacity = capacity ? capacity * 2 : 256;
            struct netpol_question **grown =
                realloc(r->questions, capacity * sizeof(struct netpol_question *));
            if (!grown) {
                return NETPOL_ERR_MEMORY;
            }
            r->questions = grown;
        }
        struct netpol_question **slot = &r->questions[r->n_questions];
        status = netpol_question_parse(r->ctx, at, len, name, line, r->diags, slot);
        if (status == NETPOL_OK) {
            r->n_questions++;
            status = netpol_question_prepare(*slot, r->store, r->diags);
        }
    }
    return status;
}

static int compile(struct run *r, const char *profile, char *options)
{
    const char *settings[SETTINGS];
    size_t count = 0;
    for (char *at = options ? strtok(options, "\r\n") : NULL; at && count < SETTINGS;
         at = strtok(NULL, "\r\n")) {
        settings[count] = trimmed(at);
        count += *settings[count] != '\0' && *settings[count] != '#';
    }
    struct netpol_compile_options compile_options = {.size = sizeof compile_options,
                                                     .profile = profile,
                                                     .settings = settings,
                                                     .n_settings = count};
    int status = netpol_compile(r->store, &compile_options, r->diags, &r->matcher);
    return status == NETPOL_OK ? netpol_view_create(r->matcher, NULL, &r->view) : status;
}

static void ask(struct run *r, const struct netpol_question *question, size_t number)
{
    struct netpol_answer *answer = NULL;
    struct netpol_answer_info info;
    int explain = r->explained < EXPLAINED;
    int expected = netpol_question_expects(question);
    int status = netpol_question_answer(question, r->view, 0, r->diags, &answer);
    r->tally->requests++;
    if (status != NETPOL_OK) {
        printf("%s: question %zu: %s\n", r->folder, number + 1, netpol_status_text(status));
        r->tally->mismatches++;
        print_diags(r);
        return;
    }
    netpol_answer_get(answer, &info);
    netpol_answer_destroy(answer);
    if (info.ok == 1) {
        return;
    }
    r->tally->mismatches++;
    printf("%s: question %zu: %s instead of %s\n", r->folder, number + 1,
           netpol_action_text(info.action),
           expected < 0 ? "(nothing)" : netpol_action_text(expected));
    if (explain && netpol_question_answer(question, r->view, 1, r->diags, &answer) == NETPOL_OK) {
        netpol_answer_write(answer, 0, 0, print, stdout);
        netpol_answer_destroy(answer);
        r->explained++;
    }
}

static void run_questions(struct run *r, const char *profile, char *options, char *requests)
{
    struct netpol_load_options load = {.size = sizeof load,
                                       .flags = netpol_profile_load_flags(profile)};
    int status = netpol_store_load_path(r->store, r->folder, &load, r->diags);
    if (status == NETPOL_OK) {
        status = read_questions(r, requests);
    }
    if (status == NETPOL_OK) {
        status = compile(r, profile, options);
    }
    if (status != NETPOL_OK) {
        mismatch(r, netpol_status_text(status));
        print_diags(r);
        return;
    }
    for (size_t i = 0; i < r->n_questions; i++) {
        ask(r, r->questions[i], i);
    }
}

static void finish(struct run *r)
{
    for (size_t i = 0; i < r->n_questions; i++) {
        netpol_question_destroy(r->questions[i]);
    }
    free(r->questions);
    netpol_view_destroy(r->view);
    netpol_matcher_unref(r->matcher);
    netpol_diags_destroy(r->diags);
    netpol_store_destroy(r->store);
    netpol_ctx_destroy(r->ctx);
}

void run_folder(const char *folder, const char *profile, struct tally *tally)
{
    struct run r = {.folder = folder, .tally = tally};
    size_t size;
    char *requests = read_text(folder, "requests.jsonl", &size);
    char *options = read_text(folder, "options", &size);
    char *named = profile ? NULL : read_text(folder, "profile", &size);
    tally->folders++;
    if (!requests || (!profile && !named)) {
        mismatch(&r, "requests.jsonl or profile is missing");
    } else if (netpol_ctx_create(NULL, &r.ctx) != NETPOL_OK ||
               netpol_store_create(r.ctx, &r.store) != NETPOL_OK ||
               netpol_diags_create(r.ctx, &r.diags) != NETPOL_OK) {
        mismatch(&r, "out of memory");
    } else {
        run_questions(&r, profile ? profile : trimmed(named), options, requests);
    }
    finish(&r);
    free(requests);
    free(options);
    free(named);
}
