// Package ledger is the record of what Rekey changed: one append blob an operation, one JSON line an entry, each entry
// chained to the one before by its hash.
//
// It is not a log. An entry is written before the act (intent) and after it (result); if the first cannot be written
// the act does not happen. Appending names the position it expects, so two writers cannot interleave, and in the cloud
// the container's immutability policy keeps what was written. No entry holds a secret: credentials appear as key ids.
package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// Kinds of entry.
const (
	Intent = "intent" // something is about to be changed
	Result = "result" // it was, or was not
	Note   = "note"   // something to remember
)

// Entry is one line. Seq, Previous and Hash are filled by Append.
type Entry struct {
	Seq      int       `json:"seq"`
	Time     time.Time `json:"time"`
	Previous string    `json:"previous"` // hash of the entry before; empty for the first
	Kind     string    `json:"kind"`
	Actor    string    `json:"actor"`              // who: the instance, or the person
	Approved []string  `json:"approved,omitempty"` // on whose approval; nobody's when it acted alone
	Plan     string    `json:"plan,omitempty"`     // the hash of the plan that they approved
	Step     string    `json:"step,omitempty"`
	Object   string    `json:"object,omitempty"`
	Found    []string  `json:"found,omitempty"`   // key ids that were there
	Kept     []string  `json:"kept,omitempty"`    // and stay
	Removed  []string  `json:"removed,omitempty"` // and go
	Added    []string  `json:"added,omitempty"`
	Text     string    `json:"text"`
	Hash     string    `json:"hash"` // SHA-256 over the entry with an empty hash, in hexadecimal
}

// Ledger is an operation's record, open for appending.
type Ledger struct {
	blobs   store.Blobs
	name    string
	size    int64
	entries []Entry
}

// Suffix is what follows an operation's id in the name of its blob.
const Suffix = ".jsonl"

// name is the blob of an operation.
func name(operation string) string { return operation + Suffix }

// Open reads an operation's record and checks its chain. A record that does not exist yet is empty. A broken chain is
// an error of kind fault.Denied: nothing may be appended to it.
func Open(ctx context.Context, blobs store.Blobs, operation string) (*Ledger, error) {
	l := &Ledger{blobs: blobs, name: name(operation)}
	data, err := blobs.Read(ctx, l.name)
	if errors.Is(err, fault.NotFound) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening ledger of %s: %w", operation, err)
	}
	l.size = int64(len(data))
	if l.entries, err = Verify(data); err != nil {
		return nil, fault.Errorf(fault.Denied, "opening ledger of %s: %w", operation, err)
	}
	return l, nil
}

// Entries returns the entries in order.
func (l *Ledger) Entries() []Entry { return l.entries }

// races is how often Write is tried when others write the same record.
const races = 8

// Write opens a record and appends one entry, for who has nothing else to write. Others may append meanwhile.
func Write(ctx context.Context, blobs store.Blobs, operation string, e Entry) error {
	for range races {
		l, err := Open(ctx, blobs, operation)
		if err != nil {
			return err
		}
		if err = l.Append(ctx, e); !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Errorf(fault.Transient, "writing ledger of %s: others write it, too; try again", operation)
}

// Append writes an entry. An error means that it is not written, or not known to be: the act must not happen. An error
// of kind fault.Conflict says that somebody else writes this record; open it again.
func (l *Ledger) Append(ctx context.Context, e Entry) error {
	e.Seq, e.Previous, e.Time = len(l.entries), "", e.Time.UTC()
	if n := len(l.entries); n > 0 {
		e.Previous = l.entries[n-1].Hash
	}
	var err error
	if e.Hash, err = hash(e); err != nil {
		return fmt.Errorf("writing ledger %s: %w", l.name, err)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("writing ledger %s: %w", l.name, err)
	}
	line = append(line, '\n')
	if err := l.blobs.Append(ctx, l.name, l.size, line); err != nil {
		return fmt.Errorf("writing ledger %s: %w", l.name, err)
	}
	l.size += int64(len(line))
	l.entries = append(l.entries, e)
	return nil
}

func hash(e Entry) (string, error) {
	e.Hash = ""
	b, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Verify reads a record and checks that every entry follows from the one before. The error names the line and what is
// wrong with it; the entries before it are returned.
func Verify(data []byte) ([]Entry, error) {
	var entries []Entry
	previous := ""
	for n, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) == 0 {
			break
		}
		var e Entry
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || line[len(line)-1] != '\n' {
			return entries, fmt.Errorf("line %d is no whole entry", n+1)
		}
		again, err := json.Marshal(e)
		want, hashErr := hash(e)
		switch {
		case err != nil || hashErr != nil:
			return entries, fmt.Errorf("line %d: %w", n+1, errors.Join(err, hashErr))
		case e.Seq != n:
			return entries, fmt.Errorf("line %d has number %d: an entry is missing or was moved", n+1, e.Seq)
		case e.Previous != previous:
			return entries, fmt.Errorf("line %d does not follow from the line before: one of them was changed", n+1)
		case e.Hash != want:
			return entries, fmt.Errorf("line %d was changed: its hash does not fit", n+1)
		case !bytes.Equal(append(again, '\n'), line): // a name in another case says the same to a reader of JSON
			return entries, fmt.Errorf("line %d was changed: it is not written as entries are", n+1)
		}
		previous = e.Hash
		entries = append(entries, e)
	}
	return entries, nil
}

// Unanswered returns the steps that have an intent and no result after it: what was in flight when a process ended.
func Unanswered(entries []Entry) []string {
	open := map[string]bool{}
	var order []string
	for _, e := range entries {
		switch e.Kind {
		case Intent:
			if !open[e.Step] {
				order = append(order, e.Step)
			}
			open[e.Step] = true
		case Result:
			open[e.Step] = false
		}
	}
	var out []string
	for _, step := range order {
		if open[step] {
			out = append(out, step)
			open[step] = false
		}
	}
	return out
}
