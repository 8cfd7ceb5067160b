// Package stream is the handler of the six functions that read log streams: signins, auditlogs, vaultlogs, graphlogs,
// activitylogs and riskevents. They share it because a record is known by its category and not by the hub that
// brought it: whatever arrives anywhere is handled the same.
//
// A batch goes one way: decode (collect.go), then for each principal read its state, judge (judge.go) and write what
// changed, keep the detections, ring for triage. Any dependency that fails fails the batch, and the hub hands it over
// again; everything written before is a merge that changes nothing the second time.
package stream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/fleets"
	"rekey/handlers/health"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/deadletter"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/rule"
	"rekey/shared/store"
)

// Config is what the handler works with.
type Config struct {
	Principals principals.Store
	Findings   findings.Store
	Fleets     *fleets.Store
	Dead       deadletter.Box
	Triage     store.Bell
	Enrich     func(*event.Event) // adds what the record lacks about its address
	Hasher     baseline.Hasher
	World      *rule.World   // what the tenant declares; nil declares nothing
	Health     *health.Store // remembers which logs arrive; nil: nobody does
	Now        func() time.Time

	// Suspects returns the ids of who is in a case; nil: nobody is.
	Suspects func(ctx context.Context, now time.Time) ([]string, error)
	// Objects returns the appIds of applications by their object id; nil: none is known.
	Objects func(ctx context.Context) (map[string]string, error)
}

// Stream handles batches of log messages.
type Stream struct {
	Config
	decoders sync.Pool
	suspects kept[[]string]
	objects  kept[map[string]string]
}

// New makes the handler.
func New(c Config) *Stream {
	s := &Stream{Config: c}
	s.suspects.load = c.Suspects
	if c.Objects != nil {
		s.objects.load = func(ctx context.Context, _ time.Time) (map[string]string, error) { return c.Objects(ctx) }
	}
	return s
}

// workers is how many principals of a batch are worked on at a time: enough to hide the store's latency.
const workers = 8

// Handle works on one batch. A batch that makes the code panic is run event by event, and only the event that panics
// alone is parked as a dead letter.
func (s *Stream) Handle(ctx context.Context, b funchost.Batch) error {
	return funchost.Isolate(ctx, b, s.batch, func(e funchost.Event, reason error) error {
		return s.park(ctx, b, e, whole, e.Body, reason)
	})
}

func (s *Stream) batch(ctx context.Context, b funchost.Batch) error {
	now := s.Now()
	w, err := s.world(ctx, now)
	if err != nil {
		return err
	}
	c := s.collect(b, w, now)
	s.remember(ctx, b.Hub, c, now)
	for _, r := range c.rejects {
		if err := s.park(ctx, b, r.event, r.record, r.raw, r.reason); err != nil {
			return err
		}
	}
	group := funchost.NewGroup(ctx, workers)
	lane := b.Hub + "-" + b.Partition
	for key, g := range c.groups {
		group.Go(func(ctx context.Context) error { return s.principal(ctx, key, g, lane, now) })
	}
	err = group.Wait()
	c.count(ctx)
	return err
}

// remember adds the batch to what is known of the logs. It is no reason to hold a batch back: the next one says the same.
func (s *Stream) remember(ctx context.Context, hub string, c *collector, now time.Time) {
	if s.Health == nil {
		return
	}
	if err := s.Health.Add(ctx, hub, &c.health, now); err != nil {
		funchost.Count(ctx, "health_unwritten", 1)
		funchost.Note(ctx, "health_error", err.Error())
	}
}

// principal reads a principal's state, judges what the batch brings about it, and writes what changed. Applications
// and networks are handled the same; nothing is judged about them.
func (s *Stream) principal(ctx context.Context, key string, g *group, lane string, now time.Time) error {
	state, err := s.Principals.Load(ctx, key)
	if err != nil {
		return err
	}
	s.learn(state, g)
	found, ring, err := s.judge(ctx, key, state, g, now)
	if err != nil {
		return err
	}
	attempts, err := s.Principals.Save(ctx, state, lane)
	funchost.Count(ctx, "state_writes", int64(attempts))
	if err != nil {
		return err
	}
	if found, err = s.arrive(ctx, found, lane, now); err != nil {
		return err
	}
	if len(g.visits) > 0 {
		if err := s.company(ctx, state.Visits.List(), now); err != nil {
			return err
		}
	}
	return s.keep(ctx, key, found, ring, now)
}

// whole is the record number of a dead letter that is a whole message.
const whole = -1

// park stores what cannot be used: a record of a message, or the whole message.
func (s *Stream) park(ctx context.Context, b funchost.Batch, e funchost.Event, record int, raw []byte, reason error) error {
	letter := deadletter.Letter{
		Hub: b.Hub, Partition: b.Partition, Sequence: e.Sequence, Record: record,
		Reason: reason.Error(), Parked: s.Now().UTC(), Size: len(raw),
	}
	if err := s.Dead.Park(ctx, letter, raw); err != nil {
		return fmt.Errorf("parking record %d of %s/%s/%d: %w", record, b.Hub, b.Partition, e.Sequence, err)
	}
	funchost.Count(ctx, "dead_letters", 1)
	return nil
}
