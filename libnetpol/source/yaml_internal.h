/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_SOURCE_YAML_INTERNAL_H
#define NP_SOURCE_YAML_INTERNAL_H
/*
 * The YAML reader in parts: yaml_input.c feeds libyaml, yaml.c runs the stream of documents,
 * yaml_tree.c turns events into nodes, yaml_merge.c resolves << and checks keys, yaml_error.c finds
 * words for what libyaml refuses.
 *
 * libyaml is a tokenizer here, no more. A stream is read in *segments*: one parser runs until the
 * end or until an error; after an error the next segment starts at the next line that begins
 * with "---".
 */
#include "source/reader.h"
#include <yaml.h>

/* libyaml compares each directive with all before it. */
enum { NP_DIRECTIVES_MAX = 100 };

/* A part of the source on its way into libyaml. */
struct np_yaml_input {
    const char *bytes;
    size_t pos, end;
    size_t line;      /* where the next line that was not looked at begins */
    bool in_content;  /* of the line before that */
    bool blank_first; /* the next piece begins with three bytes to blank */
    bool after_bare;  /* the last line that says anything is a bare "---" */
    bool after_directive;
    unsigned directives; /* in a row */
    uint64_t blanked;    /* separators libyaml does not see: each is one empty document */
    size_t budget;       /* bytes of content libyaml may still take without giving an event */
    bool starved;        /* the budget ran out */
};
void np_yaml_input_start(struct np_yaml_input *input, const char *bytes, size_t start, size_t end);
/* The read handler of libyaml; data is a struct np_yaml_input. */
int np_yaml_input_read(void *data, unsigned char *buffer, size_t size, size_t *size_read);

/* A map or list that is open. */
struct np_frame {
    struct np_node *node;
    size_t base;     /* where its members or items begin on their stack */
    uint64_t count;  /* nodes in it, through aliases too, itself included */
    uint32_t height; /* of what is in it so far, itself included */
    uint32_t anchor; /* index + 1; 0: none */
    struct np_slice key;
    struct np_position key_at;
    uint8_t key_kind; /* KEY_MERGE: the key is << */
    bool is_map, has_key, merges;
    bool streams; /* the items of a top-level List */
};

enum { NP_KEY_MERGE = NP_KIND_COUNT };

struct np_anchor {
    struct np_node *node; /* NULL while it is open */
    uint64_t count;
    uint32_t height;
};

struct np_yaml {
    struct np_reader *reader;
    yaml_parser_t parser;
    struct np_yaml_input input;
    size_t segment;            /* where the segment starts */
    struct np_position origin; /* of the segment's start */
    bool simple;               /* libyaml's marks are bytes and lines as we count them */
    struct {                   /* else: a cursor that turns marks into positions */
        size_t chars, bytes, line_start;
        uint32_t line;
    } cursor;

    struct np_arena document, item;
    struct np_arena *arena; /* the one in use */
    np_vec(struct np_frame) frames;
    np_vec(struct np_member) members;
    np_vec(struct np_node *) items;
    np_vec(struct np_anchor) anchors;
    struct np_map anchor_names;
    struct np_keys keys;
    uint64_t expanded;
    struct np_node *root;
    size_t document_start;
    bool bad; /* something in the present object was diagnosed */

    /* A List whose items go out one by one. */
    bool streamed, pinned;    /* pinned: nodes of items outlive them (they wait) */
    bool bad_outside;         /* `bad` of the list's own members, while its items are read */
    struct np_list_info list; /* what the list has said before its items */
    size_t item_index;
    struct np_position items_at;
    np_vec(struct np_waiting) waiting; /* items without a kind, before the list's is known */
};
struct np_waiting {
    struct np_node *item;
    size_t index;
};

enum np_yaml_step {
    NP_YAML_ON,      /* next event */
    NP_YAML_ABANDON, /* the document is lost, diagnosed: go on with the next */
    NP_YAML_END      /* reader->ended says why */
};

/* Offset in the source of a mark, and its position; marks are best asked for in order. */
size_t np_yaml_offset(struct np_yaml *y, yaml_mark_t mark);
struct np_position np_yaml_position(struct np_yaml *y, yaml_mark_t mark);

/* Takes one event between document start and document end. */
enum np_yaml_step np_yaml_event(struct np_yaml *y, const yaml_event_t *event);
void np_yaml_document_start(struct np_yaml *y, const yaml_event_t *event);
enum np_yaml_step np_yaml_document_end(struct np_yaml *y);

/* Members of the map that closes, from base on: distinct? Merges what << brings. */
enum np_yaml_step np_yaml_close_map(struct np_yaml *y, struct np_frame *frame);

/* The way of a value that is complete: into the frame on top, out to the sink, or as the root. */
enum np_yaml_step np_yaml_stream_item(struct np_yaml *y, struct np_node *item);
enum np_yaml_step np_yaml_stream_end(struct np_yaml *y);
/* Does this list, about to open, hold the items of a top-level List? */
bool np_yaml_should_stream(struct np_yaml *y);

/* Turns a scalar that stands as a key into the key's text. False: diagnosed or out of memory. */
bool np_yaml_key_text(struct np_yaml *y, const struct np_node *scalar, struct np_slice *text);

/* "spec.ingress[0]" of the place where the next node goes; buffer is returned. */
const char *np_yaml_path(const struct np_yaml *y, char *buffer, size_t size);

/* Diagnoses what libyaml stopped at; returns the offset of it. */
size_t np_yaml_complain_parser(struct np_yaml *y);
/* When "{{" stands at the offset, says that this is a template and returns true. */
bool np_yaml_complain_template(struct np_yaml *y, size_t offset);

enum np_yaml_step np_yaml_no_memory(struct np_yaml *y);
#endif
