/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calico's selectors, random ones in random spellings, against the truth they were made from. The
 * truth is had while the text is written and knows nothing of the parser.
 */
#include "calico_selector.h"

static uint64_t random_state = 20200;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % below);
}

static const char *const keys[] = {"a", "in", "has", "not", "starts", "x/y.z"};
static const char *const strings[] = {"", "a", "ab", "abc", "b\"", "'", "a' && b"};

/* An object as the evaluator sees it: by key the number of a value, or -1. */
struct drawn {
    int value[ARRAY_SIZE(keys)];
};

struct spelling {
    char text[8192];
    const struct drawn *objects;
    size_t n_objects;
};

static void put(struct spelling *s, const char *text)
{
    assert_true(strlen(s->text) + strlen(text) < sizeof s->text);
    strcat(s->text, text);
}

/* Blanks, at least so many. */
static void put_blanks(struct spelling *s, unsigned least)
{
    for (unsigned i = least + draw(4) / 2; i; i--) {
        put(s, draw(3) ? " " : "\t");
    }
}

static void put_string(struct spelling *s, const char *value)
{
    const char *quote = strchr(value, '"') ? "'" : strchr(value, '\'') || draw(2) ? "\"" : "'";
    put(s, quote);
    put(s, value);
    put(s, quote);
}

enum shape {
    EQUALS,
    DIFFERS,
    CONTAINS,
    STARTS,
    ENDS,
    SHAPES_OF_VALUE,
    IN = SHAPES_OF_VALUE,
    NOT_IN
};

static bool compare(enum shape shape, const char *have, const char *want)
{
    size_t h = strlen(have), w = strlen(want);
    switch (shape) {
    case EQUALS:
    case DIFFERS:
        return (strcmp(have, want) == 0) == (shape == EQUALS);
    case CONTAINS:
        return strstr(have, want) != NULL;
    case STARTS:
        return strncmp(have, want, w) == 0;
    default:
        return w <= h && strcmp(have + h - w, want) == 0;
    }
}

/* Each of these writes a part of the selector and gives its truth, one bit an object. */
static uint32_t random_value_term(struct spelling *s, size_t key)
{
    static const char *const words[] = {"==", "!=", "contains", "starts with", "ends with"};
    enum shape shape = (enum shape)draw(SHAPES_OF_VALUE);
    const char *want = strings[draw(ARRAY_SIZE(strings))];
    uint32_t truth = 0;
    put_blanks(s, shape > DIFFERS);
    put(s, shape >= STARTS && draw(3) == 0 ? (shape == STARTS ? "startswith" : "endswith")
                                           : words[shape]);
    put_blanks(s, 0);
    put_string(s, want);
    for (size_t i = 0; i < s->n_objects; i++) {
        int have = s->objects[i].value[key];
        bool holds = have < 0 ? shape == DIFFERS : compare(shape, strings[have], want);
        truth |= (uint32_t)holds << i;
    }
    return truth;
}

static uint32_t random_set_term(struct spelling *s, size_t key)
{
    bool negative = draw(2);
    unsigned members = 0, count = draw(4);
    uint32_t truth = 0;
    put_blanks(s, 1);
    put(s, !negative ? "in" : draw(2) ? "not in" : "notin");
    put_blanks(s, 0);
    put(s, "{");
    for (unsigned i = 0; i < count; i++) {
        unsigned value = draw(ARRAY_SIZE(strings));
        members |= 1u << value;
        put_blanks(s, 0);
        put_string(s, strings[value]);
        put_blanks(s, 0);
        put(s, i + 1 < count || draw(3) == 0 ? "," : "");
    }
    put_blanks(s, 0);
    put(s, "}");
    for (size_t i = 0; i < s->n_objects; i++) {
        int have = s->objects[i].value[key];
        bool member = have >= 0 && (members >> have & 1);
        truth |= (uint32_t)(member != negative) << i;
    }
    return truth;
}

static uint32_t random_has(struct spelling *s, size_t key)
{
    uint32_t truth = 0;
    put(s, "has(");
    put_blanks(s, 0);
    put(s, keys[key]);
    put_blanks(s, 0);
    put(s, ")");
    for (size_t i = 0; i < s->n_objects; i++) {
        truth |= (uint32_t)(s->objects[i].value[key] >= 0) << i;
    }
    return truth;
}

