/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every case and counts: "45 of 45". */
#include "matrix/matrix.h"

#include <stdio.h>

static int run(struct matrix *m, const struct matrix_case *cases, int *total)
{
    int right = 0;
    for (; cases->run; cases++) {
        m->number = cases->number;
        m->failed = false;
        cases->run(m);
        ++*total;
        right += !m->failed;
        if (m->failed) {
            printf("case %d WRONG: %s\n", cases->number, cases->title);
        }
    }
    return right;
}

int main(void)
{
    struct matrix m = {0};
    int total = 0;
    if (netpol_ctx_create(NULL, &m.ctx) != NETPOL_OK) {
        return 1;
    }
    int right = run(&m, kubernetes_cases, &total);
    right += run(&m, cilium_cases, &total);
    right += run(&m, calico_cases, &total);
    right += run(&m, istio_cases, &total);
    drop(&m);
    netpol_ctx_destroy(m.ctx);
    printf("%d of %d\n", right, total);
    return right == total && total == 45 ? 0 : 1;
}
