package remedy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// awaiting is an operation that awaits approval, of one person or of two.
func awaiting(people int) remedy.Operation {
	in := incident()
	if people > 1 {
		in.Inventory.Application.Tags = []string{"rekey=protected"}
	}
	in.Facts.Linked = []remedy.Linked{{Case: "c9", Principal: "user:eve", Name: "Eve"}}
	return remedy.OpenPlan(remedy.Build(in), in.Case, decide.Verdict{Mode: decide.ModeApprove, Asked: decide.ModeEvict}, now)
}

func yes(o *remedy.Operation, by string, at time.Time) error {
	return o.Approve(remedy.Approval{By: by, PlanHash: o.PlanHash}, time.Time{}, at)
}

// begin starts and completes the first n steps, and starts the one after them.
func begin(o *remedy.Operation, n int, at time.Time) {
	for i, s := range o.Plan.Steps[:n+1] {
		o.Start(s.ID, at)
		if i < n {
			o.Complete(s.ID, "", at)
		}
	}
}

func TestEnoughApprovalsOfThePlanMakeAnOperationDue(t *testing.T) {
	o := awaiting(2)
	if err := yes(&o, "ann", now); err != nil || o.Due() || o.Missing(now) != 1 {
		t.Fatalf("after one of two: %s, %d missing (%v)", o.State, o.Missing(now), err)
	}
	if err := yes(&o, "ben", now.Add(time.Hour)); err != nil || !o.Due() || o.Mandate == nil || strings.Join(o.Mandate.By, " ") != "ann ben" {
		t.Fatalf("after two of two: %s %+v (%v)", o.State, o.Mandate, err)
	}
	if err := o.Permits(o.Plan.Steps[0], now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
}

func TestAYesThatDoesNotCountIsRefusedWithTheReason(t *testing.T) {
	tests := map[string]struct {
		edit func(o *remedy.Operation)
		a    remedy.Approval
		wait time.Time
		want string
		kind error
	}{
		"of nobody":                  {nil, remedy.Approval{By: " "}, time.Time{}, "--by", fault.Denied},
		"of another plan":            {nil, remedy.Approval{By: "ann", PlanHash: "feed"}, time.Time{}, "look at it again", fault.Conflict},
		"of the same person twice":   {func(o *remedy.Operation) { _ = yes(o, "Ann", now) }, remedy.Approval{By: "user:ann"}, time.Time{}, "nobody counts twice", fault.Denied},
		"of who is in a linked case": {nil, remedy.Approval{By: "EVE"}, time.Time{}, "linked case", fault.Denied},
		"when it is only planned":    {func(o *remedy.Operation) { o.State = remedy.StatePlanned }, remedy.Approval{By: "ann"}, time.Time{}, "REKEY_MODE", fault.Denied},
		"when it runs":               {func(o *remedy.Operation) { o.State = remedy.StateRunning }, remedy.Approval{By: "ann"}, time.Time{}, "already", fault.Denied},
		"when it is done":            {func(o *remedy.Operation) { o.State = remedy.StateDone }, remedy.Approval{By: "ann"}, time.Time{}, "done", fault.Denied},
		"that would expire before it waits long enough":   {nil, remedy.Approval{By: "ann"}, now.Add(4 * time.Hour), "4 hours only", fault.Denied},
		"that expires before its time, given a while ago": {nil, remedy.Approval{By: "ann", Time: now.Add(-time.Hour)}, now.Add(3 * time.Hour), "4 hours only", fault.Denied},
		"of four hours ago":            {nil, remedy.Approval{By: "ann", Time: now.Add(-4 * time.Hour)}, time.Time{}, "approve it then", fault.Denied},
		"of the future":                {nil, remedy.Approval{By: "ann", Time: now.Add(time.Hour)}, time.Time{}, "approve it then", fault.Denied},
		"in a journal of another time": {func(o *remedy.Operation) { o.Version = 1 }, remedy.Approval{By: "ann"}, time.Time{}, "older program", fault.Denied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := awaiting(2)
			if tt.edit != nil {
				tt.edit(&o)
			}
			if tt.a.PlanHash == "" {
				tt.a.PlanHash = o.PlanHash
			}
			before, _ := json.Marshal(o)
			err := o.Approve(tt.a, tt.wait, now)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, tt.kind) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if after, _ := json.Marshal(o); string(after) != string(before) {
				t.Error("the operation was changed all the same")
			}
		})
	}
}

