package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// Heads is where the daily heads are, in the container of the records.
const Heads = "heads/"

// HeadRecord is how far one record had come when a day ended.
type HeadRecord struct {
	Name    string `json:"name"` // of the blob
	Entries int    `json:"entries"`
	Bytes   int    `json:"bytes"`
	Hash    string `json:"hash"` // of the last entry
}

// Head is the end of a day over all records, chained to the head before it: a chain alone shows no change to its end, and
// does not miss a record that is gone. Whoever keeps a head's hash elsewhere (a log keeps it) can prove all that came before.
type Head struct {
	Day      string       `json:"day"`      // UTC, 2026-11-24
	Previous string       `json:"previous"` // hash of the head before; empty for the first
	Made     time.Time    `json:"made"`
	Records  []HeadRecord `json:"records"`
	Broken   []string     `json:"broken,omitempty"` // records whose chain did not hold; Records has them up to there
	Hash     string       `json:"hash"`             // SHA-256 over the head with an empty hash, in hexadecimal
}

func headName(day string) string { return Heads + day + ".json" }

func hashHead(h Head) (string, error) {
	h.Hash = ""
	b, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Records returns the operations that have a record.
func Records(ctx context.Context, blobs store.Blobs) ([]string, error) {
	names, err := blobs.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("listing ledgers: %w", err)
	}
	var out []string
	for _, n := range names {
		if id, ok := strings.CutSuffix(n, Suffix); ok && !strings.HasPrefix(n, Heads) {
			out = append(out, id)
		}
	}
	return out, nil
}

// CloseDay writes the head of the day before now, unless it is there. Of two instances one writes it. It returns the head,
// and made is true when this call wrote it.
func CloseDay(ctx context.Context, blobs store.Blobs, now time.Time) (h Head, made bool, err error) {
	day := now.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	names, err := blobs.List(ctx, Heads)
	if err != nil {
		return h, false, fmt.Errorf("listing heads of the ledger: %w", err)
	}
	for _, last := range slices.Backward(names) {
		h, err = readHead(ctx, blobs, last)
		if errors.Is(err, fault.NotFound) { // begun and not written: the one before is the last
			continue
		}
		if err != nil || last >= headName(day) {
			return h, false, err
		}
		break
	}
	h, err = head(ctx, blobs, day, h.Hash, now)
	if err != nil {
		return h, false, err
	}
	line, err := json.Marshal(h)
	if err != nil {
		return h, false, err
	}
	err = blobs.Append(ctx, headName(day), 0, append(line, '\n'))
	if errors.Is(err, fault.Conflict) {
		h, err = readHead(ctx, blobs, headName(day))
		return h, false, err
	}
	if err != nil {
		return h, false, fmt.Errorf("closing day %s of the ledger: %w", day, err)
	}
	return h, true, nil
}

// head makes a day's head from the records as they are.
func head(ctx context.Context, blobs store.Blobs, day, previous string, now time.Time) (Head, error) {
	h := Head{Day: day, Previous: previous, Made: now.UTC(), Records: []HeadRecord{}}
	ids, err := Records(ctx, blobs)
	if err != nil {
		return h, err
	}
	for _, id := range ids {
		data, err := blobs.Read(ctx, name(id))
		if err != nil {
			return h, fmt.Errorf("reading ledger of %s: %w", id, err)
		}
		entries, err := Verify(data)
		if err != nil {
			h.Broken = append(h.Broken, name(id))
		}
		h.Records = append(h.Records, recordOf(name(id), data, entries))
	}
	h.Hash, err = hashHead(h)
	return h, err
}

func recordOf(name string, data []byte, entries []Entry) HeadRecord {
	r := HeadRecord{Name: name, Entries: len(entries), Bytes: sizeOf(data, len(entries))}
	if len(entries) > 0 {
		r.Hash = entries[len(entries)-1].Hash
	}
	return r
}

// sizeOf is the length of the first n lines.
func sizeOf(data []byte, n int) int {
	size := 0
	for range n {
		size += bytes.IndexByte(data[size:], '\n') + 1
	}
	return size
}

