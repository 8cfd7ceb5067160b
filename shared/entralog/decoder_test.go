package entralog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/fault"
)

// sink keeps what a message held.
type sink struct {
	events  []event.Event
	skipped []string
	rejects []string
}

func (s *sink) Event(e *event.Event) { s.events = append(s.events, *e) }
func (s *sink) Skip(category string) { s.skipped = append(s.skipped, category) }
func (s *sink) total() int           { return len(s.events) + len(s.skipped) + len(s.rejects) }
func (s *sink) Reject(n int, raw []byte, err error) {
	s.rejects = append(s.rejects, fmt.Sprintf("%d %s: %v", n, raw, err))
}

func decode(t testing.TB, message string) (*sink, error) {
	t.Helper()
	var s sink
	err := new(entralog.Decoder).Decode([]byte(message), &s)
	return &s, err
}

const rich = `{"time":"2025-10-14T07:34:57.9144897Z","resourceId":"/tenants/77777777-0000-0000-0000-000000000000/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0",
 "category":"ServicePrincipalSignInLogs","tenantId":"77777777-AAAA-0000-0000-000000000000","resultType":"0","resultSignature":"SUCCESS","durationMs":0,
 "callerIpAddress":"192.0.2.7","correlationId":"2222","Level":4,
 "properties":{"id":"66666666-0000-0000-0000-000000000000","createdDateTime":"2025-10-14T07:33:50.1498978+00:00","userId":null,
 "agent":{"agentType":"notAgentic","parentAppId":""},"appId":"88888888-ABCD-0000-0000-000000000000","ipAddress":"192.0.2.7","status":{"errorCode":0},
 "userAgent":"okhttp\/4.8.1","location":{"city":"","state":"","countryOrRegion":"de","geoCoordinates":{"latitude":0.0,"longitude":-0.0}},
 "authenticationProcessingDetails":[{"key":"Azure AD App Authentication Library","value":"Family: MSAL Library: MSAL.Java 1.10.0 Platform: Java"}],
 "clientCredentialType":"clientSecret","riskLevelAggregated":"low","resourceDisplayName":"Azure Storage","resourceId":"e406a681-f3d4-42a8-90b6-c2b029497af1",
 "servicePrincipalName":"bil\u006cing","servicePrincipalId":"99999999-0000-0000-0000-00000000000A","autonomousSystemNumber":64500,
 "servicePrincipalCredentialKeyId":"55555555-0000-0000-0000-000000000000","uniqueTokenIdentifier":"URB3vEvKUUuClWlFhN4gAA",
 "resourceServicePrincipalId":"33333333-0000-0000-0000-000000000000","appOwnerTenantId":"77777777-0000-0000-0000-000000000000","somethingNew":{"a":[1,{"b":"}"}]}}}`

func richEvent() event.Event {
	return event.Event{
		Kind: event.KindSignIn, ID: "66666666-0000-0000-0000-000000000000", Tenant: "77777777-aaaa-0000-0000-000000000000", CorrelationID: "2222",
		Time:      time.Date(2025, 10, 14, 7, 33, 50, 149897800, time.UTC),
		Exported:  time.Date(2025, 10, 14, 7, 34, 57, 914489700, time.UTC),
		Principal: event.Principal{ObjectID: "99999999-0000-0000-0000-00000000000a", AppID: "88888888-abcd-0000-0000-000000000000", Name: "billing"},
		Caller:    netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: 64500, Country: "DE"},
		SignIn: event.SignIn{
			ResourceID: "e406a681-f3d4-42a8-90b6-c2b029497af1", ResourceName: "Azure Storage", ResourceObjectID: "33333333-0000-0000-0000-000000000000",
			UserAgent: "okhttp/4.8.1", ClientLibrary: "Family: MSAL Library: MSAL.Java 1.10.0 Platform: Java", CredentialType: "clientSecret",
			CredentialKeyID: "55555555-0000-0000-0000-000000000000", TokenID: "URB3vEvKUUuClWlFhN4gAA", AppOwnerTenant: "77777777-0000-0000-0000-000000000000",
		},
	}
}

var compare = cmp.Options{cmpopts.EquateComparable(netip.Addr{})}

func TestTheNewestSignInShapeFillsEveryField(t *testing.T) {
	s, err := decode(t, `{"records":[`+rich+`]}`)
	if err != nil || len(s.events) != 1 {
		t.Fatalf("%v %+v", err, s)
	}
	if diff := cmp.Diff(richEvent(), s.events[0], compare); diff != "" {
		t.Error(diff)
	}
}

