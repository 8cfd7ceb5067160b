package notices

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"rekey/handlers/operations"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/notice"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// What sweep looks at each time: detections found within the last hour, one page of all others, and every operation and
// rotation, which it reads anyhow.
const (
	fresh    = time.Hour
	walkPage = 200
	maxRings = 500 // the rest is rung for next time
)

// Where the walk through all detections stands.
const (
	walkPartition = "walk"
	walkKey       = "detections"
)

// Missed rings for what somebody was not told: a ring was lost, or it could not be delivered. It looks for as long as there is
// something to tell, so an outage may last any time.
func (n *Notices) Missed(ctx context.Context) error {
	sinks, err := n.Sinks(ctx)
	if err != nil || len(sinks) == 0 {
		return err
	}
	up, down, err := n.apart(ctx, sinks)
	if err != nil {
		return err
	}
	m, err := n.look(ctx, up, len(down) > 0)
	probe, errDown := n.look(ctx, down, true)
	if err = errors.Join(err, errDown); len(probe) > probes { // others each time, in case one cannot be told
		from := rand.IntN(len(probe))
		probe = append(probe[from:], probe[:from]...)[:probes]
	}
	for _, subject := range append(m, probe...) {
		if ringErr := n.Publish.Ring(ctx, subject); ringErr != nil {
			return errors.Join(err, fmt.Errorf("ringing for notices of %s: %w", subject, ringErr))
		}
		funchost.Count(ctx, "rung_publish", 1)
	}
	return err
}

// look returns what some sinks were not told. Down says that a sink is down, one of these or another.
func (n *Notices) look(ctx context.Context, sinks []Sink, down bool) (m missed, err error) {
	if len(sinks) == 0 {
		return nil, nil
	}
	err = errors.Join(n.missedOperations(ctx, sinks, &m), n.missedRotations(ctx, sinks, &m), n.missedDetections(ctx, sinks, down, &m))
	return m, err
}

// missed are the subjects that one look found, each once.
type missed []string

func (m *missed) add(subject string) {
	if len(*m) < maxRings && !slices.Contains(*m, subject) {
		*m = append(*m, subject)
	}
}

// behind reports whether a sink was not told everything of a group.
func (n *Notices) behind(ctx context.Context, sinks []Sink, group string) (func([]notice.Notice) bool, error) {
	all := make([]notes, len(sinks))
	for i, s := range sinks {
		var err error
		if all[i], err = n.all(ctx, s, group); err != nil {
			return nil, err
		}
	}
	return func(ns []notice.Notice) bool {
		for i, s := range sinks {
			if len(all[i].due(s, ns)) > 0 {
				return true
			}
		}
		return false
	}, nil
}

func (n *Notices) missedOperations(ctx context.Context, sinks []Sink, m *missed) error {
	left, unread := n.Operations.Withdrawn(ctx, "")
	for _, w := range left {
		m.add(notice.Operations + w.ID)
	}
	behind, err := n.behind(ctx, sinks, groupOperations)
	if err != nil {
		return errors.Join(unread, err)
	}
	return errors.Join(unread, n.Operations.Each(ctx, func(o operations.Stored, err error) error {
		if err == nil && behind(notice.OfOperation(n.Tenant, o.Operation)) { // one that cannot be read is told by sweep's own look
			m.add(notice.Operations + o.ID)
		}
		return nil
	}))
}

func (n *Notices) missedRotations(ctx context.Context, sinks []Sink, m *missed) error {
	if n.Rotations.Table == nil {
		return nil
	}
	behind, err := n.behind(ctx, sinks, groupRotations)
	if err != nil {
		return err
	}
	return n.Rotations.Each(ctx, func(h rotate.Head, err error) error {
		if err == nil && behind(notice.OfRotation(n.Tenant, h)) {
			m.add(notice.Rotations + h.ID)
		}
		return nil
	})
}

// missedDetections looks at fresh ones, and goes on with its walk through all, the newest first, which begins again at the end. When
// a sink is down it begins again, too: when that is back, what it missed comes first.
func (n *Notices) missedDetections(ctx context.Context, sinks []Sink, down bool, m *missed) error {
	recent, err := n.Findings.PrincipalsSince(ctx, n.Now().Add(-fresh))
	if err != nil {
		return err
	}
	row, err := n.Noted.Get(ctx, walkPartition, walkKey)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return fmt.Errorf("reading how far the look for untold detections is: %w", err)
	}
	page, next, err := n.Findings.PrincipalsFrom(ctx, string(row.Data), walkPage)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, key := range append(recent, page...) {
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := n.missedOf(ctx, sinks, key, m); err != nil {
			return err
		}
	}
	switch {
	case down:
		next = ""
	case len(*m) >= maxRings:
		return nil // some of the page may not be rung for: it is looked at again
	}
	_, err = n.Noted.Put(ctx, store.Row{Partition: walkPartition, Key: walkKey, ETag: row.ETag, Data: []byte(next)})
	if err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("noting how far the look for untold detections is: %w", err)
	}
	return nil
}

func (n *Notices) missedOf(ctx context.Context, sinks []Sink, key string, m *missed) error {
	t, err := n.principal(ctx, key)
	if err != nil {
		return err
	}
	behind, err := n.behind(ctx, sinks, t.group)
	if err != nil || !behind(t.notices) {
		return err
	}
	m.add(notice.Principals + key)
	return nil
}
