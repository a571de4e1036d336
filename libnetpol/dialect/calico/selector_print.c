/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical text of selectors, byte for byte as Calico's own Selector.String() writes it. */
#include "dialect/calico/selector_internal.h"

static void add(struct np_text *out, const char *text)
{
    np_text_add(out, text, strlen(text));
}

static void print_value(struct np_text *out, struct np_slice value)
{
    const char *quote = value.len && memchr(value.ptr, '"', value.len) ? "'" : "\"";
    add(out, quote);
    np_text_add(out, value.ptr, value.len);
    add(out, quote);
}

static void print_set(struct np_text *out, const struct np_calico_selector *s)
{
    add(out, "{");
    for (uint32_t i = 0; i < s->count; i++) {
        add(out, i ? ", " : "");
        print_value(out, s->values[i]);
    }
    add(out, "}");
}

static void print_joined(struct np_text *out, const struct np_calico_selector *s, const char *word)
{
    const char *before = "(";
    for (const struct np_calico_selector *kid = s->kids; kid; kid = kid->next) {
        add(out, before);
        np_calico_selector_print(out, kid);
        before = word;
    }
    add(out, ")");
}

static void print_comparison(struct np_text *out, const struct np_calico_selector *s)
{
    static const char *const words[] = {
        [NP_CALICO_EQUALS] = " == ",         [NP_CALICO_DIFFERS] = " != ",
        [NP_CALICO_CONTAINS] = " contains ", [NP_CALICO_STARTS] = " starts with ",
        [NP_CALICO_ENDS] = " ends with ",    [NP_CALICO_IN] = " in ",
        [NP_CALICO_NOT_IN] = " not in ",
    };
    np_text_add(out, s->label.ptr, s->label.len);
    add(out, words[s->op]);
    if (s->op == NP_CALICO_IN || s->op == NP_CALICO_NOT_IN) {
        print_set(out, s);
    } else {
        print_value(out, s->values[0]);
    }
}

void np_calico_selector_print(struct np_text *out, const struct np_calico_selector *s)
{
    switch (s->op) {
    case NP_CALICO_ALL:
        add(out, "all()");
        break;
    case NP_CALICO_GLOBAL:
        add(out, "global()");
        break;
    case NP_CALICO_HAS:
        add(out, "has(");
        np_text_add(out, s->label.ptr, s->label.len);
        add(out, ")");
        break;
    case NP_CALICO_NOT:
        add(out, "!");
        np_calico_selector_print(out, s->kids);
        break;
    case NP_CALICO_AND:
        print_joined(out, s, " && ");
        break;
    case NP_CALICO_OR:
        print_joined(out, s, " || ");
        break;
    default:
        print_comparison(out, s);
        break;
    }
}
