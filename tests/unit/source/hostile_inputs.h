/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_HOSTILE_INPUTS_H
#define NP_TESTS_HOSTILE_INPUTS_H
/*
 * Inputs that are made to cost more than they should. Each is to be read, accepted or refused, in
 * under 50 ms and 32 MiB (release build, input included). The unit test checks outcome and memory,
 * the benchmark of the same name also shows times.
 */
#include <netpol/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hostile_text {
    char *ptr;
    size_t len, capacity;
};

static inline void hostile_add(struct hostile_text *t, const char *bytes, size_t len)
{
    if (t->len + len > t->capacity) {
        t->capacity = (t->len + len) * 2;
        t->ptr = realloc(t->ptr, t->capacity);
        if (!t->ptr) {
            exit(99);
        }
    }
    memcpy(t->ptr + t->len, bytes, len);
    t->len += len;
}

static inline void hostile_say(struct hostile_text *t, const char *text)
{
    hostile_add(t, text, strlen(text));
}

static inline void hostile_repeat(struct hostile_text *t, const char *text, size_t times)
{
    size_t len = strlen(text);
    if (t->capacity - t->len < len * times) {
        t->capacity = t->len + len * times + 64;
        t->ptr = realloc(t->ptr, t->capacity);
        if (!t->ptr) {
            exit(99);
        }
    }
    for (size_t i = 0; i < times; i++) {
        hostile_add(t, text, len);
    }
}

static inline void make_brackets(struct hostile_text *t)
{
    hostile_repeat(t, "[", 80000);
}

static inline void make_open_maps(struct hostile_text *t)
{
    hostile_repeat(t, "{\"a\":", 16000);
}

static inline void make_dashes(struct hostile_text *t)
{
    hostile_repeat(t, "- ", 40000);
}

static inline void make_question_marks(struct hostile_text *t)
{
    hostile_repeat(t, "? ", 40000);
}

static inline void make_laughs(struct hostile_text *t)
{
    hostile_say(t, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 30; i++) {
        char line[256];
        size_t len = (size_t)snprintf(line, sizeof line, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++) {
            len += (size_t)snprintf(line + len, sizeof line - len, "%s*a%d", j ? ", " : "", i - 1);
        }
        snprintf(line + len, sizeof line - len, "]\n");
        hostile_say(t, line);
    }
}

static inline void make_merge_laughs(struct hostile_text *t)
{
    hostile_say(t, "m: &m {");
    for (int i = 0; i < 1000; i++) {
        char key[32];
        snprintf(key, sizeof key, "k%d: 1, ", i);
        hostile_say(t, key);
    }
    hostile_say(t, "}\n");
    for (int i = 0; i < 5000; i++) {
        char line[32];
        snprintf(line, sizeof line, "n%d: {<<: *m}\n", i);
        hostile_say(t, line);
    }
}

/* Each anchor holds the one before: little to expand, but deep. */
static inline void make_alias_tower(struct hostile_text *t)
{
    hostile_say(t, "a0: &a0 [1]\n");
    for (int i = 1; i < 5000; i++) {
        char line[64];
        snprintf(line, sizeof line, "a%d: &a%d [*a%d]\n", i, i, i - 1);
        hostile_say(t, line);
    }
}

static inline void make_anchors(struct hostile_text *t)
{
    for (int i = 0; i < 50000; i++) {
        char line[32];
        snprintf(line, sizeof line, "- &a%d x\n", i);
        hostile_say(t, line);
    }
}

static inline void make_long_key(struct hostile_text *t)
{
    hostile_repeat(t, "k", 1 << 20);
    hostile_say(t, ": 1\n");
}

static inline void make_long_explicit_key(struct hostile_text *t)
{
    hostile_say(t, "? ");
    hostile_repeat(t, "k", 1 << 20);
    hostile_say(t, "\n: 1\n");
}

static inline void make_long_json_key(struct hostile_text *t)
{
    hostile_say(t, "{\"");
    hostile_repeat(t, "k", 1 << 20);
    hostile_say(t, "\": 1}\n");
}

