/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders: the only place of the library that touches them. */
#include "source/node.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, FOLDER_DEPTH_MAX = 64, FILES_MAX = 1000000 };

static int complain_errno(struct netpol_diags *diags, const char *path, const char *what, int error)
{
    char reason[256] = "unknown error";
    struct np_place place = {.source = path};
    (void)!strerror_r(error, reason, sizeof reason);
    np_diag(diags, NP_CODE_1001, &place, "%s: %s", what, reason);
    return error == ENOMEM ? NETPOL_ERR_MEMORY : NETPOL_ERR_IO;
}

static int complain_size(struct netpol_ctx *ctx, struct netpol_diags *diags, const char *path)
{
    struct np_place place = {.source = path};
    np_diag(diags, NP_CODE_1401, &place, "more than the limit of %llu bytes",
            (unsigned long long)ctx->limits.input_bytes);
    return NETPOL_ERR_LIMIT;
}

/* Reads up to size bytes; less only at the end. -1: errno says why. */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, buffer + done, size - done);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

/* Reads to the end into a block of exactly *size + 1 bytes. `guess` is the size if known. */
static int read_all(struct netpol_ctx *ctx, int fd, const char *path, struct netpol_diags *diags,
                    size_t guess, char **bytes, size_t *size)
{
    uint64_t limit = ctx->limits.input_bytes;
    size_t capacity = (guess < PIECE ? PIECE : guess) + 1, used = 0;
    char *buffer = np_alloc(ctx, capacity);
    int status = buffer ? NETPOL_OK : NETPOL_ERR_MEMORY;
    while (status == NETPOL_OK) {
        ssize_t got = read_full(fd, buffer + used, capacity - used);
        if (got < 0) {
            status = complain_errno(diags, path, "cannot be read", errno);
            break;
        }
        used += (size_t)got;
        if (used > limit) {
            status = complain_size(ctx, diags, path);
            break;
        }
        if (used < capacity) {
            break;
        }
        char *grown = np_resize(ctx, buffer, capacity, capacity * 2);
        if (!grown) {
            status = NETPOL_ERR_MEMORY;
            break;
        }
        buffer = grown;
        capacity *= 2;
    }
    if (status == NETPOL_OK && capacity != used + 1) {
        char *exact = np_resize(ctx, buffer, capacity, used + 1);
        status = exact ? NETPOL_OK : NETPOL_ERR_MEMORY;
        buffer = exact ? exact : buffer;
        capacity = exact ? used + 1 : capacity;
    }
    if (status != NETPOL_OK) {
        np_free(ctx, buffer, capacity);
        return status;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *size = used;
    return NETPOL_OK;
}

int np_file_read(struct netpol_ctx *ctx, const char *path, struct netpol_diags *diags, char **bytes,
                 size_t *size)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    if (fd < 0) {
        return complain_errno(diags, path, "cannot be opened", errno);
    }
    int status = NETPOL_OK;
    size_t guess = 0;
    if (fstat(fd, &info) != 0) {
        status = complain_errno(diags, path, "cannot be read", errno);
    } else if (S_ISDIR(info.st_mode)) {
        status = complain_errno(diags, path, "cannot be read", EISDIR);
    } else if (S_ISREG(info.st_mode)) {
        if ((uint64_t)info.st_size > ctx->limits.input_bytes) {
            status = complain_size(ctx, diags, path);
        }
        guess = (size_t)info.st_size;
    }
    if (status == NETPOL_OK) {
        status = read_all(ctx, fd, path, diags, guess, bytes, size);
    }
    if (!standard_input) {
        close(fd);
    }
    return status;
}

struct walk {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    int (*each)(void *user, const char *file);
    void *user;
    size_t files;
};

struct entry {
    char *name;
    size_t size;
};

typedef np_vec(struct entry) entries;

