package switches_test

import (
	"errors"
	"testing"
	"time"

	"rekey/handlers/switches"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func TestStoppingAndResumingStandInTheLedger(t *testing.T) {
	blobs := &memory.Blobs{}
	s := switches.Store{Table: &memory.Table{}, Ledger: blobs}
	for range 2 { // twice: somebody else is in a hurry, too
		if err := s.Stop(t.Context(), switches.Kill{By: "ann", Why: "incident 7", Time: now}); err != nil {
			t.Fatal(err)
		}
	}
	if k, err := s.Kill(t.Context()); err != nil || !k.On || k.By != "ann" || k.Why != "incident 7" || !k.Time.Equal(now) {
		t.Errorf("%+v (%v)", k, err)
	}
	if err := s.Resume(t.Context(), switches.Kill{By: "ben", Why: "it was a drill", Time: now}); err != nil {
		t.Fatal(err)
	}
	if k, err := s.Kill(t.Context()); err != nil || k.On {
		t.Errorf("%+v (%v)", k, err)
	}
	l, err := ledger.Open(t.Context(), blobs, switches.Record)
	if err != nil || len(l.Entries()) != 3 || l.Entries()[2].Actor != "ben" {
		t.Errorf("%+v (%v)", l.Entries(), err)
	}
}

func TestWhateverIsNotOffStops(t *testing.T) {
	for row, on := range map[string]bool{
		"off": false, `off {"by":"ben","time":"2026-11-24T03:00:00Z"}`: false, // of an older program, and of this one
		`{"on":true,"by":"ann"}`: true, `{"on":false}`: true, "stop!": true, "off with their heads": true, "OFF": true, "": true, " off": true,
	} {
		s := switches.Store{Table: &memory.Table{}}
		if _, err := s.Table.Put(t.Context(), store.Row{Partition: "switch", Key: "kill", Data: []byte(row)}); err != nil {
			t.Fatal(err)
		}
		if k, err := s.Kill(t.Context()); err != nil || k.On != on {
			t.Errorf("%q: %+v (%v)", row, k, err)
		}
	}
}

func TestWhoLetEverythingGoOnStandsInTheRow(t *testing.T) {
	s := switches.Store{Table: &memory.Table{}}
	if err := s.Resume(t.Context(), switches.Kill{By: "ben", Why: "over", Time: now}); err != nil {
		t.Fatal(err)
	}
	if k, err := s.Kill(t.Context()); err != nil || k.On || k.By != "ben" || !k.Time.Equal(now) {
		t.Errorf("%+v (%v)", k, err)
	}
}

func TestWhoeverStopsIsNamedAndTheSwitchIsSetEvenWithoutALedger(t *testing.T) {
	blobs := &memory.Blobs{}
	if err := blobs.Write(t.Context(), switches.Record+ledger.Suffix, []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	s := switches.Store{Table: &memory.Table{}, Ledger: blobs}
	if err := s.Stop(t.Context(), switches.Kill{By: "ann", Time: now}); !errors.Is(err, fault.Denied) {
		t.Errorf("without a reason: %v", err)
	}
	if err := s.Stop(t.Context(), switches.Kill{By: "ann", Why: "incident", Time: now}); err == nil {
		t.Error("nobody is told that the ledger is broken")
	}
	if k, err := s.Kill(t.Context()); err != nil || !k.On {
		t.Fatalf("not stopped: %+v (%v)", k, err)
	}
	if err := s.Resume(t.Context(), switches.Kill{By: "ann", Time: now}); err == nil {
		t.Error("resumed without a record")
	}
	if k, _ := s.Kill(t.Context()); !k.On {
		t.Error("let loose without a record")
	}
}

func TestARowThatSomebodyWroteByHandStops(t *testing.T) {
	for _, data := range []string{"incident 7", "{}", "false", ""} {
		table := &memory.Table{}
		if _, err := table.Put(t.Context(), store.Row{Partition: "switch", Key: "kill", Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
		if k, err := (switches.Store{Table: table}).Kill(t.Context()); err != nil || !k.On {
			t.Errorf("%q: %+v (%v)", data, k, err)
		}
	}
}

func TestWhatIsSentAgainIsRememberedForADay(t *testing.T) {
	s := switches.Store{Table: &memory.Table{}}
	for _, r := range []decide.Replay{{Hub: "signins", From: now}, {Hub: "auditlogs", From: now}, {Hub: "signins", From: now.Add(time.Hour)}, {Hub: "signins", From: now.Add(25 * time.Hour)}} {
		if err := s.Replayed(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Replays(t.Context()); err != nil || len(got) != 3 {
		t.Errorf("%+v (%v)", got, err)
	}
}
