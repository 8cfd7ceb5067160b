package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"rekey/handlers/halt"
	"rekey/handlers/ledgers"
	"rekey/handlers/operations"
	apps "rekey/handlers/settings"
	"rekey/handlers/switches"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) // a Tuesday

// office is the commands over a store in memory with one operation that awaits approval.
type office struct {
	council
	lever
	book
	blobs *memory.Blobs
	op    remedy.Operation
}

func newOffice(t *testing.T) *office {
	t.Helper()
	clock := func() time.Time { return now }
	blobs, table := &memory.Blobs{}, operations.Store{Table: &memory.Table{}}
	f := &office{
		council: council{operations.People{Store: table, Ledger: blobs, Evict: &memory.Bell{}, Now: clock}, apps.Rest{}},
		lever:   lever{halt.Lever{Switches: switches.Store{Table: &memory.Table{}, Ledger: blobs}, Operations: table, Now: clock}},
		book:    book{ledgers.Checker{Blobs: blobs, Operations: table}}, blobs: blobs,
	}
	inv := remedy.Inventory{
		Tenant: "t1", Application: &remedy.Object{Kind: remedy.KindApplication, ID: "obj", AppID: "app", Passwords: []remedy.Password{{KeyID: "k1"}}},
		Principals: []remedy.Object{{Kind: remedy.KindServicePrincipal, ID: "sp", AppID: "app", Type: "Application", Name: "billing", Enabled: true}},
	}
	c := casefile.Case{ID: "c1", Principal: event.Principal{ObjectID: "sp", AppID: "app", Name: "billing"}, Window: casefile.Window{From: now.Add(-time.Hour), To: now}}
	f.op = remedy.Open(inv, c, decide.Verdict{Mode: decide.ModeApprove, Checks: []decide.Check{{Name: "level high", Why: "the case is medium"}}}, now)
	if err := table.Put(t.Context(), &operations.Stored{Operation: f.op}); err != nil {
		t.Fatal(err)
	}
	return f
}

// say runs words and returns what was printed.
func say(t *testing.T, run func(context.Context, []string, *bytes.Buffer) error, words string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), strings.Fields(words), &out)
	return out.String(), err
}

func (f *office) operation(ctx context.Context, args []string, out *bytes.Buffer) error {
	return f.council.run(ctx, args, out)
}

func (f *office) ledger(ctx context.Context, args []string, out *bytes.Buffer) error {
	return f.book.run(ctx, args, out)
}

func (f *office) halt(ctx context.Context, args []string, out *bytes.Buffer) error {
	return f.stop(ctx, args, out)
}

func (f *office) goOn(ctx context.Context, args []string, out *bytes.Buffer) error {
	return f.resume(ctx, args, out)
}

