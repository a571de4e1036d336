/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing selectors: recursive descent over the text, without a list of tokens. What a word means
 * depends on where it stands: behind the name of a label it is an operator, elsewhere has(, all(
 * and global( are functions and every other word is the name of a label.
 */
#include "dialect/calico/selector_internal.h"

#include <stdlib.h>

struct parser {
    struct np_arena *arena;
    const char *start, *at, *end;
    unsigned nested; /* parentheses open */
    int status;
    struct np_calico_selector_error error;
};

/* Every function that returns a node returns NULL after one of these. */
static void *wrong(struct parser *p, const char *at, const char *why)
{
    if (p->status == NETPOL_OK) {
        p->status = NETPOL_ERR_INPUT;
        p->error = (struct np_calico_selector_error){(size_t)(at - p->start), why};
    }
    return NULL;
}

static void *no_memory(struct parser *p)
{
    p->status = NETPOL_ERR_MEMORY;
    return NULL;
}

/* ---- characters and words ---- */

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
}

static const char *behind_blanks(const struct parser *p, const char *at)
{
    while (at < p->end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return at;
}

static void skip_blanks(struct parser *p)
{
    p->at = behind_blanks(p, p->at);
}

static bool is_next(const struct parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

/* Behind `text` when it stands at `at`; else NULL. */
static const char *behind(const struct parser *p, const char *at, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(p->end - at) >= len && memcmp(at, text, len) == 0 ? at + len : NULL;
}

/* Takes `text` after blanks. */
static bool take(struct parser *p, const char *text)
{
    skip_blanks(p);
    const char *after = behind(p, p->at, text);
    p->at = after ? after : p->at;
    return after != NULL;
}

/* Takes an operator that is written as one word or two; it ends where no label could go on. */
static bool take_word(struct parser *p, const char *first, const char *second)
{
    const char *after = behind(p, p->at, first);
    if (after && second) {
        after = behind(p, behind_blanks(p, after), second);
    }
    if (!after || (after < p->end && is_label_char(*after))) {
        return false;
    }
    p->at = after;
    return true;
}

static bool label(struct parser *p, struct np_slice *out)
{
    const char *begin = p->at;
    while (p->at < p->end && is_label_char(*p->at)) {
        p->at++;
    }
    *out = (struct np_slice){begin, (size_t)(p->at - begin)};
    if (out->len == 0) {
        wrong(p, begin, "expected the name of a label");
    } else if (out->len > NP_CALICO_LABEL_MAX) {
        wrong(p, begin + NP_CALICO_LABEL_MAX, "the name of the label is too long");
    }
    return p->status == NETPOL_OK;
}

/* A string in either quotes; nothing in it is special, and the other quote is a character. */
static bool string(struct parser *p, struct np_slice *out)
{
    skip_blanks(p);
    if (!is_next(p, '"') && !is_next(p, '\'')) {
        return wrong(p, p->at, "expected a string in quotes");
    }
    const char *begin = p->at + 1;
    const char *close = memchr(begin, *p->at, (size_t)(p->end - begin));
    if (!close) {
        return wrong(p, p->at, "the string has no closing quote");
    }
    *out = (struct np_slice){begin, (size_t)(close - begin)};
    p->at = close + 1;
    return true;
}

/* ---- nodes ---- */

static struct np_calico_selector *new_node(struct parser *p, enum np_calico_op op)
{
    struct np_calico_selector *node = np_arena_alloc(p->arena, sizeof *node);
    if (!node) {
        return no_memory(p);
    }
    node->op = (uint8_t)op;
    node->global = op == NP_CALICO_GLOBAL;
    return node;
}

/* The strings between braces, a comma behind the last one allowed; how many. `out` may be NULL. */
static size_t set_values(struct parser *p, struct np_slice *out)
{
    size_t count = 0;
    struct np_slice value;
    if (!take(p, "{")) {
        wrong(p, p->at, "expected { and the values");
        return 0;
    }
    while (!take(p, "}")) {
        if (!string(p, &value)) {
            return 0;
        }
        if (out) {
            out[count] = value;
        }
        count++;
        if (!take(p, ",") && !is_next(p, '}')) {
            wrong(p, p->at, "expected , or } behind a value");
            return 0;
        }
    }
    return count;
}

static int compare_values(const void *a, const void *b)
{
    return np_slice_compare(*(const struct np_slice *)a, *(const struct np_slice *)b);
}

static struct np_calico_selector *set_of(struct parser *p, struct np_calico_selector *node)
{
    const char *begin = p->at;
    size_t count = set_values(p, NULL); /* to know how many */
    struct np_slice *values =
        p->status == NETPOL_OK ? np_arena_array(p->arena, count, sizeof *values) : NULL;
    if (!values) {
        return p->status == NETPOL_OK ? no_memory(p) : NULL;
    }
    p->at = begin;
    set_values(p, values);
    if (count > 1) {
        qsort(values, count, sizeof *values, compare_values);
    }
    for (size_t i = 0; i < count; i++) {
        if (node->count == 0 || !np_slice_equal(values[i], values[node->count - 1])) {
            values[node->count++] = values[i];
        }
    }
    node->values = values;
    return node;
}

static struct np_calico_selector *value_of(struct parser *p, struct np_calico_selector *node)
{
    struct np_slice *value = np_arena_alloc(p->arena, sizeof *value);
    if (!value) {
        return no_memory(p);
    }
    node->values = value;
    node->count = 1;
    return string(p, value) ? node : NULL;
}

/* Operators in the order in which they are tried: none is the begin of a later one. */
static const struct {
    const char *first, *second;
    bool word; /* made of characters of labels */
    enum np_calico_op op;
} operators[] = {
    {"==",       NULL,   false, NP_CALICO_EQUALS  },
    {"!=",       NULL,   false, NP_CALICO_DIFFERS },
    {"contains", NULL,   true,  NP_CALICO_CONTAINS},
    {"starts",   "with", true,  NP_CALICO_STARTS  },
    {"ends",     "with", true,  NP_CALICO_ENDS    },
    {"not",      "in",   true,  NP_CALICO_NOT_IN  },
    {"in",       NULL,   true,  NP_CALICO_IN      },
};

static struct np_calico_selector *comparison(struct parser *p)
{
    struct np_slice name;
    if (!label(p, &name)) {
        return NULL;
    }
    skip_blanks(p);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (!(operators[i].word ? take_word(p, operators[i].first, operators[i].second)
                                : take(p, operators[i].first))) {
            continue;
        }
        struct np_calico_selector *node = new_node(p, operators[i].op);
        if (!node) {
            return NULL;
        }
        node->label = name;
        bool set = operators[i].op == NP_CALICO_IN || operators[i].op == NP_CALICO_NOT_IN;
        return set ? set_of(p, node) : value_of(p, node);
    }
    return wrong(p, p->at, "expected ==, !=, contains, starts with, ends with, in or not in");
}

/* ---- grammar ---- */

static struct np_calico_selector *alternatives(struct parser *p);

/* all(), global(), has(L): at the parenthesis. */
static struct np_calico_selector *function(struct parser *p, enum np_calico_op op)
{
    struct np_calico_selector *node = new_node(p, op);
    skip_blanks(p);
    if (!node || (op == NP_CALICO_HAS && !label(p, &node->label))) {
        return NULL;
    }
    return take(p, ")") ? node : wrong(p, p->at, "expected )");
}

static struct np_calico_selector *parenthesis(struct parser *p)
{
    if (p->nested == NP_CALICO_SELECTOR_DEPTH) {
        return wrong(p, p->at, "nested too deeply");
    }
    p->nested++;
    p->at++;
    struct np_calico_selector *node = alternatives(p);
    p->nested--;
    if (!node) {
        return NULL;
    }
    return take(p, ")") ? node : wrong(p, p->at, "expected &&, || or )");
}

static struct np_calico_selector *primary(struct parser *p)
{
    static const struct {
        const char *name;
        enum np_calico_op op;
    } functions[] = {
        {"has(",    NP_CALICO_HAS   },
        {"all(",    NP_CALICO_ALL   },
        {"global(", NP_CALICO_GLOBAL}
    };
    if (is_next(p, '(')) {
        return parenthesis(p);
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (take(p, functions[i].name)) {
            return function(p, functions[i].op);
        }
    }
    if (p->at == p->end || !is_label_char(*p->at)) {
        return wrong(p, p->at, "expected a label, has(, all(), global(), ! or (");
    }
    return comparison(p);
}

static struct np_calico_selector *negation(struct parser *p)
{
    bool negative = false;
    while (take(p, "!")) {
        negative = !negative;
    }
    struct np_calico_selector *operand = primary(p);
    struct np_calico_selector *node = operand && negative ? new_node(p, NP_CALICO_NOT) : NULL;
    if (!node) {
        return negative ? NULL : operand;
    }
    node->depth = operand->depth;
    node->global = operand->global;
    node->kids = operand;
    return node;
}

/* One or more operands with `word` between them; one alone is itself. */
static struct np_calico_selector *joined(struct parser *p, enum np_calico_op op, const char *word,
                                         struct np_calico_selector *(*operand)(struct parser *))
{
    struct np_calico_selector *first = operand(p);
    struct np_calico_selector *node = NULL, *last = first;
    while (last && take(p, word)) {
        const char *at = p->at - strlen(word);
        node = node ? node : new_node(p, op);
        struct np_calico_selector *next = node ? operand(p) : NULL;
        if (!next) {
            return NULL;
        }
        last->next = next;
        last = next;
        node->kids = first;
        node->global = node->global || first->global || next->global;
        uint8_t below = first->depth > next->depth ? first->depth : next->depth;
        if (below >= NP_CALICO_SELECTOR_DEPTH) {
            return wrong(p, at, "nested too deeply");
        }
        node->depth = node->depth > below ? node->depth : (uint8_t)(below + 1);
    }
    return node ? node : last;
}

static struct np_calico_selector *conjunction(struct parser *p)
{
    return joined(p, NP_CALICO_AND, "&&", negation);
}

static struct np_calico_selector *alternatives(struct parser *p)
{
    return joined(p, NP_CALICO_OR, "||", conjunction);
}

static struct np_calico_selector *whole(struct parser *p)
{
    skip_blanks(p);
    if (p->at == p->end) {
        return new_node(p, NP_CALICO_ALL);
    }
    struct np_calico_selector *node = alternatives(p);
    skip_blanks(p);
    return !node || p->at == p->end ? node : wrong(p, p->at, "expected && or ||");
}

int np_calico_selector_parse(struct np_arena *arena, struct np_slice text,
                             const struct np_calico_selector **out,
                             struct np_calico_selector_error *error)
{
    struct np_slice kept = np_arena_slice(arena, text);
    if (!kept.ptr) {
        return NETPOL_ERR_MEMORY;
    }
    struct parser p = {
        .arena = arena, .start = kept.ptr, .at = kept.ptr, .end = kept.ptr + kept.len};
    const struct np_calico_selector *node = whole(&p);
    if (p.status == NETPOL_OK) {
        *out = node;
    } else {
        *error = p.error;
    }
    return p.status;
}

bool np_calico_selector_has_global(const struct np_calico_selector *s)
{
    return s->global;
}

bool np_calico_selector_is_global(const struct np_calico_selector *s)
{
    return s->op == NP_CALICO_GLOBAL;
}

bool np_calico_selector_is_all(const struct np_calico_selector *s)
{
    return s->op == NP_CALICO_ALL;
}
