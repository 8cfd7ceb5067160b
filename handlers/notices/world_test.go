package notices_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/notices"
	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

const tenant = "t1"

var start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// listener is a sink that remembers what it got.
type listener struct {
	name    string
	since   time.Time
	down    bool
	hangs   bool   // it answers when nobody waits any more
	fails   any    // it panics with this
	refuses string // the subject that it takes no notice of
	got     []notice.Notice
	world   *world
}

func (l *listener) Name() string     { return l.name }
func (l *listener) Since() time.Time { return l.since }

func (l *listener) Deliver(ctx context.Context, ns []notice.Notice) error {
	if l.fails != nil {
		panic(l.fails)
	}
	if l.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.world.access(func() error {
		if ns[0].Subject == l.refuses {
			return fault.Errorf(fault.Limit, "too large")
		}
		if l.down {
			return fault.Errorf(fault.Transient, "nobody there")
		}
		l.got = append(l.got, ns...)
		return nil
	})
}

// ids are those that were got, each once, in the order of their first arrival.
func (l *listener) ids() []string {
	var out []string
	for _, n := range l.got {
		if !slices.Contains(out, n.ID) {
			out = append(out, n.ID)
		}
	}
	return out
}

// said words what was got of a subject.
func (l *listener) said(subject string) string {
	var out []string
	for _, n := range l.got {
		if n.Subject != subject {
			continue
		}
		switch d := n.Data.(type) {
		case notice.Detection:
			out = append(out, d.RiskLevel+" "+d.RiskState)
		case notice.Operation:
			out = append(out, d.State)
		case notice.Rotation:
			out = append(out, fmt.Sprintf("%s %d", d.State, d.Tier))
		}
	}
	return strings.Join(out, ", ")
}

// world is the state account in memory, and the two functions that publish. A life ends at an access, before or after its effect.
type world struct {
	t       *testing.T
	now     time.Time
	state   memory.Table // operations and rotations
	found   memory.Table
	index   memory.Table
	noted   memory.Table
	publish memory.Bell
	deaf    bool // rings are lost
	heard   int  // rings that were taken
	hub     *listener
	sinks   []notices.Sink

	mu    sync.Mutex // sinks are told side by side
	end   int        // the access at which the life ends; 0: it does not
	after bool
	n     int
	dead  bool
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: start}
	w.hub = &listener{name: "hub", world: w}
	w.sinks = []notices.Sink{w.hub}
	return w
}

var errDead = errors.New("the process is gone")

func (w *world) access(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errDead
	}
	if w.n++; w.n != w.end {
		return do()
	}
	if w.after {
		_ = do()
	}
	w.dead = true
	return errDead
}

// table is one whose accesses may be the last.
type table struct {
	store.Table
	w *world
}

func (t table) Get(ctx context.Context, p, k string) (r store.Row, err error) {
	err = t.w.access(func() error { r, err = t.Table.Get(ctx, p, k); return err })
	return r, err
}

func (t table) List(ctx context.Context, p, from string, n int) (rows []store.Row, more string, err error) {
	err = t.w.access(func() error { rows, more, err = t.Table.List(ctx, p, from, n); return err })
	return rows, more, err
}

func (t table) Put(ctx context.Context, r store.Row) (tag string, err error) {
	err = t.w.access(func() error { tag, err = t.Table.Put(ctx, r); return err })
	return tag, err
}

func (t table) Delete(ctx context.Context, r store.Row) error {
	return t.w.access(func() error { return t.Table.Delete(ctx, r) })
}

// Ring implements store.Bell.
func (w *world) Ring(ctx context.Context, id string) error {
	if w.deaf {
		return errors.New("the queue does not answer")
	}
	return w.access(func() error { return w.publish.Ring(ctx, id) })
}

func (w *world) findings() findings.Store {
	return findings.Store{Table: table{&w.found, w}, Index: table{&w.index, w}}
}

