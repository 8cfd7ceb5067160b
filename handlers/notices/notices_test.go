package notices_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rekey/handlers/notices"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/score"
	"rekey/shared/store"
)

func TestEachDetectionAndEachStateIsToldOnceAndInOrder(t *testing.T) {
	w := newWorld(t)
	w.must(w.keep(finding("d1", score.LevelMedium)))
	w.must(w.open("op-c1"))
	w.must(w.hear())
	for _, s := range []remedy.State{remedy.StateRunning, remedy.StateWatching, remedy.StateDone} {
		w.must(w.move("op-c1", s))
	}
	w.must(w.keep(finding("d1", score.LevelHigh)))
	w.must(w.rotate(rotate.StateAwaitingApproval, 0))
	w.must(w.rotate(rotate.StateRunning, 0))
	w.must(w.rotate(rotate.StateRunning, 1))
	w.must(w.rotate(rotate.StateDone, 3))
	w.must(w.hear())
	w.must(w.sweep())
	for subject, want := range map[string]string{
		"detections/d1": "medium atRisk, high atRisk", "operations/op-c1": "awaitingApproval, running, watching, done",
		"rotations/rot-c1": "awaitingApproval 1, running 1, running 2, done 0",
	} {
		if got := w.hub.said(subject); got != want {
			t.Errorf("of %s was told %s, want %s", subject, got, want)
		}
	}
	if len(w.hub.got) != 10 || len(w.hub.ids()) != 10 {
		t.Errorf("%d notices with %d ids", len(w.hub.got), len(w.hub.ids()))
	}
}

func TestWhoeverWritesGoesOnWhenNobodyCanBeRungOrTold(t *testing.T) {
	w := newWorld(t)
	w.deaf, w.hub.down = true, true
	w.must(w.keep(finding("d1", score.LevelHigh)))
	w.must(w.open("op-c1"))
	w.must(w.move("op-c1", remedy.StateRunning))
	w.must(w.move("op-c1", remedy.StateDone))
	w.must(w.rotate(rotate.StateDone, 3))
	w.deaf = false
	for range 30 { // the hub is down for weeks
		w.now = w.now.Add(24 * time.Hour)
		w.must(w.sweep())
	}
	if len(w.hub.got) != 0 {
		t.Fatalf("%v", w.hub.got)
	}
	w.hub.down = false
	w.must(w.sweep()) // finds that it is back
	w.must(w.sweep())
	if got := w.hub.said("operations/op-c1"); got != "awaitingApproval, running, done" {
		t.Errorf("of the operation was told %s", got)
	}
	if got := w.hub.said("detections/d1") + "; " + w.hub.said("rotations/rot-c1"); got != "high atRisk; done 0" {
		t.Errorf("was told %s", got)
	}
	rung := len(w.publish.Rung())
	w.must(w.sweep())
	if len(w.publish.Rung()) != rung {
		t.Errorf("rung again for what is told: %v", w.publish.Rung()[rung:])
	}
}

func TestWhileAHubIsDownAFewSubjectsAreRungForAndTheRestWhenItIsBack(t *testing.T) {
	w := newWorld(t)
	w.hub.down = true
	const all = 60
	for i := range all {
		d := finding(fmt.Sprintf("d%d", i), score.LevelLow)
		d.Principal = event.Principal{ObjectID: fmt.Sprintf("sp%d", i)}
		w.must(w.keep(d))
	}
	w.must(w.hear())
	before, probed := len(w.publish.Rung()), map[string]bool{}
	for range 20 { // forty minutes
		w.now = w.now.Add(2 * time.Minute)
		w.must(w.sweep())
	}
	for _, subject := range w.publish.Rung()[before:] {
		probed[subject] = true
	}
	if rung := len(w.publish.Rung()) - before; rung != 40 || len(probed) < 10 {
		t.Errorf("rung %d times, for %d subjects", rung, len(probed))
	}
	w.hub.down = false
	w.must(w.sweep())
	w.must(w.sweep())
	if len(w.hub.ids()) != all || len(w.hub.got) != all {
		t.Errorf("%d notices, %d ids, want %d", len(w.hub.got), len(w.hub.ids()), all)
	}
}

func TestANoticeThatIsRefusedForItselfMarksNobodyAsDown(t *testing.T) {
	w := newWorld(t)
	w.must(w.open("op-c1"))
	w.must(w.move("op-c1", remedy.StateRunning))
	w.must(w.keep(finding("d1", score.LevelHigh)))
	w.must(w.rotate(rotate.StateDone, 3))
	w.hub.refuses = "operations/op-c1"
	for range 3 {
		w.must(w.sweep())
	}
	if w.hub.said("detections/d1") == "" || w.hub.said("rotations/rot-c1") == "" || w.hub.said("operations/op-c1") != "" {
		t.Errorf("told %v", w.hub.got)
	}
	rung := len(w.publish.Rung())
	w.must(w.sweep())
	if got := len(w.publish.Rung()) - rung; got != 1 {
		t.Errorf("rung %d times for one notice that is refused", got)
	}
}

