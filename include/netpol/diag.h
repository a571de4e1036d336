/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_DIAG_H
#define NETPOL_DIAG_H
/*
 * Diagnostics: what is wrong with an input, where, and what to do about it.
 *
 * A list is bounded (netpol_limits.diags): what does not fit is counted by severity and dropped, so
 * that hostile input cannot turn messages into memory.
 */
#include <netpol/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum netpol_severity { NETPOL_INFO, NETPOL_WARNING, NETPOL_ERROR, NETPOL_SEVERITY_COUNT };

/* Strings are owned by the list; "" where nothing is known, never NULL. line and column from 1. */
struct netpol_diag {
    int severity;            /* enum netpol_severity */
    uint32_t line;           /* 0: the whole source */
    uint32_t column;         /* in bytes; 0: the whole line */
    uint32_t length;         /* bytes to underline, at least 1 when column is not 0 */
    uint32_t excerpt_column; /* column of the excerpt's first byte; over 1 in very long lines */
    const char *code;        /* stable: "NP2103" */
    const char *name;        /* stable slug of the code: "port-out-of-range" */
    const char *source;      /* file name as given, or the name of the buffer */
    const char *object;      /* "NetworkPolicy/ns/name" */
    const char *path;        /* "spec.ingress[0].from[1].ipBlock.cidr" */
    const char *message;
    const char *hint;    /* what to do */
    const char *excerpt; /* the source line, or the 200 bytes of it around the column */
};

struct netpol_diags;

/* An empty list; *out owned by the caller. Single-threaded. OK, ERR_ARGUMENT, ERR_MEMORY. */
NETPOL_API int netpol_diags_create(struct netpol_ctx *ctx, struct netpol_diags **out);
/* NULL is ignored. */
NETPOL_API void netpol_diags_destroy(struct netpol_diags *diags);
/* Forgets everything kept and counted. */
NETPOL_API void netpol_diags_clear(struct netpol_diags *diags);
/* Diagnostics kept. NULL gives 0. */
NETPOL_API size_t netpol_diags_count(const struct netpol_diags *diags);
/* Diagnostics seen of one severity, kept or not. NULL gives 0. */
NETPOL_API uint64_t netpol_diags_seen(const struct netpol_diags *diags, int severity);
/* The i-th, in the order they were found; NULL when there is none. Valid until clear or destroy. */
NETPOL_API const struct netpol_diag *netpol_diags_at(const struct netpol_diags *diags, size_t i);

/* How netpol_diag_format writes. */
enum netpol_diag_style { NETPOL_DIAG_TEXT, NETPOL_DIAG_COLOR, NETPOL_DIAG_JSON };
/*
 * Writes one diagnostic: "file:line:col: error[NP2103]: message" with object, path, source line,
 * caret and hint (text, colour: several lines), or one JSON object without newline.
 * OK, ERR_ARGUMENT, ERR_IO (the sink stopped).
 */
NETPOL_API int netpol_diag_format(const struct netpol_diag *diag, int style, netpol_sink_fn sink,
                                  void *user);

/*
 * The catalogue of codes, for documentation and for editors: i from 0 until NULL comes back.
 * The strings are static.
 */
struct netpol_code_info {
    const char *code; /* "NP4101" */
    const char *name; /* "dns-egress-missing" */
    int severity;
    const char *why; /* one line */
    const char *fix; /* one line */
};
NETPOL_API const struct netpol_code_info *netpol_code_at(size_t i);

#ifdef __cplusplus
}
#endif
#endif
