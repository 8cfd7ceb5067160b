package posture_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/objects"
	"rekey/handlers/posture"
	"rekey/handlers/principals"
	"rekey/shared/fault"
	judge "rekey/shared/posture"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is a tenant in memory. Reading an application takes a while by its clock.
type world struct {
	mu        sync.Mutex
	now       time.Time
	takes     time.Duration
	apps      [][]judge.Application // pages
	strangers []judge.Principal     // the one page of service principals
	fails     func(id string) error
	read      map[string]int // how often each application was completed
	asked     map[string]bool
	down      error // what listing fails with

	table    *memory.Table
	findings findings.Store
	progress store.Table
}

func newWorld() *world {
	return &world{
		now: start, read: map[string]int{}, asked: map[string]bool{}, table: &memory.Table{}, progress: &memory.Table{},
		findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, fails: func(string) error { return nil },
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Applications(_ context.Context, token string) ([]judge.Application, string, error) {
	n := 0
	if w.down != nil {
		return nil, "", w.down
	}
	if _, err := fmt.Sscan(token, &n); token != "" && err != nil {
		return nil, "", err
	}
	if n+1 < len(w.apps) {
		return w.apps[n], fmt.Sprint(n + 1), nil
	}
	return w.apps[n], "", nil
}

func (w *world) Principals(context.Context, string) ([]judge.Principal, string, error) {
	return w.strangers, "", nil
}

func (w *world) Complete(_ context.Context, f judge.Facts) (judge.Facts, error) {
	id := ""
	if f.Application != nil {
		id = f.Application.ID
		f.Principals = []judge.Principal{{ID: "sp-" + id, AppID: f.Application.AppID, DisplayName: f.Application.DisplayName, Grants: &judge.Grants{}}}
	} else {
		id = f.Principals[0].ID
		f.Principals[0].Grants = &judge.Grants{AppRoles: []judge.AppRole{{Value: "Mail.Read"}}}
	}
	w.later(w.takes)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read[id]++
	return f, w.fails(id)
}

func (w *world) Lookup(_ context.Context, host string) judge.Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[host] = true
	if strings.HasPrefix(host, "gone") {
		return judge.Name{State: judge.Missing}
	}
	return judge.Name{State: judge.Exists}
}

func (w *world) look() *posture.Posture {
	return posture.New(posture.Config{
		Directory: w, Resolver: w, Principals: principals.Store{Table: w.table}, Findings: w.findings,
		Objects: w.objects(), Progress: w.progress, World: judge.World{Tenant: "tenant1"}, Now: w.clock,
	})
}

func (w *world) objects() *objects.Store { return &objects.Store{Table: w.progress, Now: w.clock} }

func (w *world) run(t *testing.T) {
	t.Helper()
	if err := w.look().Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func guid(n int) string { return fmt.Sprintf("%08d-0000-4000-8000-00000000abcd", n) }

// pages makes applications, each of which sends its users to a host that is gone.
func pages(sizes ...int) [][]judge.Application {
	var out [][]judge.Application
	n := 0
	for _, size := range sizes {
		page := make([]judge.Application, size)
		for i := range page {
			page[i] = judge.Application{ID: guid(n), AppID: guid(n + 1000), DisplayName: fmt.Sprint("app ", n), Web: judge.Platform{RedirectURIs: []string{
				fmt.Sprintf("https://gone%d.azurewebsites.net/", n), fmt.Sprintf("https://app%d.contoso.local/", n),
			}}}
			n++
		}
		out = append(out, page)
	}
	return out
}

func (w *world) found(t *testing.T) map[string]int {
	t.Helper()
	page, _, err := w.findings.Recent(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, d := range page {
		out[d.Rule]++
	}
	return out
}

func TestTheLookJudgesEverythingOnceAWeek(t *testing.T) {
	w := newWorld()
	w.apps = pages(20, 5)
	w.strangers = []judge.Principal{
		{ID: "sp-own", ServicePrincipalType: "Application", AppOwnerOrganizationID: "tenant1"},
		{ID: "sp-microsoft", ServicePrincipalType: "Application", AppOwnerOrganizationID: "f8cdef31-a31e-4b4a-93e4-5f571e91255a"},
		{ID: "sp-stranger", ServicePrincipalType: "Application", AppOwnerOrganizationID: "tenant2"},
		{ID: "mi", ServicePrincipalType: "ManagedIdentity"},
	}
	w.run(t)
	if got := w.found(t); got["addressDangling"] != 25 || got["foreignPowerful"] != 1 {
		t.Errorf("found %v", got)
	}
	if len(w.read) != 27 || w.read["sp-own"]+w.read["sp-microsoft"] != 0 {
		t.Errorf("read %v", w.read)
	}
	for host := range w.asked {
		if strings.HasSuffix(host, ".local") {
			t.Errorf("a stranger's server was asked for %s", host)
		}
	}
	ids, err := w.objects().Load(t.Context())
	if err != nil || len(ids) != 25 || ids[guid(7)] != guid(1007) {
		t.Errorf("%d ids (%v)", len(ids), err)
	}
	w.later(6 * 24 * time.Hour)
	w.run(t)
	if w.read[guid(0)] != 1 {
		t.Error("it looked again within the week")
	}
	w.apps = pages(3)
	w.later(25 * time.Hour) // December has begun: what stands is told again
	w.run(t)
	if got := w.found(t); w.read[guid(0)] != 2 || got["addressDangling"] != 28 {
		t.Errorf("read %d times, found %v", w.read[guid(0)], got)
	}
	if ids, _ := w.objects().Load(t.Context()); len(ids) != 3 {
		t.Errorf("%d ids are left", len(ids))
	}
}

func TestTheLookGoesOnWhereItStopped(t *testing.T) {
	w := newWorld()
	w.apps, w.takes = pages(40, 40), time.Second // 20 s are a little more than a chunk
	runs := 0
	for ; len(w.read) < 80 && runs < 20; runs++ {
		before := w.clock()
		w.run(t)
		if took := w.clock().Sub(before); took > 40*time.Second {
			t.Fatalf("a run took %s", took)
		}
		w.later(2 * time.Minute)
	}
	w.run(t)
	if runs < 2 || len(w.read) != 80 {
		t.Errorf("%d runs read %d applications", runs, len(w.read))
	}
	for id, n := range w.read {
		if n != 1 {
			t.Errorf("%s was read %d times", id, n)
		}
	}
	w.later(time.Hour)
	w.run(t)
	if w.read[guid(0)] != 1 {
		t.Error("a complete look was begun again")
	}
}

func TestOnlyOneInstanceLooksAtATime(t *testing.T) {
	w := newWorld()
	w.apps = pages(50)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := w.look().Run(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for id, n := range w.read {
		if n != 1 {
			t.Errorf("%s was read %d times", id, n)
		}
	}
	if len(w.read) != 50 {
		t.Errorf("%d were read", len(w.read))
	}
}

func TestWhoStoppedInTheMiddleIsFollowedByAnother(t *testing.T) {
	w := newWorld()
	w.apps = pages(30)
	ctx, cancel := context.WithCancel(t.Context())
	w.fails = func(id string) error {
		if id == guid(20) {
			cancel() // the process is killed in the second chunk
		}
		return ctx.Err()
	}
	if err := w.look().Run(ctx); err == nil {
		t.Error("the end of the process is no error")
	}
	w.fails = func(string) error { return nil }
	w.later(3 * time.Minute)
	w.run(t)
	if len(w.read) != 30 || w.read[guid(0)] != 1 {
		t.Errorf("%d were read, the first %d times", len(w.read), w.read[guid(0)])
	}
}

func TestOneThatFailsDoesNotStopTheOthers(t *testing.T) {
	w := newWorld()
	w.apps = pages(10)
	w.fails = func(id string) error {
		switch id {
		case guid(3):
			return fault.Errorf(fault.Transient, "reading: late")
		case guid(4):
			return fault.Errorf(fault.NotFound, "reading: there is none")
		}
		return nil
	}
	w.run(t)
	if got := w.found(t); got["addressDangling"] != 8 {
		t.Errorf("found %v", got)
	}
	row, err := w.progress.Get(t.Context(), "posture", "progress")
	var at struct {
		Failed, Looked int
		Complete       time.Time
	}
	if err != nil || json.Unmarshal(row.Data, &at) != nil || at.Failed != 1 || at.Looked != 10 || !at.Complete.Equal(start) {
		t.Errorf("%+v (%v)", at, err)
	}
}

func TestAfterAFailureNobodyTriesForAnHour(t *testing.T) {
	w := newWorld()
	w.apps = pages(2)
	w.down = fault.Errorf(fault.Denied, "listing: forbidden")
	if err := w.look().Run(t.Context()); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
	w.down = nil
	w.later(2 * time.Minute)
	w.run(t)
	if len(w.read) != 0 {
		t.Error("it tried at once")
	}
	w.later(time.Hour)
	w.run(t)
	if len(w.read) != 2 {
		t.Errorf("%d were read", len(w.read))
	}
}

func TestANewerProgramsProgressIsNotTouched(t *testing.T) {
	w := newWorld()
	w.apps = pages(1)
	row := store.Row{Partition: "posture", Key: "progress", Data: []byte(`{"version":9}`)}
	if _, err := w.progress.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	if err := w.look().Run(t.Context()); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}
