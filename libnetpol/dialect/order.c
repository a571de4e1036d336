/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which objects are lowered, and which are: those of the engine. What the cluster is
 * made of comes first, then what follows from it as a whole, then policies, which may look both up.
 */
#include "dialect/calico/calico.h"
#include "dialect/cilium/cilium.h"

bool np_reader_decides(const struct np_reader *reader, const struct np_options *options)
{
    return reader->engine == NP_ENGINE_KUBERNETES || reader->engine == options->engine;
}

int np_lower_object(struct np_lower *l, const struct np_object *object)
{
    if (!object->reader->lower || !np_reader_decides(object->reader, l->options)) {
        return NETPOL_OK;
    }
    l->object = object;
    np_build_maker(l->build, object);
    int status = object->reader->lower(l);
    np_build_maker(l->build, NULL);
    l->object = NULL;
    return status;
}

static int lower_family(struct np_lower *l, struct np_object *const *objects, size_t count,
                        bool core)
{
    int status = NETPOL_OK;
    for (size_t i = 0; status == NETPOL_OK && i < count; i++) {
        if ((objects[i]->reader->family == NP_FAMILY_CORE) == core) {
            status = np_lower_object(l, objects[i]);
        }
    }
    return status;
}

int np_lower_objects(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    struct np_calico calico = {0};
    l->calico = l->options->engine == NP_ENGINE_CALICO ? &calico : NULL;
    int status = np_lower_begin(l);
    if (status == NETPOL_OK) {
        status = lower_family(l, objects, count, true);
    }
    if (status == NETPOL_OK && l->calico) {
        status = np_calico_cluster(l, objects, count);
    }
    if (status == NETPOL_OK && np_cilium_engine(l)) {
        status = np_cilium_hosts(l, objects, count);
    }
    if (status == NETPOL_OK) {
        status = lower_family(l, objects, count, false);
    }
    l->calico = NULL;
    return status;
}

/* ---- kinds of another engine ---- */

struct silent {
    const struct np_reader *reader;
    const struct np_object *first;
    size_t count;
};

static void report(struct np_lower *l, const struct silent *silent)
{
    static const char *const engines[NP_ENGINES] = {"kubernetes", "calico", "cilium"};
    const struct np_object *object = silent->first;
    struct np_place place = {.source = object->source,
                             .line = object->line,
                             .column = object->column,
                             .object = object->label,
                             .path = "kind"};
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_3106, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "%zu %s of %s %s no say with engine=%s", silent->count, silent->reader->kind,
                 silent->reader->group, silent->count > 1 ? "have" : "has",
                 engines[l->options->engine]);
}

void np_lower_check_engine(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    enum { KINDS = 64 };
    struct silent kinds[KINDS];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct np_reader *reader = objects[i]->reader;
        size_t k = 0;
        if (np_reader_decides(reader, l->options)) {
            continue;
        }
        while (k < used && kinds[k].reader != reader) {
            k++;
        }
        if (k == used && used < KINDS) {
            kinds[used++] = (struct silent){.reader = reader, .first = objects[i]};
        }
        kinds[k < KINDS ? k : 0].count += k < KINDS;
    }
    for (size_t k = 0; k < used; k++) {
        report(l, &kinds[k]);
    }
}
