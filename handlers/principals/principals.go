// Package principals keeps what is known of each principal: one read and at most one write of each part a batch.
//
// A principal's partition has a row for each part ("baseline", "evidence", "users", "visits", "exposure", "trail"); applications and networks
// have partitions of the same kind. Several hub partitions meet on
// one principal; because every part merges in any order, a lost race is repaired by merging and trying again. After
// MaxConflicts lost races the writer gives way to a row of its own, the part's name and its lane ("baseline~signins-7"),
// which nobody else writes. Readers merge all rows of a part; upkeep folds the lanes back.
package principals

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
	"rekey/shared/watch"
)

// MaxConflicts is how many lost races a writer takes before it writes a row of its own.
const MaxConflicts = 3

// maxRows bounds the rows of one principal: six parts with a lane for each of 32 partitions of six hubs at most.
const maxRows = 6 * (1 + 6*32)

// State is one principal's parts as read, and what the batch adds to them.
type State struct {
	watch.State

	key    string
	rows   map[string]store.Row   // as read, by row key
	before [len(partNames)][]byte // each part's encoding when read, all rows merged
}

// Store reads and writes the principals table.
type Store struct {
	Table store.Table
}

// part is what the parts have in common.
type part interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

var partNames = [...]string{"baseline", "evidence", "users", "visits", "exposure", "trail"}

func (s *State) part(i int) part { return parts(&s.State)[i] }

func parts(s *watch.State) [len(partNames)]part {
	return [...]part{&s.Profile, &s.Evidence, &s.Users, &s.Visits, &s.Exposure, &s.Trail}
}

// merge adds an encoded part to the state.
func (s *State) merge(i int, data []byte) error {
	var read watch.State
	if err := parts(&read)[i].UnmarshalBinary(data); err != nil {
		return err
	}
	switch i { // only the part itself: parts are written side by side
	case 0:
		s.Profile.Merge(&read.Profile)
	case 1:
		s.Evidence.Merge(&read.Evidence)
	case 2:
		s.Users.Merge(&read.Users)
	case 3:
		s.Visits.Merge(&read.Visits)
	case 4:
		s.Exposure.Merge(&read.Exposure)
	case 5:
		s.Trail.Merge(&read.Trail)
	}
	return nil
}

// Load reads all rows of a principal in one request and merges them. A principal without rows is empty.
func (st Store) Load(ctx context.Context, key string) (*State, error) {
	rows, more, err := st.Table.List(ctx, key, "", maxRows)
	if err != nil {
		return nil, fmt.Errorf("reading principal %s: %w", key, err)
	}
	if more != "" {
		return nil, fault.Errorf(fault.Transient, "reading principal %s: more than %d rows: upkeep has not folded its lanes", key, maxRows)
	}
	s := &State{key: key, rows: map[string]store.Row{}}
	for _, row := range rows {
		s.rows[row.Key] = row
		if err := s.mergeRow(row); err != nil {
			return nil, fmt.Errorf("reading principal %s, row %s: %w", key, row.Key, err)
		}
	}
	for i := range partNames {
		if s.before[i], err = s.part(i).AppendBinary(nil); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *State) mergeRow(row store.Row) error {
	name, _, _ := strings.Cut(row.Key, "~")
	for i, n := range partNames {
		if n == name {
			return s.merge(i, row.Data)
		}
	}
	return nil // a part of a newer version: not ours to read or write
}

// Learned reports whether the principal's profile is another than it was when it was read. A profile changes once an hour
// for what it knows.
func (s *State) Learned() bool {
	now, err := s.part(0).AppendBinary(nil)
	return err == nil && !bytes.Equal(now, s.before[0])
}

// Save writes the parts whose bytes the batch changed. Lane names the writer's own row, to be used after MaxConflicts
// lost races. It returns how many writes were tried.
func (st Store) Save(ctx context.Context, s *State, lane string) (attempts int, err error) {
	var tried [len(partNames)]int
	group := funchost.NewGroup(ctx, len(partNames))
	for i := range partNames {
		group.Go(func(ctx context.Context) (err error) {
			if tried[i], err = st.save(ctx, s, i, lane); err != nil {
				return fmt.Errorf("writing principal %s, %s: %w", s.key, partNames[i], err)
			}
			return nil
		})
	}
	err = group.Wait()
	for _, n := range tried {
		attempts += n
	}
	return attempts, err
}

func (st Store) save(ctx context.Context, s *State, i int, lane string) (attempts int, err error) {
	data, err := s.part(i).AppendBinary(nil)
	if err != nil || bytes.Equal(data, s.before[i]) {
		return 0, err
	}
	row := s.row(partNames[i])
	for attempts < MaxConflicts {
		attempts++
		row.Data = data
		_, err := st.Table.Put(ctx, row)
		if !errors.Is(err, fault.Conflict) {
			return attempts, err
		}
		if row, err = st.reload(ctx, s, i); err != nil {
			return attempts, err
		}
		if data, err = s.part(i).AppendBinary(nil); err != nil || bytes.Equal(data, row.Data) {
			return attempts, err // the winner knew what we know
		}
	}
	row = s.row(partNames[i] + "~" + lane)
	row.Data = data
	_, err = st.Table.Put(ctx, row)
	return attempts + 1, err
}

// row returns the row to write: the version that was read, or a new one.
func (s *State) row(key string) store.Row {
	if row, ok := s.rows[key]; ok {
		return row
	}
	return store.Row{Partition: s.key, Key: key}
}

// reload reads a part's main row again after a lost race and merges it.
func (st Store) reload(ctx context.Context, s *State, i int) (store.Row, error) {
	row, err := st.Table.Get(ctx, s.key, partNames[i])
	if errors.Is(err, fault.NotFound) {
		return store.Row{Partition: s.key, Key: partNames[i]}, nil
	}
	if err != nil {
		return row, err
	}
	return row, s.merge(i, row.Data)
}

// Fold merges a principal's lanes into its main rows and removes them; with forget it also drops what has expired
// before the given time. Only upkeep calls it: it is the one place where facts are removed, by date.
func (st Store) Fold(ctx context.Context, key string, forget func(*State)) error {
	s, err := st.Load(ctx, key)
	if err != nil {
		return err
	}
	forget(s)
	for i, name := range partNames {
		if err := st.foldPart(ctx, s, i, name); err != nil {
			return fmt.Errorf("folding principal %s: %w", key, err)
		}
	}
	return nil
}

func (st Store) foldPart(ctx context.Context, s *State, i int, name string) error {
	data, err := s.part(i).AppendBinary(nil)
	if err != nil {
		return err
	}
	main := s.row(name)
	if main.ETag != "" || s.hasLane(name) {
		if !bytes.Equal(main.Data, data) {
			main.Data = data
			if _, err := st.Table.Put(ctx, main); err != nil {
				return err // a conflict: somebody wrote meanwhile, the next upkeep folds
			}
		}
	}
	for _, row := range s.rows {
		if strings.HasPrefix(row.Key, name+"~") {
			if err := st.Table.Delete(ctx, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *State) hasLane(name string) bool {
	for key := range s.rows {
		if strings.HasPrefix(key, name+"~") {
			return true
		}
	}
	return false
}
