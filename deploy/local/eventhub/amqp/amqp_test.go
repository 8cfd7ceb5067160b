package amqp_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/local/eventhub/amqp"
)

func TestValuesSurviveEncodingAndDecoding(t *testing.T) {
	long := strings.Repeat("x", 300)
	values := amqp.List{
		nil, true, false, uint8(7), uint16(7), uint32(0), uint32(9), uint32(1 << 20), uint64(0), uint64(9), uint64(1 << 40), int8(-1), int16(-2),
		int32(-3), int64(-4), float32(1.5), 2.5, time.UnixMilli(1700000000123).UTC(), [16]byte{1, 2}, []byte("bin"), []byte(long), "text", long,
		amqp.Symbol("sym"), amqp.Described{uint64(0x24), amqp.List{"a"}}, amqp.Map{{"k", amqp.List{}}, {amqp.Symbol("s"), uint32(1)}},
	}
	for _, want := range values {
		b := amqp.Append(nil, want)
		got, rest, err := amqp.Decode(append(b, 0x40))
		if err != nil || len(rest) != 1 {
			t.Fatalf("%v: %v, %d bytes left", want, err, len(rest))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestArraysDecodeAsLists(t *testing.T) {
	got, _, err := amqp.Decode(amqp.Append(nil, amqp.Symbols{"a", "bc"}))
	if diff := cmp.Diff(amqp.List{amqp.Symbol("a"), amqp.Symbol("bc")}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestCutOffValuesAreErrors(t *testing.T) {
	b := amqp.Append(nil, amqp.Described{uint64(0x10), amqp.List{"hello", amqp.Map{{"k", uint64(1 << 40)}}, amqp.Strings{"a"}}})
	for n := range len(b) {
		if _, _, err := amqp.Decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes were decoded", n, len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(amqp.Append(nil, amqp.Described{uint64(0x10), amqp.List{"hello", amqp.Symbols{"a"}}}))
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := amqp.Decode(b)
		if err == nil && len(rest) > len(b) {
			t.Errorf("%v left more than there was", v)
		}
	})
}

func TestHostileArraysAreRefused(t *testing.T) {
	nested := []byte{0x40}
	for range 40 {
		nested = append([]byte{0xe0, byte(min(255, len(nested)+1)), 1}, nested...)
	}
	for name, b := range map[string][]byte{
		"many values without a width": {0xf0, 0, 0, 0, 5, 0, 0, 0xff, 0xff, 0x41},
		"arrays in arrays in arrays":  nested,
	} {
		if _, _, err := amqp.Decode(b); err == nil {
			t.Errorf("%s were decoded", name)
		}
	}
}
