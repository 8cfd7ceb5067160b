package funchost_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

// meant is what an event's text stands for.
func meant(text string) []byte {
	trimmed := strings.TrimLeft(text, " \t\r\n\ufeff")
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		return []byte(text)
	}
	if b, err := base64.StdEncoding.Strict().DecodeString(text); err == nil {
		return b
	}
	return []byte(text)
}

func TestTextIsBytesIfItIsBase64ToTheEnd(t *testing.T) {
	payload := bytes.Repeat([]byte{0xfb, 0xef, 0xff, 1, 2, 3, 'x'}, 12_000)
	long := quote(payload)
	texts := map[string]string{
		"nothing": "", "one group": "AAAA", "a group and a half": "AAAAAA==", "padding that is missing": "AAAAAA", "bits that are set in the padding": "AAAAAB==",
		"padding in the middle": "AAAA====AAAAAAAA", "line breaks": "AAAAAAAA\r\nAAAAAAAA\nAAAA", "a word": "hello", "words": "hello world, this is no JSON",
		"base64 and then text": "AAAAAAAAAAAAAAAAAAAA{}", "the other alphabet": "AAAAAAAAAAAA-_-_", "JSON": `{"a":"AAAA"}`, "spaces and JSON": "  [1]", "letters that are not ASCII": "ÄÄÄÄÄÄÄÄÄÄ",
		"a long one": long, "a long one that breaks at its end": long[:len(long)-1] + "!", "a long one that breaks in the middle": long[:40_000] + "\"" + long[40_000:],
	}
	for name, text := range texts {
		for layers := range 4 {
			b := received(t, `{"Data":{"events":`+wrap(t, []string{text, text}, layers)+`}}`)
			if len(b.Events) != 2 || !bytes.Equal(b.Events[0].Body, meant(text)) || !bytes.Equal(b.Events[1].Body, meant(text)) {
				t.Errorf("%s, in %d layers: %d events, %.60q", name, layers, len(b.Events), b.Events[0].Body)
			}
		}
	}
}

func TestEveryLengthOfAPayloadArrives(t *testing.T) {
	var payloads []string
	var want [][]byte
	for n := range 200 {
		for _, size := range []int{n, 24_500 + n} { // around the size of the read buffer, too
			p := bytes.Repeat([]byte{0xff, 'a', 0}, size)[:size]
			payloads, want = append(payloads, quote(p)), append(want, p)
		}
	}
	for layers := range 3 {
		b := received(t, `{"Data":{"events":`+strings.ReplaceAll(wrap(t, payloads, layers), "/", `\/`)+`}}`)
		for i := range want {
			if !bytes.Equal(b.Events[i].Body, want[i]) {
				t.Fatalf("%d layers: payload %d arrived as %.60q", layers, i, b.Events[i].Body)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("AAAAAAAAAAAA", 1)
	f.Add("AAAAAAAAAAAA{", 2)
	f.Add("  {", 0)
	f.Fuzz(func(t *testing.T, text string, layers int) {
		if !utf8.ValidString(text) {
			return
		}
		b := received(t, `{"Data":{"events":`+wrap(t, []string{text}, min(3, max(0, layers)))+`}}`)
		if len(b.Events) != 1 || !bytes.Equal(b.Events[0].Body, meant(text)) {
			t.Errorf("%q arrived as %q", text, b.Events[0].Body)
		}
	})
}