func TestAPersonSeesWhatAwaitsHimAndApprovesItByHash(t *testing.T) {
	f := newOffice(t)
	list, err := say(t, f.operation, "list --state awaitingApproval")
	if err != nil || !strings.Contains(list, f.op.ID) || !strings.Contains(list, f.op.PlanHash) {
		t.Fatalf("%s (%v)", list, err)
	}
	shown, err := say(t, f.operation, "show "+f.op.ID)
	for _, want := range []string{"1 more must approve: rekey operation approve op-c1 --hash " + f.op.PlanHash, "level high: the case is medium", "Steps\n"} {
		if err != nil || !strings.Contains(shown, want) {
			t.Errorf("%q is not in (%v):\n%s", want, err, shown)
		}
	}
	if out, err := say(t, f.operation, "approve op-c1 --hash feed --by ann"); err == nil {
		t.Errorf("approved by a wrong hash: %s", out)
	}
	if out, err := say(t, f.operation, "approve op-c1 --hash "+f.op.PlanHash+" --by ann --wait"); err != nil || !strings.Contains(out, "carried out now") {
		t.Errorf("%s (%v)", out, err)
	}
	if out, err := say(t, f.operation, "show op-c1 --format json"); err != nil || !strings.Contains(out, `"by": "ann"`) {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestWhoAsksToWaitApprovesForTheEndOfMaintenance(t *testing.T) {
	f := newOffice(t)
	if err := f.Maintenance.Decode("Tue 02:00-04:30"); err != nil {
		t.Fatal(err)
	}
	out, err := say(t, f.operation, "approve op-c1 --hash "+f.op.PlanHash+" --by ann --wait")
	if err != nil || !strings.Contains(out, "2026-11-24T04:30:00Z") {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestRejectingAndCancellingSayWhatBecameOfIt(t *testing.T) {
	for words, want := range map[string]string{
		"reject op-c1 --by ann --why ours": "op-c1 is rejected: rejected by ann: ours\nnothing was changed\n",
		"cancel op-c1 --by ann --why ours": "op-c1 is cancelled: cancelled by ann: ours; nothing was changed\nnothing was changed\n",
	} {
		f := newOffice(t)
		if out, err := say(t, f.operation, words); err != nil || out != want {
			t.Errorf("%s: %q (%v)", words, out, err)
		}
	}
}

func TestWordsThatAreOffAreUsage(t *testing.T) {
	f := newOffice(t)
	for _, words := range []string{"", "show", "show op-c1 --format yaml", "approve op-c1 extra", "approve op-c1 --force", "list op-c1", "burn op-c1"} {
		if out, err := say(t, f.operation, words); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: %q (%v)", words, out, err)
		}
	}
	for _, words := range []string{"verify", "verify --all extra", "verify --head x", "burn"} {
		if _, err := say(t, f.ledger, words); !errors.Is(err, ErrUsage) {
			t.Errorf("ledger %q: %v", words, err)
		}
	}
}

func TestStoppingSaysWhatIsHalfDoneAndWhoIsDisabled(t *testing.T) {
	f := newOffice(t)
	_, err := f.Change(t.Context(), f.op.ID, func(o *remedy.Operation) error {
		o.State = remedy.StateRunning
		for _, s := range o.Plan.Steps[:2] { // the snapshot and disabling
			o.Start(s.ID, now)
			o.Complete(s.ID, "", now)
		}
		o.Start(o.Plan.Steps[2].ID, now)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := say(t, f.halt, "--by ann"); err == nil {
		t.Error("stopped without a reason")
	}
	for _, words := range []string{"--by ann --why incident", "--status"} {
		out, err := say(t, f.halt, words)
		for _, want := range []string{`STOPPED by "ann"`, `"incident"`, "running: op-c1", "in flight: " + f.op.Plan.Steps[2].ID, `disabled by Rekey: sp "billing"`} {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%q is not in (%v):\n%s", want, err, out)
			}
		}
	}
	if out, err := say(t, f.goOn, "--by ann"); err != nil || !strings.Contains(out, "Not stopped.") {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestTheLedgerIsVerifiedReadablyAndAProblemIsAnError(t *testing.T) {
	f := newOffice(t)
	if _, err := say(t, f.operation, "approve op-c1 --hash "+f.op.PlanHash+" --by ann"); err != nil {
		t.Fatal(err)
	}
	if out, err := say(t, f.ledger, "verify op-c1"); err != nil || !strings.Contains(out, "approved the plan (ann, plan "+f.op.PlanHash+")") || !strings.Contains(out, "1 entries, the chain holds") {
		t.Errorf("%s (%v)", out, err)
	}
	h, _, err := ledger.CloseDay(t.Context(), f.blobs, now)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := say(t, f.ledger, "verify --all --head "+h.Hash); err != nil || !strings.Contains(out, "newest head: 2026-11-23 "+h.Hash) || !strings.Contains(out, "1 records, 1 heads and 1 operations agree") {
		t.Errorf("%s (%v)", out, err)
	}
	if out, err := say(t, f.ledger, "verify --all --head feed"); err == nil || !strings.Contains(out, "PROBLEM: no head has the hash") {
		t.Errorf("%s (%v)", out, err)
	}
	if err := f.blobs.Write(t.Context(), "op-c1.jsonl", []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if out, err := say(t, f.ledger, "verify --all"); err == nil || !strings.Contains(out, "PROBLEM: op-c1.jsonl") {
		t.Errorf("%s (%v)", out, err)
	}
	if _, err := say(t, f.ledger, "verify op-c1"); err == nil || !strings.Contains(err.Error(), "does not hold") {
		t.Errorf("got %v", err)
	}
	if out, err := say(t, f.ledger, "list"); err != nil || out != "op-c1\n" {
		t.Errorf("%q (%v)", out, err)
	}
}
