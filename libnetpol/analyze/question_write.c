/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as text and as the JSON line of the question format. */
#include "analyze/question.h"

static const struct netpol_rule_info *rule_of(const struct netpol_answer *answer, uint32_t number)
{
    static const struct netpol_rule_info none = {
        .policy = "", .rule = "", .title = "", .position = "", .tier = "", .option = ""};
    const struct netpol_rule_info *info = np_matcher_rule(answer->matcher, number);
    return info ? info : &none;
}

static int ok_of(const struct netpol_answer *answer)
{
    return answer->expects < 0 ? -1 : answer->expects == answer->action;
}

void np_answer_get(const struct netpol_answer *answer, struct netpol_answer_info *out)
{
    const struct netpol_rule_info *rule = rule_of(answer, answer->rule);
    *out = (struct netpol_answer_info){.action = answer->action,
                                       .plane = answer->plane,
                                       .side = answer->side,
                                       .reason = answer->reason,
                                       .missing = answer->missing,
                                       .policy = rule->policy,
                                       .rule = rule->rule,
                                       .position = rule->position,
                                       .note = answer->note,
                                       .ok = ok_of(answer),
                                       .paths = answer->n_paths};
}

/* ---- JSON ---- */

static void json_member(struct np_text *out, const char *name, const char *value)
{
    np_text_addf(out, ",\"%s\":", name);
    np_text_json(out, np_slice_of(value));
}

static void json_rule(struct np_text *out, const struct netpol_rule_info *rule)
{
    json_member(out, "policy", rule->policy);
    json_member(out, "rule", rule->rule);
    json_member(out, "position", rule->position);
    if (*rule->option) {
        json_member(out, "option", rule->option);
    }
}

static void json_flags(struct np_text *out, uint16_t flags)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } names[] = {
        {NETPOL_PART_LOG,            "log"           },
        {NETPOL_PART_AUDIT,          "audit"         },
        {NETPOL_PART_WOULD_DENY,     "would-deny"    },
        {NETPOL_PART_AUTH_REQUIRED,  "auth-required" },
        {NETPOL_PART_REDIRECT,       "redirect"      },
        {NETPOL_PART_UNTRACKED,      "untracked"     },
        {NETPOL_PART_SHARED_ADDRESS, "shared-address"},
        {NETPOL_PART_INCOMPLETE,     "incomplete"    },
        {NETPOL_PART_STAGED_ALLOW,   "staged-allow"  },
        {NETPOL_PART_STAGED_INSPECT, "staged-inspect"},
        {NETPOL_PART_STAGED_UNKNOWN, "staged-unknown"},
        {NETPOL_PART_STAGED_DENY,    "staged-deny"   }
    };
    const char *before = ",\"flags\":[";
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (flags & names[i].bit) {
            np_text_addf(out, "%s\"%s\"", before, names[i].name);
            before = ",";
            any = true;
        }
    }
    np_text_add(out, "]", any ? 1 : 0);
}

static const char *json_part(const struct netpol_answer *answer, struct np_text *out,
                             const char *before, const char *plane, const char *side,
                             const struct netpol_part *part)
{
    if (!(part->flags & NETPOL_PART_JUDGED)) {
        return before;
    }
    np_text_addf(out, "%s{\"plane\":\"%s\",\"side\":\"%s\",\"verdict\":\"%s\",\"reason\":\"%s\"",
                 before, plane, side, netpol_action_text(part->action),
                 netpol_reason_text(part->reason));
    json_rule(out, rule_of(answer, part->rule));
    json_flags(out, part->flags);
    np_text_add(out, "}", 1);
    return ",";
}

static void json_parts(const struct netpol_answer *answer, struct np_text *out,
                       const struct netpol_verdict *verdict)
{
    const char *before = "";
    np_text_addf(out, ",\"parts\":[");
    before = json_part(answer, out, before, "network", "egress", &verdict->egress);
    before = json_part(answer, out, before, "network", "ingress", &verdict->ingress);
    json_part(answer, out, before, "mesh", "ingress", &verdict->mesh);
    np_text_add(out, "]", 1);
}

static void json_path(const struct netpol_answer *answer, struct np_text *out,
                      const struct np_path *path)
{
    const struct netpol_verdict *verdict = &path->verdict;
    np_text_addf(out, "{\"src\":");
    np_text_json(out, np_slice_of(path->src));
    json_member(out, "dst", path->dst);
    if (!(path->tuple.flags & NETPOL_TUPLE_NO_PORTS)) {
        np_text_addf(out, ",\"port\":%u", path->tuple.dst_port);
    }
    np_text_addf(out, ",\"verdict\":\"%s\"", netpol_action_text(verdict->action));
    json_rule(out, rule_of(answer, np_verdict_part(verdict)->rule));
    np_missing_json(out, verdict->missing);
    json_parts(answer, out, verdict);
    np_text_add(out, "}", 1);
}

static void json_explanations(const struct netpol_answer *answer, struct np_text *out)
{
    np_text_addf(out, ",\"explanations\":[");
    for (uint32_t i = 0; i < answer->n_paths; i++) {
        np_text_add(out, ",", i ? 1 : 0);
        np_explanation_json(answer->paths[i].explanation, out);
    }
    np_text_add(out, "]", 1);
}

