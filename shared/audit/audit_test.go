package audit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/audit"
	"rekey/shared/event"
)

const (
	one = "[KeyIdentifier=11111111-aaaa,KeyType=Password,KeyUsage=Verify,DisplayName=x]"
	two = "[KeyIdentifier=22222222-BBBB,KeyType=AsymmetricX509Cert,KeyUsage=Verify,DisplayName=CN=a, O=[KeyIdentifier=33333333-cccc,KeyType=Password]"
)

func TestKeysAreComparedByTheirIds(t *testing.T) {
	tests := map[string]struct{ before, after, want string }{
		"one more":                   {`["` + one + `"]`, `["` + two + `", "` + one + `"]`, "22222222-bbbb"},
		"the first":                  {`[]`, `["` + one + `"]`, "11111111-aaaa"},
		"one less":                   {`["` + one + `","` + two + `"]`, `["` + one + `"]`, ""},
		"in another order":           {`["` + one + `","` + two + `"]`, `["` + two + `","` + one + `"]`, ""},
		"no old value":               {"", `["` + one + `"]`, "11111111-aaaa"},
		"a list that was cut off":    {`["` + one + `"]`, `["` + one + `", "` + two, "22222222-bbbb"},
		"an id within a name":        {`[]`, `["` + two + `"]`, "22222222-bbbb"},
		"an id chosen to look known": {`["` + two + `"]`, `["` + two + `","[KeyIdentifier=33333333-cccc,KeyType=Password]"]`, "33333333-cccc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, k := range audit.AddedKeys(tt.before, tt.after) {
				got = append(got, k.ID)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
	want := audit.Key{ID: "11111111-aaaa", Type: "Password", Usage: "Verify", Name: "x"}
	if diff := cmp.Diff([]audit.Key{want}, audit.Keys(`["`+one+`"]`)); diff != "" {
		t.Error(diff)
	}
}

func TestAConsentIsReadWithWhatWasGrantedBefore(t *testing.T) {
	const value = "[[Id: A, ClientId: c1, PrincipalId: , ResourceId: r1, ConsentType: AllPrincipals, Scope: User.Read, CreatedDateTime: , LastModifiedDateTime ]] => " +
		"[[Id: A, ClientId: c1, PrincipalId: , ResourceId: r1, ConsentType: AllPrincipals, Scope:  User.Read  Mail.ReadWrite, CreatedDateTime: , LastModifiedDateTime ]]; "
	added, everyone := audit.ConsentedScopes(value)
	if diff := cmp.Diff([]string{"Mail.ReadWrite"}, added); diff != "" || !everyone {
		t.Error(diff, everyone)
	}
	_, after := audit.Consents(value)
	want := []audit.Grant{{ClientID: "c1", ResourceID: "r1", Type: "AllPrincipals", Scopes: []string{"User.Read", "Mail.ReadWrite"}}}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Error(diff)
	}
}

func TestFederatedCredentialsAreComparedByIdOrName(t *testing.T) {
	list := func(s string) []audit.Federated {
		f, ok := audit.FederatedCredentials(s)
		if !ok {
			t.Fatalf("%s cannot be read", s)
		}
		return f
	}
	before := list(`[{"Name":"ci","Id":"A1","Issuer":"https://i1","Subject":"s","ClaimsMatchingExpressionValue":null,"EncodingVersion":1}]`)
	after := list(`[{"Name":"ci","Id":"a1","Issuer":"https://i2","Subject":"s"},{"Name":"new","Issuer":"https://i3","ClaimsMatchingExpressionValue":"claims['sub'] matches '*'"}]`)
	got := audit.ChangedFederated(before, after)
	if len(got) != 2 || got[0].Old == nil || got[0].New.Issuer != "https://i2" || got[1].Old != nil || got[1].New.Claims == "" {
		t.Errorf("%+v", got)
	}
	if _, ok := audit.FederatedCredentials("{"); ok {
		t.Error("half a list was read")
	}
}

func TestPermissionsAndAddressesThatAreNew(t *testing.T) {
	const before = `[{"ResourceAppId":"G","RequiredAppPermissions":[{"EntitlementId":"e1","DirectAccessGrant":false,"ImpersonationAccessGrants":[20]}],"EncodingVersion":1}]`
	const after = `[{"ResourceAppId":"G","RequiredAppPermissions":[{"EntitlementId":"e1","DirectAccessGrant":false,"ImpersonationAccessGrants":[20]},{"EntitlementId":"E2","DirectAccessGrant":true}]}]`
	if diff := cmp.Diff([]audit.Permission{{Resource: "g", ID: "e2", Application: true}}, audit.AddedAccess(before, after)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"https://b"}, audit.AddedURIs(`[{"AddressType":0,"Address":"https://a"}]`, `[{"Address":"https://b"},{"Address":"https://a"}]`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"api://x", "https://y"}, audit.URIs(`["api://x","https://y",7,null]`)); diff != "" {
		t.Error(diff)
	}
}

