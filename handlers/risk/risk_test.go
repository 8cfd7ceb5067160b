package risk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/risk"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/privilege"
	"rekey/shared/score"
	"rekey/shared/store/memory"
	"rekey/shared/trail"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func api(t *testing.T, detections int) http.Handler {
	t.Helper()
	f := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	c := cases.Store{Table: &memory.Table{}}
	for i := range detections {
		p := event.Principal{ObjectID: fmt.Sprintf("sp%03d", i), AppID: "app1", Name: "billing"}
		d := detect.Detection{
			ID: fmt.Sprintf("d%03d", i), Type: detect.TypeSuspiciousSignins, Principal: p, Level: score.LevelHigh, Source: detect.SourceRekey,
			KeyIDs: []string{"k1"}, Records: []detect.Record{{ID: "r1", IPAddress: "203.0.113.9", Country: "BR"}},
			Contributions: []score.Contribution{{Name: "asn", Bits: 9, Value: "AS64511", Why: "new"}},
		}
		if _, err := f.Keep(t.Context(), d, now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := c.Keep(t.Context(), casefile.Case{ID: "c1", Principal: p, Level: score.LevelHigh, Updated: now}); err != nil {
			t.Fatal(err)
		}
	}
	return risk.New(risk.Config{Findings: f, Cases: c, Prefix: "/api", Now: func() time.Time { return now }})
}

func get(t *testing.T, h http.Handler, url string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	r.Header.Set("X-Forwarded-Host", "rekey.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v: %s", url, err, w.Body)
	}
	return w.Code, body
}

func TestADetectionHasGraphsProperties(t *testing.T) {
	status, d := get(t, api(t, 1), "/api/identityProtection/servicePrincipalRiskDetections/d000")
	if status != http.StatusOK {
		t.Fatal(status, d)
	}
	for name, want := range map[string]any{
		"id": "d000", "riskEventType": "suspiciousSignins", "riskState": "atRisk", "riskLevel": "high", "riskDetail": "none", "activity": "signin",
		"ipAddress": "203.0.113.9", "servicePrincipalId": "sp000", "servicePrincipalDisplayName": "billing", "appId": "app1",
		"detectedDateTime": "2026-11-24T03:00:00Z", "tokenIssuerType": "AzureAD", "correlationId": nil,
	} {
		if d[name] != want {
			t.Errorf("%s is %v, want %v", name, d[name], want)
		}
	}
	if info, _ := d["additionalInfo"].(string); !strings.Contains(info, `"Key":"asn"`) {
		t.Errorf("additionalInfo %q does not explain", info)
	}
}

func TestAPrincipalHasItsCaseBehindGraphsProperties(t *testing.T) {
	c := cases.Store{Table: &memory.Table{}}
	p := event.Principal{ObjectID: "sp1", AppID: "app1", Name: "billing"}
	bare := casefile.Case{ID: "c1", Principal: p, Level: score.LevelHigh, Updated: now}
	full := bare
	full.Writes = []trail.Entry{{Act: trail.CredentialAdded, Time: now, Record: "a1", Target: "app:backup", Tier: privilege.Tier0}}
	full.Prepared = []trail.Entry{{Act: trail.OwnerAdded, Time: now, Record: "a2", Actor: "user:u1"}}
	full.Linked = []casefile.Link{{Key: "app:backup", Why: "was changed by this principal", Case: "c2", Level: score.LevelLow}}
	full.Owner = &casefile.Inquiry{ID: "q1", Case: "c1", To: "team billing", Answer: casefile.NotOurs}
	for name, want := range map[string]struct {
		casefile.Case
		size  int
		owner any
	}{"bare": {bare, 0, nil}, "full": {full, 1, "notOurs"}} {
		if err := c.Keep(t.Context(), want.Case); err != nil {
			t.Fatal(err)
		}
		h := risk.New(risk.Config{Cases: c, Prefix: "/api", Now: func() time.Time { return now }})
		_, got := get(t, h, "/api/identityProtection/riskyServicePrincipals/sp1")
		for _, key := range []string{"rekeyWrites", "rekeyPrepared", "rekeyLinked"} {
			if l, ok := got[key].([]any); !ok || len(l) != want.size {
				t.Errorf("%s: %s is %v", name, key, got[key])
			}
		}
		owner, _ := got["rekeyOwner"].(map[string]any)
		if owner["answer"] != want.owner || got["riskState"] != "atRisk" || got["rekeyAnswers"] == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPagesFollowOneAnotherAndShowEverythingOnce(t *testing.T) {
	h := api(t, 25)
	for _, collection := range []string{"servicePrincipalRiskDetections", "riskyServicePrincipals"} {
		seen := map[string]bool{}
		pages := 0
		for url := "/api/identityProtection/" + collection + "?$top=10&code=s3cret"; url != ""; pages++ {
			status, body := get(t, h, url)
			if status != http.StatusOK {
				t.Fatal(status, body)
			}
			for _, v := range body["value"].([]any) {
				seen[v.(map[string]any)["id"].(string)] = true
			}
			next, _ := body["@odata.nextLink"].(string)
			if strings.Contains(next, "s3cret") {
				t.Errorf("the function key is in the next link %s", next)
			}
			url = strings.TrimPrefix(next, "https://rekey.example")
		}
		if len(seen) != 25 || pages != 3 {
			t.Errorf("%s: %d resources on %d pages", collection, len(seen), pages)
		}
	}
}

func TestWhatIsRefusedIsRefusedInGraphsForm(t *testing.T) {
	tests := map[string]struct {
		url    string
		status int
		code   string
	}{
		"an unknown detection":              {"/api/identityProtection/servicePrincipalRiskDetections/none", 404, "Request_ResourceNotFound"},
		"an unknown principal":              {"/api/identityProtection/riskyServicePrincipals/none", 404, "Request_ResourceNotFound"},
		"an unknown path":                   {"/api/identityProtection/else", 404, "Request_ResourceNotFound"},
		"a page of nothing":                 {"/api/identityProtection/riskyServicePrincipals?$top=0", 400, "Request_BadRequest"},
		"a filter, which would be ignored":  {"/api/identityProtection/riskyServicePrincipals?$filter=riskLevel%20eq%20'high'", 400, "Request_BadRequest"},
		"a token that is not of this place": {"/api/identityProtection/riskyServicePrincipals?$skiptoken=%25%25", 400, "Request_BadRequest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := get(t, api(t, 1), tt.url)
			e, _ := body["error"].(map[string]any)
			if status != tt.status || e["code"] != tt.code || e["message"] == "" {
				t.Errorf("%d %v, want %d %s", status, body, tt.status, tt.code)
			}
		})
	}
}
