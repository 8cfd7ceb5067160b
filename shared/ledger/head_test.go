package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store/memory"
)

// write appends n entries to a record.
func write(t *testing.T, blobs *memory.Blobs, operation string, n int) {
	t.Helper()
	for i := range n {
		e := ledger.Entry{Time: now, Kind: ledger.Note, Actor: "a", Text: fmt.Sprint("entry ", i)}
		if err := ledger.Write(t.Context(), blobs, operation, e); err != nil {
			t.Fatal(err)
		}
	}
}

// days is a ledger of two operations over three days, each closed.
func days(t *testing.T) *memory.Blobs {
	t.Helper()
	blobs := &memory.Blobs{}
	for d := range 3 {
		write(t, blobs, "op1", 2)
		if d > 0 {
			write(t, blobs, "op2", 1)
		}
		if _, made, err := ledger.CloseDay(t.Context(), blobs, now.AddDate(0, 0, d)); err != nil || !made {
			t.Fatal(made, err)
		}
	}
	return blobs
}

func TestADayIsClosedOnceAndItsHeadFollowsFromTheOneBefore(t *testing.T) {
	blobs := days(t)
	h, made, err := ledger.CloseDay(t.Context(), blobs, now.AddDate(0, 0, 2).Add(20*time.Hour))
	if err != nil || made || h.Day != "2026-11-25" || len(h.Records) != 2 || h.Records[0].Entries != 6 {
		t.Fatalf("%+v, made %v (%v)", h, made, err)
	}
	a, err := ledger.AuditAll(t.Context(), blobs)
	if err != nil || len(a.Problems) != 0 || len(a.Heads) != 3 || a.Heads[2].Previous != a.Heads[1].Hash || a.Heads[0].Previous != "" {
		t.Errorf("%+v (%v)", a, err)
	}
}

