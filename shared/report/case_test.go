package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/pattern"
	"rekey/shared/privilege"
	"rekey/shared/report"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/trail"
)

var (
	hasher  = baseline.NewHasher([16]byte{3})
	payroll = event.Principal{ObjectID: payrollID, AppID: payrollApp, Name: "payroll-sync"}
)

// told is a detection of a rule about payroll.
func told(id string, level score.Level, at time.Time, what string) detect.Detection {
	d := detect.Told(payroll, "t1", detect.Claim{Rule: id, Type: detect.TypeAnomalousActivity, Level: level, Subject: id, What: what}, []detect.Record{{ID: "record-" + id, Time: at}})
	d.Detected = at
	return d
}

// learned is what three weeks of sign-ins teach.
func learned() *baseline.Profile {
	var p baseline.Profile
	for d := range 21 {
		e := &event.Event{Kind: event.KindSignIn, ID: fmt.Sprint(d), Time: at.Add(-time.Hour).AddDate(0, 0, -d), Caller: netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: 64500}}
		values := hasher.Values(e)
		p.Observe(e, &values)
	}
	return &p
}

func read(names ...string) *exposure.Index {
	x := new(exposure.Index)
	for _, n := range names {
		x.Observe(hasher, &event.Event{
			Kind: event.KindVaultAccess, Time: at.Add(5 * time.Minute), Principal: payroll, Caller: netip.MustParseAddr("203.0.113.9"),
			Vault: &event.VaultOperation{Operation: "SecretGet", Status: 200, Vault: "payroll", Object: "secrets/" + n, Version: "0123456789abcdef0123456789abcdef"},
		})
	}
	return x
}

// stolen is a copied secret that reads a vault and plants another credential.
func stolen() casefile.Case {
	planted := trail.Entry{
		Act: trail.CredentialAdded, Time: at.Add(9 * time.Minute), Record: "audit-planted", Actor: payrollID, ActorName: "payroll-sync",
		Target: "app:backup", TargetName: "backup", What: "secret", KeyID: "77aa",
	}
	added := trail.Entry{Act: trail.CredentialAdded, Time: at.Add(-3 * time.Hour), Record: "audit-added", Actor: "builder-id", ActorName: "builder", What: "secret", KeyID: "5d0e"}
	q, err := casefile.Ask(casefile.Case{ID: "c1", Principal: payroll}, "team payroll", "otto@contoso.com", at.Add(time.Hour))
	if err != nil {
		panic(err)
	}
	return casefile.Build(casefile.Facts{
		Facts: pattern.Facts{
			Principal: payroll, Tenant: "t1", Profile: learned(), Hasher: hasher, World: &rule.World{Tenant: "t1"}, Since: at.AddDate(0, 0, -40),
			Changes: []trail.Entry{added}, Acts: []trail.Entry{planted},
			Detections: []detect.Detection{
				copied(), told("vaultFirstUse", score.LevelMedium, at.Add(5*time.Minute), `"payroll-sync" read secrets of the vault payroll, which it never used`),
				told("unfamiliarThenPower", score.LevelHigh, at.Add(5*time.Minute), `"payroll-sync" was signed in to from AS64511, and then: it read secrets`),
			},
		},
		Exposure: read("db", "smtp"), Users: baseline.Dependence{}, Inquiry: &q,
		Directory: &casefile.Directory{
			Type: "Application", OwnerTenant: "t1", Partly: []string{"owners", "redirectUris"},
			Credentials: []casefile.Credential{{KeyID: "5d0e", Kind: "secret", Object: "application", Start: at.AddDate(0, 0, -1)}, {KeyID: "1c3d", Kind: "secret", Object: "application", Start: at.AddDate(0, -7, 0), End: at.AddDate(0, 5, 0)}},
			Permissions: []casefile.Permission{{Name: "Application.ReadWrite.All", Tier: privilege.Tier0}},
		},
		RelatedCases: []casefile.Link{{Key: "builder-id", Case: "c7", Level: score.LevelMedium}},
		Flowing:      func(string, time.Time, time.Time) (known, flowing bool) { return true, true },
	}, at.Add(6*time.Hour))
}

