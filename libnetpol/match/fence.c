/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher's side of fence.h. */
#define _DEFAULT_SOURCE /* syscall */
#include "match/fence.h"

#if defined(__linux__) && !defined(NP_FENCE_BY_NUMBER)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__linux__) && !defined(NP_FENCE_BY_NUMBER) && defined(SYS_membarrier)
/* From linux/membarrier.h, whose header is not everywhere where the call is. */
enum { PRIVATE_EXPEDITED = 1 << 3, REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

static bool membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}
#else
enum { PRIVATE_EXPEDITED, REGISTER_PRIVATE_EXPEDITED };

static bool membarrier(int command)
{
    (void)command;
    return false;
}
#endif

void np_fence_init(struct np_fence *fence)
{
    fence->asymmetric = membarrier(REGISTER_PRIVATE_EXPEDITED) && membarrier(PRIVATE_EXPEDITED);
    atomic_init(&fence->number, 0);
}

bool np_fence_heavy(struct np_fence *fence)
{
#ifdef NP_FENCE_BY_NUMBER
    atomic_fetch_add_explicit(&fence->number, 1, memory_order_acq_rel);
    return true;
#else
    atomic_thread_fence(memory_order_seq_cst);
    return !fence->asymmetric || membarrier(PRIVATE_EXPEDITED);
#endif
}
