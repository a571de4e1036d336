/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses the runtime library alone, from outside: maps the image that consumer.c left, asks it what
 * consumer.c asked the compiled policy, and prints the library's version.
 */
#include <netpol/change.h>
#include <netpol/eval.h>
#include <netpol/image.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *what)
{
    fprintf(stderr, "failed: %s\n", what);
    return 1;
}

static const char *ask(const struct netpol_view *view)
{
    struct netpol_tuple tuples[2];
    struct netpol_verdict verdicts[2], one;
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_point ingress = {0, NETPOL_SIDE_INGRESS, 0, 0};

    memset(tuples, 0, sizeof tuples);
    tuples[0].family = 4;
    tuples[0].protocol = 6;
    tuples[0].src[0] = tuples[0].dst[0] = 10;
    tuples[0].src[3] = 1;
    tuples[0].dst[3] = 2;
    tuples[0].dst_port = 5432;
    tuples[1] = tuples[0];
    tuples[1].dst_port = 5433;
    if (netpol_eval_batch(view, tuples, verdicts, 2) != NETPOL_OK ||
        verdicts[0].action != NETPOL_ALLOW || verdicts[1].action != NETPOL_DENY)
        return "a batch";
    if (netpol_eval(view, &tuples[1], &one) != NETPOL_OK || memcmp(&one, &verdicts[1], sizeof one))
        return "one of a batch";
    if (netpol_eval_at(view, &ingress, &tuples[1], NULL, NULL, &one) != NETPOL_OK ||
        one.action != NETPOL_DENY)
        return "a point";
    if (netpol_eval_at(view, &ingress, &tuples[0], &request, NULL, &one) !=
            NETPOL_ERR_UNSUPPORTED ||
        one.action != NETPOL_UNKNOWN)
        return "a request, which needs the model";
    return netpol_view_find(view, "shop", "db") ? NULL : "a name";
}

static const char *describe(const struct netpol_matcher *matcher, const struct netpol_view *view)
{
    struct netpol_tuple tuple;
    struct netpol_verdict verdict;
    struct netpol_rule_info info;

    memset(&tuple, 0, sizeof tuple);
    tuple.flags = NETPOL_TUPLE_DST_REF;
    tuple.dst_ref = netpol_view_find(view, "shop", "db");
    tuple.family = 4;
    tuple.src[0] = 192;
    tuple.protocol = 6;
    if (netpol_eval(view, &tuple, &verdict) != NETPOL_OK || verdict.action != NETPOL_DENY ||
        netpol_rule_describe(matcher, verdict.ingress.rule, verdict.generation, &info) != NETPOL_OK)
        return "describing a decision";
    return strcmp(info.policy, "NetworkPolicy/shop/db") == 0 ? NULL : "the policy's name";
}

/* Publishes the view, which the slot then owns, and asks through a reader. */
static const char *publish(struct netpol_ctx *ctx, struct netpol_view *view)
{
    struct netpol_slot *slot = NULL;
    struct netpol_reader *reader = NULL;
    const char *wrong = NULL;

    if (netpol_slot_create(ctx, &slot) != NETPOL_OK ||
        netpol_slot_publish(slot, view, 0) != NETPOL_OK ||
        netpol_reader_create(slot, &reader) != NETPOL_OK)
        wrong = "publishing";
    else
        wrong = ask(netpol_reader_enter(reader));
    netpol_reader_destroy(reader);
    return netpol_slot_destroy(slot) == NETPOL_OK ? wrong : "ending a slot";
}

int main(int argc, char **argv)
{
    struct netpol_ctx *ctx = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    const char *why = "", *wrong;

    if (argc != 2 || netpol_ctx_create(NULL, &ctx) != NETPOL_OK)
        return failed("usage: runtime IMAGE");
    if (netpol_matcher_map(ctx, argv[1], 0, &why, &matcher) != NETPOL_OK)
        return failed(why);
    if (netpol_view_create(matcher, NULL, &view) != NETPOL_OK)
        return failed("a view");
    wrong = ask(view);
    if (!wrong)
        wrong = describe(matcher, view);
    if (!wrong)
        wrong = publish(ctx, view);
    netpol_matcher_unref(matcher);
    netpol_ctx_destroy(ctx);
    puts(netpol_version());
    return wrong ? failed(wrong) : 0;
}
