package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func record(t *testing.T, blobs *memory.Blobs, n int) []byte {
	t.Helper()
	l, err := ledger.Open(t.Context(), blobs, "op1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := ledger.Entry{Time: now, Kind: ledger.Intent, Actor: "instance-1", Step: fmt.Sprint("step", i), Removed: []string{"k1"}, Text: "removing"}
		if err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	data, err := blobs.Read(t.Context(), "op1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestARecordGoesOnWhereAnEarlierProcessEnded(t *testing.T) {
	blobs := &memory.Blobs{}
	record(t, blobs, 3)
	entries, err := ledger.Verify(record(t, blobs, 2))
	if err != nil || len(entries) != 5 {
		t.Errorf("%d entries (%v)", len(entries), err)
	}
}

func TestEveryTamperingIsFoundAndItsLineNamed(t *testing.T) {
	good := record(t, &memory.Blobs{}, 4)
	lines := bytes.SplitAfter(good, []byte("\n"))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	tests := map[string]struct {
		data []byte
		want string
	}{
		"a word was changed":       {bytes.Replace(good, []byte("removing"), []byte("keeping!"), 1), "line 1 was changed"},
		"a line was taken out":     {join(lines[0], lines[2], lines[3]), "line 2 has number 2"},
		"two lines changed places": {join(lines[1], lines[0], lines[2], lines[3]), "line 1 has number 1"},
		"a line was cut":           {good[:len(good)-5], "line 4 is no whole entry"},
		"a line was put in":        {join(lines[0], []byte("{}\n"), lines[1]), "line 2"},
		"a member was added":       {bytes.Replace(good, []byte(`{"seq":0,`), []byte(`{"seq":0,"x":1,`), 1), "line 1 is no whole entry"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ledger.Verify(tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOfTwoWritersOneIsRefused(t *testing.T) {
	blobs := &memory.Blobs{}
	first, _ := ledger.Open(t.Context(), blobs, "op1")
	second, _ := ledger.Open(t.Context(), blobs, "op1")
	if err := first.Append(t.Context(), ledger.Entry{Text: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := second.Append(t.Context(), ledger.Entry{Text: "b"}); !errors.Is(err, fault.Conflict) {
		t.Errorf("the second writer got %v", err)
	}
}

func TestABrokenRecordIsNotAppendedTo(t *testing.T) {
	blobs := &memory.Blobs{}
	if err := blobs.Write(t.Context(), "op1.jsonl", []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), blobs, "op1"); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

func TestWhatWasInFlightIsKnown(t *testing.T) {
	entry := func(kind, step string) ledger.Entry { return ledger.Entry{Kind: kind, Step: step} }
	got := ledger.Unanswered([]ledger.Entry{
		entry(ledger.Intent, "a"), entry(ledger.Result, "a"), entry(ledger.Intent, "b"), entry(ledger.Intent, "c"), entry(ledger.Intent, "b"), entry(ledger.Result, "b"),
	})
	if fmt.Sprint(got) != "[c]" {
		t.Errorf("in flight: %v", got)
	}
}
