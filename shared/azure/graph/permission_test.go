package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	local "rekey/deploy/local/graph"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

// only drops a method's result.
func only[T any](_ T, err error) error { return err }

// calls make each method of the client once, on what the world was seeded with.
func calls(w *world) map[string]func(context.Context, *graph.Client) error {
	type ctx = context.Context
	type c = *graph.Client
	const a, sp = graph.Applications, graph.ServicePrincipals
	conditions := json.RawMessage(`{"users":{"includeUsers":["None"]},"clientApplications":{"includeServicePrincipals":["sp"]},"servicePrincipalRiskLevels":["high"]}`)
	controls := json.RawMessage(`{"operator":"OR","builtInControls":["block"]}`)
	block := graph.AccessPolicy{DisplayName: "block", State: "enabledForReportingButNotEnforced", Conditions: conditions, GrantControls: controls}
	changed := block
	changed.ID = "ca"
	der, _ := pair()
	return map[string]func(context.Context, *graph.Client) error{
		"Application":          func(x ctx, g c) error { return only(g.Application(x, "app")) },
		"ApplicationPage":      func(x ctx, g c) error { _, _, err := g.ApplicationPage(x, ""); return err },
		"ServicePrincipal":     func(x ctx, g c) error { return only(g.ServicePrincipal(x, "sp")) },
		"ServicePrincipals":    func(x ctx, g c) error { return only(g.ServicePrincipals(x, "app")) },
		"ServicePrincipalPage": func(x ctx, g c) error { _, _, err := g.ServicePrincipalPage(x, ""); return err },
		"Agents":               func(x ctx, g c) error { return only(g.Agents(x, "app")) },
		"AppRoles":             func(x ctx, g c) error { return only(g.AppRoles(x, "res")) },
		"Certificates":         func(x ctx, g c) error { return only(g.Certificates(x, a, "obj")) },
		"Credentials":          func(x ctx, g c) error { return only(g.Credentials(x, a, "obj")) },
		"FederatedCredentials": func(x ctx, g c) error { return only(g.FederatedCredentials(x, "obj")) },
		"Owners":               func(x ctx, g c) error { return only(g.Owners(x, a, "obj")) },
		"AppRoleAssignments":   func(x ctx, g c) error { return only(g.AppRoleAssignments(x, "sp")) },
		"AppRoleAssignedTo":    func(x ctx, g c) error { return only(g.AppRoleAssignedTo(x, "res")) },
		"MemberOf":             func(x ctx, g c) error { return only(g.MemberOf(x, "sp")) },
		"Deleted":              func(x ctx, g c) error { return only(g.Deleted(x, a)) },
		"Grants":               func(x ctx, g c) error { return only(g.Grants(x, "sp")) },
		"Roles":                func(x ctx, g c) error { return only(g.Roles(x, "sp")) },
		"DefaultAppPolicy":     func(x ctx, g c) error { return only(g.DefaultAppPolicy(x)) },
		"AppPolicies":          func(x ctx, g c) error { return only(g.AppPolicies(x, a, "obj")) },
		"KeyLifetime":          func(x ctx, g c) error { return only(g.KeyLifetime(x, a, graph.Object{ID: "obj"})) },

		"Registration":        func(x ctx, g c) error { return only(g.Registration(x, "an-api")) },
		"PutRegistration":     func(x ctx, g c) error { return g.PutRegistration(x, "new", map[string]any{"displayName": "new"}) },
		"AddServicePrincipal": func(x ctx, g c) error { return g.AddServicePrincipal(x, "doomedapp") },
		"Skus":                func(x ctx, g c) error { return only(g.Skus(x)) },

		"ReplaceKeys":    func(x ctx, g c) error { return g.ReplaceKeys(x, sp, "sp", nil) },
		"AddPassword":    func(x ctx, g c) error { return only(g.AddPassword(x, a, "obj", "n", time.Now().Add(time.Hour))) },
		"RemovePassword": func(x ctx, g c) error { return g.RemovePassword(x, a, "obj", "p1") },
		"AddKey":         func(x ctx, g c) error { return only(g.AddKey(x, a, "obj", der, w.holder)) },
		"RemoveKey":      func(x ctx, g c) error { return g.RemoveKey(x, a, "obj", "k1", w.holder) },
		"AddFederated": func(x ctx, g c) error {
			return g.AddFederated(x, "obj", graph.FederatedCredential{Name: "cd", Issuer: "j", Subject: "t", Audiences: []string{"a"}})
		},
		"RemoveFederated": func(x ctx, g c) error { return g.RemoveFederated(x, "obj", "f1") },
		"AddOwner":        func(x ctx, g c) error { return g.AddOwner(x, a, "obj", "bob") },
		"RemoveOwner":     func(x ctx, g c) error { return g.RemoveOwner(x, a, "obj", "alice") },
		"SetEnabled":      func(x ctx, g c) error { return g.SetEnabled(x, "sp", false) },
		"SetRedirectURIs": func(x ctx, g c) error { return g.SetRedirectURIs(x, "obj", graph.PlatformWeb, nil) },
		"SetLock":         func(x ctx, g c) error { return g.SetLock(x, "obj", graph.LockConfiguration{}) },
		"Delete":          func(x ctx, g c) error { return g.Delete(x, a, "doomed") },
		"Restore":         func(x ctx, g c) error { return g.Restore(x, a, "gone") },

		"AddAppRole": func(x ctx, g c) error {
			return g.AddAppRole(x, graph.AppRoleAssignment{PrincipalID: "sp", ResourceID: "res", AppRoleID: "other"})
		},
		"RemoveAppRole": func(x ctx, g c) error { return g.RemoveAppRole(x, "res", "ra") },
		"AddGrant": func(x ctx, g c) error {
			return g.AddGrant(x, graph.Grant{ClientID: "sp", ConsentType: "Principal", PrincipalID: "bob", ResourceID: "res", Scope: "x"})
		},
		"SetGrantScope": func(x ctx, g c) error { return g.SetGrantScope(x, "g", "User.Read") },
		"RemoveGrant":   func(x ctx, g c) error { return g.RemoveGrant(x, "g") },
		"AddRole": func(x ctx, g c) error {
			return g.AddRole(x, graph.RoleAssignment{PrincipalID: "sp", RoleDefinitionID: "reader", DirectoryScopeID: "/"})
		},
		"RemoveRole":   func(x ctx, g c) error { return g.RemoveRole(x, "r1") },
		"AddMember":    func(x ctx, g c) error { return g.AddMember(x, "plain", "res") },
		"RemoveMember": func(x ctx, g c) error { return g.RemoveMember(x, "plain", "sp") },

		"SignIn": func(x ctx, g c) error { return only(g.SignIn(x, "signin-1")) },

		"RiskyPrincipals":    func(x ctx, g c) error { return only(g.RiskyPrincipals(x)) },
		"RiskyPrincipal":     func(x ctx, g c) error { return only(g.RiskyPrincipal(x, "sp")) },
		"RiskHistory":        func(x ctx, g c) error { return only(g.RiskHistory(x, "sp")) },
		"RiskDetections":     func(x ctx, g c) error { return only(g.RiskDetections(x, "sp")) },
		"ConfirmCompromised": func(x ctx, g c) error { return g.ConfirmCompromised(x, "sp") },
		"Dismiss":            func(x ctx, g c) error { return g.Dismiss(x, "sp") },

		"AccessPolicies":     func(x ctx, g c) error { return only(g.AccessPolicies(x)) },
		"AccessPolicy":       func(x ctx, g c) error { return only(g.AccessPolicy(x, "ca")) },
		"AddAccessPolicy":    func(x ctx, g c) error { return only(g.AddAccessPolicy(x, block)) },
		"UpdateAccessPolicy": func(x ctx, g c) error { return g.UpdateAccessPolicy(x, changed) },
		"RemoveAccessPolicy": func(x ctx, g c) error { return g.RemoveAccessPolicy(x, "ca") },
	}
}

