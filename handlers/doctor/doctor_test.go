package doctor_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	local "rekey/deploy/local/graph"
	"rekey/handlers/doctor"
	"rekey/handlers/setup"
	"rekey/handlers/switches"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/deadletter"
	"rekey/shared/ledger"
	"rekey/shared/store"
)

// bad are the findings that are not ok, a line each: level, id and what it says.
func bad(r doctor.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Level != doctor.OK {
			out = append(out, fmt.Sprintf("%s %s: %s", f.Level, f.ID, f.Text))
		}
	}
	return out
}

func TestAHealthyDeploymentIsFoundHealthyAndNothingIsChanged(t *testing.T) {
	w := newWorld(t)
	changes := len(w.Directory.Changes())
	r := doctor.New(w.config()).Look(t.Context())
	if got := bad(r); len(got) > 0 || r.Failed() {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	seen := map[string]int{}
	for _, f := range r.Findings {
		seen[f.ID]++
	}
	for id, want := range map[string]int{
		"clock": 2, "permissions": 1, "permissions-note": 3, "api": 1, "diagnostics": 1, "conditional-access": 1, "licence-entra": 1, "licence-workload": 1, "storage": 1, "stream": 9, "network-table": 1,
		"dead-letters": 1, "poison": 1, "kill-switch": 1, "ledger": 1, "operations": 1, "mode": 1,
	} {
		if seen[id] != want {
			t.Errorf("%s was found %d times, want %d", id, seen[id], want)
		}
	}
	if len(w.Directory.Changes()) != changes {
		t.Error("something was changed")
	}
	var out strings.Builder
	r.Text(&out)
	for _, secret := range []string{"AccountKey", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq", "eyJ"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is printed", secret)
		}
	}
}

