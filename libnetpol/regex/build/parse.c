/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pattern from left to right with a stack: what was read stands on it until "|", ")" or the end
 * makes one node of it. So depth costs heap and no call.
 */
#include "regex/build/internal.h"

/* ---- failures ---- */

bool np_re_fail(struct np_re_parser *p, enum np_regex_wrong kind, size_t from, size_t to,
                const char *why)
{
    if (p->status == NETPOL_OK) {
        p->status = kind == NP_REGEX_TOO_LARGE ? NETPOL_ERR_LIMIT : NETPOL_ERR_INPUT;
        *p->error = (struct np_regex_error){(uint8_t)kind, from, to - from, why};
    }
    return false;
}

bool np_re_no_memory(struct np_re_parser *p)
{
    if (p->status == NETPOL_OK) {
        p->status = NETPOL_ERR_MEMORY;
    }
    return false;
}

static bool too_large(struct np_re_parser *p, const char *why)
{
    return np_re_fail(p, NP_REGEX_TOO_LARGE, 0, p->text.len, why);
}

/* ---- the stack ---- */

bool np_re_more(const struct np_re_parser *p, char c)
{
    return p->at < p->text.len && p->text.ptr[p->at] == c;
}

struct np_re_node *np_re_node(struct np_re_parser *p, enum np_re_op op)
{
    struct np_re_node *node = np_arena_alloc(&p->nodes, sizeof *node);
    if (node) {
        node->op = (uint8_t)op;
        node->height = 1;
        node->product = 1;
    }
    return node;
}

bool np_re_push(struct np_re_parser *p, struct np_re_node *node)
{
    if (!node) {
        return np_re_no_memory(p);
    }
    if (node->height > NP_REGEX_HEIGHT_MAX) {
        return too_large(p, "the pattern is nested too deeply");
    }
    node->next = p->top;
    p->top = node;
    return true;
}

static bool is_mark(const struct np_re_node *node)
{
    return !node || node->op == NP_RE_OPEN || node->op == NP_RE_BAR;
}

bool np_re_ranges_fit(struct np_re_parser *p)
{
    bool fit = p->ranges.work <= NP_REGEX_RANGES_MAX && p->other.work <= NP_REGEX_RANGES_MAX;
    return fit || too_large(p, "the classes of the pattern have too many ranges");
}

bool np_re_push_class(struct np_re_parser *p)
{
    struct np_re_node *node = np_re_node(p, NP_RE_CLASS);
    size_t count = p->ranges.v.count;
    struct np_re_range *kept = np_arena_array(&p->nodes, count, sizeof *kept);
    if (!node || !kept || p->ranges.failed || p->other.failed) {
        return np_re_no_memory(p);
    }
    if (!np_re_ranges_fit(p)) {
        return false;
    }
    if (count) {
        memcpy(kept, p->ranges.v.items, count * sizeof *kept);
    }
    node->ranges = kept;
    node->n_ranges = (uint32_t)count;
    p->ranges.v.count = 0;
    return np_re_push(p, node);
}

static bool push_literal(struct np_re_parser *p, uint32_t rune)
{
    if (p->flags & NP_RE_FOLD) {
        np_re_add_folded(&p->ranges, rune, rune);
        np_re_sort(&p->ranges);
    } else {
        np_re_add(&p->ranges, rune, rune);
    }
    return np_re_push_class(p);
}

static bool push_assert(struct np_re_parser *p, uint8_t needs, size_t size)
{
    struct np_re_node *node = np_re_node(p, NP_RE_ASSERT);
    if (node) {
        node->flags = needs;
    }
    p->at += size;
    return np_re_push(p, node);
}

/* ---- one node of several ---- */

static void adopt(struct np_re_node *parent, struct np_re_node **end, struct np_re_node *kid)
{
    *end = kid;
    kid->next = NULL;
    parent->height = kid->height >= parent->height ? (uint16_t)(kid->height + 1) : parent->height;
    parent->product = kid->product > parent->product ? kid->product : parent->product;
}

/* What stands above the last mark becomes one node: nothing, itself, or all of it. */
static bool close_sequence(struct np_re_parser *p)
{
    if (is_mark(p->top)) {
        return np_re_push(p, np_re_node(p, NP_RE_EMPTY));
    }
    if (is_mark(p->top->next)) {
        return true;
    }
    struct np_re_node *all = np_re_node(p, NP_RE_ALL);
    if (!all) {
        return np_re_no_memory(p);
    }
    for (struct np_re_node **end = &all->kids; !is_mark(p->top); end = &(*end)->next) {
        struct np_re_node *kid = p->top;
        p->top = kid->next;
        adopt(all, end, kid);
    }
    return np_re_push(p, all);
}

