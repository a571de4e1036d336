# SPDX-License-Identifier: Apache-2.0
netpol_room(
    dialect
    syntax.c)
