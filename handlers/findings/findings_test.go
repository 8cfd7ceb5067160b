package findings_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func detection(bits float64) detect.Detection {
	return detect.Detection{ID: "d1", Principal: event.Principal{ObjectID: "sp1"}, Bits: bits, Level: score.LevelLow, KeyIDs: []string{}, Records: []detect.Record{}, Contributions: []score.Contribution{}}
}

func TestADetectionIsNewOnceAndChangesOnlyWhenRaised(t *testing.T) {
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	for i, tt := range []struct {
		bits float64
		want bool
	}{{6, true}, {6, false}, {9, true}, {7, false}} {
		changed, err := s.Keep(t.Context(), detection(tt.bits), now.Add(time.Duration(i)*time.Hour))
		if err != nil || changed != tt.want {
			t.Errorf("finding %d: changed %v (%v), want %v", i, changed, err, tt.want)
		}
	}
	d, err := s.ByID(t.Context(), "d1")
	if err != nil || d.Bits != 9 || !d.Detected.Equal(now) {
		t.Errorf("%+v (%v)", d, err)
	}
}

// torn is an index that fails the first time, as a crash between the two writes would look.
type torn struct {
	store.Table
	once sync.Once
}

func (i *torn) Put(ctx context.Context, row store.Row) (string, error) {
	failed := false
	i.once.Do(func() { failed = true })
	if failed {
		return "", fault.Errorf(fault.Transient, "writing: down")
	}
	return i.Table.Put(ctx, row)
}

func TestTheIndexIsMendedWhenACrashCameBetween(t *testing.T) {
	s := findings.Store{Table: &memory.Table{}, Index: &torn{Table: &memory.Table{}}}
	if _, err := s.Keep(t.Context(), detection(6), now); err == nil {
		t.Fatal("the failure was swallowed")
	}
	if _, err := s.Keep(t.Context(), detection(6), now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	page, _, err := s.Recent(t.Context(), "", 10)
	if err != nil || len(page) != 1 || page[0].ID != "d1" {
		t.Errorf("%+v (%v)", page, err)
	}
}

func TestManyWritersOfOneDetectionEndInItsMaximum(t *testing.T) {
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if _, err := s.Keep(context.Background(), detection(float64(i)), now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if d, err := s.ByID(t.Context(), "d1"); err != nil || d.Bits != 5 {
		t.Errorf("%+v (%v)", d, err)
	}
}

func TestThePrincipalsOfRecentDetections(t *testing.T) {
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	for i := range 6 {
		d := detection(6)
		d.ID, d.Principal.ObjectID = fmt.Sprint("d", i), fmt.Sprint("sp", i/2)
		if _, err := s.Keep(t.Context(), d, now.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.PrincipalsSince(t.Context(), now.Add(90*time.Minute))
	if err != nil || fmt.Sprint(got) != "[sp2 sp1]" {
		t.Errorf("%v (%v)", got, err)
	}
}

func TestAllDetectionsOfAPrincipalAreReadAndJudgedHoweverManyThereAre(t *testing.T) {
	const many = 1203
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	for i := range many {
		d := detection(5)
		d.ID = fmt.Sprintf("d%04d", i)
		if _, err := s.Keep(t.Context(), d, now); err != nil {
			t.Fatal(err)
		}
	}
	found, err := s.Of(t.Context(), "sp1")
	if err != nil || len(found) != many {
		t.Fatalf("%d detections (%v)", len(found), err)
	}
	judged, err := s.Judge(t.Context(), "sp1", func(d detect.Detection) (detect.Detection, bool) {
		return d.Judge(detect.StateDismissed, "x", now.Add(time.Hour))
	})
	if err != nil || len(judged) != many || len(detect.Open(judged)) > 0 {
		t.Errorf("%d judged, %d open (%v)", len(judged), len(detect.Open(judged)), err)
	}
}

func TestADetectionSaysSinceWhenItHasItsLevel(t *testing.T) {
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	at := func(hours int) time.Time { return now.Add(time.Duration(hours) * time.Hour) }
	for i, level := range []score.Level{score.LevelLow, score.LevelLow, score.LevelHigh, score.LevelMedium} {
		d := detection(float64(5 + i))
		d.Level = level
		if _, err := s.Keep(t.Context(), d, at(i)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := s.ByID(t.Context(), "d1")
	if err != nil || !d.Raised.Equal(at(2)) || !d.Detected.Equal(now) {
		t.Errorf("raised %v, detected %v (%v)", d.Raised, d.Detected, err)
	}
}