func TestAnApprovalThatExpiredIsAskedForAgainAndMayBeGivenAgain(t *testing.T) {
	o := awaiting(2)
	later := now.Add(4 * time.Hour)
	for _, step := range []struct {
		by string
		at time.Time
	}{{"ann", now}, {"ben", later}, {"ann", later}} {
		if err := yes(&o, step.by, step.at); err != nil {
			t.Fatal(err)
		}
	}
	if !o.Due() {
		t.Errorf("it is %s with %+v", o.State, o.Approvals)
	}
}

func TestApprovalsMustHoldWhenTheFirstStepBeginsAndThenHoldToTheEnd(t *testing.T) {
	o := awaiting(1)
	if err := yes(&o, "ann", now); err != nil {
		t.Fatal(err)
	}
	first, last := o.Plan.Steps[0], o.Plan.Steps[len(o.Plan.Steps)-1]
	late := now.Add(4 * time.Hour)
	if err := o.Permits(first, late); !errors.Is(err, fault.Limit) {
		t.Errorf("four hours later the first step may be done (%v)", err)
	}
	o.Start(first.ID, now.Add(time.Hour))
	if err := o.Permits(last, now.AddDate(0, 0, 7)); err != nil {
		t.Errorf("what was begun in time may not be ended: %v", err)
	}
	if err := o.Permits(remedy.Step{ID: last.ID, Kind: remedy.StepDetach, Object: last.Object}, now); !errors.Is(err, fault.Limit) {
		t.Errorf("a step that is not in the plan may be done (%v)", err)
	}
	o.Plan.Scope = append(o.Plan.Scope, remedy.Act{Object: "another", Kind: "credentials"})
	if err := o.Permits(last, now); !errors.Is(err, fault.Limit) || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("another plan than was approved may be carried out (%v)", err)
	}
}

