/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing, retiring, freeing. slot.h explains why nothing is freed under a reader. */
#include "match/slot.h"

/* ---- epochs ---- */

uint64_t np_slot_retire(struct netpol_slot *slot)
{
    /* release: the swap comes before the epoch */
    return atomic_fetch_add_explicit(&slot->epoch, 1, memory_order_acq_rel) + 1;
}

static void take_older(uint64_t epoch, uint64_t *oldest)
{
    if (epoch && epoch < *oldest) {
        *oldest = epoch;
    }
}

/* The epoch of whoever is inside for longest; UINT64_MAX: nobody is. */
uint64_t np_slot_oldest(struct netpol_slot *slot)
{
    uint64_t oldest = UINT64_MAX;
    np_fence_full(&slot->fence);
    pthread_mutex_lock(&slot->lists);
    for (struct netpol_reader *reader = slot->readers; reader; reader = reader->next) {
        /* acquire: what a reader that left has read was read before what is freed now */
        take_older(atomic_load_explicit(&reader->inside, memory_order_acquire), &oldest);
    }
    for (struct np_published *p = slot->published; p; p = p->next) {
        take_older(p->borrows ? p->borrowed_in : 0, &oldest);
    }
    pthread_mutex_unlock(&slot->lists);
    return oldest;
}

/* ---- views ---- */

static void release(struct netpol_slot *slot, struct np_published *p)
{
    struct netpol_endpoints *endpoints = p->view->endpoints;
    bool last = endpoints && np_endpoints_detach(endpoints);
    netpol_view_destroy(p->view);
    if (last) {
        np_endpoints_destroy(endpoints);
    }
    np_free(slot->ctx, p, sizeof *p);
}

/* Takes the retired views that nobody can see out of the list. */
static struct np_published *unlink_free(struct netpol_slot *slot)
{
    uint64_t oldest = np_slot_oldest(slot);
    struct np_published *freed = NULL;
    pthread_mutex_lock(&slot->lists);
    struct np_published **link = &slot->published;
    while (*link) {
        struct np_published *p = *link;
        if (p->retired && p->retired <= oldest && p->borrows == 0) {
            *link = p->next;
            p->next = freed;
            freed = p;
        } else {
            link = &p->next;
        }
    }
    pthread_mutex_unlock(&slot->lists);
    return freed;
}

/* `publishing` is held. */
static size_t reclaim(struct netpol_slot *slot)
{
    struct np_published *freed = slot->published ? unlink_free(slot) : NULL;
    while (freed) {
        struct np_published *next = freed->next;
        release(slot, freed);
        freed = next;
    }
    size_t left = 0;
    for (struct np_published *p = slot->published; p; p = p->next) {
        if (p->view->endpoints) {
            np_endpoints_collect(p->view->endpoints);
        }
        left += p->retired != 0;
    }
    return left;
}

size_t np_slot_reclaim(struct netpol_slot *slot)
{
    pthread_mutex_lock(&slot->publishing);
    size_t left = reclaim(slot);
    pthread_mutex_unlock(&slot->publishing);
    return left;
}

static bool is_published(const struct netpol_slot *slot, const struct netpol_view *view)
{
    for (const struct np_published *p = slot->published; p; p = p->next) {
        if (p->view == view) {
            return true;
        }
    }
    return false;
}

static void put_in_force(struct netpol_slot *slot, struct np_published *p)
{
    struct np_published *before = slot->published;
    pthread_mutex_lock(&slot->lists);
    atomic_store_explicit(&slot->view, p->view, memory_order_release);
    p->next = before;
    slot->published = p;
    pthread_mutex_unlock(&slot->lists);
    uint64_t epoch = np_slot_retire(slot);
    if (before && !before->retired) {
        before->retired = epoch;
    }
}

