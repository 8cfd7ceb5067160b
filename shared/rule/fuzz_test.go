package rule_test

import (
	"strings"
	"testing"
	"time"

	"rekey/shared/event"
	"rekey/shared/rule"
)

// FuzzRules gives every rule a change whose values are anything: nothing panics, and what is told is bounded text.
func FuzzRules(f *testing.F) {
	f.Add("Update application", "AppAddress", "[]", `[{"Address":"https://xn--cntoso-1xa.com:99/%zz"}]`, "x")
	f.Add("Update application - Certificates and secrets management", "KeyDescription", "[]", `["[KeyIdentifier=11111111-aaaa,KeyType=Password]"]`, "")
	f.Add("Consent to application", "ConsentAction.Permissions", "", "[] => [[Id: a, Scope: Mail.Read, ]];", "evil\x00name")
	f.Add("Update application", "FederatedIdentityCredentials", "[]", `[{"Issuer":"://","Subject":"repo:"}]`, "y")
	f.Add("Update conditional access policy", "ConditionalAccessPolicy", `{"state":"enabled","conditions":{"clientApplications":{"includeServicePrincipals":["a"]}}}`, `{"state":"disabled"}`, "p")
	f.Add("Update named location", "x", `{"isTrusted":false}`, `{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}`, "l")
	f.Add("Update application", "ServicePrincipalLockConfiguration", `{"isEnabled":true,"allProperties":true}`, `[{}]`, "k")
	f.Add("Add application", "DisplayName", "[]", `["Mіcrosoft Teams"]`, "Mіcrosoft Teams")
	f.Add("Add member to role", "Role.DisplayName", "", "Global Administrator", "z")
	f.Fuzz(func(t *testing.T, activity, name, before, after, title string) {
		p := []event.Property{{Name: name, Old: before, New: after}, {Name: "ServicePrincipal.ObjectID", New: title}}
		for _, kind := range []string{"Application", "ServicePrincipal"} {
			e := &event.Event{Kind: event.KindAudit, ID: "a", Tenant: "t", Time: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Audit: &event.Change{
				Activity: activity, Result: "success", Targets: []event.Target{{ID: "o", Type: kind, Name: title, Properties: p}},
				Additional: map[string]string{"AppId": title}, Actor: event.Actor{UserName: title},
			}}
			for _, d := range rule.Judge(e, world) {
				if len(d.Statement) > 500 || len(d.Subject) > 500 || d.Statement != strings.ToValidUTF8(d.Statement, "") {
					t.Errorf("%s: %q", d.Rule, d.Statement)
				}
			}
		}
	})
}

// FuzzAzureRules gives every rule about Azure an operation that is anything.
func FuzzAzureRules(f *testing.F) {
	f.Add("microsoft.aadiam/diagnosticsettings/delete", "/providers/microsoft.aadiam/diagnosticsettings/x", "Success", "", "sp1")
	f.Add("microsoft.insights/diagnosticsettings/delete", "/subscriptions/s/providers/microsoft.insights/diagnosticsettings/x", "Success", "u1", "")
	f.Add("microsoft.eventhub/namespaces/authorizationrules/listkeys/action", world.Own[0]+"/providers/x", "Failure", "u1", "")
	f.Add("microsoft.authorization/roleassignments/write", "/providers/microsoft.authorization/roleassignments/x", "Success", "u1", "")
	f.Add("microsoft.authorization/elevateaccess/action", "/", "Succeeded", "", "")
	f.Add("", "", "success", "", "")
	f.Add("action", world.Own[0], "success", "", "")
	f.Fuzz(func(t *testing.T, operation, scope, status, user, principal string) {
		e := &event.Event{Kind: event.KindAzureActivity, ID: "a", Time: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Principal: event.Principal{ObjectID: principal},
			Azure: &event.AzureOperation{Operation: operation, Scope: scope, Status: status, UserID: user}}
		for _, d := range rule.Judge(e, world) {
			if len(d.Statement) > 500 || len(d.Subject) > 500 || d.Statement != strings.ToValidUTF8(d.Statement, "") || d.Principal.Key() == "" {
				t.Errorf("%s: %+v", d.Rule, d)
			}
		}
	})
}
