package rotations_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/rotate"

	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// planned is a store with the rotation of one random value that waits for an approval.
func planned(t *testing.T, caseID string) (rotations.People, *memory.Table) {
	t.Helper()
	table := &memory.Table{}
	p := rotations.People{Store: rotations.Store{Table: table}, Ledger: &memory.Blobs{}, Rotate: &memory.Bell{}, Now: func() time.Time { return now }}
	claim, err := p.Claim(t.Context(), rotate.Head{Version: rotate.Version, ID: rotate.OperationID(caseID), State: rotate.StateRunning})
	if err != nil || !claim.Claimed() {
		t.Fatal(err)
	}
	plan := rotate.Plan{Case: caseID}
	plan.Tiers[0] = rotate.Tier{Number: 1, Hash: "h", Cap: 10, Targets: []rotate.Target{{Key: "random:v/s", Tier: 1, Kind: rotate.Random, Copies: []rotate.Copy{{Vault: "v", Secret: "s"}}}}}
	plan.Tiers[1], plan.Tiers[2] = rotate.Tier{Number: 2, Cap: 10}, rotate.Tier{Number: 3, Cap: 10}
	if _, err := p.Plan(t.Context(), claim, rotate.Open(plan, rotate.Opening{Cut: now}, now)); err != nil {
		t.Fatal(err)
	}
	return p, table
}

func TestOneInstanceClaimsARotation(t *testing.T) {
	p, _ := planned(t, "c1")
	if _, err := p.Claim(t.Context(), rotate.Head{ID: "rot-c1"}); !errors.Is(err, fault.Conflict) {
		t.Errorf("claimed twice: %v", err)
	}
}

func TestAPersonsWordIsWrittenDownAndKeptForTheExecutor(t *testing.T) {
	p, _ := planned(t, "c1")
	for name, w := range map[string]rotations.Word{
		"another hash":           {What: rotations.Approve, Tier: 1, Hash: "other", By: "ann"},
		"nobody":                 {What: rotations.Approve, Tier: 1, Hash: "h"},
		"a tier that is not":     {What: rotations.Decline, Tier: 4, By: "ann"},
		"what is not parked":     {What: rotations.Resume, Target: "random:v/s", By: "ann"},
		"what nobody understand": {What: "burn", By: "ann"},
	} {
		if err := p.Say(t.Context(), "rot-c1", w); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := p.Say(t.Context(), "rot-c1", rotations.Word{What: rotations.Approve, Tier: 1, Hash: "h", By: "ann", Why: "seen"}); err != nil {
		t.Fatal(err)
	}
	words, err := p.Words(t.Context(), "rot-c1")
	if err != nil || len(words) != 1 || words[0].By != "ann" {
		t.Fatalf("%+v (%v)", words, err)
	}
	l, err := ledger.Open(t.Context(), p.Ledger, "rot-c1")
	if err != nil || len(l.Entries()) != 1 || l.Entries()[0].Text != "approved tier 1: seen" {
		t.Errorf("%+v (%v)", l, err)
	}
	j, err := p.Get(t.Context(), "rot-c1")
	if err != nil || len(j.Asks()) != 1 {
		t.Fatalf("the journal was changed (%v)", err)
	}
	if err := words[0].Apply(j.Journal, now); err != nil || len(j.Asks()) != 0 {
		t.Errorf("%v, asks %v", err, j.Asks())
	}
	if err := p.Drop(t.Context(), words[0]); err != nil {
		t.Error(err)
	}
	if words, err := p.Words(t.Context(), "rot-c1"); err != nil || len(words) != 0 {
		t.Errorf("%+v (%v)", words, err)
	}
}

// Two people may say the same in the same moment, and one person the same thing twice.
func TestEachWordAtATerminalIsAnother(t *testing.T) {
	p, _ := planned(t, "c1")
	for _, by := range []string{"ann", "ben", "ann"} {
		if err := p.Say(t.Context(), "rot-c1", rotations.Word{What: rotations.Approve, Tier: 1, Hash: "h", By: by}); err != nil {
			t.Fatal(err)
		}
	}
	if words, err := p.Words(t.Context(), "rot-c1"); err != nil || len(words) != 3 {
		t.Errorf("%+v (%v)", words, err)
	}
}

func TestWordsAreHeardInTheOrderInWhichTheyWereSaid(t *testing.T) {
	p, _ := planned(t, "c1")
	for id, minutes := range map[string]int{"order-a": 3, "order-b": 1, "order-c": 2} {
		w := rotations.Word{ID: id, What: rotations.Decline, Tier: 1, By: "ann", Time: now.Add(time.Duration(minutes) * time.Minute)}
		if err := p.Say(t.Context(), "rot-c1", w); err != nil {
			t.Fatal(err)
		}
	}
	words, err := p.Words(t.Context(), "rot-c1")
	if err != nil || len(words) != 3 || words[0].ID != "order-b" || words[2].ID != "order-a" {
		t.Errorf("%+v (%v)", words, err)
	}
}

func TestOnlySoManyWordsAreRemembered(t *testing.T) {
	p, _ := planned(t, "c1")
	j, err := p.Get(t.Context(), "rot-c1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * rotate.MostHeard {
		if id := fmt.Sprint(i); !j.Hear(id) || j.Hear(id) {
			t.Fatalf("%s counts %t", id, !j.Hear(id))
		}
	}
	if len(j.Heard) != rotate.MostHeard || !j.Hear("0") {
		t.Errorf("%d are remembered", len(j.Heard))
	}
}

func TestRotationsWithLikeNamesAreTold(t *testing.T) {
	p, table := planned(t, "c1")
	q, other := planned(t, "c10")
	rows, _, err := other.List(t.Context(), rotate.Partition, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		r.ETag = ""
		if _, err := table.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	_ = q
	var ids []string
	err = p.Each(t.Context(), func(h rotate.Head, err error) error { ids = append(ids, h.ID); return err })
	if err != nil || len(ids) != 2 || ids[0] != "rot-c1" || ids[1] != "rot-c10" {
		t.Errorf("%v (%v)", ids, err)
	}
	for _, id := range ids {
		if j, err := p.Get(t.Context(), id); err != nil || len(j.Items) != 1 || j.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, id := range []string{"", "op-c1", "rot-c1/0000", "rot-none"} {
		if _, err := p.Get(t.Context(), id); !errors.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestWhoLostTheLeaseCannotWrite(t *testing.T) {
	p, _ := planned(t, "c1")
	a, errA := p.Get(t.Context(), "rot-c1")
	b, errB := p.Get(t.Context(), "rot-c1")
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	a.Acquire("a", now, time.Minute)
	b.Acquire("b", now, time.Minute)
	if err := p.Write(t.Context(), a, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), b, ""); !errors.Is(err, fault.Conflict) {
		t.Errorf("both wrote: %v", err)
	}
}
