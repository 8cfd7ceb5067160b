package remedy_test

import (
	"crypto/sha1" //nolint:gosec // Entra's thumbprints
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/remedy"
)

var (
	now    = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	before = now.AddDate(-1, 0, 0)
)

const tenant = "aaaaaaaa-0000-0000-0000-000000000000"

func suspected() casefile.Case {
	return casefile.Case{
		ID: "c1", Principal: event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}, KeyIDs: []string{"stolen"},
		Window: casefile.Window{From: now.Add(-25 * time.Hour), To: now},
	}
}

func build(inv remedy.Inventory) remedy.Plan {
	return remedy.Build(remedy.Input{Inventory: inv, Case: suspected(), Now: now})
}

func application() *remedy.Object {
	return &remedy.Object{
		Kind: remedy.KindApplication, ID: "appobj", AppID: "app1", Name: "billing",
		Keys:      []remedy.Key{{KeyID: "oldcert", Usage: "Verify", Start: before}},
		Passwords: []remedy.Password{{KeyID: "stolen", Start: before}, {KeyID: "other", Start: before}},
		Federated: []remedy.Federated{{ID: "fic"}},
	}
}

func principal(edits ...func(*remedy.Object)) remedy.Object {
	o := remedy.Object{
		Kind: remedy.KindServicePrincipal, ID: "sp1", AppID: "app1", Name: "billing", Type: "Application", Owner: tenant, Enabled: true,
		Keys: []remedy.Key{{KeyID: "spcert", Usage: "Verify", Start: before}}, Passwords: []remedy.Password{{KeyID: "spsecret", Start: before}},
	}
	for _, f := range edits {
		f(&o)
	}
	return o
}

func kinds(p remedy.Plan) string {
	var out []string
	for _, s := range p.Steps {
		k := s.Kind
		if s.ObjectKind == remedy.KindServicePrincipal {
			k += "(sp)"
		}
		out = append(out, k)
	}
	return strings.Join(out, " ")
}

func TestPlansByKindOfIdentity(t *testing.T) {
	tests := map[string]struct {
		inv     remedy.Inventory
		steps   string
		refused string // a piece of the reason
	}{
		"an own application with one principal": {
			remedy.Inventory{Tenant: tenant, Application: application(), Principals: []remedy.Object{principal()}},
			"snapshot disable(sp) makeCertificate replaceKeys replaceKeys(sp) removePasswords removePasswords(sp) removeFederated verify enable(sp) prove", "",
		},
		"a principal that was disabled stays so": {
			remedy.Inventory{Tenant: tenant, Application: application(), Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Enabled = false })}},
			"snapshot makeCertificate replaceKeys replaceKeys(sp) removePasswords removePasswords(sp) removeFederated verify", "",
		},
		"a principal without credentials of its own": {
			remedy.Inventory{Tenant: tenant, Application: application(), Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Keys, o.Passwords = nil, nil })}},
			"snapshot disable(sp) makeCertificate replaceKeys removePasswords removeFederated verify enable(sp) prove", "",
		},
		"a foreign application whose publisher's credential was abused stays disabled": {
			remedy.Inventory{Tenant: tenant, Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Owner = "bbbb" })}},
			"snapshot disable(sp) replaceKeys(sp) removePasswords(sp) verify", "registered in tenant bbbb",
		},
		"a foreign application whose credential of this tenant was abused": {
			remedy.Inventory{Tenant: tenant, Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Owner, o.Keys[0].KeyID = "bbbb", "stolen" })}},
			"snapshot disable(sp) replaceKeys(sp) removePasswords(sp) verify enable(sp)", "registered in tenant bbbb",
		},
		"a managed identity": {
			remedy.Inventory{Tenant: tenant, Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Type = "ManagedIdentity" })}},
			"", "belongs to Azure",
		},
		"an application of Microsoft's": {
			remedy.Inventory{Tenant: tenant, Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Owner = "f8cdef31-a31e-4b4a-93e4-5f571e91255a" })}},
			"", "of Microsoft's",
		},
		"a principal of an unknown type": {
			remedy.Inventory{Tenant: tenant, Principals: []remedy.Object{principal(func(o *remedy.Object) { o.Type = "SocialIdp" })}},
			"", "unknown",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := build(tt.inv)
			if diff := cmp.Diff(tt.steps, kinds(p)); diff != "" {
				t.Error(diff)
			}
			why := ""
			for _, r := range p.Refused {
				why += r.Why
				if r.Instead == "" {
					t.Errorf("refusal %+v leaves the reader without a next step", r)
				}
			}
			if !strings.Contains(why, tt.refused) || tt.refused == "" && why != "" {
				t.Errorf("refused because %q, want %q", why, tt.refused)
			}
			for _, s := range p.Steps {
				if s.What == "" || s.Why == "" || !strings.Contains(p.Text(), s.What) {
					t.Errorf("step %+v does not explain itself", s)
				}
			}
		})
	}
}

