/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the documentation of the fields and the fuzz dictionaries from the field tables.
 * netpol_fields --write ROOT, or --check ROOT: fails when a file differs from what it would write.
 */
#include "dialect/decode.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHAPES_MAX = 256, WORDS_MAX = 1024, TEXT_MAX = 1 << 18 };

static const struct {
    const char *page, *title, *group; /* NULL: whatever its group */
    int family, engine;
} pages[] = {
    {"kubernetes",             "NetworkPolicy",                                     "networking.k8s.io", NP_FAMILY_POLICY, NP_ENGINE_KUBERNETES},
    {"cluster_network_policy", "ClusterNetworkPolicy and its predecessors",
     "policy.networking.k8s.io",                                                                         NP_FAMILY_POLICY, NP_ENGINE_KUBERNETES},
    {"calico",                 "Calico policies",                                   "projectcalico.org", NP_FAMILY_POLICY, NP_ENGINE_CALICO    },
    {"cilium",                 "Cilium policies",                                   "cilium.io",         NP_FAMILY_POLICY, NP_ENGINE_CILIUM    },
    {"core",                   "Cluster state",                                     NULL,                NP_FAMILY_CORE,   NP_ENGINE_KUBERNETES},
    {"calico_inventory",       "Calico's tiers, sets, endpoints and configuration", "projectcalico.org",
     NP_FAMILY_CORE,                                                                                                       NP_ENGINE_CALICO    },
    {"cilium_inventory",       "Cilium's groups, nodes and configuration",          NULL,                NP_FAMILY_CORE,
     NP_ENGINE_CILIUM                                                                                                                          },
};

struct text {
    char bytes[TEXT_MAX];
    size_t size;
};

/* The shapes of a page in the order in which they are reached, each once. */
struct shapes {
    const struct np_shape *items[SHAPES_MAX];
    size_t count;
};

static void add(struct text *out, const char *text)
{
    size_t len = strlen(text);
    if (out->size + len >= TEXT_MAX) {
        fprintf(stderr, "the text is too long\n");
        exit(1);
    }
    memcpy(out->bytes + out->size, text, len);
    out->size += len;
}

static void reach(struct shapes *shapes, const struct np_shape *shape)
{
    for (size_t i = 0; i < shapes->count; i++) {
        if (shapes->items[i] == shape) {
            return;
        }
    }
    if (shapes->count == SHAPES_MAX) {
        fprintf(stderr, "too many shapes\n");
        exit(1);
    }
    shapes->items[shapes->count++] = shape;
}

static bool on_page(const struct np_reader *reader, size_t page)
{
    return reader->shape && reader->family == pages[page].family &&
           reader->engine == pages[page].engine &&
           (!pages[page].group || strcmp(reader->group, pages[page].group) == 0);
}

static void gather(struct shapes *shapes, size_t page)
{
    const struct np_reader *reader;
    shapes->count = 0;
    for (size_t i = 0; (reader = np_reader_at(i)); i++) {
        if (on_page(reader, page)) {
            reach(shapes, reader->shape);
        }
    }
    for (size_t i = 0; i < shapes->count; i++) {
        for (size_t f = 0; f < shapes->items[i]->count; f++) {
            if (shapes->items[i]->fields[f].shape) {
                reach(shapes, shapes->items[i]->fields[f].shape);
            }
        }
    }
}

/* ---- documentation ---- */

static void add_type(struct text *out, const struct np_field *field)
{
    static const char *const names[NP_FIELD_TYPE_COUNT] = {
        [NP_FIELD_STRING] = "string",
        [NP_FIELD_INT] = "integer",
        [NP_FIELD_BOOL] = "boolean",
        [NP_FIELD_NUMBER] = "number",
        [NP_FIELD_INT_OR_STRING] = "integer or string",
        [NP_FIELD_INTS_OR_STRINGS] = "list of integers or strings",
        [NP_FIELD_STRINGS] = "list of strings",
        [NP_FIELD_STRING_MAP] = "map of strings",
        [NP_FIELD_ANY] = "any",
    };
    if (field->shape) {
        add(out, field->type == NP_FIELD_OBJECTS ? "list of " : "");
        add(out, field->shape->name);
    } else {
        add(out, names[field->type]);
    }
}

static void add_bounds(struct text *out, const struct np_field *field)
{
    char line[128];
    bool list = field->type == NP_FIELD_OBJECTS || field->type == NP_FIELD_STRINGS ||
                field->type == NP_FIELD_INTS_OR_STRINGS;
    if (field->min || field->max) {
        snprintf(line, sizeof line, "; %lld to %lld%s", (long long)field->min,
                 (long long)field->max, list ? " elements" : "");
        add(out, line);
    }
    for (size_t i = 0; field->values && field->values[i]; i++) {
        add(out, i ? ", `" : "; one of `");
        add(out, field->values[i]);
        add(out, "`");
    }
}