static bool is_manifest(const char *name)
{
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending = strlen(endings[i]);
        if (len > ending && strcmp(name + len - ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int add_entry(struct netpol_ctx *ctx, entries *list, const char *folder, const char *name)
{
    size_t folder_len = strlen(folder);
    bool slash = folder_len && folder[folder_len - 1] != '/';
    size_t size = folder_len + slash + strlen(name) + 1;
    struct entry *entry = np_vec_push(ctx, list);
    if (!entry) {
        return NETPOL_ERR_MEMORY;
    }
    *entry = (struct entry){np_alloc(ctx, size), size};
    if (!entry->name) {
        list->count--;
        return NETPOL_ERR_MEMORY;
    }
    memcpy(entry->name, folder, folder_len);
    memcpy(entry->name + folder_len, "/", slash);
    memcpy(entry->name + folder_len + slash, name, strlen(name) + 1);
    return NETPOL_OK;
}

static int list_folder(struct walk *walk, const char *folder, entries *list)
{
    DIR *open = opendir(folder);
    if (!open) {
        return complain_errno(walk->diags, folder, "the folder cannot be opened", errno);
    }
    int status = NETPOL_OK;
    while (status == NETPOL_OK) {
        errno = 0;
        const struct dirent *entry = readdir(open);
        if (!entry) {
            status = errno ? complain_errno(walk->diags, folder, "the folder cannot be read", errno)
                           : NETPOL_OK;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = add_entry(walk->ctx, list, folder, entry->d_name);
        }
    }
    closedir(open);
    if (list->count) {
        qsort(list->items, list->count, sizeof *list->items, by_name);
    }
    return status;
}

static int walk_folder(struct walk *walk, const char *folder, int depth);

/* Something in a folder. What is neither folder nor manifest is passed over. */
static int visit(struct walk *walk, const char *path, int depth)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? NETPOL_OK /* gone meanwhile */
                               : complain_errno(walk->diags, path, "cannot be read", errno);
    }
    if (S_ISDIR(info.st_mode)) {
        return walk_folder(walk, path, depth + 1);
    }
    const char *slash = strrchr(path, '/');
    if (!is_manifest(slash ? slash + 1 : path)) {
        return NETPOL_OK;
    }
    if (S_ISLNK(info.st_mode) && stat(path, &info) != 0) {
        return complain_errno(walk->diags, path, "the link leads nowhere", errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return NETPOL_OK;
    }
    if (++walk->files > FILES_MAX) {
        struct np_place place = {.source = path};
        np_diag(walk->diags, NP_CODE_1402, &place, "more than %d files", FILES_MAX);
        return NETPOL_ERR_LIMIT;
    }
    return walk->each(walk->user, path);
}

static int walk_folder(struct walk *walk, const char *folder, int depth)
{
    if (depth > FOLDER_DEPTH_MAX) {
        struct np_place place = {.source = folder};
        np_diag(walk->diags, NP_CODE_1403, &place, "more than %d folders inside each other",
                FOLDER_DEPTH_MAX);
        return NETPOL_ERR_LIMIT;
    }
    entries list = {0};
    int status = list_folder(walk, folder, &list);
    for (size_t i = 0; i < list.count && status == NETPOL_OK; i++) {
        status = visit(walk, list.items[i].name, depth);
    }
    for (size_t i = 0; i < list.count; i++) {
        np_free(walk->ctx, list.items[i].name, list.items[i].size);
    }
    np_vec_free(walk->ctx, &list);
    return status;
}

int np_file_list(struct netpol_ctx *ctx, const char *path, struct netpol_diags *diags,
                 int (*each)(void *user, const char *file), void *user)
{
    struct walk walk = {.ctx = ctx, .diags = diags, .each = each, .user = user};
    struct stat info;
    if (strcmp(path, "-") == 0) {
        return each(user, path);
    }
    if (stat(path, &info) != 0) {
        return complain_errno(diags, path, "cannot be read", errno);
    }
    return S_ISDIR(info.st_mode) ? walk_folder(&walk, path, 1) : each(user, path);
}
