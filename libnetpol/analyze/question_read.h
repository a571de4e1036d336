/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_QUESTION_READ_H
#define NP_ANALYZE_QUESTION_READ_H
/* Reading the members of a question: what its files share. */
#include "analyze/question.h"
#include "source/node.h"

/* A question that is being read. */
struct np_asking {
    struct netpol_question *question;
    struct np_question_end *end; /* src or dst while one is read */
    struct netpol_diags *diags;
    const struct np_document *document;
    struct np_text path; /* "http.headers[0]" */
    bool *names_given;   /* of the end */
    const struct netpol_string **names;
    size_t *n_names;
    uint32_t documents;
    uint32_t errors;
    bool no_memory;
};
struct np_question_member {
    const char *name;
    void (*read)(struct np_asking *a, const struct np_node *value);
};

/* Reads the members of an object by a table; what is not in it is an error. */
void np_asking_members(struct np_asking *a, const struct np_node *node,
                       const struct np_question_member *table, size_t count);
/* An error at a node; the path is the one being read. */
void np_asking_error(struct np_asking *a, enum np_code code, const struct np_node *node,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Typed values; false after an error was reported. */
bool np_asking_text(struct np_asking *a, const struct np_node *node, struct netpol_string *out);
bool np_asking_number(struct np_asking *a, const struct np_node *node, int64_t first, int64_t last,
                      int64_t *out);
bool np_asking_address(struct np_asking *a, const struct np_node *node, struct np_address *out);
/* A list of texts, or one text when `one` is true. */
bool np_asking_texts(struct np_asking *a, const struct np_node *node, bool one,
                     const struct netpol_string **out, size_t *count);
/* Index of the text in a table; -1 after an error that lists them. */
int np_asking_choice(struct np_asking *a, const struct np_node *node, const char *const *choices,
                     size_t count);
void *np_asking_array(struct np_asking *a, size_t count, size_t element);

/* The members that tell of the request and the connection (question_request.c). */
void np_asking_http(struct np_asking *a, const struct np_node *value);
void np_asking_dns(struct np_asking *a, const struct np_node *value);
void np_asking_kafka(struct np_asking *a, const struct np_node *value);
void np_asking_sni(struct np_asking *a, const struct np_node *value);
void np_asking_principal(struct np_asking *a, const struct np_node *value);
void np_asking_claims(struct np_asking *a, const struct np_node *value);
void np_asking_remote_ip(struct np_asking *a, const struct np_node *value);
void np_asking_original(struct np_asking *a, const struct np_node *value);
void np_asking_token(struct np_asking *a, const struct np_node *value);
void np_asking_authenticated(struct np_asking *a, const struct np_node *value);
void np_asking_decisions(struct np_asking *a, const struct np_node *value);
void np_asking_payload(struct np_asking *a, const struct np_node *value);
#endif