// consented is an application that a guest let read mail.
func consented() casefile.Case {
	mail := event.Principal{ObjectID: "8d1f", AppID: "a777", Name: "Outlook Backup Free"}
	grant := trail.Entry{
		Act: trail.Consented, Time: at, Record: "audit-consent", Actor: "user:u1", ActorName: "mia_fabrikam.com#EXT#@contoso.onmicrosoft.com", What: "for all users: Mail.Read Mail.Send", Tier: privilege.Tier1,
	}
	d := detect.Told(mail, "t1", detect.Claim{
		Rule: "consentRiskyScopes", Type: detect.TypeAnomalousActivity, Level: score.LevelHigh, Subject: "user:u1", What: `mia_fabrikam.com consented to "Outlook Backup Free": Mail.Read Mail.Send`,
	}, []detect.Record{{ID: "audit-consent", Time: at}})
	d.Detected = at
	return casefile.Build(casefile.Facts{
		Facts: pattern.Facts{
			Principal: mail, Tenant: "t1", Changes: []trail.Entry{grant}, World: &rule.World{Tenant: "t1", Deployers: []string{"d1"}}, Detections: []detect.Detection{d},
		},
		Directory: &casefile.Directory{Type: "Application", OwnerTenant: "t9", Partly: []string{"permissions", "redirectUris"}},
		Flowing: func(category string, _, _ time.Time) (known, flowing bool) {
			return true, category == "AuditLogs"
		},
	}, at.Add(time.Hour))
}

// quiet is a low case of which nothing else is known.
func quiet() casefile.Case {
	d := hostile()
	d.Principal, d.Detected = event.Principal{AppID: "a1"}, at
	return casefile.Build(casefile.Facts{Facts: pattern.Facts{Principal: event.Principal{AppID: "a1"}, Detections: []detect.Detection{d}}}, at)
}

func TestCasesInWords(t *testing.T) {
	for name, c := range map[string]casefile.Case{"stolen": stolen(), "consent": consented(), "quiet": quiet()} {
		golden(t, "case-"+name+".txt", func(w io.Writer) error { return report.Case(w, c, report.TextOptions{}) })
		golden(t, "case-"+name+".json", func(w io.Writer) error {
			var line, out bytes.Buffer
			if err := report.CaseLines(&line, c); err != nil {
				return err
			}
			if err := json.Indent(&out, line.Bytes(), "", " "); err != nil {
				return err
			}
			_, err := w.Write(out.Bytes())
			return err
		})
	}
	golden(t, "cases.txt", func(w io.Writer) error {
		return report.Cases(w, []casefile.Case{quiet(), stolen(), consented()}, report.TextOptions{})
	})
}

func TestTheFirstFiveLinesAreEnough(t *testing.T) {
	tests := map[string]struct {
		c    casefile.Case
		want [5]string // of each line, something that must be in it
	}{
		"a stolen credential": {stolen(), [5]string{`HIGH   "payroll-sync" (service principal 3c5f0a9e`, "2026-11-24 03:10 UTC", "copied", "2 secrets and keys were read from where the intruder is (payroll/secrets/db and payroll/secrets/smtp); 1 change opens another door (backup)", "accountEnabled=false"}},
		"a consent":           {consented(), [5]string{`HIGH   "Outlook Backup Free"`, "last seen", "consent", "Whether it read secrets is not known; it was given for all users: Mail.Read Mail.Send", "Take the consent back"}},
		"hardly anything":     {quiet(), [5]string{`LOW    "app:a1"`, "2026-11-20", "program", "not known", "Nothing tonight"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := report.Case(&b, tt.c, report.TextOptions{}); err != nil {
				t.Fatal(err)
			}
			for i, l := range strings.SplitN(b.String(), "\n", 6)[:5] {
				if !strings.Contains(l, tt.want[i]) {
					t.Errorf("line %d lacks %q: %s", i+1, tt.want[i], l)
				}
			}
		})
	}
}