func TestOneSinkThatIsDownKeepsNothingFromAnotherAndGetsItLater(t *testing.T) {
	w := newWorld(t)
	late := &listener{name: "subscription-7", since: start.Add(3 * time.Second), world: w}
	w.sinks = append([]notices.Sink{late}, w.sinks...)
	late.down = true
	w.must(w.open("op-c1")) // before it subscribed
	w.must(w.move("op-c1", remedy.StateRunning))
	w.must(w.move("op-c1", remedy.StateDone))
	w.must(w.hear())
	if got := w.hub.said("operations/op-c1"); got != "awaitingApproval, running, done" {
		t.Errorf("the hub was told %s", got)
	}
	late.down = false
	w.must(w.sweep())
	if got := late.said("operations/op-c1"); got != "done" {
		t.Errorf("the late one was told %s, want what came after it subscribed", got)
	}
	if len(w.hub.got) != 3 {
		t.Errorf("the hub got %d notices", len(w.hub.got))
	}
}

func TestWhileOneSinkIsDownLostRingsAreMadeUpForTheOthersAtOnce(t *testing.T) {
	w := newWorld(t)
	other := &listener{name: "subscription-7", world: w}
	w.sinks = append(w.sinks, other)
	w.hub.down = true
	put := func(name string, count int) {
		for i := range count {
			d := finding(fmt.Sprintf("%s%d", name, i), score.LevelLow)
			d.Principal = event.Principal{ObjectID: fmt.Sprintf("%s%d", name, i)}
			w.must(w.keep(d))
		}
	}
	put("rung", 60)
	w.must(w.hear())
	w.deaf = true
	put("lost", 20)
	w.deaf = false
	w.must(w.sweep())
	if len(other.ids()) != 80 || len(w.hub.ids()) != 0 {
		t.Errorf("%d of 80 were told, %d to the one that is down", len(other.ids()), len(w.hub.ids()))
	}
}

func TestASinkThatHangsOrPanicsKeepsNoOtherWaitingAndIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		slow, broken := &listener{name: "slow", hangs: true, world: w}, &listener{name: "broken", fails: "a bug", world: w}
		w.sinks = []notices.Sink{slow, broken, w.hub}
		w.must(w.open("op-c1"))
		begun := time.Now()
		err := w.hear()
		if err == nil || !strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "a bug") {
			t.Errorf("got %v, want the panic without its value", err)
		}
		if took := time.Since(begun); took > 30*time.Second || w.hub.said("operations/op-c1") != "awaitingApproval" {
			t.Errorf("after %s the hub was told %q", took, w.hub.said("operations/op-c1"))
		}
		slow.hangs, broken.fails = false, nil
		w.must(w.hear())
		if slow.said("operations/op-c1") != "awaitingApproval" || broken.said("operations/op-c1") != "awaitingApproval" || len(w.hub.got) != 1 {
			t.Errorf("told %v and %v, the hub %d times", slow.got, broken.got, len(w.hub.got))
		}
	})
}

func TestAJudgementIsToldAndThatItGoesOnAfterIt(t *testing.T) {
	w := newWorld(t)
	w.must(w.keep(finding("d1", score.LevelHigh)))
	w.must(w.hear())
	judge := func(state string, at time.Time) {
		t.Helper()
		_, err := w.findings().Judge(t.Context(), "sp1", func(d detect.Detection) (detect.Detection, bool) { return d.Judge(state, detect.DetailNone, at) })
		w.must(err)
		w.must(w.sweep())
	}
	judge(detect.StateRemediated, start.Add(time.Hour))
	d := finding("d1", score.LevelHigh)
	d.Last = start.Add(2 * time.Hour)
	w.must(w.keep(d))
	w.must(w.hear())
	judge(detect.StateRemediated, start.Add(3*time.Hour))
	if got := w.hub.said("detections/d1"); got != "high atRisk, high remediated, high atRisk, high remediated" {
		t.Errorf("was told %s", got)
	}
}

