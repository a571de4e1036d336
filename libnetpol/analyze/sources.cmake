# SPDX-License-Identifier: Apache-2.0
netpol_room(
    analyze
    explain.c
    explain_why.c
    explain_write.c
    question_answer.c
    question_parse.c
    question_read.c
    question_request.c
    question_resolve.c
    question_write.c)
