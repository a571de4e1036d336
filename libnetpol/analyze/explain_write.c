/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations as text for people and as one JSON object. */
#include "analyze/explain.h"

enum { LINE_WIDTH = 96 };

const char *np_color(bool on, enum np_color color)
{
    static const char *const codes[] = {"\033[0m",  "\033[1m",  "\033[2m",
                                        "\033[31m", "\033[32m", "\033[33m"};
    return on ? codes[color] : "";
}

enum np_color np_action_color(int action)
{
    return action == NETPOL_ALLOW ? NP_GREEN : action == NETPOL_DENY ? NP_RED : NP_YELLOW;
}

static void list_missing(struct np_text *out, uint32_t missing, const char *quote)
{
    const char *before = "";
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t one = missing & 1u << bit;
        if (one && strcmp(netpol_missing_text(one), "?") != 0) {
            np_text_addf(out, "%s%s%s%s", before, quote, netpol_missing_text(one), quote);
            before = *quote ? "," : ", ";
        }
    }
}

void np_missing_text(struct np_text *out, uint32_t missing)
{
    list_missing(out, missing, "");
}

void np_missing_json(struct np_text *out, uint32_t missing)
{
    if (missing) {
        np_text_addf(out, ",\"missing\":[");
        list_missing(out, missing, "\"");
        np_text_add(out, "]", 1);
    }
}

/* ---- text ---- */

static const char *mark_of(const struct netpol_step *step)
{
    static const char *const marks[] = {"no   ", "yes  ", "maybe", "-    "};
    return marks[step->match];
}

static void put_position(struct np_text *out, const struct netpol_step *step, bool color)
{
    if (*step->position) {
        np_text_addf(out, "  %s%s%s", np_color(color, NP_DIM), step->position,
                     np_color(color, NP_PLAIN));
    }
}

static void put_why(struct np_text *out, const struct netpol_step *step, const char *before)
{
    if (*step->why) {
        np_text_addf(out, "%s%s", before, step->why);
    }
}

static void put_rule(struct np_text *out, const struct netpol_step *step, bool color)
{
    bool hit = step->match == NETPOL_MATCH_YES || step->match == NETPOL_MATCH_MAYBE;
    np_text_addf(out, "%s %s", mark_of(step), step->name);
    if (hit && step->action >= 0) {
        np_text_addf(out, "  %s%s%s", np_color(color, np_action_color(step->action)),
                     netpol_action_text(step->action), np_color(color, NP_PLAIN));
    } else if (hit) {
        np_text_addf(out, "  %s", step->kind == NETPOL_STEP_NOTE ? "noted" : "pass");
    }
    if (step->match == NETPOL_MATCH_NOT_REACHED) {
        np_text_addf(out, "  not reached, decided before");
    } else {
        put_why(out, step, "  ");
    }
    put_position(out, step, color);
}

static void put_tier_end(struct np_text *out, const struct netpol_step *step, bool color)
{
    bool applies =
        step->action >= 0 && (step->match == NETPOL_MATCH_YES || step->match == NETPOL_MATCH_MAYBE);
    np_text_addf(out, "end of tier: ");
    if (step->match == NETPOL_MATCH_NOT_REACHED) {
        np_text_addf(out, "not reached");
        return;
    }
    if (applies) {
        np_text_addf(out, "%s%s%s", np_color(color, np_action_color(step->action)),
                     netpol_action_text(step->action), np_color(color, NP_PLAIN));
    }
    put_why(out, step, applies ? ", " : "");
}

static void put_step(struct np_text *out, const struct netpol_step *step, bool color)
{
    np_text_addf(out, "%*s", step->depth * 2, "");
    switch (step->kind) {
    case NETPOL_STEP_CHECKPOINT:
        np_text_addf(out, "%s%s%s", np_color(color, NP_BOLD), step->name,
                     np_color(color, NP_PLAIN));
        break;
    case NETPOL_STEP_STAGE:
        np_text_addf(out, "stage %s%s", step->name,
                     step->match == NETPOL_MATCH_NO ? ": not for this traffic" : "");
        break;
    case NETPOL_STEP_TIER:
        np_text_addf(out, "tier %s%s", step->name,
                     step->match == NETPOL_MATCH_NOT_REACHED ? ": not reached" : "");
        break;
    case NETPOL_STEP_POLICY:
        np_text_addf(out, "%s", step->name);
        put_why(out, step, " ");
        put_position(out, step, color);
        break;
    case NETPOL_STEP_TIER_END:
        put_tier_end(out, step, color);
        break;
    case NETPOL_STEP_DECISION:
        np_text_addf(out, "=> %s%s%s", np_color(color, np_action_color(step->action)), step->name,
                     np_color(color, NP_PLAIN));
        put_why(out, step, ", ");
        put_position(out, step, color);
        break;
    default:
        if (*step->name) {
            put_rule(out, step, color);
        } else {
            np_text_addf(out, "%s", step->why);
        }
        break;
    }
    np_text_add(out, "\n", 1);
}

