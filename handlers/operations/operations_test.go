package operations_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// desk is people, over a store in memory, with one operation that needs some approvals.
type desk struct {
	operations.People
	table *memory.Table
	blobs *memory.Blobs
	bell  *memory.Bell
	now   time.Time
}

func newDesk(t *testing.T, people int) (*desk, remedy.Operation) {
	t.Helper()
	d := &desk{table: &memory.Table{}, blobs: &memory.Blobs{}, bell: &memory.Bell{}, now: now}
	d.People = operations.People{Store: operations.Store{Table: d.table}, Ledger: d.blobs, Evict: d.bell, Now: func() time.Time { return d.now }}
	o := operations.Stored{Operation: operation("c1", people)}
	if err := d.Put(t.Context(), &o); err != nil {
		t.Fatal(err)
	}
	return d, o.Operation
}

func operation(caseID string, people int) remedy.Operation {
	app := &remedy.Object{Kind: remedy.KindApplication, ID: "obj", AppID: "app", Passwords: []remedy.Password{{KeyID: "k1"}}}
	if people > 1 {
		app.Tags = []string{"rekey=protected"}
	}
	inv := remedy.Inventory{Tenant: "t1", Application: app, Principals: []remedy.Object{{Kind: remedy.KindServicePrincipal, ID: "sp", AppID: "app", Type: "Application", Enabled: true}}}
	c := casefile.Case{ID: caseID, Principal: event.Principal{ObjectID: "sp", AppID: "app", Name: "billing"}, Window: casefile.Window{From: now.Add(-time.Hour), To: now}}
	return remedy.Open(inv, c, decide.Verdict{Mode: decide.ModeApprove}, now)
}

func (d *desk) entries(t *testing.T, id string) []ledger.Entry {
	t.Helper()
	l, err := ledger.Open(t.Context(), d.blobs, id)
	if err != nil {
		t.Fatal(err)
	}
	return l.Entries()
}

func TestAnApprovedOperationIsRungForAndTheLedgerSaysWhoApprovedWhat(t *testing.T) {
	d, o := newDesk(t, 1)
	got, err := d.Approve(t.Context(), o.ID, remedy.Approval{By: "ann", PlanHash: o.PlanHash, Note: "ticket 7"}, time.Time{})
	if err != nil || !got.Due() || !slices.Equal(d.bell.Rung(), []string{o.ID}) {
		t.Fatalf("%s, rung %v (%v)", got.State, d.bell.Rung(), err)
	}
	es := d.entries(t, o.ID)
	if len(es) != 1 || es[0].Actor != "ann" || es[0].Plan != o.PlanHash || !strings.Contains(es[0].Text, "ticket 7") {
		t.Errorf("%+v", es)
	}
}

