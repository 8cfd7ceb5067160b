package entralog_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/entralog"
)

// same decodes a record with a decoder that has learned and with one that has not.
func same(t *testing.T, learned *entralog.Decoder, record string) {
	t.Helper()
	var got, want sink
	err, wantErr := learned.Decode([]byte(record), &got), new(entralog.Decoder).Decode([]byte(record), &want)
	if diff := cmp.Diff(want, got, compare, cmp.AllowUnexported(sink{})); diff != "" {
		t.Fatalf("%s\n%s", record, diff)
	}
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("%s\nerror %v, want %v", record, err, wantErr)
	}
}

func TestWhatIsReadByItsShapeIsWhatThePlainPathReads(t *testing.T) {
	for seed := range uint64(60) {
		var d entralog.Decoder
		tidy, wild := newMaker(seed, true), newMaker(seed, false)
		for i := range 200 {
			same(t, &d, tidy.record())
			if i%3 == 0 {
				same(t, &d, wild.record())
			}
		}
	}
}

func TestWhatIsReadByItsShapeIsWhatEncodingJSONReads(t *testing.T) {
	var d entralog.Decoder
	m := newMaker(1, true)
	for range 500 {
		record := m.record()
		var tree map[string]any
		if err := json.Unmarshal([]byte(record), &tree); err != nil {
			t.Fatal(err)
		}
		properties, _ := tree["properties"].(map[string]any)
		again, _ := json.Marshal(properties)
		tree["properties"] = string(again) // JSON in a string is read by encoding/json
		byTree, _ := json.Marshal(tree)
		var got, want sink
		if err := d.Decode([]byte(record), &got); err != nil {
			t.Fatal(err)
		}
		if err := new(entralog.Decoder).Decode(byTree, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.events, got.events, compare); diff != "" {
			t.Fatalf("%s\n%s", record, diff)
		}
	}
}

func TestShapesAreLearnedSoon(t *testing.T) {
	var d entralog.Decoder
	m, c := newMaker(2, true), new(counter)
	for range 600 {
		if err := d.Decode([]byte(m.record()), c); err != nil {
			t.Fatal(err)
		}
	}
	known := 0
	for range 1000 {
		if d.Knows([]byte(m.record())) {
			known++
		}
	}
	if known < 950 {
		t.Errorf("of 1,000 records %d are read by their shape", known)
	}
}

func TestSignInsCostNoAllocationOnceTheirShapesAreKnown(t *testing.T) {
	var d entralog.Decoder
	m, c := newMaker(3, true), new(counter)
	message := `{"records":[` + m.record()
	for range 400 {
		message += "," + m.record()
	}
	body := []byte(message + "]}")
	for range 3 {
		if err := d.Decode(body, c); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(20, func() { _ = d.Decode(body, c) }); n > 2 || c.others > 0 {
		t.Errorf("%v allocations for 400 records, %d are no events", n, c.others) // one or two are buffers for unescaped text
	}
}

// FuzzTemplate learns from tidy and wild records, and then reads one in which a span was written over.
func FuzzTemplate(f *testing.F) {
	f.Add(uint64(1), uint16(0), []byte(nil))
	f.Add(uint64(2), uint16(300), []byte(`","x":"`))
	f.Add(uint64(3), uint16(700), []byte("\\"))
	f.Add(uint64(4), uint16(20), []byte(`"category":null,`))
	f.Fuzz(func(t *testing.T, seed uint64, at uint16, patch []byte) {
		var d entralog.Decoder
		tidy, wild := newMaker(seed, true), newMaker(seed, false)
		for range 24 {
			same(t, &d, tidy.record())
			same(t, &d, wild.record())
		}
		record := []byte(tidy.record())
		from := min(int(at), len(record))
		to := min(from+len(patch)/2, len(record)) // half written over, half put in
		same(t, &d, string(record[:from])+string(patch)+string(record[to:]))
	})
}
