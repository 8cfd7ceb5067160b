package conduct_test

import (
	"testing"

	"rekey/shared/baseline"
	"rekey/shared/conduct"
)

// Nearly every sign-in shows nothing here.
func BenchmarkMarkOfAUsualSignIn(b *testing.B) {
	state, day := quiet()
	e := signIn(judgedDay, 6)
	v := hasher.Values(e)
	view := state.Profile.Before(day)
	b.ReportAllocs()
	for b.Loop() {
		conduct.MarkOf(e, &v, view, &state.Evidence)
	}
}

// A batch asks the rules once for each principal and day that it brings.
func BenchmarkJudgeAQuietDay(b *testing.B) {
	state, day := quiet()
	f := conduct.Facts{Hasher: hasher, Day: day, Profile: &state.Profile, Evidence: &state.Evidence}
	b.ReportAllocs()
	for b.Loop() {
		conduct.Judge(f)
	}
}

func quiet() (*baseline.State, baseline.Day) {
	state := new(baseline.State)
	for _, e := range usual(0) {
		v := hasher.Values(e)
		state.Observe(e, &v)
	}
	return state, baseline.DayOf(day0) + judgedDay
}

func TestAUsualSignInAndAQuietDayAllocateNothing(t *testing.T) {
	state, day := quiet()
	e := signIn(judgedDay, 6)
	v := hasher.Values(e)
	f := conduct.Facts{Hasher: hasher, Day: day, Profile: &state.Profile, Evidence: &state.Evidence}
	n := testing.AllocsPerRun(100, func() {
		if _, ok := conduct.MarkOf(e, &v, state.Profile.Before(day), &state.Evidence); ok || len(conduct.Judge(f)) > 0 {
			t.Fatal("something was found")
		}
	})
	if n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}
