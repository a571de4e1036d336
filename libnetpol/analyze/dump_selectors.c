/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The selectors of Calico's policies. An image does not keep them, so they are told of a set that
 * was compiled here only.
 */
#include "analyze/dump.h"
#include "compile/matcher.h"
#include "dialect/calico/selector.h"

struct teller {
    const struct np_dump *dump;
    struct np_outline *out;
    const struct np_object *object;
    bool any;
};

static void tell(void *user, const char *path, const struct np_calico_selector *s)
{
    struct teller *t = user;
    char id[NP_CALICO_ID_SIZE];
    np_auto(np_text_free) struct np_text text;
    np_text_init(&text, t->dump->ctx);
    np_calico_selector_print(&text, s);
    if (text.failed || np_calico_selector_id(t->dump->ctx, s, id) != NETPOL_OK) {
        t->out->status = NETPOL_ERR_MEMORY;
        return;
    }
    if (!t->any) {
        np_outline_list(t->out, "selectors", false);
        t->any = true;
    }
    np_outline_map(t->out, NULL, true);
    np_outline_text(t->out, "object", t->object->label);
    np_outline_text(t->out, "path", path);
    np_outline_text(t->out, "id", id);
    np_outline_text(t->out, "selector", text.ptr);
    np_outline_close(t->out);
}

void np_dump_selectors(const struct np_dump *dump, const struct netpol_matcher *matcher,
                       struct np_outline *out)
{
    const struct np_whole *whole = np_whole_of(matcher);
    const struct np_snapshot *snapshot = whole ? whole->snapshot : NULL;
    struct teller t = {.dump = dump, .out = out};
    for (size_t i = 0; snapshot && i < snapshot->count; i++) {
        t.object = snapshot->objects[i];
        np_calico_selectors_of(t.object, tell, &t);
    }
    if (t.any) {
        np_outline_close(out);
    }
}
