package risk_test

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
	"rekey/handlers/halt"
	"rekey/handlers/orders"
	"rekey/handlers/risk"
	"rekey/shared/host/httpapi"
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
// authority. Together they call every route.
func TestEveryExampleOfTheDocumentationWorks(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	w.fill(t, 30, 3)
	w.ring(t, "sp000")
	w.authority.Portal = &entra.Portal{ClientID: audience, URI: "api://rekey", Clients: []entra.Client{{ID: "c1", ObjectID: "o1", Secret: "s3+cret", Roles: everything}}}
	var mu sync.Mutex
	var called []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		called = append(called, r.Method+" "+r.URL.Path)
		mu.Unlock()
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
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Env = append(os.Environ(), "CURL_HOME="+dir, "REKEY="+s.URL+"/api", "AUTHORITY="+w.url+"/"+tenantID, "CLIENT_ID=c1", "CLIENT_SECRET=s3+cret", "DETECTION=d00000", "PRINCIPAL=sp000")
	if out, err := cmd.CombinedOutput(); err != nil || len(blocks) < 9 {
		t.Fatalf("%d examples: %v\n%s", len(blocks), err, out)
	}
	for _, r := range append(risk.Routes(risk.Config{}), halt.Routes(orders.Desk{})...) {
		if strings.HasSuffix(r.Path, "orders/{id}") {
			r.Path = strings.Replace(r.Path, "{id}", "order-of-the-answer", 1)
			called = replaced(called, "/api/remediations/orders/", "order-of-the-answer")
		}
		path := strings.NewReplacer("servicePrincipalRiskDetections/{id}", "servicePrincipalRiskDetections/d00000", "{id}", "sp000").Replace(r.Path)
		if !slices.Contains(called, r.Method+" /api"+path) {
			t.Errorf("no example calls %s %s", r.Method, r.Path)
		}
	}
}

// replaced gives what follows a path's beginning another name: an order's id is its own.
func replaced(called []string, begin, name string) []string {
	out := slices.Clone(called)
	for i, c := range out {
		if head, _, ok := strings.Cut(c, begin); ok {
			out[i] = head + begin + name
		}
	}
	return out
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
	for _, r := range append(risk.Routes(risk.Config{}), halt.Routes(orders.Desk{})...) {
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
