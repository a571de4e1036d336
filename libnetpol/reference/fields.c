/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a request, each as one dialect's view reads it, with its presence: ABSENT, PRESENT
 * or NOT_ASKED are three different things. What earlier rules did to headers is seen here.
 *
 * Calico's path is read in its normal form (model/http_path.h), Cilium's as its proxy makes it
 * (model/proxy_path.h). Istio's is judged as given, without query and fragment; where its normal
 * form would be another path (escapes, dot segments, doubled slashes), the field is in doubt and
 * the answer stays INSPECT: guessing could allow what the proxy refuses.
 */
#include "reference/internal.h"
#include "base/defect.h"

enum np_parser np_view_parser(uint8_t view)
{
    switch (view) {
    case NP_VIEW_METHOD:
    case NP_VIEW_PATH_CILIUM:
    case NP_VIEW_PATH_ISTIO:
    case NP_VIEW_PATH_CALICO:
    case NP_VIEW_PATH_RAW:
    case NP_VIEW_AUTHORITY_RAW:
    case NP_VIEW_AUTHORITY_FOLDED:
    case NP_VIEW_HEADER:
        return NP_PARSER_HTTP;
    case NP_VIEW_DNS_QUERY:
        return NP_PARSER_DNS;
    case NP_VIEW_KAFKA_API_KEY:
    case NP_VIEW_KAFKA_API_VERSION:
    case NP_VIEW_KAFKA_CLIENT:
    case NP_VIEW_KAFKA_TOPIC:
        return NP_PARSER_KAFKA;
    default:
        return NP_PARSER_NONE;
    }
}

static np_truth readable_tls(const struct netpol_request *request)
{
    if (request->payload == NETPOL_PAYLOAD_TLS || request->sni.presence == NETPOL_PRESENT) {
        return NP_YES;
    }
    return request->sni.presence == NETPOL_NOT_ASKED ? NP_MAYBE | NP_CAUSE_REQUEST : NP_NO;
}

static enum np_proxy_path_state read_proxy_path(const struct np_walk *walk,
                                                struct np_proxy_path *out)
{
    enum { ON, OFF }; /* the order of option http_normalize */
    struct np_slice whole = np_slice_from(walk->hop->request->path);
    for (size_t i = 0; np_defect(CILIUM_QUERY_DROPPED) && i < whole.len; i++) {
        whole.len = whole.ptr[i] == '?' ? i : whole.len;
    }
    return np_proxy_path_read(whole, walk->model->options.http_normalize == ON, out);
}

/*
 * Cilium's proxy answers some requests itself, by an error or a redirect, for their path alone: no
 * rule sees them, also none that does not ask for a path.
 */
static np_truth seen_by_rules(const struct np_walk *walk)
{
    enum { KUBERNETES, CALICO, CILIUM }; /* the order of option engine */
    struct np_proxy_path path;
    if (walk->model->options.engine != CILIUM || walk->hop->request->path.len == 0) {
        return NP_YES;
    }
    switch (read_proxy_path(walk, &path)) {
    case NP_PROXY_PATH_READ:
        return NP_YES;
    case NP_PROXY_PATH_REFUSED:
        return NP_NO;
    default:
        return NP_MAYBE | NP_CAUSE_REQUEST;
    }
}

np_truth np_readable(const struct np_walk *walk, enum np_parser parser)
{
    static const uint8_t kinds[] = {[NP_PARSER_HTTP] = NETPOL_REQUEST_HTTP,
                                    [NP_PARSER_DNS] = NETPOL_REQUEST_DNS,
                                    [NP_PARSER_KAFKA] = NETPOL_REQUEST_KAFKA};
    const struct netpol_request *request = walk->hop->request;
    if (!request) {
        return NP_MAYBE | NP_CAUSE_REQUEST;
    }
    /* The receiving proxy opens what the mesh encrypts; a proxy in the network plane does not. */
    bool opened = walk->checkpoint && walk->checkpoint->plane == NETPOL_PLANE_MESH;
    bool hidden =
        request->payload == NETPOL_PAYLOAD_TLS || request->payload == NETPOL_PAYLOAD_HBONE;
    if (request->payload == NETPOL_PAYLOAD_OPAQUE) {
        return NP_NO;
    }
    if (parser == NP_PARSER_TLS) {
        return request->payload == NETPOL_PAYLOAD_HBONE && !opened ? NP_NO : readable_tls(request);
    }
    if (hidden && !opened) { /* unless a proxy of this plane is told to end TLS */
        np_truth ended = request->payload == NETPOL_PAYLOAD_TLS ? walk->opened : NP_NO;
        if (ended != NP_YES) {
            return ended;
        }
    }
    if (parser == NP_PARSER_OTHER || request->kind == NETPOL_REQUEST_NONE) {
        return NP_MAYBE | NP_CAUSE_REQUEST;
    }
    bool spoken = parser <= NP_PARSER_KAFKA && request->kind == kinds[parser];
    return spoken && parser == NP_PARSER_HTTP && !opened ? seen_by_rules(walk)
                                                         : np_truth_of(spoken);
}

