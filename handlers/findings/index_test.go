package findings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/index"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/store/memory"
)

func filled(t *testing.T, n int) findings.Store {
	t.Helper()
	s := findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}
	for i := range n {
		keep(t, s, i)
	}
	return s
}

// keep keeps detection i of principal i%3, of a level that turns.
func keep(t *testing.T, s findings.Store, i int) {
	t.Helper()
	d := detect.Detection{
		ID: fmt.Sprintf("d%04d", i), Type: "generic", Principal: event.Principal{ObjectID: fmt.Sprint("sp", i%3)}, Source: detect.SourceRekey,
		Level: []score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh}[i/3%3], First: seen, Last: seen,
	}
	if _, err := s.Keep(t.Context(), d, seen.Add(time.Duration(i)*time.Second)); err != nil {
		t.Fatal(err)
	}
}

var seen = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// ids reads everything in pages of n, and adds a detection between any two of them.
func ids(t *testing.T, s findings.Store, n, limit int, partitions ...string) []string {
	t.Helper()
	var out []string
	for from, page := "", 0; ; page++ {
		got := 0
		after, err := s.Read(t.Context(), index.Reading{Partitions: partitions, From: from, Limit: limit, Want: n}, func(d detect.Detection, _ string) bool {
			out = append(out, d.ID)
			got++
			return got < n
		})
		if err != nil {
			t.Fatal(err)
		}
		if after == "" {
			return out
		}
		from = after
		keep(t, s, 5000+page)
	}
}

func TestPagesAreNewestFirstAndStandStillWhileDetectionsArrive(t *testing.T) {
	for name, tt := range map[string]struct {
		n, limit   int
		partitions []string
		want       int
	}{
		"all":                        {7, 1000, []string{findings.IndexTime}, 90},
		"one principal":              {7, 1000, []string{findings.IndexOf("sp1")}, 30},
		"two principals":             {7, 1000, []string{findings.IndexOf("sp1"), findings.IndexOf("sp2")}, 60},
		"a level":                    {7, 1000, []string{findings.IndexIs(detect.StateAtRisk, score.LevelHigh)}, 30},
		"few rows may be read":       {50, 60, []string{findings.IndexTime}, 90},
		"few rows of two partitions": {50, 60, []string{findings.IndexOf("sp1"), findings.IndexOf("sp2")}, 60},
		"nothing":                    {7, 1000, []string{findings.IndexOf("nobody")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := ids(t, filled(t, 90), tt.n, tt.limit, tt.partitions...)
			if len(got) != tt.want || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("%d detections: %v", len(got), got)
			}
		})
	}
}

func TestAJudgementMovesADetectionInTheIndex(t *testing.T) {
	s := filled(t, 9)
	count := func(state string, level score.Level) int {
		return len(ids(t, s, 100, 1000, findings.IndexIs(state, level)))
	}
	dismiss := func(d detect.Detection) (detect.Detection, bool) {
		return d.Judge(detect.StateDismissed, "x", seen.Add(time.Hour))
	}
	for range 2 { // carried out twice, it changes nothing
		if _, err := s.Judge(t.Context(), "sp1", dismiss); err != nil {
			t.Fatal(err)
		}
	}
	if open, closed := count(detect.StateAtRisk, score.LevelHigh), count(detect.StateDismissed, score.LevelNone); open != 2 || closed != 3 {
		t.Errorf("%d of high are at risk, %d are dismissed", open, closed)
	}
	d, err := s.ByID(t.Context(), "d0001")
	if err != nil || d.RiskState() != detect.StateDismissed || d.RiskLevel() != score.LevelNone {
		t.Fatalf("%+v %v", d, err)
	}
	d.Level = score.LevelHigh // more was found of it
	if _, err := s.Keep(t.Context(), d, seen); err != nil {
		t.Fatal(err)
	}
	if open, closed := count(detect.StateAtRisk, score.LevelHigh), count(detect.StateDismissed, score.LevelNone); open != 3 || closed != 2 {
		t.Errorf("after it was raised, %d of high are at risk, %d are dismissed", open, closed)
	}
}