func TestThePrincipalBehindATarget(t *testing.T) {
	app := event.Target{ID: "obj", Type: "Application", Name: "a"}
	sp := event.Target{ID: "sp", Type: "ServicePrincipal", Name: "s"}
	tests := map[string]struct {
		change event.Change
		i      int
		want   string
	}{
		"an application by its appId":           {event.Change{Targets: []event.Target{app}, Additional: map[string]string{"AppId": "APP"}}, 0, "app:app"},
		"an application without one":            {event.Change{Targets: []event.Target{app}}, 0, ""},
		"a service principal":                   {event.Change{Targets: []event.Target{sp}}, 0, "sp"},
		"the appId is the first target's alone": {event.Change{Targets: []event.Target{sp, app}, Additional: map[string]string{"AppId": "APP"}}, 1, ""},
		"no target":                             {event.Change{}, 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if p := audit.Principal(&tt.change, tt.i); p.Key() != tt.want {
				t.Errorf("%q, want %q", p.Key(), tt.want)
			}
		})
	}
}

func TestAConditionalAccessPolicyIsReadAsGraphHasIt(t *testing.T) {
	const value = `{"id":"p","displayName":"Block","state":"enabled","conditions":{"users":{"includeUsers":["None"]},` +
		`"applications":{"includeApplications":["All"],"excludeApplications":[]},"locations":{"includeLocations":["All"],"excludeLocations":["L1"]},` +
		`"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["A1"],"excludeAgentIdServicePrincipals":["B2"],` +
		`"servicePrincipalFilter":{"mode":"exclude","rule":"x -eq 1"}},"servicePrincipalRiskLevels":["high"]},"grantControls":{"operator":"OR","builtInControls":["block"]}}`
	want := audit.AccessPolicy{
		Name: "Block", State: audit.AccessEnabled, Included: []string{audit.EveryPrincipal}, Excluded: []string{"a1", "b2"}, Filter: "exclude x -eq 1",
		Risks: []string{"high"}, Places: []string{"all"}, NotPlaces: []string{"l1"}, Apps: []string{"all"}, Controls: []string{"block"},
	}
	got, ok := audit.ReadAccessPolicy(value)
	if diff := cmp.Diff(want, got); diff != "" || !ok || !got.Workload() {
		t.Error(diff, ok)
	}
	if !got.Reaches("c3") || got.Reaches("a1") || (audit.AccessPolicy{State: audit.AccessDisabled, Included: []string{"c3"}}).Reaches("c3") {
		t.Error("a policy reaches whom it excludes, or does not reach whom it includes")
	}
	if p, ok := audit.ReadAccessPolicy("null"); !ok || p.Workload() {
		t.Error("a policy that is not there cannot be read")
	}
	for _, s := range []string{`{"state":"ena`, "[]", "7"} {
		if _, ok := audit.ReadAccessPolicy(s); ok {
			t.Errorf("%s was read as a policy", s)
		}
	}
	users, ok := audit.ReadAccessPolicy(`{"state":"enabled","conditions":{"clientApplications":null,"users":{"includeUsers":["All"]}}}`)
	if !ok || users.Workload() {
		t.Error("a policy about users is about workload identities")
	}
}

func TestANamedLocationIsReadWhateverItsPropertyIsCalled(t *testing.T) {
	got, ok := audit.ReadPlace(`{"@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":true,"ipRanges":[{"cidrAddress":"2001:DB8::/32"}]}`)
	if diff := cmp.Diff(audit.Place{Trusted: true, Ranges: []string{"2001:db8::/32"}}, got); diff != "" || !ok {
		t.Error(diff, ok)
	}
	if _, ok := audit.ReadPlace(`{"state":"enabled"}`); ok {
		t.Error("something else was read as a location")
	}
}

func TestOnlyWhatIsEnabledLocks(t *testing.T) {
	tests := map[string]struct {
		value, want string
		read        bool
	}{
		"everything":       {`{"isEnabled":true,"allProperties":true}`, "credentialsWithUsageSign credentialsWithUsageVerify tokenEncryptionKeyId", true},
		"a part":           {`[{"IsEnabled":true,"CredentialsWithUsageVerify":true,"TokenEncryptionKeyId":null}]`, "credentialsWithUsageVerify", true},
		"switched off":     {`{"isEnabled":false,"allProperties":true}`, "", true},
		"none":             {"[]", "", true},
		"it was never set": {"", "", true},
		"cut off":          {`{"isEnabled":true,"all`, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := audit.Locks(tt.value)
			if strings.Join(got, " ") != tt.want || ok != tt.read {
				t.Errorf("%q %v, want %q %v", got, ok, tt.want, tt.read)
			}
		})
	}
}
