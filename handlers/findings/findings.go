// Package findings keeps detections: each inserted once and afterwards only raised, with index rows to find it by id, by
// time, by principal, and by state and level.
package findings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/store"
)

// Store reads and writes detections.
type Store struct {
	Table store.Table // detections
	Index store.Table // detection index
}

const maxRaces = 8

// Keep inserts the detection, first seen now, or raises the stored one; what is not worth telling only raises. It
// reports whether anything changed: then somebody has to look at the principal again. The index rows are written every time, because a crash may have come
// between them and the detection.
func (s Store) Keep(ctx context.Context, d detect.Detection, now time.Time) (changed bool, err error) {
	d.Detected = now.UTC()
	var before *detect.Detection
	for range maxRaces {
		before, changed, err = s.keep(ctx, &d, now)
		if !errors.Is(err, fault.Conflict) {
			break
		}
	}
	if err == nil && d.Worth() {
		err = s.index(ctx, d, before)
	}
	if err != nil {
		return false, fmt.Errorf("keeping detection %s: %w", d.ID, err)
	}
	return changed, nil
}

// keep makes one try and leaves in d what is stored; before is what was stored, or nil.
func (s Store) keep(ctx context.Context, d *detect.Detection, now time.Time) (before *detect.Detection, changed bool, err error) {
	row, err := s.Table.Get(ctx, d.Principal.Key(), d.ID)
	switch {
	case errors.Is(err, fault.NotFound) && !d.Worth():
		return nil, false, nil
	case errors.Is(err, fault.NotFound):
		row = store.Row{Partition: d.Principal.Key(), Key: d.ID}
	case err != nil:
		return nil, false, err
	default:
		var stored detect.Detection
		if err := json.Unmarshal(row.Data, &stored); err != nil {
			return nil, false, fault.Errorf(fault.Denied, "decoding stored detection: %v", err)
		}
		before = &stored
		raised, changed := detect.Raise(stored, *d)
		*d = raised
		if !changed {
			return before, false, nil
		}
	}
	if before == nil || !before.Level.AtLeast(d.Level) {
		d.Raised = now.UTC()
	}
	if row.Data, err = json.Marshal(d); err != nil {
		return before, false, err
	}
	_, err = s.Table.Put(ctx, row)
	return before, err == nil, err
}

// Raise changes a stored detection, and reports whether it did. One that is not stored is left so: it was not worth
// telling.
func (s Store) Raise(
	ctx context.Context, principal, id string, now time.Time, raise func(detect.Detection) (detect.Detection, bool),
) (bool, error) {
	row, err := s.Table.Get(ctx, principal, id)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading detection %s: %w", id, err)
	}
	var stored detect.Detection
	if err := json.Unmarshal(row.Data, &stored); err != nil {
		return false, fault.Errorf(fault.Denied, "decoding stored detection %s: %v", id, err)
	}
	d, raised := raise(stored)
	if !raised {
		return false, nil
	}
	return s.Keep(ctx, d, now)
}

// standing ends the data of a detection that opens no case. A look at the inventory may find something about most
// principals within the hour, and who asks for principals to triage must not read them all.
const standing = "\x00posture"

func timeData(d detect.Detection) string {
	if d.Posture {
		return d.Principal.Key() + standing
	}
	return d.Principal.Key()
}

// timeKey sorts later detections first.
func timeKey(t time.Time, id string) string {
	const end = 1 << 53
	return fmt.Sprintf("%016x-%s", end-t.UnixMilli(), id)
}

// splitTimeKey is the inverse of timeKey.
func splitTimeKey(key string) (t time.Time, id string) {
	const end, digits = 1 << 53, 16
	if len(key) <= digits || key[digits] != '-' {
		return time.Time{}, ""
	}
	left, err := strconv.ParseInt(key[:digits], 16, 64) // every list reads many
	if err != nil {
		return time.Time{}, ""
	}
	return time.UnixMilli(end - left).UTC(), key[digits+1:]
}

