package remedy_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/event"
	"rekey/shared/remedy"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	foreignTenant = "bbbbbbbb-0000-0000-0000-000000000000"
	subscription  = "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/prod/providers"
	vaultID       = subscription + "/Microsoft.KeyVault/vaults/billing-kv"
	identityID    = subscription + "/Microsoft.ManagedIdentity/userAssignedIdentities/deployer"
	machineID     = subscription + "/Microsoft.Compute/virtualMachines/build-1"
)

var inWindow = now.Add(-2 * time.Hour)

// incident is an own application in the middle of an attack, with everything read and every kind of act allowed. Cases
// edit it.
func incident() remedy.Input {
	app, sp := application(), principal()
	app.Keys[0].End, app.Audience, app.Created = now.AddDate(0, 6, 0), "AzureADMyOrg", before
	app.Owners = remedy.ListOf(remedy.Owner{ID: "u-dana", Type: "user", Name: "Dana"})
	app.RedirectURIs, app.IdentifierURIs = remedy.ListOf[remedy.RedirectURI](), remedy.ListOf("api://app1")
	sp.Owners = remedy.ListOf[remedy.Owner]()
	sp.Grants, sp.Groups, sp.DirectoryRoles = remedy.ListOf[remedy.Grant](), remedy.ListOf[remedy.Group](), remedy.ListOf[remedy.DirectoryRole]()
	sp.AppRoles = remedy.ListOf(remedy.AppRole{ID: "ra-old", ResourceID: "graph", Resource: "Microsoft Graph", AppRoleID: "r1", Value: "Group.Read.All", Created: before})
	sp.AssignedTo, sp.VaultAccess, sp.AzureRoles = remedy.ListOf[remedy.Assignee](), remedy.ListOf[remedy.VaultAccess](), remedy.ListOf[remedy.AzureRole]()
	users := 0.0
	in := remedy.Input{
		Inventory: remedy.Inventory{Tenant: tenant, Application: app, Principals: []remedy.Object{sp}, Taken: now, Restrictions: &remedy.Restrictions{}},
		Case:      suspected(), Now: now, Options: remedy.Everything(),
		Facts: remedy.Facts{
			Added: remedy.ListOf[remedy.Added](), Clients: remedy.ListOf[remedy.Client](), Users: &users,
			Consumers: remedy.ListOf(remedy.Consumer{
				KeyID: "oldcert", Name: "invoice-batch", LastUse: now.Add(-time.Hour), Networks: []string{"AS8075"}, Resources: []string{"Microsoft Graph"},
				Owner: "Dana", Identity: "mi-batch",
			}),
		},
	}
	in.Options.Vault = remedy.VaultRef{Name: "rekey-kv", ID: subscription + "/Microsoft.KeyVault/vaults/rekey-kv"}
	return in
}

// only makes an inventory of principals without an application.
func only(in *remedy.Input, sps ...remedy.Object) {
	in.Inventory.Application, in.Inventory.Principals = nil, sps
}

func sp(in *remedy.Input) *remedy.Object { return &in.Inventory.Principals[0] }

// signer gives the principal a SAML signing set.
func signer(in *remedy.Input) {
	o := saml(before, true)
	sp(in).Keys = append(sp(in).Keys, o.Keys...)
	sp(in).Passwords, sp(in).PreferredSigning = o.Passwords, o.PreferredSigning
	users := 140.0
	in.Facts.Users = &users
}

