package face_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/deploy/logicapps/engine"
	"rekey/handlers/face"
	"rekey/handlers/notices"
	"rekey/handlers/subscriptions"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

// flow is a workflow of deploy/logicapps over the whole outside face, with the functions publish and deliver behind it. Third
// parties are recorded.
type flow struct {
	*world
	*engine.Workflow
	published, delivered *memory.Bell
	publish              *notices.Notices
	deliver              *subscriptions.Deliverer
	owners               string          // what Graph says
	answers              map[string]any  // of connectors, by path
	calls                []engine.Call   // of connectors but Rekey's own
	slept                []time.Duration // between polls and tries
	stuck                bool            // locks are not changed
	refuse               []int           // statuses that the API answers before it works
	mu                   sync.Mutex
	seen                 []string // what was asked of the API, and said by it
}

func newFlow(t *testing.T, name string, values map[string]any) *flow {
	t.Helper()
	f := &flow{world: newWorld(t), published: &memory.Bell{}, delivered: &memory.Bell{}, owners: `{"value":[]}`, answers: map[string]any{}}
	f.face.Operations.Publish, f.face.Deliver = f.published, f.delivered
	f.api = httpapi.New(httpapi.Config{
		Prefix: "/api", Now: f.face.Now, Routes: face.Routes(f.face),
		Verifier: httpapi.NewVerifier(httpapi.TokenConfig{Tenant: tenantID, Audiences: []string{audience, "api://rekey"}, Authority: f.url, Client: f.client(), Now: f.face.Now}),
	})
	s := httptest.NewTLSServer(f)
	t.Cleanup(s.Close)
	all := map[string]any{
		"rekeyUrl": s.URL + "/api", "rekeyAudience": "api://rekey", "graphUrl": s.URL + "/graph", "teamId": "team1", "channelId": "channel1", "approver": "ann@contoso.com",
		"securityMail": "security@contoso.com",
	}
	for k, v := range values {
		all[k] = v
	}
	token := func(string) string {
		return f.token(f.claims("IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.Read.All", "Rekey.Remediation.ReadWrite.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"))
	}
	var err error
	f.Workflow, err = engine.Load(filepath.Join("..", "..", "deploy", "logicapps", name+".json"), all, engine.Config{
		Client: s.Client(), Token: token, Pause: func(d time.Duration) { f.slept = append(f.slept, d); f.turn() }, Idle: f.turn, Connector: f.connector(s.URL + "/api"),
	})
	f.must(err)
	t.Cleanup(f.Close)
	f.publish = notices.New(notices.Config{
		Tenant: tenantID, Findings: f.face.Findings, Operations: f.face.Operations, Rotations: f.face.Rotations, Noted: &memory.Table{}, Publish: f.published, Now: f.face.Now,
		Sinks: func(context.Context) ([]notices.Sink, error) {
			return []notices.Sink{&subscriptions.Sink{Store: f.face.Subscriptions, Bell: f.delivered, Now: f.face.Now}}, nil
		},
	})
	f.deliver = subscriptions.New(subscriptions.Config{
		Store: f.face.Subscriptions, Hosts: f.face.CallbackHosts, Transport: f.Callbacks(), Moves: f.publish.Moves, Bell: f.delivered, Owner: "one", Now: f.face.Now,
	})
	return f
}

// client trusts the authority, as every test server of this process.
func (f *flow) client() *http.Client {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	return s.Client()
}

// ServeHTTP is Graph, and Rekey's API, which refuses at first when it is told to.
func (f *flow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/graph/") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(f.owners))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.refuse) > 0 {
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(f.refuse[0])
		f.refuse = f.refuse[1:]
		return
	}
	rec := httptest.NewRecorder()
	f.api.ServeHTTP(rec, r)
	f.t.Log(r.Method, r.URL.Path, rec.Code, rec.Body.String()[:min(rec.Body.Len(), 300)])
	f.seen = append(f.seen, r.Method+" "+r.URL.Path+" "+http.StatusText(rec.Code), rec.Body.String())
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// connector answers as the third parties do. Rekey's own connector is called for real, as the person who signed in to it.
func (f *flow) connector(base string) func(engine.Call) engine.Response {
	return func(c engine.Call) engine.Response {
		if c.Connection == "rekey" {
			out, err := f.Follow(base, f.as(ann), c)
			f.must(err)
			return out
		}
		f.calls = append(f.calls, c)
		return engine.Response{Status: http.StatusOK, Body: f.answers[c.Path]}
	}
}

