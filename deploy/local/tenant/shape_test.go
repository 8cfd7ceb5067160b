package tenant_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/local/tenant"
)

// first returns the first record of a category that meets a condition, as JSON.
func first(t *testing.T, records []tenant.Record, category string, meets func(top, properties map[string]any) bool) (top, properties map[string]any) {
	t.Helper()
	for _, r := range records {
		if r.Category != category {
			continue
		}
		var record map[string]any
		if err := json.Unmarshal(r.Data, &record); err != nil {
			t.Fatal(err)
		}
		p, ok := record["properties"].(map[string]any)
		if !ok {
			t.Fatalf("%s: properties are no object", r.Category)
		}
		if meets(record, p) {
			return record, p
		}
	}
	t.Fatalf("no %s record meets the condition", category)
	return nil, nil
}

func TestRecordsHaveTheMembersOfTheirShape(t *testing.T) {
	any1 := func(_, _ map[string]any) bool { return true }
	failed := func(top, _ map[string]any) bool { return top["resultType"] != "0" }
	credential := func(kind string) func(_, p map[string]any) bool {
		return func(top, p map[string]any) bool { return p["clientCredentialType"] == kind && top["resultType"] == "0" }
	}
	tests := map[string]struct {
		category string
		meets    func(top, properties map[string]any) bool
		with     string // members that must be there, of the top and (after a dot) of the properties
		without  string
	}{
		"a sign-in of 2025": {
			category: "ServicePrincipalSignInLogs", meets: credential("clientSecret"),
			with: "callerIpAddress location Level .id .createdDateTime .userAgent .agent .clientCredentialType .servicePrincipalCredentialKeyId " +
				".resourceServicePrincipalId .sessionId .appOwnerTenantId .conditionalAccessAudiences .uniqueTokenIdentifier",
			without: "identity .autonomousSystemNumber .federatedCredentialId",
		},
		"a sign-in of 2022": {
			category: "ServicePrincipalSignInLogs", meets: func(_, p map[string]any) bool { _, ok := p["userAgent"]; return !ok },
			with:    "callerIpAddress .id .authenticationProcessingDetails .uniqueTokenIdentifier .riskLevelDuringSignIn",
			without: "identity .userAgent .clientCredentialType .agent .sessionId .resourceServicePrincipalId .appOwnerTenantId",
		},
		"a sign-in that failed": {
			category: "ServicePrincipalSignInLogs", meets: failed,
			with: ".status", without: ".servicePrincipalCredentialKeyId .servicePrincipalCredentialThumbprint",
		},
		"a sign-in with a certificate": {
			category: "ServicePrincipalSignInLogs", meets: credential("certificate"), with: ".servicePrincipalCredentialThumbprint",
		},
		"a sign-in with a federated token": {
			category: "ServicePrincipalSignInLogs", meets: credential("federatedIdentityCredential"), with: ".federatedCredentialId",
		},
		"a managed identity's sign-in has no address, agent and key": {
			category: "ManagedIdentitySignInLogs", meets: any1, with: ".ipAddress .uniqueTokenIdentifier",
			without: "callerIpAddress location .userAgent .servicePrincipalCredentialKeyId",
		},
		"a user's sign-in": {
			category: "NonInteractiveUserSignInLogs", meets: any1, with: "identity .userId .appId .autonomousSystemNumber .userPrincipalName",
		},
		"a change": {
			category: "AuditLogs", meets: any1, without: "resultType",
			with: ".id .initiatedBy .targetResources .additionalDetails .activityDisplayName .activityDateTime",
		},
		"a vault's record has no tenant": {
			category: "AuditEvent", meets: any1, without: "tenantId", with: "identity .id .requestUri .clientInfo .httpStatusCode",
		},
		"a call to Graph": {
			category: "MicrosoftGraphActivityLogs", meets: any1, with: ".signInActivityId .requestUri .requestMethod .servicePrincipalId .timeGenerated",
		},
		"an operation on Azure": {category: "Administrative", meets: any1, with: "identity callerIpAddress resultType"},
		"a risk":                {category: "RiskyServicePrincipals", meets: any1, with: ".riskState .riskLevel .id"},
	}
	records := tenant.New(1).Day(day, tenant.Options{Scale: 2})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			top, properties := first(t, records, test.category, test.meets)
			has := func(member string) bool {
				in, member := pick(top, properties, member)
				_, ok := in[member]
				return ok
			}
			for member := range strings.FieldsSeq(test.with) {
				if !has(member) {
					t.Errorf("%s is missing", member)
				}
			}
			for member := range strings.FieldsSeq(test.without) {
				if has(member) {
					t.Errorf("%s is there", member)
				}
			}
		})
	}
}

func pick(top, properties map[string]any, member string) (map[string]any, string) {
	if name, ok := strings.CutPrefix(member, "."); ok {
		return properties, name
	}
	return top, member
}

func TestTheCategoryComesBeforeTheProperties(t *testing.T) {
	for _, r := range tenant.New(1).Day(day, tenant.Options{}) {
		if s := string(r.Data); strings.Index(s, `"category"`) > strings.Index(s, `"properties"`) {
			t.Fatalf("a record of %s is in another order than real ones", r.Category)
		}
	}
}

func TestEveryHubGetsRecords(t *testing.T) {
	got := map[string]bool{}
	for _, r := range tenant.New(1).Day(day, tenant.Options{}) {
		got[r.Hub] = true
		if !slices.Contains(tenant.Hubs, r.Hub) {
			t.Errorf("there is no hub %q", r.Hub)
		}
	}
	if len(got) != len(tenant.Hubs) {
		t.Errorf("only the hubs %v get records", got)
	}
}
