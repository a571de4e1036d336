/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of objects of crd.projectcalico.org/v1. Calico keeps the metadata of what it stores as
 * custom resources in an annotation, as JSON, and takes it from there: what stands there prevails
 * over metadata.labels, which such an object mostly lacks. Source:
 * libcalico-go/lib/backend/k8s/resources/resources.go (ConvertK8sResourceToCalicoResource).
 *
 * Without this a set that `kubectl get` has printed has no labels, and a Deny that selects it
 * denies nobody.
 */
#include "dialect/calico/inventory.h"

#define ANNOTATION "projectcalico.org/metadata"

struct kept {
    struct np_decode *d;
    struct np_label_list *labels;
    bool read;
};

/* Calico has checked them before it wrote them; places in this text are none in the file. */
static bool take(struct np_decode *d, const struct np_node *labels, struct np_label_list *out)
{
    size_t count = np_is(labels, NP_MAP) ? labels->map.count : 0;
    struct np_label_text *items = np_decode_alloc(d, count, sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        const struct np_member *member = &labels->map.members[i];
        if (!np_is(member->value, NP_STRING)) {
            return false;
        }
        items[i] = (struct np_label_text){np_core_keep(d, member->key),
                                          np_core_keep(d, member->value->text)};
    }
    *out = (struct np_label_list){items, (uint32_t)count};
    return items && !d->no_memory && (count || !labels || np_is(labels, NP_MAP));
}

static int read_object(void *user, const struct np_document *document)
{
    struct kept *kept = user;
    kept->read = !kept->read && np_is(document->root, NP_MAP) &&
                 take(kept->d, np_get(document->root, "labels"), kept->labels);
    return kept->read ? NETPOL_OK : kept->d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_ERR_INPUT;
}

void np_calico_keep_labels(struct np_decode *d, const struct np_core_meta *metadata,
                           struct np_label_list *out)
{
    const struct np_node *annotations = np_get(metadata->node, "annotations");
    const struct np_node *text = np_get(annotations, ANNOTATION);
    struct kept kept = {d, out, false};
    *out = (struct np_label_list){NULL, 0};
    if (!np_is(text, NP_STRING) ||
        !np_slice_is(np_slice_of(d->object->reader->group), "crd.projectcalico.org")) {
        np_core_keep_labels(d, &metadata->label_list, out);
        return;
    }
    size_t mark = np_path_key(d, "metadata");
    (void)np_path_key(d, "annotations");
    (void)np_path_member(d, np_slice_of(ANNOTATION));
    int status = np_json_read(d->ctx, text->text.ptr, text->text.len, d->object->source, NULL,
                              read_object, &kept);
    d->no_memory |= status == NETPOL_ERR_MEMORY;
    if (!kept.read || status != NETPOL_OK) {
        np_decode_report(d, NP_CODE_2415, text, "what Calico keeps there cannot be read");
    }
    np_path_end(d, mark);
}