// turn carries out what was ordered, and tells and delivers what there is.
func (f *flow) turn() {
	f.now = f.now.Add(time.Second)
	f.carryOut()
	f.must(f.publish.Missed(f.t.Context()))
	for _, subject := range f.published.Rung() {
		f.must(f.publish.Handle(f.t.Context(), funchost.Message{Text: subject}))
	}
	for _, id := range f.delivered.Rung() {
		f.must(f.deliver.Handle(f.t.Context(), funchost.Message{Text: id}))
	}
	for _, id := range f.evict.Rung() { // the locks are changed
		if f.stuck {
			continue
		}
		_, err := f.face.Operations.Change(f.t.Context(), id, func(o *remedy.Operation) error {
			o.State, o.Updated, o.Reason = remedy.StateWatching, f.now, "the locks are changed"
			return nil
		})
		f.must(err)
	}
}

// ran runs the workflow once for every call of its trigger, and fails for what failed in it.
func (f *flow) ran() []*engine.Run {
	f.t.Helper()
	var out []*engine.Run
	for range 5 {
		f.turn()
	}
	for {
		r, ok := f.Next()
		if !ok {
			return out
		}
		if len(out) == 20 {
			f.t.Fatal("the workflow answers itself without end")
		}
		for _, err := range r.Errors {
			f.t.Error(err)
		}
		out = append(out, r)
	}
}

var golden = flag.Bool("golden", false, "write the calls of workflows to third parties anew")

