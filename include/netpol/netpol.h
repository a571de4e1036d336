/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_NETPOL_H
#define NETPOL_NETPOL_H
/* libnetpol, everything: may this connection pass, and which line of which policy says so? */
#include <netpol/analyze.h>
#include <netpol/base.h>
#include <netpol/change.h>
#include <netpol/diag.h>
#include <netpol/eval.h>
#include <netpol/flow.h>
#include <netpol/hubble.h>
#include <netpol/identity.h>
#include <netpol/image.h>
#include <netpol/names.h>
#include <netpol/question.h>
#include <netpol/store.h>
#endif