static inline void make_empty_documents(struct hostile_text *t)
{
    hostile_repeat(t, "---\n", 100000);
}

static inline void make_nul_bytes(struct hostile_text *t)
{
    hostile_say(t, "a: 1\nb: ");
    for (int i = 0; i < 80000; i++) {
        hostile_add(t, "\0", 1);
    }
}

static inline void make_bad_utf8(struct hostile_text *t)
{
    hostile_say(t, "a: 1\n---\nb: ");
    hostile_repeat(t, "\xC3\x28", 40000);
}

static inline void make_bad_documents(struct hostile_text *t)
{
    hostile_repeat(t, "\x01\n---\n", 100000);
}

static inline void make_broken_documents(struct hostile_text *t)
{
    hostile_repeat(t, "[\n---\n", 100000);
}

static inline void make_deep_json(struct hostile_text *t)
{
    hostile_repeat(t, "[", 40000);
    hostile_repeat(t, "]", 40000);
}

static inline void make_deep_json_inside(struct hostile_text *t)
{
    hostile_say(t, "{\"kind\":\"Pod\",\"status\":{\"x\":");
    hostile_repeat(t, "{\"a\":", 20000);
    hostile_say(t, "1");
    hostile_repeat(t, "}", 20000);
    hostile_say(t, "}}");
}

static inline void make_big_integers(struct hostile_text *t)
{
    hostile_say(t, "[1");
    hostile_repeat(t, ",123456789012345678901234567890", 10000);
    hostile_say(t, "]");
}

static inline void make_one_big_integer(struct hostile_text *t)
{
    hostile_say(t, "{\"a\":");
    hostile_repeat(t, "9", 1000000);
    hostile_say(t, "}");
}

static inline void make_many_keys(struct hostile_text *t)
{
    for (int i = 0; i < 100000; i++) {
        char line[32];
        snprintf(line, sizeof line, "k%d: 1\n", i);
        hostile_say(t, line);
    }
}

static inline void make_many_json_keys(struct hostile_text *t)
{
    hostile_say(t, "{\"k\":1");
    for (int i = 0; i < 50000; i++) {
        char line[32];
        snprintf(line, sizeof line, ",\"k%d\":1", i);
        hostile_say(t, line);
    }
    hostile_say(t, "}");
}

static inline void make_long_scalar(struct hostile_text *t)
{
    hostile_say(t, "a: \"");
    hostile_repeat(t, "x", 8 << 20);
    hostile_say(t, "\"\n");
}

static inline void make_long_json_string(struct hostile_text *t)
{
    hostile_say(t, "{\"a\": \"");
    hostile_repeat(t, "x", 8 << 20);
    hostile_say(t, "\"}\n");
}

static inline void make_duplicates(struct hostile_text *t)
{
    hostile_repeat(t, "a: 1\n", 20000);
}

static inline void make_marks(struct hostile_text *t)
{
    hostile_repeat(t, "a\n\xEF\xBB\xBF", 20000);
}

static inline void make_colons(struct hostile_text *t)
{
    hostile_repeat(t, "a: ", 30000);
}

static inline void make_tabs(struct hostile_text *t)
{
    hostile_say(t, "a:\n");
    hostile_repeat(t, "\t", 80000);
}

static inline void make_braces(struct hostile_text *t)
{
    hostile_repeat(t, "{{ x }}\n", 10000);
}

static inline void make_directives(struct hostile_text *t)
{
    for (int i = 0; i < 20000; i++) {
        char line[32];
        snprintf(line, sizeof line, "%%TAG !a%d! x\n", i);
        hostile_say(t, line);
    }
    hostile_say(t, "---\na: 1\n");
}

static inline void make_duplicate_items(struct hostile_text *t)
{
    hostile_say(t, "{\"kind\":\"List\",\"items\":[\n1");
    hostile_repeat(t, ",{\"a\":1,\"a\":2}\n", 10000);
    hostile_say(t, "]}");
}