// same compares the calls to third parties with those that were looked at.
func (f *flow) same(name string) {
	f.t.Helper()
	b, err := json.MarshalIndent(f.calls, "", "  ")
	f.must(err)
	got := strings.ReplaceAll(string(b), f.Secret(), "SIG")
	for _, host := range strings.Split(got, "https://127.0.0.1:")[1:] {
		port, _, _ := strings.Cut(host, "/")
		got = strings.ReplaceAll(got, "https://127.0.0.1:"+port, "https://callback")
	}
	path := filepath.Join("testdata", "workflow-"+name+".json")
	if *golden {
		f.must(os.MkdirAll("testdata", 0o750))
		f.must(os.WriteFile(path, []byte(got+"\n"), 0o600))
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got+"\n" {
		f.t.Errorf("the calls are not those of %s (%v):\n%s", path, err, got)
	}
	f.noSecret()
}

// noSecret looks for the callback's signature in what the API said.
func (f *flow) noSecret() {
	f.t.Helper()
	for _, s := range f.seen {
		if strings.Contains(s, f.Secret()) {
			f.t.Errorf("the API tells the signature of a callback: %s", s)
		}
	}
}

func (f *flow) asks(what string) bool { return strings.Contains(strings.Join(f.seen, "\n"), what) }

func TestTheWorkflowThatNotifiesTellsDetectionsAndStates(t *testing.T) {
	f := newFlow(t, "notify", nil)
	f.refuse = []int{429, 503} // the engine tries again
	f.must(f.SwitchOn())
	if len(f.slept) != 2 || f.slept[0] != 9*time.Second {
		t.Errorf("slept %v", f.slept)
	}
	f.find("d1", "sp1")
	f.turn()
	f.ordered(f.as(ann), "/remediations", `{"servicePrincipalId":"sp1","mode":"approve","reason":"a drill"}`, "Idempotency-Key", "drill")
	if n := len(f.ran()); n != 3 { // what was found, that somebody asked, and that it awaits people
		t.Errorf("%d runs", n)
	}
	f.same("notify")
	f.must(f.SwitchOff())
	f.must(f.SwitchOff())
	f.calls = nil
	f.find("d2", "sp2")
	if n := len(f.ran()); n != 0 || len(f.calls) != 0 {
		t.Errorf("after it was switched off, %d runs", n)
	}
}

func TestTheWorkflowThatApprovesSaysYesByHashAndWaitsForTheEnd(t *testing.T) {
	f := newFlow(t, "approve", nil)
	f.must(f.SwitchOn())
	f.find("d1", "sp1")
	path := f.asked("sp1", "approve")
	f.answers["/approvalmail/$subscriptions"] = map[string]any{"SelectedOption": "Approve"}
	f.late = true // orders take a while: 202, and polls
	f.slept = nil
	runs := f.ran()
	if len(runs) != 1 || runs[0].Status["Tell_the_end"] != engine.Succeeded {
		t.Fatalf("%+v", runs)
	}
	if len(f.slept) == 0 || f.slept[0] != 2*time.Second {
		t.Errorf("polled after %v", f.slept)
	}
	if a := f.do(f.as(ann), "GET", path, ""); a.text("state") != "watching" {
		t.Errorf("%s", a.raw)
	}
	f.same("approve")
}

func TestTheWorkflowThatApprovesSaysNo(t *testing.T) {
	f := newFlow(t, "approve", nil)
	f.must(f.SwitchOn())
	f.find("d1", "sp1")
	path := f.asked("sp1", "approve")
	f.answers["/approvalmail/$subscriptions"] = map[string]any{"SelectedOption": "Reject"}
	if runs := f.ran(); len(runs) != 1 || runs[0].Status["Reject"] != engine.Succeeded || runs[0].Status["Approve"] != "" || runs[0].Status["Tell_that_the_no_did_not_count"] != "" {
		t.Fatalf("%+v", runs)
	}
	if a := f.do(f.as(ann), "GET", path, ""); a.text("state") != "rejected" {
		t.Errorf("%s", a.raw)
	}
}

func TestTheWorkflowThatApprovesTellsAYesThatDidNotCount(t *testing.T) {
	f := newFlow(t, "approve", nil)
	f.approvals = false // as long as nobody set REKEY_HTTP_APPROVALS
	f.must(f.SwitchOn())
	f.find("d1", "sp1")
	path := f.asked("sp1", "approve")
	f.answers["/approvalmail/$subscriptions"] = map[string]any{"SelectedOption": "Approve"}
	runs := f.ran()
	if len(runs) != 1 || runs[0].Status["Tell_that_the_yes_did_not_count"] != engine.Succeeded || runs[0].Status["Wait_for_the_end"] != "" {
		t.Fatalf("%+v", runs)
	}
	if text := f.message(); !strings.Contains(text, "REKEY_HTTP_APPROVALS") {
		t.Errorf("told %s", text)
	}
	if a := f.do(f.as(ann), "GET", path, ""); a.text("state") != "awaitingApproval" {
		t.Errorf("%s", a.raw)
	}
}

func TestTheWorkflowThatApprovesTellsThatNothingCameOfIt(t *testing.T) {
	f := newFlow(t, "approve", nil)
	f.stuck = true
	f.must(f.SwitchOn())
	f.find("d1", "sp1")
	f.asked("sp1", "approve")
	f.answers["/approvalmail/$subscriptions"] = map[string]any{"SelectedOption": "Approve"}
	f.turn()
	r, ok := f.Next()
	if !ok || r.Status["Wait_for_the_end"] != engine.Failed || r.Status["Tell_the_end"] != engine.Skipped || !strings.Contains(f.message(), "not ended") {
		t.Fatalf("%+v", r)
	}
	if !f.asks("POST /api/subscriptions/unsubscribe No Content") {
		t.Error("it is still subscribed")
	}
}

func TestTheWorkflowThatAsksTheOwnerTellsWhenThereIsNoPlan(t *testing.T) {
	f := newFlow(t, "ask-owner", nil)
	f.answers["/mailwithoptions/$subscriptions"] = map[string]any{"SelectedOption": "It was not us"}
	f.must(f.SwitchOn())
	f.find("d1", "nobody") // who cannot be looked up
	if runs := f.ran(); len(runs) != 1 || runs[0].Status["Tell_that_there_is_no_plan"] != engine.Succeeded {
		t.Fatalf("%+v", runs)
	}
}

// message is the last one to a channel.
func (f *flow) message() string {
	body, _ := f.calls[len(f.calls)-1].Body.(map[string]any)
	text, _ := body["messageBody"].(string)
	return text
}

func TestTheWorkflowThatAsksTheOwnerTellsTheAnswerAndANoMakesAPlan(t *testing.T) {
	for name, tt := range map[string]struct {
		owners, answer, to string
		plan               bool
	}{
		"a no":     {`{"value":[{"mail":"olga@contoso.com"},{"mail":null},{"mail":"otto@contoso.com"}]}`, "It was not us", "olga@contoso.com;otto@contoso.com", true},
		"a yes":    {`{"value":[]}`, "It was us", "security@contoso.com", false},
		"no owner": {`{"error":{"code":"Request_ResourceNotFound"}}`, "I do not know", "security@contoso.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t, "ask-owner", nil)
			f.owners, f.answers["/mailwithoptions/$subscriptions"] = tt.owners, map[string]any{"SelectedOption": tt.answer}
			f.must(f.SwitchOn())
			f.find("d1", "sp1")
			f.ran()
			if to := f.calls[0].Body.(map[string]any)["Message"].(map[string]any)["To"]; to != tt.to {
				t.Errorf("asked %v", to)
			}
			if f.asks("POST /api/remediations Accepted") != tt.plan {
				t.Errorf("%v", f.seen)
			}
			if tt.plan {
				f.same("ask-owner")
			}
		})
	}
}

