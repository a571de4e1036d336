// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	clustermesh "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	"github.com/cilium/cilium/pkg/types"
)

// view is a set as the agent of one node sees it: which addresses are its own decides who is the
// host, so each node has a cache of addresses, identities and a repository of its own.
type view struct {
	set     *set
	node    *node
	variant variant
	ipc     *ipcache.IPCache
	alloc   *testidentity.MockIdentityAllocator
	repo    *policy.Repository
	ids     map[identity.NumericIdentity]*identity.Identity
	ports   types.NamedPortMultiMap
	pods    map[netip.Addr]*podInfo
	// what was computed of subjects, by their identity and named ports
	policies map[string]*policy.EndpointPolicy
}

type podInfo struct {
	pod   *corev1.Pod
	id    *identity.Identity
	ports types.NamedPortMap
}

// UpdateIdentities hands what the cache of addresses allocates to the selectors.
func (v *view) UpdateIdentities(added, deleted identity.IdentityMap) <-chan struct{} {
	var wg sync.WaitGroup
	added = v.variant.identities(added)
	v.repo.GetSelectorCache().UpdateIdentities(added, deleted, &wg)
	wg.Wait()
	v.repo.UpdateIdentities(added, deleted)
	done := make(chan struct{})
	close(done)
	return done
}

func (v *view) GetNamedPorts() types.NamedPortMultiMap { return v.ports }

func newView(s *set, n *node, deviations variant) (*view, error) {
	entries, err := s.allEntries(deviations)
	if err != nil {
		return nil, err
	}
	v := &view{
		set:      s,
		node:     n,
		variant:  deviations,
		alloc:    testidentity.NewMockIdentityAllocator(nil),
		ids:      map[identity.NumericIdentity]*identity.Identity{},
		pods:     map[netip.Addr]*podInfo{},
		policies: map[string]*policy.EndpointPolicy{},
	}
	// what an earlier node added to the host's labels does not hold for this one
	identity.AddReservedIdentityWithLabels(identity.ReservedIdentityHost, labels.NewFrom(labels.LabelHost))
	reserved := deviations.identities(identity.ListReservedIdentities())
	v.repo = policy.NewPolicyRepository(logger, reserved, certificates{},
		envoypolicy.NewEnvoyL7RulesTranslator(logger, certificatemanager.NewMockSecretManagerInline()),
		identitymanager.NewIDManager(logger), nil)
	v.repo.SetNamedPortsGetter(v)
	v.repo.UpdateIdentities(reserved, nil)
	v.ipc = ipcache.NewIPCache(&ipcache.Configuration{
		Context:           context.Background(),
		Logger:            logger,
		IdentityAllocator: v.alloc,
		IdentityUpdater:   v,
	})
	if err := v.addPods(); err != nil {
		return nil, err
	}
	for i, list := range entries {
		v.repo.ReplaceByResource(list, v.resource(i))
	}
	updates := slices.Concat(v.nodeUpdates(), v.groupUpdates(), v.prefixUpdates(entries))
	if len(updates) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := v.ipc.WaitForRevision(ctx, v.ipc.UpsertMetadataBatch(updates...)); err != nil {
			return nil, fmt.Errorf("the cache of addresses: %w", err)
		}
	}
	return v, nil
}

func (v *view) close() {
	_ = v.ipc.Shutdown()
	for _, p := range v.policies {
		p.Detach(logger)
	}
}

// resource is the name under which a policy is kept; its namespace says whose subjects it may have.
func (v *view) resource(i int) ipcachetypes.ResourceID {
	if i == len(v.set.policies) { // a deviation's, for the whole cluster
		return ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCCNP, "", "deviation")
	}
	p := v.set.policies[i]
	kind, namespace := ipcachetypes.ResourceKindCNP, ""
	switch {
	case p.np != nil:
		kind, namespace = ipcachetypes.ResourceKindNetpol, k8sutils.ExtractNamespaceOrDefault(&p.np.ObjectMeta)
	case p.kcnp != nil:
		kind = ipcachetypes.ResourceKindKCNP
	default:
		namespace = p.cnp.Namespace
	}
	return ipcachetypes.NewResourceID(kind, namespace, fmt.Sprint(i))
}

// ---- who there is ----

func (v *view) addPods() error {
	ports := types.NewNamedPortMultiMap()
	v.ports = ports
	added := identity.IdentityMap{}
	for _, pod := range v.set.pods {
		if pod.Spec.HostNetwork {
			continue // its addresses are the node's
		}
		info := &podInfo{pod: pod, ports: namedPorts(pod)}
		namespace := &corev1.Namespace{}
		namespace.Name = pod.Namespace
		namespace.Labels = v.set.namespaces[pod.Namespace]
		lbls := labels.Map2Labels(k8sutils.SanitizePodLabels(pod.Labels, namespace,
			pod.Spec.ServiceAccountName, v.set.cluster), labels.LabelSourceK8s)
		lbls, _ = labelsfilter.Filter(lbls)
		for _, l := range k8s.NamedPortsIdentityLabels(info.ports) {
			lbls[l.Key] = l
		}
		id, _, err := v.alloc.AllocateIdentity(context.Background(), lbls, false, identity.InvalidIdentity)
		if err != nil {
			return err
		}
		info.id = id
		v.ids[id.ID] = id
		added[id.ID] = id.LabelArray
		ports.Update(id.ID, nil, info.ports)
		for _, ip := range pod.Status.PodIPs {
			if a, err := netip.ParseAddr(ip.IP); err == nil {
				v.pods[a] = info
			}
		}
		if a, err := netip.ParseAddr(pod.Status.PodIP); err == nil {
			v.pods[a] = info
		}
	}
	v.UpdateIdentities(added, nil)
	return nil
}

