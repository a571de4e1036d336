/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML or JSON? kubectl takes whatever begins with '{' for JSON. Here a second look keeps YAML in
 * flow style ("{kind: List}") and templates ("{{ .Values }}") out: in JSON a '"' or '}' follows.
 * Behind a JSON value a line "---" may begin YAML.
 */
#include "source/reader.h"

static size_t skip_blank(const struct np_reader *reader, size_t pos)
{
    while (pos < reader->size && reader->bytes[pos] && strchr(" \t\r\n", reader->bytes[pos])) {
        pos++;
    }
    return pos;
}

static bool looks_like_json(const struct np_reader *reader)
{
    size_t pos = skip_blank(reader, 0);
    char first = pos < reader->size ? reader->bytes[pos] : '\0';
    if (first != '{' && first != '[') {
        return false;
    }
    pos = skip_blank(reader, pos + 1);
    char second = pos < reader->size ? reader->bytes[pos] : '\0';
    if (first == '{') {
        return second == '"' || second == '}' || second == '\0';
    }
    if (second == '-') { /* a number, not the dash of a YAML list or separator */
        second = pos + 1 < reader->size ? reader->bytes[pos + 1] : '\0';
        return second >= '0' && second <= '9';
    }
    return second == '\0' || strchr("{[]\"0123456789", second) != NULL;
}

static void read_all(struct np_reader *reader, enum np_format format)
{
    if (format == NP_FORMAT_AUTO) {
        format = looks_like_json(reader) ? NP_FORMAT_JSON : NP_FORMAT_YAML;
        if (format == NP_FORMAT_JSON) {
            size_t rest = np_json_stream(reader, 0, true);
            if (rest < reader->size && reader->ended == NETPOL_OK) {
                np_yaml_stream(reader, rest);
            }
            return;
        }
    }
    if (format == NP_FORMAT_JSON) {
        np_json_stream(reader, 0, false);
    } else {
        np_yaml_stream(reader, 0);
    }
}

int np_source_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
                   enum np_format format, struct netpol_diags *diags, np_document_fn sink,
                   void *user)
{
    struct np_reader reader = {.ctx = ctx,
                               .name = name,
                               .bytes = bytes,
                               .size = size,
                               .diags = diags,
                               .sink = sink,
                               .user = user};
    int status = np_reader_start(&reader);
    if (status != NETPOL_OK) {
        return status;
    }
    read_all(&reader, format);
    return np_reader_finish(&reader);
}
