// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	kcnp "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	cilium "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networking "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
)

// set is what a folder holds: the inventory, the policies and the options.
type set struct {
	folder     string
	options    map[string]string
	cluster    string
	namespaces map[string]map[string]string
	pods       []*corev1.Pod
	nodes      []*node
	services   map[string]*corev1.Service // by namespace/name
	backends   map[string][]netip.Addr
	groups     []*cilium.CiliumCIDRGroup
	policies   []*object
	removed    bool // some rule has what this version of Cilium no longer reads
}

type node struct {
	name      string
	labels    map[string]string
	addresses []netip.Addr
	health    []netip.Addr
	ingress   []netip.Addr
}

// object is one object of any kind of policy; exactly one of the pointers is set.
type object struct {
	name string
	cnp  *cilium.CiliumNetworkPolicy
	np   *networking.NetworkPolicy
	kcnp *kcnp.ClusterNetworkPolicy
}

func readSet(folder string) (*set, error) {
	s := &set{
		folder:     folder,
		options:    map[string]string{},
		cluster:    "default",
		namespaces: map[string]map[string]string{},
		services:   map[string]*corev1.Service{},
		backends:   map[string][]netip.Addr{},
	}
	if err := s.readOptions(); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	for _, file := range files {
		if err := s.readFile(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return s, nil
}

// readOptions reads "name=value" from `options`, and from `profile` behind its first line.
func (s *set) readOptions() error {
	for _, name := range []string{"profile", "options"} {
		text, err := os.ReadFile(filepath.Join(s.folder, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		for _, line := range strings.Fields(string(text)) {
			if key, value, found := strings.Cut(line, "="); found {
				s.options[key] = value
			}
		}
	}
	return nil
}

func (s *set) readFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(newLineReader(text))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		text, err := yaml.ToJSON(document)
		if err != nil {
			return err
		}
		if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
			continue
		}
		if err := s.add(text); err != nil {
			return err
		}
	}
}

// decode is the decoding that the kinds share: JSON into upstream's own types.
func decode[T any](text []byte) (*T, error) {
	out := new(T)
	return out, json.Unmarshal(text, out)
}

func (s *set) add(text []byte) error {
	head, err := decode[struct {
		Kind     string
		Metadata struct {
			Name, Namespace string
			Labels          map[string]string
		}
		Items []json.RawMessage
	}](text)
	if err != nil {
		return err
	}
	meta := head.Metadata
	switch head.Kind {
	case "Namespace":
		s.namespaces[meta.Name] = meta.Labels
	case "Pod":
		return s.addPod(text)
	case "Node":
		return s.addNode(text)
	case "CiliumNode":
		return s.addCiliumNode(text)
	case "Service":
		service, err := decode[corev1.Service](text)
		s.services[meta.Namespace+"/"+meta.Name] = service
		return err
	case "EndpointSlice":
		return s.addSlice(text)
	case "Endpoints":
		return s.addEndpoints(text)
	case "ConfigMap":
		config, err := decode[corev1.ConfigMap](text)
		if err == nil && meta.Name == "cilium-config" && config.Data["cluster-name"] != "" {
			s.cluster = config.Data["cluster-name"]
		}
		return err
	case "CiliumCIDRGroup":
		group, err := decode[cilium.CiliumCIDRGroup](text)
		s.groups = append(s.groups, group)
		return err
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		for _, field := range []string{`"kafka":`, `"l7proto":`} {
			s.removed = s.removed || bytes.Contains(text, []byte(field))
		}
		// the agent reads both into this type, too
		p, err := decode[cilium.CiliumNetworkPolicy](text)
		s.policies = append(s.policies, &object{name: head.Kind + "/" + meta.Name, cnp: p})
		return err
	case "NetworkPolicy":
		p, err := decode[networking.NetworkPolicy](text)
		s.policies = append(s.policies, &object{name: head.Kind + "/" + meta.Name, np: p})
		return err
	case "ClusterNetworkPolicy":
		p, err := decode[kcnp.ClusterNetworkPolicy](text)
		s.policies = append(s.policies, &object{name: head.Kind + "/" + meta.Name, kcnp: p})
		return err
	case "List":
		for _, item := range head.Items {
			if err := s.add(item); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("kind %q is not one that is compared", head.Kind)
	}
	return nil
}

func (s *set) addPod(text []byte) error {
	pod, err := decode[corev1.Pod](text)
	if err != nil {
		return err
	}
	if pod.Namespace == "" {
		pod.Namespace = "default"
	}
	if pod.Spec.ServiceAccountName == "" { // as the API server fills it in
		pod.Spec.ServiceAccountName = "default"
	}
	s.pods = append(s.pods, pod)
	return nil
}

func (s *set) nodeOf(name string) *node {
	for _, n := range s.nodes {
		if n.name == name {
			return n
		}
	}
	n := &node{name: name}
	s.nodes = append(s.nodes, n)
	return n
}

func (s *set) addNode(text []byte) error {
	in, err := decode[corev1.Node](text)
	if err != nil {
		return err
	}
	n := s.nodeOf(in.Name)
	n.labels = in.Labels
	for _, address := range in.Status.Addresses {
		if a, err := netip.ParseAddr(address.Address); err == nil {
			n.addresses = append(n.addresses, a)
		}
	}
	return nil
}

func (s *set) addCiliumNode(text []byte) error {
	in, err := decode[struct {
		Metadata struct{ Name string }
		Spec     struct {
			Addresses []struct{ IP string }
			Health    struct{ IPv4, IPv6 string }
			Ingress   struct{ IPV4, IPV6 string }
		}
	}](text)
	if err != nil {
		return err
	}
	n := s.nodeOf(in.Metadata.Name)
	keep := func(to *[]netip.Addr, texts ...string) {
		for _, text := range texts {
			if a, err := netip.ParseAddr(text); err == nil {
				*to = append(*to, a)
			}
		}
	}
	for _, address := range in.Spec.Addresses {
		keep(&n.addresses, address.IP)
	}
	keep(&n.health, in.Spec.Health.IPv4, in.Spec.Health.IPv6)
	keep(&n.ingress, in.Spec.Ingress.IPV4, in.Spec.Ingress.IPV6)
	return nil
}

func (s *set) addBackend(service, text string) {
	if a, err := netip.ParseAddr(text); err == nil {
		s.backends[service] = append(s.backends[service], a)
	}
}

func (s *set) addSlice(text []byte) error {
	slice, err := decode[discoveryv1.EndpointSlice](text)
	if err != nil {
		return err
	}
	service := slice.Namespace + "/" + slice.Labels["kubernetes.io/service-name"]
	// those that are not ready are backends, too (pkg/loadbalancer/reflectors, convertEndpoints)
	for _, endpoint := range slice.Endpoints {
		for _, address := range endpoint.Addresses {
			s.addBackend(service, address)
		}
	}
	return nil
}

func (s *set) addEndpoints(text []byte) error {
	endpoints, err := decode[corev1.Endpoints](text)
	if err != nil {
		return err
	}
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			s.addBackend(endpoints.Namespace+"/"+endpoints.Name, address.IP)
		}
	}
	return nil
}