func TestEachFaultIsFoundWithItsIdAndWhatToDo(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		inject func(*world, *doctor.Config)
		want   []string // all that is not ok: what each begins with
	}{
		"a clock that is slow": {func(_ *world, c *doctor.Config) {
			s := httptest.NewServer(late(7*time.Minute + 30*time.Second))
			t.Cleanup(s.Close)
			c.GraphURL, c.HTTP = s.URL, s.Client()
		}, []string{"FAIL clock-wrong: this machine's clock is -7m"}},
		"a clock that nobody tells": {func(_ *world, c *doctor.Config) { c.GraphURL = "http://127.0.0.1:1" }, []string{"warn clock-unknown: the clock of Microsoft Graph cannot be read: no answer"}},
		"a permission that was taken": {func(w *world, _ *doctor.Config) {
			must(w.Directory.Update(directory.ServicePrincipals, respond, "x", "take", func(o *directory.Object) error {
				o.AppRoles = slices.DeleteFunc(o.AppRoles, func(a directory.AppRoleAssignment) bool {
					return a.AppRoleID == setup.PermissionID("graph/Policy.Read.All")
				})
				return nil
			}))
		}, []string{"FAIL permissions-missing: not done: give Policy.Read.All to respond"}},
		"a permission too many": {func(w *world, _ *doctor.Config) {
			must(w.Directory.Update(directory.ServicePrincipals, respond, "x", "give", func(o *directory.Object) error {
				o.AppRoles = append(o.AppRoles, directory.AppRoleAssignment{ID: "y", AppRoleID: setup.PermissionID("graph/IdentityRiskEvent.Read.All"), ResourceID: resource})
				return nil
			}))
		}, []string{"warn permissions-odd: respond holds IdentityRiskEvent.Read.All, which it does not need"}},
		"an API that is gone": {func(w *world, _ *doctor.Config) {
			for _, o := range w.Directory.View(time.Time{}).List(directory.Applications) {
				must(w.Directory.Remove(directory.Applications, o.ID, "x", "remove"))
			}
		}, []string{"FAIL api-missing: not done: register the API", "FAIL api-missing: not done: set the identifier URI", "FAIL api-missing: not done: make the API's service principal"}},
		"an API whose principal is disabled": {func(w *world, _ *doctor.Config) {
			for _, o := range w.Directory.View(time.Time{}).List(directory.ServicePrincipals) {
				if o.DisplayName == "Rekey" {
					must(w.Directory.Update(directory.ServicePrincipals, o.ID, "x", "disable", func(o *directory.Object) error { o.AccountEnabled = false; return nil }))
				}
			}
		}, []string{"warn api-odd: the service principal"}},
		"Entra's logs have no room": {func(w *world, c *doctor.Config) {
			c.Setup = w.setup()
			c.Setup.Hubs["signins"] = []string{"SignInLogs"}
			for _, name := range []string{"a", "b", "c", "d"} {
				must(c.Setup.ARM.PutEntraDiagnostics(t.Context(), azarm.EntraSetting{Name: name, HubRule: strings.Replace(rule, "namespaces/rekey", "namespaces/"+name, 1), Hub: "x", Categories: []string{"SignInLogs"}}))
			}
		}, []string{"FAIL diagnostics-missing: not done: planning Entra's diagnostic settings: the tenant has 5"}},
		"a log of Entra goes elsewhere": {func(w *world, c *doctor.Config) {
			c.Setup = w.setup()
			c.Setup.Hubs = map[string][]string{"audit": {"AuditLogs"}}
		}, []string{"FAIL diagnostics-missing: not done: planning Entra's diagnostic settings: rekey-auditlogs sends AuditLogs to hub auditlogs of the same namespace"}},
		"settings of Entra that may not be read": {func(w *world, c *doctor.Config) {
			w.admin = w.reader
			c.Setup = w.setup()
		}, []string{"warn diagnostics-unread: reading the diagnostic settings of Entra: 403 AuthorizationFailed"}},
		"identities that are not named": {func(_ *world, c *doctor.Config) { c.Setup = nil }, []string{"warn entra-unknown:"}},
		"no licence of Entra":           {func(w *world, _ *doctor.Config) { w.plans = []string{local.PlanWorkload} }, []string{"FAIL licence-entra-missing:"}},
		"no Workload ID":                {func(w *world, _ *doctor.Config) { w.plans = []string{local.PlanP1} }, []string{"warn licence-workload-missing:"}},
		"a table that is gone": {func(w *world, _ *doctor.Config) {
			_, err := w.tableClient().DeleteTable(t.Context(), store.TablePages, nil)
			must(err)
		}, []string{"FAIL storage-missing: missing in the state account: table pages"}},
		"a queue that is gone": {func(w *world, _ *doctor.Config) {
			_, err := w.queue(store.QueueEvict).Delete(t.Context(), nil)
			must(err)
		}, []string{"FAIL storage-missing: missing in the state account: queue evict"}},
		"a log that ended":                 {func(w *world, _ *doctor.Config) { w.arrive(w.now.Add(-9 * time.Hour)) }, []string{"FAIL stream-silent: AuditLogs: the last record is 9h"}},
		"no log ever arrived":              {func(w *world, _ *doctor.Config) { w.row("streams", "health", "all", []byte(`{"v":1}`)) }, []string{"FAIL stream-never: ServicePrincipalSignInLogs", "warn stream-never: ManagedIdentitySignInLogs", "warn stream-never: SignInLogs", "FAIL stream-never: AuditLogs", "warn stream-never", "warn stream-never", "warn stream-never", "warn stream-never", "warn stream-never"}},
		"a memory of logs that is damaged": {func(w *world, _ *doctor.Config) { w.row("streams", "health", "all", []byte(`{"v":9}`)) }, []string{"FAIL stream-unread:"}},
		"no address table":                 {func(_ *world, c *doctor.Config) { c.NetworkTable = "" }, []string{"warn network-table-missing:"}},
		"an old address table":             {func(w *world, _ *doctor.Config) { w.dated(w.now.AddDate(0, 0, -200)) }, []string{"warn network-table-old: the address table is of"}},
		"an address table without a date":  {func(w *world, _ *doctor.Config) { w.file("192.0.2.0/24,64500,DE,Example\n") }, []string{"warn network-table-undated:"}},
		"an address table that is none":    {func(w *world, _ *doctor.Config) { w.file("x,y\n") }, []string{"FAIL network-table-broken:"}},
		"dead letters": {func(w *world, _ *doctor.Config) {
			for i := range int64(3) {
				must(w.account.DeadLetters().Park(t.Context(), deadletter.Letter{Hub: "signins", Partition: "0", Sequence: i, Record: -1, Reason: "x", Parked: w.now}, []byte("x")))
			}
		}, []string{"warn dead-letters-waiting: 3 messages or records of signins"}},
		"a poisoned queue": {func(w *world, _ *doctor.Config) {
			q := w.queue(store.QueueEvict + "-poison")
			_, err := q.Create(t.Context(), nil)
			must(err)
			_, err = q.EnqueueMessage(t.Context(), "x", nil)
			must(err)
		}, []string{"warn poison-waiting: 1 messages of evict failed too often"}},
		"everything is stopped": {func(w *world, _ *doctor.Config) {
			must(w.account.Switches().Stop(t.Context(), switches.Kill{By: "ada", Why: "a drill", Time: w.now}))
		}, []string{`warn kill-switch-on: everything is stopped by "ada"`, "warn ledger-head-old: the ledger has 1 records and no head"}},
		"a ledger that was changed": {func(w *world, _ *doctor.Config) {
			must(w.account.Blobs(store.ContainerLedger).Write(t.Context(), "op"+ledger.Suffix, []byte("nothing\n")))
		}, []string{"FAIL ledger-broken: the ledger does not hold in 2 places, the first: op"}},
		"a mode that is none": {func(_ *world, c *doctor.Config) { c.Mode = "attack" }, []string{`FAIL mode-wrong: REKEY_MODE is "attack"`}},
		"an account that lets nobody in": {func(w *world, c *doctor.Config) {
			c.State = w.open(regexp.MustCompile(`AccountKey=[^;]+`).ReplaceAllString(w.storage, "AccountKey=AAECAwQFBgcICQoLDA0ODw=="))
		}, slices.Concat(
			[]string{"FAIL storage-refused: may not be read: table principals,", "FAIL stream-unread:", "FAIL dead-letters-unread:"}, slices.Repeat([]string{"warn poison-unread:"}, len(store.Queues)),
			[]string{"FAIL kill-switch-unread:", "FAIL ledger-unread:", "FAIL operations-unread:"},
		)},
		"an account that does not answer": {func(w *world, c *doctor.Config) {
			closed := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(w.storage, "127.0.0.1:1")
			c.State = w.open(closed)
		}, []string{"warn clock-unknown: the clock of the state account", "FAIL storage-unreachable:"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.config()
			tt.inject(w, &c)
			if w.plans != nil {
				w.licensed(&c)
			}
			r := doctor.New(c).Look(t.Context())
			got := bad(r)
			fits := len(got) == len(tt.want)
			for i := 0; fits && i < len(got); i++ {
				fits = strings.HasPrefix(got[i], tt.want[i])
			}
			if !fits {
				t.Errorf("found is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if r.Failed() != slices.ContainsFunc(tt.want, func(s string) bool { return strings.HasPrefix(s, "FAIL") }) {
				t.Errorf("failed is %t", r.Failed())
			}
			for _, f := range r.Findings {
				if f.Level != doctor.OK && f.Do == "" {
					t.Errorf("%s does not say what to do", f.ID)
				}
			}
		})
	}
}

// known are the ids as the code writes them.
var known = regexp.MustCompile(`r\.(?:ok|warn|fail)\("([a-z-]+)"`)

func TestEveryFindingIsDocumentedAndNothingElseIs(t *testing.T) {
	ids := map[string]bool{}
	for _, file := range []string{"doctor.go", "state.go"} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range known.FindAllStringSubmatch(string(code), -1) {
			ids[m[1]] = true
		}
	}
	for _, part := range []setup.Part{setup.Permissions, setup.API, setup.Diagnostics, setup.Access} {
		for _, end := range []string{"", "-missing", "-unread", "-odd", "-note"} {
			ids[string(part)+end] = true
		}
	}
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cell, -1) {
			if strings.HasPrefix(line, "| `") {
				documented[m[1]] = true
			}
		}
	}
	for id := range ids {
		if !documented[id] {
			t.Errorf("%s is not in docs/doctor.md", id)
		}
	}
	for id := range documented {
		if !ids[id] {
			t.Errorf("docs/doctor.md documents %s, which nothing finds", id)
		}
	}
}
