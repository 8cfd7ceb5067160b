package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// States of a policy, in Graph's words.
const (
	ReportOnly = "enabledForReportingButNotEnforced" // what would be blocked is logged, and nothing is blocked
	Enforced   = "enabled"
	Off        = "disabled"
)

// Levels of risk that a policy may name, in their order.
var Levels = []string{"low", "medium", "high"}

// AllOwn stands for every service principal that is registered in the tenant.
const AllOwn = "ServicePrincipalsInMyTenant"

// Policy is a risk-based block policy. Lists are sorted, levels by severity.
type Policy struct {
	Name    string // the whole displayName
	State   string
	Include []string // object ids of service principals, or AllOwn
	Exclude []string
	Levels  []string
}

// Conditions returns Graph's conditionalAccessConditionSet. Users are none in the form that Graph takes beside
// clientApplications; what is not meant is left out, for some empty containers are refused.
func (p Policy) Conditions() json.RawMessage {
	return encode(map[string]any{
		"clientAppTypes": []string{"all"},
		"applications":   map[string]any{"includeApplications": []string{"All"}},
		"users":          map[string]any{"includeUsers": []string{"None"}},
		"clientApplications": map[string]any{
			"includeServicePrincipals": list(p.Include),
			"excludeServicePrincipals": list(p.Exclude),
		},
		"servicePrincipalRiskLevels": list(p.Levels),
	})
}

// Controls returns Graph's conditionalAccessGrantControls: to block is the only one there is for service principals.
func (Policy) Controls() json.RawMessage {
	return encode(map[string]any{"operator": "OR", "builtInControls": []string{"block"}})
}

// MarshalJSON returns the body that creates the policy.
func (p Policy) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"displayName": p.Name, "state": p.State, "conditions": p.Conditions(), "grantControls": p.Controls(),
	})
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("policy: " + err.Error()) // strings can be encoded
	}
	return b
}

// tidy sorts what has no order, and names everything once.
func (p Policy) tidy() Policy {
	p.Include, p.Exclude = sorted(p.Include), sorted(p.Exclude)
	var levels []string
	for _, l := range Levels {
		if slices.Contains(p.Levels, l) {
			levels = append(levels, l)
		}
	}
	p.Levels = levels
	return p
}

func sorted(ids []string) []string {
	out := slices.Clone(ids)
	for i, id := range out {
		if out[i] = strings.ToLower(id); strings.EqualFold(id, AllOwn) {
			out[i] = AllOwn
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Change is one property that differs.
type Change struct {
	Property string `json:"property"`
	From     string `json:"from"`
	To       string `json:"to"`
}

// Diff returns what has to change for a policy to become another, in a fixed order; nothing when they are the same.
func Diff(have, want Policy) []Change {
	have, want = have.tidy(), want.tidy()
	var out []Change
	for _, c := range []Change{
		{"displayName", have.Name, want.Name},
		{"state", have.State, want.State},
		{"includeServicePrincipals", strings.Join(have.Include, " "), strings.Join(want.Include, " ")},
		{"excludeServicePrincipals", strings.Join(have.Exclude, " "), strings.Join(want.Exclude, " ")},
		{"servicePrincipalRiskLevels", strings.Join(have.Levels, " "), strings.Join(want.Levels, " ")},
	} {
		if c.From != c.To {
			out = append(out, c)
		}
	}
	return out
}
