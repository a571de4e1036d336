/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an image from a file: the one place of the runtime that touches the system. A file that
 * changes meanwhile is not whole, which opening finds out.
 */
#include "image/image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* false: the file could not be read, or is shorter than it was said to be. */
static bool read_all(int fd, unsigned char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got <= 0) {
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

static int read_open(const struct netpol_ctx *ctx, int fd, const char **why, void **bytes,
                     size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        *why = "not a file";
        return NETPOL_ERR_IO;
    }
    if ((uint64_t)info.st_size > ctx->limits.input_bytes) {
        *why = "the file is longer than the context's limit on input";
        return NETPOL_ERR_LIMIT;
    }
    *size = (size_t)info.st_size;
    *bytes = np_image_alloc(ctx, *size);
    if (!*bytes) {
        *why = "out of memory";
        return NETPOL_ERR_MEMORY;
    }
    if (!read_all(fd, *bytes, *size)) {
        *why = "the file cannot be read";
        np_image_free(ctx, *bytes, *size);
        return NETPOL_ERR_IO;
    }
    return NETPOL_OK;
}

int np_image_read(const struct netpol_ctx *ctx, const char *path, const char **why, void **bytes,
                  size_t *size)
{
    const char *unused;
    why = why ? why : &unused;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        *why = "the file cannot be opened";
        return NETPOL_ERR_IO;
    }
    int status = read_open(ctx, fd, why, bytes, size);
    close(fd);
    return status;
}
