package eventhub

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rekey/deploy/local/eventhub/amqp"
)

func data(body string) message {
	return message{tail: amqp.Append(nil, amqp.Described{Descriptor: uint64(sectionData), Value: []byte(body)})}
}

func openLog(t *testing.T, path string) *partition {
	t.Helper()
	p := &partition{maxBytes: 1 << 20, wake: make(chan struct{}), readers: map[string][]*consumer{}}
	if err := p.open(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.close() })
	return p
}

func TestALogThatWasCutAnywhereGoesOnBehindItsLastWholeEvent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	p := openLog(t, path)
	for _, body := range []string{"one", "two"} {
		if err := p.append([]message{data(body)}); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		again := openLog(t, path)
		kept := len(again.events)
		if err := again.append([]message{data("three")}); err != nil {
			t.Fatal(err)
		}
		third := openLog(t, path)
		if got := len(third.events); got != kept+1 || !bytes.Contains(third.events[kept].message, []byte("three")) {
			t.Fatalf("cut at %d of %d: %d events were kept, %d are there after one more", n, len(whole), kept, got)
		}
	}
}

func TestAnEventThatCannotBeWrittenIsNotSeenAndHarmsNoOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	p := openLog(t, path)
	if err := p.append([]message{data("one")}); err != nil {
		t.Fatal(err)
	}
	if err := p.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.append([]message{data("lost")}); err == nil || p.last() != 0 {
		t.Errorf("a write that failed: %v, last sequence %d", err, p.last())
	}
	if again := openLog(t, path); len(again.events) != 1 {
		t.Errorf("%d events are in the log", len(again.events))
	}
}
