/* SPDX-License-Identifier: Apache-2.0 */
/* The start and the end of a read, positions, and diagnostics of both readers. */
#include "source/reader.h"
#include <stdarg.h>
#include <stdio.h>

void np_reader_fail(struct np_reader *reader, int status)
{
    if (reader->status == NETPOL_OK) {
        reader->status = status;
    }
}

/*
 * From the line asked for last, forward or back: problems come more or less in order, and a hostile
 * source has very many.
 */
struct np_position np_position_of(struct np_reader *reader, size_t offset)
{
    const char *bytes = reader->bytes;
    while (offset < reader->line_start) {
        reader->line_start--;
        while (reader->line_start > 0 && bytes[reader->line_start - 1] != '\n') {
            reader->line_start--;
        }
        reader->line--;
    }
    for (const char *newline;
         reader->line_start < offset &&
         (newline = memchr(bytes + reader->line_start, '\n', offset - reader->line_start));) {
        reader->line_start = (size_t)(newline + 1 - bytes);
        reader->line++;
    }
    return (struct np_position){reader->line + 1, (uint32_t)(offset - reader->line_start) + 1};
}

static void complain(struct np_reader *reader, enum np_code code, struct np_position at,
                     size_t length, const char *path, const char *hint, const char *message)
{
    const struct netpol_code_info *info = netpol_code_at(code);
    struct np_place place = {
        .source = reader->name,
        .text = reader->bytes,
        .size = reader->size,
        .line = at.line,
        .column = at.column,
        .length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length,
        .path = path,
    };
    np_diag_full(reader->diags, code, -1, hint, &place, "%s", message);
    if (info->severity == NETPOL_ERROR) {
        np_reader_fail(reader,
                       strncmp(info->code, "NP14", 4) == 0 ? NETPOL_ERR_LIMIT : NETPOL_ERR_INPUT);
    }
}

void np_complain_at(struct np_reader *reader, enum np_code code, struct np_position at,
                    size_t length, const char *path, const char *hint, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        message[0] = '\0';
    }
    va_end(args);
    complain(reader, code, at, length, path, hint, message);
}

void np_complain(struct np_reader *reader, enum np_code code, size_t offset, size_t length,
                 const char *path, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        message[0] = '\0';
    }
    va_end(args);
    complain(reader, code, np_position_of(reader, offset), length, path, NULL, message);
}

/* UTF-16 and UTF-32 are refused: no Kubernetes tool writes them, and a guess could be wrong. */
static bool is_wide(const char *b, size_t size)
{
    return size >= 2 && (memcmp(b, "\xFF\xFE", 2) == 0 || memcmp(b, "\xFE\xFF", 2) == 0 ||
                         (b[0] == '\0' && b[1] != '\0') || (b[0] != '\0' && b[1] == '\0') ||
                         (size >= 4 && memcmp(b, "\0\0\xFE\xFF", 4) == 0));
}

int np_reader_start(struct np_reader *reader)
{
    if (!reader->ctx || (!reader->bytes && reader->size) || !reader->sink) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!reader->name) {
        reader->name = "";
    }
    if (!reader->bytes) {
        reader->bytes = "";
    }
    if (reader->size >= 3 && memcmp(reader->bytes, "\xEF\xBB\xBF", 3) == 0) {
        reader->bytes += 3;
        reader->size -= 3;
    }
    np_diags_watch(reader->diags, reader->bytes, reader->size);
    if (reader->size > reader->ctx->limits.input_bytes) {
        np_complain_at(reader, NP_CODE_1401, (struct np_position){0, 0}, 0, NULL, NULL,
                       "%llu bytes are more than the limit of %llu",
                       (unsigned long long)reader->size,
                       (unsigned long long)reader->ctx->limits.input_bytes);
        return np_reader_finish(reader);
    }
    if (is_wide(reader->bytes, reader->size)) {
        np_complain(reader, NP_CODE_1004, 0, 1, NULL,
                    "the source is not UTF-8 (it begins like UTF-16 or UTF-32)");
        return np_reader_finish(reader);
    }
    return NETPOL_OK;
}

int np_reader_finish(struct np_reader *reader)
{
    np_diags_watch(reader->diags, NULL, 0);
    return reader->ended != NETPOL_OK ? reader->ended : reader->status;
}

bool np_reader_count(struct np_reader *reader, uint64_t documents, size_t offset)
{
    reader->documents += documents;
    if (reader->documents <= reader->ctx->limits.documents) {
        return true;
    }
    np_complain(reader, NP_CODE_1402, offset, 1, NULL, "more than %llu documents",
                (unsigned long long)reader->ctx->limits.documents);
    reader->ended = NETPOL_ERR_LIMIT;
    return false;
}
