// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	clustermesh "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// prepare sets what the agent sets once.
func prepare() {
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	option.Config.EnableL7Proxy = true
	option.Config.EnableICMPRules = true
	_ = labelsfilter.ParseLabelPrefixCfg(logger, nil, nil, "")
}

// configure sets the agent's options for a set; the name tells of one that has no counterpart.
func configure(s *set) (unsupported string) {
	o := s.options
	on := func(name string, otherwise bool) bool {
		if value, given := o[name]; given {
			return value == "on"
		}
		return otherwise
	}
	option.Config.ClusterName = s.cluster
	api.InitEntities(s.cluster)
	option.Config.EnableNonDefaultDenyPolicies = on("non_default_deny", true)
	option.Config.EnableNodeSelectorLabels = on("node_labels", false)
	option.Config.EnableExtendedIPProtocols = on("extended_protocols", false)
	option.Config.EnableHostFirewall = on("host_firewall", false)
	option.Config.PolicyCIDRMatchMode = nil
	if on("ipblock_matches_nodes", false) {
		option.Config.PolicyCIDRMatchMode = []string{"nodes"}
	}
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	if o["allow_localhost"] == "off" {
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	}
	mode := map[string]string{"": "default", "default": "default", "always": "always", "never": "never"}
	policy.SetPolicyEnabled(mode[o["policy_enforcement"]])
	for name, value := range map[string]string{"allow_localhost": "top", "ipblock_matches_pods": "on",
		"plain_allow": "dropped", "identity_labels": "all"} {
		if o[name] == value {
			return name + "=" + value
		}
	}
	return ""
}

var sideNames = [2]string{"egress", "ingress"}

func (s *set) clusterForPolicies() string {
	if s.options["local_cluster"] == "off" {
		return clustermesh.PolicyAnyCluster
	}
	return s.cluster
}

// refusal is what our side said of a set that it refused; "" when it took it.
func refusal(folder string) string {
	text, err := os.ReadFile(filepath.Join(folder, "refused"))
	if err != nil {
		return ""
	}
	return string(text)
}

// compare asks upstream the questions of one folder. An error is a difference about the whole folder.
func (t *tally) compare(folder string) error {
	s, err := readSet(folder)
	refused := refusal(folder)
	if err != nil {
		return t.compareRefusal(refused, err)
	}
	if unsupported := configure(s); unsupported != "" {
		t.left["sets with "+unsupported]++
		return nil
	}
	if s.removed {
		t.left["sets with kafka, l7proto or l7, which this version does not have"]++
		return nil
	}
	if _, err := s.allEntries(0); err != nil {
		return t.compareRefusal(refused, err)
	}
	questions, left, err := readQuestions(s)
	if err != nil {
		return err
	}
	t.left["requests that ask more, or cannot tell an address"] += left
	w := &views{set: s, of: map[place]*view{}}
	defer w.close()
	for _, q := range questions {
		differs, err := t.ask(s, q, w)
		if err != nil {
			return t.compareRefusal(refused, err)
		}
		for _, text := range differs {
			fmt.Printf("%s: %s\n", folder, text)
		}
		t.differ += len(differs)
		if len(differs) > 0 && !*verbose {
			break
		}
	}
	if refused != "" {
		if err := w.resolveAll(); err != nil {
			return t.compareRefusal(refused, err)
		}
		return fmt.Errorf("refused here (%s), upstream takes it", refused)
	}
	return nil
}

