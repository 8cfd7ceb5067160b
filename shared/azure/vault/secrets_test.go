package vault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/faults"
	"rekey/deploy/local/keyvault"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/fault"
)

const (
	officer = "66666666-0000-4000-8000-000000000001"
	nobody  = "66666666-0000-4000-8000-000000000002"
	sub     = "11111111-0000-4000-8000-00000000000a"
)

var kv = arm.ResourceID(sub, "rg", "Microsoft.KeyVault/vaults", "kv")

// runs counts: azidentity keeps tokens of managed identities for the whole process, so each cloud has its own ids.
var runs atomic.Int64

// safe is a cloud with one vault that goes by roles; the officer may do everything with secrets, nobody has no rights.
type safe struct {
	*cloud.Cloud
	server *keyvault.Server
	url    string
	run    int64

	mu  sync.Mutex
	log [][]byte
}

func (s *safe) client(oid string) string { return fmt.Sprintf("v%03d%s", s.run, oid[4:]) }

func unlock(t *testing.T, rbac bool, policies ...arm.Policy) *safe {
	t.Helper()
	s := &safe{run: runs.Add(1)}
	c, err := cloud.Start(t.Context(), cloud.Config{
		Dir: t.TempDir(), TenantID: "aaaaaaaa-0000-4000-8000-000000000000",
		Identities: []entra.Identity{{ClientID: s.client(officer), ObjectID: officer}, {ClientID: s.client(nobody), ObjectID: nobody}},
		VaultLog: func(b []byte) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, b)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for k, v := range c.Env() {
		t.Setenv(k, v)
	}
	s.Cloud = c
	err = c.ARM.Build(func(w arm.World) {
		w.Subscription(sub, "production")
		w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultSecretsOfficer, PrincipalID: officer})
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.server, s.url, err = c.OpenVault(kv, rbac, policies...); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *safe) as(t *testing.T, oid string) *vault.Secrets {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(s.client(oid))})
	if err != nil {
		t.Fatal(err)
	}
	out, err := vault.OpenSecrets(s.url, cred, vault.Options{AnyHost: true, ClientOptions: azcore.ClientOptions{
		Transport: s.Client(), Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 5 * time.Millisecond},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *safe) put(t *testing.T, name string, in keyvault.Secret) {
	t.Helper()
	if err := s.server.Put(map[string]keyvault.Secret{name: in}); err != nil {
		t.Fatal(err)
	}
}

func TestANewVersionCarriesOverWhatAVersionDoesNotInherit(t *testing.T) {
	s := unlock(t, true)
	c := s.as(t, officer)
	now := time.Now().UTC().Truncate(time.Second)
	s.put(t, "db", keyvault.Secret{Value: "old", ContentType: "password", Tags: map[string]string{"ProviderAddress": "x"}, Expires: now.Add(60 * 24 * time.Hour)})
	old, err := c.Get(t.Context(), "db", "")
	if err != nil || old.Value.Reveal() != "old" || old.Tags["ProviderAddress"] != "x" || !old.Enabled {
		t.Fatalf("%+v (%v)", old, err)
	}
	fresh, err := c.Set(t.Context(), "db", redact.Hide("new"), old, map[string]string{"rekey-operation": "op1"}, old.Lives(0, now.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(t.Context(), "db", "")
	if err != nil || got.Version != fresh.Version || got.Version == old.Version || got.Value.Reveal() != "new" {
		t.Fatalf("%+v (%v)", got, err)
	}
	if got.ContentType != "password" || got.Tags["ProviderAddress"] != "x" || got.Tags["rekey-operation"] != "op1" {
		t.Errorf("lost: %+v", got)
	}
	if left := got.Expires.Sub(now); left < 60*24*time.Hour || left > 60*24*time.Hour+2*time.Hour {
		t.Errorf("it expires after %s", left)
	}
	if first, err := c.Get(t.Context(), "db", old.Version); err != nil || first.Value.Reveal() != "old" {
		t.Errorf("the old version: %v", err)
	}
}

func TestAVersionIsDisabledEnabledAndTagged(t *testing.T) {
	s := unlock(t, true)
	c := s.as(t, officer)
	s.put(t, "db", keyvault.Secret{Value: "v1", ContentType: "x", Tags: map[string]string{"a": "b"}})
	s.put(t, "db", keyvault.Secret{Value: "v2"})
	all, err := c.Versions(t.Context(), "db")
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v (%v)", all, err)
	}
	first := s.server.Versions("db")[0].Version
	for range 2 {
		if err := c.Disable(t.Context(), "db", first); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Get(t.Context(), "db", first); !errors.Is(err, vault.ErrDisabled) {
		t.Errorf("the disabled version: %v", err)
	}
	if got, err := c.Get(t.Context(), "db", ""); err != nil || got.Value.Reveal() != "v2" {
		t.Errorf("the newest version: %v", err)
	}
	if err := errors.Join(c.Tag(t.Context(), "db", first, map[string]string{"c": "d"}), c.Enable(t.Context(), "db", first)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(t.Context(), "db", first); err != nil || got.Tags["c"] != "d" || got.Tags["a"] != "" || got.ContentType != "x" || got.Value.Reveal() != "v1" {
		t.Errorf("%+v (%v)", got, err)
	}
	if err := c.Disable(t.Context(), "db", ""); !errors.Is(err, fault.Denied) {
		t.Errorf("no version was named: %v", err)
	}
}

func TestAllSecretsAreListedOverThePagesWithoutValues(t *testing.T) {
	s := unlock(t, true)
	many := map[string]keyvault.Secret{"cert": {Value: "pem", Managed: true}, "gone": {Value: "x", Deleted: true}}
	for i := range 60 {
		many[fmt.Sprint("s", i)] = keyvault.Secret{Value: "x"}
	}
	if err := s.server.Put(many); err != nil {
		t.Fatal(err)
	}
	got, err := s.as(t, officer).List(t.Context())
	if err != nil || len(got) != 61 {
		t.Fatalf("%d of 61 (%v)", len(got), err)
	}
	for _, one := range got {
		if !one.Value.Empty() || one.Managed != (one.Name == "cert") || one.Name == "gone" {
			t.Errorf("%+v", one)
		}
	}
}

func TestHowAVaultRefuses(t *testing.T) {
	s := unlock(t, true)
	c, stranger := s.as(t, officer), s.as(t, nobody)
	s.put(t, "here", keyvault.Secret{Value: "x", Expires: time.Now().Add(-time.Hour)})
	s.put(t, "off", keyvault.Secret{Value: "x", Disabled: true})
	s.put(t, "cert", keyvault.Secret{Value: "x", Managed: true})
	s.put(t, "gone", keyvault.Secret{Value: "x", Deleted: true})
	get := func(c *vault.Secrets, name string) error { _, err := c.Get(t.Context(), name, ""); return err }
	set := func(c *vault.Secrets, name string) error {
		_, err := c.Set(t.Context(), name, redact.Hide("s3cret"), vault.Secret{}, nil, time.Time{})
		return err
	}
	for name, tt := range map[string]struct{ err, why, kind error }{
		"an expired secret is read":    {get(c, "here"), nil, nil},
		"one that is not there":        {get(c, "none"), fault.NotFound, fault.NotFound},
		"a deleted one is not there":   {get(c, "gone"), fault.NotFound, fault.NotFound},
		"nobody reads":                 {get(stranger, "here"), vault.ErrRights, fault.Denied},
		"nobody writes":                {set(stranger, "here"), vault.ErrRights, fault.Denied},
		"a disabled one":               {get(c, "off"), vault.ErrDisabled, fault.Denied},
		"the key of a certificate":     {set(c, "cert"), vault.ErrManaged, fault.Denied},
		"the name of a deleted secret": {set(c, "gone"), vault.ErrDeleted, fault.Denied},
		"a name that is none":          {set(c, "a_b"), fault.Denied, fault.Denied},
	} {
		if tt.why == nil {
			if tt.err != nil {
				t.Errorf("%s: %v", name, tt.err)
			}
			continue
		}
		if !errors.Is(tt.err, tt.why) || fault.Kind(tt.err) != tt.kind || strings.Contains(tt.err.Error(), "s3cret") || strings.Contains(tt.err.Error(), "oid=") {
			t.Errorf("%s: %v (kind %v)", name, tt.err, fault.Kind(tt.err))
		}
	}
	for name, want := range map[string]bool{"gone": true, "here": false, "none": false} {
		if got, err := c.Deleted(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is deleted: %t (%v)", name, got, err)
		}
	}
}

func TestEachMethodNeedsExactlyTheDataActionItDeclares(t *testing.T) {
	s := unlock(t, true)
	s.put(t, "db", keyvault.Secret{Value: "x"})
	s.put(t, "gone", keyvault.Secret{Value: "x", Deleted: true})
	s.put(t, "other", keyvault.Secret{Value: "x"})
	version := s.server.Versions("other")[0].Version
	c, ctx := s.as(t, nobody), t.Context()
	methods := map[string]func() error{
		"Get":      func() error { _, err := c.Get(ctx, "db", ""); return err },
		"List":     func() error { _, err := c.List(ctx); return err },
		"Versions": func() error { _, err := c.Versions(ctx, "db"); return err },
		"Set": func() error {
			_, err := c.Set(ctx, "db", redact.Hide("y"), vault.Secret{}, nil, time.Time{})
			return err
		},
		"Disable": func() error { return c.Disable(ctx, "other", version) },
		"Enable":  func() error { return c.Enable(ctx, "other", version) },
		"Tag":     func() error { return c.Tag(ctx, "other", version, nil) },
		"Deleted": func() error { _, err := c.Deleted(ctx, "gone"); return err },
	}
	if len(methods) != len(vault.Permissions) {
		t.Fatalf("%d methods, %d declared", len(methods), len(vault.Permissions))
	}
	for name, do := range methods {
		if err := do(); !errors.Is(err, vault.ErrRights) {
			t.Errorf("%s without any right: %v", name, err)
		}
	}
	for name, do := range methods {
		id := ""
		if err := s.ARM.Build(func(w arm.World) {
			id = w.Assign(arm.Assignment{Name: name, Scope: kv, Role: w.Define(name, arm.Permission{DataActions: []string{vault.Permissions[name]}}), PrincipalID: nobody})
		}); err != nil {
			t.Fatal(err)
		}
		if err := do(); err != nil {
			t.Errorf("%s with what it declares: %v", name, err)
		}
		if err := s.ARM.Build(func(w arm.World) { w.Unassign(id) }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFirewallComesBeforeRights(t *testing.T) {
	s := unlock(t, true)
	s.put(t, "here", keyvault.Secret{Value: "x"})
	c := s.as(t, officer)
	for name, tt := range map[string]struct {
		network arm.Network
		why     error
	}{
		"closed to the public":   {arm.Network{Closed: true, Allowed: []string{"127.0.0.1"}}, vault.ErrFirewall},
		"closed to this address": {arm.Network{Deny: true, Allowed: []string{"192.0.2.0/24"}}, vault.ErrFirewall},
		"open to this address":   {arm.Network{Deny: true, Allowed: []string{"127.0.0.0/8"}}, nil},
	} {
		if err := s.ARM.Build(func(w arm.World) { w.Network(kv, tt.network) }); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(t.Context(), "here", ""); !errors.Is(err, tt.why) || (err == nil) != (tt.why == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAVaultWithAccessPoliciesGoesByThemAndNotByRoles(t *testing.T) {
	s := unlock(t, false, arm.Policy{TenantID: "x", ObjectID: nobody, Permissions: map[string][]string{"secrets": {"GET"}}})
	s.put(t, "here", keyvault.Secret{Value: "x"})
	if _, err := s.as(t, officer).Get(t.Context(), "here", ""); !errors.Is(err, vault.ErrRights) {
		t.Errorf("the officer has a role only: %v", err)
	}
	c := s.as(t, nobody)
	if _, err := c.Get(t.Context(), "here", ""); err != nil {
		t.Errorf("by policy: %v", err)
	}
	if _, err := c.List(t.Context()); !errors.Is(err, vault.ErrRights) {
		t.Errorf("get is not list: %v", err)
	}
}

func TestAVersionIsStoredOnceWhateverTheVaultAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		fault    faults.Fault
		versions int
		why      error
	}{
		"a failure before":   {faults.Fault{When: faults.Before, Status: 500}, 0, fault.Transient},
		"a failure after":    {faults.Fault{When: faults.After, Status: 500}, 1, fault.Transient},
		"a hang-up after":    {faults.Fault{When: faults.HangUp}, 1, fault.Transient},
		"throttled for ever": {faults.Fault{When: faults.Before, Status: 429}, 0, vault.ErrThrottled},
		"a conflict":         {faults.Fault{When: faults.Before, Status: 409, Code: "Conflict"}, 0, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			s := unlock(t, true)
			c := s.as(t, officer)
			if _, err := c.List(t.Context()); err != nil { // the challenge is answered
				t.Fatal(err)
			}
			s.server.Fail(func(method, _ string) faults.Fault {
				if method == "PUT" {
					return tt.fault
				}
				return faults.Fault{}
			})
			_, err := c.Set(t.Context(), "db", redact.Hide("s3cret"), vault.Secret{}, map[string]string{"rekey-operation": "op1"}, time.Time{})
			if !errors.Is(err, tt.why) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
			got, err := c.Versions(t.Context(), "db")
			if err != nil || len(got) != tt.versions || tt.versions == 1 && got[0].Tags["rekey-operation"] != "op1" {
				t.Errorf("%+v (%v)", got, err)
			}
		})
	}
}

func TestOnlyAddressesOfKeyVaultsAreOpened(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://contoso.vault.azure.net": true, "https://contoso.vault.azure.net/": true, "https://Contoso.Vault.azure.cn": true,
		"http://contoso.vault.azure.net": false, "https://contoso.vault.azure.net.example.com": false, "https://vault.azure.net": false,
		"https://example.com/.vault.azure.net": false, "https://a.b.vault.azure.net": false, "https://localhost:1": false, "::": false,
	} {
		if _, err := vault.OpenSecrets(url, nil, vault.Options{}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestARenewedSecretLivesAsLongAsTheOneBefore(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for name, tt := range map[string]struct {
		old  vault.Secret
		want time.Time
	}{
		"one that never expires":                {vault.Secret{Created: day(1)}, time.Time{}},
		"ten days from its creation":            {vault.Secret{Created: day(1), Expires: day(11)}, day(30)},
		"ten days from its begin":               {vault.Secret{Created: day(1), NotBefore: day(5), Expires: day(15)}, day(30)},
		"one that had expired when it was made": {vault.Secret{Created: day(10), Expires: day(5)}, time.Time{}},
	} {
		if got := tt.old.Renewed(day(20)); !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// sink keeps what a message holds.
type sink struct {
	events []event.Event
	bad    []error
}

func (s *sink) Event(e *event.Event)              { s.events = append(s.events, *e) }
func (s *sink) Skip(category string)              { s.bad = append(s.bad, errors.New("skipped "+category)) }
func (s *sink) Reject(_ int, _ []byte, err error) { s.bad = append(s.bad, err) }

func TestEveryRequestForSecretsLeavesARecordThatRekeyReads(t *testing.T) {
	s := unlock(t, true)
	s.put(t, "db", keyvault.Secret{Value: "s3cret"})
	version := s.server.Versions("db")[0].Version
	c := s.as(t, officer)
	ctx := context.Background()
	_, err1 := c.Get(ctx, "db", "")
	_, err2 := c.List(ctx)
	_, err3 := s.as(t, nobody).Get(ctx, "db", "")
	if err := errors.Join(err1, err2); err != nil || err3 == nil {
		t.Fatal(err, err3)
	}
	var got sink
	for _, b := range s.log {
		if strings.Contains(string(b), "s3cret") {
			t.Errorf("the log holds the value: %s", b)
		}
		if err := new(entralog.Decoder).Decode(b, &got); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.bad) > 0 || len(got.events) != 3 {
		t.Fatalf("%d records, %v", len(got.events), got.bad)
	}
	read, list, refused := got.events[0], got.events[1], got.events[2]
	if v := read.Vault; v == nil || v.Operation != "SecretGet" || v.Status != 200 || v.Vault != "kv" || v.Object != "secrets/db" || v.Version != version || v.VaultID != strings.ToLower(kv) {
		t.Errorf("read: %+v", v)
	}
	if v := list.Vault; v == nil || v.Operation != "SecretList" || v.Object != "" {
		t.Errorf("list: %+v", v)
	}
	if v := refused.Vault; v == nil || v.Status != 403 || refused.Principal.ObjectID != nobody {
		t.Errorf("refused: %+v", refused)
	}
}