static void put_options(struct np_text *out, const struct netpol_matcher *matcher, bool color)
{
    size_t width = 0;
    np_text_addf(out, "%sprofile %s; options:", np_color(color, NP_DIM),
                 np_whole_of(matcher)->profile);
    width = strlen(np_whole_of(matcher)->profile) + 17;
    for (size_t i = 0; i < NP_OPTION_COUNT; i++) {
        const char *name = np_option_info(i)->name;
        size_t len = strlen(name) + strlen(np_whole_of(matcher)->option_values[i]) + 2;
        if (width + len > LINE_WIDTH) {
            np_text_addf(out, "\n ");
            width = 1;
        }
        np_text_addf(out, " %s=%s", name, np_whole_of(matcher)->option_values[i]);
        width += len;
    }
    np_text_addf(out, "%s\n", np_color(color, NP_PLAIN));
}

void np_explanation_text(const struct netpol_explanation *e, bool color, struct np_text *out)
{
    for (size_t i = 0; i < e->steps.count; i++) {
        put_step(out, &e->steps.items[i], color);
    }
    if (e->steps.count == 0) {
        np_text_addf(out, "nothing judges this connection\n");
    }
    put_options(out, e->matcher, color);
}

/* ---- JSON ---- */

static void json_step(struct np_text *out, const struct netpol_matcher *matcher,
                      const struct netpol_step *step)
{
    static const char *const kinds[] = {"checkpoint", "stage",    "tier",     "policy",
                                        "rule",       "tier-end", "decision", "note"};
    static const char *const matches[] = {"no", "yes", "maybe", "not-reached"};
    np_text_addf(out, "{\"kind\":\"%s\",\"match\":\"%s\",\"depth\":%d,\"name\":", kinds[step->kind],
                 matches[step->match], step->depth);
    np_text_json(out, np_slice_of(step->name));
    if (step->action >= 0) {
        np_text_addf(out, ",\"action\":\"%s\"", netpol_action_text(step->action));
    }
    if (*step->position) {
        np_text_addf(out, ",\"position\":");
        np_text_json(out, np_slice_of(step->position));
    }
    if (*step->why) {
        np_text_addf(out, ",\"why\":");
        np_text_json(out, np_slice_of(step->why));
    }
    np_missing_json(out, step->missing);
    np_program_json(out, matcher, step->program);
    np_text_add(out, "}", 1);
}

void np_explanation_json(const struct netpol_explanation *e, struct np_text *out)
{
    np_text_addf(out, "{\"version\":1,\"verdict\":\"%s\",\"profile\":",
                 netpol_action_text(e->verdict.action));
    np_text_json(out, np_slice_of(np_whole_of(e->matcher)->profile));
    np_text_addf(out, ",\"options\":{");
    for (size_t i = 0; i < NP_OPTION_COUNT; i++) {
        np_text_addf(out, "%s\"%s\":\"%s\"", i ? "," : "", np_option_info(i)->name,
                     np_whole_of(e->matcher)->option_values[i]);
    }
    np_text_addf(out, "},\"steps\":[");
    for (size_t i = 0; i < e->steps.count; i++) {
        np_text_add(out, ",", i ? 1 : 0);
        json_step(out, e->matcher, &e->steps.items[i]);
    }
    np_text_addf(out, "]}");
}

int np_explanation_write(const struct netpol_explanation *e, bool json, bool color,
                         netpol_sink_fn sink, void *user)
{
    struct np_text out np_auto(np_text_free);
    np_text_init(&out, e->ctx);
    if (json) {
        np_explanation_json(e, &out);
    } else {
        np_explanation_text(e, color, &out);
    }
    if (out.failed) {
        return NETPOL_ERR_MEMORY;
    }
    return sink(user, out.ptr, out.len) == 0 ? NETPOL_OK : NETPOL_ERR_IO;
}
