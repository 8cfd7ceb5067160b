package triage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/principals"
	"rekey/handlers/suspects"
	"rekey/handlers/sweep"
	"rekey/handlers/triage"
	"rekey/handlers/verdicts"
	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
	"rekey/shared/streams"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is triage and sweep over a store in memory.
type world struct {
	findings    findings.Store
	cases       cases.Store
	suspects    suspects.Store
	verdicts    verdicts.Store
	operations  *memory.Table
	switches    *memory.Table
	triageBell  *memory.Bell
	evictBell   *memory.Bell
	publishBell *memory.Bell // nil: nobody is told
	policy      decide.Policy
	inventory   error // what gathering the inventory fails with
	now         time.Time
	tags        []string      // of the application
	second      bool          // the application has another service principal
	object      remedy.Object // what the application is besides
	principals  principals.Store
	streams     *streams.Memory // nil: nobody knows which logs come in
}

var hasher = baseline.NewHasher([16]byte{1})

func newWorld() *world {
	return &world{
		findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, cases: cases.Store{Table: &memory.Table{}, Index: &memory.Table{}}, suspects: suspects.Store{Table: &memory.Table{}}, operations: &memory.Table{},
		verdicts: verdicts.Store{Table: &memory.Table{}}, principals: principals.Store{Table: &memory.Table{}}, switches: &memory.Table{}, triageBell: &memory.Bell{}, evictBell: &memory.Bell{}, now: now,
		policy: decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 1},
	}
}

func (w *world) detect(t *testing.T, principal string, bits float64) {
	t.Helper()
	d := detect.Detection{
		ID: "d-" + principal, Type: detect.TypeSuspiciousSignins, Principal: event.Principal{ObjectID: principal, AppID: "app-" + principal}, Tenant: "t1", Level: score.LevelHigh, Bits: bits,
		Contributions: []score.Contribution{{Name: "asn", Family: score.FamilyNetwork, Bits: 9}, {Name: "agentFamily", Family: score.FamilyClient, Bits: 8}},
		KeyIDs:        []string{"k1"}, First: w.now.Add(-time.Minute), Last: w.now.Add(-time.Minute), Records: []detect.Record{{ID: "r1", Succeeded: true}},
	}
	if _, err := w.findings.Keep(t.Context(), d, w.now); err != nil {
		t.Fatal(err)
	}
}

func (w *world) triage(t *testing.T, principal string, edit ...func(*triage.Config)) error {
	t.Helper()
	return w.make(edit...).Handle(t.Context(), funchost.Message{Text: principal})
}

func (w *world) make(edit ...func(*triage.Config)) *triage.Triage {
	config := triage.Config{
		Principals: w.principals, Hasher: hasher, Findings: w.findings, Cases: w.cases, Suspects: w.suspects, Verdicts: w.verdicts,
		Brakes: triage.Brakes{Switches: w.switches, Policy: w.policy},
		Inventory: func(_ context.Context, p event.Principal) (remedy.Inventory, error) {
			if w.inventory != nil {
				return remedy.Inventory{}, w.inventory
			}
			app := w.object
			app.Kind, app.ID, app.AppID, app.Tags = remedy.KindApplication, "obj", p.AppID, w.tags
			inv := remedy.Inventory{
				Tenant: "t1", Application: &app,
				Principals: []remedy.Object{{Kind: remedy.KindServicePrincipal, ID: p.ObjectID, Type: "Application", Enabled: true}},
			}
			if w.second {
				inv.Principals = append(inv.Principals, remedy.Object{Kind: remedy.KindServicePrincipal, ID: "sp-second", Type: "Application", Enabled: true})
			}
			return inv, nil
		},
		Evict: w.evictBell, Now: func() time.Time { return w.now },
	}
	if w.streams != nil {
		config.Streams = func(context.Context) (*streams.Memory, error) { return w.streams, nil }
	}
	operationsStore := operations.Store{Table: w.operations}
	if w.publishBell != nil {
		config.Publish, operationsStore.Publish = w.publishBell, w.publishBell
	}
	config.Operations = operationsStore
	for _, e := range edit {
		e(&config)
	}
	return triage.New(config)
}

