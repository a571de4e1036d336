// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"
)

// variant is a set of deviations: what the library does otherwise on purpose (docs/cilium.md), each
// made exact by changing what upstream is given. A question that differs is asked again under
// variants; what agrees under one is counted under its name.
type variant uint

const (
	// selectors are not about the aggregates of upstream's policy map, which have no labels of what
	// they stand for: a NotIn or DoesNotExist alone selects them, and by them pods that it excludes
	noAggregates variant = 1 << iota
	// an address outside has reserved:world beside reserved:world-ipv4 or -ipv6
	worldOfBoth
	// services of egressDeny are looked up, too
	deniedServices
	// toServices that find no service are about nobody
	noService
	// enforcement "always": the own node is let in to pods that no policy selects
	localhostAlways
	// selectors of namespaces in policies of Kubernetes are about pods alone
	podsOnly
	everyVariant variant = 1<<iota - 1
)

var deviations = map[variant]string{
	noAggregates:    "aggregates are selected by what their members lack",
	worldOfBoth:     "reserved:world is nobody where both families are on",
	deniedServices:  "toServices of egressDeny are not looked up",
	noService:       "toServices that find no service are about everybody, with ports",
	podsOnly:        "namespaceSelectors of Kubernetes with NotIn alone are about the world and nodes, too",
	localhostAlways: "policy_enforcement=always shuts out the own node where no policy is",
}

func (v variant) String() (out string) {
	for bit := variant(1); bit < everyVariant; bit <<= 1 {
		if v&bit != 0 {
			if out != "" {
				out += " + "
			}
			out += deviations[bit]
		}
	}
	return out
}

// variants are the sets of up to three deviations, the smallest first.
func variants() (out []variant) {
	for size := 0; size <= 3; size++ {
		for v := variant(0); v <= everyVariant; v++ {
			if bits(v) == size {
				out = append(out, v)
			}
		}
	}
	return out
}

func bits(v variant) (n int) {
	for ; v != 0; v &= v - 1 {
		n++
	}
	return n
}

// identities are those that selectors see.
func (v variant) identities(in identity.IdentityMap) identity.IdentityMap {
	out := identity.IdentityMap{}
	for id, lbls := range in {
		if v&noAggregates != 0 && isAggregate(id) {
			continue
		}
		if v&worldOfBoth != 0 && (lbls.Has(labels.LabelSourceReservedKeyPrefix+labels.IDNameWorldIPv4) ||
			lbls.Has(labels.LabelSourceReservedKeyPrefix+labels.IDNameWorldIPv6)) {
			both := lbls.Labels()
			both.MergeLabels(labels.LabelWorld)
			lbls = both.LabelArray()
		}
		out[id] = lbls
	}
	return out
}

func isAggregate(id identity.NumericIdentity) bool {
	switch id {
	case identity.ReservedIdentityAggregateCluster, identity.ReservedIdentityAggregateClusterMesh,
		identity.ReservedIdentityAggregateWorld, identity.ReservedIdentityAggregateRemoteNode:
		return true
	}
	return false
}

// ofPods are the entries with peers that must be pods: what has a namespace.
func ofPods(entries types.PolicyEntries) types.PolicyEntries {
	needed := []slim.LabelSelectorRequirement{{
		Key:      labels.LabelSourceK8sKeyPrefix + ciliumio.PodNamespaceLabel,
		Operator: slim.LabelSelectorOpExists,
	}}
	for _, entry := range entries {
		peers := types.Selectors{}
		for _, peer := range entry.L3 {
			if !peer.IsWildcard() && !strings.Contains(peer.Key(), labels.LabelSourceReservedKeyPrefix) {
				peer = types.Selectors{peer}.WithRequirements(needed)[0]
			}
			peers = append(peers, peer)
		}
		if entry.L3 != nil {
			entry.L3 = peers
		}
	}
	return entries
}

// isolation is an entry that selects nobody and isolates its subject.
func isolation(subject *types.LabelSelector, ingress, isolates bool) *types.PolicyEntry {
	return &types.PolicyEntry{Tier: types.Normal, Subject: subject, Ingress: ingress,
		DefaultDeny: isolates, Verdict: types.Allow}
}
