/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors in fields: parsed at load, with the position of what is wrong in them. */
#include "dialect/calico/rule.h"

enum { EXACT_SPOTS = 100 /* each costs a look at the source */ };

/*
 * Where byte `offset` of the text of a node stands in the source. A text that stands there as it
 * is: in it; one with escapes or line breaks before the byte: where the node begins.
 */
static struct np_spot spot_in(const struct np_decode *d, const struct np_node *node, size_t offset)
{
    const struct np_document *document = d->document;
    struct np_spot spot = np_spot_of(node);
    const char *at = document->text, *end = at ? at + document->size : NULL;
    for (uint32_t line = 1; at && line < node->line; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    size_t skip = node->column - 1 + ((node->flags & NP_NODE_QUOTED) != 0);
    if (!at || d->errors > EXACT_SPOTS || (size_t)(end - at) < skip + offset ||
        memcmp(at + skip, node->text.ptr, offset) != 0) {
        return spot;
    }
    spot.column = (uint32_t)(skip + offset + 1);
    spot.length = 1;
    return spot;
}

static bool has_text(struct np_slice text, const char *part)
{
    size_t len = strlen(part);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, part, len) == 0) {
            return true;
        }
    }
    return false;
}

void np_calico_read_selector(struct np_decode *d, const struct np_node *map, const char *key,
                             struct np_slice text, bool global,
                             const struct np_calico_selector **out, bool *unread)
{
    const struct np_node *node = np_get(map, key);
    struct np_calico_selector_error error;
    *out = NULL;
    if (text.len == 0) {
        return;
    }
    size_t mark = np_path_key(d, key);
    int status = np_calico_selector_parse(&d->object->arena, text, out, &error);
    if (status == NETPOL_ERR_MEMORY) {
        d->no_memory = true;
    } else if (status != NETPOL_OK) {
        int severity = d->load_flags & NETPOL_LOAD_LENIENT ? NETPOL_WARNING : -1;
        np_decode_report_full(d, NP_CODE_2440, severity, NULL, spot_in(d, node, error.offset),
                              "selector: %s", error.why);
        *unread = true;
    } else if (has_text(text, "global(") && !(global && np_calico_selector_is_global(*out))) {
        np_decode_report(d, NP_CODE_2441, node, "global() %s",
                         global ? "is only read alone" : "cannot stand here");
    }
    np_path_end(d, mark);
}
