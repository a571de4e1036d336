/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BASE_H
#define NETPOL_BASE_H
/*
 * What every other header needs: version, status codes, the context.
 *
 * A context carries the allocator, the log sink and the limits of everything that is made from it.
 * There is no global state: two contexts in one process do not see each other. Nothing in this
 * library writes to stdio, aborts, reads the environment or depends on the locale.
 */
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define NETPOL_API __attribute__((visibility("default")))
#else
#define NETPOL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NETPOL_VERSION_MAJOR  0
#define NETPOL_VERSION_MINOR  1
#define NETPOL_VERSION_PATCH  0
#define NETPOL_VERSION_STRING "0.1.0"
/* Raised whenever a structure or function of an earlier version would be misread. */
#define NETPOL_ABI            1

/* The version of the library that is linked, "MAJOR.MINOR.PATCH". Thread-safe. Never NULL. */
NETPOL_API const char *netpol_version(void);

/* The ABI number of the library that is linked; compare with NETPOL_ABI. Thread-safe. */
NETPOL_API unsigned netpol_abi(void);

/*
 * Every status a public function can return: X(name, value, text). 0 is success, negative is
 * failure, positive is success with something left to do. Each function lists those it returns.
 */
#define NETPOL_STATUS_MAP(X)                                              \
    X(OK, 0, "ok")                                                        \
    X(NEEDS_COMPILE, 1, "accepted, visible after the next compile")       \
    X(ERR_ARGUMENT, -1, "invalid argument")                               \
    X(ERR_MEMORY, -2, "out of memory")                                    \
    X(ERR_IO, -3, "input or output failed")                               \
    X(ERR_INPUT, -4, "invalid input, see the diagnostics")                \
    X(ERR_LIMIT, -5, "a limit of the context was reached")                \
    X(ERR_NOT_FOUND, -6, "not found")                                     \
    X(ERR_GENERATION, -7, "the reference belongs to another generation")  \
    X(ERR_SCRATCH, -8, "the scratch is too small or not of this matcher") \
    X(ERR_STATE, -9, "not possible in this state")                        \
    X(ERR_UNSUPPORTED, -10, "not supported by this build")                \
    X(ERR_INTERNAL, -11, "internal error")

enum netpol_status {
#define NETPOL_STATUS_ENUM(name, value, text) NETPOL_##name = (value),
    NETPOL_STATUS_MAP(NETPOL_STATUS_ENUM)
#undef NETPOL_STATUS_ENUM
};

/* The text of a status, English, static. Unknown values give "unknown status". Thread-safe. */
NETPOL_API const char *netpol_status_text(int status);

/* The name of a status without prefix, "ERR_INPUT". Unknown values give "?". Thread-safe. */
NETPOL_API const char *netpol_status_name(int status);

/*
 * One function for all memory of a context. ptr NULL: allocate; new_size 0: free, returns NULL;
 * otherwise resize. old_size is what was asked before. Returns NULL when memory is out; the old
 * block is then untouched. Blocks are aligned for any type. Called from whichever thread uses an
 * object of the context. (libyaml and jansson use malloc; the library never changes their hooks.)
 */
struct netpol_allocator {
    void *user;
    void *(*resize)(void *user, void *ptr, size_t old_size, size_t new_size);
};

enum netpol_log_level { NETPOL_LOG_DEBUG, NETPOL_LOG_INFO, NETPOL_LOG_WARNING, NETPOL_LOG_ERROR };

/* Called with one line of English without newline. Never called while an evaluation runs. */
typedef void (*netpol_log_fn)(void *user, int level, const char *message);

/* Bounds on input. 0 in a field means its default. */
struct netpol_limits {
    size_t size;             /* sizeof(struct netpol_limits) */
    uint64_t input_bytes;    /* of one file or buffer; default 2 GiB */
    uint64_t documents;      /* of one file or buffer; default 1,000,000 */
    uint64_t objects;        /* in one store; default 16,000,000 */
    uint64_t expanded_nodes; /* nodes reached through aliases, per document; default 100,000 */
    uint32_t depth;          /* of nesting; default 64 */
    uint32_t scalar_bytes;   /* of one value; default 4 MiB */
    uint32_t key_bytes;      /* of one mapping key; default 4096 */
    uint32_t diags;          /* kept in one list, the rest is counted; default 200 */
};

struct netpol_ctx_options {
    size_t size;                              /* sizeof(struct netpol_ctx_options) */
    const struct netpol_allocator *allocator; /* NULL: malloc */
    const struct netpol_limits *limits;       /* NULL: the defaults */
    netpol_log_fn log;                        /* NULL: silent */
    void *log_user;
    uint64_t hash_seed; /* 0: drawn from the system, per context */
};

struct netpol_ctx;

/*
 * Makes a context. options may be NULL (all defaults). *out is owned by the caller and must outlive
 * everything made from it; untouched on failure. Thread-safe.
 * Returns OK, ERR_ARGUMENT (out NULL, wrong size field), ERR_MEMORY.
 */
NETPOL_API int netpol_ctx_create(const struct netpol_ctx_options *options, struct netpol_ctx **out);

/* Frees a context; NULL is ignored. Every object made from it must be gone before. */
NETPOL_API void netpol_ctx_destroy(struct netpol_ctx *ctx);

/* Receives output in pieces. Returns 0, or any other value to stop, which is reported as ERR_IO. */
typedef int (*netpol_sink_fn)(void *user, const char *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
