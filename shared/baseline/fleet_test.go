package baseline_test

import (
	"bytes"
	"fmt"
	"testing"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// fleet folds n principals of 20 days, of which the first adopters show a new agent on the last day.
func fleet(t *testing.T, n, adopters int, reverse bool) *baseline.Fleet {
	t.Helper()
	judge := baseline.DayOf(start.AddDate(0, 0, 21))
	profiles := make([]baseline.Profile, n)
	for i := range profiles {
		for d := range 20 {
			observe(&profiles[i], signIn(start.AddDate(0, 0, d), fmt.Sprint(i, d)))
		}
		if i < adopters {
			observe(&profiles[i], signIn(start.AddDate(0, 0, 20), fmt.Sprint(i), func(e *event.Event) { e.SignIn.UserAgent = "okhttp/5.0" }))
		}
	}
	f := baseline.NewFold(judge)
	for i := range profiles {
		if reverse {
			i = n - 1 - i
		}
		f.Add(&profiles[i])
	}
	return f.Fleet()
}

func TestAFleetIsFoldedInAnyOrderAndSurvivesStorage(t *testing.T) {
	a, _ := fleet(t, 30, 5, false).AppendBinary(nil)
	b, _ := fleet(t, 30, 5, true).AppendBinary(nil)
	if !bytes.Equal(a, b) {
		t.Errorf("order changed the fleet:\n%s\n%s", a, b)
	}
	var back baseline.Fleet
	if err := back.UnmarshalBinary(a); err != nil {
		t.Fatal(err)
	}
	if c, _ := back.AppendBinary(nil); !bytes.Equal(a, c) {
		t.Errorf("storage changed the fleet:\n%s\n%s", a, c)
	}
}

func TestWhoVouchesForANewValue(t *testing.T) {
	agent := hasher.String(baseline.Agent, "okhttp/5.0")
	tests := map[string]struct {
		adopters int
		property baseline.Property
		vouched  bool
	}{
		"five of thirty principals took up the agent this week": {5, baseline.Agent, true},
		"two are not a trend":                         {2, baseline.Agent, false},
		"addresses are never vouched for by others":   {5, baseline.Address, false},
		"autonomous systems are never vouched for":    {5, baseline.ASN, false},
		"nor are countries, however common they grow": {5, baseline.Country, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := fleet(t, 30, tt.adopters, false)
			if got := f.RecentAdopters(tt.property, agent) > 0; got != tt.vouched {
				t.Errorf("vouched is %v, want %v", got, tt.vouched)
			}
		})
	}
}
