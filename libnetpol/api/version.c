/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library this is, and what its status codes are called. The tables come from the X-macro in
 * the public header, so a new code cannot be forgotten here.
 */
#include <netpol/base.h>

const char *netpol_version(void)
{
    return NETPOL_VERSION_STRING;
}

unsigned netpol_abi(void)
{
    return NETPOL_ABI;
}

const char *netpol_status_text(int status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text) \
    case value:                        \
        return text;
        NETPOL_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "unknown status";
    }
}

const char *netpol_status_name(int status)
{
    switch (status) {
#define STATUS_NAME(name, value, text) \
    case value:                        \
        return #name;
        NETPOL_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "?";
    }
}
