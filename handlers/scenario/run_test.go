package scenario_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"rekey/shared/trail"
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
			got := inOrder(t, s).page(t)
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

func inOrder(t *testing.T, s *scenario) *world {
	t.Helper()
	w := newWorld(s, newGraph(t, s))
	w.inOrder(t, s.messages)
	w.settle(t, s.now)
	return w
}

// inOrder delivers messages as they happened, what lies together of one hub in one batch.
func (w *world) inOrder(t *testing.T, ms []message) {
	t.Helper()
	const most = 64
	for from, to := 0, 0; from < len(ms); from = to {
		for to = from + 1; to < len(ms) && to-from < most && ms[to].hub == ms[from].hub; to++ {
		}
		w.clock = ms[to-1].time.Add(export)
		w.deliver(t, "0", ms[from:to])
		w.answer(t)
	}
}

// shuffled delivers the days before the story as they were, and the days of the story late, in any order, from several
// partitions and all of it twice. Twice, because a record that is judged before its actor is suspect keeps its level until it
// comes again; what he changed is the case's to find, and the first round finds it.
//
// The days before stay in order: who judges the third day without the second judges with less, and what was found is never
// taken back.
func shuffled(t *testing.T, s *scenario, seed uint64) *world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose
	w := newWorld(s, newGraph(t, s))
	begin := slices.IndexFunc(s.messages, func(m message) bool { return !m.time.Before(s.begin) })
	w.inOrder(t, s.messages[:begin])
	w.clock = s.messages[len(s.messages)-1].time.Add(export)
	for range 2 {
		batches := scatter(r, s.messages[begin:])
		for _, ms := range batches {
			w.deliver(t, string(rune('0'+r.IntN(4))), ms)
			if r.IntN(3) == 0 {
				w.answer(t)
			}
			w.clock = w.clock.Add(75 * time.Second / time.Duration(len(batches)/16+1))
		}
		w.answer(t)
		w.clock = w.clock.Add(2 * time.Minute)
	}
	w.settle(t, s.now)
	return w
}

// scatter makes batches of one hub each out of messages, in any order.
func scatter(r *rand.Rand, all []message) (batches [][]message) {
	for _, hub := range hubs {
		ms := slices.DeleteFunc(slices.Clone(all), func(m message) bool { return m.hub != hub })
		r.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		for len(ms) > 0 {
			n := min(len(ms), 1+r.IntN(24))
			batches = append(batches, ms[:n])
			ms = ms[n:]
		}
	}
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches
}

func TestTheSameMessagesInAnyOrderBecomeTheSameCase(t *testing.T) {
	for _, f := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			s := load(t, f)
			want := inOrder(t, s).outline(t)
			for seed := range uint64(2) {
				w := shuffled(t, s, seed)
				got := detections(w.page(t))
				for _, d := range detections(s.want) {
					if !slices.Contains(got, d) {
						t.Errorf("seed %d: not found: %s", seed, d)
					}
				}
				if diff := cmp.Diff(want, w.outline(t)); diff != "" {
					t.Errorf("seed %d:\n%s", seed, diff)
				}
			}
		})
	}
}

// detections are the lines of a page that list them. In another order there may be more, never less: a call whose sign-in
// arrives late is judged without it, and what was found is not taken back.
func detections(page string) []string {
	found, _, _ := strings.Cut(page, "\n\n===")
	return strings.Split(strings.TrimSpace(found), "\n")
}

// outline is what of the cases must not depend on the order: whose they are and of which level, every answer, every change,
// everything that was handed out, and who else is part of it. The reasons name the first of several detections.
func (w *world) outline(t *testing.T) (out []string) {
	t.Helper()
	add := func(kind string, lines []string) {
		for _, l := range lines {
			out = append(out, kind+" "+l)
		}
	}
	for _, c := range w.sorted(t) {
		add("case", []string{c.Principal.Key() + " " + string(c.Level)})
		for _, a := range c.Answers {
			add("answer", []string{a.ID + " " + a.Value})
		}
		add("changed on it", ids(c.Prepared))
		add("changed by it", ids(c.Writes))
		for _, x := range c.Exposed {
			add("read", []string{fmt.Sprint(x.First.Format(minute), " ", x.Object, " ", x.Operations, " ", x.IPAddress, " ", x.Suspect)})
		}
		for _, l := range c.Linked {
			add("linked", []string{fmt.Sprint(l.Key, " ", l.Why, " ", l.Level, " with a case: ", l.Case != "")})
		}
	}
	return out
}

func ids(es []trail.Entry) []string {
	var out []string
	for _, e := range es {
		out = append(out, e.Record+" "+string(e.Act))
	}
	return out
}

var aboveLow = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d (medium|high) .*|^(MEDIUM|HIGH) .*`)

func TestABenignWeekRaisesNothingAboveLow(t *testing.T) {
	s := load(t, "testdata/benign-week.txtar")
	if found := aboveLow.FindAllString(s.want, -1); len(found) > 0 || len(detections(s.want)) < 3 {
		t.Errorf("above low: %v", found)
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
