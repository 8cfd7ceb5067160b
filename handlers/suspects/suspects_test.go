package suspects_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rekey/handlers/suspects"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func aCase(id, principal string, level score.Level, until time.Time) casefile.Case {
	return casefile.Case{
		ID: id, Principal: event.Principal{ObjectID: principal, AppID: "app-" + principal}, Level: level,
		Window:     casefile.Window{From: until.Add(-time.Hour), To: until},
		Detections: []detect.Detection{{Level: level, Source: detect.SourceRekey}}, // an unfamiliar sign-in
	}
}

func TestWhatWasChangedOnAPrincipalMakesItNoSuspectAndTheOwnersNoDoes(t *testing.T) {
	tests := map[string]struct {
		rule  string
		level score.Level
		owner *casefile.Inquiry
		want  bool
	}{
		"its secret was rotated":              {"credentialAdditional", score.LevelMedium, nil, false},
		"another application gave it a key":   {"credentialByApplication", score.LevelHigh, nil, true},
		"it changed much itself":              {"credentialsOnMany", score.LevelHigh, nil, false},
		"a stranger signed in and changed":    {"unfamiliarThenChange", score.LevelHigh, nil, true},
		"its owner says that it was not him":  {"credentialAdditional", score.LevelMedium, &casefile.Inquiry{Answer: casefile.NotOurs}, true},
		"its owner says that it was his work": {"credentialAdditional", score.LevelMedium, &casefile.Inquiry{Answer: casefile.Ours}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, c := suspects.Store{Table: &memory.Table{}}, aCase("c1", "sp1", tt.level, now)
			c.Detections[0].Rule, c.Owner = tt.rule, tt.owner
			if err := s.Keep(t.Context(), c, now); err != nil {
				t.Fatal(err)
			}
			if got := ids(t, s, now); (len(got) > 0) != tt.want {
				t.Errorf("%v, want suspects: %v", got, tt.want)
			}
		})
	}
}

func ids(t *testing.T, s suspects.Store, at time.Time) []string {
	t.Helper()
	got, err := s.IDs(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhoHasACaseOfMediumOrHigherIsSuspectForThirtyDaysAfterIt(t *testing.T) {
	tests := map[string]struct {
		level score.Level
		end   time.Time
		want  []string
	}{
		"medium":             {score.LevelMedium, now, []string{"app-sp1", "sp1"}},
		"high":               {score.LevelHigh, now.AddDate(0, 0, -29), []string{"app-sp1", "sp1"}},
		"low":                {score.LevelLow, now, nil},
		"high, but long ago": {score.LevelHigh, now.AddDate(0, 0, -30), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := suspects.Store{Table: &memory.Table{}}
			if err := s.Keep(t.Context(), aCase("c1", "sp1", tt.level, tt.end), now); err != nil {
				t.Fatal(err)
			}
			if got := ids(t, s, now); !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if got := ids(t, s, tt.end.AddDate(0, 0, 30)); len(got) != 0 {
				t.Errorf("30 days later: %v", got)
			}
		})
	}
}

func TestALaterCaseProlongsTheSuspicionAndAnEarlierOneDoesNotShortenIt(t *testing.T) {
	s := suspects.Store{Table: &memory.Table{}}
	for _, c := range []casefile.Case{aCase("c1", "sp1", score.LevelHigh, now.AddDate(0, 0, -20)), aCase("c2", "sp1", score.LevelMedium, now), aCase("c1", "sp1", score.LevelHigh, now.AddDate(0, 0, -20)), aCase("c2", "sp1", score.LevelLow, now)} {
		if err := s.Keep(t.Context(), c, now); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, s, now.AddDate(0, 0, 29)); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestADismissedSuspectMayVouchAgain(t *testing.T) {
	s := suspects.Store{Table: &memory.Table{}}
	for _, p := range []string{"sp1", "sp2"} {
		if err := s.Keep(t.Context(), aCase("c-"+p, p, score.LevelHigh, now), now); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time it is gone already
		if err := s.Remove(t.Context(), "sp1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, s, now); !slices.Equal(got, []string{"app-sp2", "sp2"}) {
		t.Errorf("%v", got)
	}
}

func TestEndedSuspicionsAreClearedAwayAndThousandsAreRead(t *testing.T) {
	table := &memory.Table{}
	s := suspects.Store{Table: table}
	for i := range 1200 {
		if err := s.Keep(t.Context(), aCase("c", fmt.Sprint("sp", i), score.LevelHigh, now.AddDate(0, 0, -i%2)), now); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, s, now); len(got) != 2400 {
		t.Errorf("%d ids", len(got))
	}
	if err := s.Expire(t.Context(), now.AddDate(0, 0, 29).Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	rows := 0
	if err := table.Scan(t.Context(), func(store.Row) bool { rows++; return true }); err != nil || rows != 600 {
		t.Errorf("%d rows (%v)", rows, err)
	}
}

func TestARowOfANewerVersionIsReadAndNotWritten(t *testing.T) {
	table := &memory.Table{}
	s := suspects.Store{Table: table}
	newer := `{"v":9,"ids":["sp1"],"until":"2026-12-01T00:00:00Z"}`
	if _, err := table.Put(t.Context(), store.Row{Partition: "suspect", Key: "sp1", Data: []byte(newer)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(t.Context(), aCase("c1", "sp1", score.LevelHigh, now), now); err != nil {
		t.Fatal(err)
	}
	if err := s.Expire(t.Context(), now.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if row, err := table.Get(t.Context(), "suspect", "sp1"); err != nil || string(row.Data) != newer {
		t.Errorf("%s (%v)", row.Data, err)
	}
	if got := ids(t, s, now); !slices.Equal(got, []string{"sp1"}) {
		t.Errorf("%v", got)
	}
}
