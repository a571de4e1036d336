// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	k8s "github.com/cilium/cilium/pkg/k8s"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	cilium "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"

	corev1 "k8s.io/api/core/v1"
)

// entries parses one policy as the agent does.
func (s *set) entries(p *object, deviations variant) (types.PolicyEntries, error) {
	clusterName := s.clusterForPolicies()
	if p.cnp == nil {
		entries, err := s.kubernetesEntries(p, clusterName)
		if err == nil && deviations&podsOnly != 0 {
			entries = ofPods(entries)
		}
		return entries, err
	}
	cnp := p.cnp.DeepCopy()
	s.resolveServices(cnp, deviations)
	rules, err := cnp.Parse(logger, clusterName)
	if err != nil {
		return nil, err
	}
	entries := utils.RulesToPolicyEntries(rules)
	if s.options["default_deny_alone"] == "isolates" {
		entries = append(entries, isolatedAlone(rules)...)
	}
	return entries, nil
}

func (s *set) kubernetesEntries(p *object, clusterName string) (types.PolicyEntries, error) {
	if p.kcnp != nil {
		return k8s.ParseClusterNetworkPolicy(logger, clusterName, p.kcnp)
	}
	return k8s.ParseNetworkPolicy(logger, clusterName, p.np)
}

// isolatedAlone is the library's option default_deny_alone=isolates, which upstream does not have: a
// rule that asks for it isolates in a direction in which it has nothing else.
func isolatedAlone(rules api.Rules) (out types.PolicyEntries) {
	for _, rule := range rules {
		subject := rule.EndpointSelector
		if subject.LabelSelector == nil {
			subject = rule.NodeSelector
		}
		selector := types.NewLabelSelector(subject)
		asked := rule.EnableDefaultDeny
		if option.Config.EnableNonDefaultDenyPolicies && asked.Ingress != nil && *asked.Ingress {
			out = append(out, isolation(selector, true, true))
		}
		if option.Config.EnableNonDefaultDenyPolicies && asked.Egress != nil && *asked.Egress {
			out = append(out, isolation(selector, false, true))
		}
	}
	return out
}

// resolveServices puts the pods or the addresses of services into the rules that name them. Upstream
// does this with tables of its load balancer (pkg/policy/k8s, resolveToServices), for `egress` only.
func (s *set) resolveServices(cnp *cilium.CiliumNetworkPolicy, deviations variant) {
	rules := slices.Clone(cnp.Specs)
	if cnp.Spec != nil {
		rules = append(rules, cnp.Spec)
	}
	for _, rule := range rules {
		for i := range rule.Egress {
			s.resolvePeers(&rule.Egress[i].EgressCommonRule, deviations)
		}
		for i := range rule.EgressDeny {
			if deviations&deniedServices != 0 {
				s.resolvePeers(&rule.EgressDeny[i].EgressCommonRule, deviations)
			}
		}
	}
}

func (s *set) resolvePeers(rule *api.EgressCommonRule, deviations variant) {
	for _, key := range slices.Sorted(maps.Keys(s.services)) {
		s.resolveService(rule, key, s.services[key])
	}
	found := len(rule.ToEndpoints) > 0 || len(rule.ToCIDRSet) > 0
	if deviations&noService != 0 && rule.ToServices != nil && !found {
		rule.ToEndpoints = []api.EndpointSelector{}
	}
}

func (s *set) resolveService(rule *api.EgressCommonRule, key string, service *corev1.Service) {
	for _, peer := range rule.ToServices {
		if !matchesService(&peer, service) {
			continue
		}
		if len(service.Spec.Selector) > 0 {
			selector := maps.Clone(service.Spec.Selector)
			selector[ciliumio.PodNamespaceLabel] = service.Namespace
			pods := api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix,
				&slim.LabelSelector{MatchLabels: selector})
			pods.Generated = true
			rule.ToEndpoints = append(rule.ToEndpoints, pods)
			continue
		}
		for _, a := range s.backends[key] {
			prefix := netip.PrefixFrom(a, a.BitLen())
			rule.ToCIDRSet = append(rule.ToCIDRSet,
				api.CIDRRule{Cidr: api.CIDR(prefix.String()), Generated: true})
		}
	}
}

func matchesService(peer *api.Service, service *corev1.Service) bool {
	if by := peer.K8sServiceSelector; by != nil {
		selector := types.NewLabelSelector(api.EndpointSelector(by.Selector))
		// the source of a label is ignored there, so the labels get every one that a key may ask for
		lbls := labels.LabelArray{}
		for _, source := range []string{labels.LabelSourceK8s, labels.LabelSourceAny} {
			lbls = append(lbls, labels.Map2Labels(service.Labels, source).LabelArray()...)
		}
		return (by.Namespace == "" || by.Namespace == service.Namespace) && selector.Matches(lbls)
	}
	by := peer.K8sService
	return by != nil && by.ServiceName == service.Name &&
		(by.Namespace == "" || by.Namespace == service.Namespace)
}

// allEntries parses every policy.
func (s *set) allEntries(deviations variant) (out []types.PolicyEntries, err error) {
	for _, p := range s.policies {
		entries, err := s.entries(p, deviations)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		out = append(out, entries)
	}
	if deviations&localhostAlways != 0 && s.options["policy_enforcement"] == "always" {
		out = append(out, types.PolicyEntries{isolation(types.WildcardSelector, true, true)})
	}
	return out, nil
}
