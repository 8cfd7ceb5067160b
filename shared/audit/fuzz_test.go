package audit_test

import (
	"slices"
	"strings"
	"testing"

	"rekey/shared/audit"
)

func FuzzKeys(f *testing.F) {
	f.Add(`["` + one + `"]`)
	f.Add(`["` + two + `", "` + one)
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range audit.Keys(s) {
			if len(k.ID) < 8 || k.ID != strings.ToLower(k.ID) {
				t.Errorf("id %q", k.ID)
			}
		}
		if added := audit.AddedKeys(s, s); len(added) != 0 {
			t.Errorf("%q added %v to itself", s, added)
		}
	})
}

func FuzzFederatedCredentials(f *testing.F) {
	f.Add(`[{"Name":"ci","Id":"A1","Issuer":"https://i1","ClaimsMatchingExpressionValue":null}]`)
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := audit.FederatedCredentials(s)
		for _, c := range audit.ChangedFederated(nil, list) {
			if c.Old != nil {
				t.Errorf("%q has an old credential", s)
			}
		}
	})
}

func FuzzConsents(f *testing.F) {
	f.Add("[] => [[Id: A, ClientId: c, PrincipalId: p, ResourceId: r, ConsentType: Principal, Scope: a b c, CreatedDateTime: , LastModifiedDateTime ]]; ")
	f.Fuzz(func(t *testing.T, s string) {
		before, after := audit.Consents(s)
		for _, g := range append(before, after...) {
			for _, scope := range g.Scopes {
				if strings.ContainsAny(scope, " ,]") {
					t.Errorf("scope %q of %q", scope, s)
				}
			}
		}
	})
}

func FuzzRequiredAccess(f *testing.F) {
	f.Add(`[{"ResourceAppId":"G","RequiredAppPermissions":[{"EntitlementId":"e1","DirectAccessGrant":true}]}]`)
	f.Fuzz(func(t *testing.T, s string) {
		if added := audit.AddedAccess(s, s); len(added) != 0 {
			t.Errorf("%q added %v to itself", s, added)
		}
	})
}

func FuzzURIs(f *testing.F) {
	f.Add(`[{"AddressType":0,"Address":"https://a"}]`)
	f.Add(`["api://x"]`)
	f.Add(`"https://a/logout"`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, u := range audit.URIs(s) {
			if u == "" {
				t.Error("an empty address")
			}
		}
		if added := audit.AddedURIs(s, s); len(added) != 0 {
			t.Errorf("%q added %v to itself", s, added)
		}
	})
}

func FuzzAccessPolicy(f *testing.F) {
	f.Add(`{"state":"enabled","conditions":{"clientApplications":{"includeServicePrincipals":["a"],"excludeServicePrincipals":["b"]}}}`, "b")
	f.Fuzz(func(t *testing.T, s, id string) {
		p, ok := audit.ReadAccessPolicy(s)
		if again, _ := audit.ReadAccessPolicy(s); len(audit.Missing(p.Included, again.Included)) > 0 {
			t.Errorf("%q lost a principal to itself", s)
		}
		if slices.Contains(p.Excluded, id) && p.Reaches(id) || !ok && p.Workload() {
			t.Errorf("%q reaches %q", s, id)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add(`{"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}],"countriesAndRegions":["DE"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := audit.ReadPlace(s); !ok && (p.Trusted || len(p.Ranges) > 0) {
			t.Errorf("%q was not read and is %+v", s, p)
		}
	})
}

func FuzzLocks(f *testing.F) {
	f.Add(`{"isEnabled":true,"allProperties":true}`)
	f.Add(`[{"isEnabled":true,"credentialsWithUsageSign":true}]`)
	f.Fuzz(func(t *testing.T, s string) {
		if locks, ok := audit.Locks(s); !ok && len(locks) > 0 || len(locks) > 4 || !slices.IsSorted(locks) {
			t.Errorf("%q locks %v", s, locks)
		}
	})
}