// certificate is a made-up certificate and its thumbprint.
func certificate(name string) (public, thumbprint string) {
	der := []byte("certificate " + name)
	sum := sha1.Sum(der) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(der), strings.ToUpper(hex.EncodeToString(sum[:]))
}

func saml(start time.Time, preferred bool) remedy.Object {
	public, thumbprint := certificate("saml")
	return principal(func(o *remedy.Object) {
		if preferred {
			o.PreferredSigning = thumbprint
		}
		o.Keys = []remedy.Key{
			{KeyID: "sign", Usage: "Sign", Group: "g", Start: start}, {KeyID: "verify", Usage: "Verify", Group: "g", Public: public, Start: start},
		}
		o.Passwords = []remedy.Password{{KeyID: "sign", Group: "g", Start: start}, {KeyID: "spsecret", Start: before}}
	})
}

func TestWhatStays(t *testing.T) {
	lookalike := saml(before, true)
	lookalike.Keys[1].Public, _ = certificate("another")
	used := saml(before, true)
	encryption := *application()
	encryption.EncryptionKeyID = "oldcert"
	tests := map[string]struct {
		object  remedy.Object
		suspect []string
		want    string
	}{
		"the preferred SAML signing set":                        {saml(before, true), nil, "[sign verify sign]"},
		"a SAML set that is not the preferred one":              {saml(before, false), nil, "[]"},
		"a look-alike with another certificate inside":          {lookalike, nil, "[]"},
		"a SAML set that was added in the window":               {saml(now, true), nil, "[]"},
		"a SAML set of which the suspicious sign-in used a key": {used, []string{"verify"}, "[]"},
		"the token encryption key":                              {encryption, nil, "[oldcert]"},
		"a token encryption key that suspicious sign-ins used":  {encryption, []string{"oldcert"}, "[]"},
		"nothing of an ordinary application":                    {*application(), nil, "[]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			for _, k := range remedy.Keep(tt.object, tt.suspect, suspected().Window.From) {
				got = append(got, k.KeyID)
				if k.Why == "" {
					t.Errorf("%s stays without a reason", k.KeyID)
				}
			}
			if fmt.Sprint(got) != tt.want {
				t.Errorf("kept %v, want %s", got, tt.want)
			}
		})
	}
}

func TestTheHashIsOfWhatAPersonApproves(t *testing.T) {
	inv := remedy.Inventory{Tenant: tenant, Application: application(), Principals: []remedy.Object{principal()}}
	first := build(inv).Hash()
	inv.Application.Passwords = append(inv.Application.Passwords, remedy.Password{KeyID: "planted"})
	if more := build(inv).Hash(); more != first {
		t.Error("one more secret on the same application needs a new approval")
	}
	inv.Application.EncryptionKeyID = "oldcert"
	if kept := build(inv).Hash(); kept == first {
		t.Error("keeping a certificate needs no new approval")
	}
}