var goldens = map[string]func(*remedy.Input){
	"saml": signer,
	"saml-lookalike": func(in *remedy.Input) {
		signer(in)
		public, _ := certificate("planted")
		sp(in).Keys = append(sp(in).Keys,
			remedy.Key{KeyID: "fakesign", Usage: "Sign", Group: "h", Name: "CN=Microsoft Azure Federated SSO Certificate", Start: before},
			remedy.Key{KeyID: "fakeverify", Usage: "Verify", Group: "h", Public: public, Name: "CN=Microsoft Azure Federated SSO Certificate", Start: before})
		sp(in).Passwords = append(sp(in).Passwords, remedy.Password{KeyID: "fakesign", Group: "h", Start: before})
		in.Facts.Added = remedy.ListOf(
			remedy.Added{Object: "sp1", Item: "fakesign", Time: inWindow, By: "app:app1", Record: "audit-17"},
			remedy.Added{Object: "sp1", Item: "fakeverify", Time: inWindow, By: "app:app1", Record: "audit-17"})
	},
	"multi-tenant": func(in *remedy.Input) {
		in.Inventory.Application.Audience = "AzureADMultipleOrgs"
		in.Facts.Customers = remedy.ListOf(remedy.Customer{Tenant: foreignTenant, Name: "Fabrikam"}, remedy.Customer{Tenant: "cccccccc-0000-0000-0000-000000000000", Name: "Woodgrove"})
	},
	"foreign": func(in *remedy.Input) {
		o := *sp(in)
		o.Owner = foreignTenant
		o.Grants = remedy.ListOf(remedy.Grant{ID: "g1", ConsentType: "AllPrincipals", Resource: "Microsoft Graph", Scope: "Mail.Read offline_access"})
		in.Facts.Added = remedy.ListOf(remedy.Added{Object: "sp1", Item: "g1", Time: inWindow})
		only(in, o)
	},
	"first-party": func(in *remedy.Input) {
		o := *sp(in)
		o.Owner, o.Name = "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "Office 365 Exchange Online"
		o.Passwords = []remedy.Password{{KeyID: "planted", Name: "sync", Start: inWindow}}
		in.Case.KeyIDs = []string{"planted"}
		in.Facts.Added = remedy.ListOf(remedy.Added{Object: "sp1", Item: "planted", Time: inWindow, By: "user:u-eve", Record: "audit-3"})
		only(in, o)
	},
	"managed-system-assigned": func(in *remedy.Input) {
		o := managed(in, false)
		only(in, o)
	},
	"managed-user-assigned": func(in *remedy.Input) {
		o := managed(in, true)
		only(in, o)
		in.Options.Detach = true
	},
	"agent": func(in *remedy.Input) {
		blueprint := sp(in)
		blueprint.DataType, blueprint.Name = "#microsoft.graph.agentIdentityBlueprintPrincipal", "claims agents"
		agent := remedy.Object{
			Kind: remedy.KindServicePrincipal, ID: "agent1", AppID: "agent1", Name: "claims agent 1", Type: "ServiceIdentity", BlueprintID: "app1", Enabled: true,
			AppRoles: remedy.ListOf[remedy.AppRole](), DirectoryRoles: remedy.ListOf[remedy.DirectoryRole](), AssignedTo: remedy.ListOf[remedy.Assignee](),
			Grants: remedy.ListOf[remedy.Grant](), Owners: remedy.ListOf[remedy.Owner](), VaultAccess: remedy.ListOf[remedy.VaultAccess](),
		}
		in.Inventory.Principals = append(in.Inventory.Principals, agent)
		in.Inventory.Application.DataType = "#microsoft.graph.agentIdentityBlueprint"
		in.Inventory.Agents = remedy.ListOf(remedy.AgentRef{ID: "agent1", Name: "claims agent 1", Enabled: true}, remedy.AgentRef{ID: "agent2", Name: "claims agent 2", Enabled: true})
		in.Case.Principal = event.Principal{ObjectID: "agent1", AppID: "app1", Name: "claims agent 1"}
	},
	"locked": func(in *remedy.Input) {
		in.Inventory.Application.Lock = &remedy.Lock{Enabled: true, All: true}
		in.Inventory.Application.Audience = "AzureADMultipleOrgs"
	},
	"lifetime-policy": func(in *remedy.Input) {
		in.Inventory.Restrictions = &remedy.Restrictions{Policy: "short-lived credentials", Items: []remedy.Restriction{
			{Type: "asymmetricKeyLifetime", MaxLifetime: "P30D"}, {Type: "passwordAddition"},
		}}
	},
	"trusted-authority-policy": func(in *remedy.Input) {
		in.Inventory.Restrictions = &remedy.Restrictions{Policy: "own authority only", Items: []remedy.Restriction{{Type: "trustedCertificateAuthority"}}}
	},
	"no-valid-certificate": func(in *remedy.Input) {
		in.Inventory.Application.Keys[0].End = now.AddDate(0, -1, 0)
		in.Facts.Consumers = remedy.ListOf(remedy.Consumer{KeyID: "stolen", LastUse: now.Add(-30 * time.Minute), Networks: []string{"AS8075"}, Resources: []string{"Azure Key Vault"}})
	},
	"only-federated": func(in *remedy.Input) {
		app := in.Inventory.Application
		app.Keys, app.Passwords = nil, nil
		app.Federated = []remedy.Federated{{ID: "fic", Name: "github-main", Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/billing:ref:refs/heads/main"}}
		sp(in).Keys, sp(in).Passwords = nil, nil
		in.Facts.Consumers = remedy.ListOf(remedy.Consumer{KeyID: "fic", Name: "github-main", LastUse: now.Add(-time.Hour), Networks: []string{"AS8075"}, Resources: []string{"Azure Resource Manager"}})
	},
	"abused-federated": func(in *remedy.Input) {
		in.Inventory.Application.Federated = []remedy.Federated{{ID: "fic", Name: "aks"}, {ID: "wildcard", Name: "ci", Claims: "claims['sub'] matches 'repo:contoso/*'"}}
		in.Case.KeyIDs, in.Options.OldFederated = []string{"wildcard"}, true
	},
	"planted-elsewhere": func(in *remedy.Input) {
		in.Facts.Planted = []remedy.Planted{
			{ObjectKind: remedy.KindApplication, Object: "payroll-obj", AppID: "payroll", Name: "payroll", Kind: remedy.TypePassword, KeyID: "door2", Time: inWindow, Record: "audit-8"},
			{ObjectKind: remedy.KindServicePrincipal, Object: "backup-sp", AppID: "backup", Name: "backup", Kind: remedy.TypeKey, Time: inWindow, Record: "audit-9"},
			{ObjectKind: remedy.KindApplication, Object: "rekey-obj", AppID: "rekey-app", Name: "rekey", Kind: remedy.TypeKey, KeyID: "door3", Time: inWindow, Record: "audit-10"},
		}
		in.Facts.Linked = []remedy.Linked{{Case: "c9", Principal: "user:u-eve", Name: "Eve", Why: "added the first secret to this application", Administrator: true, Active: true}}
		in.Options.Own = []string{"rekey-app"}
	},
	"whole-identity": whole,
}

func managed(in *remedy.Input, userAssigned bool) remedy.Object {
	o := *sp(in)
	o.Type, o.Owner, o.Passwords, o.Keys = "ManagedIdentity", "", nil, []remedy.Key{{KeyID: "azure-rolled", Usage: "Verify", Start: before}}
	o.Name, o.Managed = "build-1", &remedy.Managed{ResourceID: machineID}
	o.AzureRoles = remedy.ListOf(
		remedy.AzureRole{ID: subscription + "/ra/1", Role: "Contributor", Scope: "/subscriptions/11111111-0000-0000-0000-000000000000"},
		remedy.AzureRole{ID: subscription + "/ra/2", Role: "Key Vault Secrets User", Scope: vaultID, Condition: "@Resource[name] StringStartsWith 'ci'"})
	in.Case.KeyIDs, in.Facts.Consumers = nil, remedy.ListOf[remedy.Consumer]()
	if userAssigned {
		o.Name, o.Managed = "deployer", &remedy.Managed{ResourceID: identityID, UserAssigned: true, AttachedTo: remedy.ListOf(machineID)}
		o.Federated = []remedy.Federated{{ID: identityID + "/federatedIdentityCredentials/gh", Name: "gh"}}
	}
	in.Case.Principal = event.Principal{ObjectID: "sp1", AppID: "app1", Name: o.Name}
	return o
}

// whole fills everything that can be added in a window, and one item a person decided about.
func whole(in *remedy.Input) {
	app, o := in.Inventory.Application, sp(in)
	app.Owners = remedy.ListOf(remedy.Owner{ID: "u-dana", Type: "user", Name: "Dana"}, remedy.Owner{ID: "u-eve", Type: "user", Name: "Eve"})
	app.RedirectURIs = remedy.ListOf(remedy.RedirectURI{Platform: "web", URI: "https://billing.contoso.com/cb"}, remedy.RedirectURI{Platform: "spa", URI: "https://billing-contoso.example/cb"})
	o.Grants = remedy.ListOf(remedy.Grant{ID: "g1", ConsentType: "AllPrincipals", Resource: "Microsoft Graph", Scope: "Mail.Read"}, remedy.Grant{ID: "g2", ConsentType: "Principal", PrincipalID: "u-dana", Resource: "Microsoft Graph", Scope: "User.Read"})
	o.AppRoles.Items = append(o.AppRoles.Items, remedy.AppRole{ID: "ra-new", Resource: "Microsoft Graph", Value: "RoleManagement.ReadWrite.Directory", Created: inWindow})
	o.DirectoryRoles = remedy.ListOf(remedy.DirectoryRole{ID: "dr1", Name: "Application Administrator"})
	o.Groups = remedy.ListOf(remedy.Group{ID: "grp1", Name: "vault readers"}, remedy.Group{ID: "grp2", Name: "platform admins", RoleAssignable: true})
	o.VaultAccess = remedy.ListOf(
		remedy.VaultAccess{Vault: vaultID, Kind: remedy.AccessRole, ID: vaultID + "/ra/1", What: "Key Vault Secrets User", Scope: vaultID},
		remedy.VaultAccess{Vault: vaultID, Kind: remedy.AccessGroup, ID: "grp1", What: "Key Vault Secrets User"},
		remedy.VaultAccess{Vault: vaultID, Kind: remedy.AccessGroup, ID: "grp2", What: "Owner"},
		remedy.VaultAccess{Vault: subscription + "/Microsoft.KeyVault/vaults/old-kv", Kind: remedy.AccessPolicy, What: "secrets get, list"})
	o.AssignedTo = remedy.ListOf(remedy.Assignee{ID: "as1", PrincipalID: "sp9", Name: "web shop", Type: "ServicePrincipal"})
	for _, item := range []string{"u-eve", "https://billing-contoso.example/cb", "g1", "dr1"} {
		object := "appobj"
		if item == "g1" || item == "dr1" {
			object = "sp1"
		}
		in.Facts.Added.Items = append(in.Facts.Added.Items, remedy.Added{Object: object, Item: item, Time: inWindow, By: "app:app1"})
	}
	in.Options.Edits = []remedy.Edit{{ID: "other", Keep: true, Why: "the till uses it until Friday; it never left the shop", By: "u-dana"}, {ID: "stolen", Keep: true, Why: "we need it", By: "u-dana"}}
	in.Options.Exportable, in.Options.RequestedBy = true, "u-dana"
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", path, diff)
	}
}

func TestPlansReadWell(t *testing.T) {
	for name, edit := range goldens {
		t.Run(name, func(t *testing.T) {
			in := incident()
			edit(&in)
			p := remedy.Build(in)
			golden(t, name+".txt", []byte(p.Text()))
			if bytes.ContainsAny([]byte(p.Text()), "\x1b\x07") || strings.Contains(p.Text(), "%!") {
				t.Error("the text has what no text should have")
			}
		})
	}
}

func TestAPlanForProgramsHasItsHash(t *testing.T) {
	in := incident()
	whole(&in)
	b, err := remedy.Build(in).JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "whole-identity.json", append(b, '\n'))
}
