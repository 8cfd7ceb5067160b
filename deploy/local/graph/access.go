package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"rekey/deploy/local/directory"
)

// allOwn stands for every service principal that is registered in the tenant.
const allOwn = "ServicePrincipalsInMyTenant"

// access is what is checked of a Conditional Access policy.
type access struct {
	DisplayName string
	State       string
	Conditions  *struct {
		Users              *struct{ IncludeUsers []string }
		ClientApplications *struct{ IncludeServicePrincipals, ExcludeServicePrincipals []string }
		Applications       *struct{ IncludeApplications []string }

		ServicePrincipalRiskLevels []string
	}
	GrantControls *struct {
		Operator        string
		BuiltInControls []string
	}
}

// workload reports whether a policy is about service principals.
func (a access) workload() bool {
	return a.Conditions != nil && (a.Conditions.ClientApplications != nil || len(a.Conditions.ServicePrincipalRiskLevels) > 0)
}

func invalidPolicy(number int, message string) problem {
	return problem{http.StatusBadRequest, "BadRequest", fmt.Sprint(number, ": ", message), nil}
}

// check refuses what Conditional Access refuses of policies for service principals. The number of the licence is
// reported (azure-docs issue 101310); those of the rest are guessed, what is refused is documented.
func (s *Server) check(a access) error {
	states := []string{"enabled", "disabled", "enabledForReportingButNotEnforced"}
	switch {
	case a.DisplayName == "" || !slices.Contains(states, a.State) || a.Conditions == nil:
		return invalidPolicy(1001, "displayName, state and conditions are required.")
	case a.Conditions.Users == nil && a.Conditions.ClientApplications == nil:
		return invalidPolicy(1007, "Either users or clientApplications must be set.")
	case !a.workload():
		return nil
	case s.options.Unlicensed:
		return problem{http.StatusForbidden, "AccessDenied", "1150: Cannot create or update policies with workload identity premium features. Upgrade to a workload identity premium P1 or P2 license and try again", nil}
	case a.Conditions.ClientApplications == nil || len(a.Conditions.ClientApplications.IncludeServicePrincipals) == 0:
		return invalidPolicy(1008, "clientApplications must include service principals.")
	case a.Conditions.Users != nil && !slices.Equal(a.Conditions.Users.IncludeUsers, []string{"None"}):
		return invalidPolicy(1009, "users and clientApplications exclude each other.")
	case a.GrantControls == nil || !slices.Equal(a.GrantControls.BuiltInControls, []string{"block"}):
		return invalidPolicy(1010, "block is the only grant control for service principals.")
	}
	for _, level := range a.Conditions.ServicePrincipalRiskLevels {
		if !slices.Contains([]string{"low", "medium", "high", "none"}, level) {
			return invalidPolicy(1011, "servicePrincipalRiskLevels is invalid.")
		}
	}
	for _, id := range a.Conditions.ClientApplications.IncludeServicePrincipals {
		if err := s.inScope(id); err != nil {
			return err
		}
	}
	for _, id := range a.Conditions.ClientApplications.ExcludeServicePrincipals {
		if _, ok := s.directory.Get(directory.ServicePrincipals, id); !ok {
			return invalidPolicy(1013, "The service principal "+id+" was not found.")
		}
	}
	return nil
}

// inScope refuses principals that Conditional Access does not cover: those of other tenants, of applications that are
// open to other tenants, and managed identities.
func (s *Server) inScope(id string) error {
	if id == allOwn {
		return nil
	}
	sp, ok := s.directory.Get(directory.ServicePrincipals, id)
	own := ok && sp.ServicePrincipalType != managed && strings.EqualFold(sp.AppOwnerOrganizationID, s.directory.TenantID)
	for _, app := range s.directory.ByAppID(directory.Applications, sp.AppID) {
		own = own && (app.SignInAudience == "" || app.SignInAudience == "AzureADMyOrg")
	}
	if !own {
		return invalidPolicy(1012, "The service principal "+id+" is not a single-tenant application of this tenant.")
	}
	return nil
}

func (s *Server) accessPolicies(c call) {
	var items []item
	for _, o := range c.view.List(directory.AccessPolicies) {
		items = append(items, document(o))
	}
	s.page(c, "identity/conditionalAccess/policies", items)
}

func (s *Server) accessPolicy(c call) {
	o, ok := c.view.Get(directory.AccessPolicies, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	answer(c.w, http.StatusOK, document(o))
}

// valid decodes and checks a policy.
func (s *Server) valid(policy item) (json.RawMessage, error) {
	raw, err := json.Marshal(policy)
	if err != nil {
		return nil, err
	}
	var a access
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, invalidPolicy(1000, "The policy is not of the documented shape.")
	}
	return raw, s.check(a)
}

func (s *Server) addAccessPolicy(c call) {
	in := item{}
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	id := guid()
	in["createdDateTime"], in["modifiedDateTime"] = now(), nil
	raw, err := s.valid(in)
	if err == nil {
		err = s.directory.Create(directory.AccessPolicies, c.actor.AppID, "addAccessPolicy", directory.Object{ID: id, Document: raw})
	}
	if err != nil {
		c.refuse(err)
		return
	}
	in["id"] = id
	answer(c.w, http.StatusCreated, in)
}

// patchAccessPolicy replaces the properties that were sent.
func (s *Server) patchAccessPolicy(c call) {
	in := item{}
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	o, ok := s.directory.Get(directory.AccessPolicies, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	policy := document(o)
	for name, value := range in {
		policy[name] = value
	}
	policy["modifiedDateTime"] = now()
	raw, err := s.valid(policy)
	if err != nil {
		c.refuse(err)
		return
	}
	s.edit(c, directory.AccessPolicies, "patchAccessPolicy", func(o *directory.Object) error {
		o.Document = raw
		return nil
	})
}

func (s *Server) removeAccessPolicy(c call) {
	c.end(s.directory.Remove(directory.AccessPolicies, c.id(), c.actor.AppID, "removeAccessPolicy"))
}
