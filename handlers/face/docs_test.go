package face_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/deploy/local/entra"
	"rekey/handlers/access"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/host/httpapi"
	"rekey/shared/score"
)

func apiDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every example of the documentation is run by a shell, one after the other, with curl, against the API and the local
// authority. Together they call every route but those of policies, which have a page of their own.
func TestEveryExampleOfTheDocumentationWorks(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	for i := range 3 {
		w.find(fmt.Sprintf("d%05d", i), fmt.Sprintf("sp%03d", i))
	}
	w.ended()
	roles := []string{"IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All", "Rekey.Remediation.ReadWrite.All"}
	w.authority.Portal = &entra.Portal{ClientID: audience, URI: "api://rekey", Clients: []entra.Client{{ID: "c1", ObjectID: "o1", Secret: "s3+cret", Roles: roles}}}
	var mu sync.Mutex
	var called []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		called = append(called, r.Method+" "+r.URL.Path)
		w.api.ServeHTTP(rw, r)
	}))
	defer s.Close()
	dir := t.TempDir()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}) // httptest's servers share it
	for name, text := range map[string]string{"ca.pem": string(cert), ".curlrc": "fail-with-body\nshow-error\ncacert = \"" + filepath.Join(dir, "ca.pem") + "\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(apiDoc(t), -1)
	script := "set -e\n"
	for _, b := range blocks {
		script += b[1] + "\necho\n"
	}
	person := w.user(ann, everyScope, httpapi.SecurityAdministrator)
	person["exp"] = w.now.Add(time.Hour).Unix()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CURL_HOME="+dir, "REKEY="+s.URL+"/api", "AUTHORITY="+w.url+"/"+tenantID, "CLIENT_ID=c1", "CLIENT_SECRET=s3+cret", "DETECTION=d00000", "PRINCIPAL=sp000",
		"APP=app-sp001", "PERSON="+w.token(person), "ENDED=op-ended")
	out, err := cmd.CombinedOutput()
	if err != nil || len(blocks) < 20 {
		t.Fatalf("%d examples: %v\n%s\n%s", len(blocks), err, out, strings.Join(called, "\n"))
	}
	for _, want := range []string{`"statusDetail":"approved; it is carried out now"`, "comes back:       federated credential", `"state":"awaitingApproval"`, "Operation op-", `"openapi":"3.1.0"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the examples do not show %s", want)
		}
	}
	for _, r := range routes() {
		if strings.HasPrefix(r.Path, "/identity/") {
			continue
		}
		form := regexp.MustCompile("^" + r.Method + " /api" + strings.ReplaceAll(regexp.QuoteMeta(r.Path), `\{id\}`, "[^/]+") + "$")
		if !slices.ContainsFunc(called, form.MatchString) {
			t.Errorf("no example calls %s %s", r.Method, r.Path)
		}
	}
}

// find keeps a detection and lets triage look at it.
func (w *world) find(id, principal string) {
	w.t.Helper()
	d := detect.Detection{
		ID: id, Type: detect.TypeSuspiciousSignins, Principal: event.Principal{ObjectID: principal, AppID: "app-" + principal, Name: w.name}, Tenant: tenantID, Level: score.LevelHigh,
		Source: detect.SourceRekey, Bits: 9, KeyIDs: []string{"secret1"}, First: w.now.Add(-time.Hour), Last: w.now.Add(-time.Hour),
		Records:       []detect.Record{{ID: "r" + id, IPAddress: "203.0.113.9", Country: "BR"}},
		Contributions: []score.Contribution{{Name: "asn", Bits: 9, Value: "AS64511", Why: "new"}},
	}
	_, err := w.face.Findings.Keep(w.t.Context(), d, w.now)
	w.must(err)
	w.must(triageBell{w}.Ring(w.t.Context(), principal))
}

func TestTheTablesOfPermissionsAreTheCodes(t *testing.T) {
	doc := apiDoc(t)
	row := func(what string, p httpapi.Permission) string {
		var names, roles []string
		for _, set := range p.AnyOf {
			for _, n := range set {
				names = append(names, "`"+n+"`")
			}
		}
		for _, r := range p.Roles {
			roles = append(roles, httpapi.RoleName(r))
		}
		return fmt.Sprintf("| %s | %s | %s |\n", what, strings.Join(names, ", "), strings.Join(roles, ", "))
	}
	for _, r := range routes() {
		if strings.HasPrefix(r.Path, "/identity/") {
			continue
		}
		if want := row("`"+r.Method+" "+r.Path+"`", r.Permission); !strings.Contains(doc, want) {
			t.Errorf("docs/api.md lacks %s", want)
		}
	}
	for _, p := range []httpapi.Permission{access.ReadPolicies, access.WritePolicies, access.Act} {
		if want := row(p.Name, p); !strings.Contains(doc, want) {
			t.Errorf("docs/api.md lacks %s", want)
		}
	}
}