func TestOneWhoWaitsForTheEndOfMaintenanceIsNotDueBefore(t *testing.T) {
	o := awaiting(1)
	if err := o.Approve(remedy.Approval{By: "ann", PlanHash: o.PlanHash}, now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	if !o.Waits(now.Add(59*time.Minute)) || o.Waits(now.Add(time.Hour)) {
		t.Errorf("it waits for %+v", o.Mandate)
	}
}

func TestANoHoldsUntilThePlanOrTheEvidenceIsAnother(t *testing.T) {
	in := incident()
	plan := remedy.Build(in)
	v := decide.Verdict{Mode: decide.ModeApprove}
	o := remedy.OpenPlan(plan, in.Case, v, now)
	if err := o.Reject(remedy.Decision{By: "ann", Why: " ", Time: now}); err == nil {
		t.Error("a no without a reason counts")
	}
	if err := o.Reject(remedy.Decision{By: "ann", Why: "it is our migration", Time: now}); err != nil || o.State != remedy.StateRejected {
		t.Fatalf("%s (%v)", o.State, err)
	}
	again := remedy.OpenPlan(plan, in.Case, v, now.Add(time.Hour))
	same := o.Replan(again, in.Case, now.Add(time.Hour))
	if same.State != remedy.StateRejected || !strings.Contains(same.Reason, "migration") {
		t.Errorf("the same plan is %s: %s", same.State, same.Reason)
	}
	newer := in.Case
	newer.Window.To = now.Add(time.Minute)
	if got := o.Replan(again, newer, now.Add(time.Hour)); got.State != remedy.StateAwaitingApproval {
		t.Errorf("after new evidence it is %s", got.State)
	}
	if err := yes(&same, "ben", now); !errors.Is(err, fault.Denied) {
		t.Errorf("what was rejected can be approved (%v)", err)
	}
}

func TestAnotherPlanTakesNoYesOverAndSaysWhatChanged(t *testing.T) {
	o := awaiting(2)
	if err := yes(&o, "ann", now); err != nil {
		t.Fatal(err)
	}
	in := incident()
	in.Inventory.Application.Tags = []string{"rekey=protected"}
	in.Options = remedy.Options{Vault: in.Options.Vault}
	next := remedy.OpenPlan(remedy.Build(in), in.Case, decide.Verdict{Mode: decide.ModeApprove}, now.Add(10*time.Minute))
	if next.PlanHash == o.PlanHash {
		t.Fatal("the plans are the same")
	}
	got := o.Replan(next, in.Case, now.Add(10*time.Minute))
	if got.Missing(now.Add(10*time.Minute)) != 2 || !got.Asked.Equal(o.Asked) {
		t.Errorf("%d missing, asked %s", got.Missing(now), got.Asked)
	}
	text := got.Text(now.Add(10 * time.Minute))
	for _, want := range []string{"became " + got.PlanHash, "does not count: it was for plan " + o.PlanHash, "no more: ", "2 more must approve"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func TestCancelling(t *testing.T) {
	tests := map[string]struct {
		done  int // steps; -1: nothing was begun
		state remedy.State
		want  remedy.State // at once
		half  string
	}{
		"what only awaits approval":      {-1, remedy.StateAwaitingApproval, remedy.StateCancelled, "nothing was changed"},
		"what is due and was not begun":  {-1, remedy.StateRunning, remedy.StateCancelled, "nothing was changed"},
		"what is being carried out":      {3, remedy.StateRunning, remedy.StateRunning, "is disabled"},
		"what is contained, with a rest": {3, remedy.StateContained, remedy.StateCancelled, "is disabled"},
		"what was given back to people":  {3, remedy.StateAwaitingApproval, remedy.StateCancelled, "is disabled"},
	}
	d := remedy.Decision{By: "ann", Why: "wrong principal", Time: now}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := awaiting(1)
			if o.State = tt.state; tt.done >= 0 {
				begin(&o, tt.done, now)
			}
			if err := o.Stop(d); err != nil || o.State != tt.want {
				t.Fatalf("it is %s (%v)", o.State, err)
			}
			if tt.want == remedy.StateRunning { // the executor's part
				s, more := o.Next()
				if !more || s.ID != o.Plan.Steps[tt.done].ID {
					t.Fatalf("next is %s, %v: the step in flight is to be ended", s.ID, more)
				}
				o.Complete(s.ID, "", now)
				if _, more := o.Next(); more {
					t.Fatal("another step follows the one in flight")
				}
				o.Finish(now)
			}
			if o.State != remedy.StateCancelled || !strings.Contains(o.Reason, "wrong principal") || !strings.Contains(o.Reason, tt.half) {
				t.Errorf("%s: %s", o.State, o.Reason)
			}
			if err := o.Stop(d); !errors.Is(err, fault.Denied) {
				t.Errorf("it is cancelled twice (%v)", err)
			}
		})
	}
}

func TestAStepThatOnlyLooksIsNotWaitedFor(t *testing.T) {
	o := awaiting(1)
	o.State = remedy.StateRunning
	o.Start(o.Plan.Steps[0].ID, now) // the snapshot
	if err := o.Stop(remedy.Decision{By: "ann", Why: "no", Time: now}); err != nil {
		t.Fatal(err)
	}
	if s, more := o.Next(); more {
		t.Errorf("%s is still to be done", s.ID)
	}
}

func TestTheRestOfAContainedOperationCanBeApproved(t *testing.T) {
	in := incident()
	o := remedy.OpenPlan(remedy.Build(in), in.Case, decide.Verdict{Mode: decide.ModeContain, Asked: decide.ModeContain}, now)
	for s, more := o.Next(); more; s, more = o.Next() {
		o.Start(s.ID, now)
		o.Complete(s.ID, "", now)
	}
	o.Finish(now)
	if o.State != remedy.StateContained || o.Missing(now) != 1 {
		t.Fatalf("%s: %s", o.State, o.Reason)
	}
	if err := yes(&o, "ann", now); err != nil {
		t.Fatal(err)
	}
	if s, more := o.Next(); !more || s.Contains() {
		t.Errorf("next is %q, %v", s.ID, more)
	}
}

