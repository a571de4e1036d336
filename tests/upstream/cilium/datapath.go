// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
)

// found is an entry of a policy map.
type found struct {
	key   types.Key
	entry types.MapStateEntry
}

// lookup finds what the datapath finds (bpf/lib/policy.h): the longest entries for the peer and for
// the aggregate it belongs to, then the one of greater precedence, then the longer, then the peer's.
// EndpointPolicy.Lookup is not asked: of two allows it takes the shorter one, which shows in whose
// authentication counts.
func lookup(p *policy.EndpointPolicy, key types.Key) (types.MapStateEntry, types.Key, bool) {
	own := longest(p, key, key.Identity)
	var aggregate *found
	id := aggregateOf(key.Identity)
	if id != key.Identity {
		aggregate = longest(p, key, id)
	}
	if own == nil && aggregate == nil && id != 0 {
		aggregate = longest(p, key, 0)
	}
	switch {
	case own == nil && aggregate == nil:
		return types.DenyEntry(), key, false
	case own == nil:
		return aggregate.entry, aggregate.key, true
	case aggregate == nil:
		return own.entry, own.key, true
	}
	chosen, other := own, aggregate
	mine, theirs := own.entry.Precedence, aggregate.entry.Precedence
	if theirs > mine || (theirs == mine && aggregate.key.PrefixLength() > own.key.PrefixLength()) {
		chosen, other = aggregate, own
	}
	entry := chosen.entry
	if mine == theirs && !entry.AuthRequirement.IsExplicit() &&
		other.entry.AuthRequirement.AuthType() > entry.AuthRequirement.AuthType() {
		entry.AuthRequirement = other.entry.AuthRequirement.AsDerived()
	}
	return entry, chosen.key, true
}

func longest(p *policy.EndpointPolicy, key types.Key, id identity.NumericIdentity) (out *found) {
	for k, entry := range p.Entries() {
		covers := k.Identity == id && k.TrafficDirection() == key.TrafficDirection() &&
			(k.PortProtoIsEqual(key) || k.PortProtoIsBroader(key))
		if covers && entry.IsValid() && (out == nil || k.PrefixLength() > out.key.PrefixLength()) {
			out = &found{k, entry}
		}
	}
	return out
}

// aggregateOf is the identity that stands for all of a kind (pkg/policy/aggregate.go).
func aggregateOf(id identity.NumericIdentity) identity.NumericIdentity {
	switch {
	case isAggregate(id):
		return id
	case id < 100:
		return identity.IdentityUnknown
	case id.Scope() == identity.IdentityScopeRemoteNode:
		return identity.ReservedIdentityAggregateRemoteNode
	case id.Scope() == identity.IdentityScopeLocal:
		return identity.ReservedIdentityAggregateWorld
	case id.ClusterID() == option.Config.ClusterID:
		return identity.ReservedIdentityAggregateCluster
	}
	return identity.ReservedIdentityAggregateClusterMesh
}
