// Package access says which permission each part of the API asks for. Reading, deciding and acting are three things: who may
// say that a risk is none may not, by that, change anything in the directory.
//
// Names are Microsoft Graph's: they are app roles and delegated scopes of Rekey's own registration, spelled like Graph's, so
// that who knows one knows the other. The preview of Microsoft's API had IdentityRiskyUser.* for service principals, too;
// these still open what they opened then.
package access

import (
	"slices"

	"rekey/shared/host/httpapi"
)

// Directory roles that read, and those that decide.
var (
	readers  = []string{httpapi.SecurityReader, httpapi.SecurityOperator, httpapi.SecurityAdministrator, httpapi.GlobalReader, httpapi.GlobalAdministrator}
	deciders = []string{httpapi.SecurityAdministrator, httpapi.GlobalAdministrator}
)

// Names of before.
const (
	riskyUserRead  = "IdentityRiskyUser.Read.All"
	riskyUserWrite = "IdentityRiskyUser.ReadWrite.All"
)

// The permissions of the risk API.
var (
	ReadDetections = httpapi.Permission{
		Name: "read detections", AnyOf: [][]string{{"IdentityRiskEvent.Read.All"}, {riskyUserRead}, {riskyUserWrite}}, Roles: readers,
	}
	ReadPrincipals = httpapi.Permission{
		Name:  "read risky principals",
		AnyOf: [][]string{{"IdentityRiskyServicePrincipal.Read.All"}, {"IdentityRiskyServicePrincipal.ReadWrite.All"}, {riskyUserRead}, {riskyUserWrite}}, Roles: readers,
	}
	Decide = httpapi.Permission{
		Name: "decide about risk", AnyOf: [][]string{{"IdentityRiskyServicePrincipal.ReadWrite.All"}, {riskyUserWrite}}, Roles: deciders,
	}
)

// The permissions of policies, and of acts. The names of acts are Rekey's own, because Graph has no such call.
var (
	ReadPolicies = httpapi.Permission{
		Name: "read policies", AnyOf: [][]string{{"Policy.Read.All"}},
		Roles: []string{httpapi.ConditionalAccessAdministrator, httpapi.SecurityReader, httpapi.SecurityAdministrator, httpapi.GlobalReader, httpapi.GlobalAdministrator},
	}
	WritePolicies = httpapi.Permission{
		Name: "write policies", AnyOf: [][]string{{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"}},
		Roles: []string{httpapi.ConditionalAccessAdministrator, httpapi.SecurityAdministrator, httpapi.GlobalAdministrator},
	}
	Act = httpapi.Permission{
		Name: "act on principals", AnyOf: [][]string{{"Rekey.Remediation.ReadWrite.All"}}, Roles: deciders,
	}
)

// Subscribe is for whoever is told what is found and what is done about it: both have to be open to him.
var Subscribe = httpapi.Permission{
	Name: "subscribe to notices", AnyOf: [][]string{{"IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.Read.All"}}, Roles: readers,
}

// Describe is for whoever may read anything: what there is to call is no secret among them.
var Describe = httpapi.Permission{
	Name: "read the description", AnyOf: slices.Concat(ReadDetections.AnyOf, ReadPrincipals.AnyOf[:2], ReadPolicies.AnyOf, Act.AnyOf),
	Roles: append(slices.Clone(readers), httpapi.ConditionalAccessAdministrator),
}

// All are all permissions, as documentation lists them.
var All = []httpapi.Permission{ReadDetections, ReadPrincipals, Decide, ReadPolicies, WritePolicies, Act, Subscribe, Describe}

// Names are the names of all app roles and scopes that open something, each with what it opens, sorted.
func Names() (names []string, opens map[string][]string) {
	opens = map[string][]string{}
	for _, p := range All {
		for _, set := range p.AnyOf {
			for _, name := range set {
				if !slices.Contains(opens[name], p.Name) {
					opens[name] = append(opens[name], p.Name)
				}
			}
		}
	}
	for name := range opens {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, opens
}
