/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: entering and leaving are two stores to a line that nobody else writes. slot.h explains.
 */
#include "match/slot.h"

int np_reader_create(struct netpol_slot *slot, struct netpol_reader **out)
{
    struct netpol_reader *reader = np_image_alloc(slot->ctx, NP_SLOT_LINE);
    if (!reader) {
        return NETPOL_ERR_MEMORY;
    }
    memset(reader, 0, NP_SLOT_LINE);
    atomic_init(&reader->inside, 0);
    reader->slot = slot;
    atomic_fetch_add_explicit(&slot->refs, 1, memory_order_relaxed);
    pthread_mutex_lock(&slot->lists);
    reader->next = slot->readers;
    reader->link = &slot->readers;
    if (reader->next) {
        reader->next->link = &reader->next;
    }
    slot->readers = reader;
    pthread_mutex_unlock(&slot->lists);
    *out = reader;
    return NETPOL_OK;
}

void np_reader_destroy(struct netpol_reader *reader)
{
    struct netpol_slot *slot = reader->slot;
    atomic_store_explicit(&reader->inside, 0, memory_order_release);
    pthread_mutex_lock(&slot->lists);
    *reader->link = reader->next;
    if (reader->next) {
        reader->next->link = reader->link;
    }
    pthread_mutex_unlock(&slot->lists);
    np_image_free(slot->ctx, reader, NP_SLOT_LINE);
    np_slot_unref(slot);
}

const struct netpol_view *netpol_reader_enter(struct netpol_reader *reader)
{
    if (!reader) {
        return NULL;
    }
    if (reader->depth) {
        reader->depth++;
        return reader->view;
    }
    struct netpol_slot *slot = reader->slot;
    /* acquire: who sees an epoch sees the swap before it */
    uint64_t epoch = atomic_load_explicit(&slot->epoch, memory_order_acquire);
    /* release: who finds it here also knows what the last visit has read */
    atomic_store_explicit(&reader->inside, epoch, memory_order_release);
    np_fence_full(&slot->fence);
    const struct netpol_view *view = atomic_load_explicit(&slot->view, memory_order_acquire);
    if (!view) { /* nothing to be inside of, and nothing to leave */
        atomic_store_explicit(&reader->inside, 0, memory_order_release);
        return NULL;
    }
    reader->depth = 1;
    reader->view = view;
    return view;
}

void netpol_reader_leave(struct netpol_reader *reader)
{
    if (reader && reader->depth && --reader->depth == 0) {
        reader->view = NULL;
        /* release: whatever was read through the view was read before */
        atomic_store_explicit(&reader->inside, 0, memory_order_release);
    }
}
