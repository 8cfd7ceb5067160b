// Package notices tells programs outside what became known and what changed: an event hub, and whoever subscribed.
//
// Rows hold the truth here, too: what is to be told follows from the detections and from the states that operations and
// rotations were stored in, and a table notes what each sink was told. Whoever writes a row rings the queue and goes on,
// whatever comes of the ring; the function publish tells what is not noted, and sweep rings for whatever was missed (see
// Missed). A notice is delivered first and noted then, so after a crash between the two it comes again, under the same id.
package notices

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/notice"
	"rekey/shared/store"
)

// Sink is somebody who is told.
type Sink interface {
	// Name is the same for ever: what was delivered is noted under it.
	Name() string
	// Since is the time before which nothing is of interest; the zero time: everything is.
	Since() time.Time
	// Deliver delivers notices of one subject or principal, the earliest first. After an error all of them come again.
	Deliver(ctx context.Context, ns []notice.Notice) error
}

// Config is what the handler works with.
type Config struct {
	Tenant     string
	Findings   findings.Store
	Operations operations.Store
	Rotations  rotations.Store
	Noted      store.Table // what each sink was told
	Sinks      func(ctx context.Context) ([]Sink, error)
	Publish    store.Bell // for whatever was missed
	Logger     *slog.Logger
	Now        func() time.Time
}

// Notices is the handler.
type Notices struct{ Config }

// New makes the handler.
func New(c Config) *Notices { return &Notices{c} }

// batch is how many notices are delivered, and then noted, at a time.
const batch = 100

// deliverTime is how long a delivery may take: others wait behind it.
const deliverTime = 20 * time.Second

// Handle tells what is not told yet of one subject. What cannot be delivered does not come back as a message: the queue would
// park it after some tries, while sweep rings for as long as it takes.
func (n *Notices) Handle(ctx context.Context, m funchost.Message) error {
	told, err := n.subject(ctx, m.Text)
	if err != nil {
		return err
	}
	sinks, err := n.Sinks(ctx)
	if err != nil {
		return fmt.Errorf("finding who is told: %w", err)
	}
	complete, err := n.tellAll(ctx, sinks, told)
	if err != nil || !complete {
		return err
	}
	return n.forget(ctx, told)
}

// maxSinks is how many sinks are told at a time.
const maxSinks = 8

// tellAll tells all sinks side by side: one that does not answer keeps no other waiting. complete is whether all were told.
func (n *Notices) tellAll(ctx context.Context, sinks []Sink, t truth) (complete bool, err error) {
	group := funchost.NewGroup(ctx, maxSinks)
	told, errs := make([]bool, len(sinks)), make([]error, len(sinks)+1)
	for i, s := range sinks {
		group.Go(func(context.Context) error { // in the context of all: an error of one cancels no other
			told[i], errs[i] = n.tell(ctx, s, t)
			return nil
		})
	}
	errs[len(sinks)] = group.Wait() // a panic
	return !slices.Contains(told, false), errors.Join(errs...)
}

// truth is all there is to tell about a subject.
type truth struct {
	group     string // of notes
	notices   []notice.Notice
	withdrawn []operations.Stored // that may be forgotten when everybody was told
}

// maxSubject bounds a subject in a message; longer ones are not ours.
const maxSubject = 400

// subject reads what there is to tell. Of what is not there any more there is nothing to tell.
func (n *Notices) subject(ctx context.Context, subject string) (truth, error) {
	for prefix, read := range map[string]func(context.Context, string) (truth, error){
		notice.Principals: n.principal, notice.Operations: n.operation, notice.Rotations: n.rotation,
	} {
		if id, ok := strings.CutPrefix(subject, prefix); ok && id != "" && len(subject) <= maxSubject {
			return read(ctx, id)
		}
	}
	return truth{}, fault.Errorf(fault.Poison, "reading message: %.80q names nothing to tell of: %s, %s or %s and an id is expected", subject, notice.Principals, notice.Operations, notice.Rotations)
}

// tell delivers what a sink was not told yet, and notes it.
func (n *Notices) tell(ctx context.Context, s Sink, t truth) (delivered bool, err error) {
	had, err := n.noted(ctx, s, t.group, t.notices)
	if err != nil {
		return false, err
	}
	due := had.due(s, t.notices)
	if len(due) == 0 {
		return true, nil
	}
	for len(due) > 0 {
		some := due[:min(len(due), batch)]
		due = due[len(some):]
		if err := n.deliver(ctx, s, some); err != nil {
			return false, errors.Join(ctx.Err(), n.mark(ctx, s, err))
		}
		if err := had.note(ctx, n.Noted, some); err != nil {
			return false, err
		}
		funchost.Count(ctx, "notices", int64(len(some)))
	}
	return true, n.unmark(ctx, s)
}

// deliver bounds a delivery, and says in the log when it failed.
func (n *Notices) deliver(ctx context.Context, s Sink, ns []notice.Notice) error {
	short, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	err := s.Deliver(short, ns)
	if err != nil {
		funchost.Count(ctx, "notices_undelivered", int64(len(ns)))
		if n.Logger != nil {
			n.Logger.WarnContext(ctx, "undelivered", slog.String("sink", s.Name()), slog.Int("notices", len(ns)), slog.String("error", err.Error()))
		}
	}
	return err
}