// readHead reads a head. An empty one is of kind fault.NotFound: a blob is made before something is written to it, and whoever made
// it may have been interrupted. It says nothing, and is written by whoever closes the day.
func readHead(ctx context.Context, blobs store.Blobs, name string) (Head, error) {
	data, err := blobs.Read(ctx, name)
	if err != nil {
		return Head{}, fmt.Errorf("reading %s of the ledger: %w", name, err)
	}
	if len(data) == 0 {
		return Head{}, fault.Errorf(fault.NotFound, "reading %s of the ledger: it is empty", name)
	}
	h, err := parseHead(data)
	if err != nil {
		return h, fault.Errorf(fault.Denied, "reading %s of the ledger: %w", name, err)
	}
	if headName(h.Day) != name {
		return h, fault.Errorf(fault.Denied, "reading %s of the ledger: it is the head of %s", name, h.Day)
	}
	return h, nil
}

// parseHead reads a head and checks its hash.
func parseHead(data []byte) (Head, error) {
	var h Head
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return h, errors.New("it is no whole head")
	}
	again, err := json.Marshal(h)
	want, hashErr := hashHead(h)
	switch {
	case err != nil || hashErr != nil:
		return h, errors.Join(err, hashErr)
	case !bytes.Equal(append(again, '\n'), data):
		return h, errors.New("it was changed: it is not written as heads are")
	case want != h.Hash:
		return h, errors.New("it was changed: its hash does not fit")
	}
	return h, nil
}

// Check compares a record as it is now with what a head says it was.
func (r HeadRecord) Check(data []byte) error {
	entries, _ := Verify(data)
	switch {
	case len(entries) < r.Entries:
		return fmt.Errorf("%s has %d good entries, and had %d: its end was cut off or changed", r.Name, len(entries), r.Entries)
	case r.Entries > 0 && entries[r.Entries-1].Hash != r.Hash:
		return fmt.Errorf("%s: entry %d is another one than it was: the record was written anew", r.Name, r.Entries-1)
	}
	return nil
}

// Audit is what a look at all records and heads found.
type Audit struct {
	Records  map[string][]Entry // by operation, as far as the chain holds
	Heads    []Head             // in order
	Problems []string           // sorted by where they are; empty: everything holds
}

// AuditAll checks every record's chain, the chain of heads, and every record against every head. Problems are findings, not
// errors; an error means that the look was not finished.
func AuditAll(ctx context.Context, blobs store.Blobs) (Audit, error) {
	a := Audit{Records: map[string][]Entry{}}
	ids, err := Records(ctx, blobs)
	if err != nil {
		return a, err
	}
	data := map[string][]byte{}
	for _, id := range ids {
		if data[name(id)], err = blobs.Read(ctx, name(id)); err != nil {
			return a, fmt.Errorf("reading ledger of %s: %w", id, err)
		}
		if a.Records[id], err = Verify(data[name(id)]); err != nil {
			a.problem("%s: %v", name(id), err)
		}
	}
	return a, a.heads(ctx, blobs, data)
}

func (a *Audit) problem(format string, args ...any) {
	a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
}

// heads checks the chain of heads, and the records against each.
func (a *Audit) heads(ctx context.Context, blobs store.Blobs, data map[string][]byte) error {
	names, err := blobs.List(ctx, Heads)
	if err != nil {
		return fmt.Errorf("listing heads of the ledger: %w", err)
	}
	previous, told := "", map[string]bool{}
	for _, n := range names {
		h, err := readHead(ctx, blobs, n)
		switch {
		case errors.Is(err, fault.NotFound): // empty: if a head was here, the next does not follow
			continue
		case errors.Is(err, fault.Denied):
			a.problem("%v", err)
			previous = h.Hash
			continue
		case err != nil:
			return err
		case h.Previous != previous:
			a.problem("%s does not follow from the head before: one is missing or was changed", n)
		}
		previous = h.Hash
		a.Heads = append(a.Heads, h)
		for _, r := range h.Records {
			bytes, ok := data[r.Name]
			err := r.Check(bytes)
			if !ok {
				err = fmt.Errorf("%s is gone: it was there on %s", r.Name, h.Day)
			}
			if err != nil && !told[r.Name] {
				told[r.Name] = true
				a.problem("%v", err)
			}
		}
	}
	return nil
}