func (w *world) operations() operations.Store {
	return operations.Store{Table: table{&w.state, w}, Publish: w}
}

func (w *world) rotations() rotations.Store {
	return rotations.Store{Table: table{&w.state, w}, Publish: w}
}

func (w *world) notices() *notices.Notices {
	return notices.New(notices.Config{
		Tenant: tenant, Findings: w.findings(), Operations: w.operations(), Rotations: w.rotations(), Noted: table{&w.noted, w}, Publish: w,
		Sinks: func(context.Context) ([]notices.Sink, error) { return w.sinks, nil }, Now: func() time.Time { return w.now },
	})
}

// hear handles the messages that wait. Those of a life that ended stay in the queue, as the service hands them out again.
func (w *world) hear() error {
	for w.heard < len(w.publish.Rung()) {
		err := w.notices().Handle(w.t.Context(), funchost.Message{Text: w.publish.Rung()[w.heard]})
		if err != nil {
			return err
		}
		w.heard++
	}
	return nil
}

// sweep does what the function of the clock does, and hears what it rings for.
func (w *world) sweep() error {
	if err := w.notices().Missed(w.t.Context()); err != nil {
		return err
	}
	return w.hear()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func finding(id string, level score.Level) detect.Detection {
	return detect.Detection{
		ID: id, Type: detect.TypeSuspiciousSignins, Principal: event.Principal{ObjectID: "sp1"}, Source: detect.SourceRekey, Level: level,
		First: start, Last: start, KeyIDs: []string{}, Contributions: []score.Contribution{}, Records: []detect.Record{},
	}
}

// keep finds a detection, as the detect app does, and rings, as triage does after it.
func (w *world) keep(d detect.Detection) error {
	_, err := w.findings().Keep(w.t.Context(), d, w.now)
	store.Nudge(w.t.Context(), w, notice.Principals+d.Principal.Key())
	return err
}

// move stores an operation in a state.
func (w *world) move(id string, s remedy.State) error {
	w.now = w.now.Add(time.Second)
	_, err := w.operations().Change(w.t.Context(), id, func(o *remedy.Operation) error {
		o.State, o.Updated = s, w.now
		return nil
	})
	return err
}

func (w *world) open(id string) error {
	w.now = w.now.Add(time.Second)
	o := remedy.Operation{
		Version: 3, ID: id, Case: "c1", Principal: event.Principal{ObjectID: "sp1"}, State: remedy.StateAwaitingApproval, PlanHash: "aa", Opened: w.now, Updated: w.now,
	}
	return w.operations().Put(w.t.Context(), &operations.Stored{Operation: o})
}

// rotate stores a rotation in a state, the first tiers of it ended.
func (w *world) rotate(s rotate.State, ended int) error {
	w.now = w.now.Add(time.Second)
	ctx, id := w.t.Context(), rotate.OperationID("c1")
	j, err := w.rotations().Get(ctx, id)
	if errors.Is(err, fault.NotFound) {
		h := rotate.Head{Version: rotate.Version, ID: id, Case: "c1", Principal: "sp1", State: rotate.StateRunning}
		if j, err = w.rotations().Claim(ctx, h); err == nil {
			j.Opened = w.now
		}
	}
	if err != nil {
		return err
	}
	j.State, j.Updated = s, w.now
	for i := range j.Tiers {
		if j.Tiers[i].Number = i + 1; i < ended {
			j.Tiers[i].Ended = w.now
		}
	}
	return w.rotations().Write(ctx, j, "")
}

// racing is the sink of an instance that another one overtakes while it delivers.
type racing struct {
	*listener
	other *notices.Notices
	raced bool
}

func (r *racing) Deliver(ctx context.Context, ns []notice.Notice) error {
	if !r.raced {
		r.raced = true
		if err := r.other.Handle(ctx, funchost.Message{Text: ns[0].Subject}); err != nil {
			return err
		}
	}
	return r.listener.Deliver(ctx, ns)
}