func TestEveryUnknownAnswerSaysWhatToDoAboutIt(t *testing.T) {
	for _, q := range casefile.Questions {
		if q.Log == "" {
			continue
		}
		var b strings.Builder
		c := casefile.Case{Answers: []casefile.Answer{{ID: q.ID, Value: casefile.Unknown, Missing: q.Log}}}
		if err := report.Case(&b, c, report.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "[1]") || strings.Contains(b.String(), "has to reach Rekey") {
			t.Errorf("%s has no words for what is missing: %s", q.ID, q.Log)
		}
	}
	var b bytes.Buffer
	for _, missing := range []string{casefile.MissingLook, casefile.MissingGraph, casefile.MissingDeployers, casefile.MissingHistory, casefile.MissingUse} {
		c := casefile.Case{Answers: []casefile.Answer{{Value: casefile.Unknown, Missing: missing}}}
		if err := report.CaseLines(&b, c); err != nil || strings.Contains(b.String(), "has to reach Rekey") {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

func TestEveryRuleThatCanOpenACaseHasACause(t *testing.T) {
	for _, id := range ruleIDs() {
		d := told(id, score.LevelHigh, at, "it happened")
		c := casefile.Build(casefile.Facts{Facts: pattern.Facts{Principal: payroll, Detections: []detect.Detection{d}}}, at)
		if h := report.Headlines(c); h.Cause == "" || h.Next == "" || strings.Contains(h.Cause, id) {
			t.Errorf("%s: %+v", id, h)
		}
	}
}

func ruleIDs() []string {
	var out []string
	for _, r := range rule.Catalogue {
		out = append(out, r.ID)
	}
	for _, r := range pattern.Catalogue {
		out = append(out, r.ID)
	}
	for _, r := range exposure.Catalogue {
		out = append(out, r.ID)
	}
	return out
}

func TestWhatAnIntruderWroteStaysTextInACase(t *testing.T) {
	const evil = "\x1b]52;c;cm0gLXJm\x07\u202e<script>'; rm -rf / #\n"
	p := event.Principal{ObjectID: evil, AppID: evil, Name: evil}
	d := hostile()
	e := trail.Entry{Act: trail.CredentialAdded, Actor: evil, ActorName: evil, Target: evil, TargetName: evil, What: evil, KeyID: evil, Record: evil}
	c := casefile.Case{
		ID: evil, Principal: p, Level: score.LevelHigh, Detections: []detect.Detection{d}, Writes: []trail.Entry{e}, Prepared: []trail.Entry{e},
		Answers:   []casefile.Answer{{ID: evil, Area: evil, Question: evil, Value: "unknown", Why: evil, Records: []string{evil}, Missing: evil}},
		Linked:    []casefile.Link{{Key: evil, Name: evil, Why: evil, Case: evil}},
		Exposed:   []casefile.Exposed{{Object: evil, Operations: evil, Network: evil, Versions: []string{evil}}},
		Owner:     &casefile.Inquiry{To: evil, AskedBy: evil, By: evil, Note: evil, Answer: evil},
		Directory: &casefile.Directory{Type: evil, OwnerTenant: evil, Publisher: evil, Owners: []string{evil}, RedirectURIs: []string{evil}, Partly: []string{evil}, Permissions: []casefile.Permission{{Name: evil}}, Credentials: []casefile.Credential{{KeyID: evil, Kind: evil, Object: evil}}},
	}
	c.Answers = append(c.Answers, casefile.Answer{ID: "second", Question: evil, Value: "yes", Why: evil})
	d.Principal = p
	all := report.Report{Detections: []detect.Detection{d}, Cases: []casefile.Case{c}}
	var b, page bytes.Buffer
	err := errors.Join(report.Case(&b, c, report.TextOptions{}), report.Cases(&b, []casefile.Case{c}, report.TextOptions{}), report.Text(&b, all, report.TextOptions{}),
		report.Question(&b, casefile.Inquiry{To: evil, Case: evil, Question: evil}), report.HTML(&page, all))
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{b.String(), page.String()} {
		if !strings.Contains(out, "What a defender asks") {
			t.Error("the case is not in the report")
		}
	}
	if strings.ContainsAny(page.String(), "\x1b\x07\u202e") || strings.Contains(page.String(), "<script") {
		t.Error("control characters or a script got into the page")
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
		t.Error("control characters got through")
	}
	for l := range strings.SplitSeq(b.String(), "\n") {
		if strings.HasPrefix(l, "rm ") || strings.Contains(l, "zgrep") && !strings.Contains(l, `'\''; rm`) {
			t.Errorf("a text begins a line of its own or ends a word: %s", l)
		}
	}
}