func TestOfInstancesThatCloseADayOneWritesTheHeadAndAllKnowIt(t *testing.T) {
	blobs := &memory.Blobs{}
	write(t, blobs, "op1", 3)
	var wg sync.WaitGroup
	heads := make([]ledger.Head, 6)
	wrote := make([]bool, 6)
	for i := range heads {
		wg.Go(func() {
			var err error
			if heads[i], wrote[i], err = ledger.CloseDay(context.Background(), blobs, now.Add(time.Duration(i)*time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for i, h := range heads {
		if wrote[i] {
			n++
		}
		if h.Hash != heads[0].Hash {
			t.Errorf("%s and %s", h.Hash, heads[0].Hash)
		}
	}
	if n != 1 {
		t.Errorf("%d wrote it", n)
	}
}

// edited is blobs of which some read otherwise than they were written.
type edited struct {
	*memory.Blobs
	gone   map[string]bool
	change map[string]func([]byte) []byte
}

func (e edited) Read(ctx context.Context, name string) ([]byte, error) {
	if e.gone[name] {
		return nil, fault.Errorf(fault.NotFound, "gone")
	}
	data, err := e.Blobs.Read(ctx, name)
	if fn := e.change[name]; err == nil && fn != nil {
		data = fn(data)
	}
	return data, err
}

func (e edited) List(ctx context.Context, prefix string) ([]string, error) {
	all, err := e.Blobs.List(ctx, prefix)
	var out []string
	for _, n := range all {
		if !e.gone[n] {
			out = append(out, n)
		}
	}
	return out, err
}

// anew writes a whole new chain, as somebody could who may write to the container.
func anew(t *testing.T, n int) func([]byte) []byte {
	blobs := &memory.Blobs{}
	for i := range n {
		if err := ledger.Write(t.Context(), blobs, "x", ledger.Entry{Time: now, Kind: ledger.Note, Actor: "eve", Text: fmt.Sprint("nothing happened ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := blobs.Read(t.Context(), "x.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return func([]byte) []byte { return data }
}

func TestWhoTampersWithAnyBlobIsFound(t *testing.T) {
	const head = "heads/2026-11-24.json"
	swap := func(blobs *memory.Blobs, with string) func([]byte) []byte {
		other, err := blobs.Read(t.Context(), with)
		if err != nil {
			t.Fatal(err)
		}
		return func([]byte) []byte { return other }
	}
	blobs := days(t)
	tests := map[string]struct {
		edit edited
		want string
	}{
		"a word of a record":            {edited{change: map[string]func([]byte) []byte{"op1.jsonl": replace("entry 1", "entry 9")}}, "op1.jsonl: line 2 was changed"},
		"the end of a record":           {edited{change: map[string]func([]byte) []byte{"op1.jsonl": cut(1)}}, "op1.jsonl has 5 good entries, and had 6"},
		"a whole record":                {edited{gone: map[string]bool{"op2.jsonl": true}}, "op2.jsonl is gone"},
		"a record for another":          {edited{change: map[string]func([]byte) []byte{"op2.jsonl": swap(blobs, "op1.jsonl")}}, "op2.jsonl: entry 1 is another one"},
		"a record, written anew":        {edited{change: map[string]func([]byte) []byte{"op1.jsonl": anew(t, 9)}}, "op1.jsonl: entry 1 is another one"},
		"a word of a head":              {edited{change: map[string]func([]byte) []byte{head: replace(`"entries":4`, `"entries":1`)}}, head + " of the ledger: it was changed"},
		"a head":                        {edited{gone: map[string]bool{head: true}}, "heads/2026-11-25.json does not follow"},
		"the first head":                {edited{gone: map[string]bool{"heads/2026-11-23.json": true}}, head + " does not follow"},
		"a head for another":            {edited{change: map[string]func([]byte) []byte{head: swap(blobs, "heads/2026-11-25.json")}}, "it is the head of 2026-11-25"},
		"a space in a head":             {edited{change: map[string]func([]byte) []byte{head: replace(`"day":`, `"day": `)}}, "it is not written as heads are"},
		"nothing, and it is not found":  {edited{}, ""},
		"a new record, which may be so": {edited{change: map[string]func([]byte) []byte{"op2.jsonl": func(b []byte) []byte { return b }}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.edit.Blobs = blobs
			a, err := ledger.AuditAll(t.Context(), tt.edit)
			if got := strings.Join(a.Problems, "\n"); err != nil || tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func replace(old, with string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
}

func cut(lines int) func([]byte) []byte {
	return func(b []byte) []byte {
		all := bytes.SplitAfter(b, []byte("\n"))
		return bytes.Join(all[:len(all)-1-lines], nil)
	}
}

func TestADayWithABrokenRecordIsClosedAndSaysSo(t *testing.T) {
	blobs := &memory.Blobs{}
	write(t, blobs, "op1", 2)
	write(t, blobs, "op2", 2)
	broken := edited{Blobs: blobs, change: map[string]func([]byte) []byte{"op1.jsonl": replace("entry 1", "entry 9")}}
	h, made, err := ledger.CloseDay(t.Context(), broken, now)
	if err != nil || !made || strings.Join(h.Broken, " ") != "op1.jsonl" || h.Records[0].Entries != 1 {
		t.Errorf("%+v, made %v (%v)", h, made, err)
	}
}

func TestADamagedHeadLetsNoOtherFollow(t *testing.T) {
	blobs := days(t)
	broken := edited{Blobs: blobs, change: map[string]func([]byte) []byte{"heads/2026-11-25.json": replace("op1", "op9")}}
	if _, _, err := ledger.CloseDay(t.Context(), broken, now.AddDate(0, 0, 5)); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

func TestNoChangeOfAnyByteOfARecordIsMissed(t *testing.T) {
	good := record(t, &memory.Blobs{}, 4)
	rapid.Check(t, func(t *rapid.T) {
		data := bytes.Clone(good)
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		data[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		entries, err := ledger.Verify(data)
		if err == nil && len(entries) == 4 {
			t.Fatalf("byte %d is %q instead of %q, and the chain holds", at, data[at], good[at])
		}
	})
}

func TestAnotherCaseOfALetterIsAChange(t *testing.T) {
	good := record(t, &memory.Blobs{}, 2)
	for at := range good {
		data := bytes.Clone(good)
		data[at] ^= 0x20 // JSON's names are read in any case
		if _, err := ledger.Verify(data); err == nil {
			t.Fatalf("byte %d is %q instead of %q, and the chain holds", at, data[at], good[at])
		}
	}
}

func FuzzVerify(f *testing.F) {
	blobs := &memory.Blobs{}
	for i := range 3 {
		if err := ledger.Write(context.Background(), blobs, "op", ledger.Entry{Time: now, Kind: ledger.Intent, Text: fmt.Sprint(i)}); err != nil {
			f.Fatal(err)
		}
	}
	data, _ := blobs.Read(context.Background(), "op.jsonl")
	f.Add(data)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ledger.Verify(data)
		if err != nil {
			return
		}
		for i, e := range entries {
			if e.Seq != i || i > 0 && e.Previous != entries[i-1].Hash {
				t.Fatalf("entry %d: %+v", i, e)
			}
		}
		blobs := &memory.Blobs{}
		if len(data) > 0 { // what is verified can be written on
			if err := blobs.Write(t.Context(), "x.jsonl", data); err != nil {
				t.Fatal(err)
			}
		}
		if err := ledger.Write(t.Context(), blobs, "x", ledger.Entry{Time: now, Text: "more"}); err != nil {
			t.Fatal(err)
		}
		if again, err := blobs.Read(t.Context(), "x.jsonl"); err != nil || !bytes.HasPrefix(again, data) {
			t.Fatal(err)
		} else if more, err := ledger.Verify(again); err != nil || len(more) != len(entries)+1 {
			t.Fatal(len(more), err)
		}
	})
}

func TestAHeadThatWasBegunAndNotWrittenIsWrittenByWhoeverComesNext(t *testing.T) {
	for name, later := range map[string]int{"the same day": 2, "days later": 5} {
		t.Run(name, func(t *testing.T) {
			blobs := days(t)
			if err := blobs.Write(t.Context(), "heads/2026-11-26.json", nil); err != nil { // the process ended after it was made
				t.Fatal(err)
			}
			a, err := ledger.AuditAll(t.Context(), blobs)
			if err != nil || len(a.Problems) != 0 || len(a.Heads) != 3 {
				t.Fatalf("%v, %d heads (%v)", a.Problems, len(a.Heads), err)
			}
			h, made, err := ledger.CloseDay(t.Context(), blobs, now.AddDate(0, 0, later+1))
			if err != nil || !made || h.Previous != a.Heads[2].Hash {
				t.Fatalf("made %v, %+v (%v)", made, h, err)
			}
			if a, err = ledger.AuditAll(t.Context(), blobs); err != nil || len(a.Problems) != 0 || len(a.Heads) != 4 {
				t.Errorf("%v, %d heads (%v)", a.Problems, len(a.Heads), err)
			}
		})
	}
}