/* The alternatives above the last "(" become one node. */
static bool close_choice(struct np_re_parser *p)
{
    if (!close_sequence(p)) {
        return false;
    }
    if (!p->top->next || p->top->next->op != NP_RE_BAR) {
        return true;
    }
    struct np_re_node *any = np_re_node(p, NP_RE_ANY);
    if (!any) {
        return np_re_no_memory(p);
    }
    struct np_re_node **end = &any->kids;
    for (bool more = true; more; end = &(*end)->next) {
        struct np_re_node *kid = p->top;
        more = kid->next && kid->next->op == NP_RE_BAR;
        p->top = more ? kid->next->next : kid->next;
        adopt(any, end, kid);
    }
    return np_re_push(p, any);
}

static bool close_paren(struct np_re_parser *p)
{
    if (!close_choice(p)) {
        return false;
    }
    struct np_re_node *inner = p->top;
    struct np_re_node *open = inner->next;
    if (!open) {
        return np_re_fail(p, NP_REGEX_UNEXPECTED_PAREN, p->at, p->at + 1,
                          "a parenthesis is closed that was not opened");
    }
    p->at++;
    p->flags = open->flags;
    p->top = open->next;
    return np_re_push(p, inner);
}

/* ---- repetition ---- */

/* Digits without a zero before them, less than 100,000,000. */
static bool number(const struct np_re_parser *p, size_t *at, long *out)
{
    size_t from = *at;
    for (*out = 0; *at < p->text.len && p->text.ptr[*at] >= '0' && p->text.ptr[*at] <= '9'; ++*at) {
        if (*out >= 100000000) {
            return false;
        }
        *out = *out * 10 + (p->text.ptr[*at] - '0');
    }
    return *at > from && (p->text.ptr[from] != '0' || *at == from + 1);
}

/* "{n}", "{n,}", "{n,m}" at p->at: where it ends; 0: it is none and "{" is itself. */
static size_t braces(const struct np_re_parser *p, long *least, long *most)
{
    size_t at = p->at + 1;
    if (!number(p, &at, least)) {
        return 0;
    }
    *most = *least;
    if (at < p->text.len && p->text.ptr[at] == ',') {
        at++;
        *most = -1;
        if ((at >= p->text.len || p->text.ptr[at] != '}') && !number(p, &at, most)) {
            return 0;
        }
    }
    return at < p->text.len && p->text.ptr[at] == '}' ? at + 1 : 0;
}

struct repeat {
    long least, most;
    bool braces;
    size_t from, to;
};

/* RE2 multiplies {n,m} where they are nested, and *, + and ? not. */
static bool push_repeat(struct np_re_parser *p, const struct repeat *r)
{
    if (r->least > NP_REGEX_REPEAT_MAX || r->most > NP_REGEX_REPEAT_MAX ||
        (r->most >= 0 && r->most < r->least)) {
        return np_re_fail(p, NP_REGEX_BAD_REPEAT_SIZE, r->from, r->to,
                          "a repetition is {n,m} with n not above m and neither above 1000");
    }
    if (is_mark(p->top)) {
        return np_re_fail(p, NP_REGEX_NOTHING_TO_REPEAT, r->from, r->to,
                          "there is nothing before it to repeat");
    }
    struct np_re_node *kid = p->top;
    struct np_re_node *node = np_re_node(p, NP_RE_REPEAT);
    if (!node) {
        return np_re_no_memory(p);
    }
    p->top = kid->next;
    adopt(node, &node->kids, kid);
    node->least = (int16_t)r->least;
    node->most = (int16_t)r->most;
    long times = r->most < 0 ? r->least : r->most;
    if (r->braces && times > 1) {
        node->product *= (uint32_t)times;
    }
    if (node->product > NP_REGEX_REPEAT_MAX) {
        return np_re_fail(p, NP_REGEX_BAD_REPEAT_SIZE, r->from, r->to,
                          "repetitions in each other ask for more than 1000");
    }
    return np_re_push(p, node);
}

