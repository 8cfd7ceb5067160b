package rule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/score"
)

var day = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// change is a directory change of one target with one property.
func change(activity string, by event.Actor, t event.Target, more ...event.Property) *event.Event {
	t.Properties = append(t.Properties, more...)
	return &event.Event{Kind: event.KindAudit, ID: "Directory_1", Time: day, Tenant: "t1", Audit: &event.Change{
		Activity: activity, Result: "success", Actor: by, Targets: []event.Target{t}, Additional: map[string]string{"AppId": "APP1"},
	}}
}

var (
	billing = event.Target{ID: "obj1", Type: "Application", Name: "billing"}
	secret  = event.Property{Name: "KeyDescription", Old: "[]", New: `["[KeyIdentifier=11111111-aaaa,KeyType=Password]"]`}
	byApp   = event.Actor{Principal: event.Principal{ObjectID: "sp9", Name: "builder"}}
)

const update0 = "Update application - Certificates and secrets management"

// levels are the levels of an event's findings, by rule.
func levels(e *event.Event, w *rule.World) map[string]score.Level {
	out := map[string]score.Level{}
	for _, d := range rule.Judge(e, w) {
		out[d.Rule] = d.Level
	}
	return out
}

func TestWhoActsMovesTheLevelAndNobodyVouchesForHimself(t *testing.T) {
	tests := map[string]struct {
		world *rule.World
		want  score.Level // of credentialByApplication, which is medium where nobody is declared
	}{
		"nobody in particular":          {nil, score.LevelMedium},
		"a declared deployer":           {&rule.World{Deployers: []string{"sp9"}}, score.LevelLow},
		"a deployer that is in a case":  {&rule.World{Deployers: []string{"sp9"}, Suspects: []string{"sp9"}}, score.LevelHigh},
		"Rekey itself":                  {&rule.World{Self: event.Principal{ObjectID: "sp9"}}, ""},
		"Rekey itself while in a case":  {&rule.World{Self: event.Principal{ObjectID: "sp9"}, Suspects: []string{"sp9"}}, score.LevelHigh},
		"somebody else who is declared": {&rule.World{Deployers: []string{"sp8"}}, score.LevelHigh},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := levels(change(update0, byApp, billing, secret), tt.world)["credentialByApplication"]; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhatIsGuessedIsNeverHigh(t *testing.T) {
	w := &rule.World{Suspects: []string{"u1"}}
	e := change("Update application", event.Actor{UserID: "u1"}, billing, event.Property{Name: "AppAddress", Old: "[]", New: `[{"Address":"http://evil.example"}]`})
	if got := levels(e, w)["redirectUnsafe"]; got != score.LevelMedium {
		t.Errorf("%s, want medium", got)
	}
	e = change("Update application", event.Actor{UserID: "u1"}, billing, event.Property{Name: "AppAddress", Old: "[]", New: `[{"Address":"https://a.example"}]`})
	if got := levels(e, w)["redirectAdded"]; got != score.LevelMedium {
		t.Errorf("a suspect's redirect URI is %s, want one step more than low", got)
	}
}

func TestADetectionOfARuleIsAboutThePrincipalThatWasChanged(t *testing.T) {
	got := rule.Judge(change(update0, event.Actor{UserID: "u1", UserName: "anna@contoso.com"}, billing, secret), nil)
	if len(got) != 1 {
		t.Fatalf("%d detections, want one", len(got))
	}
	d := got[0]
	want := detect.Detection{
		ID:   detect.ID("app:app1", rule.TypeAnomalous+"/credentialFirst", "11111111-aaaa", "2026-11-24"),
		Type: rule.TypeAnomalous, Rule: "credentialFirst", Principal: event.Principal{AppID: "app1", Name: "billing"}, Tenant: "t1",
		Statement: `a secret (key id 11111111-aaaa) was added to the application "billing", which had no credential, by anna@contoso.com`,
		Subject:   "11111111-aaaa", Day: "2026-11-24", Level: score.LevelLow, Source: detect.SourceRekey, KeyIDs: []string{"11111111-aaaa"},
		Contributions: []score.Contribution{}, First: day, Last: day, Records: []detect.Record{{ID: "Directory_1", Time: day}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

func TestAnApplicationWithoutItsAppIDIsFoundThroughTheInventory(t *testing.T) {
	e := change(update0, event.Actor{UserID: "u1"}, billing, secret)
	e.Audit.Additional = nil
	for want, w := range map[string]*rule.World{"obj1": nil, "app:app7": {Objects: map[string]string{"obj1": "app7"}}} {
		if got := rule.Judge(e, w); len(got) != 1 || got[0].Principal.Key() != want {
			t.Errorf("%+v, want one about %s", got, want)
		}
	}
}

func TestOtherRecordsAndFailuresShowNothing(t *testing.T) {
	failed := change(update0, byApp, billing, secret)
	failed.Audit.Result = "failure"
	for name, e := range map[string]*event.Event{
		"a sign-in": {Kind: event.KindSignIn, Principal: event.Principal{ObjectID: "sp1"}}, "a failed change": failed,
		"a change of nothing": change("Update application", byApp, billing), "a user": change("Update user", byApp, event.Target{ID: "u2", Type: "User"}),
	} {
		if got := rule.Judge(e, nil); len(got) != 0 {
			t.Errorf("%s shows %+v", name, got)
		}
	}
}

func TestRekeyIsOnlySaidToBeBlockedByWhatNamesItWhenItMayBeKnownByItsClientID(t *testing.T) {
	policy := func(lists string) string {
		return `{"displayName":"p","state":"enabled","conditions":{"clientApplications":{` + lists + `}}}`
	}
	const everybody = `"includeServicePrincipals":["ServicePrincipalsInMyTenant"]`
	both := &rule.World{Self: event.Principal{ObjectID: "sp5", AppID: "app5"}}
	either := &rule.World{Self: event.Principal{ObjectID: "app5", AppID: "app5"}}
	tests := map[string]struct {
		world    *rule.World
		old, new string
		want     score.Level
	}{
		"a new policy for all":                      {either, "", policy(everybody), score.LevelHigh},
		"a new policy for all but somebody":         {either, "", policy(everybody + `,"excludeServicePrincipals":["sp5"]`), ""},
		"the same, and both ids are known":          {both, "", policy(everybody + `,"excludeServicePrincipals":["sp6"]`), score.LevelHigh},
		"a new policy for all but Rekey":            {both, "", policy(everybody + `,"excludeServicePrincipals":["sp5"]`), ""},
		"no exception any more from what is no lot": {both, policy(`"excludeServicePrincipals":["sp5"]`), policy(`"includeServicePrincipals":["sp6"]`), score.LevelMedium},
		"nothing is declared":                       {nil, "", policy(everybody), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := change("Update conditional access policy", event.Actor{UserID: "u1"}, event.Target{ID: "p1", Type: "Policy"},
				event.Property{Name: "ConditionalAccessPolicy", Old: tt.old, New: tt.new})
			if got := levels(e, tt.world)["rekeyBlocked"]; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhoBorrowsTheNameOfAServiceIsStillTold(t *testing.T) {
	person := event.Target{ID: "u2", Type: "User", Name: "eve@contoso.com"}
	for want, by := range map[score.Level]event.Principal{
		"":                {ObjectID: "sp7", Name: "Microsoft password reset service", AppID: "93625bc8-bfe2-437a-97e0-3d0060024faa"},
		score.LevelMedium: {ObjectID: "sp8", Name: "Microsoft password reset service", AppID: "app8"},
	} {
		if got := levels(change("Reset user password", event.Actor{Principal: by}, person), nil)["passwordByApplication"]; got != want {
			t.Errorf("%+v: %q, want %q", by, got, want)
		}
	}
	for _, name := range []string{"Microsoft password reset service", "MS-PIM", "Azure MFA  StrongAuthenticationService", "Managed Service Identity", "Device Registration Service"} {
		fake := change("Add application", event.Actor{UserID: "u1"}, event.Target{ID: "obj2", Type: "Application", Name: name})
		if got := levels(fake, nil)["nameLikeMicrosoft"]; got != score.LevelMedium {
			t.Errorf("an application with the name %s is %q", name, got)
		}
	}
}

func TestRekeyThatIsInACaseMayNotChangeItself(t *testing.T) {
	self := event.Principal{ObjectID: "sp9", Name: "builder"}
	e := change("Update service principal", byApp, event.Target{ID: "sp9", Type: "ServicePrincipal", Name: "builder"}, event.Property{Name: "AccountEnabled", Old: "[true]", New: "[false]"})
	for want, w := range map[score.Level]*rule.World{"": {Self: self}, score.LevelHigh: {Self: self, Suspects: []string{"sp9"}}} {
		if got := levels(e, w)["rekeyDisabled"]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// operation is an operation of Azure that a user made.
func operation(name, scope string) *event.Event {
	return &event.Event{Kind: event.KindAzureActivity, ID: "op1", Time: day, Tenant: "t1", Azure: &event.AzureOperation{
		Operation: name, Scope: scope, Status: "Success", UserID: "u1",
	}}
}

func TestWhoTampersWithTheWatcherIsToldUnlessHeIsDeclaredAndBeyondSuspicion(t *testing.T) {
	const own = "/subscriptions/s/resourcegroups/rekey"
	tests := map[string]struct {
		world *rule.World
		name  string
		scope string
		want  score.Level
	}{
		"nothing is declared to be Rekey's":         {&rule.World{}, "microsoft.web/sites/delete", own + "/providers/x", ""},
		"a stranger":                                {&rule.World{Own: []string{own}}, "microsoft.web/sites/delete", own + "/providers/x", score.LevelHigh},
		"a deployer":                                {&rule.World{Own: []string{own}, Deployers: []string{"u1"}}, "microsoft.web/sites/delete", own + "/providers/x", ""},
		"a deployer that is in a case":              {&rule.World{Own: []string{own}, Deployers: []string{"u1"}, Suspects: []string{"u1"}}, "microsoft.web/sites/delete", own + "/providers/x", score.LevelHigh},
		"a suspect who restarts":                    {&rule.World{Own: []string{own}, Suspects: []string{"u1"}}, "microsoft.web/sites/restart/action", own + "/providers/x", score.LevelHigh},
		"a group whose name begins like Rekey's":    {&rule.World{Own: []string{own}}, "microsoft.web/sites/delete", own + "ing/providers/x", ""},
		"a role above where nobody is declared":     {&rule.World{Own: []string{own}}, "microsoft.authorization/roleassignments/write", "/subscriptions/s/providers/microsoft.authorization/roleassignments/a", score.LevelMedium},
		"a role at the root":                        {&rule.World{Own: []string{own}, Deployers: []string{"u2"}}, "microsoft.authorization/roleassignments/write", "/providers/microsoft.authorization/roleassignments/a", score.LevelHigh},
		"a role in another subscription":            {&rule.World{Own: []string{own}, Deployers: []string{"u2"}}, "microsoft.authorization/roleassignments/write", "/subscriptions/t/providers/microsoft.authorization/roleassignments/a", ""},
		"a write above that gives access to nobody": {&rule.World{Own: []string{own}}, "microsoft.resources/tags/write", "/subscriptions/s/providers/microsoft.resources/tags/default", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := levels(operation(tt.name, tt.scope), tt.world)["watcherTampered"]; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatAServiceProvidersUserDoesIsLedToOurTenant(t *testing.T) {
	e := operation("microsoft.authorization/elevateaccess/action", "/")
	for tenant, want := range map[string]string{"ours": "ours", "": "t1"} { // the record names the provider's
		if found := rule.Judge(e, &rule.World{Tenant: tenant}); len(found) != 1 || found[0].Principal.Key() != want {
			t.Errorf("%+v, want it led to %s", found, want)
		}
	}
}
