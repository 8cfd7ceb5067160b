// Package rotations keeps the journals of rotations: a row for the head, rows of items, and a row for each word that a person
// has said and the executor has not taken in yet. Nobody but the executor who has the lease writes head and items, so
// people and executor never lose a race against each other.
package rotations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/rotate"
	"rekey/shared/store"
)

// Store reads and writes rotations, in the table of operations.
type Store struct {
	Table   store.Table
	Publish store.Bell // rung when a rotation is in another state; nil: nobody is told
}

// Stored is a journal and the versions of its rows that were read or written last.
type Stored struct {
	*rotate.Journal
	had  map[string][]byte
	tags map[string]string
}

// Prefix is how the id of every rotation begins.
const Prefix = "rot-"

// How the names of the copies for people of how far a principal got end, in the container of undos.
const (
	ReachJSON = "-reach.json"
	ReachText = "-reach.txt"
)

// last comes after every row of an operation, and before those of the next one.
const last = "/~"

const page = 200

// rows reads all rows of an operation.
func (s Store) rows(ctx context.Context, id string) ([]store.Row, error) {
	if !strings.HasPrefix(id, Prefix) || len(id) > store.MaxKey/2 || strings.Contains(id, "/") {
		return nil, fault.Errorf(fault.NotFound, "reading rotation %.80q: there is none", id)
	}
	var out []store.Row
	for from := id; from != ""; {
		rows, more, err := s.Table.List(ctx, rotate.Partition, from, page)
		if err != nil {
			return nil, fmt.Errorf("reading rotation %s: %w", id, err)
		}
		for _, r := range rows {
			if r.Key != id && !strings.HasPrefix(r.Key, id+"/") {
				return out, nil
			}
			out = append(out, r)
		}
		from = more
	}
	return out, nil
}

