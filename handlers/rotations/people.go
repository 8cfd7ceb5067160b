package rotations

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// People is what people do with rotations. What they say stands in the ledger before it counts, and counts when the executor
// takes it in, within moments.
type People struct {
	Store
	Ledger store.Blobs
	Rotate store.Bell
	Now    func() time.Time
}

// Say takes a person's word, if it would take effect on the rotation as it is now. One without a time is said now. One that was
// said before is only rung for again.
func (p People) Say(ctx context.Context, id string, w Word) error {
	if strings.TrimSpace(w.By) == "" {
		return fault.Errorf(fault.Denied, "saying %s about %s: who says it has to be named", w.What, id)
	}
	j, err := p.Get(ctx, id)
	if err != nil {
		return err
	}
	if j.Claimed() {
		return fault.Errorf(fault.Conflict, "saying %s about %s: it is being planned: look again in a minute", w.What, id)
	}
	now := p.Now().UTC()
	if w.Time.IsZero() {
		w.Time = now
	}
	if w.ID == "" {
		w.ID = fmt.Sprintf("%020d-%s-%d-%s", now.UnixNano(), w.What, w.Tier, rand.Text()[:8])
	}
	said, err := p.Said(ctx, j, w.ID)
	if err == nil && !said {
		err = p.write(ctx, j, w, now)
	}
	if err != nil {
		return err
	}
	if err := p.Rotate.Ring(ctx, id); err != nil {
		return fmt.Errorf("ringing for rotation %s, where it will be heard within minutes: %w", id, err)
	}
	return nil
}

// write writes a word down.
func (p People) write(ctx context.Context, j *Stored, w Word, now time.Time) error {
	id := j.ID
	if err := w.Apply(j.Journal, now); err != nil { // on a copy that is not written
		return err
	}
	e := ledger.Entry{Time: now, Kind: ledger.Note, Actor: w.By, Plan: w.Hash, Object: w.Target, Text: text(w)}
	if err := ledger.Write(ctx, p.Ledger, id, e); err != nil {
		return fmt.Errorf("it does not count, because it cannot be written down: %w", err)
	}
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if _, err := p.Table.Put(ctx, store.Row{Partition: rotate.Partition, Key: id + wordPart + w.ID, Data: data}); err != nil {
		return fmt.Errorf("writing what was said about %s: %w", id, err)
	}
	return nil
}

func text(w Word) string {
	what := map[string]string{Approve: "approved tier %d", Decline: "declined tier %d"}[w.What]
	if what == "" {
		what = "resumed what was parked"
	} else {
		what = fmt.Sprintf(what, w.Tier)
	}
	if w.Why != "" {
		what += ": " + w.Why
	}
	return what
}
