package operations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// withdrawn is the partition of what is left of operations that were withdrawn: their moves, until everybody was told of them.
const withdrawn = "withdrawn"

// Withdraw removes an operation that nobody began, in the version that was read. The states it was in are kept until they are
// told (see Withdrawn and Forget).
func (s Store) Withdraw(ctx context.Context, o Stored, now time.Time) error {
	left := remedy.Operation{
		Version: o.Version, ID: o.ID, Case: o.Case, Principal: o.Principal, State: remedy.StateWithdrawn, PlanHash: o.PlanHash,
		Reason: "nothing is held against the principal any more", Undoes: o.Undoes, Opened: o.Opened, Updated: now.UTC(), Moves: o.Moves,
	}
	left.Moves, _ = left.Track()
	data, err := json.Marshal(left)
	if err != nil {
		return err
	}
	if err := s.leave(ctx, store.Row{Partition: withdrawn, Key: leftKey(o), Data: data}); err != nil {
		return fmt.Errorf("withdrawing operation %s: %w", o.ID, err)
	}
	if err := s.Table.Delete(ctx, store.Row{Partition: remedy.Partition, Key: o.ID, ETag: o.Tag}); err != nil {
		return fmt.Errorf("withdrawing operation %s: %w", o.ID, err)
	}
	store.Nudge(ctx, s.Publish, notice.Operations+o.ID)
	return nil
}

// leftKey tells one withdrawn operation from a later one of the same case.
func leftKey(o Stored) string { return fmt.Sprintf("%s/%d", o.ID, o.Opened.UnixMilli()) }

// leave writes the row, over one of somebody who ended before the operation was removed.
func (s Store) leave(ctx context.Context, row store.Row) error {
	_, err := s.Table.Put(ctx, row)
	if !errors.Is(err, fault.Conflict) {
		return err
	}
	there, err := s.Table.Get(ctx, row.Partition, row.Key)
	if err == nil {
		row.ETag = there.ETag
		_, err = s.Table.Put(ctx, row)
	}
	return err
}

// Withdrawn returns what is left of withdrawn operations: of one id, or of all for "". One may still be there as an operation: it
// is about to be removed, or was not, because somebody approved it meanwhile. Those that could be read are returned beside the
// errors of others.
func (s Store) Withdrawn(ctx context.Context, id string) ([]Stored, error) {
	const page = 200
	var out []Stored
	var bad []error
	prefix := ""
	if id != "" {
		prefix = id + "/"
	}
	for from := prefix; ; {
		rows, more, err := s.Table.List(ctx, withdrawn, from, page)
		if err != nil {
			return out, errors.Join(append(bad, fmt.Errorf("listing withdrawn operations: %w", err))...)
		}
		for _, row := range rows {
			if !strings.HasPrefix(row.Key, prefix) {
				return out, errors.Join(bad...)
			}
			if o, err := decode(row); err != nil {
				bad = append(bad, err)
			} else {
				out = append(out, o)
			}
		}
		if more == "" {
			return out, errors.Join(bad...)
		}
		from = more
	}
}

// Forget removes what is left of a withdrawn operation, because everybody was told.
func (s Store) Forget(ctx context.Context, o Stored) error {
	return s.Table.Delete(ctx, store.Row{Partition: withdrawn, Key: leftKey(o), ETag: o.Tag})
}
