/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing selectors over the whole grammar, and writing them in every spelling that it has. */
#include "differential/calico_set.h"

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* Labels, one of them an operator's name; and those that every object carries besides its own. */
static const char *const object_keys[] = {"app", "role", "in"};
static const char *const implied_keys[] = {
    "projectcalico.org/namespace",      "projectcalico.org/orchestrator",
    "projectcalico.org/serviceaccount", "pcns.team",
    "pcns.projectcalico.org/name",      "pcsa.role"};
static const char *const implied_values[] = {"a", "b", "k8s", "sa1", "x", "ns1"};
static const char *const space_keys[] = {"team", "app", "projectcalico.org/name"};
static const char *const account_keys[] = {"role", "app", "projectcalico.org/name"};
static const char *const values[] = {"x", "xy", "y", "yx", ""};
static const char *const names[] = {"a", "b", "ns1", "sa1", "default"};

static uint8_t push(struct cal_selector *s, struct cal_node node)
{
    s->nodes[s->count] = node;
    return s->count++;
}

static const char *draw_key(struct gen_random *r, int whose, bool *implied)
{
    *implied = false;
    if (whose == CAL_OF_SPACE) {
        return space_keys[gen_below(r, SIZE(space_keys))];
    }
    if (whose == CAL_OF_ACCOUNT) {
        return account_keys[gen_below(r, SIZE(account_keys))];
    }
    *implied = gen_chance(r, 15);
    return *implied ? implied_keys[gen_below(r, SIZE(implied_keys))]
                    : object_keys[gen_below(r, SIZE(object_keys))];
}

static const char *draw_value(struct gen_random *r, const char *key, bool implied)
{
    if (implied) {
        return implied_values[gen_below(r, SIZE(implied_values))];
    }
    if (strcmp(key, "projectcalico.org/name") == 0) {
        return names[gen_below(r, SIZE(names))];
    }
    return values[gen_below(r, SIZE(values))];
}

static struct cal_node draw_term(struct gen_random *r, int whose)
{
    static const uint8_t ops[] = {CAL_EQ,       CAL_EQ,     CAL_EQ,   CAL_EQ, CAL_NE,
                                  CAL_HAS,      CAL_HAS,    CAL_IN,   CAL_IN, CAL_NOT_IN,
                                  CAL_CONTAINS, CAL_STARTS, CAL_ENDS, CAL_ALL};
    struct cal_node node = {.op = gen_pick(r, ops, sizeof ops)};
    bool implied;
    /* all() in a selector of accounts: what it means beside other parts is not written down */
    if (node.op == CAL_ALL && whose == CAL_OF_ACCOUNT) {
        node.op = CAL_HAS;
    }
    node.key = draw_key(r, whose, &implied);
    bool is_list = node.op == CAL_IN || node.op == CAL_NOT_IN;
    node.count = is_list ? gen_draw(r, 3) : 1;
    for (unsigned i = 0; i < node.count; i++) {
        node.values[i] = draw_value(r, node.key, implied);
    }
    return node;
}

static uint8_t draw_tree(struct cal_selector *s, struct gen_random *r, int whose, unsigned depth)
{
    uint32_t kind = gen_below(r, 100);
    if (depth == 0 || kind < 62) {
        return push(s, draw_term(r, whose));
    }
    struct cal_node node = {.op = kind < 78 ? CAL_AND : kind < 88 ? CAL_OR : CAL_NOT};
    node.kids[0] = draw_tree(s, r, whose, depth - 1);
    if (node.op != CAL_NOT) {
        node.kids[1] = draw_tree(s, r, whose, depth - 1);
    }
    return push(s, node);
}

struct cal_selector cal_draw_selector(struct gen_random *r, int whose)
{
    struct cal_selector s = {.present = true, .style = (uint16_t)gen_below(r, UINT16_MAX)};
    s.root = draw_tree(&s, r, whose, 2); /* at most 7 nodes */
    return s;
}

/* ---- text ---- */

static bool styled(const struct cal_selector *s, unsigned bit)
{
    return s->style >> bit % 16 & 1;
}

static void write_value(const struct cal_selector *s, const char *value, struct random_text *out)
{
    random_put(out, styled(s, 0) ? "\"%s\"" : "''%s''", value); /* quotes are doubled in YAML */
}

static void write_list(const struct cal_selector *s, const struct cal_node *node,
                       struct random_text *out)
{
    random_put(out, styled(s, 1) ? "{" : " { ");
    for (unsigned i = 0; i < node->count; i++) {
        random_put(out, "%s", i ? "," : "");
        write_value(s, node->values[i], out);
    }
    random_put(out, styled(s, 2) && node->count ? ",}" : "}");
}

static void write_term(const struct cal_selector *s, const struct cal_node *node,
                       struct random_text *out)
{
    static const char *const spellings[][2] = {
        [CAL_EQ] = {" == ",          "=="          },
        [CAL_NE] = {" != ",          "!="          },
        [CAL_CONTAINS] = {" contains ",    " contains"   },
        [CAL_STARTS] = {" starts with ", " startswith "},
        [CAL_ENDS] = {" ends with ",   " endswith"   },
        [CAL_IN] = {" in ",          " in"         },
        [CAL_NOT_IN] = {" not in",       " notin "     },
    };
    if (node->op == CAL_ALL || node->op == CAL_GLOBAL) {
        random_put(out, node->op == CAL_ALL ? "all()" : "global()");
    } else if (node->op == CAL_HAS) {
        random_put(out, styled(s, 3) ? "has(%s)" : "has( %s )", node->key);
    } else {
        random_put(out, "%s%s", node->key, spellings[node->op][styled(s, 4)]);
        if (node->op == CAL_IN || node->op == CAL_NOT_IN) {
            write_list(s, node, out);
        } else {
            write_value(s, node->values[0], out);
        }
    }
}

static void write_tree(const struct cal_selector *s, uint8_t at, int above, struct random_text *out)
{
    const struct cal_node *node = &s->nodes[at];
    bool joins = node->op == CAL_AND || node->op == CAL_OR;
    bool must = joins && (above == CAL_NOT || (above == CAL_AND && node->op == CAL_OR));
    bool parens = must || styled(s, 5u + at);
    random_put(out, "%s", parens ? "(" : "");
    if (joins) {
        write_tree(s, node->kids[0], node->op, out);
        random_put(out, "%s%s%s", styled(s, 13) ? " " : "\t", node->op == CAL_AND ? "&&" : "||",
                   styled(s, 14) ? " " : "");
        write_tree(s, node->kids[1], node->op, out);
    } else if (node->op == CAL_NOT) {
        random_put(out, styled(s, 15) ? "!" : "! ");
        write_tree(s, node->kids[0], CAL_NOT, out);
    } else {
        write_term(s, node, out);
    }
    random_put(out, "%s", parens ? ")" : "");
}

void cal_write_selector(const struct cal_selector *s, struct random_text *out)
{
    random_put(out, "'");
    write_tree(s, s->root, CAL_OR, out);
    random_put(out, "'");
}
