package evict_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // Entra's thumbprints
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/graph"
	"rekey/shared/decide"
	"rekey/shared/remedy"
)

// kind is one kind of plan: a tenant, what is known of the incident, and how it ends.
type kind struct {
	graph    graph.Options
	seed     func(*lab)
	facts    func(*lab) remedy.Facts
	options  remedy.Options
	mode     decide.Mode // zero: evict
	suspects []string
	want     remedy.State
	disabled []string // principals that are disabled in the end
	refused  []string // kinds of step that the services refuse
	life     time.Duration
}

var certificates sync.Map

// certificateOf is a throw-away certificate in DER, the same for each name; it is valid on synctest's clock, too.
func certificateOf(name string) []byte {
	if der, ok := certificates.Load(name); ok {
		return der.([]byte)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: year(1998), NotAfter: year(2040)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	stored, _ := certificates.LoadOrStore(name, der)
	return stored.([]byte)
}

func keyOf(id, usage, group string) directory.KeyCredential {
	then := time.Now().AddDate(-1, 0, 0).UTC().Truncate(time.Second)
	return directory.KeyCredential{
		KeyID: id, Type: "AsymmetricX509Cert", Usage: usage, DisplayName: "CN=" + id, CustomKeyIdentifier: []byte(group), Key: certificateOf(id),
		StartDateTime: then, EndDateTime: then.AddDate(2, 0, 0),
	}
}

func secretOf(id, group string) directory.PasswordCredential {
	then := time.Now().AddDate(-1, 0, 0).UTC().Truncate(time.Second)
	return directory.PasswordCredential{KeyID: id, DisplayName: id, CustomKeyIdentifier: []byte(group), Digest: directory.Digest(id), StartDateTime: then, EndDateTime: then.AddDate(2, 0, 0)}
}

func ficOf(id string) directory.Federated {
	return directory.Federated{ID: id, Name: id, Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/" + id, Audiences: []string{"api://AzureADTokenExchange"}, Description: "of " + id}
}

// theApp and thePrincipal are an own application full of credentials.
func theApp() directory.Object {
	return directory.Object{
		ID: "appobj", AppID: "app1", DisplayName: "billing", SignInAudience: "AzureADMyOrg", CreatedDateTime: time.Now().AddDate(-2, 0, 0).UTC(),
		KeyCredentials: []directory.KeyCredential{keyOf("appcert", "Verify", "a")}, PasswordCredentials: []directory.PasswordCredential{secretOf("stolen", ""), secretOf("other", "")},
		Federated: []directory.Federated{ficOf("fic")}, Owners: []string{"dana"},
		Web: directory.Redirects{RedirectURIs: []string{"https://billing/cb"}},
	}
}

func thePrincipal(id string) directory.Object {
	return directory.Object{
		ID: id, AppID: "app1", DisplayName: "billing", ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true,
		KeyCredentials: []directory.KeyCredential{keyOf(id+"cert", "Verify", "b")}, PasswordCredentials: []directory.PasswordCredential{secretOf(id+"secret", "")},
		AppRoles: []directory.AppRoleAssignment{{ID: id + "-ra", AppRoleID: "read", ResourceID: "api", CreatedDateTime: time.Now().AddDate(-1, 0, 0).UTC()}},
	}
}

func (l *lab) seeds(collection string, objects ...directory.Object) {
	l.t.Helper()
	if err := l.dir.Seed(collection, objects...); err != nil {
		l.t.Fatal(err)
	}
}

// neighbours are what is around every victim and never to be touched.
func (l *lab) neighbours() {
	l.seeds(directory.Users, directory.Object{ID: "dana", DisplayName: "Dana"}, directory.Object{ID: "eve", DisplayName: "Eve"}, directory.Object{ID: "adam", DisplayName: "Adam"})
	l.seeds(directory.Applications, directory.Object{ID: "payroll-obj", AppID: "payroll", DisplayName: "payroll",
		KeyCredentials: []directory.KeyCredential{keyOf("paycert", "Verify", "p")}, PasswordCredentials: []directory.PasswordCredential{secretOf("paysecret", "")}, Federated: []directory.Federated{ficOf("payfic")}})
	l.seeds(directory.ServicePrincipals,
		directory.Object{ID: "payroll-sp", AppID: "payroll", DisplayName: "payroll", ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true, Owners: []string{"eve"}},
		directory.Object{ID: "api", AppID: "apiapp", DisplayName: "an API", ServicePrincipalType: "Application", DefinedAppRoles: []directory.AppRole{{ID: "read", Value: "Read.All"}, {ID: "write", Value: "Write.All"}}})
}

func ordinary(l *lab) {
	l.neighbours()
	l.seeds(directory.Applications, theApp())
	l.seeds(directory.ServicePrincipals, thePrincipal(victimID))
}

// whole is the ordinary victim with everything that an intruder can add in the window, and ways into a vault.
func whole(l *lab) {
	l.neighbours()
	app, sp := theApp(), thePrincipal(victimID)
	app.Owners, sp.Owners = []string{"dana", "eve"}, []string{"eve"}
	app.SPA.RedirectURIs = []string{"https://billing.example/cb"}
	now := time.Now().UTC()
	sp.AppRoles = append(sp.AppRoles, directory.AppRoleAssignment{ID: "ra-evil", AppRoleID: "write", ResourceID: "api", CreatedDateTime: now.Add(-time.Hour)})
	sp.Grants = []directory.Grant{{ID: "g-old", ConsentType: "AllPrincipals", ResourceID: "api", Scope: "User.Read"}, {ID: "g-evil", ConsentType: "Principal", PrincipalID: "eve", ResourceID: "api", Scope: "Mail.Read"}}
	sp.Roles = []directory.RoleAssignment{{ID: "dr-old", RoleDefinitionID: "reader", DirectoryScopeID: "/"}, {ID: "dr-evil", RoleDefinitionID: "admin", DirectoryScopeID: "/"}}
	sp.Risk = &directory.Risk{Level: "medium", State: "atRisk", Detail: "none"}
	l.seeds(directory.Applications, app)
	l.seeds(directory.ServicePrincipals, sp)
	l.seeds(directory.Groups, directory.Object{ID: "readers", DisplayName: "vault readers", Members: []string{victimID, "payroll-sp"}}, directory.Object{ID: "mighty", DisplayName: "platform", RoleAssignable: true, Members: []string{victimID}})
	l.azureWorld(func(b arm.World) {
		b.Vault(kvID, "https://billing-kv.vault.azure.net/", false,
			arm.Policy{TenantID: tenantID, ObjectID: victimID, Permissions: map[string][]string{"secrets": {"Get", "list"}}},
			arm.Policy{TenantID: tenantID, ObjectID: "payroll-sp", Permissions: map[string][]string{"secrets": {"get"}}})
		b.Assign(arm.Assignment{Name: "aaaaaaaa-0000-4000-8000-00000000000a", Scope: kvID, Role: arm.VaultSecretsUser, PrincipalID: victimID})
		b.Assign(arm.Assignment{Name: "aaaaaaaa-0000-4000-8000-00000000000b", Scope: kvID, Role: arm.VaultSecretsUser, PrincipalID: "payroll-sp"})
	})
}

func (l *lab) azureWorld(do func(arm.World)) {
	l.t.Helper()
	if err := l.arm.Build(do); err != nil {
		l.t.Fatal(err)
	}
}

// seen are facts in which the log shows additions, and nobody uses anything.
func seen(added ...remedy.Added) remedy.Facts {
	users := 0.0
	return remedy.Facts{Added: remedy.ListOf(added...), Consumers: remedy.ListOf[remedy.Consumer](), Clients: remedy.ListOf[remedy.Client](), Users: &users}
}

func additions(pairs ...string) func(*lab) remedy.Facts {
	return func(*lab) remedy.Facts {
		var out []remedy.Added
		for _, p := range pairs {
			object, item, _ := strings.Cut(p, " ")
			out = append(out, remedy.Added{Object: object, Item: item, Time: time.Now().Add(-2 * time.Hour), By: "app:app1"})
		}
		return seen(out...)
	}
}

func thumbprintOf(id string) string {
	sum := sha1.Sum(certificateOf(id)) //nolint:gosec // a name
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// signing gives a principal a SAML signing set.
func signing(sp *directory.Object) {
	sp.KeyCredentials = append(sp.KeyCredentials, keyOf("samlsign", "Sign", "g"), keyOf("samlverify", "Verify", "g"))
	sp.PasswordCredentials = append(sp.PasswordCredentials, secretOf("samlsign", "g"))
	sp.PreferredTokenSigningKey = thumbprintOf("samlverify")
}

func lifetimePolicy(life string) directory.Object {
	doc := `{"displayName":"short","isEnabled":true,"restrictions":{"keyCredentials":[{"restrictionType":"asymmetricKeyLifetime","maxLifetime":"` + life + `"}]}}`
	return directory.Object{ID: "short", Document: json.RawMessage(doc)}
}

func managedIdentity(l *lab, name string) {
	l.neighbours()
	l.seeds(directory.ServicePrincipals, directory.Object{
		ID: victimID, AppID: "app1", DisplayName: name, ServicePrincipalType: "ManagedIdentity", AccountEnabled: true, KeyCredentials: []directory.KeyCredential{keyOf("azure-rolled", "Verify", "z")},
		AppRoles: []directory.AppRoleAssignment{{ID: "ra1", AppRoleID: "read", ResourceID: "api"}},
	})
	l.azureWorld(func(b arm.World) {
		b.Vault(kvID, "https://billing-kv.vault.azure.net/", true)
		b.Assign(arm.Assignment{Name: "aaaaaaaa-0000-4000-8000-00000000000a", Scope: kvID, Role: arm.VaultSecretsUser, PrincipalID: victimID})
		b.Assign(arm.Assignment{Name: "aaaaaaaa-0000-4000-8000-00000000000b", Scope: kvID, Role: arm.VaultSecretsUser, PrincipalID: "payroll-sp"})
		if name != "deployer" {
			b.Resource(arm.Resource{ID: vmID, Identity: &arm.Identity{Type: "SystemAssigned", PrincipalID: victimID}})
			return
		}
		b.Resource(arm.Resource{ID: miID, Properties: map[string]any{"principalId": victimID, "clientId": "app1", "tenantId": tenantID}})
		b.Resource(arm.Resource{ID: miID + "/federatedIdentityCredentials/gh", Properties: map[string]any{"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:x/y", "audiences": []string{"a"}}})
		b.Resource(arm.Resource{ID: vmID, Identity: &arm.Identity{Type: "UserAssigned", UserAssigned: map[string]map[string]string{miID: {"principalId": victimID}}}})
	})
}

func detaching() remedy.Options {
	o := remedy.Everything()
	o.Detach = true
	return o
}

func unwatched() remedy.Options {
	o := remedy.Everything()
	o.Watch = false
	return o
}

// kinds are the kinds of plan, by name.
var kinds = map[string]kind{
	"credentials alone": {seed: ordinary, suspects: []string{"stolen"}, want: remedy.StateDone},
	"whole identity": {
		seed: whole, options: remedy.Everything(), suspects: []string{"stolen"}, want: remedy.StateDone,
		facts: additions("appobj eve", "sp1 eve", "appobj https://billing.example/cb", "sp1 g-evil", "sp1 dr-evil", "sp1 ra-evil"),
	},
	"two principals": {
		seed: func(l *lab) { ordinary(l); l.seeds(directory.ServicePrincipals, thePrincipal("sp2")) }, options: unwatched(), facts: additions(), want: remedy.StateDone,
	},
	"only federated": {
		seed: func(l *lab) {
			l.neighbours()
			app, sp := theApp(), thePrincipal(victimID)
			app.KeyCredentials, app.PasswordCredentials, sp.KeyCredentials, sp.PasswordCredentials = nil, nil, nil, nil
			l.seeds(directory.Applications, app)
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"fic"}, want: remedy.StateDone,
	},
	"SAML kept": {
		seed: func(l *lab) {
			ordinary(l)
			sp := thePrincipal(victimID)
			signing(&sp)
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone,
	},
	"kept by a person": {
		seed: ordinary, facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone,
		options: remedy.Options{Edits: []remedy.Edit{{ID: "other", Keep: true, Why: "the till", By: "dana"}, {ID: "appcert", Keep: true, Why: "the batch", By: "dana"}, {ID: "fic", Keep: true, Why: "the pipeline", By: "dana"}}},
	},
	"user-assigned managed identity": {seed: func(l *lab) { managedIdentity(l, "deployer") }, options: detaching(), facts: additions(), want: remedy.StateDone},
	"system-assigned managed identity": {
		seed: func(l *lab) { managedIdentity(l, "build-1") }, options: detaching(), facts: additions(), want: remedy.StateDone,
	},
	"first-party with an added credential": {
		seed: func(l *lab) {
			l.neighbours()
			sp := thePrincipal(victimID)
			sp.AppOwnerOrganizationID, sp.PasswordCredentials = "f8cdef31-a31e-4b4a-93e4-5f571e91255a", append(sp.PasswordCredentials, secretOf("planted", ""))
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions("sp1 planted"), suspects: []string{"planted"}, want: remedy.StateDone,
	},
	"foreign, abused by its own credential here": {
		seed: func(l *lab) {
			l.neighbours()
			sp := thePrincipal(victimID)
			sp.AppOwnerOrganizationID = "bbbbbbbb-0000-0000-0000-000000000000"
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"sp1secret"}, want: remedy.StateDone,
	},
	"foreign, abused by its publisher's credential": {
		seed: func(l *lab) {
			l.neighbours()
			sp := thePrincipal(victimID)
			sp.AppOwnerOrganizationID = "bbbbbbbb-0000-0000-0000-000000000000"
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"elsewhere"}, want: remedy.StateContained, disabled: []string{victimID},
	},
	"foreign and locked, which nobody knew": {
		seed: func(l *lab) {
			l.neighbours()
			sp := thePrincipal(victimID)
			sp.AppOwnerOrganizationID, sp.Locked = "bbbbbbbb-0000-0000-0000-000000000000", true
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"sp1secret"}, want: remedy.StateContained, disabled: []string{victimID},
		refused: []string{remedy.StepReplaceKeys, remedy.StepRemovePasswords},
	},
	"locked, and known to be": {
		seed: func(l *lab) {
			ordinary(l)
			app := theApp()
			app.Lock = &directory.Lock{IsEnabled: true, AllProperties: true}
			l.seeds(directory.Applications, app)
		}, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateContained, disabled: []string{victimID},
	},
	"lifetime policy that nobody read": {
		seed: func(l *lab) {
			ordinary(l)
			app := theApp()
			app.AppPolicyID = "short"
			l.seeds(directory.Applications, app)
			l.seeds(directory.AppPolicies, lifetimePolicy("P30D"))
		}, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone, life: 540 * time.Hour, // halved until the policy takes it
	},
	"planted elsewhere": {
		seed: func(l *lab) {
			ordinary(l)
			o, _ := l.dir.Get(directory.Applications, "payroll-obj")
			o.KeyCredentials, o.PasswordCredentials = append(o.KeyCredentials, keyOf("door1", "Verify", "d")), append(o.PasswordCredentials, secretOf("door2", ""))
			o.Federated = append(o.Federated, ficOf("door3"))
			l.seeds(directory.Applications, o)
		}, options: unwatched(), suspects: []string{"stolen"}, want: remedy.StateDone,
		facts: func(*lab) remedy.Facts {
			f := seen()
			for kind, id := range map[string]string{remedy.TypeKey: "door1", remedy.TypePassword: "door2", remedy.TypeFederated: "door3"} {
				f.Planted = append(f.Planted, remedy.Planted{ObjectKind: remedy.KindApplication, Object: "payroll-obj", AppID: "payroll", Name: "payroll", Kind: kind, KeyID: id, Time: time.Now().Add(-time.Hour), Record: "audit-8"})
			}
			return f
		},
	},
	"containment alone": {seed: whole, options: remedy.Everything(), facts: additions(), suspects: []string{"stolen"}, mode: decide.ModeContain, want: remedy.StateContained, disabled: []string{victimID}},
	"without a licence": {
		graph: graph.Options{Unlicensed: true}, seed: ordinary, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone,
		refused: []string{remedy.StepConfirm, remedy.StepDismiss},
	},
	"agent identity": {
		seed: func(l *lab) {
			ordinary(l)
			l.seeds(directory.ServicePrincipals, directory.Object{ID: "agent1", AppID: "app1", DisplayName: "claims agent", ServicePrincipalType: "ServiceIdentity", AgentBlueprintID: "app1", AccountEnabled: true})
		}, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone,
	},
	"disabled before": {
		seed: func(l *lab) {
			ordinary(l)
			sp := thePrincipal(victimID)
			sp.AccountEnabled = false
			l.seeds(directory.ServicePrincipals, sp)
		}, options: unwatched(), facts: additions(), suspects: []string{"stolen"}, want: remedy.StateDone,
	},
}
