package setup_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/handlers/access"
	"rekey/handlers/rights"
	"rekey/handlers/setup"
)

func TestAPlanChangesNothingAndApplyingItTwiceDoesNothingTheSecondTime(t *testing.T) {
	w := newWorld(t)
	before := w.end()
	p, err := w.setUp(run{})
	if err != nil || len(p.Problems) > 0 {
		t.Fatal(err, p.Problems)
	}
	if after := w.end(); after != before {
		t.Fatalf("the plan changed something:\n%s", after)
	}
	given := 0
	for _, n := range rights.Graph() {
		if !rights.Alarming(n.Permission) {
			given++
		}
	}
	if want := given + 3 + 4; len(p.Calls) != want {
		t.Errorf("%d calls are planned, want %d:\n%s", len(p.Calls), want, words(p))
	}
	if _, err := w.setUp(run{apply: true}); err != nil {
		t.Fatal(err)
	}
	first := w.end()
	again, err := w.setUp(run{apply: true})
	if err != nil || len(again.Calls) > 0 || len(again.Problems) > 0 {
		t.Errorf("the second time: %v\n%s", err, words(again))
	}
	if second := w.end(); second != first {
		t.Errorf("the second time changed\n%s\nto\n%s", first, second)
	}
	if want := "api_audience"; !strings.Contains(words(again), want) || !strings.Contains(words(again), "REKEY_NEVER_TOUCH = \""+detect) {
		t.Errorf("what to set is not said:\n%s", words(again))
	}
}

