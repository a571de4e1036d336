// SPDX-License-Identifier: Apache-2.0

// libnetpol from Go, with nothing but cgo: load, compile, publish, decide, explain, change.
package main

/*
#include <netpol/netpol.h>
#include <stdlib.h>
#include <string.h>

struct text { char bytes[65536]; size_t size; };
static int keep(void *user, const char *bytes, size_t size)
{
    struct text *text = user;
    if (size > sizeof text->bytes - text->size)
        return 1;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return 0;
}
static int explain(const struct netpol_explanation *e, struct text *text)
{
    return netpol_explanation_write(e, 0, 0, keep, text);
}
*/
import "C"

import (
	"fmt"
	"os"
	"strings"
	"unsafe"
)

func check(status C.int) {
	if status != C.NETPOL_OK {
		panic(C.GoString(C.netpol_status_text(status)))
	}
}

// A string for the time of one call.
func with(text string, call func(*C.char)) {
	raw := C.CString(text)
	defer C.free(unsafe.Pointer(raw))
	call(raw)
}

func find(view *C.struct_netpol_view, name string) (ref C.uint64_t) {
	space, pod, _ := strings.Cut(name, "/")
	with(space, func(s *C.char) {
		with(pod, func(p *C.char) { ref = C.netpol_view_find(view, s, p) })
	})
	return ref
}

// Compiles what the store holds and puts it in force; the matcher is the caller's.
func publish(store *C.struct_netpol_store, slot *C.struct_netpol_slot) (matcher *C.struct_netpol_matcher) {
	var view *C.struct_netpol_view
	with("kubernetes", func(profile *C.char) {
		options := (*C.struct_netpol_compile_options)(C.calloc(1, C.sizeof_struct_netpol_compile_options))
		defer C.free(unsafe.Pointer(options))
		options.size, options.profile = C.sizeof_struct_netpol_compile_options, profile
		check(C.netpol_compile(store, options, nil, &matcher))
	})
	check(C.netpol_view_create(matcher, nil, &view))
	check(C.netpol_slot_publish(slot, view, 0))
	return matcher
}

type question struct {
	src, dst string
	port     C.uint16_t
}

// Verdicts in one batch of the view in force, and why the first is what it is.
func ask(reader *C.struct_netpol_reader, questions []question) ([]C.struct_netpol_verdict, string) {
	view := C.netpol_reader_enter(reader)
	defer C.netpol_reader_leave(reader)
	tuples := make([]C.struct_netpol_tuple, len(questions))
	verdicts := make([]C.struct_netpol_verdict, len(questions))
	for i, q := range questions {
		tuples[i] = C.struct_netpol_tuple{
			src_ref: find(view, q.src), dst_ref: find(view, q.dst), dst_port: q.port,
			family: 4, protocol: 6, flags: C.NETPOL_TUPLE_SRC_REF | C.NETPOL_TUPLE_DST_REF}
	}
	check(C.netpol_eval_batch(view, &tuples[0], &verdicts[0], C.size_t(len(questions))))
	var explanation *C.struct_netpol_explanation
	text := (*C.struct_text)(C.calloc(1, C.sizeof_struct_text))
	defer C.free(unsafe.Pointer(text))
	check(C.netpol_explain(view, nil, &tuples[0], nil, &explanation))
	defer C.netpol_explanation_destroy(explanation)
	check(C.explain(explanation, text))
	return verdicts, C.GoStringN(&text.bytes[0], C.int(text.size))
}

func expect(holds bool, format string, args ...any) {
	if !holds {
		fmt.Fprintf(os.Stderr, "cgo: "+format+"\n", args...)
		os.Exit(1)
	}
}

func main() {
	var ctx *C.struct_netpol_ctx
	var store *C.struct_netpol_store
	var slot *C.struct_netpol_slot
	var reader *C.struct_netpol_reader
	check(C.netpol_ctx_create(nil, &ctx))
	check(C.netpol_store_create(ctx, &store))
	with("examples/cluster", func(path *C.char) { check(C.netpol_store_load_path(store, path, nil, nil)) })
	check(C.netpol_slot_create(ctx, &slot))
	check(C.netpol_reader_create(slot, &reader))
	questions := make([]question, 0, 100)
	for len(questions) < 100 {
		questions = append(questions, question{"shop/storefront", "shop/cart", 7070},
			question{"shop/cart", "data/postgres", 5432})
	}
	matcher := publish(store, slot)
	verdicts, text := ask(reader, questions)
	for i, verdict := range verdicts {
		wanted := C.uint8_t([]C.int{C.NETPOL_ALLOW, C.NETPOL_DENY}[i%2])
		expect(verdict.action == wanted, "question %d is %d", i, verdict.action)
	}
	var rule C.struct_netpol_rule_info
	check(C.netpol_rule_describe(matcher, verdicts[1].egress.rule, verdicts[1].generation, &rule))
	policy := C.GoString(rule.policy)
	expect(policy == "NetworkPolicy/shop/cart", "the policy is %s", policy)
	expect(strings.Contains(text, "NetworkPolicy/shop/storefront"), "explained as %s", text)
	with("networking.k8s.io", func(group *C.char) {
		with("NetworkPolicy", func(kind *C.char) {
			with("shop", func(space *C.char) {
				with("storefront", func(name *C.char) { check(C.netpol_store_remove(store, group, kind, space, name)) })
			})
		})
	})
	newer := publish(store, slot)
	verdicts, _ = ask(reader, questions)
	expect(verdicts[0].action == C.NETPOL_DENY, "still open without its policy")
	status := C.netpol_rule_describe(matcher, verdicts[0].egress.rule, verdicts[0].generation, &rule)
	expect(status == C.NETPOL_ERR_GENERATION, "a rule of another compile: %d", status)
	C.netpol_reader_destroy(reader)
	check(C.netpol_slot_destroy(slot))
	C.netpol_matcher_unref(matcher)
	C.netpol_matcher_unref(newer)
	C.netpol_store_destroy(store)
	C.netpol_ctx_destroy(ctx)
	first, _, _ := strings.Cut(text, "\n")
	fmt.Println("cgo: 200 decisions, 2 compiles, explained:", first)
}
