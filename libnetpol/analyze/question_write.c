/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as text and as the JSON line of the question format. */
#include "analyze/question.h"

static const struct netpol_rule_info *rule_of(const struct netpol_answer *answer, uint32_t number)
{
    static const struct netpol_rule_info none = {
        .policy = "", .rule = "", .title = "", .position = "", .tier = "", .option = "", .log = ""};
    const struct netpol_rule_info *info = np_matcher_rule(answer->matcher, number);
    return info ? info : &none;
}

/* What the question is about. */
static const struct np_said *asked_of(const struct netpol_answer *answer)
{
    return answer->parts & NETPOL_ANSWER_STAGED ? &answer->pending : &answer->now;
}

static int ok_of(const struct netpol_answer *answer)
{
    return answer->expects < 0 ? -1 : answer->expects == asked_of(answer)->action;
}

void np_answer_get(const struct netpol_answer *answer, struct netpol_answer_info *out)
{
    bool staged = answer->parts & NETPOL_ANSWER_STAGED;
    const struct np_said *now = &answer->now;
    const struct netpol_rule_info *rule = rule_of(answer, now->rule);
    const struct netpol_rule_info *pending = rule_of(answer, staged ? answer->pending.rule : 0);
    *out = (struct netpol_answer_info){.action = now->action,
                                       .plane = now->plane,
                                       .side = now->side,
                                       .reason = now->reason,
                                       .missing = now->missing,
                                       .policy = rule->policy,
                                       .rule = rule->rule,
                                       .position = rule->position,
                                       .note = answer->note,
                                       .ok = ok_of(answer),
                                       .paths = answer->n_paths,
                                       .pending = staged ? answer->pending.action : -1,
                                       .pending_policy = pending->policy,
                                       .pending_rule = pending->rule,
                                       .pending_position = pending->position};
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
    np_program_json(out, answer->matcher, part->program);
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
                      const struct np_path *path, bool pending)
{
    const struct netpol_verdict *verdict = pending ? &path->pending : &path->verdict;
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

/* An answer from its first member on, without the closing brace. */
static void json_said(const struct netpol_answer *answer, struct np_text *out, bool pending)
{
    const struct np_said *said = pending ? &answer->pending : &answer->now;
    np_text_addf(out, "{\"verdict\":\"%s\",\"plane\":\"%s\",\"side\":\"%s\",\"reason\":\"%s\"",
                 netpol_action_text(said->action), netpol_plane_text(said->plane),
                 netpol_side_text(said->side), netpol_reason_text(said->reason));
    json_rule(out, rule_of(answer, said->rule));
    np_missing_json(out, said->missing);
    if (answer->n_paths == 1) {
        const struct np_path *path = &answer->paths[0];
        json_parts(answer, out, pending ? &path->pending : &path->verdict);
    } else {
        np_text_addf(out, ",\"parts\":[],\"paths\":[");
        for (uint32_t i = 0; i < answer->n_paths; i++) {
            np_text_add(out, ",", i ? 1 : 0);
            json_path(answer, out, &answer->paths[i], pending);
        }
        np_text_add(out, "]", 1);
    }
}

static void write_json(const struct netpol_answer *answer, struct np_text *out)
{
    json_said(answer, out, false);
    if (answer->parts & NETPOL_ANSWER_STAGED) {
        np_text_addf(out, ",\"pending\":");
        json_said(answer, out, true);
        np_text_add(out, "}", 1);
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
    np_program_text(out, answer->matcher, part->program, ", ");
    if (*rule->position) {
        np_text_addf(out, "  %s%s%s", np_color(color, NP_DIM), rule->position,
                     np_color(color, NP_PLAIN));
    }
    np_text_add(out, "\n", 1);
}

static void text_parts(const struct netpol_answer *answer, struct np_text *out, bool color,
                       const struct netpol_verdict *verdict)
{
    text_part(answer, out, color, "egress", &verdict->egress);
    text_part(answer, out, color, "ingress", &verdict->ingress);
    text_part(answer, out, color, "mesh", &verdict->mesh);
}

static void text_action(struct np_text *out, bool color, int action)
{
    np_text_addf(out, "%s%s%s", np_color(color, np_action_color(action)),
                 netpol_action_text(action), np_color(color, NP_PLAIN));
}

/* What all paths say together, where there are several or none. */
static void text_backends(const struct netpol_answer *answer, struct np_text *out, bool color,
                          const struct np_said *said, const char *when)
{
    text_action(out, color, said->action);
    np_text_addf(out, ": %s%s\n",
                 answer->n_paths == 0             ? "there is no backend"
                 : said->action == NETPOL_UNKNOWN ? "the backends differ, or one is unknown"
                                                  : "all backends agree",
                 when);
}

static void text_path(const struct netpol_answer *answer, struct np_text *out, bool color,
                      const struct np_path *path)
{
    const struct netpol_verdict *verdict = &path->verdict;
    text_action(out, color, verdict->action);
    np_text_addf(out, ": %s -> %s ", path->src, path->dst);
    np_say_protocol(out, path->tuple.protocol);
    if (!(path->tuple.flags & NETPOL_TUPLE_NO_PORTS) && path->tuple.dst_port) {
        np_text_addf(out, " %u", path->tuple.dst_port);
    }
    if (verdict->missing) {
        np_text_addf(out, ", missing: ");
        np_missing_text(out, verdict->missing);
    }
    np_text_add(out, "\n", 1);
    text_parts(answer, out, color, verdict);
    if (answer->parts & NETPOL_ANSWER_STAGED) {
        text_action(out, color, path->pending.action);
        np_text_addf(out, ": with staged policies enforced%s",
                     path->pending.missing ? ", missing: " : "");
        np_missing_text(out, path->pending.missing);
        np_text_add(out, "\n", 1);
        text_parts(answer, out, color, &path->pending);
    }
    if (path->explanation) {
        np_text_add(out, "\n", 1);
        np_explanation_text(path->explanation, color, out);
    }
}

static void write_text(const struct netpol_answer *answer, bool color, struct np_text *out)
{
    if (answer->n_paths != 1) {
        text_backends(answer, out, color, &answer->now, "");
        if (answer->parts & NETPOL_ANSWER_STAGED) {
            text_backends(answer, out, color, &answer->pending, ", with staged policies enforced");
        }
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
