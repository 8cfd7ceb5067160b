package reach_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/exposure"
	"rekey/shared/reach"
)

// answers are the three answers about a vault, as in "read no, could yes, grant unknown".
func answers(v reach.VaultReach) string {
	return "read " + string(v.Read) + ", could " + string(v.Could) + ", grant " + string(v.Grant)
}

func TestWhoCouldReadAVaultAndWhoCouldMakeHimselfAReader(t *testing.T) {
	classic := func(p ...reach.Policy) func(*reach.Vault) { return func(v *reach.Vault) { policies(v, p...) } }
	get := reach.Policy{ObjectID: sp, Secrets: []string{"Get", "List"}}
	tests := map[string]struct {
		vault  func(*reach.Vault)
		rights func(*reach.Rights)
		want   string
	}{
		"nothing was given":                       {want: "read no, could no, grant no"},
		"a data role at the vault":                {rights: gives(assigned(secretsUser, vaultID(sub1, "pay"))), want: "read no, could yes, grant no"},
		"the same in other letters":               {rights: gives(assigned(strings.ToUpper(secretsUser), strings.ToUpper(vaultID(sub1, "pay")))), want: "read no, could yes, grant no"},
		"a wildcard at the subscription":          {rights: gives(assigned(kvAdmin, "/subscriptions/"+sub1)), want: "read no, could yes, grant no"},
		"at the resource group":                   {rights: gives(assigned(kvAdmin, "/subscriptions/"+sub1+"/resourceGroups/prod")), want: "read no, could yes, grant no"},
		"a group of a like name is another":       {rights: gives(assigned(kvAdmin, "/subscriptions/"+sub1+"/resourceGroups/pro")), want: "read no, could no, grant no"},
		"at another subscription":                 {rights: gives(assigned(kvAdmin, "/subscriptions/"+sub2)), want: "read no, could no, grant no"},
		"at a management group above":             {rights: gives(assigned(kvAdmin, groupID("prod"))), want: "read no, could yes, grant no"},
		"at a management group elsewhere":         {rights: gives(assigned(kvAdmin, groupID("dev"))), want: "read no, could no, grant no"},
		"at the root":                             {rights: gives(assigned(owner, "/")), want: "read no, could no, grant yes"},
		"exceptions take the values away":         {rights: gives(assigned(allButRead, vaultID(sub1, "pay"))), want: "read no, could no, grant no"},
		"a backup is read elsewhere":              {rights: gives(assigned(backupOnly, vaultID(sub1, "pay"))), want: "read no, could yes, grant no"},
		"certificates are no secrets":             {rights: gives(assigned(certOfficer, vaultID(sub1, "pay"))), want: "read no, could no, grant no"},
		"a reader of the control plane":           {rights: gives(assigned(reader, "/subscriptions/"+sub1)), want: "read no, could no, grant no"},
		"an owner may assign":                     {rights: gives(assigned(owner, "/subscriptions/"+sub1)), want: "read no, could no, grant yes"},
		"a user access administrator may assign":  {rights: gives(assigned(uaa, vaultID(sub1, "pay"))), want: "read no, could no, grant yes"},
		"a data access administrator may assign":  {rights: gives(assigned(dataAdmin, groupID("root"))), want: "read no, could no, grant yes"},
		"a contributor may switch the model":      {rights: gives(assigned(contributor, "/subscriptions/"+sub1)), want: "read no, could no, grant yes"},
		"policies of a vault with roles are mute": {rights: gives(assigned(policyOnly, vaultID(sub1, "pay"))), want: "read no, could no, grant no"},
		"a template may be handed secrets":        {rights: gives(assigned(deployer, vaultID(sub1, "pay"))), want: "read no, could no, grant yes"},
		"a role of one secret":                    {rights: gives(assigned(secretsUser, vaultID(sub1, "pay")+"/secrets/db")), want: "read no, could yes, grant no"},
		"a role through a group": {rights: func(r *reach.Rights) {
			a := assigned(secretsUser, vaultID(sub1, "pay"))
			a.PrincipalID = group
			gives(a)(r)
		}, want: "read no, could yes, grant no"},
		"an eligible role": {rights: func(r *reach.Rights) { r.Eligible = reach.ListOf(assigned(secretsUser, vaultID(sub1, "pay"))) }, want: "read no, could yes, grant no"},

		"a policy":                                {vault: classic(get), want: "read no, could yes, grant no"},
		"a policy of a group":                     {vault: classic(reach.Policy{ObjectID: group, Secrets: []string{"ALL"}}), want: "read no, could yes, grant no"},
		"a policy that backs up":                  {vault: classic(reach.Policy{ObjectID: sp, Secrets: []string{"backup"}}), want: "read no, could yes, grant no"},
		"a policy that lists":                     {vault: classic(reach.Policy{ObjectID: sp, Secrets: []string{"List"}, Keys: []string{"get"}}), want: "read no, could no, grant no"},
		"a policy of another":                     {vault: classic(reach.Policy{ObjectID: "someone", Secrets: []string{"get"}}), want: "read no, could no, grant no"},
		"a policy for an application on behalf":   {vault: classic(reach.Policy{ObjectID: sp, ApplicationID: other, Secrets: []string{"get"}}), want: "read no, could no, grant no"},
		"data roles are mute where policies hold": {vault: classic(), rights: gives(assigned(kvAdmin, vaultID(sub1, "pay"))), want: "read no, could no, grant no"},
		"a writer of policies":                    {vault: classic(), rights: gives(assigned(policyOnly, vaultID(sub1, "pay"))), want: "read no, could no, grant yes"},
		"a contributor of vaults":                 {vault: classic(), rights: gives(assigned(kvContrib, vaultID(sub1, "pay"))), want: "read no, could no, grant yes"},
		"groups that were not read":               {vault: classic(reach.Policy{ObjectID: "someone", Secrets: []string{"get"}}), rights: func(r *reach.Rights) { r.Groups = reach.List[string]{} }, want: "read no, could unknown, grant no"},
		"policies that were not read":             {vault: func(v *reach.Vault) { v.RBAC, v.Policies = false, reach.List[reach.Policy]{} }, want: "read no, could unknown, grant no"},

		"roles that were not read":             {rights: func(r *reach.Rights) { r.Assignments = reach.List[reach.Assignment]{} }, want: "read no, could unknown, grant unknown"},
		"a role whose definition was not read": {rights: gives(assigned("/r/unheard-of", vaultID(sub1, "pay"))), want: "read no, could unknown, grant unknown"},
		"rights above that were not read":      {rights: func(r *reach.Rights) { r.Unread = []reach.Gap{{Scope: "/subscriptions/" + sub1, Why: "403"}} }, want: "read no, could unknown, grant unknown"},
		"rights elsewhere that were not read":  {rights: func(r *reach.Rights) { r.Unread = []reach.Gap{{Scope: "/subscriptions/" + sub2, Why: "403"}} }, want: "read no, could no, grant no"},
		"no log":                               {vault: func(v *reach.Vault) { v.Log = reach.LogMissing }, want: "read unknown, could no, grant no"},
		"a log that nothing is known of":       {vault: func(v *reach.Vault) { v.Log = "" }, want: "read unknown, could no, grant no"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := vault(sub1, "pay")
			if tt.vault != nil {
				tt.vault(&v)
			}
			f := facts(v)
			if tt.rights != nil {
				tt.rights(&f.Rights)
			}
			if got := answers(reach.Of(f).Vaults[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func gives(a ...reach.Assignment) func(*reach.Rights) {
	return func(r *reach.Rights) { r.Assignments = reach.ListOf(a...) }
}

func TestConditionsAndDenialsAreSaidAndCountAsCould(t *testing.T) {
	f := facts(vault(sub1, "pay"))
	a := assigned(secretsUser, vaultID(sub1, "pay"))
	a.Condition = "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringStartsWith 'ci'"
	gives(a)(&f.Rights)
	f.Rights.Denies = reach.ListOf(reach.Deny{Name: "blueprint lock", Scope: "/subscriptions/" + sub1, Block: reach.Block{DataActions: []string{"*"}}})
	v := reach.Of(f).Vaults[0]
	if v.Could != reach.Yes || len(v.Ways) != 1 || len(v.Ways[0].Caveats) != 2 {
		t.Fatalf("%+v", v)
	}
	if text := reach.Of(f).Text(); !strings.Contains(text, "yes, conditional") || !strings.Contains(text, "denied by blueprint lock") {
		t.Error(text)
	}
}

func TestARoleOfOneSecretReachesThatOneOnly(t *testing.T) {
	f := facts(vault(sub1, "pay"))
	gives(assigned(secretsUser, vaultID(sub1, "pay")+"/secrets/db"))(&f.Rights)
	for _, s := range reach.Of(f).Vaults[0].Secrets {
		if want := map[string]reach.Answer{"db": reach.Yes, "api": reach.No}[s.Name]; s.Could != want {
			t.Errorf("%s: %s, want %s", s.Name, s.Could, want)
		}
	}
}

func TestManagementGroupsThatWereNotReadCountAsCould(t *testing.T) {
	f := facts(vault(sub1, "pay"))
	gives(assigned(kvAdmin, groupID("dev")))(&f.Rights)
	f.Rights.Parents = nil
	v := reach.Of(f).Vaults[0]
	if v.Could != reach.Yes || len(v.Ways[0].Caveats) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestALogIsWholeOnlyIfItArrivedAllThrough(t *testing.T) {
	tests := map[string]struct {
		state reach.LogState
		want  reach.Log
	}{
		"nothing known":                          {reach.LogState{}, reach.LogUnknown},
		"records arrive, settings unread":        {reach.LogState{FlowingKnown: true, Flowing: true}, reach.LogComplete},
		"silent for a part":                      {reach.LogState{FlowingKnown: true, DiagnosticsKnown: true, Diagnostics: true, All: true}, reach.LogMissing},
		"no setting":                             {reach.LogState{DiagnosticsKnown: true, All: true}, reach.LogMissing},
		"seldom used, with a setting and stream": {reach.LogState{DiagnosticsKnown: true, Diagnostics: true, All: true}, reach.LogComplete},
		"seldom used, and the stream stopped":    {reach.LogState{DiagnosticsKnown: true, Diagnostics: true}, reach.LogUnknown},
		"seldom used, setting unread":            {reach.LogState{All: true}, reach.LogUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.state.Log(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestApplicationsAreReadFromTags(t *testing.T) {
	tests := map[string]struct{ address, want string }{
		"an id":               {strings.ToUpper(other), other},
		"an address of Graph": {"https://graph.microsoft.com/v1.0/applications/" + other + "/", other},
		"a service principal": {"servicePrincipals/" + other, other},
		"a storage account":   {storageID("a"), ""},
		"a GUID of something": {"/subscriptions/" + other, ""},
		"nothing":             {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _, ok := reach.Application(map[string]string{"provideraddress": tt.address})
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q %v", got, ok)
			}
		})
	}
}

// incident is a principal that read from two vaults and could do more.
func incident() reach.Facts {
	pay := vault(sub1, "pay", func(v *reach.Vault) {
		v.Secrets = reach.ListOf(
			reach.Secret{Name: "db", Version: v1, Enabled: true}, reach.Secret{Name: "storage", Version: v1, Enabled: true, Tags: map[string]string{"ProviderAddress": storageID("payroll"), "CredentialId": "key1"}},
			reach.Secret{Name: "hr-app", Enabled: true, Tags: map[string]string{"ProviderAddress": other, "CredentialId": keyID}},
			reach.Secret{Name: "own", Enabled: true, Tags: map[string]string{"ProviderAddress": app}},
		)
	})
	old := vault(sub1, "old", func(v *reach.Vault) {
		policies(v, reach.Policy{ObjectID: group, Secrets: []string{"Get"}})
		v.Log, v.Network.Deny = reach.LogMissing, true
	})
	closed := vault(sub2, "closed", func(v *reach.Vault) {
		v.Secrets, v.Log, v.Network.Closed = reach.List[reach.Secret]{}, reach.LogUnknown, true
	})
	f := facts(pay, old, closed, vault(sub2, "far"))
	conditional := assigned(secretsUser, vaultID(sub2, "far"))
	conditional.Condition = "@Resource[...] StringStartsWith 'ci'"
	f.Rights.Assignments = reach.ListOf(
		assigned(secretsUser, vaultID(sub1, "pay")), assigned(contributor, "/subscriptions/"+sub2), conditional,
		assigned(blobReader, storageID("payroll")), assigned(delegator, storageID("logs")), assigned(delegator, storageID("x")+"/blobServices/default/containers/c"))
	f.Rights.Unread = []reach.Gap{{Scope: "/subscriptions/33333333-0000-0000-0000-000000000000", Why: "403 AuthorizationFailed"}}
	f.Resources = reach.ListOf(
		reach.Resource{ID: storageID("payroll"), Name: "payroll", Type: "Microsoft.Storage/storageAccounts", Subscription: sub1},
		reach.Resource{ID: storageID("logs"), Name: "logs", Type: "Microsoft.Storage/storageAccounts", Subscription: sub1},
		reach.Resource{ID: storageID("x"), Name: "x", Type: "Microsoft.Storage/storageAccounts", Subscription: sub1})
	read(f.Index, 30*time.Hour, "SecretGet", "pay", "secrets/db", v2)
	read(f.Index, 6*time.Hour, "SecretGet", "pay", "secrets/db", v1)
	read(f.Index, 5*time.Hour, "SecretGet", "pay", "secrets/hr-app", "")
	read(f.Index, 5*time.Hour, "SecretGet", "pay", "secrets/own", "")
	read(f.Index, 4*time.Hour, "SecretBackup", "pay", "secrets/gone", "")
	read(f.Index, 4*time.Hour, "SecretGet", "elsewhere", "secrets/x", "")
	read(f.Index, 500*time.Hour, "SecretGet", "pay", "secrets/storage", "")
	keysRead(f.Index, 3*time.Hour, "microsoft.storage/storageaccounts/listkeys/action", storageID("payroll"))
	keysRead(f.Index, 2*time.Hour, "microsoft.web/sites/config/list/action", "/subscriptions/"+sub1+"/resourcegroups/prod/providers/microsoft.web/sites/shop/config/appsettings")
	return f
}

func TestARadiusReadsWell(t *testing.T) {
	r := reach.Of(incident())
	golden(t, "incident.txt", []byte(r.Text()))
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "incident.json", append(b, '\n'))
	f := facts()
	f.Index, f.Vaults, f.Resources, f.Rights = nil, reach.List[reach.Vault]{}, reach.List[reach.Resource]{}, reach.Rights{}
	golden(t, "nothing-known.txt", []byte(reach.Of(f).Text()))
}

func TestAnothersCredentialOpensACaseAndItsOwnDoesNot(t *testing.T) {
	got := reach.Of(incident()).Linked
	if len(got) != 1 || got[0].AppID != other || got[0].Credential != keyID || got[0].Secret != "pay/hr-app" || got[0].Proven {
		t.Errorf("%+v", got)
	}
}

func TestTheOrderOfFactsChangesNothing(t *testing.T) {
	want := reach.Of(incident())
	rapid.Check(t, func(t *rapid.T) {
		f := incident()
		f.Vaults.Items = rapid.Permutation(f.Vaults.Items).Draw(t, "vaults")
		f.Resources.Items = rapid.Permutation(f.Resources.Items).Draw(t, "resources")
		f.Rights.Assignments.Items = rapid.Permutation(f.Rights.Assignments.Items).Draw(t, "assignments")
		for i := range f.Vaults.Items {
			f.Vaults.Items[i].Secrets.Items = rapid.Permutation(f.Vaults.Items[i].Secrets.Items).Draw(t, "secrets")
		}
		if diff := cmp.Diff(want, reach.Of(f)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWhatIsNotKnownNeverBecomesNo takes knowledge away: an answer may become unknown by that, but yes stays yes where
// what shows it is still there, and unknown never becomes no.
func TestWhatIsNotKnownNeverBecomesNo(t *testing.T) {
	less := map[string]func(*reach.Facts){
		"the index":       func(f *reach.Facts) { f.Index = nil },
		"the logs":        func(f *reach.Facts) { each(f, func(v *reach.Vault) { v.Log = reach.LogUnknown }) },
		"the assignments": func(f *reach.Facts) { f.Rights.Assignments = reach.List[reach.Assignment]{} },
		"the groups":      func(f *reach.Facts) { f.Rights.Groups = reach.List[string]{} },
		"the policies":    func(f *reach.Facts) { each(f, func(v *reach.Vault) { v.Policies = reach.List[reach.Policy]{} }) },
		"the parents":     func(f *reach.Facts) { f.Rights.Parents = nil },
		"the roles":       func(f *reach.Facts) { f.Rights.Roles = nil },
		"a subscription": func(f *reach.Facts) {
			f.Rights.Unread = append(f.Rights.Unread, reach.Gap{Scope: "/subscriptions/" + sub2})
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		f := incident()
		before := byName(reach.Of(f))
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys(less)), 1, 4, func(s string) string { return s }).Draw(t, "taken away") {
			less[name](&f)
		}
		for name, v := range byName(reach.Of(f)) {
			b := before[name]
			for _, pair := range [][2]reach.Answer{{b.Read, v.Read}, {b.Could, v.Could}, {b.Grant, v.Grant}} {
				if pair[0] != reach.No && pair[1] == reach.No {
					t.Fatalf("%s: %s became no\nbefore %s\nafter  %s", name, pair[0], answers(b), answers(v))
				}
			}
		}
	})
}

func each(f *reach.Facts, edit func(*reach.Vault)) {
	for i := range f.Vaults.Items {
		edit(&f.Vaults.Items[i])
	}
}

func byName(r reach.Radius) map[string]reach.VaultReach {
	out := map[string]reach.VaultReach{}
	for _, v := range r.Vaults {
		out[v.Name] = v
	}
	return out
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestALostReadMakesEveryNoUnknown(t *testing.T) {
	f := facts(vault(sub1, "pay"), vault(sub1, "quiet"))
	for i := range 300 {
		read(f.Index, time.Hour, "SecretGet", "pay", "secrets/s"+strings.Repeat("x", i%60)+string(rune('a'+i%26)), "")
	}
	if !f.Index.More(exposure.ClassObject) {
		t.Fatal("the index has room")
	}
	if v := byName(reach.Of(f))["quiet"]; v.Read != reach.Unknown {
		t.Errorf("%s", answers(v))
	}
}