func verdict(m decide.Mode) decide.Verdict { return decide.Verdict{Mode: m} }

func open(m decide.Mode) remedy.Operation {
	return remedy.Open(remedy.Inventory{Tenant: tenant, Application: application(), Principals: []remedy.Object{principal()}}, suspected(), verdict(m), now)
}

func TestTheVerdictDecidesHowAnOperationOpens(t *testing.T) {
	for mode, want := range map[decide.Mode]remedy.State{
		decide.ModePlan: remedy.StatePlanned, decide.ModeApprove: remedy.StateAwaitingApproval,
		decide.ModeContain: remedy.StateRunning, decide.ModeEvict: remedy.StateRunning,
	} {
		if o := open(mode); o.State != want {
			t.Errorf("%s opens as %s, want %s", mode, o.State, want)
		}
	}
	nothing := remedy.Open(remedy.Inventory{Tenant: tenant}, suspected(), verdict(decide.ModeEvict), now)
	if nothing.State != remedy.StatePlanned {
		t.Errorf("a plan without steps opens as %s", nothing.State)
	}
}

func TestContainEndsBehindTheDisabledPrincipals(t *testing.T) {
	o := open(decide.ModeContain)
	var done []string
	for s, ok := o.Next(); ok; s, ok = o.Next() {
		o.Start(s.ID, now)
		o.Complete(s.ID, "", now)
		done = append(done, s.Kind)
	}
	o.Finish(now)
	if fmt.Sprint(done) != "[snapshot disable]" || o.State != remedy.StateContained {
		t.Errorf("%v, then %s", done, o.State)
	}
}

func TestAnOperationSurvivesStorageAndRestartsWhereverItIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := open(decide.ModeEvict)
		var order []string
		for s, ok := o.Next(); ok; s, ok = o.Next() {
			o.Start(s.ID, now)
			if rapid.Bool().Draw(t, "cut") {
				b, err := json.Marshal(o)
				if err != nil {
					t.Fatal(err)
				}
				o = remedy.Operation{}
				if err := json.Unmarshal(b, &o); err != nil {
					t.Fatal(err)
				}
				continue
			}
			order = append(order, s.ID)
			o.Complete(s.ID, "", now)
			o.Complete(s.ID, "again", now)
		}
		o.Finish(now)
		if o.State != remedy.StateDone || len(order) != len(o.Plan.Steps) {
			t.Fatalf("%s after %v", o.State, order)
		}
		for i, s := range o.Plan.Steps {
			if order[i] != s.ID {
				t.Fatalf("order %v", order)
			}
		}
	})
}

func TestOneInstanceWorksAtATime(t *testing.T) {
	o := open(decide.ModeEvict)
	if !o.Acquire("a", now, time.Minute) || o.Acquire("b", now.Add(30*time.Second), time.Minute) {
		t.Error("two instances hold the lease")
	}
	if !o.Acquire("a", now.Add(30*time.Second), time.Minute) {
		t.Error("the owner cannot renew")
	}
	if !o.Acquire("b", now.Add(2*time.Minute), time.Minute) {
		t.Error("a silent owner keeps the lease for ever")
	}
}

func TestAJournalOfANewerVersionIsLeftAlone(t *testing.T) {
	o := open(decide.ModeEvict)
	o.Version++
	if err := o.Readable(); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIdentifiesTheEffectsIsFixedFromTheBeginning(t *testing.T) {
	a, b := open(decide.ModeEvict), open(decide.ModePlan)
	if a.NewKeyID != b.NewKeyID || a.Certificate != b.Certificate || a.ID != b.ID || len(a.NewKeyID) != 36 {
		t.Errorf("%s %s %s and %s %s %s", a.ID, a.NewKeyID, a.Certificate, b.ID, b.NewKeyID, b.Certificate)
	}
}
