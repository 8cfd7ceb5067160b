package casefile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/privilege"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// change edits facts.
type change = func(*casefile.Facts)

// logs says that all logs came in.
func logs(f *casefile.Facts) {
	f.Flowing = func(string, time.Time, time.Time) (known, flowing bool) { return true, true }
}

// silent says that none did.
func silent(f *casefile.Facts) {
	f.Flowing = func(string, time.Time, time.Time) (known, flowing bool) { return true, false }
}

// found adds a detection of a rule.
func found(rule string) change {
	return func(f *casefile.Facts) {
		f.Detections = append(f.Detections, detect.Detection{
			ID: rule, Rule: rule, Source: detect.SourceRekey, Level: score.LevelLow, Statement: "what " + rule + " found", First: attack, Last: attack, Detected: attack,
			Records: []detect.Record{{ID: "record of " + rule}},
		})
	}
}

// contribution adds one to the strongest detection.
func contribution(name string) change {
	return func(f *casefile.Facts) {
		f.Detections[1].Contributions = append(f.Detections[1].Contributions, score.Contribution{Name: name, Value: "v", Why: "w"})
	}
}

// changed adds a change of the principal, by anna.
func changed(act trail.Act, more ...func(*trail.Entry)) change {
	return func(f *casefile.Facts) { f.Changes = append(f.Changes, entry(act, more)) }
}

// wrote adds a change by the principal.
func wrote(act trail.Act, more ...func(*trail.Entry)) change {
	return func(f *casefile.Facts) { f.Acts = append(f.Acts, entry(act, more)) }
}

func entry(act trail.Act, more []func(*trail.Entry)) trail.Entry {
	e := trail.Entry{Act: act, Time: attack.Add(time.Minute), Record: "a1", Actor: "user:anna", ActorName: "anna@contoso.com"}
	for _, m := range more {
		m(&e)
	}
	return e
}

func by(key, name string) func(*trail.Entry) {
	return func(e *trail.Entry) { e.Actor, e.ActorName = key, name }
}

func tier1(e *trail.Entry) { e.Tier, e.What = privilege.Tier1, "Mail.Read" }

func deployers(ids ...string) change { return func(f *casefile.Facts) { f.World.Deployers = ids } }
func suspects(ids ...string) change  { return func(f *casefile.Facts) { f.World.Suspects = ids } }

// directory sets what Graph says.
func directory(d casefile.Directory) change { return func(f *casefile.Facts) { f.Directory = &d } }

func credential(kind, id string, end time.Time) casefile.Credential {
	return casefile.Credential{KeyID: id, Kind: kind, Object: "application", Start: attack.AddDate(-1, 0, 0), End: end}
}

var valid = attack.AddDate(1, 0, 0)

// habits is what anna did on twenty days at eight in the morning.
func habits(act trail.Act) change {
	return func(f *casefile.Facts) {
		t := new(trail.Trail)
		for d := range 20 {
			t.Add(trail.By, trail.Entry{Act: act, Time: attack.AddDate(0, 0, -d-1).Add(5 * time.Hour), Record: fmt.Sprint(d)})
		}
		f.Actors, f.Since = map[string]*trail.Trail{"user:anna": t}, attack.AddDate(0, -2, 0)
	}
}

type answered struct {
	changes []change
	want    string
}

func is(want string, changes ...change) answered { return answered{changes, want} }

