// Package suspects keeps who is in a case, so that nobody vouches for himself: the respond app writes a row for each
// principal with a case of medium or higher, the detect app reads them all and lets none of them lower a level.
//
// A suspicion ends 30 days after the case's window, or when it is removed because a person dismissed it. It reaches the
// records that are judged from then on, within a minute; what the principal did before keeps its level, and is the case's
// to find.
package suspects

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/pattern"
	"rekey/shared/score"
	"rekey/shared/store"
)

const (
	partition = "suspect"
	version   = 1
	lasts     = 30 * 24 * time.Hour
)

// Store reads and writes suspects, one row a principal. Without a table it keeps nothing and knows nobody.
type Store struct {
	Table store.Table
}

type suspect struct {
	Version int       `json:"v"`
	IDs     []string  `json:"ids"` // object id and application id
	Case    string    `json:"case"`
	Until   time.Time `json:"until"`
}

// Keep makes the principal of a case a suspect, if something in the case says that somebody else uses it, and the case is
// not long past. A weaker case takes no suspicion back: its evidence ages, and the principal is no less suspect for it.
func (s Store) Keep(ctx context.Context, c casefile.Case, now time.Time) error {
	x := suspect{Version: version, Case: c.ID, Until: c.Window.To.Add(lasts).UTC()}
	for _, id := range []string{c.Principal.ObjectID, c.Principal.AppID} {
		if id = strings.TrimPrefix(id, "user:"); id != "" { // a record names a person by his id alone
			x.IDs = append(x.IDs, id)
		}
	}
	if s.Table == nil || len(x.IDs) == 0 || !incriminates(c) || !x.Until.After(now) {
		return nil
	}
	const races = 3
	for range races {
		err := s.try(ctx, c.Principal.Key(), x)
		if !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Errorf(fault.Transient, "writing suspect %s: others write it, too", c.Principal.Key())
}

// incriminates reports whether a case is about use by somebody else: what was changed on a principal says nothing of it.
func incriminates(c casefile.Case) bool {
	if c.Owner != nil && c.Owner.Answer == casefile.NotOurs {
		return true
	}
	return slices.ContainsFunc(c.Detections, func(d detect.Detection) bool { return pattern.Incriminates(d, score.LevelMedium) })
}

func (s Store) try(ctx context.Context, key string, x suspect) error {
	row, err := s.Table.Get(ctx, partition, key)
	switch {
	case errors.Is(err, fault.NotFound):
		row = store.Row{Partition: partition, Key: key}
	case err != nil:
		return fmt.Errorf("reading suspect %s: %w", key, err)
	default:
		old, err := decode(row)
		if err != nil {
			return err
		}
		if old.Version > version {
			return nil // a newer program keeps it
		}
		x.IDs = append(x.IDs, old.IDs...)
		if old.Until.After(x.Until) {
			x.Until = old.Until
		}
	}
	slices.Sort(x.IDs)
	x.IDs = slices.Compact(x.IDs)
	data, err := json.Marshal(x)
	if err != nil || bytes.Equal(data, row.Data) {
		return err
	}
	row.Data = data
	if _, err := s.Table.Put(ctx, row); err != nil {
		return fmt.Errorf("writing suspect %s: %w", key, err)
	}
	return nil
}

func decode(row store.Row) (suspect, error) {
	var x suspect
	if err := json.Unmarshal(row.Data, &x); err != nil {
		return x, fault.Errorf(fault.Denied, "decoding suspect %s: %v", row.Key, err)
	}
	return x, nil
}

// Remove ends a suspicion because a person dismissed it. One that is not there is removed already.
func (s Store) Remove(ctx context.Context, principal string) error {
	if s.Table == nil {
		return nil
	}
	row, err := s.Table.Get(ctx, partition, principal)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = s.Table.Delete(ctx, row)
	}
	if err != nil {
		return fmt.Errorf("removing suspect %s: %w", principal, err)
	}
	return nil
}

// IDs returns the ids of all that are suspect at a time, sorted.
func (s Store) IDs(ctx context.Context, now time.Time) ([]string, error) {
	var ids []string
	err := s.each(ctx, func(_ store.Row, x suspect) error {
		if x.Until.After(now) {
			ids = append(ids, x.IDs...)
		}
		return nil
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// Expire removes the rows of suspicions that have ended.
func (s Store) Expire(ctx context.Context, now time.Time) error {
	return s.each(ctx, func(row store.Row, x suspect) error {
		if x.Until.After(now) || x.Version > version {
			return nil
		}
		err := s.Table.Delete(ctx, row)
		if errors.Is(err, fault.Conflict) {
			return nil // somebody has just renewed it
		}
		return err
	})
}

func (s Store) each(ctx context.Context, do func(store.Row, suspect) error) error {
	if s.Table == nil {
		return nil
	}
	rows, err := store.All(ctx, s.Table, partition)
	if err != nil {
		return fmt.Errorf("listing suspects: %w", err)
	}
	for _, row := range rows {
		x, err := decode(row)
		if err == nil {
			err = do(row, x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
