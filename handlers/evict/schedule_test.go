package evict_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/faults"
	"rekey/deploy/local/graph"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

var (
	seedFlag  = flag.Uint64("schedule", 0, "run this one fault schedule, by its seed, and say what it does")
	schedules = flag.Int("schedules", 1000, "how many fault schedules are run")
)

// schedule is what goes wrong in one run, drawn from a seed: nothing else decides it.
type schedule struct {
	l       *lab
	rng     *rand.Rand
	k       kind
	chance  float64 // of a request that it fails
	store   float64 // of a write of state that its answer is lost
	budget  int     // faults that are left: then the weather clears
	intrude int     // acts of the intruder that are left
	admin   int     // of an administrator who knows nothing of Rekey
	kills   int     // ends of the process that are left
	kill    float64 // chance of one, at each access
	log     []string
}

func (s *schedule) note(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// strikes draws whether something happens.
func (s *schedule) strikes(chance float64) bool { return chance > 0 && s.rng.Float64() < chance }

func newSchedule(seed uint64) (*schedule, string) {
	names := slices.Sorted(maps.Keys(kinds))
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose
	name := names[rng.IntN(len(names))]
	s := &schedule{rng: rng, k: kinds[name], budget: 60}
	s.chance = []float64{0, 0.01, 0.05, 0.15}[rng.IntN(4)]
	s.store = []float64{0, 0, 0.02, 0.05}[rng.IntN(4)]
	s.intrude, s.admin, s.kills = rng.IntN(4), rng.IntN(3), rng.IntN(4)
	s.kill = 0.02
	return s, name
}

// graphFault is what goes wrong with a request to Graph: refusals for a while, with and without a time to wait, errors and
// closed connections before and after the effect, and replicas that are behind.
func (s *schedule) graphFault(method, path string) graph.Fault {
	if s.budget == 0 || !s.strikes(s.chance) {
		return graph.Fault{}
	}
	s.budget--
	all := []graph.Fault{
		{Status: http.StatusTooManyRequests, RetryAfter: "2"}, {Status: http.StatusTooManyRequests}, {Status: http.StatusInternalServerError},
		{Status: http.StatusServiceUnavailable}, {Status: http.StatusInternalServerError, AfterEffect: true}, {Status: http.StatusGatewayTimeout, AfterEffect: true},
		{HangUp: true}, {HangUp: true, AfterEffect: true},
	}
	if method == http.MethodGet {
		all = append(all, graph.Fault{Stale: time.Second}, graph.Fault{Stale: 1500 * time.Millisecond}, graph.Fault{Stale: 1500 * time.Millisecond})
	}
	f := all[s.rng.IntN(len(all))]
	s.note("%s %s: %+v", method, path, f)
	return f
}

func (s *schedule) armFault(method, path string) faults.Fault {
	if s.budget == 0 || !s.strikes(s.chance) {
		return faults.Fault{}
	}
	s.budget--
	f := []faults.Fault{
		{When: faults.Before, Status: http.StatusTooManyRequests, RetryAfter: 2}, {When: faults.Before, Status: http.StatusServiceUnavailable},
		{When: faults.After, Status: http.StatusInternalServerError}, {When: faults.HangUp},
	}[s.rng.IntN(4)]
	s.note("%s %s: %+v", method, path, f)
	return f
}

// meanwhile is what others do while a change is on its way. An intruder acts while his principal is looked after; what he
// does after the last look is for the days of watching.
func (s *schedule) meanwhile(method, _ string) {
	if method == http.MethodGet {
		return
	}
	if s.intrude > 0 && s.strikes(0.15) {
		s.intrude--
		s.intruder()
	}
	if s.admin > 0 && s.strikes(0.1) {
		s.admin--
		s.administrator()
	}
}

// intruder adds a credential to one of the objects whose credentials the plan changes, in his own name or in Rekey's.
func (s *schedule) intruder() {
	op := s.l.operation()
	verified := slices.ContainsFunc(op.Progress, func(p remedy.Progress) bool { return strings.HasSuffix(p.Step, "-verify") && p.Status == "done" })
	var objects []string
	locked := len(op.Plan.Keeping.Locks) > 0 // what nobody can change, he cannot either
	for _, a := range op.Plan.Scope {
		if _, app := s.l.dir.Get(directory.Applications, a.Object); a.Kind == "credentials" && (app || !locked) {
			objects = append(objects, a.Object)
		}
	}
	if verified || len(objects) == 0 || s.k.mode == "contain" || len(s.k.refused) > 0 && s.k.refused[0] == "replaceKeys" {
		return
	}
	id, n := objects[s.rng.IntN(len(objects))], s.rng.IntN(1000)
	collection := directory.ServicePrincipals
	if _, ok := s.l.dir.Get(directory.Applications, id); ok {
		collection = directory.Applications
	}
	name := fmt.Sprint("evil", n)
	what := s.rng.IntN(4)
	err := s.l.dir.Update(collection, id, "intruder", "intrude", func(o *directory.Object) error {
		switch {
		case what == 0:
			o.PasswordCredentials = append(o.PasswordCredentials, secretOf(name, ""))
		case what == 1 && collection == directory.Applications:
			o.Federated = append(o.Federated, ficOf(name))
		case what == 2 && collection == directory.Applications && !slices.ContainsFunc(o.KeyCredentials, func(k directory.KeyCredential) bool { return k.KeyID == op.NewKeyID }):
			k := keyOf(name, "Verify", "x")
			k.KeyID, name = op.NewKeyID, "a certificate under the new one's key id"
			o.KeyCredentials = append(o.KeyCredentials, k)
		default:
			o.KeyCredentials = append(o.KeyCredentials, keyOf(name, "Verify", "x"))
		}
		s.l.mu.Lock()
		defer s.l.mu.Unlock()
		if s.l.intruded == nil {
			s.l.intruded = map[string]directory.Object{}
		}
		s.l.intruded[id] = merged(s.l.intruded[id], *o)
		return nil
	})
	s.note("the intruder adds %s to %s (%v)", name, id, err)
}

// merged is an object with the credentials of two states of it.
func merged(a, b directory.Object) directory.Object {
	a.KeyCredentials = append(slices.Clone(a.KeyCredentials), b.KeyCredentials...)
	a.PasswordCredentials = append(slices.Clone(a.PasswordCredentials), b.PasswordCredentials...)
	a.Federated = append(slices.Clone(a.Federated), b.Federated...)
	return a
}

// administrator changes what the plan does not: it has to be there in the end.
func (s *schedule) administrator() {
	edits := map[string]func(*directory.Object){
		"adds an owner": func(o *directory.Object) { o.Owners = append(o.Owners, "adam") },
		"adds a tag":    func(o *directory.Object) { o.Tags = append(o.Tags, "checked") },
		"adds a public client": func(o *directory.Object) {
			o.PublicClient.RedirectURIs = append(o.PublicClient.RedirectURIs, "https://shop/cb")
		},
		"renames it":           func(o *directory.Object) { o.DisplayName = "billing 2" },
		"changes another's":    nil,
		"changes its platform": func(o *directory.Object) { o.Web.LogoutURL = "https://billing/out" },
	}
	name := slices.Sorted(maps.Keys(edits))[s.rng.IntN(len(edits))]
	collection, id, edit := directory.Applications, "appobj", edits[name]
	if edit == nil {
		id, edit = "payroll-obj", func(o *directory.Object) { o.PublisherDomain = "contoso.com" }
	}
	if _, ok := s.l.dir.Get(collection, id); !ok {
		return
	}
	seed := s.l.seed[id]
	if slices.Contains(seed.Owners, "adam") || slices.Contains(seed.PublicClient.RedirectURIs, "https://shop/cb") {
		return
	}
	err := s.l.dir.Update(collection, id, "adam", name, func(o *directory.Object) error { edit(o); return nil })
	edit(&seed)
	s.l.seed[id] = seed
	s.note("an administrator %s (%v)", name, err)
}

// storage loses the answers of writes of state, and ends the process.
func (s *schedule) storage(e *ending) wall {
	return func(name string, write bool, do func() error) error {
		if e.dead {
			return errCrash
		}
		if s.kills > 0 && s.strikes(s.kill) {
			s.kills--
			e.dead = true
			after := s.strikes(0.5)
			if after {
				_ = do()
			}
			s.note("the process ends at %s, after its effect: %v", name, after)
			e.cancel()
			return errCrash
		}
		state := name == "write row" || name == "append" || name == "write blob" || name == "make certificate"
		if s.budget > 0 && state && s.strikes(s.store) {
			s.budget--
			after := s.strikes(0.5)
			if after {
				_ = do()
			}
			s.note("%s fails, after its effect: %v", name, after)
			return fault.As(fault.Transient, io.ErrUnexpectedEOF)
		}
		return do()
	}
}

// run works on the operation as the queue and sweep bring it, with one instance after the other.
func (s *schedule) run() error {
	var last error
	for n := range rings {
		ctx, cancel := context.WithCancel(s.l.t.Context())
		e := &ending{cancel: cancel}
		s.l.wall = []wall{s.storage(e)}
		last = s.l.handle(ctx, fmt.Sprint("instance-", n))
		cancel()
		if last != nil {
			s.note("ring %d: %v", n, last)
		}
		switch op := s.l.operation(); {
		case op.Watching() && last == nil:
			time.Sleep(8 * 24 * time.Hour)
		case !op.Due() && !op.Watching():
			s.l.wall = nil
			return nil
		default:
			time.Sleep(2 * time.Minute)
		}
	}
	return fmt.Errorf("it has not ended after %d rings: %w", rings, last)
}

// play runs the schedule of a seed.
func play(t *testing.T, seed uint64) {
	t.Helper()
	s, name := newSchedule(seed)
	synctest.Test(t, func(t *testing.T) {
		armed := false
		k := s.k
		k.graph.Faults = func(method, path string) graph.Fault {
			if !armed {
				return graph.Fault{}
			}
			return s.graphFault(method, path)
		}
		k.graph.Meanwhile = func(method, path string) {
			if armed {
				s.meanwhile(method, path)
			}
		}
		s.l = begin(t, k)
		s.l.unproven = s.rng.IntN(3)
		s.l.arm.Fail(s.armFault)
		armed = true
		err := s.run()
		armed = false
		s.l.arm.Fail(nil)
		if err := errors.Join(err, s.l.end(k)); err != nil {
			t.Errorf("schedule %d (%s): %v\nwhat happened:\n  %s\nagain: go test ./handlers/evict -run TestFaultSchedules -schedule %d", seed, name, err, strings.Join(s.log, "\n  "), seed)
		} else if *seedFlag != 0 {
			t.Logf("%s:\n  %s", name, strings.Join(s.log, "\n  "))
		}
	})
}

func TestFaultSchedules(t *testing.T) {
	if *seedFlag != 0 {
		play(t, *seedFlag)
		return
	}
	const lanes = 8
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for seed := 1 + lane; seed <= *schedules; seed += lanes {
				if play(t, uint64(seed)); t.Failed() {
					return
				}
			}
		})
	}
}