var checklist = map[string]map[string]answered{
	"unusualResources":    {"a new resource": is("yes", contribution("resource")), "none": is("no")},
	"tooManySignIns":      {"far too many": is("yes", contribution("volume")), "as ever": is("no")},
	"wrongTimes":          {"a new hour": is("yes", contribution("hourBlock")), "none": is("no")},
	"unrecognizedAddress": {"a token elsewhere": is("yes", contribution("tokenElsewhere"))},
	"unauthorizedCredentials": {
		"by nobody who is declared":                  is("yes", deployers("otto"), changed(trail.CredentialAdded)),
		"by a declared deployer":                     is("no", logs, deployers("anna"), changed(trail.CredentialAdded)),
		"by a declared deployer who is in a case":    is("yes", deployers("anna"), suspects("anna"), changed(trail.CredentialAdded)),
		"nobody is declared":                         is("unknown", logs, changed(trail.CredentialAdded)),
		"nobody is declared, and an application did": is("yes", changed(trail.CredentialAdded, by("sp9", "builder")), found("credentialByApplication")),
		"Rekey changed the locks":                    is("no", logs, deployers("otto"), changed(trail.CredentialAdded, by("rekey", "Rekey"))),
		"nothing, and the log came in":               is("no", logs),
		"nothing, and nobody knows of the log":       is("unknown"),
		"nothing, and the log was silent":            is("unknown", silent),
	},
	"moreCredentialsThanRequired": {
		"two secrets":              is("yes", directory(casefile.Directory{Credentials: []casefile.Credential{credential("secret", "k1", valid), credential("secret", "k2", valid)}})),
		"a secret and one expired": is("no", directory(casefile.Directory{Credentials: []casefile.Credential{credential("secret", "k1", valid), credential("secret", "k2", attack.AddDate(0, 0, -9))}})),
		"a secret and the certificate of SAML": is("no", directory(casefile.Directory{Credentials: []casefile.Credential{credential("certificate", "k1", valid),
			{KeyID: "k2", Kind: "certificate", Object: "application", End: valid, Keep: true}}})),
		"Graph could not be asked": is("unknown"),
	},
	"connectionStrings":   {"keys read": is("yes", found("resourceKeysRead")), "none": is("no", logs)},
	"signOutURL":          {"changed": is("yes", found("logoutURL")), "none": is("no", logs)},
	"unregisteredDomains": {"foreign": is("yes", found("redirectForeign")), "none": is("no", logs)},
	"unauthorizedRedirect": {
		"by nobody who is declared": is("yes", deployers("otto"), changed(trail.Configured, func(e *trail.Entry) { e.What = "redirect URI https://x.example" })),
		"by a deployer":             is("no", logs, deployers("anna"), changed(trail.Configured, func(e *trail.Entry) { e.What = "redirect URI https://x.example" })),
	},
	"redirectOwnership": {"dangling": is("yes", found("addressDangling")), "has none": is("no", directory(casefile.Directory{})), "checked": is("no", directory(casefile.Directory{RedirectURIs: []string{"https://a.example"}}), func(f *casefile.Facts) { f.Looked = attack }), "never checked": is("unknown", directory(casefile.Directory{RedirectURIs: []string{"https://a.example"}})), "not asked": is("unknown"), "not asked for them": is("unknown", directory(casefile.Directory{Partly: []string{"redirectUris"}}))},
	"userConsent":       {"to mail": is("yes", found("consentRiskyScopes")), "none": is("no", logs)},
	"broadConsent":      {"mail": is("yes", changed(trail.Consented, tier1)), "a profile": is("no", logs, changed(trail.Consented))},
	"consentByWhom": {
		"a guest":                is("yes", changed(trail.Consented, by("user:eve", "eve_x#EXT#@contoso.com"))),
		"an application":         is("yes", changed(trail.AppRoleGranted, by("sp9", "builder"))),
		"for the first time":     is("yes", habits(trail.OwnerAdded), changed(trail.Consented)),
		"whose work it is":       is("no", logs, habits(trail.Consented), changed(trail.Consented)),
		"a declared application": is("no", logs, deployers("sp9"), changed(trail.AppRoleGranted, by("sp9", "builder"))),
	},
	"consentTimes": {
		"in the middle of the night": is("yes", habits(trail.Consented), changed(trail.Consented, func(e *trail.Entry) { e.Time = attack.Add(14 * time.Hour) })),
		"in the morning, as ever":    is("no", logs, habits(trail.Consented), changed(trail.Consented, func(e *trail.Entry) { e.Time = attack.Add(5 * time.Hour) })),
	},
	"highPrivilege": {
		"Graph says so": is("yes", directory(casefile.Directory{Permissions: []casefile.Permission{{Name: "Application.ReadWrite.All", Tier: privilege.Tier0}}})),
		"it has little": is("no", directory(casefile.Directory{Permissions: []casefile.Permission{{Name: "User.Read.All", Tier: privilege.Tier2}}})),
		"not asked":     is("unknown"),
		"partly asked":  is("unknown", directory(casefile.Directory{Partly: []string{"permissions"}})),
	},
	"unnecessaryPrivilege": {
		"unused for months": is("yes", found("privilegeUnused")),
		"it has little":     is("no", directory(casefile.Directory{})),
		"it has much":       is("unknown", directory(casefile.Directory{Permissions: []casefile.Permission{{Name: "Mail.Read", Tier: privilege.Tier1}}})),
	},
	"unverified": {
		"foreign and unverified": is("yes", directory(casefile.Directory{OwnerTenant: "t9"})),
		"foreign and verified":   is("no", directory(casefile.Directory{OwnerTenant: "t9", Publisher: "Fabrikam"})),
		"foreign, and not asked": is("unknown", directory(casefile.Directory{OwnerTenant: "t9", Partly: []string{"publisher"}})),
		"its own":                is("no", directory(casefile.Directory{OwnerTenant: "t1"})),
		"not asked":              is("unknown"),
	},
	"owners":      {"added": is("yes", found("ownerAdded")), "none": is("no", logs)},
	"persistence": {"a credential for another": is("yes", wrote(trail.CredentialAdded)), "it cleaned up": is("no", logs, wrote(trail.CredentialRemoved)), "not known": is("unknown")},
	"secretsRead": {"none": is("no", logs), "not known": is("unknown")},
	"enumeration": {"listed": is("yes", found("graphEnumeration")), "none": is("no", logs)},
}