func TestTheWorkflowThatBlocksOrdersAPolicyAndTellsWhatCameOfIt(t *testing.T) {
	f := newFlow(t, "block", nil)
	f.must(f.SwitchOn())
	f.find("d1", "11111111-0000-4000-8000-000000000001")
	runs := f.ran()
	if len(runs) != 1 || !f.asks("POST /api/identity/conditionalAccess/policies Accepted") || !f.asks("GET /api/identity/conditionalAccess/orders/") {
		t.Errorf("%+v %v", runs, f.seen)
	}
	f.same("block")
}

func TestTheWorkflowThatOpensATicketTellsThePlan(t *testing.T) {
	f := newFlow(t, "ticket", nil)
	f.must(f.SwitchOn())
	f.find("d1", "sp1")
	f.asked("sp1", "approve")
	if n := len(f.ran()); n != 1 {
		t.Errorf("%d runs", n)
	}
	f.same("ticket")
}

// Whoever makes an application chooses its name, and messages are HTML.
func TestNamesThatAnIntruderChoseAreTextInEveryMessage(t *testing.T) {
	for _, name := range []string{"notify", "approve", "ask-owner", "block"} {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t, name, nil)
			f.answers["/approvalmail/$subscriptions"] = map[string]any{"SelectedOption": "Approve"}
			f.answers["/mailwithoptions/$subscriptions"] = map[string]any{"SelectedOption": "It was not us"}
			f.name = "<img src=x>&amp;"
			f.must(f.SwitchOn())
			const id = "11111111-0000-4000-8000-000000000001"
			f.find("d1", id)
			if name == "approve" {
				f.asked(id, "approve")
			}
			f.ran()
			escaped := 0
			for _, c := range f.calls {
				body := c.Body.(map[string]any)
				html := fmt.Sprint(body["messageBody"])
				if m, ok := body["Message"].(map[string]any); ok {
					html = fmt.Sprint(m["Body"])
				}
				if strings.Contains(html, "<img") {
					t.Errorf("%s", html)
				}
				if strings.Contains(html, "&lt;img src=x>&amp;amp;") {
					escaped++
				}
			}
			if escaped == 0 {
				t.Errorf("the name is nowhere: %v", f.calls)
			}
		})
	}
}

func TestAWorkflowThatWasDeletedEndsItsSubscription(t *testing.T) {
	f := newFlow(t, "ticket", nil)
	f.must(f.SwitchOn())
	f.Delete()
	f.find("d1", "sp1")
	f.asked("sp1", "approve")
	f.ran()
	a := f.do(f.token(f.claims("IdentityRiskEvent.Read.All", "IdentityRiskyServicePrincipal.Read.All")), "GET", "/subscriptions", "")
	if !strings.Contains(a.raw, `"status":"ended"`) || !strings.Contains(a.raw, "404") || strings.Contains(a.raw, f.Secret()) {
		t.Errorf("%s", a.raw)
	}
}
