package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"rekey/handlers/index"
	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/score"
	"rekey/shared/store"
)

// Partitions of the index: one row a principal, by its key, that names its newest case.
const (
	IndexAll = "all"
	indexIs  = "is/" // and state, "/" and level, as Graph spells them; both as they are now
)

// IndexIs is the partition of the principals of one state and level.
func IndexIs(state string, level score.Level) string { return indexIs + state + "/" + string(level) }

func is(c *casefile.Case) string { return IndexIs(c.RiskState(), c.RiskLevel()) }

// pointer is an index row's data.
type pointer struct {
	Case string `json:"case"`
	Is   string `json:"is"` // the other partition with a row of the principal
}

// index makes the principal findable. The row of what it was before is removed last: a crash between leaves one too many,
// which readers see through.
func (s Store) index(ctx context.Context, c casefile.Case, before *casefile.Case) error {
	key := c.Principal.Key()
	old, err := s.point(ctx, IndexAll, key, pointer{c.ID, is(&c)})
	if err != nil {
		return err
	}
	if _, err = s.point(ctx, is(&c), key, pointer{c.ID, is(&c)}); err != nil {
		return err
	}
	stale := map[string]bool{old.Is: true}
	if before != nil {
		stale[is(before)] = true
	}
	for partition := range stale {
		if partition == "" || partition == is(&c) {
			continue
		}
		row, err := s.Index.Get(ctx, partition, key)
		if err == nil {
			err = s.Index.Delete(ctx, row)
		}
		if err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Conflict) {
			return fmt.Errorf("indexing case %s: %w", c.ID, err)
		}
	}
	return nil
}

// point writes an index row and returns what it said before.
func (s Store) point(ctx context.Context, partition, key string, to pointer) (before pointer, err error) {
	row, err := s.Index.Get(ctx, partition, key)
	switch {
	case errors.Is(err, fault.NotFound):
		row = store.Row{Partition: partition, Key: key}
	case err != nil:
		return before, fmt.Errorf("indexing case %s: %w", to.Case, err)
	case json.Unmarshal(row.Data, &before) == nil && before == to:
		return before, nil
	}
	if row.Data, err = json.Marshal(to); err != nil {
		return before, err
	}
	if _, err = s.Index.Put(ctx, row); err != nil && !errors.Is(err, fault.Conflict) { // a conflict: somebody has newer state
		return before, fmt.Errorf("indexing case %s: %w", to.Case, err)
	}
	return before, nil
}

// Read reads the newest case of each principal, by the principals' keys: see index.Read. A principal that comes between
// does not move the others.
func (s Store) Read(ctx context.Context, r index.Reading, yield func(c casefile.Case, after string) bool) (after string, err error) {
	return index.Read(ctx, s.Index, r, s.at, yield)
}

// at reads the case of an index row, or nil when the row is of before.
func (s Store) at(ctx context.Context, row store.Row) (*casefile.Case, error) {
	var to pointer
	if err := json.Unmarshal(row.Data, &to); err != nil {
		return nil, fault.Errorf(fault.Denied, "decoding index row of %s: %v", row.Key, err)
	}
	c, err := s.Get(ctx, row.Key, to.Case)
	if errors.Is(err, fault.NotFound) || err == nil && row.Partition != IndexAll && row.Partition != is(&c) {
		return nil, nil
	}
	return &c, err
}

// Newest returns a principal's newest case by its own key, or an error of kind fault.NotFound.
func (s Store) Newest(ctx context.Context, principal string) (casefile.Case, error) {
	row, err := s.Index.Get(ctx, IndexAll, principal)
	if err != nil {
		return casefile.Case{}, fmt.Errorf("finding the case of %s: %w", principal, err)
	}
	c, err := s.at(ctx, row)
	if err == nil && c == nil {
		err = fault.Errorf(fault.NotFound, "reading the case of %s: there is none", principal)
	}
	if err != nil {
		return casefile.Case{}, err
	}
	return *c, nil
}