/* ---- headers, with what rules did to them ---- */

static bool next_header(const void *source, uint64_t *cursor, struct np_slice *value)
{
    const struct np_header_view *view = source;
    const struct netpol_request *request = view->walk->hop->request;
    const struct np_effects *effects = view->walk->hop->effects;
    struct np_slice name = np_str_slice(view->name);
    uint64_t own = view->base == UINT32_MAX ? request->n_headers : 0;
    for (; *cursor < own; ++*cursor) {
        if (np_slice_same(np_slice_from(request->headers[*cursor].name), name)) {
            *value = np_slice_from(request->headers[(*cursor)++].value);
            return true;
        }
    }
    uint32_t first = view->base == UINT32_MAX ? 0 : view->base;
    for (; effects && first + (*cursor - own) < view->walk->seen; ++*cursor) {
        const struct np_effect *effect = effects->items[first + (*cursor - own)].effect;
        bool gives =
            effect->kind == NP_EFFECT_ADD_HEADER || effect->kind == NP_EFFECT_REPLACE_HEADER;
        if (gives && np_slice_same(np_str_slice(effect->name), name)) {
            *value = np_str_slice(effect->value);
            ++*cursor;
            return true;
        }
    }
    return false;
}

static void field_header(const struct np_walk *walk, np_str name, struct np_field *out)
{
    const struct np_effects *effects = walk->hop->effects;
    out->header_view = (struct np_header_view){walk, name, UINT32_MAX};
    for (uint32_t i = 0; effects && i < walk->seen; i++) {
        const struct np_applied *applied = &effects->items[i];
        if (!np_slice_same(np_str_slice(applied->effect->name), np_str_slice(name))) {
            continue;
        }
        if (np_is_maybe(applied->truth)) {
            out->doubt |= applied->truth;
        } else if (applied->effect->kind == NP_EFFECT_REPLACE_HEADER ||
                   applied->effect->kind == NP_EFFECT_DELETE_HEADER) {
            out->header_view.base = i;
        }
    }
    if (walk->model->n_effects && (!effects || effects->overflow)) {
        out->doubt |= NP_MAYBE | NP_CAUSE_REQUEST;
    }
    out->header = true;
    out->pieces = (struct np_pieces){&out->header_view, next_header};
}

/* ---- the other fields that may have several values ---- */

static bool next_principal(const void *source, uint64_t *cursor, struct np_slice *value)
{
    const struct netpol_request *request = source;
    if (*cursor >= request->n_principals) {
        return false;
    }
    *value = np_slice_from(request->principals[(*cursor)++]);
    return true;
}

static bool next_topic(const void *source, uint64_t *cursor, struct np_slice *value)
{
    const struct netpol_request *request = source;
    if (*cursor >= request->n_kafka_topics) {
        return false;
    }
    *value = np_slice_from(request->kafka_topics[(*cursor)++]);
    return true;
}

static bool next_claim(const void *source, uint64_t *cursor, struct np_slice *value)
{
    const struct np_header_view *view = source; /* the same two things: where, and which name */
    const struct netpol_request *request = view->walk->hop->request;
    for (; *cursor < request->n_claims; ++*cursor) {
        const struct netpol_pair *claim = &request->claims[*cursor];
        if (np_slice_equal(np_slice_from(claim->name), np_str_slice(view->name))) {
            *value = np_slice_from(claim->value);
            ++*cursor;
            return true;
        }
    }
    return false;
}

/* ---- paths ---- */

static bool segment_changes(struct np_slice segment, bool last)
{
    return (segment.len == 0 && !last) || np_slice_is(segment, ".") || np_slice_is(segment, "..");
}

/* Would normalisation change it? */
static bool is_plain_path(struct np_slice path)
{
    size_t begin = 1;
    for (size_t i = 1; i <= path.len; i++) {
        char c = i < path.len ? path.ptr[i] : '/';
        if (c == '%' || c == '\\' || c == ';' || c == '\0') {
            return false;
        }
        if (c == '/') {
            if (segment_changes((struct np_slice){path.ptr + begin, i - begin}, i == path.len)) {
                return false;
            }
            begin = i + 1;
        }
    }
    return true;
}

static void field_normal_path(struct np_slice whole, struct np_field *out)
{
    out->normal = np_http_path_read(whole, &out->path) == NP_HTTP_PATH_NORMAL;
    out->rejected = !out->normal;
}

static void field_proxy_path(const struct np_walk *walk, struct np_field *out)
{
    enum np_proxy_path_state state = read_proxy_path(walk, &out->proxy);
    out->proxied = state == NP_PROXY_PATH_READ;
    out->rejected = state == NP_PROXY_PATH_REFUSED;
    out->doubt = state == NP_PROXY_PATH_DOUBT ? NP_MAYBE | NP_CAUSE_REQUEST : 0;
}

