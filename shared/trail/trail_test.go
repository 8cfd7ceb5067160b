package trail_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
	"rekey/shared/trail"
)

var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func encode(t rapid.TB, x *trail.Trail) []byte {
	b, err := x.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// entries draws changes, some of them twice, most of few acts so that there is not room for all.
func entries(t *rapid.T) []trail.Entry {
	acts := []trail.Act{trail.CredentialAdded, trail.OwnerAdded, trail.Restored, trail.SomethingElse}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trail.Entry {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		return trail.Entry{
			Act: rapid.SampledFrom(acts).Draw(t, "act"), Time: start.Add(time.Duration(n) * 7 * time.Hour), Record: fmt.Sprint("r", n),
			Actor: "user:1", Target: "app:1", KeyID: fmt.Sprint(n % 5),
		}
	}), 0, 60).Draw(t, "entries")
}

func build(es []trail.Entry) *trail.Trail {
	x := new(trail.Trail)
	for i, e := range es {
		x.Add(trail.Side(i%2), e)
	}
	return x
}

func TestTrailsMergeInAnyOrderAndTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := build(entries(t)), build(entries(t)), build(entries(t))
		var left, right trail.Trail
		for _, x := range []*trail.Trail{a, b, c, b, a} {
			left.Merge(x)
		}
		var bc trail.Trail
		bc.Merge(c)
		bc.Merge(b)
		right.Merge(&bc)
		right.Merge(a)
		if !bytes.Equal(encode(t, &left), encode(t, &right)) {
			t.Fatalf("%s\n%s", encode(t, &left), encode(t, &right))
		}
	})
}

func TestATrailSurvivesBeingWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := build(entries(t))
		var y trail.Trail
		if err := y.UnmarshalBinary(encode(t, x)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, x), encode(t, &y)) {
			t.Fatalf("%s\n%s", encode(t, x), encode(t, &y))
		}
	})
}

func TestAFloodOfOneActPushesOutNoOtherAndIsSaid(t *testing.T) {
	x := new(trail.Trail)
	x.Add(trail.By, trail.Entry{Act: trail.FederatedAdded, Time: start, Record: "the one"})
	for i := range 500 {
		x.Add(trail.By, trail.Entry{Act: trail.Configured, Time: start.Add(time.Duration(i) * time.Minute), Record: fmt.Sprint(i)})
	}
	if got := x.Entries(trail.By, time.Time{}, trail.FederatedAdded); len(got) != 1 || !x.More(trail.By) || x.More(trail.On) {
		t.Errorf("%+v, more: %v", got, x.More(trail.By))
	}
}

func TestTheLargestTrailFitsInItsRow(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 300))
	x := new(trail.Trail)
	for i := range 40 {
		for _, a := range trail.Acts {
			e := trail.Entry{
				Act: a, Time: start.Add(time.Duration(i) * time.Hour), Record: fmt.Sprint(i, long), Actor: long, ActorName: long, Target: long, TargetName: long,
				What: long, KeyID: long, Tier: 1,
			}
			x.Add(trail.By, e)
			x.Add(trail.On, e)
		}
	}
	if n := len(encode(t, x)); n > trail.MaxBytes {
		t.Errorf("%d bytes, want at most %d", n, trail.MaxBytes)
	}
}

func TestWhatAnActorDidBeforeTheDayIsUsual(t *testing.T) {
	x := new(trail.Trail)
	for d := range 10 {
		x.Add(trail.By, trail.Entry{Act: trail.OwnerAdded, Time: start.AddDate(0, 0, d), Record: fmt.Sprint(d)})
	}
	x.Add(trail.By, trail.Entry{Act: trail.CredentialAdded, Time: start.AddDate(0, 0, 10), Record: "new"})
	v := x.Before(baseline.DayOf(start.AddDate(0, 0, 10)))
	if !v.Did(trail.OwnerAdded) || v.Did(trail.CredentialAdded) {
		t.Error("what was done on the judged day made itself usual, or what was done before did not")
	}
	if v.ActiveDays() != 10 {
		t.Errorf("%d active days, want 10", v.ActiveDays())
	}
	for hours, want := range map[int]bool{0: true, 3: true, 12: false} {
		if got := v.Usual(start.AddDate(0, 0, 10).Add(time.Duration(hours) * time.Hour)); got != want {
			t.Errorf("%d hours later than ever is usual: %v, want %v", hours, got, want)
		}
	}
	if young := x.Before(baseline.DayOf(start.AddDate(0, 0, 1))); !young.Usual(start.Add(12 * time.Hour)) {
		t.Error("of an actor that is hardly known no time is unusual")
	}
}

func TestOnlyWhatIsOldIsForgotten(t *testing.T) {
	x := new(trail.Trail)
	x.Add(trail.By, trail.Entry{Act: trail.OwnerAdded, Time: start, Record: "old"})
	x.Add(trail.By, trail.Entry{Act: trail.Created, Time: start.AddDate(0, 0, 9), Record: "new"})
	day := baseline.DayOf(start.AddDate(0, 0, 5))
	if !x.Outdated(day) {
		t.Fatal("nothing is outdated")
	}
	x.Forget(day)
	if got := x.Entries(trail.By, time.Time{}); len(got) != 1 || got[0].Record != "new" || x.Outdated(day) {
		t.Errorf("%+v", got)
	}
}

func FuzzDecodingATrail(f *testing.F) {
	x := build([]trail.Entry{{Act: trail.CredentialAdded, Time: start, Record: "r"}, {Act: trail.Created, Time: start}})
	f.Add(encode(f, x))
	f.Add([]byte(`{"version":1,"by":[{"act":"created","time":"0001-01-01T00:00:00Z"}],"blocks":[{"block":99,"Days":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var y, z trail.Trail
		if y.UnmarshalBinary(b) != nil {
			return
		}
		if err := z.UnmarshalBinary(encode(t, &y)); err != nil || !bytes.Equal(encode(t, &y), encode(t, &z)) {
			t.Fatalf("%v\n%s\n%s", err, encode(t, &y), encode(t, &z))
		}
	})
}
