package casefile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/score"
)

func TestAnOwnersAnswerVouchesForAWhileAndNeverClosesAHighCase(t *testing.T) {
	tests := map[string]struct {
		level  score.Level
		answer string
		ago    time.Duration
		want   score.Level
	}{
		"ours, and the case is medium":           {score.LevelMedium, casefile.Ours, time.Hour, score.LevelLow},
		"ours, and the case is high":             {score.LevelHigh, casefile.Ours, time.Hour, score.LevelHigh},
		"ours, five weeks ago":                   {score.LevelMedium, casefile.Ours, 35 * 24 * time.Hour, score.LevelMedium},
		"not ours, and the case is low":          {score.LevelLow, casefile.NotOurs, time.Hour, score.LevelHigh},
		"not ours, five weeks ago, of something": {score.LevelLow, casefile.NotOurs, 35 * 24 * time.Hour, score.LevelLow},
		"nobody answered":                        {score.LevelMedium, "", 0, score.LevelMedium},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := facts(profile(time.Hour))
			for i := range f.Detections {
				f.Detections[i].Level = tt.level
			}
			q, err := casefile.Ask(casefile.Build(f, attack), "team billing", "sec@contoso.com", attack.Add(-tt.ago))
			if err != nil {
				t.Fatal(err)
			}
			if tt.answer != "" {
				if q, err = q.Reply(tt.answer, "otto@contoso.com", "", attack.Add(-tt.ago)); err != nil {
					t.Fatal(err)
				}
			}
			f.Inquiry = &q
			if c := casefile.Build(f, attack); c.Level != tt.want {
				t.Errorf("%s, want %s", c.Level, tt.want)
			}
		})
	}
}

func TestAnInquirySaysWhatWasSeenAndIsAnsweredOnce(t *testing.T) {
	c := casefile.Build(facts(profile(time.Hour)), attack)
	q, err := casefile.Ask(c, "team billing", "sec@contoso.com", attack)
	if err != nil || !strings.Contains(q.Question, "sp1") || q.Late(attack) || !q.Late(attack.Add(5*time.Hour)) {
		t.Errorf("%+v (%v)", q, err)
	}
	if again, err := casefile.Ask(c, "team billing", "sec@contoso.com", attack.Add(time.Minute)); err != nil || again.ID != q.ID {
		t.Errorf("asked twice: %s and %s (%v)", q.ID, again.ID, err)
	}
	if _, err := q.Reply("maybe", "otto", "", attack); !errors.Is(err, fault.Denied) {
		t.Errorf("maybe: %v", err)
	}
	q, err = q.Reply(casefile.Ours, "otto", "moved to the new cluster", attack)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Reply(casefile.NotOurs, "eve", "", attack); !errors.Is(err, fault.Conflict) {
		t.Errorf("a second answer: %v", err)
	}
	if _, err := casefile.Ask(c, " ", "x", attack); !errors.Is(err, fault.Denied) {
		t.Errorf("nobody is asked: %v", err)
	}
}
