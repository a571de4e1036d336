/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_SYNTAX_H
#define NP_DIALECT_SYNTAX_H
/*
 * The syntax of names, labels and ports, as the API server checks it.
 * Source: k8s.io/apimachinery/pkg/util/validation/validation.go.
 *
 * Each function returns NULL when the text is right, else what is wrong with it, as the end of a
 * sentence that begins with the text: "must consist of lower case letters, digits and '-'".
 */
#include "base/base.h"

const char *
np_syntax_label(struct np_slice text); /* RFC 1123 label: namespace, port of a Service */
const char *
np_syntax_label_1035(struct np_slice text);            /* begins with a letter: name of a Service */
const char *np_syntax_subdomain(struct np_slice text); /* RFC 1123 subdomain: most names */
const char *np_syntax_label_key(struct np_slice text); /* "prefix/name" or "name" */
const char *np_syntax_label_value(struct np_slice text); /* may be empty */
const char *np_syntax_port_name(struct np_slice text);   /* IANA service name */

/* "TCP", "UDP", "SCTP" exactly so: the IP protocol number; 0: another text. */
uint8_t np_syntax_protocol(struct np_slice text);
#endif