func TestARefusedYesIsWrittenNowhere(t *testing.T) {
	d, o := newDesk(t, 1)
	if _, err := d.Approve(t.Context(), o.ID, remedy.Approval{By: "ann", PlanHash: "feed"}, time.Time{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if es := d.entries(t, o.ID); len(es) != 0 || len(d.bell.Rung()) != 0 {
		t.Errorf("%+v, rung %v", es, d.bell.Rung())
	}
}

func TestWithoutALedgerNoYesCounts(t *testing.T) {
	d, o := newDesk(t, 1)
	if err := d.blobs.Write(t.Context(), o.ID+ledger.Suffix, []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Approve(t.Context(), o.ID, remedy.Approval{By: "ann", PlanHash: o.PlanHash}, time.Time{}); err == nil {
		t.Error("it counts")
	}
	if got, err := d.Get(t.Context(), o.ID); err != nil || got.Due() || len(got.Approvals) != 0 {
		t.Errorf("%s with %v (%v)", got.State, got.Approvals, err)
	}
}

func TestPeopleWhoApproveAtTheSameMomentAllCountAndNobodyTwice(t *testing.T) {
	for range 20 {
		d, o := newDesk(t, 2)
		var wg sync.WaitGroup
		var mu sync.Mutex
		accepted := 0
		for _, by := range []string{"ann", "ann", "ben", "ann"} { // ann's impatient browser
			wg.Go(func() {
				_, err := d.Approve(context.Background(), o.ID, remedy.Approval{By: by, PlanHash: o.PlanHash}, time.Time{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					accepted++
				}
			})
		}
		wg.Wait()
		got, err := d.Get(t.Context(), o.ID)
		if err != nil || !got.Due() || len(got.Approvals) != 2 || accepted != 2 || len(d.bell.Rung()) != 1 {
			t.Fatalf("%s with %+v, %d accepted, rung %v (%v)", got.State, got.Approvals, accepted, d.bell.Rung(), err)
		}
		if _, err := ledger.Open(t.Context(), d.blobs, o.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoInstancesThatRaceForTheOneApprovalStartTheOperationOnce(t *testing.T) {
	d, o := newDesk(t, 1)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			_, _ = d.Approve(context.Background(), o.ID, remedy.Approval{By: fmt.Sprint("person-", i), PlanHash: o.PlanHash}, time.Time{})
		})
	}
	wg.Wait()
	got, err := d.Get(t.Context(), o.ID)
	if err != nil || !got.Due() || len(got.Mandate.By) != 1 || len(d.bell.Rung()) != 1 {
		t.Fatalf("%s by %v, rung %v (%v)", got.State, got.Mandate, d.bell.Rung(), err)
	}
	counted := 0
	for _, e := range d.entries(t, o.ID) {
		if strings.HasPrefix(e.Text, "did not count") {
			counted--
			continue
		}
		counted++
	}
	if counted != 1 {
		t.Errorf("%d approvals count by the ledger", counted)
	}
}

func TestANoAndACancelStandInTheLedgerWithTheirReasons(t *testing.T) {
	for name, do := range map[string]func(operations.People, context.Context, string, remedy.Decision) (remedy.Operation, error){
		"rejected": operations.People.Reject, "cancelled": operations.People.Cancel,
	} {
		t.Run(name, func(t *testing.T) {
			d, o := newDesk(t, 1)
			got, err := do(d.People, t.Context(), o.ID, remedy.Decision{By: "ann", Why: "our own migration"})
			if err != nil || string(got.State) != name {
				t.Fatalf("%s (%v)", got.State, err)
			}
			if es := d.entries(t, o.ID); len(es) != 1 || !strings.Contains(es[0].Text, "our own migration") {
				t.Errorf("%+v", es)
			}
		})
	}
}

func TestOperationsAreListedNewestFirstAndByState(t *testing.T) {
	d, _ := newDesk(t, 1)
	for i, id := range []string{"c0", "c2"} {
		o := operations.Stored{Operation: operation(id, 1)}
		o.Opened = now.Add(time.Duration(i+1) * time.Hour)
		o.State = remedy.StateDone
		if err := d.Put(t.Context(), &o); err != nil {
			t.Fatal(err)
		}
	}
	for state, want := range map[remedy.State]string{"": "op-c2 op-c0 op-c1", remedy.StateDone: "op-c2 op-c0", remedy.StateFailed: ""} {
		got, err := d.List(t.Context(), state)
		var ids []string
		for _, o := range got {
			ids = append(ids, o.ID)
		}
		if err != nil || strings.Join(ids, " ") != want {
			t.Errorf("%q: %v (%v)", state, ids, err)
		}
	}
}

func TestAWithdrawnOperationThatCannotBeReadHidesNoOther(t *testing.T) {
	d, o := newDesk(t, 1)
	if _, err := d.table.Put(t.Context(), store.Row{Partition: "withdrawn", Key: "op-0/1", Data: []byte("half")}); err != nil {
		t.Fatal(err)
	}
	stored, err := d.Get(t.Context(), o.ID)
	if err == nil {
		err = d.Withdraw(t.Context(), stored, now)
	}
	if err != nil {
		t.Fatal(err)
	}
	if left, err := d.Withdrawn(t.Context(), ""); len(left) != 1 || left[0].ID != o.ID || !errors.Is(err, fault.ErrUnreadable) {
		t.Errorf("%+v (%v)", left, err)
	}
}

func TestAJournalOfANewerProgramIsNeitherReadNorHidesOthers(t *testing.T) {
	d, o := newDesk(t, 1)
	o.Version, o.ID = 99, "op-newer"
	data, _ := json.Marshal(o)
	if _, err := d.table.Put(t.Context(), store.Row{Partition: remedy.Partition, Key: o.ID, Data: data}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), o.ID); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
	if got, err := d.List(t.Context(), ""); len(got) != 1 || !errors.Is(err, fault.Denied) {
		t.Errorf("%d listed (%v)", len(got), err)
	}
	if _, err := d.Get(t.Context(), strings.Repeat("x", 1000)); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