func namedPorts(pod *corev1.Pod) types.NamedPortMap {
	out := types.NamedPortMap{}
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name != "" {
				protocol := port.Protocol
				if protocol == "" {
					protocol = corev1.ProtocolTCP
				}
				_ = out.AddPort(port.Name, int(port.ContainerPort), string(protocol))
			}
		}
	}
	return out
}

// ---- addresses ----

func update(a netip.Addr, src source.Source, name string, lbls labels.Labels) ipcache.MU {
	return ipcache.MU{
		Prefix:   clustermesh.NewLocalPrefixCluster(netip.PrefixFrom(a, a.BitLen())),
		Source:   src,
		Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindNode, "", name),
		Metadata: []ipcache.IPMetadata{lbls},
	}
}

// nodeUpdates says of each address of a node, and of the API server, what pkg/node/manager and the
// watcher of the service `kubernetes` say of them.
func (v *view) nodeUpdates() (out []ipcache.MU) {
	for _, n := range v.set.nodes {
		src, own := source.CustomResource, labels.NewFrom(labels.LabelRemoteNode)
		if n == v.node {
			src, own = source.Local, labels.NewFrom(labels.LabelHost)
		}
		own.MergeLabels(v.nodeLabels(n))
		for _, a := range n.addresses {
			out = append(out, update(a, src, n.name, maps.Clone(own)))
		}
		for _, a := range n.health {
			out = append(out, update(a, src, n.name, labels.NewFrom(labels.LabelHealth)))
		}
		for _, a := range n.ingress {
			out = append(out, update(a, src, n.name, labels.NewFrom(labels.LabelIngress)))
		}
	}
	for _, a := range v.set.backends["default/kubernetes"] {
		if _, isPod := v.pods[a]; !isPod {
			out = append(out, update(a, source.KubeAPIServer, "kubernetes",
				labels.NewFrom(labels.LabelKubeAPIServer)))
		}
	}
	return out
}

func (v *view) nodeLabels(n *node) labels.Labels {
	if v.set.options["node_labels"] != "on" {
		return labels.Labels{}
	}
	lbls, _ := labelsfilter.FilterNodeLabels(labels.Map2Labels(n.labels, labels.LabelSourceNode))
	cluster := labels.NewLabel(ciliumio.PolicyLabelCluster, v.set.cluster, labels.LabelSourceK8s)
	out := labels.NewFrom(lbls)
	out[cluster.Key] = cluster
	return out
}

// groupUpdates follows pkg/policy/k8s/cilium_cidr_group.go.
func (v *view) groupUpdates() (out []ipcache.MU) {
	for _, group := range v.set.groups {
		lbls := labels.Labels{}
		for key, value := range k8sutils.RemoveCiliumLabels(group.Labels) {
			l := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
			lbls[l.Key] = l
			encoded := labels.EncodedCIDRGroupLabel(l.Key, l.Value, l.Source)
			lbls[encoded.Key] = encoded
		}
		reference := api.LabelForCIDRGroupRef(group.Name)
		lbls[reference.Key] = reference
		for _, text := range group.Spec.ExternalCIDRs {
			prefix, err := netip.ParsePrefix(string(text))
			if err != nil {
				continue
			}
			own := maps.Clone(lbls)
			own.AddWorldLabel(prefix.Addr())
			out = append(out, ipcache.MU{
				Prefix:   clustermesh.NewLocalPrefixCluster(prefix),
				Source:   source.Generated,
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCIDRGroup, "", group.Name),
				Metadata: []ipcache.IPMetadata{own},
			})
		}
	}
	return out
}

// prefixUpdates follows pkg/policy/cell, policy_importer.go: every prefix that a rule names is one.
func (v *view) prefixUpdates(entries []policytypes.PolicyEntries) (out []ipcache.MU) {
	for i, list := range entries {
		for _, prefix := range policy.GetCIDRPrefixes(list) {
			out = append(out, ipcache.MU{
				Prefix:   clustermesh.NewLocalPrefixCluster(prefix),
				Source:   source.CustomResource,
				Resource: v.resource(i),
				Metadata: []ipcache.IPMetadata{labels.GetCIDRLabels(prefix)},
				IsCIDR:   true,
			})
		}
	}
	return out
}

// identify is the identity of whoever has the address.
func (v *view) identify(a netip.Addr) *identity.Identity {
	if info := v.pods[a]; info != nil {
		return info.id
	}
	if found, ok := v.ipc.LookupSecIDByIP(a); ok {
		if id := v.alloc.LookupIdentityByID(context.Background(), found.ID); id != nil {
			return id
		}
		return identity.LookupReservedIdentity(found.ID)
	}
	if a.Is4() {
		return identity.LookupReservedIdentity(identity.ReservedIdentityWorldIPv4)
	}
	return identity.LookupReservedIdentity(identity.ReservedIdentityWorldIPv6)
}
