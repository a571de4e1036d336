/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one case folder through the public API alone. */
#include "folder.h"
#include <dirent.h>
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
    struct answers *answers; /* kept, not judged; NULL: judged */
    const struct reading *reading;
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

/* Lines option=value behind those that are there; they stay in `options`. */
static size_t add_settings(char *options, const char *settings[SETTINGS], size_t count)
{
    for (char *at = options ? strtok(options, "\r\n") : NULL; at && count < SETTINGS;
         at = strtok(NULL, "\r\n")) {
        settings[count] = trimmed(at);
        count += *settings[count] != '\0' && *settings[count] != '#';
    }
    return count;
}

static int compile(struct run *r, const char *profile, char *before, char *options)
{
    const char *settings[SETTINGS];
    size_t count = add_settings(options, settings, add_settings(before, settings, 0));
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
    if (r->reading && r->reading->seen) {
        r->reading->seen(r->reading->user, answer);
    }
    netpol_answer_destroy(answer);
    if (r->answers) {
        r->answers->actions[number] = info.action;
        return;
    }
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

static bool make_room(struct run *r)
{
    struct answers *answers = r->answers;
    if (!answers) {
        return true;
    }
    answers->count = r->n_questions;
    answers->actions = malloc((r->n_questions + 1) * sizeof(int));
    for (size_t i = 0; answers->actions && i < r->n_questions; i++) {
        answers->actions[i] = -1;
    }
    return answers->actions != NULL;
}

struct texts {
    char *requests, *options, *profile, *settings;
};

static void run_questions(struct run *r, const char *profile, const char *load_like,
                          const struct texts *texts)
{
    struct netpol_load_options load = {.size = sizeof load,
                                       .flags = netpol_profile_load_flags(load_like)};
    int status = netpol_store_load_path(r->store, r->folder, &load, r->diags);
    if (status == NETPOL_OK) {
        status = read_questions(r, texts->requests);
    }
    if (status == NETPOL_OK) {
        status = compile(r, profile, texts->settings, texts->options);
    }
    if (status == NETPOL_OK && !make_room(r)) {
        status = NETPOL_ERR_MEMORY;
    }
    if (status != NETPOL_OK) {
        mismatch(r, netpol_status_text(status));
        print_diags(r);
        return;
    }
    for (size_t i = 0; i < r->n_questions; i++) {
        ask(r, r->questions[i], i);
    }
    if (r->reading && r->reading->done) {
        r->reading->done(r->reading->user, r->ctx, r->matcher);
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

static void run(struct run *r, const struct reading *reading, const char *named)
{
    size_t size;
    const char *profile = reading ? reading->profile : named;
    const char *like = reading && reading->load_like ? reading->load_like : profile;
    struct texts texts = {.requests = read_text(r->folder, "requests.jsonl", &size),
                          .options = read_text(r->folder, "options", &size)};
    if (!profile) {
        texts.profile = read_text(r->folder, "profile", &size);
        profile = like = texts.profile ? trimmed(texts.profile) : NULL;
    }
    if (reading && reading->settings) {
        texts.settings = strdup(reading->settings);
    }
    r->tally->folders++;
    if (!texts.requests || !profile) {
        mismatch(r, "requests.jsonl or profile is missing");
    } else if (netpol_ctx_create(NULL, &r->ctx) != NETPOL_OK ||
               netpol_store_create(r->ctx, &r->store) != NETPOL_OK ||
               netpol_diags_create(r->ctx, &r->diags) != NETPOL_OK) {
        mismatch(r, "out of memory");
    } else {
        run_questions(r, profile, like, &texts);
    }
    finish(r);
    free(texts.requests);
    free(texts.options);
    free(texts.profile);
    free(texts.settings);
}

void run_folder(const char *folder, const char *profile, struct tally *tally)
{
    struct run r = {.folder = folder, .tally = tally};
    run(&r, NULL, profile);
}

bool answer_folder(const char *folder, const struct reading *reading, struct answers *out)
{
    struct tally tally = {0};
    struct run r = {.folder = folder, .tally = &tally, .answers = out, .reading = reading};
    *out = (struct answers){0};
    run(&r, reading, NULL);
    return tally.mismatches == 0;
}

/* ---- folders ---- */

static int skip_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void each_folder(const char *root, void (*run_one)(const char *folder, void *user), void *user)
{
    struct dirent **entries = NULL;
    int count = scandir(root, &entries, skip_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", root, entries[i]->d_name);
        run_one(path, user);
        free(entries[i]);
    }
    free(entries);
}

bool folder_exists(const char *path)
{
    DIR *folder = opendir(path);
    return folder && closedir(folder) == 0;
}