// Get reads a journal. Errors: fault.NotFound; fault.Denied for one that this program cannot work with.
func (s Store) Get(ctx context.Context, id string) (*Stored, error) {
	rows, err := s.rows(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &Stored{had: map[string][]byte{}, tags: map[string]string{}}
	for _, r := range rows {
		if !strings.HasPrefix(r.Key, id+wordPart) {
			out.had[r.Key], out.tags[r.Key] = r.Data, r.ETag
		}
	}
	if out.had[id] == nil {
		return nil, fault.Errorf(fault.NotFound, "reading rotation %s: there is none", id)
	}
	out.Journal, err = rotate.Load(id, out.had)
	return out, err
}

// Claim inserts the head of a rotation that is about to be planned, under a lease, so that one instance plans it. An error of
// kind fault.Conflict says that somebody else does.
func (s Store) Claim(ctx context.Context, h rotate.Head) (*Stored, error) {
	out := &Stored{Journal: &rotate.Journal{Head: h}, had: map[string][]byte{}, tags: map[string]string{}}
	return out, s.Write(ctx, out, "")
}

// Claimed reports whether a rotation was claimed and is not planned yet.
func (s *Stored) Claimed() bool { return s.Opened.IsZero() }

// Plan puts the journal of a plan in the place of a claim: the items first, the head last.
func (s Store) Plan(ctx context.Context, claim *Stored, j *rotate.Journal) (*Stored, error) {
	out := &Stored{Journal: j, had: map[string][]byte{}, tags: map[string]string{claim.ID: claim.tags[claim.ID]}}
	left, err := s.rows(ctx, claim.ID) // of an instance that ended before the head was written
	if err != nil {
		return nil, err
	}
	for _, r := range left {
		if r.Key != claim.ID {
			out.tags[r.Key] = r.ETag
		}
	}
	return out, s.Write(ctx, out, "")
}

// Write writes the rows that changed, in the order that package rotate asks for; key is the item at work. An error of kind
// fault.Conflict says that somebody else has the lease. After an error the journal has to be read again.
func (s Store) Write(ctx context.Context, j *Stored, key string) error {
	moved := false
	j.Moves, moved = j.Track()
	changed, err := j.Changed(j.had, key)
	if err != nil {
		return err
	}
	for _, w := range changed {
		tag, err := s.Table.Put(ctx, store.Row{Partition: rotate.Partition, Key: w.Key, ETag: j.tags[w.Key], Data: w.Data})
		if err != nil {
			return fmt.Errorf("writing rotation %s: %w", j.ID, err)
		}
		j.had[w.Key], j.tags[w.Key] = w.Data, tag
	}
	if moved {
		store.Nudge(ctx, s.Publish, notice.Rotations+j.ID)
	}
	return nil
}

// Head reads how far an operation is, without its items. Errors are those of Get.
func (s Store) Head(ctx context.Context, id string) (rotate.Head, error) {
	row, err := s.Table.Get(ctx, rotate.Partition, id)
	if err != nil {
		return rotate.Head{}, fmt.Errorf("reading rotation %s: %w", id, err)
	}
	return head(row)
}

func head(row store.Row) (rotate.Head, error) {
	var h rotate.Head
	if err := json.Unmarshal(row.Data, &h); err != nil {
		return rotate.Head{ID: row.Key}, fault.Unreadable("reading rotation %s: its head is no journal: %v", row.Key, err)
	}
	return h, h.Readable()
}

// Each calls fn for the head of every rotation, in the order of their ids, until it returns an error. One that cannot be read
// is passed with its error. Items are not read.
func (s Store) Each(ctx context.Context, fn func(rotate.Head, error) error) error {
	for from := Prefix; ; {
		rows, _, err := s.Table.List(ctx, rotate.Partition, from, 1)
		if err != nil {
			return fmt.Errorf("listing rotations: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		if id, _, below := strings.Cut(rows[0].Key, "/"); below { // rows of items without a head yet
			from = id + last
			continue
		}
		if err := fn(head(rows[0])); err != nil {
			return err
		}
		from = rows[0].Key + last
	}
}

// Word is what a person said about a rotation.
type Word struct {
	ID     string    `json:"id"`   // who may have to say it again chooses it: it counts once
	What   string    `json:"what"` // Approve, Decline or Resume
	Tier   int       `json:"tier,omitempty"`
	Hash   string    `json:"hash,omitempty"`   // Approve: of the tier that was seen
	Target string    `json:"target,omitempty"` // Resume
	By     string    `json:"by"`
	Why    string    `json:"why,omitempty"`
	Time   time.Time `json:"time"`
	tag    string
	key    string
}

// What people say.
const (
	Approve = "approve"
	Decline = "decline"
	Resume  = "resume"
)

const wordPart = "/word/"

// Words returns what people have said and nobody has taken in yet, in order.
func (s Store) Words(ctx context.Context, id string) ([]Word, error) {
	rows, _, err := s.Table.List(ctx, rotate.Partition, id+wordPart, rotate.MostHeard)
	if err != nil {
		return nil, fmt.Errorf("reading what was said about %s: %w", id, err)
	}
	var out []Word
	for _, r := range rows {
		if !strings.HasPrefix(r.Key, id+wordPart) {
			break
		}
		w := Word{tag: r.ETag, key: r.Key}
		if err := json.Unmarshal(r.Data, &w); err != nil {
			w.What = "unreadable" // it counts for nothing, and goes
		}
		w.ID = strings.TrimPrefix(r.Key, id+wordPart)
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Word) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// Said reports whether a word is stored, or was taken in.
func (s Store) Said(ctx context.Context, j *Stored, id string) (bool, error) {
	if slices.Contains(j.Heard, id) {
		return true, nil
	}
	_, err := s.Table.Get(ctx, rotate.Partition, j.ID+wordPart+id)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Drop removes a word that was taken in.
func (s Store) Drop(ctx context.Context, w Word) error {
	err := s.Table.Delete(ctx, store.Row{Partition: rotate.Partition, Key: w.key, ETag: w.tag})
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Apply makes a word take effect on a journal.
func (w Word) Apply(j *rotate.Journal, now time.Time) error {
	switch w.What {
	case Approve:
		return j.Approve(w.Tier, rotate.Approval{By: w.By, Hash: w.Hash, Time: w.Time}, now)
	case Decline:
		return j.Decline(w.Tier, w.By, now)
	case Resume:
		if i := j.Item(w.Target); i == nil || i.Status != rotate.Parked {
			return fault.Errorf(fault.Denied, "resuming %s of %s: it is not parked", w.Target, j.ID)
		}
		return j.Resume(w.Target, now)
	}
	return fault.Errorf(fault.Denied, "hearing %q about %s: this program does not know such a word", w.What, j.ID)
}
