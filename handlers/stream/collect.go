package stream

import (
	"context"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/rule"
	"rekey/shared/streams"
	"rekey/shared/trail"
	"rekey/shared/watch"
)

// ahead is how far in the future an event may claim to lie: clocks differ, but a record of next week would push the
// whole window of a principal forward.
const ahead = 24 * time.Hour

// group is what a batch brings about one principal, application or network.
type group struct {
	events  []event.Event     // what the principal did: sign-ins that succeeded, and what was done with their tokens
	values  []baseline.Values // of events, once learned
	failed  []event.Event     // its sign-ins that did not succeed
	reads   []event.Event     // what it read or was refused, of vaults, resources and Graph
	visits  []baseline.Visit
	claims  []detect.Detection // what rules found in directory changes, and what Microsoft found
	notes   []baseline.Note
	trail   []trail.Kept // what was changed on it and by it
	changed bool         // some of it was not known: it was changed, or it is a workload that changed something
	users   []userSignIn
}

type userSignIn struct {
	day  baseline.Day
	user string
}

// reject is a record, or a whole message, that cannot be used.
type reject struct {
	event  funchost.Event
	record int
	raw    []byte
	reason error
}

// collector is the decoder's sink for one batch: it sorts events by principal.
type collector struct {
	now     time.Time
	enrich  func(*event.Event)
	world   *rule.World
	health  streams.Memory // which logs the batch brings
	groups  map[string]*group
	rejects []reject
	message funchost.Event // the one being decoded
	events  int64
	skipped int64
}

// collect decodes a batch. What cannot be decoded is set aside and stops nothing.
func (s *Stream) collect(b funchost.Batch, w *rule.World, now time.Time) *collector {
	c := &collector{now: now, enrich: s.Enrich, world: w, groups: map[string]*group{}}
	d, _ := s.decoders.Get().(*entralog.Decoder)
	if d == nil {
		d = new(entralog.Decoder)
	}
	defer s.decoders.Put(d)
	for _, e := range b.Events {
		c.message = e
		if err := d.Decode(e.Body, c); err != nil {
			c.rejects = append(c.rejects, reject{e, whole, e.Body, err})
		}
	}
	return c
}

// Event files one event under the principals it says something about.
func (c *collector) Event(e *event.Event) {
	c.events++
	if e.Time.After(c.now.Add(ahead)) {
		c.parkMessage(fault.Errorf(fault.Poison, "reading record %s: its time %s lies in the future", e.ID, e.Time.Format(time.RFC3339)))
		return
	}
	c.health.Note(e, c.now)
	c.enrich(e)
	switch {
	case baseline.Teaches(e):
		g := c.group(e.Principal.Key())
		g.events = append(g.events, *e)
	case watch.Fails(e):
		g := c.group(e.Principal.Key())
		g.failed = append(g.failed, *e)
	case e.Kind == event.KindUserSignIn && e.SignIn.Succeeded() && e.SignIn.UserID != "":
		g := c.group(event.Principal{AppID: e.Principal.AppID}.Key())
		g.users = append(g.users, userSignIn{baseline.DayOf(e.Time), e.SignIn.UserID})
	}
	for _, d := range rule.Judge(e, c.world) {
		g := c.group(d.Principal.Key())
		g.claims = append(g.claims, d)
	}
	if watch.Reads(e) {
		g := c.group(exposure.Who(e).Key())
		g.reads = append(g.reads, *e)
	}
	if network, v, ok := watch.Failure(e); ok {
		g := c.group(network)
		g.visits = append(g.visits, v)
	}
	for _, n := range detect.Notes(e) {
		g := c.group(n.Key)
		g.notes = append(g.notes, n.Note)
	}
	for _, k := range trail.Of(e) {
		g := c.group(k.Key)
		g.trail = append(g.trail, k)
	}
}

// parkMessage sets the whole message aside, once: its place among the records is not known here, and decoding it again
// when it is replayed changes nothing for the good ones.
func (c *collector) parkMessage(reason error) {
	if n := len(c.rejects); n > 0 && c.rejects[n-1].record == whole && c.rejects[n-1].event.Sequence == c.message.Sequence {
		return
	}
	c.rejects = append(c.rejects, reject{c.message, whole, c.message.Body, reason})
}

// nobody collects what names no principal: it is counted and dropped.
var nobody = ""

func (c *collector) group(key string) *group {
	if key == nobody {
		return &group{}
	}
	g := c.groups[key]
	if g == nil {
		g = &group{}
		c.groups[key] = g
	}
	return g
}

// Skip counts a record of a category that Rekey does not use.
func (c *collector) Skip(string) { c.skipped++ }

// Reject sets a record aside that cannot be decoded.
func (c *collector) Reject(record int, raw []byte, err error) {
	c.rejects = append(c.rejects, reject{c.message, record, raw, err})
}

func (c *collector) count(ctx context.Context) {
	funchost.Count(ctx, "records", c.events)
	funchost.Count(ctx, "skipped", c.skipped)
	funchost.Count(ctx, "principals", int64(len(c.groups)))
}
