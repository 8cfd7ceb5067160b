package findings

import (
	"context"
	"errors"
	"time"

	"rekey/handlers/index"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/score"
	"rekey/shared/store"
)

// Partitions of the index. All but the first have one row a detection with a key that sorts the newest first, so that a
// page of one, or of several merged, is read in order.
const (
	partitionID   = "id"   // row: the detection's id
	partitionTime = "time" //
	partitionOf   = "of/"  // and the principal's key
	partitionIs   = "is/"  // and state, "/" and level, as Graph spells them; both as they are now
)

// Levels are the levels that a detection can have now.
var Levels = []score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh, score.LevelNone}

func is(d *detect.Detection) string { return IndexIs(d.RiskState(), d.RiskLevel()) }

// IndexIs is the partition of the detections of one state and level.
func IndexIs(state string, level score.Level) string {
	return partitionIs + state + "/" + string(level)
}

// IndexOf is the partition of a principal's detections.
func IndexOf(principal string) string { return partitionOf + principal }

// IndexTime is the partition of all detections.
const IndexTime = partitionTime

// index makes the detection findable. What it was before is moved; a crash between leaves a row too many, which readers
// see through, and never one too few, because the rows are written again with every redelivery.
func (s Store) index(ctx context.Context, d detect.Detection, before *detect.Detection) error {
	key, data := timeKey(d.Detected, d.ID), []byte(timeData(d))
	for _, row := range []store.Row{
		{Partition: partitionID, Key: d.ID, Data: []byte(d.Principal.Key())},
		{Partition: partitionTime, Key: key, Data: data},
		{Partition: IndexOf(d.Principal.Key()), Key: key, Data: data},
		{Partition: is(&d), Key: key, Data: data},
	} {
		if _, err := s.Index.Put(ctx, row); err != nil && !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	if before == nil || is(before) == is(&d) {
		return nil
	}
	old, err := s.Index.Get(ctx, is(before), timeKey(before.Detected, d.ID))
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = s.Index.Delete(ctx, old)
	}
	if errors.Is(err, fault.Conflict) {
		return nil // somebody moves it, too
	}
	return err
}

// Judge applies a judgement to all stored detections of a principal and returns them.
func (s Store) Judge(ctx context.Context, principal string, judge func(detect.Detection) (detect.Detection, bool)) ([]detect.Detection, error) {
	found, err := s.Of(ctx, principal)
	if err != nil {
		return nil, err
	}
	for i, d := range found {
		d, _ = detect.Raise(d, d) // weighed as keeping it will: it is judged at the level that it then has
		judged, changed := judge(d)
		if !changed {
			continue
		}
		found[i] = judged
		if _, err := s.Keep(ctx, judged, d.Detected); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Read reads detections, newest first: see index.Read. New detections sort before everything that was read, so they move
// nothing.
func (s Store) Read(ctx context.Context, r index.Reading, yield func(d detect.Detection, after string) bool) (after string, err error) {
	return index.Read(ctx, s.Index, r, s.at, yield)
}

// at reads the detection of an index row, or nil when the row is of before.
func (s Store) at(ctx context.Context, row store.Row) (*detect.Detection, error) {
	at, id := splitTimeKey(row.Key)
	d, err := s.get(ctx, principalOf(row.Data), id)
	if err != nil {
		return nil, err
	}
	current := row.Partition == partitionTime || row.Partition == is(&d) || row.Partition == IndexOf(d.Principal.Key())
	if !current || at.UnixMilli() != d.Detected.UnixMilli() {
		return nil, nil
	}
	return &d, nil
}

// Position is where a detection stands in the time-ordered partitions.
func Position(d detect.Detection) string { return timeKey(d.Detected, d.ID) }

// From is the position of the detections that were first seen at a time, or earlier.
func From(t time.Time) string { return timeKey(t, "")[:16] }
