// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	cilium "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	"github.com/cilium/cilium/pkg/option"
)

// preambles are the abbreviations of tests/unit/dialect/inputs.c.
var preambles = map[string]string{
	"%cilium":  namespaced + "\n",
	"%ccnp":    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\nspec:\n",
	"%port":    namespaced + " {endpointSelector: {}, ingress: [{toPorts: [{ports: [\n",
	"%in":      namespaced + " {endpointSelector: {}, ingress: [{\n",
	"%out":     namespaced + " {endpointSelector: {}, egress: [{\n",
	"%outdeny": namespaced + " {endpointSelector: {}, egressDeny: [{\n",
}

const namespaced = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: ns}\nspec:"

// input is a block of tests/unit/dialect/*_inputs.txt: a policy, and whether it is refused here.
type input struct {
	title, text, errors string
}

func readInputs(file string) (out []*input, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		title, isTitle := strings.CutPrefix(line, "### ")
		if isTitle {
			out = append(out, &input{title: title})
			continue
		}
		if len(out) == 0 {
			continue
		}
		in := out[len(out)-1]
		switch preamble := preambles[line]; {
		case strings.HasPrefix(line, "@ "):
			if !strings.Contains(line, " warning ") {
				in.errors += line + " "
			}
		case preamble != "":
			in.text += preamble
		default:
			in.text += line + "\n"
		}
	}
	return out, nil
}

// accept compares which of the inputs of a file are refused: by the schema of the resource and the
// agent's parser there, by the loader here.
func (t *tally) accept(file string) error {
	inputs, err := readInputs(file)
	if err != nil {
		return err
	}
	checker, err := validator.NewNPValidator(logger)
	if err != nil {
		return err
	}
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.EnableNodeSelectorLabels = true
	option.Config.EnableExtendedIPProtocols = true
	for _, in := range inputs {
		t.inputs++
		theirs := admit(checker, in.text)
		refused := in.errors != ""
		if refused == (theirs != nil) {
			continue
		}
		if why := otherwise[filepath.Base(file)+": "+in.title]; why != "" {
			t.deviating["inputs: "+why]++
			continue
		}
		fmt.Printf("%s: %s: here %q, upstream %v\n", file, in.title, in.errors, theirs)
		t.differ++
	}
	return nil
}

// admit is nil for what the API server's schema and the agent take.
func admit(checker *validator.NPValidator, text string) error {
	object, err := yaml.ToJSON([]byte(text))
	if err != nil {
		return err
	}
	raw := &unstructured.Unstructured{}
	if err := json.Unmarshal(object, &raw.Object); err != nil {
		return err
	}
	switch {
	case raw.GetAPIVersion() != "cilium.io/v2":
		return fmt.Errorf("apiVersion %q", raw.GetAPIVersion())
	case raw.GetKind() == "CiliumNetworkPolicy":
		err = checker.ValidateCNP(raw)
	case raw.GetKind() == "CiliumClusterwideNetworkPolicy":
		err = checker.ValidateCCNP(raw)
	default:
		return nil // no kind of policy
	}
	if err != nil {
		return err
	}
	p, err := decode[cilium.CiliumNetworkPolicy](object)
	if err == nil {
		_, err = p.Parse(logger, "default")
	}
	return err
}

const (
	onlySchema = "taken here and by the agent, refused by the schema of the resource"
	removed    = "taken here, kafka and l7proto are gone since 1.20"
	dollar     = "taken here, refused there: $key for reserved:key"
	nothing    = "what says nothing (endPort 0, null) is an unknown field to upstream's checker"
	apiserver  = "refused by the API server, which is not asked here"
	sense      = "refused here, taken there: it could select or mean nothing, or not what it says"
)

// otherwise names the inputs about which the two do not agree, and why.
var otherwise = map[string]string{
	"cilium_inputs.txt: everything at once":                                                            nothing,
	"cilium_inputs.txt: ranges":                                                                        nothing,
	"cilium_inputs.txt: a namespace where there is none":                                               apiserver,
	"cilium_inputs.txt: a kind in other letters (the API server knows no such kind)":                   apiserver,
	"cilium_inputs.txt: a kind in the plural, as its resource is called":                               apiserver,
	"cilium_inputs.txt: no port: with extended protocols it is every port, without compile refuses it": onlySchema,
	"cilium_inputs.txt: port null":                                                                     onlySchema,
	"cilium_inputs.txt: protocols":                                                                     onlySchema,
	"cilium_inputs.txt: extended protocols":                                                            onlySchema,
	"cilium_inputs.txt: a range that ends before it begins":                                            sense,
	"cilium_inputs.txt: a range from a name":                                                           sense,
	"cilium_inputs.txt: a range from port 0 (the proxy refuses it, lowering 8)":                        sense,
	"cilium_l7_inputs.txt: every kind of rule":                                                         onlySchema,
	"cilium_l7_inputs.txt: kafka":                                                                      removed,
	"cilium_l7_inputs.txt: an empty list is a kind, too":                                               removed,
	"cilium_l7_inputs.txt: rules of a parser of the proxy's own":                                       removed,
	"cilium_l7_inputs.txt: headers without a name, also behind a space or of colons alone":             sense,
	"cilium_peer_inputs.txt: selectors with sources":                                                   dollar,
	"cilium_peer_inputs.txt: entities":                                                                 onlySchema,
	"cilium_peer_inputs.txt: ranges of fromCIDR":                                                       onlySchema,
	"cilium_peer_inputs.txt: an empty list beside another one":                                         onlySchema,
	"cilium_peer_inputs.txt: an empty list of names cannot be denied either":                           sense,
	"cilium_peer_inputs.txt: a source that does not exist":                                             sense,
	"cilium_peer_inputs.txt: a source that does not exist, in a requirement":                           sense,
	"cilium_peer_inputs.txt: a selector of groups is one of Kubernetes":                                sense,
	"cilium_peer_inputs.txt: one of two":                                                               sense,
	"cilium_peer_inputs.txt: a selector of services":                                                   sense,
	"cilium_peer_inputs.txt: groups that name nobody":                                                  sense,
}
