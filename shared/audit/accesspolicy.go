package audit

import (
	"encoding/json"
	"slices"
	"strings"
)

// States of a Conditional Access policy.
const (
	AccessEnabled    = "enabled"
	AccessReportOnly = "enabledForReportingButNotEnforced"
	AccessDisabled   = "disabled"
)

// EveryPrincipal stands for all service principals of the tenant in a Conditional Access policy's included ones.
const EveryPrincipal = "serviceprincipalsinmytenant"

// AccessPolicy is what a Conditional Access policy says about workload identities. Its lists hold ids in lower case.
type AccessPolicy struct {
	Name, State        string
	Included, Excluded []string // object ids of service principals and agents; Included may be EveryPrincipal
	Filter             string   // mode and rule of a filter on service principals; empty without one
	Risks              []string // risk levels of service principals at which it applies; empty for any
	Places, NotPlaces  []string // named locations it applies at, and those it leaves out
	Apps, NotApps      []string // resources it is about, and those it leaves out
	Controls           []string // what it asks for: block
}

// Workload reports whether the policy is about service principals, and not about users.
func (p AccessPolicy) Workload() bool { return len(p.Included) > 0 || p.Filter != "" }

// ReadAccessPolicy reads a ConditionalAccessPolicy property, which has the policy as Graph does, and false when it cannot
// be read. A policy that is not there is the zero one: created and deleted ones have it on one side.
func ReadAccessPolicy(value string) (AccessPolicy, bool) {
	if Text(value) == "" {
		return AccessPolicy{}, true
	}
	var x struct {
		DisplayName, State string
		Conditions         struct {
			ClientApplications struct {
				IncludeServicePrincipals, ExcludeServicePrincipals               []string
				IncludeAgentIDServicePrincipals, ExcludeAgentIDServicePrincipals []string
				ServicePrincipalFilter                                           struct{ Mode, Rule string }
			}
			Applications               struct{ IncludeApplications, ExcludeApplications []string }
			Locations                  struct{ IncludeLocations, ExcludeLocations []string }
			ServicePrincipalRiskLevels []string
		}
		GrantControls struct{ BuiltInControls []string }
	}
	if json.Unmarshal([]byte(value), &x) != nil {
		return AccessPolicy{}, false
	}
	c, clients := x.Conditions, x.Conditions.ClientApplications
	return AccessPolicy{
		Name: x.DisplayName, State: x.State,
		Included: lower(slices.Concat(clients.IncludeServicePrincipals, clients.IncludeAgentIDServicePrincipals)),
		Excluded: lower(slices.Concat(clients.ExcludeServicePrincipals, clients.ExcludeAgentIDServicePrincipals)),
		Filter:   strings.TrimSpace(clients.ServicePrincipalFilter.Mode + " " + clients.ServicePrincipalFilter.Rule),
		Risks:    lower(c.ServicePrincipalRiskLevels),
		Places:   lower(c.Locations.IncludeLocations), NotPlaces: lower(c.Locations.ExcludeLocations),
		Apps: lower(c.Applications.IncludeApplications), NotApps: lower(c.Applications.ExcludeApplications),
		Controls: lower(x.GrantControls.BuiltInControls),
	}, true
}

// lower writes ids in lower case and leaves out what is none; "none" stands for an empty list.
func lower(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.ToLower(strings.TrimSpace(s)); s != "" && s != "none" {
			out = append(out, s)
		}
	}
	return out
}

// Reaches reports whether the policy, in force or report-only, would be applied to a service principal by its lists. A
// filter may still leave it out: the record does not have the attributes that it asks for.
func (p AccessPolicy) Reaches(objectID string) bool {
	return p.State != AccessDisabled && !slices.Contains(p.Excluded, objectID) &&
		(slices.Contains(p.Included, objectID) || slices.Contains(p.Included, EveryPrincipal))
}

// Missing returns what a list has and another one does not.
func Missing(from, in []string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(s string) bool { return slices.Contains(in, s) })
}