static void field_path(struct np_slice whole, struct np_field *out)
{
    struct np_slice path = whole;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '?' || path.ptr[i] == '#') {
            path.len = i;
        }
    }
    if (path.len && path.ptr[0] == '/' && !is_plain_path(path)) {
        out->doubt = NP_MAYBE | NP_CAUSE_REQUEST;
    }
    out->value = path;
}

/* ---- which field ---- */

static void field_kafka_version(const struct netpol_request *request, struct np_field *out)
{
    uint32_t rest = (uint32_t)request->kafka_api_version;
    size_t at = sizeof out->digits;
    if (request->kafka_api_version < 0) {
        out->presence = NETPOL_ABSENT;
        return;
    }
    do {
        out->digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    out->value = (struct np_slice){out->digits + at, sizeof out->digits - at};
}

/* A field of a protocol that is readable and in hand. */
static void field_in_hand(const struct np_walk *walk, const struct np_expr *atom,
                          struct np_field *out)
{
    const struct netpol_request *request = walk->hop->request;
    switch (atom->view) {
    case NP_VIEW_METHOD:
        out->value = np_slice_from(request->method);
        break;
    case NP_VIEW_PATH_CILIUM:
        out->value = np_slice_from(request->path); /* for its presence */
        field_proxy_path(walk, out);
        break;
    case NP_VIEW_PATH_ISTIO:
        field_path(np_slice_from(request->path), out);
        break;
    case NP_VIEW_PATH_CALICO:
        out->value = np_slice_from(request->path); /* for its presence */
        field_normal_path(out->value, out);
        break;
    case NP_VIEW_PATH_RAW:
        out->value = np_slice_from(request->path);
        break;
    case NP_VIEW_AUTHORITY_FOLDED:
        out->fold_case = true;
        out->value = np_slice_from(request->authority);
        break;
    case NP_VIEW_AUTHORITY_RAW:
        out->value = np_slice_from(request->authority);
        break;
    case NP_VIEW_DNS_QUERY:
        out->value = np_slice_from(request->dns_query);
        break;
    case NP_VIEW_KAFKA_API_KEY:
        out->value = np_slice_from(request->kafka_api_key);
        break;
    case NP_VIEW_KAFKA_CLIENT:
        out->value = np_slice_from(request->kafka_client);
        break;
    case NP_VIEW_KAFKA_API_VERSION:
        field_kafka_version(request, out);
        return;
    case NP_VIEW_KAFKA_TOPIC:
        if (walk->topic) {
            out->value = np_slice_from(*walk->topic);
        } else {
            out->pieces = (struct np_pieces){request, next_topic};
        }
        break;
    default:
        field_header(walk, atom->name, out);
        break;
    }
    if (!out->pieces.next && out->value.len == 0) {
        out->presence = NETPOL_ABSENT;
    }
}

static uint8_t presence_of(bool asked, bool present)
{
    return !asked ? NETPOL_NOT_ASKED : present ? NETPOL_PRESENT : NETPOL_ABSENT;
}

/* A field of the connection. */
static void field_of_connection(const struct np_walk *walk, const struct np_expr *atom,
                                struct np_field *out)
{
    const struct netpol_request *request = walk->hop->request;
    switch (request ? atom->view : NP_VIEW_COUNT) {
    case NP_VIEW_PRINCIPALS:
    case NP_VIEW_MTLS:
        out->presence = request->principals_presence;
        out->pieces = (struct np_pieces){request, next_principal};
        break;
    case NP_VIEW_SNI:
        out->presence = request->sni.presence;
        out->value = np_slice_from(request->sni.value);
        break;
    case NP_VIEW_CLAIM:
        out->presence = request->claims_presence;
        out->header_view = (struct np_header_view){walk, atom->name, 0};
        out->pieces = (struct np_pieces){&out->header_view, next_claim};
        break;
    case NP_VIEW_TOKEN_INVALID:
        out->presence = presence_of(true, request->token == NETPOL_TOKEN_INVALID);
        break;
    case NP_VIEW_AUTHENTICATED:
        out->presence = presence_of(request->authenticated != NETPOL_TRI_NOT_SAID,
                                    request->authenticated == NETPOL_TRI_YES);
        break;
    default:
        out->presence = NETPOL_NOT_ASKED;
        break;
    }
}

void np_field_of(const struct np_walk *walk, const struct np_expr *atom, struct np_field *out)
{
    enum np_parser parser = np_view_parser(atom->view);
    *out = (struct np_field){.presence = NETPOL_PRESENT};
    if (parser == NP_PARSER_NONE) {
        field_of_connection(walk, atom, out);
    } else {
        np_truth readable = np_readable(walk, parser);
        out->presence = presence_of(!np_is_maybe(readable), readable == NP_YES);
        if (readable == NP_YES) {
            field_in_hand(walk, atom, out);
        }
    }
    if (out->presence == NETPOL_PRESENT && out->pieces.next) {
        uint64_t cursor = 0;
        struct np_slice value;
        if (!out->pieces.next(out->pieces.source, &cursor, &value)) {
            out->presence = NETPOL_ABSENT;
        }
    }
}