func TestEveryEnvelopeHoldsTheSameRecords(t *testing.T) {
	line := strings.Join(strings.Fields(rich), " ")
	quoted, _ := json.Marshal(json.RawMessage(line))
	var parts struct{ Properties json.RawMessage }
	if err := json.Unmarshal(quoted, &parts); err != nil {
		t.Fatal(err)
	}
	props, _ := json.Marshal(string(parts.Properties))
	tests := map[string]struct {
		message string
		want    int
	}{
		"records":                        {`{"records":[` + rich + `,` + rich + `]}`, 2},
		"records with members behind":    {`{"records":[` + rich + `],"x":{"records":[]}}`, 1},
		"one bare record":                {rich, 1},
		"an array":                       {`[` + rich + `,` + rich + `]`, 2},
		"lines of records":               {line + "\n" + line + "\r\n", 2},
		"lines of envelopes":             {`{"records":[` + line + "]}\n" + `{"records":[` + line + `]}`, 2},
		"two records joined by a comma":  {line + "," + line, 2},
		"a byte order mark":              {"\ufeff" + rich, 1},
		"properties in a string":         {strings.Replace(line, string(parts.Properties), string(props), 1), 1},
		"properties before the category": {`{"properties":` + string(parts.Properties) + `,"time":"2025-10-14T07:34:57.9144897Z","callerIpAddress":"192.0.2.7","correlationId":"2222","category":"ServicePrincipalSignInLogs","tenantId":"77777777-AAAA-0000-0000-000000000000"}`, 1},
		"a page of Graph":                {`{"@odata.context":"x","value":[` + line + `]}`, 1},
		"an indented page of Graph":      {"{\n  \"@odata.context\": \"x\",\n  \"value\": [\n" + line + "\n]\n}", 1},
		"a page with a link behind":      {`{"@odata.context":"x","value":[` + line + `],"@odata.nextLink":"y"}`, 1},
		"a record with its OData type":   {`{"@odata.type":"x",` + line[1:], 1},
		"a page of such records":         {`{"@odata.context":"x","value":[{"@odata.type":"x",` + line[1:] + `]}`, 1},
		"nothing":                        {"", 0},
		"white space":                    {" \n", 0},
		"an empty envelope":              {`{"records":[]}`, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := decode(t, tt.message)
			if err != nil || len(s.events) != tt.want || s.total() != tt.want {
				t.Fatalf("%v, %d events of %d records: %v", err, len(s.events), s.total(), s.rejects)
			}
			for _, e := range s.events {
				if diff := cmp.Diff(richEvent(), e, compare); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestLogAnalyticsResultsAreRecords(t *testing.T) {
	s, err := decode(t, `{"tables":[{"name":"AADServicePrincipalSignInLogs","columns":[{"name":"TimeGenerated"},{"name":"Id"},{"name":"ServicePrincipalId"},{"name":"AppId"},{"name":"IPAddress"},{"name":"ResourceIdentity"},{"name":"LocationDetails"},{"name":"ResultType"}],
	 "rows":[["2026-01-02T03:04:05Z","i1","SP1","APP1","192.0.2.9","R1","{\"countryOrRegion\":\"FR\"}","7000215"]]}]}`)
	if err != nil || len(s.events) != 1 {
		t.Fatalf("%v %+v", err, s)
	}
	e := s.events[0]
	got := fmt.Sprint(e.Kind, e.ID, e.Principal.ObjectID, e.Principal.AppID, e.Caller, e.SignIn.ResourceID, e.Network.Country, e.SignIn.ErrorCode)
	if want := "signIn i1 sp1 app1 192.0.2.9 r1 FR 7000215"; strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(want), "") {
		t.Errorf("got %s, want %s", got, want)
	}
}

// edit returns the rich record with one piece replaced.
func edit(t *testing.T, old, with string) string {
	t.Helper()
	out := strings.Replace(rich, old, with, 1)
	if out == rich {
		t.Fatalf("%q is not in the record", old)
	}
	return out
}

func TestQuirksOfRealRecords(t *testing.T) {
	const created = `"createdDateTime":"2025-10-14T07:33:50.1498978+00:00",`
	tests := map[string]struct {
		old, with string
		check     func(e event.Event) bool
	}{
		"an export time in US format": {`"time":"2025-10-14T07:34:57.9144897Z"`, `"time":"11/14/2025 1:48:53 AM"`, func(e event.Event) bool { return e.Exported.Equal(time.Date(2025, 11, 14, 1, 48, 53, 0, time.UTC)) }},
		"no time of the event":        {created, ``, func(e event.Event) bool { return e.Time.Equal(e.Exported) && !e.Time.IsZero() }},
		"another zone": {`07:33:50.1498978+00:00`, `02:33:50-05:00`, func(e event.Event) bool {
			return e.Time.Equal(time.Date(2025, 10, 14, 7, 33, 50, 0, time.UTC)) && e.Time.Location() == time.UTC
		}},
		"six digits":                         {`07:33:50.1498978+00:00`, `07:33:50.149897+00:00`, func(e event.Event) bool { return e.Time.Nanosecond() == 149897000 }},
		"a trusted named location":           {`"riskLevelAggregated":"low"`, `"networkLocationDetails":[{"networkType":"namedNetwork","networkNames":["a"]},{"networkType":"trustedNamedLocation","networkNames":["b"]}]`, func(e event.Event) bool { return e.Network.Trusted }},
		"a named location":                   {`"riskLevelAggregated":"low"`, `"networkLocationDetails":[{"networkType":"namedNetwork","networkNames":["trustedNamedLocation"]}]`, func(e event.Event) bool { return !e.Network.Trusted }},
		"an error code in a string":          {`"errorCode":0`, `"errorCode":"7000222"`, func(e event.Event) bool { return e.SignIn.ErrorCode == 7000222 }},
		"no status, only a result type":      {`"status":{"errorCode":0},`, ``, func(e event.Event) bool { return e.SignIn.Succeeded() }},
		"an empty address":                   {`"ipAddress":"192.0.2.7"`, `"ipAddress":""`, func(e event.Event) bool { return e.Caller.String() == "192.0.2.7" }},
		"an address that is <null>":          {`"ipAddress":"192.0.2.7"`, `"ipAddress":"<null>"`, func(e event.Event) bool { return !e.Caller.IsValid() }},
		"an address with a port":             {`"ipAddress":"192.0.2.7"`, `"ipAddress":"192.0.2.7:443"`, func(e event.Event) bool { return e.Caller.String() == "192.0.2.7" }},
		"IPv6":                               {`"ipAddress":"192.0.2.7"`, `"ipAddress":"2001:db8::1"`, func(e event.Event) bool { return e.Caller.Is6() }},
		"a bad IPv6":                         {`"ipAddress":"192.0.2.7"`, `"ipAddress":"::2a02:cf40:1:2:3:4:5:6:6fc6"`, func(e event.Event) bool { return !e.Caller.IsValid() }},
		"an empty location":                  {`"countryOrRegion":"de"`, `"countryOrRegion":""`, func(e event.Event) bool { return e.Network.Country == "" }},
		"an integer in the geo coordinates":  {`"latitude":0.0`, `"latitude":0`, func(e event.Event) bool { return e.Network.Country == "DE" }},
		"the tenant only in the resource id": {`"tenantId":"77777777-AAAA-0000-0000-000000000000",`, ``, func(e event.Event) bool { return e.Tenant == "77777777-0000-0000-0000-000000000000" }},
		"a missing credential key id": {`"servicePrincipalCredentialKeyId":"55555555-0000-0000-0000-000000000000",`, ``, func(e event.Event) bool {
			return e.SignIn.CredentialKeyID == "" && e.SignIn.CredentialType == "clientSecret"
		}},
		"a zero key id and no type":           {`"clientCredentialType":"clientSecret",`, `"servicePrincipalCredentialKeyId":"00000000-0000-0000-0000-000000000000","x":"`, nil},
		"a display name that is absent":       {`"servicePrincipalName":"bil\u006cing",`, `"appDisplayName":"other",`, func(e event.Event) bool { return e.Principal.Name == "other" }},
		"the old token id, base64 of the id":  {`"URB3vEvKUUuClWlFhN4gAA"`, `"NjY2NjY2NjYtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"`, func(e event.Event) bool { return e.SignIn.TokenID == "" }},
		"a lone surrogate in the user agent":  {`okhttp\/4.8.1`, `a\ud800b`, func(e event.Event) bool { return e.SignIn.UserAgent == "a\ufffdb" }},
		"a pair of surrogates":                {`okhttp\/4.8.1`, `\ud83d\ude00`, func(e event.Event) bool { return e.SignIn.UserAgent == "😀" }},
		"a level that is a word":              {`"Level":4`, `"level":"Informational"`, func(e event.Event) bool { return e.Kind == event.KindSignIn }},
		"a duration in a string":              {`"durationMs":0`, `"durationMs":"2693631"`, func(e event.Event) bool { return e.Kind == event.KindSignIn }},
		"an identity that is an object":       {`"Level":4`, `"identity":{"claim":{}}`, func(e event.Event) bool { return e.Kind == event.KindSignIn }},
		"a member twice: the last one counts": {`"Level":4`, `"correlationId":"3333"`, func(e event.Event) bool { return e.CorrelationID == "3333" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.check == nil {
				return
			}
			s, err := decode(t, edit(t, tt.old, tt.with))
			if err != nil || len(s.events) != 1 {
				t.Fatalf("%v, %+v", err, s)
			}
			if !tt.check(s.events[0]) {
				t.Errorf("%+v", s.events[0])
			}
		})
	}
}

func TestFederatedCredentialsAreKnownByTheirZeroKey(t *testing.T) {
	record := edit(t, `"clientCredentialType":"clientSecret",`, ``)
	record = strings.Replace(record, "55555555-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", 1)
	s, err := decode(t, record)
	if err != nil || len(s.events) != 1 || s.events[0].SignIn.CredentialType != event.CredentialFederated || s.events[0].SignIn.CredentialKeyID != "" {
		t.Errorf("%v %+v", err, s)
	}
}

func TestARecordThatCannotBeUsedIsRejectedWithItsBytesAndTheOthersGoOn(t *testing.T) {
	tests := map[string]struct{ bad, want string }{
		"no id":                   {edit(t, `"id":"66666666-0000-0000-0000-000000000000",`, ``), "properties.id is missing"},
		"an id that is a number":  {edit(t, `"id":"66666666-0000-0000-0000-000000000000"`, `"id":7`), "properties.id must be a string"},
		"no principal":            {strings.Replace(edit(t, `"servicePrincipalId":"99999999-0000-0000-0000-00000000000A",`, ``), `"appId":"88888888-ABCD-0000-0000-000000000000",`, ``, 1), "servicePrincipalId"},
		"a time that is none":     {edit(t, `2025-10-14T07:33:50.1498978+00:00`, `yesterday`), `reading time "yesterday"`},
		"an id that is not UTF-8": {edit(t, `66666666-0000`, "\xff\xfe"), "properties.id is missing or no text"},
		"not an object":           {`7`, "expected an object"},
		"an empty object":         {`{}`, "it is empty"},
		"an error code in words":  {edit(t, `"errorCode":0`, `"errorCode":"none"`), "errorCode"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := decode(t, `{"records":[`+rich+`,`+tt.bad+`,`+rich+`]}`)
			if err != nil || len(s.events) != 2 || len(s.rejects) != 1 {
				t.Fatalf("%v: %d events, rejects %v", err, len(s.events), s.rejects)
			}
			if got := s.rejects[0]; !strings.HasPrefix(got, "1 "+tt.bad) || !strings.Contains(got, tt.want) {
				t.Errorf("rejected %q, want %q", got, tt.want)
			}
		})
	}
}

func TestADamagedMessageIsAnErrorAfterItsGoodRecords(t *testing.T) {
	message := `{"records":[` + rich + `,` + rich + `]}`
	for n := range len(message) {
		s, err := decode(t, message[:n])
		if n == 0 {
			continue
		}
		if !errors.Is(err, fault.Poison) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(s.events) > 0 && s.events[0].ID != richEvent().ID {
			t.Fatalf("cut at %d: %+v", n, s.events[0])
		}
	}
	for name, message := range map[string]string{
		"not JSON":             "hello",
		"a control character":  "{\"records\":[\x00]}",
		"no end of a string":   `{"records":[{"a":"`,
		"six hundred brackets": strings.Repeat("[", 600) + strings.Repeat("]", 600),
	} {
		if s, err := decode(t, message); err == nil && len(s.rejects) == 0 {
			t.Errorf("%s was accepted: %+v", name, s)
		}
	}
}

func TestOtherLogs(t *testing.T) {
	tests := map[string]struct {
		record string
		want   func(e event.Event) bool
	}{
		"a secret added, with its double encoding": {
			`{"time":"2026-01-02T03:04:05Z","category":"AuditLogs","tenantId":"T1","properties":{"id":"Directory_1","activityDisplayName":"Update application – Certificates and secrets management ","activityDateTime":"2026-01-02T03:04:04+00:00","result":"success",
			 "initiatedBy":{"user":null,"app":{"appId":null,"displayName":"x","servicePrincipalId":"SP1"}},"additionalDetails":[{"key":"AppId","value":"APP1"}],
			 "targetResources":[{"id":"OBJ","displayName":"billing","type":"Application","modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]","newValue":"[\"[KeyIdentifier=5,KeyType=Password]\"]"},{"displayName":"Included Updated Properties","oldValue":null,"newValue":"\"KeyDescription\""}]}]}}`,
			func(e event.Event) bool {
				p := e.Audit.Targets[0].Properties
				return e.Kind == event.KindAudit && e.Audit.Activity == "Update application - Certificates and secrets management" && e.Principal.ObjectID == "sp1" &&
					e.Audit.Additional["AppId"] == "APP1" && e.Audit.Targets[0].ID == "obj" && p[0].New == `["[KeyIdentifier=5,KeyType=Password]"]` && p[1].New == "KeyDescription" && p[1].Old == ""
			},
		},
		"a secret read by a workload": {
			`{"time":"2026-01-02T03:04:05Z","category":"AuditEvent","operationName":"SecretGet","resultType":"Success","callerIpAddress":"192.0.2.1","identity":{"claim":{"oid":"SP1","appid":"APP1","appidacr":"1"}},"properties":{"id":"https://kv1.vault.azure.net/secrets/Db/4c39","httpStatusCode":403},"resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV1"}`,
			func(e event.Event) bool {
				return e.Vault.Status == 403 && e.Vault.Object == "secrets/db" && e.Vault.Version == "4c39" && e.Vault.Vault == "kv1" && e.Principal.ObjectID == "sp1" && e.Vault.UserID == "" && len(e.ID) == 32
			},
		},
		"a secret list, by a person": {
			`{"time":"2026-01-02T03:04:05Z","category":"AuditEvent","operationName":"SecretList","identity":{"claim":{"oid":"U1","appid":"APP1","scp":"user_impersonation"}},"properties":{"requestUri":"https://kv1.vault.azure.net/secrets?api-version=7.0","httpStatusCode":200},"resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV1"}`,
			func(e event.Event) bool {
				return e.Vault.UserID == "u1" && e.Principal.ObjectID == "" && e.Vault.Object == ""
			},
		},
		"a Graph call": {
			`{"time":"2026-01-02T03:04:05Z","category":"MicrosoftGraphActivityLogs","resultSignature":"200","durationMs":"27","properties":{"requestId":"r","appId":"APP1","servicePrincipalId":"SP1","requestMethod":"GET","requestUri":"https://graph/x","signInActivityId":"tok","ipAddress":"192.0.2.1"}}`,
			func(e event.Event) bool {
				return e.Graph.Status == 200 && e.Graph.TokenID == "tok" && e.Principal.ObjectID == "sp1" && e.Caller.IsValid()
			},
		},
		"an Azure operation with a principal id without dashes": {
			`{"time":"2026-01-02T03:04:05Z","category":"Administrative","operationName":"MICROSOFT.KEYVAULT/VAULTS/WRITE","resultType":"Start","resourceId":"/SUB","identity":{"authorization":{"scope":"/Sub/x","evidence":{"principalId":"aaaaaaaabbbbccccddddeeeeeeeeeeee"}},"claims":{"appid":"A","uti":"tok"}}}`,
			func(e event.Event) bool {
				return e.Azure.Operation == "microsoft.keyvault/vaults/write" && e.Principal.ObjectID == "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" && e.Azure.Scope == "/sub/x"
			},
		},
		"a finding of Microsoft's": {
			`{"time":"3/24/2022 2:42:35 PM","category":"ServicePrincipalRiskEvents","properties":{"id":"d1","servicePrincipalId":"SP1","appId":"A","riskEventType":"leakedCredentials","riskLevel":"high","riskState":"atRisk","keyIds":["K1"]}}`,
			func(e event.Event) bool {
				return e.Risk.Type == "leakedCredentials" && e.Risk.KeyIDs[0] == "k1" && e.Principal.ObjectID == "sp1" && e.Time.Year() == 2022
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := decode(t, tt.record)
			if err != nil || len(s.events) != 1 || !tt.want(s.events[0]) {
				t.Errorf("%v %+v", err, s)
			}
		})
	}
}

func TestRecordsOfOtherCategoriesAreSkippedByName(t *testing.T) {
	s, err := decode(t, `{"records":[{"category":"kube-audit","properties":{"log":"{"}},{"category":"AuditEvent","resourceId":"/x/providers/microsoft.storage/y","time":"2026-01-02T03:04:05Z"},{"a":1}]}`)
	if err != nil || cmp.Diff([]string{"kube-audit", "AuditEvent", "unknown"}, s.skipped) != "" {
		t.Errorf("%v %+v", err, s)
	}
}

func TestActivityNames(t *testing.T) {
	for in, want := range map[string]string{
		"Update application – Certificates and secrets management ":  "Update application - Certificates and secrets management",
		"Update application – Certificates and secrets management .": "Update application - Certificates and secrets management",
		"Add  owner to application":                                  "Add owner to application",
	} {
		if got := entralog.NormalizeActivity(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2007, 1, 9, 9, 41, 0, 0, time.UTC)
	for _, s := range []string{
		"2007-01-09T09:41:00Z", "2007-01-09T09:41:00.000000000Z", "2007-01-09T09:41:00+00:00", "2007-01-09T11:41:00+02:00", "2007-01-09T09:41:00",
		"01/09/2007 09:41:00", "1/9/2007 9:41:00 AM", "1/9/2007 10:41:00 AM +01:00",
	} {
		if got, err := entralog.ParseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "yesterday", "2007-13-09T09:41:00Z", "2007-02-30T09:41:00Z", "2007-01-09T25:41:00Z"} {
		if got, err := entralog.ParseTime(s); !errors.Is(err, fault.Poison) {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

// counter counts without keeping anything.
type counter struct{ events, others int }

func (c *counter) Event(*event.Event)        { c.events++ }
func (c *counter) Skip(string)               { c.others++ }
func (c *counter) Reject(int, []byte, error) { c.others++ }

func envelope(n int) []byte {
	line := strings.Join(strings.Fields(strings.Replace(rich, `bil\u006cing`, "billing", 1)), " ")
	line = strings.NewReplacer(`okhttp\/`, "okhttp/", `"de"`, `"DE"`, "ABCD", "abcd", "AAAA", "aaaa", "00000A", "00000a").Replace(line)
	return []byte(`{"records":[` + strings.TrimSuffix(strings.Repeat(line+",", n), ",") + `]}`)
}

func TestASignInWithoutEscapesCostsNoAllocation(t *testing.T) {
	message, d, c := envelope(100), new(entralog.Decoder), new(counter)
	if n := testing.AllocsPerRun(20, func() { _ = d.Decode(message, c) }); n > 1 || c.events == 0 {
		t.Errorf("%v allocations for 100 records, %d events", n, c.events)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"records":[` + rich + `]}`))
	f.Add([]byte(rich + "," + rich))
	f.Add([]byte(`[{"category":"AuditLogs","time":"1/2/2026 3:04:05 AM","properties":"{}"}]`))
	f.Add([]byte(`{"tables":[{"name":"x","columns":[{"name":"Type"}],"rows":[["AuditLogs"]]}]}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		kept := bytes.Clone(message)
		var s sink
		err := new(entralog.Decoder).Decode(message, &s)
		if err != nil && !errors.Is(err, fault.Poison) {
			t.Errorf("error without its kind: %v", err)
		}
		if !bytes.Equal(kept, message) {
			t.Error("the message was changed")
		}
		var form struct{ Records []json.RawMessage }
		if json.Unmarshal(message, &form) == nil && bytes.HasPrefix(message, []byte(`{"records":[`)) && err == nil && flat(form.Records) && s.total() != len(form.Records) {
			t.Errorf("%d records, %d accounted for", len(form.Records), s.total())
		}
	})
}

// flat reports whether no record is itself an envelope.
func flat(records []json.RawMessage) bool {
	for _, r := range records {
		if bytes.ContainsAny(r[:1], "[") || bytes.Contains(r, []byte(`"records"`)) || bytes.Contains(r, []byte(`"value"`)) || bytes.Contains(r, []byte(`"tables"`)) || bytes.Contains(r, []byte(`\u`)) || bytes.Contains(r, []byte("@")) {
			return false
		}
	}
	return true
}

func FuzzParseTime(f *testing.F) {
	f.Add("2007-01-09T09:41:00.1234567+00:00")
	f.Add("1/9/2007 10:41:00 AM +01:00")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := entralog.ParseTime(s)
		if want, e := time.Parse(time.RFC3339Nano, s); e == nil && err == nil && !want.Equal(got) {
			t.Errorf("%q is %v, not %v", s, want, got)
		}
	})
}

func BenchmarkDecodeSignIns(b *testing.B) {
	message, d, c := envelope(100), new(entralog.Decoder), new(counter)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(message, c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.events)/b.Elapsed().Seconds(), "records/s")
}
