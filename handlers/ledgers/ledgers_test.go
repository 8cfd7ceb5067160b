package ledgers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/ledgers"
	"rekey/handlers/operations"
	"rekey/handlers/switches"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// done is an operation of two steps that ended well, and its record.
func done() (remedy.Operation, []ledger.Entry) {
	o := remedy.Operation{
		Version: 3, ID: "op-1", State: remedy.StateDone, NewKeyID: "new",
		Plan:     remedy.Plan{Steps: []remedy.Step{{ID: "01-snapshot", Kind: remedy.StepSnapshot}, {ID: "02-removePasswords", Kind: remedy.StepRemovePasswords}}, Kept: []remedy.Kept{{KeyID: "saml"}}},
		Progress: []remedy.Progress{{Step: "01-snapshot", Status: remedy.Done}, {Step: "02-removePasswords", Status: remedy.Done}},
	}
	return o, []ledger.Entry{
		{Kind: ledger.Intent, Step: "01-snapshot", Found: []string{"old", "stolen", "saml"}}, {Kind: ledger.Result, Step: "01-snapshot"},
		{Kind: ledger.Intent, Step: "02-removePasswords", Removed: []string{"stolen"}}, {Kind: ledger.Result, Step: "02-removePasswords", Removed: []string{"stolen"}},
		{Kind: ledger.Intent, Step: "02-removePasswords", Removed: []string{"old"}}, {Kind: ledger.Result, Step: "02-removePasswords", Removed: []string{"old"}},
	}
}

func TestRecordAndJournalMustTellTheSameStory(t *testing.T) {
	tests := map[string]struct {
		edit    func(*remedy.Operation, []ledger.Entry) []ledger.Entry
		missing bool
		want    string
		flight  int
	}{
		"they do":                        {func(_ *remedy.Operation, es []ledger.Entry) []ledger.Entry { return es }, false, "", 0},
		"a removal is not written down":  {func(_ *remedy.Operation, es []ledger.Entry) []ledger.Entry { return es[:4] }, false, "neither kept nor removed: old", 0},
		"a result is missing at the end": {func(_ *remedy.Operation, es []ledger.Entry) []ledger.Entry { return es[:5] }, false, "has an intent and no result", 0},
		"a result is missing of one that runs": {func(o *remedy.Operation, es []ledger.Entry) []ledger.Entry {
			o.State = remedy.StateRunning
			return es[:5]
		}, false, "", 1},
		"the record is missing": {func(_ *remedy.Operation, es []ledger.Entry) []ledger.Entry { return es }, true, "it was begun and has no ledger", 0},
		"the record is missing of what was never begun": {func(o *remedy.Operation, es []ledger.Entry) []ledger.Entry {
			o.Progress[0].Status, o.Progress[1].Status = remedy.Pending, remedy.Pending
			return es
		}, true, "", 0},
		"the journal was set back": {func(o *remedy.Operation, es []ledger.Entry) []ledger.Entry {
			o.State, o.Progress[1].Status = remedy.StateRunning, remedy.Pending
			return es
		}, false, "never begun in the journal", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o, es := done()
			es = tt.edit(&o, es)
			problems, flight := ledgers.Compare(o, es, !tt.missing)
			if got := strings.Join(problems, "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) || len(flight) != tt.flight {
				t.Errorf("%q, in flight %v, want %q", got, flight, tt.want)
			}
		})
	}
}

func TestEverythingIsLookedAtTogether(t *testing.T) {
	blobs, store := &memory.Blobs{}, operations.Store{Table: &memory.Table{}}
	o, es := done()
	if err := store.Put(t.Context(), &operations.Stored{Operation: o}); err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if err := ledger.Write(t.Context(), blobs, o.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := (switches.Store{Table: &memory.Table{}, Ledger: blobs}).Stop(t.Context(), switches.Kill{By: "ann", Why: "drill", Time: now}); err != nil {
		t.Fatal(err)
	}
	if concerns, err := ledgers.Close(t.Context(), blobs, now); err != nil || len(concerns) != 0 {
		t.Fatal(concerns, err)
	}
	c := ledgers.Checker{Blobs: blobs, Operations: store}
	r, err := c.All(t.Context())
	if err != nil || len(r.Problems) != 0 || r.Operations != 1 || len(r.Heads) != 1 || len(r.Records) != 2 {
		t.Fatalf("%+v (%v)", r, err)
	}
	if err := ledger.Write(t.Context(), blobs, "op-2", ledger.Entry{Text: "an act without a journal"}); err != nil {
		t.Fatal(err)
	}
	if r, err = c.All(t.Context()); err != nil || !slices.ContainsFunc(r.Problems, func(p string) bool { return strings.Contains(p, "op-2.jsonl: there is no operation") }) {
		t.Errorf("%v (%v)", r.Problems, err)
	}
}

func TestABrokenRecordIsAConcernAndADownStoreIsNone(t *testing.T) {
	if got := ledgers.Broken("op-1.jsonl", "2026-11-24", fault.Errorf(fault.Denied, "line 2 was changed")); len(got) != 1 || got[0].Reason != decide.PageLedgerBroken {
		t.Errorf("%+v", got)
	}
	for _, err := range []error{nil, fault.Errorf(fault.Transient, "storage is down")} {
		if got := ledgers.Broken("op-1.jsonl", "", err); len(got) != 0 {
			t.Errorf("%v: %+v", err, got)
		}
	}
}