/* At one of * + ? {. *before: where the repetition before it begins, if it is one; then this. */
static bool repetition(struct np_re_parser *p, size_t *before)
{
    char c = p->text.ptr[p->at];
    struct repeat r = {c == '+', c == '?' ? 1 : -1, c == '{', p->at, p->at + 1};
    if (r.braces) {
        r.to = braces(p, &r.least, &r.most);
        if (r.to == 0) {
            p->at++;
            *before = SIZE_MAX;
            return push_literal(p, '{');
        }
    }
    p->at = r.to;
    p->at += np_re_more(p, '?');
    r.to = p->at;
    if (*before != SIZE_MAX) {
        return np_re_fail(p, NP_REGEX_REPEATED_REPEAT, *before, p->at,
                          "a repetition cannot be repeated: put it in parentheses");
    }
    *before = r.from;
    return push_repeat(p, &r);
}

/* ---- everything else ---- */

/* At "\Q": up to "\E" all is itself. */
static bool quoted(struct np_re_parser *p)
{
    for (p->at += 2; p->at < p->text.len;) {
        uint32_t rune;
        if (np_re_more(p, '\\') && p->at + 1 < p->text.len && p->text.ptr[p->at + 1] == 'E') {
            p->at += 2;
            return true;
        }
        if (!np_re_rune(p, &rune) || !push_literal(p, rune)) {
            return false;
        }
    }
    return true;
}

static bool backslash(struct np_re_parser *p)
{
    uint32_t rune;
    switch (p->text.len - p->at >= 2 ? p->text.ptr[p->at + 1] : '\0') {
    case 'A':
        return push_assert(p, NP_REGEX_TEXT_BEGIN, 2);
    case 'z':
        return push_assert(p, NP_REGEX_TEXT_END, 2);
    case 'b':
        return push_assert(p, NP_REGEX_WORD_EDGE, 2);
    case 'B':
        return push_assert(p, NP_REGEX_NO_WORD_EDGE, 2);
    case 'C':
        p->at += 2;
        p->re2_only = true;
        return np_re_push(p, np_re_node(p, NP_RE_BYTE));
    case 'Q':
        return quoted(p);
    default:
        break;
    }
    enum np_re_found found = np_re_group(p);
    if (found == NP_RE_FOUND) {
        np_re_sort(&p->ranges);
        return np_re_push_class(p);
    }
    return found == NP_RE_NOTHING && np_re_escape(p, &rune) && push_literal(p, rune);
}

static bool dot(struct np_re_parser *p)
{
    bool all = p->flags & NP_RE_DOT_LINE;
    p->at++;
    np_re_add(&p->ranges, 0, all ? NP_RE_LAST : '\n' - 1);
    np_re_add(&p->ranges, '\n' + 1, all ? 0 : NP_RE_LAST);
    return np_re_push_class(p);
}

static bool bar(struct np_re_parser *p)
{
    p->at++;
    return close_sequence(p) && np_re_push(p, np_re_node(p, NP_RE_BAR));
}

static bool next_part(struct np_re_parser *p)
{
    uint32_t rune;
    bool lines = p->flags & NP_RE_LINES;
    switch (p->text.ptr[p->at]) {
    case '(':
        return np_re_open(p);
    case ')':
        return close_paren(p);
    case '|':
        return bar(p);
    case '[':
        return np_re_bracket(p);
    case '.':
        return dot(p);
    case '^':
        return push_assert(p, lines ? NP_REGEX_LINE_BEGIN : NP_REGEX_TEXT_BEGIN, 1);
    case '$':
        return push_assert(p, lines ? NP_REGEX_LINE_END : NP_REGEX_TEXT_END, 1);
    case '\\':
        return backslash(p);
    default:
        return np_re_rune(p, &rune) && push_literal(p, rune);
    }
}

struct np_re_node *np_re_parse(struct np_re_parser *p)
{
    size_t repeated = SIZE_MAX; /* where the repetition just read begins */
    while (p->at < p->text.len) {
        char c = p->text.ptr[p->at];
        bool repeats = c == '*' || c == '+' || c == '?' || c == '{';
        bool fine = repeats ? repetition(p, &repeated) : next_part(p);
        if (!fine) {
            return NULL;
        }
        repeated = repeats ? repeated : SIZE_MAX;
    }
    if (!close_choice(p)) {
        return NULL;
    }
    if (p->top->next) {
        np_re_fail(p, NP_REGEX_MISSING_PAREN, 0, p->text.len, "a parenthesis is not closed");
        return NULL;
    }
    return p->top;
}
