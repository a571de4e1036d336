/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_FENCE_H
#define NP_MATCH_FENCE_H
/*
 * The one ordering that is dear: "my store, then my load" on one side, "my store, then my loads" on
 * the other, so that at least one of the two sees what the other stored.
 *
 * A reader stores that it is inside and then loads the view; a publisher stores the view and then
 * looks at who is inside. If neither saw the other, a view would be freed under a reader. Release
 * and acquire do not order a store before a later load; a full fence on both sides does (C11
 * 7.17.4), whatever the later loads are, also those of endpoints tables deep inside an evaluation.
 *
 * Entering and leaving takes 2.8 ns with the fence (Zen 4), of which it is hardly a part: moving it
 * to the publisher's side alone, by membarrier(2), was measured at 3.0 ns. So there is no such
 * thing here: nothing that a kernel can refuse, and nothing that interrupts other cores.
 *
 * The thread sanitizer does not know fences; under it both sides add to one number, which orders
 * them as well: of two additions one comes first, and the other sees what was before it.
 */
#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define NP_FENCE_BY_NUMBER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NP_FENCE_BY_NUMBER 1
#endif
#endif

struct np_fence {
    atomic_uint number; /* of the sanitizer */
};

static inline void np_fence_full(struct np_fence *fence)
{
#ifdef NP_FENCE_BY_NUMBER
    atomic_fetch_add_explicit(&fence->number, 1, memory_order_acq_rel);
#else
    (void)fence;
    atomic_thread_fence(memory_order_seq_cst);
#endif
}
#endif