func TestAnOldDetectionThatNobodyWasToldOfIsFoundByTheWalk(t *testing.T) {
	w := newWorld(t)
	w.deaf = true
	const all = 450
	for i := range all {
		d := finding(fmt.Sprintf("d%d", i), score.LevelLow)
		d.Principal = event.Principal{ObjectID: fmt.Sprintf("sp%d", i)}
		d.Posture = i%2 == 0
		w.must(w.keep(d))
	}
	w.deaf, w.now = false, start.Add(90*24*time.Hour)
	for range 3 {
		w.must(w.sweep())
	}
	if len(w.hub.ids()) != all || len(w.hub.got) != all {
		t.Errorf("%d of %d detections were told, in %d notices", len(w.hub.ids()), all, len(w.hub.got))
	}
}

func TestAfterAnOutageTheWalkBeginsWithTheNewest(t *testing.T) {
	w := newWorld(t)
	put := func(name string, count int) {
		for i := range count {
			d := finding(fmt.Sprintf("%s%d", name, i), score.LevelLow)
			d.Principal = event.Principal{ObjectID: fmt.Sprintf("%s%d", name, i)}
			w.must(w.keep(d))
		}
		w.must(w.hear())
	}
	put("old", 1000)
	w.must(w.sweep()) // the walk is on its way
	w.now = w.now.Add(time.Hour)
	w.hub.down = true
	put("missed", 150)
	for range 3 {
		w.now = w.now.Add(time.Hour)
		w.must(w.sweep())
	}
	w.hub.down = false
	w.must(w.sweep())
	w.must(w.sweep())
	if len(w.hub.ids()) != 1150 {
		t.Errorf("%d of 1150 were told in two ticks", len(w.hub.ids()))
	}
}

func TestAPlanThatWasWithdrawnIsToldThoughTheOperationIsGone(t *testing.T) {
	w := newWorld(t)
	w.hub.down = true
	w.must(w.open("op-c1"))
	o, err := w.operations().Get(t.Context(), "op-c1")
	w.must(err)
	w.now = w.now.Add(time.Minute)
	w.must(w.operations().Withdraw(t.Context(), o, w.now))
	w.must(w.hear())
	w.must(w.open("op-c1")) // the case is opened again
	w.must(w.hear())
	w.hub.down = false
	w.must(w.sweep())
	if got := w.hub.said("operations/op-c1"); got != "awaitingApproval, withdrawn, awaitingApproval" {
		t.Errorf("was told %s", got)
	}
	if left, err := w.operations().Withdrawn(t.Context(), ""); err != nil || len(left) != 0 {
		t.Errorf("%d are left (%v)", len(left), err)
	}
}

func TestAWithdrawnPlanThatCannotBeReadKeepsNobodyFromBeingToldOfOthers(t *testing.T) {
	w := newWorld(t)
	w.hub.down = true
	w.must(w.open("op-c1"))
	w.must(w.open("op-c2"))
	w.must(w.hear())
	o, err := w.operations().Get(t.Context(), "op-c1")
	w.must(err)
	w.must(w.operations().Withdraw(t.Context(), o, w.now))
	_, err = w.operations().Table.Put(t.Context(), store.Row{Partition: "withdrawn", Key: "op-c0/1", Data: []byte("half")})
	w.must(err)
	w.hub.down = false
	w.now = w.now.Add(time.Minute)
	if err := w.notices().Missed(t.Context()); !errors.Is(err, fault.ErrUnreadable) {
		t.Errorf("nobody hears of it: %v", err)
	}
	w.must(w.hear())
	for subject, want := range map[string]string{"operations/op-c1": "awaitingApproval, withdrawn", "operations/op-c2": "awaitingApproval"} {
		if got := w.hub.said(subject); got != want {
			t.Errorf("was told %q of %s", got, subject)
		}
	}
}

func TestAPlanThatWasApprovedWhileItWasWithdrawnIsNotSaidToBe(t *testing.T) {
	w := newWorld(t)
	w.must(w.open("op-c1"))
	before, err := w.operations().Get(t.Context(), "op-c1")
	w.must(err)
	w.must(w.move("op-c1", remedy.StateRunning))
	if err := w.operations().Withdraw(t.Context(), before, w.now); !errors.Is(err, fault.Conflict) {
		t.Fatalf("withdrawn: %v", err)
	}
	w.must(w.sweep())
	w.must(w.sweep())
	if got := w.hub.said("operations/op-c1"); got != "awaitingApproval, running" {
		t.Errorf("was told %s", got)
	}
	if left, err := w.operations().Withdrawn(t.Context(), ""); err != nil || len(left) != 0 {
		t.Errorf("%d are left (%v)", len(left), err)
	}
}