static void add_shape(struct text *out, const struct np_shape *shape)
{
    add(out, "\n## ");
    add(out, shape->name);
    add(out, "\n\n");
    add(out, shape->doc);
    add(out, shape->flags & NP_SHAPE_UNION ? ". Exactly one of the fields is given." : ".");
    add(out, shape->flags & NP_SHAPE_TOLERANT ? " Other fields are not read.\n"
                                              : " Other fields are an error.\n");
    add(out, "\n| field | type | since | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < shape->count; i++) {
        const struct np_field *field = &shape->fields[i];
        add(out, "| `");
        add(out, field->key);
        add(out, field->need == NP_REQUIRED ? "` (required) | " : "` | ");
        add_type(out, field);
        add(out, " | ");
        add(out, field->since);
        add(out, " | ");
        add(out, field->doc);
        add_bounds(out, field);
        add(out, " |\n");
    }
}

static void write_page(struct text *out, size_t page, const struct shapes *shapes)
{
    const struct np_reader *reader;
    add(out, "# Fields: ");
    add(out, pages[page].title);
    add(out, "\n\nWritten from the field tables by `netpol_fields`; do not edit.\n\n");
    for (size_t i = 0; (reader = np_reader_at(i)); i++) {
        if (on_page(reader, page)) {
            add(out, "- ");
            add(out, reader->group);
            add(out, reader->group[0] ? "/" : "");
            add(out, reader->version);
            add(out, " ");
            add(out, reader->kind);
            add(out, "\n");
        }
    }
    for (size_t i = 0; i < shapes->count; i++) {
        add_shape(out, shapes->items[i]);
    }
}

/* ---- dictionaries ---- */

struct words {
    const char *items[WORDS_MAX];
    size_t count;
};

static void add_word(struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], word) == 0) {
            return;
        }
    }
    if (words->count < WORDS_MAX) {
        words->items[words->count++] = word;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_dictionary(struct text *out, size_t page, const struct shapes *shapes)
{
    /* Beside the tables: what the readers of values look for. */
    static const char *const values[] = {"List",    "items", "10.0.0.0/8",   "::/0", "fd00::/8",
                                         "default", "{}",    "[]",           "null", "- ",
                                         "~",       "65535", "*.example.com"};
    struct words words = {.count = 0};
    const struct np_reader *reader;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        add_word(&words, values[i]);
    }
    for (size_t i = 0; (reader = np_reader_at(i)); i++) {
        if (on_page(reader, page)) {
            add_word(&words, reader->kind);
            add_word(&words, reader->group);
            add_word(&words, reader->version);
        }
    }
    for (size_t i = 0; i < shapes->count; i++) {
        for (size_t f = 0; f < shapes->items[i]->count; f++) {
            const struct np_field *field = &shapes->items[i]->fields[f];
            add_word(&words, field->key);
            for (size_t v = 0; field->values && field->values[v]; v++) {
                add_word(&words, field->values[v]);
            }
        }
    }
    qsort(words.items, words.count, sizeof *words.items, by_text);
    add(out, "# Written from the field tables by netpol_fields; do not edit.\n");
    for (size_t i = 0; i < words.count; i++) {
        if (words.items[i][0]) {
            add(out, "\"");
            add(out, words.items[i]);
            add(out, "\"\n");
        }
    }
}

/* ---- files ---- */

static bool same_file(const char *path, const struct text *text)
{
    static struct text there;
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    there.size = fread(there.bytes, 1, sizeof there.bytes, file);
    fclose(file);
    return there.size == text->size && memcmp(there.bytes, text->bytes, text->size) == 0;
}

static bool settle(const char *root, const char *folder, const char *name, const char *ending,
                   const struct text *text, bool write)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s.%s", root, folder, name, ending);
    if (!write) {
        bool same = same_file(path, text);
        printf("%s: %s\n", path, same ? "up to date" : "not what the field tables say");
        return same;
    }
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(text->bytes, 1, text->size, file) == text->size;
    return file && fclose(file) == 0 && good;
}

int main(int argc, char **argv)
{
    static struct text text;
    static struct shapes shapes;
    bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
    bool good = write || (argc == 3 && strcmp(argv[1], "--check") == 0);
    size_t written = 0;
    if (!good) {
        fprintf(stderr, "usage: netpol_fields --write ROOT | --check ROOT\n");
        return 1;
    }
    for (size_t page = 0; page < sizeof pages / sizeof *pages; page++) {
        gather(&shapes, page);
        if (shapes.count == 0) {
            continue;
        }
        text.size = 0;
        write_page(&text, page, &shapes);
        good &= settle(argv[2], "docs/fields", pages[page].page, "md", &text, write);
        text.size = 0;
        write_dictionary(&text, page, &shapes);
        good &= settle(argv[2], "fuzz/dict", pages[page].page, "dict", &text, write);
        written++;
    }
    return good && written ? 0 : 1;
}
