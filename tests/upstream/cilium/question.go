// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// question is a connection and what our side says of it.
type question struct {
	text     string
	src, dst netip.Addr
	protocol uint8
	port     uint16 // of ICMP: the type
	code     uint8
	fragment bool
	both     string // of a case folder: the verdict of both sides together
	sides    [2]ours
}

// ours is one side of our verdict.
type ours struct {
	action   string // allow, deny, inspect, unknown
	judged   bool
	reason   string
	parser   string // "none": not sent to a proxy
	priority int
	auth     string
	rule     string
}

const (
	egress = iota
	ingress
)

// readQuestions reads `questions`, which netpol_cilium --write made, or the requests of a case folder.
func readQuestions(s *set) ([]*question, int, error) {
	file, err := os.Open(filepath.Join(s.folder, "questions"))
	if errors.Is(err, os.ErrNotExist) {
		return readRequests(s)
	} else if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	var out []*question
	for lines := bufio.NewScanner(file); lines.Scan(); {
		q, err := parseQuestion(lines.Text())
		if err != nil {
			return nil, 0, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		out = append(out, q)
	}
	return out, 0, nil
}

// parseQuestion reads: source, destination, protocol, port or ICMP type, ICMP code, fragment, and for
// each side action, judged, reason, parser, priority, authentication and rule.
func parseQuestion(text string) (*question, error) {
	f := strings.Split(text, "\t")
	if len(f) != 6+2*7 {
		return nil, errors.New("not 20 fields")
	}
	q := &question{text: strings.Join(f[:6], " "), fragment: f[5] == "1"}
	var numbers [3]uint64
	for i := range numbers {
		n, err := strconv.ParseUint(f[2+i], 10, 16)
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	q.protocol, q.port, q.code = uint8(numbers[0]), uint16(numbers[1]), uint8(numbers[2])
	var errs [2]error
	q.src, errs[0] = netip.ParseAddr(f[0])
	q.dst, errs[1] = netip.ParseAddr(f[1])
	for i := range q.sides {
		part := f[6+7*i:]
		priority, _ := strconv.Atoi(part[4])
		q.sides[i] = ours{action: part[0], judged: part[1] == "1", reason: part[2], parser: part[3],
			priority: priority, auth: part[5], rule: part[6]}
	}
	return q, errors.Join(errs[:]...)
}

// ---- case folders ----

type end struct {
	Pod, IP string
	Names   []string // learnt: not compared
}

var protocols = map[string]uint8{"ICMP": 1, "TCP": 6, "UDP": 17, "GRE": 47, "ICMPV6": 58, "VRRP": 112, "SCTP": 132}

// asked are the fields of a request that the engine of addresses and ports knows; others mean that a
// proxy, or who it was learnt from, decides.
var asked = map[string]bool{"src": true, "dst": true, "protocol": true, "port": true, "expect": true,
	"why": true, "rule": true, "reason": true, "id": true, "icmp": true}

// readRequests also tells how many requests were left out.
func readRequests(s *set) (out []*question, left int, err error) {
	file, err := os.Open(filepath.Join(s.folder, "requests.jsonl"))
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var fields map[string]json.RawMessage
		var in struct {
			Src, Dst         end
			Protocol, Expect string
			Port             uint16
		}
		if json.Unmarshal(lines.Bytes(), &fields) != nil || json.Unmarshal(lines.Bytes(), &in) != nil {
			left++
			continue
		}
		q := s.question(&in.Src, &in.Dst, in.Protocol, in.Port)
		for name := range fields {
			if !asked[name] || name == "icmp" {
				q = nil
			}
		}
		if q == nil || in.Expect == "" || in.Expect == "unknown" {
			left++
			continue
		}
		q.text, q.both = lines.Text(), in.Expect
		out = append(out, q)
	}
	return out, left, nil
}

func (s *set) question(src, dst *end, protocol string, port uint16) *question {
	if protocol == "" {
		protocol = "TCP"
	}
	q := &question{protocol: protocols[strings.ToUpper(protocol)], port: port}
	six := strings.Contains(src.IP+dst.IP, ":")
	if len(src.Names)+len(dst.Names) > 0 {
		return nil
	}
	q.src, q.dst = s.addressOf(src, six), s.addressOf(dst, six)
	if !q.src.IsValid() || !q.dst.IsValid() || q.protocol == 0 || q.src.Is4() != q.dst.Is4() {
		return nil
	}
	return q
}

func (s *set) addressOf(e *end, six bool) (out netip.Addr) {
	if e.IP != "" {
		out, _ = netip.ParseAddr(e.IP)
	}
	for _, pod := range s.pods {
		if pod.Namespace+"/"+pod.Name != e.Pod {
			continue
		}
		for _, ip := range pod.Status.PodIPs {
			a, err := netip.ParseAddr(ip.IP)
			if err == nil && (!out.IsValid() || a.Is6() == six) {
				out = a
			}
		}
	}
	return out
}
