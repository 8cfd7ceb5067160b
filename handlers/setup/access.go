package setup

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

// allOwn stands in a policy for every service principal that is registered in the tenant.
const allOwn = "ServicePrincipalsInMyTenant"

// targets is what a Conditional Access policy says about service principals.
type targets struct {
	ClientApplications *struct {
		Include []string        `json:"includeServicePrincipals"`
		Exclude []string        `json:"excludeServicePrincipals"`
		Filter  json.RawMessage `json:"servicePrincipalFilter"`
	} `json:"clientApplications"`
}

// access plans the exclusion of Rekey's own identities from policies that block service principals: such a policy, made in
// an incident, would stop the response to it.
func (s *Setup) access(ctx context.Context, p *Plan) error {
	covered := map[string]string{}
	for _, app := range apps(s.Identities) {
		sp, err := s.Graph.ServicePrincipal(ctx, s.Identities[app].PrincipalID)
		if err != nil {
			return err
		}
		if sp.ServicePrincipalType == "ManagedIdentity" {
			p.note(Access, "%s's identity is a managed identity, which no policy of Conditional Access covers: there is nothing to exclude", app)
			continue
		}
		covered[app] = sp.ID
	}
	if len(covered) == 0 {
		return nil
	}
	list, err := s.Graph.AccessPolicies(ctx)
	if err != nil {
		return err
	}
	for _, policy := range list {
		if err := s.exclude(p, policy, covered); err != nil {
			return err
		}
	}
	return nil
}

// exclude plans the change of one policy.
func (s *Setup) exclude(p *Plan, policy graph.AccessPolicy, covered map[string]string) error {
	var t targets
	if err := json.Unmarshal(policy.Conditions, &t); err != nil {
		return fault.Errorf(fault.Transient, "reading Conditional Access policy %s: its conditions are of another shape than documented", policy.ID)
	}
	if t.ClientApplications == nil || policy.State == "disabled" || !strings.Contains(string(policy.GrantControls), `"block"`) {
		return nil
	}
	var add, names []string
	for _, app := range slices.Sorted(maps.Keys(covered)) {
		id := covered[app]
		hit := contains(t.ClientApplications.Include, id) || contains(t.ClientApplications.Include, allOwn)
		if hit && !contains(t.ClientApplications.Exclude, id) {
			add, names = append(add, id), append(names, app)
		}
	}
	if len(add) == 0 {
		return nil
	}
	if f := string(t.ClientApplications.Filter); f != "" && f != "null" {
		p.warn(Access, "policy %q chooses principals by a filter: whether it covers %s is not known here; exclude it in the portal", policy.DisplayName, strings.Join(names, ", "))
		return nil
	}
	conditions, err := excluding(policy.Conditions, append(slices.Clone(t.ClientApplications.Exclude), add...))
	if err != nil {
		return err
	}
	p.call(Call{
		Part: Access, Method: "PATCH", Path: "/identity/conditionalAccess/policies/" + policy.ID, What: "exclude " + strings.Join(names, ", ") + " from the policy \"" + policy.DisplayName + "\"",
		Why: "it blocks service principals, and would stop Rekey in an incident",
		do: func(ctx context.Context) error {
			return s.Graph.UpdateAccessPolicy(ctx, graph.AccessPolicy{ID: policy.ID, Conditions: conditions})
		},
		advice: "exclude it in the portal: the policy holds something that is not taken back as it was read",
	})
	return nil
}

// excluding returns conditions with another list of excluded principals, the rest as it was read.
func excluding(conditions json.RawMessage, ids []string) (json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(conditions, &all); err != nil {
		return nil, err
	}
	var clients map[string]json.RawMessage
	if err := json.Unmarshal(all["clientApplications"], &clients); err != nil {
		return nil, err
	}
	var err error
	if clients["excludeServicePrincipals"], err = json.Marshal(ids); err != nil {
		return nil, err
	}
	if all["clientApplications"], err = json.Marshal(clients); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}
