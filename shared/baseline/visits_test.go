package baseline_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
)

func anyVisit(t *rapid.T) baseline.Visit {
	return baseline.Visit{
		Principal: fmt.Sprint("sp", rapid.IntRange(0, 30).Draw(t, "principal")), From: fmt.Sprint("192.0.2.", rapid.IntRange(0, 2).Draw(t, "from")),
		Time:   start.Add(time.Duration(rapid.IntRange(0, 60*72).Draw(t, "minute")) * time.Minute),
		Failed: rapid.Bool().Draw(t, "failed"), Detection: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "detection"),
	}
}

func visitBytes(t *rapid.T, v *baseline.Visits) []byte {
	b, err := v.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestShuffledRepeatedAndSplitVisitsGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visits := rapid.SliceOfN(rapid.Custom(anyVisit), 1, 120).Draw(t, "visits")
		var whole, left, right baseline.Visits
		for _, v := range visits {
			whole.Add(v)
		}
		for _, v := range rapid.Permutation(append(visits, visits...)).Draw(t, "deliveries") {
			if rapid.Bool().Draw(t, "left") {
				left.Add(v)
			} else {
				right.Add(v)
			}
		}
		var stored baseline.Visits
		if err := stored.UnmarshalBinary(visitBytes(t, &right)); err != nil {
			t.Fatal(err)
		}
		left.Merge(&stored)
		left.Merge(&stored)
		if a, b := visitBytes(t, &whole), visitBytes(t, &left); !bytes.Equal(a, b) {
			t.Fatalf("whole and merged visits differ:\n%s\n%s", a, b)
		}
	})
}

func TestAFloodOfFailuresDoesNotPushOutWhoGotIn(t *testing.T) {
	var v baseline.Visits
	v.Add(baseline.Visit{Principal: "sp1", From: "192.0.2.1", Time: start})
	for i := range 500 {
		v.Add(baseline.Visit{Principal: fmt.Sprint("app:", i), From: "192.0.2.1", Time: start.Add(time.Hour), Failed: true})
	}
	in := 0
	for _, x := range v.List() {
		if !x.Failed {
			in++
		}
	}
	if in != 1 || len(v.List()) > 48 {
		t.Errorf("%d of %d visits are of somebody who got in", in, len(v.List()))
	}
}