func TestARunThatIsKilledAtAnyCallIsFinishedByTheNext(t *testing.T) {
	whole := newWorld(t)
	p, err := whole.setUp(run{apply: true})
	if err != nil {
		t.Fatal(err)
	}
	want := whole.end()
	for at := 1; at <= len(p.Calls); at++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("call %d, done %t", at, after), func(t *testing.T) {
				w := newWorld(t)
				k := &killer{at: at, after: after}
				if _, err := w.setUp(run{apply: true, kill: k}); err == nil || !k.dead {
					t.Fatalf("it was not killed: %v", err)
				}
				if _, err := w.setUp(run{apply: true}); err != nil {
					t.Fatal(err)
				}
				if got := w.end(); got != want {
					t.Errorf("the end is\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

func TestWhatIsPrintedCanBePutIntoTheFileOfVariables(t *testing.T) {
	p := setup.Plan{Values: []setup.Value{{Name: "api_audience", Value: []string{"a", "api://a"}}, {Name: "settings.respond.REKEY_NEVER_TOUCH", Value: []string{"d,f"}}}}
	got := words(&p)
	for _, want := range []string{"\n  api_audience = [\"a\", \"api://a\"]\n", "\n  settings = { respond = { REKEY_NEVER_TOUCH = \"d,f\" } }\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not printed:\n%s", want, got)
		}
	}
}

func TestTheRegistrationOffersEveryPermissionOfTheAPI(t *testing.T) {
	w := newWorld(t)
	if _, err := w.setUp(run{apply: true}); err != nil {
		t.Fatal(err)
	}
	apps := w.Directory.View(time.Time{}).List(directory.Applications)
	if len(apps) != 1 || apps[0].GroupMembershipClaims != "DirectoryRole" || apps[0].SignInAudience != "AzureADMyOrg" || *apps[0].API.RequestedAccessTokenVersion != 2 {
		t.Fatalf("%+v", apps)
	}
	if sp := w.Directory.ByAppID(directory.ServicePrincipals, apps[0].AppID); len(sp) != 1 || !slices.Contains(sp[0].Tags, "WindowsAzureActiveDirectoryIntegratedApp") {
		t.Errorf("the portal's list does not show the API: %+v", sp)
	}
	names, _ := access.Names()
	var roles, scopes []string
	for i, r := range apps[0].DefinedAppRoles {
		roles = append(roles, r.Value)
		if s := apps[0].API.Scopes[i]; s.ID != r.ID || s.ID != setup.PermissionID(r.Value) {
			t.Errorf("%s has the ids %s and %s", r.Value, r.ID, s.ID)
		}
	}
	for _, s := range apps[0].API.Scopes {
		scopes = append(scopes, s.Value)
	}
	if !slices.Equal(roles, names) || !slices.Equal(scopes, names) {
		t.Errorf("roles %v, scopes %v, want %v", roles, scopes, names)
	}
	if id := setup.PermissionID("Rekey.Remediation.ReadWrite.All"); id != "3a35fab8-b3c8-5a81-8d67-fa9ec4271c3b" {
		t.Errorf("the id %s is another one than before: assignments that people made would dangle", id)
	}
}

func TestARegistrationThatIsThereIsKeptAndCompleted(t *testing.T) {
	w := newWorld(t)
	off := false
	old := directory.Object{
		ID: "dddddddd-0000-4000-8000-000000000001", AppID: "dddddddd-0000-4000-8000-000000000002", UniqueName: "rekey-api", DisplayName: "our Rekey", SignInAudience: "AzureADMyOrg", IdentifierURIs: []string{"api://old"},
		DefinedAppRoles: []directory.AppRole{
			{ID: "dddddddd-0000-4000-8000-000000000003", Value: "Policy.Read.All", DisplayName: "read", Description: "theirs", AllowedMemberTypes: []string{"Application"}},
			{ID: "dddddddd-0000-4000-8000-000000000004", Value: "IdentityRiskEvent.Read.All", DisplayName: "off", Description: "off", AllowedMemberTypes: []string{"Application"}, IsEnabled: &off},
			{ID: "dddddddd-0000-4000-8000-000000000005", Value: "Theirs.Alone", DisplayName: "x", Description: "x", AllowedMemberTypes: []string{"Application"}},
		},
	}
	if err := w.Directory.Seed(directory.Applications, old); err != nil {
		t.Fatal(err)
	}
	p, err := w.setUp(run{apply: true})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := w.Directory.Get(directory.Applications, old.ID)
	if len(o.DefinedAppRoles) != len(mustNames())+1 || o.DefinedAppRoles[0].ID != old.DefinedAppRoles[0].ID || o.DefinedAppRoles[0].Description != "theirs" || o.DefinedAppRoles[1].Enabled() || o.DisplayName != "our Rekey" {
		t.Errorf("%+v", o.DefinedAppRoles)
	}
	if !slices.Equal(o.IdentifierURIs, []string{"api://old", "api://" + old.AppID}) {
		t.Errorf("%v", o.IdentifierURIs)
	}
	for _, s := range o.API.Scopes {
		if s.Value == "IdentityRiskEvent.Read.All" && (s.ID != old.DefinedAppRoles[1].ID || s.IsEnabled) {
			t.Errorf("the scope of a role that is disabled is not alike: %+v", s)
		}
		if s.Value == "Policy.Read.All" && (s.ID != old.DefinedAppRoles[0].ID || s.AdminConsentDescription != "theirs") {
			t.Errorf("a scope is not the permission of its name: %+v", s)
		}
	}
	if !strings.Contains(words(p), "IdentityRiskEvent.Read.All of the registration is disabled and stays so") {
		t.Errorf("a disabled role is not told:\n%s", words(p))
	}
	if again, err := w.setUp(run{apply: true}); err != nil || len(again.Calls) > 0 {
		t.Errorf("the second time: %v\n%s", err, words(again))
	}
}

func TestWhoOwnsTheAPIOrCanSignInAsItIsNamed(t *testing.T) {
	const appID, app, sp = "dddddddd-0000-4000-8000-000000000002", "dddddddd-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000009"
	secret := []directory.PasswordCredential{{KeyID: "k", Digest: directory.Digest("s3cret"), EndDateTime: time.Now().Add(time.Hour)}}
	tests := map[string]struct {
		change func(app, principal *directory.Object)
		want   string
	}{
		"nobody":                              {func(_, _ *directory.Object) {}, ""},
		"somebody owns the application":       {func(a, _ *directory.Object) { a.Owners = []string{"mallory"} }, "the user mallory owns the application of the API"},
		"somebody owns its service principal": {func(_, p *directory.Object) { p.Owners = []string{"mallory"} }, "the user mallory owns the service principal of the API"},
		"an application owns it":              {func(a, _ *directory.Object) { a.Owners = []string{face} }, "the servicePrincipal rekey-face " + face + " owns the application of the API"},
		"the application has a secret":        {func(a, _ *directory.Object) { a.PasswordCredentials = secret }, "the application of the API has 1 keys, client secrets or federated credentials"},
		"the service principal has one":       {func(_, p *directory.Object) { p.PasswordCredentials = secret }, "the service principal of the API has 1 keys, client secrets or federated credentials"},
		"the application trusts an issuer": {func(a, _ *directory.Object) {
			a.Federated = []directory.Federated{{ID: "f", Name: "f", Issuer: "https://i", Subject: "s", Audiences: []string{"a"}}}
		}, "the application of the API has 1 keys, client secrets or federated credentials"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := directory.Object{ID: app, AppID: appID, UniqueName: "rekey-api", DisplayName: "Rekey", SignInAudience: "AzureADMyOrg"}
			p := directory.Object{ID: sp, AppID: appID, DisplayName: "Rekey", ServicePrincipalType: "Application", AccountEnabled: true}
			tt.change(&a, &p)
			for collection, o := range map[string]directory.Object{directory.Users: {ID: "mallory", DisplayName: "Mallory"}, directory.Applications: a, directory.ServicePrincipals: p} {
				if err := w.Directory.Seed(collection, o); err != nil {
					t.Fatal(err)
				}
			}
			plan, err := w.setUp(run{})
			if err != nil {
				t.Fatal(err)
			}
			var warnings []string
			for _, n := range plan.Notes {
				if n.Part == setup.API && n.Warn {
					warnings = append(warnings, n.Text)
				}
			}
			if len(plan.Problems) > 0 || (len(warnings) == 1) != (tt.want != "") || len(warnings) == 1 && !strings.HasPrefix(warnings[0], tt.want) {
				t.Errorf("problems %v, warnings %q, want %q", plan.Problems, warnings, tt.want)
			}
		})
	}
}

func mustNames() []string { names, _ := access.Names(); return names }

func TestWhatAnIdentityHoldsBeyondItsNeedIsNamedAndTakenAwayOnDemandAlone(t *testing.T) {
	w := newWorld(t)
	hold := func(app, permission string) {
		t.Helper()
		if err := w.Directory.Update(directory.ServicePrincipals, app, "someone", "give", func(o *directory.Object) error {
			o.AppRoles = append(o.AppRoles, directory.AppRoleAssignment{ID: "extra-" + permission, AppRoleID: setup.PermissionID("graph/" + permission), ResourceID: resource})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	hold(face, "Application.ReadWrite.All")
	hold(respond, "IdentityRiskEvent.Read.All")
	p, err := w.setUp(run{apply: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"face holds Application.ReadWrite.All, which it does not need", "respond holds IdentityRiskEvent.Read.All, which it does not need", "respond is not given RoleManagement.ReadWrite.Directory: its holder can give itself anything"} {
		if !strings.Contains(words(p), want) {
			t.Errorf("%q is not said:\n%s", want, words(p))
		}
	}
	if o, _ := w.Directory.Get(directory.ServicePrincipals, face); len(o.AppRoles) != 1 {
		t.Errorf("something was taken away: %v", o.AppRoles)
	}
	if _, err := w.setUp(run{apply: true, change: func(c *setup.Config) { c.Prune, c.Give = true, []string{"RoleManagement.ReadWrite.Directory"} }}); err != nil {
		t.Fatal(err)
	}
	if o, _ := w.Directory.Get(directory.ServicePrincipals, face); len(o.AppRoles) != 0 {
		t.Errorf("face keeps %v", o.AppRoles)
	}
	if end := w.end(); strings.Contains(end, setup.PermissionID("graph/IdentityRiskEvent.Read.All")) || !strings.Contains(end, setup.PermissionID("graph/RoleManagement.ReadWrite.Directory")) {
		t.Errorf("the end is %s", end)
	}
}

func TestWhatIsHeldAndIsNotToBeGivenIsNamedAndTakenAwayOnDemand(t *testing.T) {
	const alarming, groups = "AppRoleAssignment.ReadWrite.All", "GroupMember.ReadWrite.All"
	tests := map[string]struct {
		held    string
		change  func(*setup.Config)
		warning string
		note    string
		pruned  bool
	}{
		"one by which it can give itself anything, and nobody asked for it": {held: alarming, warning: "respond holds " + alarming + ", by which it can give itself anything, and --give does not name it: --prune takes it away", pruned: true},
		"the same, and somebody asked for it":                               {held: alarming, change: func(c *setup.Config) { c.Give = []string{alarming} }},
		"one that is left out":                                              {held: groups, change: func(c *setup.Config) { c.Without = []string{groups} }, warning: "respond holds " + groups + ", which it is not to have (--without): --prune takes it away", pruned: true},
		"one that is left out, and is not held":                             {change: func(c *setup.Config) { c.Without = []string{groups} }, note: "respond is not given " + groups + ", because --without names it"},
		"one that it needs":                                                 {held: groups},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.held != "" {
				if err := w.Directory.Update(directory.ServicePrincipals, respond, "someone", "give", func(o *directory.Object) error {
					o.AppRoles = append(o.AppRoles, directory.AppRoleAssignment{ID: "held", AppRoleID: setup.PermissionID("graph/" + tt.held), ResourceID: resource})
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			p, err := w.setUp(run{apply: true, change: tt.change})
			if err != nil {
				t.Fatal(err)
			}
			if got := words(p); !strings.Contains(got, tt.warning) || !strings.Contains(got, tt.note) || tt.warning == "" && tt.held != "" && strings.Contains(got, tt.held) {
				t.Errorf("it says\n%s", got)
			}
			if _, err := w.setUp(run{apply: true, change: func(c *setup.Config) {
				c.Prune = true
				if tt.change != nil {
					tt.change(c)
				}
			}}); err != nil {
				t.Fatal(err)
			}
			o, _ := w.Directory.Get(directory.ServicePrincipals, respond)
			held := slices.ContainsFunc(o.AppRoles, func(a directory.AppRoleAssignment) bool { return a.AppRoleID == setup.PermissionID("graph/"+tt.held) })
			if held == tt.pruned && tt.held != "" {
				t.Errorf("with --prune it holds it: %t", held)
			}
			if given := strings.Contains(w.end(), setup.PermissionID("graph/"+groups)); given == (tt.change != nil && strings.Contains(name, "left out")) {
				t.Errorf("the permission for groups is given: %t", given)
			}
		})
	}
}

func TestOnlyPermissionsThatAreNeededCanBeLeftOutOrGiven(t *testing.T) {
	tests := map[string]struct {
		give, without []string
		want          string
	}{
		"needed":                       {without: []string{"GroupMember.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}},
		"given":                        {give: []string{"AppRoleAssignment.ReadWrite.All"}},
		"misspelt":                     {without: []string{"GroupMembers.ReadWrite.All"}, want: "no app needs GroupMembers.ReadWrite.All: see docs/permissions.md for what --give and --without can name"},
		"given and misspelt":           {give: []string{"AppRoleAssignments.ReadWrite.All"}, want: "no app needs AppRoleAssignments.ReadWrite.All"},
		"given and left out at a time": {give: []string{"AppRoleAssignment.ReadWrite.All"}, without: []string{"AppRoleAssignment.ReadWrite.All"}, want: "--give and --without both name AppRoleAssignment.ReadWrite.All"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c setup.Config
			err := c.Choose(tt.give, tt.without)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err == nil && (!slices.Equal(c.Give, tt.give) || !slices.Equal(c.Without, tt.without)) {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestWhoLacksARoleIsToldWhichAndTheOtherPartsAreDone(t *testing.T) {
	tests := map[string]struct {
		as        string
		problems  []string // of the plan
		failures  []string // of the calls
		principal bool     // whether the API was registered
	}{
		"somebody without rights": {"nobody", []string{
			"permissions: listing service principals of 00000003-0000-0000-c000-000000000000: 403 Authorization_RequestDenied: this needs the directory role Privileged Role Administrator",
			"api: reading application rekey-api: 403 Authorization_RequestDenied: this needs the directory role Cloud Application Administrator",
			"diagnostics: reading the diagnostic settings of Entra: 403 AuthorizationFailed: this needs the directory role Security Administrator",
		}, nil, false},
		"an application administrator": {"developer", []string{"diagnostics: reading the diagnostic settings of Entra: 403 AuthorizationFailed: this needs the directory role Security Administrator"},
			[]string{"403 Authorization_RequestDenied: this needs the directory role Privileged Role Administrator"}, true},
		"a reader": {"reader", nil, []string{
			"Privileged Role Administrator", "making or changing application rekey-api: 403 Authorization_RequestDenied: this needs the directory role Cloud Application Administrator",
			"writing the diagnostic setting rekey-auditlogs of Entra: 403 AuthorizationFailed: this needs the directory role Security Administrator",
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, err := w.setUp(run{as: tt.as, apply: true})
			var problems []string
			for _, r := range p.Problems {
				problems = append(problems, string(r.Part)+": "+r.Text)
			}
			for _, want := range tt.problems {
				if !slices.ContainsFunc(problems, func(s string) bool { return strings.HasPrefix(s, want) }) {
					t.Errorf("%q is not among the problems %q", want, problems)
				}
			}
			for _, want := range tt.failures {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not said: %v", want, err)
				}
			}
			if (len(tt.failures) == 0) != (err == nil) || len(problems) < len(tt.problems) {
				t.Errorf("%v, problems %q", err, problems)
			}
			if made := strings.Contains(w.end(), "application rekey-api"); made != tt.principal {
				t.Errorf("the API is registered: %t", made)
			}
		})
	}
}

func TestDiagnosticSettingsOfOthersSurvive(t *testing.T) {
	tests := map[string]struct {
		before  func(*world)
		change  func(*setup.Config)
		problem string
		calls   int // of diagnostics
		keeps   []string
	}{
		"one of somebody else's":                   {func(w *world) { w.put("soc", theirs, "all", "AuditLogs", "SignInLogs") }, nil, "", 4, []string{"setting soc " + theirs + " all [AuditLogs SignInLogs]"}},
		"a category goes to the right hub already": {func(w *world) { w.put("soc", rule, "auditlogs", "AuditLogs") }, nil, "", 3, []string{"setting soc " + rule + " auditlogs [AuditLogs]"}},
		"ours lacks categories, and holds one more": {func(w *world) { w.put("rekey-signins", rule, "signins", "ProvisioningLogs", "SignInLogs") }, nil, "", 4,
			[]string{"signins [ProvisioningLogs SignInLogs ServicePrincipalSignInLogs ManagedIdentitySignInLogs NonInteractiveUserSignInLogs]"}},
		"a setting of our name that is not ours": {func(w *world) { w.put("rekey-signins", theirs, "signins", "SignInLogs") }, nil, "is somebody else's and is not overwritten; choose other names with --prefix", 0,
			[]string{"setting rekey-signins " + theirs + " signins [SignInLogs]"}},
		"other names": {func(w *world) { w.put("rekey-signins", theirs, "signins", "SignInLogs") }, func(c *setup.Config) { c.Prefix = "rk" }, "", 4,
			[]string{"setting rekey-signins " + theirs + " signins [SignInLogs]", "setting rk-signins " + rule}},
		"a category goes to another hub of the namespace": {func(w *world) { w.put("soc", rule, "all", "AuditLogs") }, nil, "soc sends AuditLogs to hub all of the same namespace", 0, []string{"setting soc " + rule + " all [AuditLogs]"}},
		"no room for four": {func(w *world) { w.put("a", theirs, "x", "AuditLogs"); w.put("b", theirs, "y", "SignInLogs") }, nil, "the tenant has 2 (a, b) and 4 more are needed, 5 are allowed", 0, []string{"setting a", "setting b"}},
		"no room, in one setting": {func(w *world) { w.put("a", theirs, "x", "AuditLogs"); w.put("b", theirs, "y", "SignInLogs") }, func(c *setup.Config) {
			if err := c.OneHub("signins"); err != nil {
				panic(err)
			}
		}, "", 1, []string{"setting a", "setting b", "setting rekey-signins " + rule + " signins [AuditLogs MicrosoftGraphActivityLogs"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.before(w)
			p, err := w.setUp(run{apply: true, change: tt.change})
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			for _, c := range p.Calls {
				if c.Part == setup.Diagnostics {
					calls++
				}
			}
			if said := words(p); calls != tt.calls || !strings.Contains(said, tt.problem) || (len(p.Problems) > 0) != (tt.problem != "") {
				t.Errorf("%d calls, want %d and %q:\n%s", calls, tt.calls, tt.problem, said)
			}
			end := w.end()
			for _, want := range tt.keeps {
				if !strings.Contains(end, want) {
					t.Errorf("%q is not in\n%s", want, end)
				}
			}
		})
	}
}

func TestOnlyIdentitiesThatAPolicyCoversAreExcludedFromIt(t *testing.T) {
	w := newWorld(t)
	const application = "cccccccc-0000-4000-8000-000000000001"
	if err := w.Directory.Seed(directory.ServicePrincipals, directory.Object{
		ID: application, AppID: "cccccccc-0000-4000-8000-000000000002", DisplayName: "rekey respond", ServicePrincipalType: "Application", AppOwnerOrganizationID: tenantID, AccountEnabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	doc := func(name, state, clients, control string) directory.Object {
		return directory.Object{ID: name, Document: json.RawMessage(`{"displayName":"` + name + `","state":"` + state + `","conditions":{"users":{"includeUsers":["None"]},"clientAppTypes":["all"],"clientApplications":` + clients + `},"grantControls":{"operator":"OR","builtInControls":["` + control + `"]}}`)}
	}
	if err := w.Directory.Seed(directory.AccessPolicies,
		doc("all", "enabled", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["`+respond+`"]}`, "block"),
		doc("named", "enabledForReportingButNotEnforced", `{"includeServicePrincipals":["`+application+`"]}`, "block"),
		doc("excluded", "enabled", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["`+application+`"]}`, "block"),
		doc("filtered", "enabled", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"servicePrincipalFilter":{"mode":"include","rule":"x"}}`, "block"),
		doc("off", "disabled", `{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]}`, "block"),
		doc("others", "enabled", `{"includeServicePrincipals":["`+resource+`"]}`, "block"),
		directory.Object{ID: "people", Document: json.RawMessage(`{"displayName":"people","state":"enabled","conditions":{"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`)},
	); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(outputs, `"principal_id":"`+respond, `"principal_id":"`+application, 1)
	p, err := w.setUp(run{apply: true, outputs: changed, change: func(c *setup.Config) { c.Parts = []setup.Part{setup.Access} }})
	if err != nil || len(p.Calls) != 2 {
		t.Fatalf("%v\n%s", err, words(p))
	}
	for _, want := range []string{`exclude respond from the policy "all"`, `exclude respond from the policy "named"`, `policy "filtered" chooses principals by a filter`, "detect's identity is a managed identity"} {
		if !strings.Contains(words(p), want) {
			t.Errorf("%q is not said:\n%s", want, words(p))
		}
	}
	o, _ := w.Directory.Get(directory.AccessPolicies, "all")
	if !strings.Contains(string(o.Document), respond) || !strings.Contains(string(o.Document), application) || !strings.Contains(string(o.Document), "clientAppTypes") {
		t.Errorf("the policy is now %s", o.Document)
	}
	if again, err := w.setUp(run{apply: true, outputs: changed, change: func(c *setup.Config) { c.Parts = []setup.Part{setup.Access} }}); err != nil || len(again.Calls) > 0 {
		t.Errorf("the second time: %v\n%s", err, words(again))
	}
}

func TestRefusalsThatAreNoMissingRoleSayWhatToDo(t *testing.T) {
	w := newWorld(t)
	if err := w.Directory.Seed(directory.Applications, directory.Object{ID: "x", AppID: "y", IdentifierURIs: []string{"api://taken"}}); err != nil {
		t.Fatal(err)
	}
	_, err := w.setUp(run{apply: true, change: func(c *setup.Config) { c.URI = "api://taken" }})
	if err == nil || !strings.Contains(err.Error(), "another application has the URI") || strings.Contains(err.Error(), "directory role") {
		t.Errorf("%v", err)
	}
	p, err := w.setUp(run{outputs: strings.Replace(outputs, detect, "99999999-0000-4000-8000-000000000000", 1)})
	if err != nil || !strings.Contains(words(p), "the tenant has no service principal of the object id 99999999-0000-4000-8000-000000000000") {
		t.Errorf("%v\n%s", err, words(p))
	}
}

func TestWhatIsNoOutputIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ data, want string }{
		"no JSON":               {`x`, "not what `tofu output -json` prints"},
		"one output alone":      {`{"detect":{"principal_id":"x"}}`, "identities or entra_diagnostics are missing"},
		"an id that is none":    {strings.Replace(outputs, face, "face", 1), `"face=face" is not of the form APP=OBJECT_ID`},
		"an app that is none":   {strings.Replace(outputs, `"face":`, `"console":`, 1), `is not of the form APP=OBJECT_ID`},
		"before it was applied": {`{}`, "after `tofu apply`"},
	} {
		t.Run(name, func(t *testing.T) {
			var c setup.Config
			if err := c.ReadOutputs([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestAReplicaThatIsBehindIsOvercomeByRunningAgain(t *testing.T) {
	w := newWorld(t, func(c *cloud.Config) { c.Lag = 50 * time.Millisecond })
	var err error
	for range 20 {
		var p *setup.Plan
		if p, err = w.setUp(run{apply: true}); err == nil && len(p.Calls) == 0 && len(p.Problems) == 0 {
			break
		}
		time.Sleep(60 * time.Millisecond) // what was written shows everywhere
	}
	if err != nil {
		t.Fatal(err)
	}
	if end := w.end(); strings.Count(end, "application ") != 1 || strings.Count(end, " holds ") != strings.Count(newEnd(t), " holds ") {
		t.Errorf("the end is %s", end)
	}
}

func newEnd(t *testing.T) string {
	t.Helper()
	w := newWorld(t)
	if _, err := w.setUp(run{apply: true}); err != nil {
		t.Fatal(err)
	}
	return w.end()
}
