package scenario_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what comes out into the scenarios")

// export is how long after an event its record arrives.
const export = 2 * time.Minute

// files are the scenarios.
func files(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(all) < 2 {
		t.Fatal("there are no scenarios", err)
	}
	var out []string
	for _, f := range all {
		if filepath.Base(f) != "tenant.txtar" {
			out = append(out, f)
		}
	}
	return out
}

func TestRawMessagesBecomeACaseThatAReaderCanFollow(t *testing.T) {
	for _, f := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			s := load(t, f)
			got := inOrder(t, s)
			if *update {
				write(t, f, got)
				return
			}
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("something else comes out; go test ./handlers/scenario -update, and read the difference:\n%s", diff)
			}
		})
	}
}

// inOrder delivers the messages as they happened, what lies together of one hub in one batch.
func inOrder(t *testing.T, s *scenario) string {
	t.Helper()
	const most = 64
	w := newWorld(s, newGraph(t, s))
	for from, to := 0, 0; from < len(s.messages); from = to {
		for to = from + 1; to < len(s.messages) && to-from < most && s.messages[to].hub == s.messages[from].hub; to++ {
		}
		w.clock = s.messages[to-1].time.Add(export)
		w.deliver(t, "0", s.messages[from:to])
		w.answer(t)
	}
	w.settle(t, s.now)
	return w.page(t)
}

// shuffled delivers the messages late and in any order, from several partitions, some of them twice.
func shuffled(t *testing.T, s *scenario, seed uint64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose
	w := newWorld(s, newGraph(t, s))
	byHub := map[string][]message{}
	for _, m := range s.messages {
		byHub[m.hub] = append(byHub[m.hub], m)
		if r.IntN(10) == 0 {
			byHub[m.hub] = append(byHub[m.hub], m)
		}
	}
	var batches [][]message
	for _, hub := range hubs {
		ms := byHub[hub]
		r.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		for len(ms) > 0 {
			n := min(len(ms), 1+r.IntN(200))
			batches = append(batches, ms[:n])
			ms = ms[n:]
		}
	}
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	w.clock = s.messages[len(s.messages)-1].time.Add(export)
	for _, ms := range batches {
		w.deliver(t, string(rune('0'+r.IntN(4))), ms)
		if r.IntN(3) == 0 {
			w.answer(t)
		}
	}
	w.answer(t)
	w.settle(t, s.now)
	return w.page(t)
}

func TestTheSameMessagesInAnyOrderBecomeTheSameCase(t *testing.T) {
	for _, f := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			s := load(t, f)
			for seed := range uint64(2) {
				if diff := cmp.Diff(s.want, shuffled(t, s, seed)); diff != "" {
					t.Errorf("seed %d:\n%s", seed, diff)
				}
			}
		})
	}
}

func write(t *testing.T, file, want string) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a.Files); n > 0 && a.Files[n-1].Name == "want" {
		a.Files = a.Files[:n-1]
	}
	a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(want)})
	if before, err := os.ReadFile(file); err == nil && bytes.Equal(before, txtar.Format(a)) {
		return
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil { //nolint:gosec // it is no secret
		t.Fatal(err)
	}
}