// Of returns all detections of a principal.
func (s Store) Of(ctx context.Context, principal string) ([]detect.Detection, error) {
	rows, err := store.All(ctx, s.Table, principal)
	if err != nil {
		return nil, fmt.Errorf("listing detections of %s: %w", principal, err)
	}
	out := make([]detect.Detection, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Data, &out[i]); err != nil {
			return nil, fault.Errorf(fault.Denied, "decoding stored detection %s: %v", row.Key, err)
		}
	}
	return out, nil
}

// ByID returns one detection, or an error of kind fault.NotFound.
func (s Store) ByID(ctx context.Context, id string) (detect.Detection, error) {
	var d detect.Detection
	row, err := s.Index.Get(ctx, "id", id)
	if err != nil {
		return d, fmt.Errorf("finding detection %s: %w", id, err)
	}
	if row, err = s.Table.Get(ctx, string(row.Data), id); err != nil {
		return d, fmt.Errorf("reading detection %s: %w", id, err)
	}
	return d, json.Unmarshal(row.Data, &d)
}

// Recent returns a page of detections, newest first, from a position that an earlier page returned ("" at the start),
// and the next position ("" at the end). New detections do not move what later pages show.
func (s Store) Recent(ctx context.Context, from string, limit int) (page []detect.Detection, next string, err error) {
	rows, next, err := s.Index.List(ctx, "time", from, limit)
	if err != nil {
		return nil, "", fmt.Errorf("listing detections: %w", err)
	}
	page = make([]detect.Detection, 0, len(rows))
	for _, row := range rows {
		_, id := splitTimeKey(row.Key)
		found, err := s.Table.Get(ctx, strings.TrimSuffix(string(row.Data), standing), id)
		if err != nil {
			return nil, "", fmt.Errorf("reading detection %s: %w", id, err)
		}
		var d detect.Detection
		if err := json.Unmarshal(found.Data, &d); err != nil {
			return nil, "", fault.Errorf(fault.Denied, "decoding stored detection %s: %v", id, err)
		}
		page = append(page, d)
	}
	return page, next, nil
}

// PrincipalsSince returns the principals with a detection, of what happened, first seen at t or later.
func (s Store) PrincipalsSince(ctx context.Context, t time.Time) ([]string, error) {
	const batch = 500
	seen := map[string]bool{}
	var out []string
	for from := ""; ; {
		rows, next, err := s.Index.List(ctx, "time", from, batch)
		if err != nil {
			return nil, fmt.Errorf("listing principals with detections: %w", err)
		}
		for _, row := range rows {
			if at, _ := splitTimeKey(row.Key); at.Before(t) {
				return out, nil
			}
			if p := string(row.Data); !seen[p] && !strings.HasSuffix(p, standing) {
				seen[p] = true
				out = append(out, p)
			}
		}
		if next == "" {
			return out, nil
		}
		from = next
	}
}

// PrincipalsFrom returns the principals of a page of detections, newest first, from a position that an earlier page returned (""
// at the start), and the next position ("" at the end).
func (s Store) PrincipalsFrom(ctx context.Context, from string, limit int) (page []string, next string, err error) {
	rows, next, err := s.Index.List(ctx, partitionTime, from, limit)
	if err != nil {
		return nil, "", fmt.Errorf("listing principals with detections: %w", err)
	}
	for _, row := range rows {
		page = append(page, principalOf(row.Data))
	}
	return page, next, nil
}

// get reads one detection.
func (s Store) get(ctx context.Context, principal, id string) (detect.Detection, error) {
	var d detect.Detection
	row, err := s.Table.Get(ctx, principal, id)
	if err != nil {
		return d, fmt.Errorf("reading detection %s: %w", id, err)
	}
	if err := json.Unmarshal(row.Data, &d); err != nil {
		return d, fault.Errorf(fault.Denied, "decoding stored detection %s: %v", id, err)
	}
	return d, nil
}

// principalOf is the principal that an index row names.
func principalOf(data []byte) string { return strings.TrimSuffix(string(data), standing) }
