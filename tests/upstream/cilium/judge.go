// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"net/netip"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// decision is what one side says.
type decision struct {
	judged   bool
	deny     bool
	redirect bool
	priority int // of a redirect's listener or parser; the lower wins
	auth     string
	why      string // the rules that the entry comes from
}

// owner is the endpoint for which a policy is computed.
type owner struct {
	id    uint64
	ports types.NamedPortMap
	host  bool
}

func (o *owner) GetID() uint64 { return o.id }
func (o *owner) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	port, _ := o.ports.GetNamedPort(name, proto)
	return port
}
func (o *owner) PolicyDebug(string, ...any)                         {}
func (o *owner) IsHost() bool                                       { return o.host }
func (o *owner) PreviousMapStateSizes() (none policy.MapStateSizes) { return none }
func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

// authNames are the library's.
var authNames = map[policytypes.AuthType]string{
	policytypes.AuthTypeSpire:      "required",
	policytypes.AuthTypeAlwaysFail: "always-fail",
}

// certificates stands for secrets that nobody has.
type certificates struct{}

func (certificates) GetTLSContext(_ context.Context, _ *api.TLSContext, _ string) (ca, public, private string, inline bool, err error) {
	return "ca", "public", "private", true, nil
}

// policyOf computes what a subject's rules say, once.
func (v *view) policyOf(subject *identity.Identity, ports types.NamedPortMap, host bool) (*policy.EndpointPolicy, error) {
	key := fmt.Sprint(subject.ID, host)
	if p := v.policies[key]; p != nil {
		return p, nil
	}
	selected, _, err := v.repo.ComputeSelectorPolicy(subject)
	if err != nil {
		return nil, err
	}
	p := selected.DistillPolicy(logger, &owner{id: uint64(subject.ID), ports: ports, host: host},
		map[string]uint16{policy.FallbackRedirectID: math.MaxUint16})
	if err := p.Ready(); err != nil {
		return nil, err
	}
	v.policies[key] = p
	return p, nil
}

// judge is one side of a connection: the subject's egress to, or its ingress from, the peer.
func (v *view) judge(subject netip.Addr, peer netip.Addr, ingress bool, q *question) (decision, error) {
	info := v.pods[subject]
	if info == nil {
		return decision{}, nil
	}
	p, err := v.policyOf(info.id, info.ports, false)
	if err != nil {
		return decision{}, err
	}
	key := policy.EgressKey()
	if ingress {
		key = policy.IngressKey()
	}
	far := v.identify(peer)
	entry, at, _ := lookup(p, key.WithIdentity(far.ID).WithPortProto(u8proto.U8proto(q.protocol), q.port))
	meta, _ := p.GetRuleMeta(at)
	out := decision{
		judged:   true,
		deny:     entry.IsDeny(),
		redirect: !entry.IsDeny() && entry.ProxyPort != 0,
		auth:     "none",
		why:      fmt.Sprintf("peer %d %s; by %v", far.ID, far.LabelArray, meta.LabelArrayListString()),
	}
	if out.redirect {
		out.priority = int(entry.Precedence.ListenerPriority())
	}
	if !entry.IsDeny() && entry.AuthRequirement.AuthType() != 0 {
		out.auth = authNames[entry.AuthRequirement.AuthType()]
	}
	return out, nil
}