func TestEachMethodNeedsExactlyThePermissionsThatAreDeclared(t *testing.T) {
	w := newWorld(t, local.Options{})
	all := calls(w)
	methods := reflect.TypeFor[*graph.Client]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; name != "SetPace" && all[name] == nil {
			t.Errorf("%s is not called by this test", name)
		}
	}
	for name := range graph.Permissions {
		if all[name] == nil {
			t.Errorf("%s has permissions and is no method", name)
		}
	}
	for name, call := range all {
		t.Run(name, func(t *testing.T) {
			needs, ok := graph.Permissions[name]
			if !ok {
				t.Fatal("no permissions are declared")
			}
			for i, missing := range needs {
				changes := len(w.directory.Changes())
				err := call(t.Context(), w.client(slices.Delete(slices.Clone(needs), i, i+1)...))
				if !errors.Is(err, fault.Denied) || len(w.directory.Changes()) != changes {
					t.Errorf("without %s: %v, want denied and nothing done", missing, err)
				}
			}
			w.seed() // what other calls changed disturbs no one
			if err := call(t.Context(), w.client(needs...)); err != nil {
				t.Errorf("with %v alone: %v", needs, err)
			}
		})
	}
}

func TestAgentsAndBlueprintsAreChangedWithThePermissionsForThem(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t, local.Options{})
	der, _ := pair()
	everything := graph.Permissions["SetEnabled"]
	if err := w.client(everything...).SetEnabled(ctx, "agent", false); !errors.Is(err, fault.Denied) {
		t.Errorf("an agent is switched with %v: %v", everything, err)
	}
	tests := map[string]struct {
		permission string
		call       func(*graph.Client) error
	}{
		"an agent is switched":                    {"AgentIdentity.EnableDisable.All", func(g *graph.Client) error { return g.SetEnabled(ctx, "agent", false) }},
		"a blueprint's principal is switched":     {"AgentIdentityBlueprintPrincipal.EnableDisable.All", func(g *graph.Client) error { return g.SetEnabled(ctx, "sp", false) }},
		"a blueprint's secret is removed":         {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error { return g.RemovePassword(ctx, graph.Applications, "obj", "p1") }},
		"a blueprint's federated credential, too": {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error { return g.RemoveFederated(ctx, "obj", "f1") }},
		"a blueprint's certificates are replaced": {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error { return g.ReplaceKeys(ctx, graph.Applications, "obj", nil) }},
		"a blueprint is given a secret": {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error {
			return only(g.AddPassword(ctx, graph.Applications, "obj", "n", time.Now().Add(time.Hour)))
		}},
		"a blueprint's key is rolled by proof": {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error { return only(g.AddKey(ctx, graph.Applications, "obj", der, w.holder)) }},
		"a blueprint trusts an issuer once more": {"AgentIdentityBlueprint.AddRemoveCreds.All", func(g *graph.Client) error {
			return g.AddFederated(ctx, "obj", graph.FederatedCredential{Name: "cd", Issuer: "j", Subject: "t", Audiences: []string{"a"}})
		}},
	}
	declared := map[string]bool{}
	for _, list := range graph.AgentPermissions {
		for _, p := range list {
			declared[p] = true
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.call(w.client("Directory.Read.All")); !errors.Is(err, fault.Denied) {
				t.Errorf("without it: %v", err)
			}
			w.seed()
			if err := tt.call(w.client(tt.permission)); err != nil {
				t.Errorf("with %s: %v", tt.permission, err)
			}
		})
		if !declared[tt.permission] {
			t.Errorf("%s is not declared", tt.permission)
		}
	}
}

func TestEveryDeclaredPermissionIsOneThatGraphAsksFor(t *testing.T) {
	known := map[string]bool{}
	for _, alternatives := range local.Demands() {
		for _, a := range alternatives {
			for p := range strings.SplitSeq(a, "+") {
				known[p] = true
			}
		}
	}
	for name, needs := range graph.Permissions {
		for _, p := range needs {
			if !known[p] {
				t.Errorf("%s needs %q, which no call demands", name, p)
			}
		}
	}
}
