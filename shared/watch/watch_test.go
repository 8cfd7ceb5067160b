package watch_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/simulate"
	"rekey/shared/network"
	"rekey/shared/watch"
)

// gather is a sink that keeps events.
type gather struct{ events []*event.Event }

func (g *gather) Event(e *event.Event)            { x := *e; g.events = append(g.events, &x) }
func (g *gather) Skip(string)                     {}
func (g *gather) Reject(_ int, _ []byte, _ error) {}

// world is a small simulated tenant's log, with intruders in it.
func world(t testing.TB, seed uint64) (run *simulate.Run, events []*event.Event, truths []lab.Truth) {
	t.Helper()
	run = simulate.New(simulate.Options{Seed: seed, Principals: 100, Days: 26, WarmUp: 18, Attacked: .01})
	table, err := network.Load(bytes.NewReader(run.NetworksCSV()))
	if err != nil {
		t.Fatal(err)
	}
	var g gather
	var d entralog.Decoder
	for delivery := range run.Records() {
		if delivery.Probe() {
			continue
		}
		if err := d.Decode(bytes.Clone(delivery.Record), &g); err != nil {
			t.Fatal(err)
		}
		truths = append(truths, delivery.Truth)
	}
	for _, e := range g.events {
		network.Enrich(e, table, nil)
	}
	return run, g.events, truths
}

var config = watch.Config{Hasher: baseline.NewHasher([16]byte{7})}

// scan learns events with some workers, and judges them with as many.
func scan(events []*event.Event, workers int, pick func(i int) int) (*watch.Watch, []detect.Detection) {
	watches := make([]*watch.Watch, workers)
	for i := range watches {
		watches[i] = watch.New(config)
	}
	for i, e := range events {
		watches[pick(i)].Learn(e)
	}
	for _, w := range watches[1:] {
		watches[0].Merge(w)
	}
	history := watches[0].Close()
	judges := make([]*watch.Judge, workers)
	for i := range judges {
		judges[i] = history.Judge()
	}
	for i, e := range events {
		judges[pick(i)].Event(e)
	}
	for _, j := range judges[1:] {
		judges[0].Merge(j)
	}
	return watches[0], judges[0].Detections()
}

func states(t *testing.T, w *watch.Watch) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for key, s := range w.States() {
		var b []byte
		for _, part := range []interface {
			AppendBinary([]byte) ([]byte, error)
		}{&s.Profile, &s.Evidence, &s.Users, &s.Visits, &s.Exposure, &s.Trail} {
			var err error
			if b, err = part.AppendBinary(b); err != nil {
				t.Fatal(err)
			}
		}
		out[key] = b
	}
	return out
}

func TestShuffledDoubledAndSplitInputGivesTheSameStateAndTheSameDetections(t *testing.T) {
	_, events, _ := world(t, 5)
	one, want := scan(events, 1, func(int) int { return 0 })
	if len(want) == 0 {
		t.Fatal("nothing was detected: the comparison would say nothing")
	}
	random := rand.New(rand.NewPCG(1, 2))
	mixed := append(append([]*event.Event{}, events...), events...)
	random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	other, got := scan(mixed, 3, func(int) int { return random.IntN(3) })
	if diff := cmp.Diff(states(t, one), states(t, other)); diff != "" {
		t.Errorf("states differ:\n%.2000s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("detections differ:\n%.4000s", diff)
	}
}

func TestIntrudersAreAmongTheStrongestDetections(t *testing.T) {
	run, events, _ := world(t, 6)
	attacked := map[string]bool{}
	for _, e := range run.Episodes {
		for _, p := range e.Principals {
			attacked[run.Principals[p].ObjectID] = true
		}
	}
	_, found := scan(events, 1, func(int) int { return 0 })
	for i, d := range found[:min(len(found), 10)] {
		if attacked[d.Principal.ObjectID] {
			return
		}
		t.Logf("%d: %s %.1f bits", i, d.Principal.Name, d.Bits)
	}
	t.Error("none of the ten strongest detections is of an attacked principal")
}

func TestTwoPrincipalsThatAreNewFromOneAddressRaiseEachOther(t *testing.T) {
	_, events, _ := world(t, 7)
	strange := func(template *event.Event, id string) *event.Event {
		e := *template
		e.ID, e.SignIn.TokenID = id, "token of "+id
		e.Time = events[len(events)-1].Time
		e.Caller = events[0].Caller.Next()
		e.Network = event.Network{ASN: 4200000001, ASName: "Nowhere VPN", Country: "ZZ", Hosting: event.HostingAnonymizer}
		return &e
	}
	var two []*event.Event
	seen := map[string]bool{}
	for _, e := range events {
		if e.Kind == event.KindSignIn && e.SignIn.Succeeded() && e.Caller.IsValid() && !seen[e.Principal.ObjectID] && len(two) < 2 {
			seen[e.Principal.ObjectID] = true
			two = append(two, strange(e, "strange-"+e.ID))
		}
	}
	named := func(extra ...*event.Event) (n int) {
		_, found := scan(append(append([]*event.Event{}, events...), extra...), 1, func(int) int { return 0 })
		for _, d := range found {
			for _, c := range d.Contributions {
				if c.Name == "sharedAddress" && seen[d.Principal.ObjectID] && d.Subject == "AS4200000001" {
					n++
				}
			}
		}
		return n
	}
	if alone, both := named(two[0]), named(two...); alone != 0 || both != 2 {
		t.Errorf("with one stranger %d detections name another, with two %d: want 0 and 2", alone, both)
	}
}

func TestWhatIsLearnedCanBeMergedInAnyOrder(t *testing.T) {
	_, events, _ := world(t, 8)
	half := len(events) / 2
	learn := func(es []*event.Event) *watch.Watch {
		w := watch.New(config)
		for _, e := range es {
			w.Learn(e)
		}
		return w
	}
	a := learn(events[:half])
	a.Merge(learn(events[half:]))
	b := learn(events[half:])
	b.Merge(learn(events[:half]))
	if diff := cmp.Diff(states(t, a), states(t, b)); diff != "" {
		t.Errorf("states differ:\n%.2000s", diff)
	}
}

func BenchmarkLearn(b *testing.B) {
	_, events, _ := world(b, 9)
	w := watch.New(config)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Learn(events[i%len(events)])
	}
}

func BenchmarkJudge(b *testing.B) {
	_, events, _ := world(b, 9)
	w := watch.New(config)
	for _, e := range events {
		w.Learn(e)
	}
	j := w.Close().Judge()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		j.Event(events[i%len(events)])
	}
}