// resolveAll makes the policy of every pod: rules that cannot stand together are found then.
func (w *views) resolveAll() error {
	for _, pod := range w.set.pods {
		for _, ip := range pod.Status.PodIPs {
			a, err := netip.ParseAddr(ip.IP)
			if err != nil {
				continue
			}
			if _, err := w.judge(&question{src: a, dst: a, protocol: 6, port: 80}, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// inOneOrder is the refusal of rules that upstream merges when it sees them the other way round; its
// order is that of a map (pkg/policy/rule.go, mergePortProto).
const inOneOrder = "with SNI filtering without TLS termination"

func (t *tally) compareRefusal(refused string, err error) error {
	switch {
	case refused != "":
		t.refusedByBoth++
	case strings.Contains(err.Error(), inOneOrder):
		t.deviating["server names and requests of two rules: refused in one order"]++
	default:
		return fmt.Errorf("upstream refuses what is taken here: %w", err)
	}
	return nil
}

// nodeOfPod is the node whose agent enforces the policies of the pod with this address.
func (s *set) nodeOfPod(a netip.Addr) (*node, bool) {
	for _, pod := range s.pods {
		if pod.Spec.HostNetwork {
			continue
		}
		for _, ip := range pod.Status.PodIPs {
			if b, err := netip.ParseAddr(ip.IP); err == nil && a == b {
				return s.nodeOf(pod.Spec.NodeName), true
			}
		}
	}
	return nil, false
}

// views are made when a question first needs them.
type views struct {
	set *set
	of  map[place]*view
}

type place struct {
	node    *node
	variant variant
}

func (w *views) at(n *node, deviations variant) (*view, error) {
	at := place{n, deviations}
	if w.of[at] == nil {
		v, err := newView(w.set, n, deviations)
		if err != nil {
			return nil, err
		}
		w.of[at] = v
	}
	return w.of[at], nil
}

func (w *views) close() {
	for _, v := range w.of {
		v.close()
	}
}

// judge asks upstream, with these deviations, what both sides say.
func (w *views) judge(q *question, deviations variant) (said [2]decision, err error) {
	for side := range said {
		subject, peer := q.src, q.dst
		if side == ingress {
			subject, peer = q.dst, q.src
		}
		n, isPod := w.set.nodeOfPod(subject)
		if !isPod {
			continue
		}
		v, err := w.at(n, deviations)
		if err != nil {
			return said, err
		}
		said[side], err = v.judge(subject, peer, side == ingress, q)
		if err != nil {
			return said, err
		}
	}
	return said, nil
}

// ask compares one question: as upstream is, and where it differs with the deviations.
func (t *tally) ask(s *set, q *question, w *views) (differs []string, err error) {
	if why := outside(s, q); why != "" {
		t.left["questions: "+why]++
		return nil, nil
	}
	for _, deviations := range variants() {
		said, err := w.judge(q, deviations)
		if err != nil {
			return nil, err
		}
		found := q.compare(said)
		if deviations == 0 {
			t.count(q, said)
			differs = found
		}
		if len(found) == 0 {
			if deviations != 0 {
				t.deviating[deviations.String()]++
			}
			return nil, nil
		}
	}
	if said, err := w.judge(q, 0); err == nil && q.losesAuthentication(said) {
		t.deviating["a proxy's entry has the higher precedence and asks for no authentication"]++
		return nil, nil
	}
	return differs, nil
}

// losesAuthentication tells whether nothing else differs than this: a rule about the port alone asks
// for authentication, and the entry of the proxy, which decides upstream, does not
// (pkg/policy/mapstate.go, lookup).
func (q *question) losesAuthentication(said [2]decision) bool {
	for side := range said {
		mine, theirs := &q.sides[side], &said[side]
		loses := theirs.redirect && !theirs.deny && theirs.auth == "none" && mine.auth != "none" &&
			mine.parser != "none" && mine.priority == theirs.priority
		if !loses && mine.compare(theirs) != "" {
			return false
		}
	}
	return q.both == ""
}

// compare tells where our verdict is another one.
func (q *question) compare(said [2]decision) (differs []string) {
	if q.both != "" {
		return q.compareBoth(said)
	}
	for side, name := range sideNames {
		if text := q.sides[side].compare(&said[side]); text != "" {
			differs = append(differs, fmt.Sprintf("%s: %s: %s", q.text, name, text))
		}
	}
	return differs
}

func (t *tally) count(q *question, said [2]decision) {
	for side := range said {
		switch {
		case !said[side].judged:
		case q.both == "" && q.sides[side].action == "unknown":
			t.left["sides: unknown here"]++
		default:
			t.sides++
			t.seen[said[side].action()]++
		}
	}
}

func (s *set) isNode(a netip.Addr) bool {
	return slices.ContainsFunc(s.nodes, func(n *node) bool { return slices.Contains(n.addresses, a) })
}

// outside tells why a question is not one for the engine of policies.
func outside(s *set, q *question) string {
	switch {
	case q.src == q.dst:
		return "an end to itself"
	case s.options["ipblock_matches_nodes"] == "on" && (s.isNode(q.src) || s.isNode(q.dst)):
		return "nodes that ranges are about: all addresses of the own node have one identity"
	case s.options["host_firewall"] == "on" && (s.isNode(q.src) || s.isNode(q.dst)):
		return "nodes, with the host firewall"
	case q.fragment:
		return "fragments"
	case q.protocol == 1 && q.port == 3 && q.code == 4:
		return "ICMP fragmentation needed, which passes before policies"
	}
	return ""
}

// compare is one side, "" where both say the same.
func (mine *ours) compare(theirs *decision) string {
	if !theirs.judged || mine.action == "unknown" {
		return ""
	}
	action := theirs.action()
	denied := mine.action == "deny"
	switch {
	case denied != (action == "deny") && !(mine.auth == "always-fail" && theirs.auth == "always-fail"),
		!denied && (mine.parser != "none") != theirs.redirect,
		!denied && mine.auth != theirs.auth,
		!denied && theirs.redirect && mine.priority != theirs.priority:
		return fmt.Sprintf("%s (%s %d, %s) by %s here, upstream %s (%d, %s); %s", mine.action, mine.parser,
			mine.priority, mine.auth, mine.rule, action, theirs.priority, theirs.auth, theirs.why)
	}
	return ""
}

func (d *decision) action() string {
	switch {
	case d.deny, d.auth == "always-fail":
		return "deny"
	case d.redirect || d.auth == "required":
		return "inspect"
	}
	return "allow"
}

// compareBoth compares the verdict of a case, which is that of both sides together.
func (q *question) compareBoth(said [2]decision) []string {
	action, why := "allow", ""
	for side := range said {
		if !said[side].judged {
			continue
		}
		one := said[side].action()
		why += fmt.Sprintf(" [%s %s]", one, said[side].why)
		if one == "deny" || action == "allow" {
			action = one
		}
	}
	if action == q.both {
		return nil
	}
	return []string{fmt.Sprintf("%s: upstream %s;%s", q.text, action, why)}
}
