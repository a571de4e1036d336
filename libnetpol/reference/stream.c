/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that are read byte by byte because they are nowhere as a whole: the values of a header
 * joined by commas, and a path as a proxy normalises it.
 */
#include "reference/internal.h"

void np_stream_open(struct np_stream *stream, const struct np_pieces *pieces,
                    const struct np_proxy_path *path)
{
    stream->pieces = pieces;
    stream->cursor = 0;
    stream->piece.len = stream->at = 0;
    stream->started = false;
    if (path) {
        np_proxy_reader_open(&stream->reader, path);
    }
}

int np_stream_next(struct np_stream *s)
{
    if (!s->pieces) {
        return np_proxy_reader_next(&s->reader);
    }
    if (!s->started || s->at == s->piece.len) {
        bool comma = s->started;
        if (!s->pieces->next(s->pieces->source, &s->cursor, &s->piece)) {
            s->piece.len = s->at = 0;
            return -1;
        }
        s->started = true;
        s->at = 0;
        if (comma) {
            return ',';
        }
        if (s->piece.len == 0) {
            return np_stream_next(s); /* once: only before the first byte */
        }
    }
    return (unsigned char)s->piece.ptr[s->at++];
}
