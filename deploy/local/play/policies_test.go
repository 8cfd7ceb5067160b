package play_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/shared/policy"
)

// A person orders the policy at a terminal, the respond app carries it out, and the face shows it and refuses a change by
// a key alone: nobody knows who asks.
func TestAPolicyIsOrderedAtATerminalMadeByRespondAndShownByTheFace(t *testing.T) {
	th := open(t, play.Config{Days: 1}, func(*stack.Config) {})
	d := th.stack.Cloud.Directory
	if err := play.Seed(d, th.tenant); err != nil {
		t.Fatal(err)
	}
	victim, _ := d.Get(directory.ServicePrincipals, th.tenant.Victim.ObjectID)
	victim.Risk = &directory.Risk{Level: "high", State: "atRisk", Detail: "none"}
	self := directory.Object{ID: stack.ObjectID, AppID: stack.Identity, DisplayName: "rekey-respond", ServicePrincipalType: "ManagedIdentity", AccountEnabled: true}
	if err := d.Seed(directory.ServicePrincipals, victim, self); err != nil {
		t.Fatal(err)
	}
	mission, err := os.ReadFile(filepath.Join(root(t), "shared", "policy", "testdata", "mission.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "policy.json")
	body := strings.Replace(string(mission), "784b3082-c56d-48ed-8c2b-588aa9543e66", victim.ID, 1)
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	rekey := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), filepath.Join(root(t), "dist", "respond", "rekey"), append([]string{"policy"}, args...)...)
		c.Env = append(os.Environ(), "REKEY_STATE_CONNECTION_STRING="+th.stack.Azurite.ConnectionString())
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("rekey policy %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	start := time.Now()
	said := rekey("create", "--reason", "incident 7", file)
	m := regexp.MustCompile(`policy: (\S+)`).FindStringSubmatch(said)
	if m == nil || !strings.Contains(said, "succeeded") {
		t.Fatal(said)
	}
	t.Logf("made in %s", time.Since(start).Round(time.Millisecond))
	stored, ok := d.Get(directory.AccessPolicies, m[1])
	if !ok {
		t.Fatalf("Graph has no policy %s", m[1])
	}
	p, err := policy.Stored(stored.Document)
	if err != nil || len(p.Exclude) != 1 || p.Exclude[0] != stack.ObjectID || p.Include[0] != victim.ID {
		t.Errorf("%+v %v", p, err)
	}

	base := th.stack.FaceURL + "/api/identity/conditionalAccess/policies"
	status, answer := th.ask(t, stack.Reader, http.MethodGet, base+"/"+m[1], "")
	if status != http.StatusOK || answer["state"] != "disabled" || answer["id"] != m[1] {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := th.ask(t, stack.Reader, http.MethodPost, base, body); status != http.StatusForbidden {
		t.Errorf("a reader ordered a policy: %d %v", status, answer)
	}
	if status, _ := th.ask(t, stack.Reader, http.MethodGet, th.stack.FaceURL+"/api/identityProtection/riskyServicePrincipals", ""); status != http.StatusOK {
		t.Errorf("the risk API beside it answers %d", status)
	}
	if said := rekey("remove", m[1]); !strings.Contains(said, "removed the policy") {
		t.Error(said)
	}
	if _, ok := d.Get(directory.AccessPolicies, m[1]); ok {
		t.Error("the policy is still there")
	}
}

// ask sends a request to the face as a person.
func (th *theatre) ask(t *testing.T, person, method, url, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	token, err := th.stack.Token(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s: %v: %s", url, err, raw)
	}
	return resp.StatusCode, out
}