func (w *world) operation(t *testing.T, principal string) remedy.Operation {
	t.Helper()
	found, err := w.cases.Of(t.Context(), principal)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d cases (%v)", len(found), err)
	}
	row, err := w.operations.Get(t.Context(), remedy.Partition, remedy.OperationID(found[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	var op remedy.Operation
	if err := json.Unmarshal(row.Data, &op); err != nil {
		t.Fatal(err)
	}
	return op
}

func TestADetectionBecomesACaseWithAPlanThatAwaitsApproval(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	for range 2 { // the second ring changes nothing
		if err := w.triage(t, "sp1"); err != nil {
			t.Fatal(err)
		}
	}
	op := w.operation(t, "sp1")
	if op.State != remedy.StateAwaitingApproval || len(op.Plan.Steps) == 0 {
		t.Errorf("%s with %d steps", op.State, len(op.Plan.Steps))
	}
	failed := ""
	for _, c := range op.Verdict.Checks {
		if !c.Passed {
			failed += c.Name
		}
	}
	if failed != "record read againold source active or harm doneoutage forecast knownplan without obstacles" { // of a directory that was read by halves
		t.Errorf("stands in the way: %q", failed)
	}
	if rung := w.evictBell.Rung(); len(rung) != 0 {
		t.Errorf("evict was rung: %v", rung)
	}
}

func TestAUserHasACaseAndNothingIsDone(t *testing.T) {
	w := newWorld()
	w.policy.NeverTouch = nil
	key := event.User("u1").Key()
	w.detect(t, key, 30)
	if err := w.triage(t, key); err != nil {
		t.Fatal(err)
	}
	known, err := w.cases.Of(t.Context(), key)
	if err != nil || len(known) != 1 {
		t.Fatalf("%d cases (%v), want one", len(known), err)
	}
	rows, _, err := w.operations.List(t.Context(), remedy.Partition, "", 10)
	if err != nil || len(rows) != 0 || len(w.evictBell.Rung()) != 0 {
		t.Errorf("%d operations (%v), rung %v: want none", len(rows), err, w.evictBell.Rung())
	}
}

func TestWhatIsNotHeldAgainstAnybodyIsNoCase(t *testing.T) {
	w := newWorld()
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	w.detect(t, "sp1", 20)
	w.now = now.AddDate(0, 0, 15)
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	if found, _ := w.cases.Of(t.Context(), "sp1"); len(found) != 0 {
		t.Errorf("an old detection made the case %+v", found)
	}
}

func TestAPrincipalThatIsGoneHasACaseAndNoOperation(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.inventory = fault.Errorf(fault.NotFound, "gathering inventory of sp1: the tenant has no such service principal")
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	found, err := w.cases.Of(t.Context(), "sp1")
	rows, _, listErr := w.operations.List(t.Context(), remedy.Partition, "", 10)
	if err != nil || listErr != nil || len(found) != 1 || len(rows) != 0 {
		t.Errorf("%d cases, %d operations (%v, %v); want 1 and 0", len(found), len(rows), err, listErr)
	}
}

func TestWhoIsInACaseIsSuspectUntilItIsLongPast(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	if got, err := w.suspects.IDs(t.Context(), w.now); err != nil || !slices.Equal(got, []string{"app-sp1", "sp1"}) {
		t.Errorf("%v (%v)", got, err)
	}
	w.now = w.now.AddDate(0, 0, 40)
	s := sweep.New(sweep.Config{Findings: w.findings, Cases: w.cases, Suspects: w.suspects, Operations: operations.Store{Table: w.operations}, Triage: w.triageBell, Evict: w.evictBell, Now: func() time.Time { return w.now }})
	if err := s.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := w.suspects.Table.List(t.Context(), "suspect", "", 10); err != nil || len(rows) != 0 {
		t.Errorf("%d rows are left (%v)", len(rows), err)
	}
}

func TestWhatIsHeldAgainstTheTenantAsAWholeIsACaseAndNoReasonToActOrToSuspect(t *testing.T) {
	w := newWorld() // evictions are allowed
	w.inventory = fault.Errorf(fault.NotFound, "gathering inventory of t1: the tenant has no such service principal")
	silent := detect.Claimed(&event.Event{ID: "silent/AuditLogs/2026-11-24", Time: w.now.Add(-time.Minute), Tenant: "t1"}, detect.Claim{
		Rule: "streamSilent", Type: detect.TypeAnomalousActivity, Principal: event.Principal{ObjectID: "t1", Name: "the tenant"}, Level: score.LevelHigh, Subject: "AuditLogs", What: "no records arrive",
	})
	if _, err := w.findings.Keep(t.Context(), silent, w.now); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.triage(t, "t1"); err != nil {
			t.Fatal(err)
		}
	}
	found, err := w.cases.Of(t.Context(), "t1")
	if err != nil || len(found) != 1 || found[0].Level != score.LevelHigh {
		t.Fatalf("%+v (%v)", found, err)
	}
	rows := 0
	for _, table := range []store.Table{w.operations, w.switches, w.suspects.Table} { // no operation, no slot of the hour taken
		if err := table.Scan(t.Context(), func(store.Row) bool { rows++; return true }); err != nil {
			t.Fatal(err)
		}
	}
	if rung := w.evictBell.Rung(); rows != 0 || len(rung) != 0 {
		t.Errorf("%d rows, rung %v", rows, rung)
	}
}

func TestSweepRingsForAChangeThatIsHeldForMoreThanBefore(t *testing.T) {
	w := newWorld()
	change := detect.Detection{ID: "c", Type: detect.TypeAnomalousActivity, Rule: "ownerAdded", Principal: event.Principal{ObjectID: "sp1"}, Tenant: "t1", Level: score.LevelLow, First: now, Last: now}
	for _, level := range []score.Level{score.LevelLow, score.LevelHigh} { // neither has bits
		change.Level = level
		if _, err := w.findings.Keep(t.Context(), change, w.now); err != nil {
			t.Fatal(err)
		}
		if level == score.LevelLow {
			if err := w.triage(t, "sp1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.now = w.now.Add(5 * time.Minute)
	s := sweep.New(sweep.Config{Findings: w.findings, Cases: w.cases, Operations: operations.Store{Table: w.operations}, Triage: w.triageBell, Evict: w.evictBell, Now: func() time.Time { return w.now }})
	if err := s.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
	if got := w.triageBell.Rung(); !slices.Equal(got, []string{"sp1"}) {
		t.Errorf("rung: %v", got)
	}
}

func TestAMessageThatIsNoKeyIsPoison(t *testing.T) {
	w := newWorld()
	for _, text := range []string{"", strings.Repeat("x", 1000)} {
		if err := w.triage(t, text); !errors.Is(err, fault.Poison) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

// decideFor asks the brakes about a case in which everything is clear.
func decideFor(t *testing.T, b triage.Brakes, operation string, at time.Time) decide.Mode {
	t.Helper()
	c := clear(at)
	b.Reread = func(context.Context, casefile.Case) (decide.Reread, error) { return decide.RereadFound, nil }
	v, err := b.Decide(t.Context(), triage.Ask{Case: c, Operation: operation, Outlook: &decide.Outlook{}}, at)
	if err != nil {
		t.Fatal(err)
	}
	return v.Mode
}

func TestTheCapHoldsHoweverManyDecide(t *testing.T) {
	b := triage.Brakes{Switches: &memory.Table{}, Policy: decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 3}}
	results := make(chan decide.Mode, 12)
	for i := range 12 {
		go func() { results <- decideFor(t, b, fmt.Sprint("op", i), now) }()
	}
	acts := 0
	for range 12 {
		if <-results == decide.ModeEvict {
			acts++
		}
	}
	if acts != 3 {
		t.Errorf("%d acts within the hour, 3 are allowed", acts)
	}
}

func TestAnOperationKeepsItsSlotAndTheNextHourHasNewOnes(t *testing.T) {
	b := triage.Brakes{Switches: &memory.Table{}, Policy: decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 1}}
	for i, tt := range []struct {
		operation string
		after     time.Duration
		want      decide.Mode
	}{
		{"a", 0, decide.ModeEvict}, {"b", 0, decide.ModeApprove}, {"a", time.Minute, decide.ModeEvict}, {"a", time.Hour, decide.ModeEvict},
		{"b", time.Hour, decide.ModeEvict}, {"c", time.Hour, decide.ModeApprove},
	} {
		if got := decideFor(t, b, tt.operation, now.Add(tt.after)); got != tt.want {
			t.Errorf("%d: operation %s after %s: %s, want %s", i, tt.operation, tt.after, got, tt.want)
		}
	}
}

func TestTheKillSwitchIsARow(t *testing.T) {
	b := triage.Brakes{Switches: &memory.Table{}, Policy: decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 1}}
	tag, err := b.Switches.Put(t.Context(), store.Row{Partition: "switch", Key: "kill", Data: []byte("incident 7")})
	if err != nil {
		t.Fatal(err)
	}
	if got := decideFor(t, b, "a", now); got != decide.ModeApprove {
		t.Errorf("with the switch set: %s", got)
	}
	if _, err := b.Switches.Put(t.Context(), store.Row{Partition: "switch", Key: "kill", ETag: tag, Data: []byte("off")}); err != nil {
		t.Fatal(err)
	}
	if got := decideFor(t, b, "a", now); got != decide.ModeEvict {
		t.Errorf("with the switch off: %s", got)
	}
}

func (w *world) sweep(t *testing.T) {
	t.Helper()
	s := sweep.New(sweep.Config{
		Findings: w.findings, Cases: w.cases, Operations: operations.Store{Table: w.operations}, Triage: w.triageBell, Evict: w.evictBell, Now: func() time.Time { return w.now },
	})
	if err := s.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
}

func TestSweepRingsForADetectionWhoseRingWasLost(t *testing.T) {
	w := newWorld()
	w.detect(t, "sp1", 20)
	w.sweep(t)
	if rung := w.triageBell.Rung(); len(rung) != 0 {
		t.Errorf("a fresh detection was rung for: %v", rung)
	}
	w.now = now.Add(3 * time.Minute)
	w.sweep(t)
	if rung := w.triageBell.Rung(); !slices.Equal(rung, []string{"sp1"}) {
		t.Errorf("rung: %v", rung)
	}
	if err := w.triage(t, "sp1"); err != nil {
		t.Fatal(err)
	}
	w.sweep(t)
	if rung := w.triageBell.Rung(); len(rung) != 1 {
		t.Errorf("a detection that has its case was rung for again: %v", rung)
	}
}

func TestSweepRingsForAnOperationThatStandsStill(t *testing.T) {
	w := newWorld()
	op := remedy.Operation{ID: "op-1", State: remedy.StateRunning, Updated: now}
	data, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.operations.Put(t.Context(), store.Row{Partition: remedy.Partition, Key: op.ID, Data: data}); err != nil {
		t.Fatal(err)
	}
	w.sweep(t)
	w.now = now.Add(3 * time.Minute)
	w.sweep(t)
	if rung := w.evictBell.Rung(); !slices.Equal(rung, []string{"op-1"}) {
		t.Errorf("rung: %v", rung)
	}
}
