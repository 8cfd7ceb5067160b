// Package inquiries keeps the questions to owners and their answers, one row each in the case's partition.
package inquiries

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/store"
)

// Store reads and writes inquiries. Without a table it has none.
type Store struct {
	Table store.Table
}

// Of returns the inquiries about a case, the newest first.
func (s Store) Of(ctx context.Context, caseID string) ([]casefile.Inquiry, error) {
	if s.Table == nil {
		return nil, nil
	}
	rows, err := store.All(ctx, s.Table, caseID)
	if err != nil {
		return nil, fmt.Errorf("reading inquiries of case %s: %w", caseID, err)
	}
	out := make([]casefile.Inquiry, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Data, &out[i]); err != nil {
			return nil, fault.Errorf(fault.Denied, "decoding stored inquiry %s: %v", row.Key, err)
		}
	}
	slices.SortFunc(out, func(a, b casefile.Inquiry) int { return b.Asked.Compare(a.Asked) })
	return out, nil
}

// Last returns the inquiry that counts: the newest that was answered or, without an answer, the newest. Nil means that
// nobody was asked. Asking again takes no answer back.
func (s Store) Last(ctx context.Context, caseID string) (*casefile.Inquiry, error) {
	all, err := s.Of(ctx, caseID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	last := &all[0]
	for i := range all {
		if q := &all[i]; q.Answer != "" && (last.Answer == "" || q.Answered.After(last.Answered)) {
			last = q
		}
	}
	return last, nil
}

// Ask keeps a question. The same one asked twice is one.
func (s Store) Ask(ctx context.Context, q casefile.Inquiry) error {
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	_, err = s.Table.Put(ctx, store.Row{Partition: q.Case, Key: q.ID, Data: data})
	if err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("writing inquiry %s: %w", q.ID, err)
	}
	return nil
}

// Reply changes an inquiry by its answer. Of two answers at once the first counts; the other is an error of kind
// fault.Conflict.
func (s Store) Reply(ctx context.Context, caseID, id string, reply func(casefile.Inquiry) (casefile.Inquiry, error)) error {
	row, err := s.Table.Get(ctx, caseID, id)
	if err != nil {
		return fmt.Errorf("reading inquiry %s of case %s: %w", id, caseID, err)
	}
	var q casefile.Inquiry
	if err := json.Unmarshal(row.Data, &q); err != nil {
		return fault.Errorf(fault.Denied, "decoding stored inquiry %s: %v", id, err)
	}
	if q, err = reply(q); err != nil {
		return err
	}
	if row.Data, err = json.Marshal(q); err != nil {
		return err
	}
	if _, err := s.Table.Put(ctx, row); err != nil {
		return fmt.Errorf("writing inquiry %s: %w", id, err)
	}
	return nil
}