static inline void make_keys_and_items(struct hostile_text *t)
{
    for (int i = 0; i < 20000; i++) {
        char line[32];
        snprintf(line, sizeof line, "k%d: 1\n", i);
        hostile_say(t, line);
    }
    hostile_say(t, "items:\n");
    hostile_repeat(t, "- {kind: A}\n", 10000);
    hostile_say(t, "kind: List\n");
}

static const struct hostile {
    const char *name;
    void (*make)(struct hostile_text *);
    int status;       /* of the read */
    const char *code; /* of the first diagnostic; NULL: none */
} hostile_inputs[] = {
    {"80 KB of [",                        make_brackets,          NETPOL_ERR_LIMIT, "NP1403"},
    {"80 KB of {\"a\":",                  make_open_maps,         NETPOL_ERR_LIMIT, "NP1403"},
    {"80 KB of '- '",                     make_dashes,            NETPOL_ERR_LIMIT, "NP1403"},
    {"80 KB of '? '",                     make_question_marks,    NETPOL_ERR_INPUT, "NP1109"},
    {"billion laughs",                    make_laughs,            NETPOL_ERR_LIMIT, "NP1406"},
    {"billion laughs by merge keys",      make_merge_laughs,      NETPOL_ERR_LIMIT, "NP1406"},
    {"5,000 nested aliases",              make_alias_tower,       NETPOL_ERR_LIMIT, "NP1403"},
    {"50,000 anchors",                    make_anchors,           NETPOL_OK,        NULL    },
    {"1 MB key",                          make_long_key,          NETPOL_ERR_LIMIT, "NP1405"},
    {"1 MB explicit key",                 make_long_explicit_key, NETPOL_ERR_LIMIT, "NP1405"},
    {"1 MB JSON key",                     make_long_json_key,     NETPOL_ERR_LIMIT, "NP1405"},
    {"100,000 empty documents",           make_empty_documents,   NETPOL_OK,        NULL    },
    {"NUL bytes",                         make_nul_bytes,         NETPOL_ERR_INPUT, "NP1003"},
    {"invalid UTF-8",                     make_bad_utf8,          NETPOL_ERR_INPUT, "NP1002"},
    {"100,000 documents of a control",    make_bad_documents,     NETPOL_ERR_INPUT, "NP1003"},
    {"100,000 broken documents",          make_broken_documents,  NETPOL_ERR_INPUT, "NP1101"},
    {"deep JSON",                         make_deep_json,         NETPOL_ERR_LIMIT, "NP1403"},
    {"deep JSON in an ignored field",     make_deep_json_inside,  NETPOL_ERR_LIMIT, "NP1403"},
    {"integers past 64 bits",             make_big_integers,      NETPOL_OK,        NULL    },
    {"an integer of 1 MB",                make_one_big_integer,   NETPOL_OK,        NULL    },
    {"100,000 keys in a map",             make_many_keys,         NETPOL_OK,        NULL    },
    {"50,000 keys in a JSON object",      make_many_json_keys,    NETPOL_OK,        NULL    },
    {"a quoted scalar of 8 MB",           make_long_scalar,       NETPOL_ERR_LIMIT, "NP1404"},
    {"a JSON string of 8 MB",             make_long_json_string,  NETPOL_ERR_LIMIT, "NP1404"},
    {"20,000 times the same key",         make_duplicates,        NETPOL_ERR_INPUT, "NP1104"},
    {"20,000 byte order marks",           make_marks,             NETPOL_OK,        NULL    },
    {"30,000 keys in a line",             make_colons,            NETPOL_ERR_INPUT, "NP1101"},
    {"80 KB of tabs",                     make_tabs,              NETPOL_ERR_INPUT, "NP1102"},
    {"20,000 directives",                 make_directives,        NETPOL_ERR_INPUT, "NP1111"},
    {"10,000 JSON items with duplicates", make_duplicate_items,   NETPOL_ERR_INPUT, "NP1104"},
    {"20,000 keys beside 10,000 items",   make_keys_and_items,    NETPOL_OK,        NULL    },
    {"10,000 templates",                  make_braces,            NETPOL_ERR_INPUT, "NP1103"},
};
#endif