func TestEveryQuestionIsAnsweredFromWhatIsKnown(t *testing.T) {
	for _, q := range casefile.Questions {
		if len(checklist[q.ID]) == 0 {
			t.Errorf("the question %s has no case", q.ID)
		}
	}
	for id, list := range checklist {
		for name, tt := range list {
			t.Run(id+"/"+name, func(t *testing.T) {
				f := facts(profile(time.Hour))
				f.World = &rule.World{Tenant: "t1"}
				f.World.Self.ObjectID = "rekey"
				for _, c := range tt.changes {
					c(&f)
				}
				a := answer(t, casefile.Build(f, attack.Add(time.Hour)), id)
				if a.Value != tt.want || a.Why == "" || strings.Contains(a.Why, "%!") {
					t.Errorf("%+v, want %s", a, tt.want)
				}
				if (a.Value == "unknown") != (a.Missing != "") {
					t.Errorf("%+v: an unknown says what is missing, and nothing else does", a)
				}
				if a.Value == "no" && len(a.Records) > 0 {
					t.Errorf("a no cites records: %+v", a)
				}
			})
		}
	}
}

func answer(t *testing.T, c casefile.Case, id string) casefile.Answer {
	t.Helper()
	for _, a := range c.Answers {
		if a.ID == id {
			return a
		}
	}
	t.Fatalf("no question %s", id)
	return casefile.Answer{}
}

func TestACaseListsWhatThePrincipalChangedAndWhoPreparedIt(t *testing.T) {
	f := facts(profile(time.Hour))
	f.World = new(rule.World)
	wrote(trail.CredentialAdded, func(e *trail.Entry) { e.Target, e.TargetName = "app:backup", "backup" })(&f)
	changed(trail.OwnerAdded, by("sp9", "builder"))(&f)
	changed(trail.OwnerAdded, func(e *trail.Entry) { e.Time = attack.AddDate(0, 0, -9) })(&f) // long before
	f.RelatedCases = []casefile.Link{{Key: "sp9", Case: "c9", Level: score.LevelHigh}}
	c := casefile.Build(f, attack.Add(time.Hour))
	if len(c.Writes) != 1 || len(c.Prepared) != 1 {
		t.Errorf("writes %+v\nprepared %+v", c.Writes, c.Prepared)
	}
	if len(c.Linked) != 2 || c.Linked[0].Case != "c9" || c.Linked[1].Key != "app:backup" {
		t.Errorf("%+v", c.Linked)
	}
}
