package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// maxIDs bounds how many ids a note has: more than an operation remembers states, and those of one that was withdrawn.
const maxIDs = 4 * remedy.MaxMoves

// told is the note of one subject: the ids of the notices that a sink was told, the newest last.
type told struct {
	IDs []string `json:"ids"`
	row store.Row
}

// notes are what a sink was told of a group, by subject.
type notes struct {
	partition string
	of        map[string]told
}

func partitionOf(s Sink, group string) string { return s.Name() + "/" + group }

// noted reads what a sink was told about the subjects of some notices.
func (n *Notices) noted(ctx context.Context, s Sink, group string, about []notice.Notice) (notes, error) {
	out := notes{partitionOf(s, group), map[string]told{}}
	if group != groupOperations && group != groupRotations {
		return n.all(ctx, s, group)
	}
	for _, x := range about {
		if _, ok := out.of[x.Subject]; ok {
			continue
		}
		t, err := read(n.Noted.Get(ctx, out.partition, x.Subject))
		if err != nil {
			return out, err
		}
		out.of[x.Subject] = t
	}
	return out, nil
}

// all reads everything that a sink was told of a group.
func (n *Notices) all(ctx context.Context, s Sink, group string) (notes, error) {
	out := notes{partitionOf(s, group), map[string]told{}}
	rows, err := store.All(ctx, n.Noted, out.partition)
	if err != nil {
		return out, fmt.Errorf("reading what %s was told: %w", s.Name(), err)
	}
	for _, row := range rows {
		if out.of[row.Key], err = read(row, nil); err != nil {
			return out, err
		}
	}
	return out, nil
}

func read(row store.Row, err error) (told, error) {
	t := told{row: row}
	if errors.Is(err, fault.NotFound) {
		return told{}, nil
	}
	if err != nil {
		return t, fmt.Errorf("reading what was told: %w", err)
	}
	if json.Unmarshal(row.Data, &t) != nil {
		t.IDs = nil // it counts for nothing: all is told again
	}
	return t, nil
}

// due are the notices that a sink was not told.
func (x notes) due(s Sink, all []notice.Notice) []notice.Notice {
	var out []notice.Notice
	for _, n := range all {
		if !slices.Contains(x.of[n.Subject].IDs, n.ID) && !n.Time.Before(s.Since()) {
			out = append(out, n)
		}
	}
	return out
}

// note notes what was delivered. Where another instance notes the same meanwhile its note stays, and what that does not have comes
// again.
func (x notes) note(ctx context.Context, table store.Table, ns []notice.Notice) error {
	fresh := map[string][]string{}
	for _, n := range ns {
		fresh[n.Subject] = append(fresh[n.Subject], n.ID)
	}
	for subject, ids := range fresh {
		t := x.of[subject]
		t.add(ids)
		tag, err := t.put(ctx, table, x.partition, subject)
		if err != nil && !errors.Is(err, fault.Conflict) {
			return fmt.Errorf("noting what was told about %s: %w", subject, err)
		}
		t.row.ETag = tag
		x.of[subject] = t
	}
	return nil
}

func (t *told) add(ids []string) {
	for _, id := range ids {
		if !slices.Contains(t.IDs, id) {
			t.IDs = append(t.IDs, id)
		}
	}
	t.IDs = t.IDs[max(len(t.IDs)-maxIDs, 0):]
}

func (t *told) put(ctx context.Context, table store.Table, partition, subject string) (string, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	return table.Put(ctx, store.Row{Partition: partition, Key: subject, ETag: t.row.ETag, Data: data})
}
