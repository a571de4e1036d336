/* SPDX-License-Identifier: Apache-2.0 */
/* From judged intervals to the spans of a row. */
#include "analyze/list.h"

static bool wanted(const struct np_list *list, const struct np_interval *interval, int which)
{
    const uint8_t asked[NP_LIST_ROWS] = {list->options->denied ? NETPOL_DENY : NETPOL_ALLOW,
                                         NETPOL_INSPECT, NETPOL_UNKNOWN};
    return np_interval_action(interval) == asked[which];
}

static bool add_span(const struct np_list *list, struct np_verdicts *out, int which,
                     const struct np_interval *interval)
{
    size_t count = out->spans[which].count;
    struct netpol_span *last = count ? &out->spans[which].items[count - 1] : NULL;
    if (last && last->protocol == interval->protocol && interval->ports &&
        last->last + 1 == interval->first) {
        last->last = interval->last;
        return true;
    }
    struct netpol_span *span = np_vec_push(list->ctx, &out->spans[which]);
    if (!span) {
        return false;
    }
    *span = (struct netpol_span){interval->protocol, interval->first, interval->last};
    return true;
}

static int collect(const struct np_list *list, struct np_verdicts *out)
{
    for (int which = 0; which < NP_LIST_ROWS; which++) {
        out->spans[which].count = 0;
        out->all[which] = true;
        out->any[which] = out->others[which] = false;
        for (size_t i = 0; i < list->intervals.count; i++) {
            const struct np_interval *interval = &list->intervals.items[i];
            if (!wanted(list, interval, which)) {
                out->all[which] = false;
                continue;
            }
            out->any[which] = true;
            if (interval->other) {
                out->others[which] = true;
            } else if (!add_span(list, out, which, interval)) {
                return NETPOL_ERR_MEMORY;
            }
        }
        out->all[which] = out->all[which] && out->any[which];
        if (out->all[which]) {
            out->spans[which].count = 0;
        }
    }
    return NETPOL_OK;
}

/* What either family allows: a connection may use the better one. Intervals are cut alike. */
static int join_family(struct np_list *list)
{
    for (size_t i = 0; i < list->more.count; i++) {
        const struct np_interval *extra = &list->more.items[i];
        struct np_interval *same = NULL;
        for (size_t j = 0; j < list->intervals.count && !same; j++) {
            struct np_interval *known = &list->intervals.items[j];
            same =
                known->protocol == extra->protocol && known->first == extra->first ? known : NULL;
        }
        if (!same) {
            same = np_vec_push(list->ctx, &list->intervals);
            if (!same) {
                return NETPOL_ERR_MEMORY;
            }
            *same = *extra;
        } else if (np_interval_action(extra) < np_interval_action(same)) {
            *same = *extra;
        }
    }
    return NETPOL_OK;
}

int np_list_pair(struct np_list *list, const struct np_class *src, const struct np_endpoint *from,
                 const struct np_class *dst, const struct np_endpoint *to, struct np_verdicts *out)
{
    struct np_hop hop;
    uint8_t both = np_survey_families(from) & np_survey_families(to);
    uint8_t family = np_survey_family(from, to);
    list->intervals.count = 0;
    if (!np_survey_hop(&list->survey, from, to, family, &hop)) {
        return NETPOL_ERR_INTERNAL; /* an endpoint of the inventory that the inventory does not know
                                     */
    }
    int status = np_survey_judge(&list->survey, src, dst, &hop, &list->intervals);
    if (status == NETPOL_OK && both == NP_FAMILY_ANY &&
        np_survey_hop(&list->survey, from, to, NP_IPV6, &hop)) {
        status = np_survey_judge(&list->survey, src, dst, &hop, &list->more);
        if (status == NETPOL_OK) {
            status = join_family(list);
        }
    }
    return status == NETPOL_OK ? collect(list, out) : status;
}

/* The end has the names that were learnt for the address. */
static void take_names(const struct np_list *list, const struct np_address *address,
                       struct np_end *end)
{
    const struct np_named *named[2];
    struct netpol_tuple tuple = {.family = address->family == NP_IPV4 ? 4 : 6, .protocol = 6};
    if (!list->view->endpoints) {
        return;
    }
    memcpy(tuple.src, address->bytes, sizeof tuple.src);
    memcpy(tuple.dst, address->bytes, sizeof tuple.dst);
    np_match_named(&list->view->matcher->hot, np_endpoints_table(list->view->endpoints), &tuple,
                   named);
    if (named[1]) {
        end->names = named[1]->names;
        end->n_names = named[1]->n_names;
        end->names_given = true;
    }
}

int np_list_outside(struct np_list *list, const struct np_unit *unit,
                    const struct np_segment *segment, bool from_outside, struct np_verdicts *out)
{
    struct np_hop hop;
    if (!np_survey_hop_address(&list->survey, unit->first, &segment->sample, from_outside, &hop)) {
        return NETPOL_ERR_INTERNAL;
    }
    if (np_address_equal(&segment->first, &segment->last)) {
        take_names(list, &segment->sample, from_outside ? &hop.src : &hop.dst);
        hop.original = hop.dst;
    }
    int status = np_survey_judge(&list->survey, from_outside ? NULL : unit->class,
                                 from_outside ? unit->class : NULL, &hop, &list->intervals);
    return status == NETPOL_OK ? collect(list, out) : status;
}

bool np_verdicts_equal(const struct np_verdicts *a, const struct np_verdicts *b)
{
    for (int which = 0; which < NP_LIST_ROWS; which++) {
        size_t count = a->spans[which].count;
        if (a->all[which] != b->all[which] || a->others[which] != b->others[which] ||
            a->any[which] != b->any[which] || count != b->spans[which].count) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            const struct netpol_span *x = &a->spans[which].items[i], *y = &b->spans[which].items[i];
            if (x->protocol != y->protocol || x->first != y->first || x->last != y->last) {
                return false;
            }
        }
    }
    return true;
}

void np_verdicts_free(const struct netpol_ctx *ctx, struct np_verdicts *verdicts)
{
    for (int which = 0; which < NP_LIST_ROWS; which++) {
        np_vec_free(ctx, &verdicts->spans[which]);
    }
}

int np_list_emit(struct np_list *list, const char *src, const char *dst,
                 const struct np_verdicts *verdicts)
{
    for (int which = 0; which < NP_LIST_ROWS; which++) {
        struct netpol_reach reach = {.src = src,
                                     .dst = dst,
                                     .all = verdicts->all[which],
                                     .others = verdicts->others[which] && !verdicts->all[which],
                                     .spans = verdicts->spans[which].items,
                                     .n_spans = verdicts->spans[which].count,
                                     .certain = which == NP_LIST_CERTAIN,
                                     .request = which == NP_LIST_REQUEST};
        if (verdicts->any[which] && list->row(list->user, &reach) != 0) {
            return NETPOL_ERR_IO;
        }
    }
    return NETPOL_OK;
}
