package remedy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rekey/shared/decide"
	"rekey/shared/remedy"
)

// watching is an operation whose only step left is the watch.
func watching(t *testing.T) remedy.Operation {
	t.Helper()
	in := incident()
	o := remedy.OpenPlan(remedy.Build(in), in.Case, decide.Verdict{Mode: decide.ModeEvict}, now)
	o.State = remedy.StateRunning
	for {
		s, more := o.Next()
		if !more {
			t.Fatal("the plan has no watch")
		}
		if s.Kind == remedy.StepWatch {
			o.StartWatch(s, now)
			return o
		}
		o.Complete(s.ID, "", now)
	}
}

func TestTheDaysOfWatchingHoldNobody(t *testing.T) {
	o := watching(t)
	if !o.Watching() || o.Due() || o.Lease.Owner != "" || !o.Watch.Until.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("%s, due %v, lease %q, until %s", o.State, o.Due(), o.Lease.Owner, o.Watch.Until)
	}
	for after, want := range map[time.Duration]bool{time.Minute: false, 59 * time.Minute: false, time.Hour: true} {
		if got := o.Stands(2*time.Minute, now.Add(after)); got != want {
			t.Errorf("after %s somebody is called to look: %v", after, got)
		}
	}
	running := o
	running.State = remedy.StateRunning
	if !running.Stands(2*time.Minute, now.Add(2*time.Minute)) || running.Stands(2*time.Minute, now.Add(time.Minute)) {
		t.Error("one that is due is rung for when it stands still for two minutes")
	}
}

func TestWhatALookFindsIsKeptOnceAndTheNewestCounts(t *testing.T) {
	o := watching(t)
	f := remedy.Failure{Network: "192.0.2.0/24", KeyID: "other", Known: true, Last: now}
	later := f
	later.Last = now.Add(time.Hour)
	for _, tt := range []struct {
		found []remedy.Failure
		news  bool
	}{{nil, false}, {[]remedy.Failure{f}, true}, {[]remedy.Failure{later, f}, false}, {[]remedy.Failure{f}, false}, {[]remedy.Failure{{Network: "203.0.113.0/24", Last: now}}, true}} {
		if got := o.Looked(tt.found, now.Add(2*time.Hour)); got != tt.news {
			t.Errorf("%+v is new: %v", tt.found, got)
		}
	}
	if len(o.Watch.Failures) != 2 || !o.Watch.Failures[0].Last.Equal(later.Last) {
		t.Errorf("%+v", o.Watch.Failures)
	}
	data, err := json.Marshal(o)
	var read remedy.Operation
	if err != nil || json.Unmarshal(data, &read) != nil || len(read.Watch.Failures) != 2 {
		t.Errorf("after a restart it knows %+v (%v)", read.Watch, err)
	}
	o.EndWatch("watched to the end", now.Add(8*24*time.Hour))
	note := o.Progress[len(o.Progress)-1].Note
	if o.State != remedy.StateDone || !strings.Contains(note, "a consumer left behind") || !strings.Contains(note, "the intruder still tries") {
		t.Errorf("%s: %q", o.State, note)
	}
}

func TestTheFourthReturnIsOneTooMany(t *testing.T) {
	o := watching(t)
	for n := 1; n <= 4; n++ {
		if tooOften := o.Returned(now); tooOften != (n == 4) {
			t.Errorf("return %d is too often: %v", n, tooOften)
		}
		if o.Returned(now); o.Watch.Returns != n {
			t.Errorf("one that is not removed yet counts twice: %d", o.Watch.Returns)
		}
		o.Looked(nil, now)
	}
}

func TestWhatIsRefusedForGoodKeepsThePrincipalDisabled(t *testing.T) {
	for kind, want := range map[string]remedy.State{
		remedy.StepRemovePasswords: remedy.StateContained, remedy.StepRemoveOwners: remedy.StateContained,
		remedy.StepConfirm: remedy.StateDone, remedy.StepRemoveVaultPolicies: remedy.StateDone,
	} {
		o := watching(t)
		s := remedy.Step{ID: "x", Kind: kind, Object: "sp1"}
		o.Block(s, "it needs a permission", now)
		o.Block(s, "again", now)
		if len(o.Blocked) != 1 || !o.Blocks("sp1", kind) || o.Blocks("sp2", kind) {
			t.Errorf("%s: %+v", kind, o.Blocked)
		}
		o.EndWatch("", now)
		if o.State != want || !strings.Contains(o.Reason, "it needs a permission") {
			t.Errorf("without %s it ends %s: %q", kind, o.State, o.Reason)
		}
	}
}