int np_slot_publish(struct netpol_slot *slot, struct netpol_view *view, int own_endpoints)
{
    struct np_published *p = np_alloc(slot->ctx, sizeof *p);
    if (!p) {
        return NETPOL_ERR_MEMORY;
    }
    *p = (struct np_published){.view = view};
    int status = NETPOL_OK;
    pthread_mutex_lock(&slot->publishing);
    if (is_published(slot, view) ||
        (view->endpoints && !np_endpoints_attach(view->endpoints, slot, own_endpoints))) {
        status = NETPOL_ERR_ARGUMENT;
        np_free(slot->ctx, p, sizeof *p);
    } else {
        put_in_force(slot, p);
        reclaim(slot);
    }
    pthread_mutex_unlock(&slot->publishing);
    return status;
}

/* ---- borrowing ---- */

const struct netpol_view *np_slot_borrow(struct netpol_slot *slot)
{
    pthread_mutex_lock(&slot->lists);
    struct np_published *p = slot->published;
    if (p && p->borrows++ == 0) {
        p->borrowed_in = atomic_load_explicit(&slot->epoch, memory_order_acquire);
    }
    const struct netpol_view *view = p ? p->view : NULL;
    pthread_mutex_unlock(&slot->lists);
    return view;
}

void np_slot_return(struct netpol_slot *slot, const struct netpol_view *view)
{
    pthread_mutex_lock(&slot->lists);
    for (struct np_published *p = slot->published; p; p = p->next) {
        if (p->view == view && p->borrows) {
            p->borrows--;
        }
    }
    pthread_mutex_unlock(&slot->lists);
}

/* ---- the slot ---- */

int np_slot_create(struct netpol_ctx *ctx, struct netpol_slot **out)
{
    struct netpol_slot *slot = np_image_alloc(ctx, sizeof *slot);
    if (!slot) {
        return NETPOL_ERR_MEMORY;
    }
    memset(slot, 0, sizeof *slot);
    atomic_init(&slot->view, NULL);
    atomic_init(&slot->epoch, 1);
    atomic_init(&slot->refs, 1);
    slot->ctx = ctx;
    if (pthread_mutex_init(&slot->publishing, NULL)) {
        np_image_free(ctx, slot, sizeof *slot);
        return NETPOL_ERR_MEMORY;
    }
    if (pthread_mutex_init(&slot->lists, NULL)) {
        pthread_mutex_destroy(&slot->publishing);
        np_image_free(ctx, slot, sizeof *slot);
        return NETPOL_ERR_MEMORY;
    }
    *out = slot;
    return NETPOL_OK;
}

void np_slot_unref(struct netpol_slot *slot)
{
    if (atomic_fetch_sub_explicit(&slot->refs, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_destroy(&slot->publishing);
        pthread_mutex_destroy(&slot->lists);
        np_image_free(slot->ctx, slot, sizeof *slot);
    }
}

int np_slot_destroy(struct netpol_slot *slot)
{
    pthread_mutex_lock(&slot->publishing);
    if (np_slot_oldest(slot) != UINT64_MAX) {
        pthread_mutex_unlock(&slot->publishing);
        return NETPOL_ERR_STATE;
    }
    atomic_store_explicit(&slot->view, NULL, memory_order_release);
    np_slot_retire(slot);
    pthread_mutex_lock(&slot->lists);
    struct np_published *p = slot->published;
    slot->published = NULL;
    pthread_mutex_unlock(&slot->lists);
    while (p) {
        struct np_published *next = p->next;
        release(slot, p);
        p = next;
    }
    pthread_mutex_unlock(&slot->publishing);
    np_slot_unref(slot);
    return NETPOL_OK;
}

void np_slot_after_fork(struct netpol_slot *slot)
{
    for (struct netpol_reader *reader = slot->readers; reader; reader = reader->next) {
        reader->depth = 0;
        reader->view = NULL;
        atomic_store_explicit(&reader->inside, 0, memory_order_relaxed);
    }
    for (struct np_published *p = slot->published; p; p = p->next) {
        p->borrows = 0;
    }
}
