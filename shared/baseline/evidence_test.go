package baseline_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
)

var noteKinds = []string{
	baseline.NoteFailure, baseline.NoteFinding, baseline.NoteCredentialAdded, baseline.NoteOwnerAdded,
	baseline.NoteRoleGranted, baseline.NoteConfiguration, baseline.NoteSecretRead, baseline.NoteSecretDenied,
}

func anyNote(t *rapid.T) baseline.Note {
	return baseline.Note{
		Kind:  rapid.SampledFrom(noteKinds).Draw(t, "kind"),
		ID:    fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "id")),
		Time:  start.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "minute")) * time.Minute),
		What:  rapid.SampledFrom([]string{"a", "b"}).Draw(t, "what"),
		Actor: rapid.SampledFrom([]string{"", "user:1"}).Draw(t, "actor"),
	}
}

func evidenceBytes(t *rapid.T, e *baseline.Evidence) []byte {
	b, err := e.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestShuffledRepeatedAndSplitNotesGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		notes := rapid.SliceOfN(rapid.Custom(anyNote), 1, 80).Draw(t, "notes")
		var whole, left, right baseline.Evidence
		for _, n := range notes {
			whole.Add(n)
		}
		for _, n := range rapid.Permutation(append(notes, notes...)).Draw(t, "deliveries") {
			if rapid.Bool().Draw(t, "left") {
				left.Add(n)
			} else {
				right.Add(n)
			}
		}
		var stored baseline.Evidence
		if err := stored.UnmarshalBinary(evidenceBytes(t, &right)); err != nil {
			t.Fatal(err)
		}
		left.Merge(&stored)
		left.Merge(&stored)
		if a, b := evidenceBytes(t, &whole), evidenceBytes(t, &left); !bytes.Equal(a, b) {
			t.Fatalf("whole and merged evidence differ:\n%s\n%s", a, b)
		}
	})
}

func TestEvidenceNeverOutgrowsItsRowAndAFloodOfFailuresKeepsTheActs(t *testing.T) {
	var e baseline.Evidence
	long := strings.Repeat("\"\x00<é", 100)
	for _, kind := range noteKinds {
		for i := range 100 {
			e.Add(baseline.Note{Kind: kind, ID: fmt.Sprint(i, long), Time: start, What: long, Actor: long, Caller: long, KeyID: long})
		}
	}
	for i := range 10000 {
		e.Add(baseline.Note{Kind: baseline.NoteFailure, ID: fmt.Sprint("f", i), Time: start.Add(time.Hour), What: "7000222"})
	}
	b, err := e.AppendBinary(nil)
	if err != nil || len(b) > baseline.MaxEvidenceBytes {
		t.Errorf("full evidence has %d bytes (%v), at most %d are allowed", len(b), err, baseline.MaxEvidenceBytes)
	}
	acts := 0
	for _, n := range e.Notes() {
		if n.Kind == baseline.NoteCredentialAdded {
			acts++
		}
	}
	if acts == 0 {
		t.Error("failures pushed out the credentials that were added")
	}
}
