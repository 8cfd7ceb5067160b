package evict_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/handlers/evict"
	"rekey/handlers/operations"
	"rekey/handlers/switches"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

// people are those who decide about the rig's operation.
func (r *rig) people() operations.People {
	return operations.People{Store: operations.Store{Table: r.operations}, Ledger: r.ledger, Evict: &memory.Bell{}, Now: time.Now}
}

// awaits makes the rig's operation one that awaits approval.
func (r *rig) awaits(t *testing.T) remedy.Operation {
	t.Helper()
	r.mode = decide.ModeApprove
	o, err := r.people().Change(t.Context(), r.id, func(o *remedy.Operation) error {
		o.Verdict.Mode = decide.ModeApprove
		o.Ask("a brake", time.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (r *rig) approve(t *testing.T, by string) {
	t.Helper()
	o := r.operation(t, r.operations)
	if _, err := r.people().Approve(t.Context(), r.id, remedy.Approval{By: by, PlanHash: o.PlanHash}, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatPeopleApprovedIsDoneThoughTheBrakesWouldAskAndEveryEntryNamesThem(t *testing.T) {
	r := newRig(t, newWorld(t, 0))
	r.awaits(t)
	if err := r.handle(t, "a"); err != nil || len(r.credentials()) != 6 {
		t.Fatalf("before anybody approved: %v (%v)", r.credentials(), err)
	}
	r.approve(t, "ann")
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
	l, err := ledger.Open(t.Context(), r.ledger, r.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.Entries()[1:] {
		if strings.Join(e.Approved, " ") != "ann" || e.Plan == "" {
			t.Errorf("%+v does not say who approved it", e)
		}
	}
}

func TestAnApprovalDoesNotReachWhatIsNeverTouched(t *testing.T) {
	r := newRig(t, newWorld(t, 0))
	r.awaits(t)
	r.approve(t, "ann")
	r.mode = decide.ModePlan // it was put on the list meanwhile
	if err := r.handle(t, "a"); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
	if o := r.operation(t, r.operations); o.State != remedy.StateAwaitingApproval || len(r.credentials()) != 6 {
		t.Errorf("%s with %v", o.State, r.credentials())
	}
}

func TestAnApprovalThatExpiredBeforeTheStartIsAskedForAgain(t *testing.T) {
	r := newRig(t, newWorld(t, 0))
	r.awaits(t)
	r.approve(t, "ann")
	_, err := r.people().Change(t.Context(), r.id, func(o *remedy.Operation) error {
		o.Approvals[0].Time = o.Approvals[0].Time.Add(-4 * time.Hour)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.handle(t, "a"); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
	if o := r.operation(t, r.operations); o.State != remedy.StateAwaitingApproval || !strings.Contains(o.Reason, "do not hold") || len(r.credentials()) != 6 {
		t.Errorf("%s: %s with %v", o.State, o.Reason, r.credentials())
	}
}

// during does something once, while a change of the directory is in flight.
type during struct {
	evict.Directory
	at int // the how-manieth removal of a secret
	do func()
	n  int
}

func (d *during) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	if d.n++; d.n == d.at {
		d.do()
	}
	return d.Directory.RemovePassword(ctx, collection, id, keyID)
}

func TestWhoCancelsMidwayGetsTheStepInFlightEndedAndNothingAfterIt(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.directory = &during{Directory: w.graph, at: 1, do: func() {
		if _, err := r.people().Cancel(t.Context(), r.id, remedy.Decision{By: "ann", Why: "wrong principal"}); err != nil {
			t.Error(err)
		}
	}}
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	o := r.operation(t, r.operations)
	sp, _ := w.cloud.Directory.Get(directory.ServicePrincipals, r.principal.ObjectID)
	if o.State != remedy.StateCancelled || sp.AccountEnabled || !strings.Contains(o.Reason, "is disabled") || !strings.Contains(o.Reason, "ann") {
		t.Fatalf("%s: %s, enabled %v", o.State, o.Reason, sp.AccountEnabled)
	}
	app, _ := w.cloud.Directory.Get(directory.Applications, strings.Replace(r.principal.ObjectID, "sp", "obj", 1))
	if len(app.PasswordCredentials) != 0 || len(sp.PasswordCredentials) == 0 {
		t.Errorf("the step in flight left %d secrets; the next one, which must not begin, left %d", len(app.PasswordCredentials), len(sp.PasswordCredentials))
	}
	l, err := ledger.Open(t.Context(), r.ledger, r.id)
	if err != nil || len(ledger.Unanswered(l.Entries())) != 0 {
		t.Fatalf("%v (%v)", ledger.Unanswered(l.Entries()), err)
	}
	if last := l.Entries()[len(l.Entries())-1]; !strings.Contains(last.Text, "wrong principal") {
		t.Errorf("the last entry is %q", last.Text)
	}
	if err := r.handle(t, "b"); err != nil || r.operation(t, r.operations).State != remedy.StateCancelled {
		t.Errorf("another ring went on (%v)", err)
	}
}

func TestTheKillSwitchTakesEffectInTheMiddleOfAStep(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	table := &memory.Table{}
	kill := switches.Store{Table: table, Ledger: r.ledger}
	r.directory = &during{Directory: w.graph, at: 1, do: func() {
		if err := kill.Stop(t.Context(), switches.Kill{By: "ann", Why: "incident 7", Time: time.Now()}); err != nil {
			t.Error(err)
		}
	}}
	e := r.instance("a")
	e.Stopped = func(ctx context.Context) (bool, error) { k, err := kill.Kill(ctx); return k.On, err }
	handle := func() error { return e.Handle(t.Context(), funchost.Message{Text: r.id}) }
	before := r.credentials()
	if err := handle(); !errors.Is(err, fault.Limit) {
		t.Errorf("got %v", err)
	}
	left := slices.Sorted(slices.Values(r.credentials()))
	for range 3 { // rings do not get through
		if err := handle(); !errors.Is(err, fault.Limit) || !slices.Equal(slices.Sorted(slices.Values(r.credentials())), left) {
			t.Fatalf("%v after %v (%v)", r.credentials(), left, err)
		}
	}
	o := r.operation(t, r.operations)
	if h := o.Half(); o.State != remedy.StateRunning || len(h.Flight) != 1 || len(h.Off) != 1 {
		t.Errorf("%s: %s; %v became %v", o.State, o.Half(), before, left)
	}
	if err := kill.Resume(t.Context(), switches.Kill{By: "ann", Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := handle(); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
}

func TestAStopOfHoursIsNoReasonToGiveUpAfterIt(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	clock := time.Now()
	e := r.instance("a")
	e.Now = func() time.Time { return clock }
	e.Stopped = func(context.Context) (bool, error) { return r.stopped, nil }
	reads := 0
	gather := e.Inventory
	e.Inventory = func(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
		op := r.operation(t, r.operations)
		if h := op.Half(); len(h.Flight) == 1 && h.Flight[0].Kind == remedy.StepVerify {
			if reads++; reads == 1 { // the process ends, and somebody stops everything
				r.stopped = true
				return remedy.Inventory{}, fault.Errorf(fault.Transient, "the process ended")
			}
		}
		return gather(ctx, p)
	}
	handle := func() error { return e.Handle(t.Context(), funchost.Message{Text: r.id}) }
	_ = handle()
	for range 3 { // sweep rings
		clock = clock.Add(time.Hour)
		if err := handle(); !errors.Is(err, fault.Limit) {
			t.Fatalf("with the kill switch set: %v", err)
		}
	}
	r.stopped = false
	if err := handle(); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
}

func TestAYesOfAPersonWhileAnInstanceWorksDoesNotStopIt(t *testing.T) {
	w := newWorld(t, 0)
	r := newRig(t, w)
	r.directory = &during{Directory: w.graph, at: 1, do: func() {
		_, err := r.people().Change(t.Context(), r.id, func(o *remedy.Operation) error {
			o.Approvals = append(o.Approvals, remedy.Approval{By: "late", PlanHash: o.PlanHash, Time: time.Now()})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}}
	if err := r.handle(t, "a"); err != nil {
		t.Fatal(err)
	}
	r.done(t, r.operations, r.ledger)
	if o := r.operation(t, r.operations); len(o.Approvals) != 1 {
		t.Errorf("what the person wrote is lost: %+v", o.Approvals)
	}
}
