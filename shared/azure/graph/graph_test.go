package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/deploy/local/directory"
	local "rekey/deploy/local/graph"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

// everything is every permission that the client's methods need.
func everything() []string {
	var out []string
	for _, needs := range graph.Permissions {
		out = append(out, needs...)
	}
	return append(out, "Directory.Read.All")
}

func TestWhatIsReadOfAnApplicationAndItsPrincipals(t *testing.T) {
	w := newWorld(t, local.Options{})
	c := w.client("Application.Read.All")
	o, err := c.Application(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	if o.Web.RedirectURIs[0] != "https://a" || o.Web.LogoutURL != "https://out" || !o.Lock.IsEnabled || o.VerifiedPublisher.DisplayName != "Contoso" || o.ApplicationTemplateID != "gallery" {
		t.Errorf("%+v", o)
	}
	var raw map[string]any
	if err := json.Unmarshal(o.KeyCredentials[0], &raw); err != nil || raw["key"] != nil {
		t.Errorf("an item to be echoed has key %v (%v)", raw["key"], err)
	}
	keys, err := c.Certificates(t.Context(), graph.Applications, "obj")
	if err != nil || keys["k1"] == "" {
		t.Errorf("%v, %v", keys, err)
	}
	if _, err := c.Application(t.Context(), "it's"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an application that is not there: %v", err)
	}
	agents, err := w.client("AgentIdentity.Read.All").Agents(t.Context(), "app")
	if err != nil || len(agents) != 1 || agents[0].AgentBlueprintID != "app" {
		t.Errorf("%+v, %v", agents, err)
	}
}

func TestListsAreReadToTheLastPage(t *testing.T) {
	w := newWorld(t, local.Options{PageSize: 1})
	c := w.client(everything()...)
	if err := w.directory.Update(directory.Applications, "obj", "t", "t", func(o *directory.Object) error {
		for i := range 5 {
			o.Federated = append(o.Federated, directory.Federated{ID: fmt.Sprint("x", i), Name: fmt.Sprint("x", i), Issuer: "i", Subject: fmt.Sprint(i)})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	list, err := c.FederatedCredentials(t.Context(), "obj")
	if err != nil || len(list) != 6 {
		t.Errorf("%d federated credentials, %v", len(list), err)
	}
	seen, pages := 0, 0
	for next := ""; pages == 0 || next != ""; pages++ {
		var page []graph.Object
		if page, next, err = c.ServicePrincipalPage(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		seen += len(page)
	}
	if seen < 2 || pages != seen {
		t.Errorf("%d service principals on %d pages of one", seen, pages)
	}
}

func TestRemovingWhatIsGoneAndAddingWhatIsThereIsSuccess(t *testing.T) {
	w := newWorld(t, local.Options{})
	g := w.client(everything()...)
	x := t.Context()
	again := map[string]func() error{
		"a client secret":         func() error { return g.RemovePassword(x, graph.Applications, "obj", "p1") },
		"a certificate, by proof": func() error { return g.RemoveKey(x, graph.Applications, "obj", "none", w.holder) },
		"a federated credential":  func() error { return g.RemoveFederated(x, "obj", "f1") },
		"an owner":                func() error { return g.RemoveOwner(x, graph.Applications, "obj", "alice") },
		"an app role":             func() error { return g.RemoveAppRole(x, "res", "ra") },
		"a grant":                 func() error { return g.RemoveGrant(x, "g") },
		"a directory role":        func() error { return g.RemoveRole(x, "r1") },
		"a member":                func() error { return g.RemoveMember(x, "plain", "sp") },
		"an access policy":        func() error { return g.RemoveAccessPolicy(x, "ca") },
		"an application":          func() error { return g.Delete(x, graph.Applications, "doomed") },
		"adding an owner":         func() error { return g.AddOwner(x, graph.Applications, "obj", "bob") },
		"adding an app role": func() error {
			return g.AddAppRole(x, graph.AppRoleAssignment{PrincipalID: "sp", ResourceID: "res", AppRoleID: "n"})
		},
		"adding a grant": func() error {
			return g.AddGrant(x, graph.Grant{ClientID: "sp", ConsentType: "Principal", PrincipalID: "bob", ResourceID: "res", Scope: "s"})
		},
		"adding a directory role": func() error {
			return g.AddRole(x, graph.RoleAssignment{PrincipalID: "sp", RoleDefinitionID: "n", DirectoryScopeID: "/"})
		},
		"adding a member": func() error { return g.AddMember(x, "plain", "res") },
		"adding a federated one": func() error {
			return g.AddFederated(x, "obj", graph.FederatedCredential{Name: "cd", Issuer: "j", Subject: "t", Audiences: []string{"a"}})
		},
		"restoring an application":    func() error { return g.Restore(x, graph.Applications, "gone") },
		"confirming what is so":       func() error { return g.ConfirmCompromised(x, "sp") },
		"disabling what is disabled":  func() error { return g.SetEnabled(x, "sp", false) },
		"an empty list that is empty": func() error { return g.ReplaceKeys(x, graph.ServicePrincipals, "sp", nil) },
	}
	for name, do := range again {
		for i := range 2 {
			if err := do(); err != nil {
				t.Errorf("%s, time %d: %v", name, i+1, err)
			}
		}
	}
	err := g.AddGrant(x, graph.Grant{ClientID: "sp", ConsentType: "Principal", PrincipalID: "bob", ResourceID: "res", Scope: "more"})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("a grant with another scope than the present one: %v", err)
	}
}

func TestASecretThatAReplicaStillShowsIsNotCalledGone(t *testing.T) {
	var stale atomic.Bool
	w := newWorld(t, local.Options{Faults: func(method, _ string) local.Fault {
		if method == http.MethodGet && stale.Load() {
			return local.Fault{Stale: time.Hour}
		}
		return local.Fault{}
	}})
	c := w.client(everything()...)
	if err := c.RemovePassword(t.Context(), graph.Applications, "obj", "p1"); err != nil {
		t.Fatal(err)
	}
	stale.Store(true)
	if err := c.RemovePassword(t.Context(), graph.Applications, "obj", "p1"); !errors.Is(err, fault.Transient) {
		t.Errorf("%v, want transient", err)
	}
}

func TestRefusalsThatCallersActOnAreToldApart(t *testing.T) {
	w := newWorld(t, local.Options{})
	c := w.client(everything()...)
	der, _ := pair()
	app, err := c.Application(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	changed := json.RawMessage(strings.Replace(string(app.KeyCredentials[0]), `"usage":"Verify"`, `"usage":"Verify","displayName":"other"`, 1))
	long := json.RawMessage(fmt.Sprintf(`{"keyId":"n","type":"AsymmetricX509Cert","usage":"Verify","key":%q}`, mustJSON(t, der)))
	stranger := w.holder
	stranger.Sign = func(context.Context, []byte) ([]byte, error) { return []byte("no"), nil }
	tests := map[string]struct {
		err  error
		want error
	}{
		"a locked principal":      {c.RemovePassword(t.Context(), graph.ServicePrincipals, "locked", "p1"), graph.ErrLocked},
		"a lifetime policy":       {c.ReplaceKeys(t.Context(), graph.Applications, "strict", []json.RawMessage{long}), graph.ErrLifetime},
		"an echo that changed":    {c.ReplaceKeys(t.Context(), graph.Applications, "obj", []json.RawMessage{changed}), graph.ErrKeyChanged},
		"a proof of somebody":     {only(c.AddKey(t.Context(), graph.Applications, "obj", der, stranger)), graph.ErrProof},
		"without the permissions": {only(w.client().Application(t.Context(), "app")), fault.Denied},
	}
	for name, tt := range tests {
		if !errors.Is(tt.err, tt.want) || !errors.Is(tt.err, fault.Denied) {
			t.Errorf("%s: %v, want %v", name, tt.err, tt.want)
		}
	}
	poor := newWorld(t, local.Options{Unlicensed: true}).client(everything()...)
	for name, err := range map[string]error{
		"confirming":         poor.ConfirmCompromised(t.Context(), "sp"),
		"an access policy":   poor.UpdateAccessPolicy(t.Context(), graph.AccessPolicy{ID: "ca", State: "enabled", DisplayName: "p", Conditions: json.RawMessage(`{"clientApplications":{"includeServicePrincipals":["sp"]}}`)}),
		"listing detections": only(poor.RiskDetections(t.Context(), "sp")),
	} {
		if !errors.Is(err, graph.ErrUnlicensed) {
			t.Errorf("%s without a licence: %v", name, err)
		}
	}
	if err := w.client("Policy.Read.All").ConfirmCompromised(t.Context(), "sp"); errors.Is(err, graph.ErrUnlicensed) {
		t.Error("a missing permission is taken for a missing licence")
	}
}

// mustJSON is a value as JSON without its quotes.
func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(b), `"`)
}

func TestCallsToIdentityProtectionArePacedAndSurviveWhatOthersUseUp(t *testing.T) {
	const second = 40 * time.Millisecond
	w := newWorld(t, local.Options{Pace: second})
	a, b := w.client(everything()...), w.client(everything()...)
	a.SetPace(second)
	start := time.Now()
	var wg sync.WaitGroup
	for _, c := range []*graph.Client{a, b} {
		wg.Go(func() {
			for range 3 {
				if _, err := c.RiskyPrincipals(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took < 5*second || w.asked() != 6 {
		t.Errorf("6 calls of two clients took %s and %d requests, want 5 paces and no 429", took, w.asked())
	}
	other := w.clientWith(policy.RetryOptions{RetryDelay: second}, everything()...)
	other.SetPace(0) // another application: the tenant's second is used up
	for range 3 {
		if _, err := other.AccessPolicies(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMoreThanSixtyPrincipalsAreDismissedInBatches(t *testing.T) {
	w := newWorld(t, local.Options{})
	ids := slices.Repeat([]string{"sp"}, 121)
	if err := w.client(everything()...).Dismiss(t.Context(), ids...); err != nil || w.asked() != 3 {
		t.Errorf("%d requests, %v", w.asked(), err)
	}
	p, err := w.client(everything()...).RiskyPrincipal(t.Context(), "sp")
	if err != nil || p.RiskState != "dismissed" || p.RiskDetail != "adminDismissedAllRiskForServicePrincipal" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestALostAnswerIsNotRepeatedByWhatMakesSomething(t *testing.T) {
	for name, f := range map[string]local.Fault{"500": {Status: 500, AfterEffect: true}, "no answer": {HangUp: true, AfterEffect: true}} {
		t.Run(name, func(t *testing.T) {
			var first atomic.Bool
			w := newWorld(t, local.Options{Faults: func(string, string) local.Fault {
				if first.CompareAndSwap(false, true) {
					return f
				}
				return local.Fault{}
			}})
			if _, err := w.client(everything()...).AddPassword(t.Context(), graph.Applications, "obj", "rekey-1", time.Now().Add(time.Hour)); !errors.Is(err, fault.Transient) {
				t.Errorf("%v, want transient", err)
			}
			if o, _ := w.directory.Get(directory.Applications, "obj"); len(o.PasswordCredentials) != 2 {
				t.Errorf("%d secrets, want the old one and one that can be found by its name", len(o.PasswordCredentials))
			}
		})
	}
}

func TestThrottledCallsWaitAsLongAsTheyAreToldAndBackOffWhenTheyAreNot(t *testing.T) {
	for name, f := range map[string]local.Fault{"told": {Status: 429, RetryAfter: "1"}, "not told": {Status: 429}} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			w := newWorld(t, local.Options{Faults: func(string, string) local.Fault {
				if n.Add(1) <= 1 {
					return f
				}
				return local.Fault{}
			}})
			start := time.Now()
			if _, err := w.clientWith(policy.RetryOptions{RetryDelay: 30 * time.Millisecond}, everything()...).Application(t.Context(), "app"); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); f.RetryAfter != "" && took < time.Second || took < 20*time.Millisecond {
				t.Errorf("tried again after %s", took)
			}
		})
	}
}

func TestTheLifetimeOfACertificateIsThePolicysOfTheObjectOrTheTenants(t *testing.T) {
	w := newWorld(t, local.Options{})
	c := w.client("Application.Read.All", "Policy.Read.All")
	d := json.RawMessage(`{"isEnabled":true,"applicationRestrictions":{"keyCredentials":[{"restrictionType":"asymmetricKeyLifetime","maxLifetime":"P90D","restrictForAppsCreatedAfterDateTime":"2024-01-01T00:00:00Z"}]}}`)
	if err := w.directory.Seed(directory.AppPolicies, directory.Object{ID: directory.DefaultAppPolicy, Document: d}); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		object graph.Object
		want   time.Duration
	}{
		"its own policy":             {graph.Object{ID: "strict"}, 30 * 24 * time.Hour},
		"the tenant's":               {graph.Object{ID: "obj"}, 90 * 24 * time.Hour},
		"older than the restriction": {graph.Object{ID: "obj", CreatedDateTime: old}, 0},
	} {
		if got, err := c.KeyLifetime(t.Context(), graph.Applications, tt.object); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestASecretDoesNotPrintItself(t *testing.T) {
	s := graph.Secret{KeyID: "k", Text: "t0p"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, "t0p") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestNoErrorCarriesWhatWasSentOrAnswered(t *testing.T) {
	w := newWorld(t, local.Options{})
	err := w.client("Application.Read.All").RemovePassword(t.Context(), graph.Applications, "obj", "p1")
	if err == nil || strings.Contains(err.Error(), "Insufficient") || strings.Contains(err.Error(), "Bearer") || strings.Contains(err.Error(), w.server.URL) {
		t.Errorf("%v", err)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"P4DT12H30M5S", "P90D", "PT1H", "P", "PT", "P1Y", "", "P99999D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := graph.ParseDuration(text)
		if d < 0 || !ok && d != 0 {
			t.Errorf("%q is %s, %v", text, d, ok)
		}
	})
}