func TestAMessageThatNamesNothingIsPoisonAndOneOfWhatIsGoneIsNot(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"", "op-c1", "operations/", "cases/c1", "principals/" + string(make([]byte, 500))} {
		if err := w.notices().Handle(t.Context(), funchost.Message{Text: text}); !errors.Is(err, fault.Poison) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	for _, text := range []string{"operations/op-x", "rotations/rot-x", "principals/nobody"} {
		if err := w.notices().Handle(t.Context(), funchost.Message{Text: text}); err != nil || len(w.hub.got) != 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// life is a story of writers and publishers. Each act may be cut off, and is tried again by whoever comes after.
func life(w *world) []func() error {
	moveTo := func(s remedy.State) func() error {
		return func() error {
			o, err := w.operations().Get(w.t.Context(), "op-c1")
			if err != nil || o.State == s {
				return err
			}
			return w.move("op-c1", s)
		}
	}
	return []func() error{
		func() error { return w.keep(finding("d1", score.LevelMedium)) },
		func() error {
			if _, err := w.operations().Get(w.t.Context(), "op-c1"); !errors.Is(err, fault.NotFound) {
				return err
			}
			return w.open("op-c1")
		},
		w.hear, moveTo(remedy.StateRunning), w.sweep, moveTo(remedy.StateAwaitingApproval),
		func() error { return w.keep(finding("d1", score.LevelHigh)) },
		moveTo(remedy.StateCancelled), w.hear, w.sweep,
	}
}

// run lives a life that ends at an access; then the next one goes on from there.
func run(t *testing.T, end int, after bool) (w *world, ended bool) {
	w = newWorld(t)
	w.end, w.after = end, after
	for _, act := range life(w) {
		for tries := 0; ; tries++ {
			err := act()
			ended = ended || w.dead
			if err == nil && !w.dead {
				break
			}
			if tries == 3 {
				t.Fatalf("ended at access %d (after: %v): it does not go on: %v", end, after, err)
			}
			w.dead, w.end = false, 0
		}
	}
	w.end = 0
	w.must(w.sweep())
	return w, ended
}

func TestWhereverTheProcessEndsEverythingIsToldAtLeastOnceUnderTheSameIDs(t *testing.T) {
	straight, _ := run(t, 0, false)
	want := []string{}
	for _, subject := range []string{"detections/d1", "operations/op-c1"} {
		want = append(want, straight.hub.said(subject))
	}
	moments, again := 0, 0
	for _, after := range []bool{false, true} {
		for end := 1; ; end++ {
			w, ended := run(t, end, after)
			if !ended {
				break
			}
			moments++
			again += len(w.hub.got) - len(w.hub.ids())
			stored(t, w, end, after)
		}
	}
	t.Logf("the process was ended at %d moments; %d notices came a second time; a straight life tells %v", moments, again, want)
	if moments < 150 || again == 0 {
		t.Errorf("%d moments, and %d notices that came twice, prove little", moments, again)
	}
}

// stored checks that what the hub got is what is stored: every state, each of them, and nothing else.
func stored(t *testing.T, w *world, end int, after bool) {
	t.Helper()
	o, err := w.operations().Get(t.Context(), "op-c1")
	w.must(err)
	told := map[int]string{}
	for _, n := range w.hub.got {
		var m struct {
			Sequence int
			State    string
		}
		b, err := json.Marshal(n.Data)
		w.must(err)
		w.must(json.Unmarshal(b, &m))
		if before, ok := told[m.Sequence]; m.Sequence > 0 && ok && before != n.ID {
			t.Errorf("ended at access %d (after: %v): state %d has two ids", end, after, m.Sequence)
		}
		if m.Sequence > 0 {
			told[m.Sequence] = n.ID
		}
	}
	if len(o.Moves) != 4 || len(told) != 4 {
		t.Errorf("ended at access %d (after: %v): %d states were stored and %d told, want 4", end, after, len(o.Moves), len(told))
	}
	if got := w.hub.said("detections/d1"); got != "medium atRisk, high atRisk" && len(w.hub.ids()) != 6 {
		t.Errorf("ended at access %d (after: %v): of the detection was told %s", end, after, got)
	}
}

func TestTwoInstancesThatTellTheSameLoseNoNote(t *testing.T) {
	w := newWorld(t)
	w.must(w.open("op-c1"))
	w.must(w.move("op-c1", remedy.StateRunning))
	// The other one tells everything while this one delivers.
	other := &racing{listener: w.hub, other: w.notices()}
	first := notices.New(w.notices().Config)
	w.sinks = []notices.Sink{other}
	w.must(first.Handle(t.Context(), funchost.Message{Text: "operations/op-c1"}))
	w.sinks = []notices.Sink{w.hub}
	w.must(w.sweep())
	if len(w.hub.ids()) != 2 || len(w.hub.got) != 4 {
		t.Errorf("%d notices, %d ids", len(w.hub.got), len(w.hub.ids()))
	}
}