static uint32_t random_term(struct spelling *s)
{
    size_t key = draw(ARRAY_SIZE(keys));
    switch (draw(6)) {
    case 0:
        return random_has(s, key);
    case 1:
        put(s, draw(2) ? "all()" : "global( )");
        return UINT32_MAX;
    case 2:
        put(s, keys[key]);
        return random_set_term(s, key);
    default:
        put(s, keys[key]);
        return random_value_term(s, key);
    }
}

static uint32_t random_or(struct spelling *s, unsigned depth);

static uint32_t random_not(struct spelling *s, unsigned depth)
{
    uint32_t flip = 0, truth;
    put_blanks(s, 0);
    for (unsigned i = draw(8) / 5; i; i--) {
        put(s, "!");
        put_blanks(s, 0);
        flip = ~flip;
    }
    if (depth && draw(3) == 0) {
        put(s, "(");
        truth = random_or(s, depth - 1);
        put(s, ")");
    } else {
        truth = random_term(s);
    }
    put_blanks(s, 0);
    return truth ^ flip;
}

static uint32_t random_and(struct spelling *s, unsigned depth)
{
    uint32_t truth = random_not(s, depth);
    for (unsigned i = draw(5) / 2; i; i--) {
        put(s, "&&");
        truth &= random_not(s, depth);
    }
    return truth;
}

static uint32_t random_or(struct spelling *s, unsigned depth)
{
    uint32_t truth = random_and(s, depth);
    for (unsigned i = draw(5) / 2; i; i--) {
        put(s, "||");
        truth |= random_and(s, depth);
    }
    return truth;
}

enum { OBJECTS = 16, ROUNDS = 3000 };

static void draw_objects(struct frame *f, struct drawn drawn[OBJECTS],
                         struct np_endpoint objects[OBJECTS])
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct np_label labels[ARRAY_SIZE(keys)];
        uint32_t count = 0;
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            drawn[i].value[k] = draw(3) ? (int)draw(ARRAY_SIZE(strings)) : -1;
            if (drawn[i].value[k] >= 0) {
                labels[count++] =
                    (struct np_label){np_build_text(f->build, keys[k]),
                                      np_build_text(f->build, strings[drawn[i].value[k]])};
            }
        }
        objects[i] = (struct np_endpoint){.kind = NP_OBJ_WORKLOAD,
                                          .labels = np_build_labels(f->build, labels, count)};
    }
}

static void demand_truth(struct frame *f, const char *text, uint32_t truth,
                         const struct np_endpoint objects[OBJECTS])
{
    const struct np_selector *selector = lowered(f, parsed(f, text), NP_CALICO_OBJECT);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (np_selector_match(selector, &objects[i]) != (truth >> i & 1)) {
            fail_msg("object %zu: %s", i, text);
        }
    }
}

static void random_selectors_hold_as_they_were_made(void **state)
{
    struct frame *f = *state;
    struct drawn drawn[OBJECTS];
    struct np_endpoint objects[OBJECTS];
    unsigned trues = 0;
    draw_objects(f, drawn, objects);
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct spelling s;
        s.objects = drawn;
        s.n_objects = OBJECTS;
        s.text[0] = '\0';
        uint32_t truth = random_or(&s, 3) & ((1u << OBJECTS) - 1);
        trues += (unsigned)__builtin_popcount(truth);
        demand_truth(f, s.text, truth, objects);
        const char *text = printed(f, parsed(f, s.text));
        demand_truth(f, text, truth, objects);
        const char *again = printed(f, parsed(f, text));
        assert_true(strstr(text, "!!") || strcmp(again, text) == 0);
        assert_string_equal(printed(f, parsed(f, again)), again);
        np_arena_reset(&f->arena);
    }
    /* neither all true nor all false, or nothing was tested */
    assert_in_range(trues, ROUNDS * OBJECTS / 4, ROUNDS * OBJECTS * 3 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(random_selectors_hold_as_they_were_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