func TestWhatPeopleAreToldAboutAnOperation(t *testing.T) {
	capped := decide.Verdict{Mode: decide.ModeApprove, Asked: decide.ModeEvict, Checks: []decide.Check{{Name: "acts within the hour"}}}
	hour := now.Add(time.Hour)
	tests := map[string]struct {
		edit    func(*remedy.Operation)
		stopped bool
		want    string
	}{
		"it awaits approval":             {func(*remedy.Operation) {}, false, "approval-needed approval-unanswered"},
		"only the cap stood in its way":  {func(o *remedy.Operation) { o.Verdict = capped }, false, "approval-needed approval-unanswered cap-reached"},
		"it is only planned":             {func(o *remedy.Operation) { o.State = remedy.StatePlanned }, false, ""},
		"it runs":                        {func(o *remedy.Operation) { o.State = remedy.StateRunning }, false, "journal-stuck"},
		"it stands with the kill switch": {func(o *remedy.Operation) { o.State = remedy.StateRunning }, true, ""},
		"it waits for its time": {func(o *remedy.Operation) {
			_ = o.Approve(remedy.Approval{By: "ann", PlanHash: o.PlanHash}, now.Add(2*time.Hour), now)
		}, false, ""},
		"it watches for seven days": {func(o *remedy.Operation) {
			o.State, o.Plan.Steps, o.Progress = remedy.StateRunning, []remedy.Step{{ID: "w", Kind: remedy.StepWatch}}, []remedy.Progress{{Step: "w", Status: remedy.Started}}
		}, false, ""},
		"it failed at the proof": {func(o *remedy.Operation) {
			for i, s := range o.Plan.Steps {
				if s.Kind == remedy.StepProve {
					begin(o, i, now)
				}
			}
			o.Fail("no token", now)
		}, false, "proof-failed"},
		"it failed before": {func(o *remedy.Operation) { begin(o, 3, now); o.Fail("refused", now) }, false, "operation-failed"},
		"it is done":       {func(o *remedy.Operation) { o.State = remedy.StateDone }, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := awaiting(1)
			tt.edit(&o)
			var got []string
			for _, c := range o.Concerns(tt.stopped, hour) {
				got = append(got, string(c.Reason))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%v, want %q", got, tt.want)
			}
		})
	}
}

func TestTryingAStepAgainIsNoProgress(t *testing.T) {
	o := awaiting(1)
	o.State = remedy.StateRunning
	o.Start(o.Plan.Steps[0].ID, now)
	o.Start(o.Plan.Steps[0].ID, now.Add(time.Hour))
	if !o.Moved().Equal(now) {
		t.Errorf("it moved at %s", o.Moved())
	}
}

func TestNothingIsEverDoneThatTooFewPeopleAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		need := rapid.IntRange(1, 2).Draw(t, "need")
		o := awaiting(need)
		at := now
		given := map[string]time.Time{}
		for range rapid.IntRange(1, 12).Draw(t, "acts") {
			at = at.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "minutes")) * time.Minute)
			who := rapid.SampledFrom([]string{"ann", "ANN", "ben", "eve"}).Draw(t, "who")
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0, 1:
				if yes(&o, who, at) == nil {
					given[strings.ToLower(who)] = at
				}
			case 2:
				if s, more := o.Next(); more && o.Permits(s, at) == nil {
					held := 0
					for by, when := range given {
						if by != "eve" && (at.Sub(when) < 4*time.Hour || o.Underway()) {
							held++
						}
					}
					if held < need {
						t.Fatalf("%s may be done on the word of %v at %s", s.ID, given, at)
					}
					o.Start(s.ID, at)
				}
			case 3:
				_ = o.Stop(remedy.Decision{By: who, Why: "no", Time: at})
			}
		}
	})
}

func TestNobodyDecidesAboutACaseThatHeIsPartOf(t *testing.T) {
	for name, decide := range map[string]func(*remedy.Operation, remedy.Decision) error{"reject": (*remedy.Operation).Reject, "cancel": (*remedy.Operation).Stop} {
		o := awaiting(1)
		if err := decide(&o, remedy.Decision{By: "EVE", Why: "it is fine", Time: now}); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "linked case") {
			t.Errorf("%s: %v", name, err)
		}
		if o.State != remedy.StateAwaitingApproval || o.Cancel != nil {
			t.Errorf("%s: it is %s", name, o.State)
		}
		if err := decide(&o, remedy.Decision{By: "ann", Why: "it is fine", Time: now}); err != nil {
			t.Errorf("%s by somebody else: %v", name, err)
		}
	}
}