static void write_json(const struct netpol_answer *answer, struct np_text *out)
{
    np_text_addf(out, "{\"verdict\":\"%s\",\"plane\":\"%s\",\"side\":\"%s\",\"reason\":\"%s\"",
                 netpol_action_text(answer->action), netpol_plane_text(answer->plane),
                 netpol_side_text(answer->side), netpol_reason_text(answer->reason));
    json_rule(out, rule_of(answer, answer->rule));
    np_missing_json(out, answer->missing);
    if (answer->n_paths == 1) {
        json_parts(answer, out, &answer->paths[0].verdict);
    } else {
        np_text_addf(out, ",\"parts\":[],\"paths\":[");
        for (uint32_t i = 0; i < answer->n_paths; i++) {
            np_text_add(out, ",", i ? 1 : 0);
            json_path(answer, out, &answer->paths[i]);
        }
        np_text_add(out, "]", 1);
    }
    if (*answer->note) {
        json_member(out, "note", answer->note);
    }
    if (np_whole_of(answer->matcher)->model->incomplete) {
        np_text_addf(out, ",\"incomplete\":true");
    }
    if (answer->expects >= 0) {
        np_text_addf(out, ",\"expect\":\"%s\",\"ok\":%s", netpol_action_text(answer->expects),
                     ok_of(answer) ? "true" : "false");
    }
    if (answer->n_paths && answer->paths[0].explanation) {
        json_explanations(answer, out);
    }
    np_text_add(out, "}", 1);
}

/* ---- text ---- */

static void text_part(const struct netpol_answer *answer, struct np_text *out, bool color,
                      const char *side, const struct netpol_part *part)
{
    if (!(part->flags & NETPOL_PART_JUDGED)) {
        return;
    }
    const struct netpol_rule_info *rule = rule_of(answer, part->rule);
    np_text_addf(out, "  %-8s%s%s%s  %s", side, np_color(color, np_action_color(part->action)),
                 netpol_action_text(part->action), np_color(color, NP_PLAIN),
                 netpol_reason_text(part->reason));
    if (*rule->policy) {
        np_text_addf(out, "  %s %s", rule->policy, rule->rule);
    } else if (*rule->option) {
        np_text_addf(out, "  %s", rule->option);
    }
    if (*rule->position) {
        np_text_addf(out, "  %s%s%s", np_color(color, NP_DIM), rule->position,
                     np_color(color, NP_PLAIN));
    }
    np_text_add(out, "\n", 1);
}

static void text_path(const struct netpol_answer *answer, struct np_text *out, bool color,
                      const struct np_path *path)
{
    const struct netpol_verdict *verdict = &path->verdict;
    np_text_addf(out, "%s%s%s: %s -> %s ", np_color(color, np_action_color(verdict->action)),
                 netpol_action_text(verdict->action), np_color(color, NP_PLAIN), path->src,
                 path->dst);
    np_say_protocol(out, path->tuple.protocol);
    if (!(path->tuple.flags & NETPOL_TUPLE_NO_PORTS) && path->tuple.dst_port) {
        np_text_addf(out, " %u", path->tuple.dst_port);
    }
    if (verdict->missing) {
        np_text_addf(out, ", missing: ");
        np_missing_text(out, verdict->missing);
    }
    np_text_add(out, "\n", 1);
    text_part(answer, out, color, "egress", &verdict->egress);
    text_part(answer, out, color, "ingress", &verdict->ingress);
    text_part(answer, out, color, "mesh", &verdict->mesh);
    if (path->explanation) {
        np_text_add(out, "\n", 1);
        np_explanation_text(path->explanation, color, out);
    }
}

static void write_text(const struct netpol_answer *answer, bool color, struct np_text *out)
{
    if (answer->n_paths != 1) {
        np_text_addf(out, "%s%s%s: %s\n", np_color(color, np_action_color(answer->action)),
                     netpol_action_text(answer->action), np_color(color, NP_PLAIN),
                     answer->n_paths == 0               ? "there is no backend"
                     : answer->action == NETPOL_UNKNOWN ? "the backends differ, or one is unknown"
                                                        : "all backends agree");
    }
    for (uint32_t i = 0; i < answer->n_paths; i++) {
        text_path(answer, out, color, &answer->paths[i]);
    }
    if (*answer->note) {
        np_text_addf(out, "  note: %s\n", answer->note);
    }
    if (np_whole_of(answer->matcher)->model->incomplete) {
        np_text_addf(out, "  note: the resources are incomplete, so this answer may be wrong\n");
    }
    if (answer->expects >= 0 && !ok_of(answer)) {
        np_text_addf(out, "  expected: %s\n", netpol_action_text(answer->expects));
    }
}

int np_answer_write(const struct netpol_answer *answer, bool json, bool color, netpol_sink_fn sink,
                    void *user)
{
    struct np_text out np_auto(np_text_free);
    np_text_init(&out, answer->ctx);
    if (json) {
        write_json(answer, &out);
    } else {
        write_text(answer, color, &out);
    }
    if (out.failed) {
        return NETPOL_ERR_MEMORY;
    }
    return sink(user, out.ptr, out.len) == 0 ? NETPOL_OK : NETPOL_ERR_IO;
}
