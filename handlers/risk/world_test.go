package risk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/risk"
	"rekey/handlers/suspects"
	"rekey/handlers/triage"
	"rekey/handlers/verdicts"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/store/memory"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	audience = "22222222-2222-3333-4444-555555555555"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is the API over a store in memory, with the real triage behind it and the local authority in front.
type world struct {
	findings  findings.Store
	cases     cases.Store
	verdicts  verdicts.Store
	suspects  suspects.Store
	bell      *memory.Bell
	authority *entra.Server
	url       string // of the authority
	now       time.Time
	api       http.Handler
	triage    *triage.Triage
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d, err := directory.New(tenantID, "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, cases: cases.Store{Table: &memory.Table{}, Index: &memory.Table{}},
		verdicts: verdicts.Store{Table: &memory.Table{}}, suspects: suspects.Store{Table: &memory.Table{}}, bell: &memory.Bell{}, now: now,
	}
	if w.authority, err = entra.New(d, "header"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(w.authority.Authority())
	t.Cleanup(s.Close)
	w.url = s.URL
	clock := func() time.Time { return w.now }
	w.api = httpapi.New(httpapi.Config{
		Prefix: "/api", Now: clock,
		Verifier: httpapi.NewVerifier(httpapi.TokenConfig{Tenant: tenantID, Audiences: []string{audience, "api://rekey"}, Authority: s.URL, Client: s.Client(), Now: clock}),
		Routes:   risk.Routes(risk.Config{Findings: w.findings, Cases: w.cases, Verdicts: w.verdicts, Triage: w.bell, Prefix: "/api", Now: clock}),
	})
	w.triage = triage.New(triage.Config{
		Principals: principals.Store{Table: &memory.Table{}}, Findings: w.findings, Cases: w.cases, Suspects: w.suspects, Verdicts: w.verdicts,
		Operations: operations.Store{Table: &memory.Table{}}, Brakes: triage.Brakes{Switches: &memory.Table{}, Policy: decide.Policy{Tenant: tenantID}}, Inventory: inventory,
		Evict: &memory.Bell{}, Now: clock,
	})
	return w
}

func inventory(_ context.Context, p event.Principal) (remedy.Inventory, error) {
	return remedy.Inventory{Tenant: tenantID, Principals: []remedy.Object{{Kind: remedy.KindServicePrincipal, ID: p.ObjectID, AppID: "app-" + p.ObjectID, Name: "billing", Type: "Application", Enabled: true}}}, nil
}

// claims are those of an application with app roles.
func (w *world) claims(roles ...string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": w.url + "/" + tenantID + "/v2.0", "aud": audience, "ver": "2.0", "tid": tenantID, "oid": "o1", "sub": "o1", "azp": "c1",
		"nbf": now.AddDate(-10, 0, 0).Unix(), "exp": now.AddDate(1, 0, 0).Unix(), "roles": roles,
	}
}

func (w *world) token(t testing.TB, c jwt.MapClaims) string {
	t.Helper()
	s, err := w.authority.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything are the roles that open the whole outside face.
var everything = []string{"IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All", "Rekey.Remediation.ReadWrite.All"}

// call is one request; answer is what came of it.
type call struct {
	method, url, body string
	token             string // "": one that opens everything
	header            map[string]string
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

func (w *world) call(t testing.TB, c call) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), c.method, strings.ReplaceAll(c.url, " ", "%20"), strings.NewReader(c.body))
	r.Header.Set("X-Forwarded-Host", "rekey.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token == "" {
		c.token = w.token(t, w.claims(everything...))
	}
	if c.token != "none" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.Bytes()}
	if len(a.raw) > 0 {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			t.Fatalf("%s: %v: %s", c.url, err, a.raw)
		}
	}
	return a
}

const (
	detectionsURL = "/api/identityProtection/servicePrincipalRiskDetections"
	principalsURL = "/api/identityProtection/riskyServicePrincipals"
)

// get reads and expects success.
func (w *world) get(t testing.TB, url string) map[string]any {
	t.Helper()
	a := w.call(t, call{method: "GET", url: url})
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", url, a.status, a.raw)
	}
	return a.body
}

// pages follows the links of a list as they are and returns the ids on each page; between is called before each link.
func (w *world) pages(t testing.TB, url string, between func()) [][]string {
	t.Helper()
	var out [][]string
	for url != "" {
		body := w.get(t, url)
		var ids []string
		for _, v := range body["value"].([]any) {
			ids = append(ids, v.(map[string]any)["id"].(string))
		}
		out = append(out, ids)
		next, _ := body["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, "https://rekey.example/api/") {
			t.Fatalf("the next link is %s", next)
		}
		url = strings.TrimPrefix(next, "https://rekey.example")
		if between != nil {
			between()
		}
	}
	return out
}

// say posts a verdict and lets triage carry it out.
func (w *world) say(t testing.TB, kind string, ids ...string) {
	t.Helper()
	b, err := json.Marshal(map[string]any{"servicePrincipalIds": ids})
	if err != nil {
		t.Fatal(err)
	}
	rung := len(w.bell.Rung())
	if a := w.call(t, call{method: "POST", url: principalsURL + "/" + kind, body: string(b)}); a.status != http.StatusNoContent || len(bytes.TrimSpace(a.raw)) > 0 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	w.now = w.now.Add(time.Millisecond)
	for _, key := range w.bell.Rung()[rung:] {
		w.ring(t, key)
	}
}

func (w *world) ring(t testing.TB, key string) {
	t.Helper()
	if err := w.triage.Handle(t.Context(), funchost.Message{Text: key}); err != nil {
		t.Fatal(err)
	}
}

// found is detection i of principal i%principals, one second after the one before.
func found(i, principals int) detect.Detection {
	p := fmt.Sprintf("sp%03d", i%principals)
	d := detect.Detection{
		ID: fmt.Sprintf("d%05d", i), Type: detect.TypeSuspiciousSignins, Principal: event.Principal{ObjectID: p, AppID: "app-" + p, Name: "billing"}, Tenant: tenantID,
		Level: []score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh}[i/principals%3], Source: detect.SourceRekey, Bits: 9, KeyIDs: []string{"k1"},
		First: now.Add(-time.Hour), Last: now.Add(-time.Hour), Records: []detect.Record{{ID: fmt.Sprint("r", i), IPAddress: "203.0.113.9", Country: "BR"}},
		Contributions: []score.Contribution{{Name: "asn", Bits: 9, Value: "AS64511", Why: "new"}},
	}
	if i%7 == 0 {
		d.Type = "leakedCredentials"
	}
	return d
}

func (w *world) keep(t testing.TB, d detect.Detection, at time.Time) {
	t.Helper()
	if _, err := w.findings.Keep(t.Context(), d, at); err != nil {
		t.Fatal(err)
	}
}

// fill keeps n detections.
func (w *world) fill(t testing.TB, n, principals int) {
	t.Helper()
	for i := range n {
		w.keep(t, found(i, principals), now.Add(time.Duration(i-n)*time.Second))
	}
}
