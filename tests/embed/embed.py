#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libnetpol from Python, with nothing but ctypes: load, compile, publish, decide, explain, change."""

import ctypes as c
import os

lib = c.CDLL(os.environ["NETPOL_LIBRARY"])
lib.netpol_view_find.restype = c.c_uint64
lib.netpol_reader_enter.restype = lib.netpol_explanation_verdict.restype = c.c_void_p
lib.netpol_action_text.restype = lib.netpol_status_text.restype = c.c_char_p
SINK = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_char), c.c_size_t)


class Tuple(c.Structure):
    _fields_ = [("src", c.c_uint8 * 16), ("dst", c.c_uint8 * 16), ("src_ref", c.c_uint64),
                ("dst_ref", c.c_uint64), ("src_port", c.c_uint16), ("dst_port", c.c_uint16),
                ("family", c.c_uint8), ("protocol", c.c_uint8), ("icmp", c.c_uint8 * 2),
                ("zone", c.c_uint16), ("flags", c.c_uint16), ("reserved", c.c_uint32)]


class Part(c.Structure):
    _fields_ = [("action", c.c_uint8), ("reason", c.c_uint8), ("flags", c.c_uint16),
                ("rule", c.c_uint32), ("staged", c.c_uint32), ("program", c.c_uint32)]


class Verdict(c.Structure):
    _fields_ = [("action", c.c_uint8), ("plane", c.c_uint8), ("side", c.c_uint8),
                ("flags", c.c_uint8), ("missing", c.c_uint32), ("generation", c.c_uint64),
                ("egress", Part), ("ingress", Part), ("mesh", Part)]


class CompileOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("profile", c.c_char_p), ("settings", c.c_void_p),
                ("n_settings", c.c_size_t), ("strict", c.c_int), ("without_model", c.c_int),
                ("endpoints", c.c_void_p), ("previous", c.c_void_p)]


class RuleInfo(c.Structure):
    _fields_ = [(name, c.c_char_p) for name in ("policy", "rule", "title", "position", "tier",
                                                "option")]
    _fields_ += [("action", c.c_int), ("side", c.c_int), ("key", c.c_uint64)]


def check(status):
    assert status == 0, lib.netpol_status_text(status)


def make(function, *args):
    out = c.c_void_p()
    check(function(*args, c.byref(out)))
    return out


def publish(store, slot):
    """Compiles what the store holds and puts it in force; the matcher is the caller's."""
    options = CompileOptions(size=c.sizeof(CompileOptions), profile=b"kubernetes")
    matcher = make(lib.netpol_compile, store, c.byref(options), None)
    check(lib.netpol_slot_publish(slot, make(lib.netpol_view_create, matcher, None), 0))
    return matcher


def ask(reader, question):
    """Verdicts for [(source, destination, port)], in one batch of the view in force."""
    view = c.c_void_p(lib.netpol_reader_enter(reader))
    tuples, verdicts = (Tuple * len(question))(), (Verdict * len(question))()
    for one, (src, dst, port) in zip(tuples, question):
        one.src_ref = lib.netpol_view_find(view, *src.encode().split(b"/"))
        one.dst_ref = lib.netpol_view_find(view, *dst.encode().split(b"/"))
        one.family, one.protocol, one.dst_port, one.flags = 4, 6, port, 4 | 8
    check(lib.netpol_eval_batch(view, tuples, verdicts, c.c_size_t(len(question))))
    text = bytearray()
    explanation = make(lib.netpol_explain, view, None, c.byref(tuples[0]), None)
    sink = SINK(lambda _, part, size: text.extend(part[:size]) or 0)
    check(lib.netpol_explanation_write(explanation, 0, 0, sink, None))
    lib.netpol_explanation_destroy(explanation)
    lib.netpol_reader_leave(reader)
    return verdicts, text.decode()


def main():
    assert (c.sizeof(Tuple), c.sizeof(Verdict)) == (64, 64)
    ctx = make(lib.netpol_ctx_create, None)
    store, slot = make(lib.netpol_store_create, ctx), make(lib.netpol_slot_create, ctx)
    check(lib.netpol_store_load_path(store, b"examples/cluster", None, None))
    reader = make(lib.netpol_reader_create, slot)
    assert not lib.netpol_reader_enter(reader), "nothing is published yet"
    lib.netpol_reader_leave(reader)
    matcher, question = publish(store, slot), [("shop/storefront", "shop/cart", 7070),
                                               ("shop/cart", "data/postgres", 5432)] * 50
    verdicts, text = ask(reader, question)
    told = [lib.netpol_action_text(verdict.action) for verdict in verdicts]
    assert told == [b"allow", b"deny"] * 50, told
    rule = RuleInfo()
    check(lib.netpol_rule_describe(matcher, verdicts[1].egress.rule,
                                   c.c_uint64(verdicts[1].generation), c.byref(rule)))
    assert rule.policy == b"NetworkPolicy/shop/cart", rule.policy
    assert "NetworkPolicy/shop/storefront" in text, text
    check(lib.netpol_store_remove(store, b"networking.k8s.io", b"NetworkPolicy", b"shop",
                                  b"storefront"))
    newer = publish(store, slot)
    verdicts, _ = ask(reader, question)
    assert verdicts[0].action == 3, "still open without its policy"
    stale = lib.netpol_rule_describe(matcher, verdicts[0].egress.rule,
                                     c.c_uint64(verdicts[0].generation), c.byref(rule))
    assert stale == -7, "a rule of another compile"
    lib.netpol_reader_destroy(reader)
    check(lib.netpol_slot_destroy(slot))
    for one in (matcher, newer):
        lib.netpol_matcher_unref(one)
    lib.netpol_store_destroy(store)
    lib.netpol_ctx_destroy(ctx)
    print("ctypes: 200 decisions, 2 compiles, explained:", text.splitlines()[0])


if __name__ == "__main__":
    main()
