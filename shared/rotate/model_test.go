package rotate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/rotate"
)

// theWord is in every value of the model world.
const theWord = "of-the-model-world"

// world is the providers and vaults that an operation changes, as simple as can be: values are words, and time is what
// the test says.
type world struct {
	now       time.Time
	keys      map[string]map[string]string // by provider and pair, by name
	made      map[string]int               // how often a key was regenerated, a value stored, ... by what
	secrets   map[string][]version         // by vault/secret, the newest last
	passwords map[string]map[string]password
	consumers []*consumer
	n         int
	broken    []string

	pairs map[string]string       // pairOf, by target: every reader asks for it after every step
	items map[string]*rotate.Item // of the journal that was looked at last
	seen  *rotate.Journal
}

type version struct {
	id, value, mark, credential string
	disabled                    bool
}

type password struct{ value, name string }

// consumer reads one secret. The latest one reads anew every 24 hours, and once more when it is refused; the cached one does
// not ask again; the pinned one reads one version by its id.
type consumer struct {
	who                 string
	secret, pin, cached string
	readAt              time.Time
	key                 string // of its target
}

var (
	errCrash     = errors.New("the process is gone")
	errTransient = errors.New("429")
	errDenied    = errors.New("403 ForbiddenByFirewall")
)

func pairOf(i *rotate.Item) string { return strings.ToLower(i.Provider) + "#" + i.Pair }

// pair is pairOf, worked out once.
func (w *world) pair(i *rotate.Item) string {
	p, ok := w.pairs[i.Key]
	if !ok {
		p = pairOf(i)
		w.pairs[i.Key] = p
	}
	return p
}

// item finds an item of a journal: there are many readers, and a journal looks from its beginning.
func (w *world) item(j *rotate.Journal, key string) *rotate.Item {
	if w.seen != j || len(w.items) != len(j.Items) {
		w.seen, w.items = j, make(map[string]*rotate.Item, len(j.Items))
		for _, i := range j.Items {
			w.items[i.Key] = i
		}
	}
	return w.items[key]
}

// newWorld makes the world that a plan was made of: every secret holds what its tags say, the first copy of a pair the
// second key if odd says so.
func newWorld(p rotate.Plan, pinned bool) *world {
	w := &world{now: now, keys: map[string]map[string]string{}, made: map[string]int{}, secrets: map[string][]version{}, passwords: map[string]map[string]password{}, pairs: map[string]string{}}
	for _, tier := range p.Tiers {
		for n := range tier.Targets {
			x := &tier.Targets[n]
			i := &rotate.Item{Target: *x}
			if keys, ok := rotate.Keys(x.Kind, x.Pair); ok {
				w.keys[pairOf(i)] = map[string]string{keys[0]: w.fresh(), keys[1]: w.fresh()}
			}
			for at, c := range x.Copies {
				v := version{id: c.Version, value: w.fresh()}
				switch {
				case x.Kind.Paired():
					keys, _ := rotate.Keys(x.Kind, x.Pair)
					v.value = w.keys[pairOf(i)][keys[at%2]] // copies disagree: the order has to lose nothing then, too
				case x.Kind == rotate.ClientSecret:
					if w.passwords[x.Provider] == nil {
						w.passwords[x.Provider] = map[string]password{}
					}
					v.credential = x.Credential
					if x.Credential == "" {
						v.credential = "old-" + c.Name()
					}
					if have, ok := w.passwords[x.Provider][v.credential]; ok {
						v.value = have.value
					}
					w.passwords[x.Provider][v.credential] = password{v.value, "by hand"}
				case x.Kind == rotate.Random && at > 0:
					v.value = w.secrets[x.Copies[0].Name()][0].value
				}
				w.secrets[c.Name()] = []version{v}
				for _, who := range []string{rotate.Latest, rotate.Cached} {
					w.consumers = append(w.consumers, &consumer{who: who, secret: c.Name(), cached: v.value, readAt: w.now, key: x.Key})
				}
				if pinned {
					w.consumers = append(w.consumers, &consumer{who: rotate.Pinned, secret: c.Name(), pin: v.id, key: x.Key})
				}
			}
		}
	}
	return w
}

func (w *world) fresh() string {
	w.n++
	return fmt.Sprintf("value-%06d-%s", w.n, theWord)
}

func (w *world) newest(name string) version {
	all := w.secrets[name]
	return all[len(all)-1]
}

func (w *world) put(name string, v version) string {
	v.id = fmt.Sprint("n", len(w.secrets[name]))
	w.secrets[name] = append(w.secrets[name], v)
	w.made["stored "+name]++
	return v.id
}

// works reports whether a value opens what its target's provider guards.
func (w *world) works(i *rotate.Item, value string) bool {
	switch {
	case i.Kind.Paired():
		for _, v := range w.keys[w.pair(i)] {
			if v == value {
				return true
			}
		}
		return false
	case i.Kind == rotate.ClientSecret:
		for _, p := range w.passwords[i.Provider] {
			if p.value == value {
				return true
			}
		}
		return false
	case i.Kind == rotate.Random:
		return value == w.newest(i.Copies[0].Name()).value
	}
	return true
}

// use lets every consumer use what it has, and notes who is refused although the plan did not say so.
func (w *world) use(j *rotate.Journal) {
	for _, c := range w.consumers {
		i := w.item(j, c.key)
		if i == nil || i.Kind == rotate.OwnerAction {
			continue
		}
		ok := true
		if c.who == rotate.Pinned {
			at := slices.IndexFunc(w.secrets[c.secret], func(v version) bool { return v.id == c.pin })
			v := w.secrets[c.secret][at]
			ok = !v.disabled && w.works(i, v.value)
		} else {
			if w.now.Sub(c.readAt) >= 24*time.Hour || c.who == rotate.Latest && !w.works(i, c.cached) {
				c.cached, c.readAt = w.newest(c.secret).value, w.now
			}
			ok = w.works(i, c.cached)
		}
		step := i.Step()
		if i.Status == rotate.Done || step == "" {
			step = i.Steps()[len(i.Steps())-1]
		}
		if !ok && !i.Says(c.who, step) && i.Round == 1 {
			w.broken = append(w.broken, fmt.Sprintf("%s reader of %s is refused at %s of %s (%s)", c.who, c.secret, step, i.Key, i.Status))
		}
	}
}

// fingerprint reads a key's fingerprint, as the executor does before the intent of a renewal.
func (w *world) intent(j *rotate.Journal, i *rotate.Item) rotate.Intent {
	name := w.renews(i)
	if name == "" {
		return rotate.Intent{}
	}
	return rotate.Intent{Fingerprint: rotate.Fingerprint(j.ID, sealed(w.keys[w.pair(i)][name]))}
}

func (w *world) renews(i *rotate.Item) string {
	switch i.Step() {
	case rotate.StepRenewOther:
		return i.Other()
	case rotate.StepRenewFirst:
		return i.First
	}
	return ""
}

// do carries a step out. fail is asked before and after each effect.
func (w *world) do(j *rotate.Journal, i *rotate.Item, fail func(where string) error) (out rotate.Outcome, wait time.Time, err error) {
	if err := fail("before"); err != nil {
		return out, wait, err
	}
	out, wait, err = w.step(j, i, fail)
	if err == nil {
		w.use(j)
		err = fail("after")
	}
	return out, wait, err
}

func (w *world) step(j *rotate.Journal, i *rotate.Item, fail func(string) error) (out rotate.Outcome, wait time.Time, err error) {
	mark := j.Mark(i)
	switch i.Step() {
	case rotate.StepProve:
		return w.prove(i), wait, nil
	case rotate.StepGather:
		for _, h := range i.Holds {
			if h.Key == "" || h.Key == i.First {
				continue
			}
			value := w.keys[w.pair(i)][i.First]
			id := w.newest(h.Name).id
			if w.newest(h.Name).value != value {
				id = w.put(h.Name, version{value: value})
			}
			out.Holds = append(out.Holds, rotate.Holding{Name: h.Name, New: id})
			if err := fail("between copies"); err != nil {
				return out, wait, err
			}
		}
	case rotate.StepRenewOther, rotate.StepRenewFirst:
		name := w.renews(i)
		if rotate.Fingerprint(j.ID, sealed(w.keys[w.pair(i)][name])) == i.Fingerprint {
			w.keys[w.pair(i)][name] = w.fresh()
			w.made["regenerated "+i.Key+" "+name]++
		}
	case rotate.StepAdd:
		return w.add(i, mark, fail)
	case rotate.StepStore:
		return w.store(i, mark, fail)
	case rotate.StepRenew, rotate.StepCall:
		name := i.Copies[0].Name()
		if w.newest(name).mark != mark {
			w.put(name, version{value: w.fresh(), mark: mark})
		}
		out.Holds = []rotate.Holding{{Name: name, New: w.newest(name).id}}
	case rotate.StepAwait:
		name := i.Copies[0].Name()
		out.Holds = []rotate.Holding{{Name: name, New: w.newest(name).id}}
	case rotate.StepRemove:
		delete(w.passwords[i.Provider], i.Credential)
		w.made["removed "+i.Credential]++
	case rotate.StepRetire:
		return w.retire(i)
	case rotate.StepNotify:
		w.made["told "+i.Key]++
	}
	return out, wait, nil
}

func (w *world) prove(i *rotate.Item) (out rotate.Outcome) {
	count := map[string]int{}
	for _, c := range i.Copies {
		v := w.newest(c.Name())
		h := rotate.Holding{Name: c.Name(), Version: v.id}
		switch {
		case i.Kind.Paired():
			for name, key := range w.keys[w.pair(i)] {
				if v.value == key {
					h.Key = name
				}
			}
			count[h.Key]++
		case i.Kind == rotate.ClientSecret && w.works(i, v.value):
			h.Key, out.Credential = "current", v.credential
		case i.Kind == rotate.Random && v.value == w.newest(i.Copies[0].Name()).value:
			h.Key = "same"
		case i.Kind == rotate.Certificate || i.Kind == rotate.Webhook:
			h.Key = "current"
		}
		out.Holds = append(out.Holds, h)
	}
	if keys, ok := rotate.Keys(i.Kind, i.Pair); ok {
		out.First = keys[0]
		if count[keys[1]] > count[keys[0]] {
			out.First = keys[1]
		}
		if len(i.Copies) > 0 && count[out.First] == 0 {
			out.First = ""
		}
	}
	return out
}

func (w *world) add(i *rotate.Item, mark string, fail func(string) error) (out rotate.Outcome, wait time.Time, err error) {
	first := i.Copies[slices.IndexFunc(i.Copies, i.Proven)].Name()
	if v := w.newest(first); v.mark == mark {
		out.Credential, out.Holds = v.credential, []rotate.Holding{{Name: first, New: v.id}}
		return out, wait, nil
	}
	for id, p := range w.passwords[i.Provider] {
		if strings.HasPrefix(p.name, mark+"/") { // an orphan: nobody knows its value
			delete(w.passwords[i.Provider], id)
		}
	}
	value, id := w.fresh(), fmt.Sprint("key-", w.n)
	w.passwords[i.Provider][id] = password{value, fmt.Sprint(mark, "/", i.Attempts)}
	if err := fail("provider done, vault not"); err != nil {
		return out, wait, err
	}
	stored := w.put(first, version{value: value, mark: mark, credential: id})
	out.Credential, out.Holds = id, []rotate.Holding{{Name: first, New: stored}}
	return out, wait, nil
}

func (w *world) store(i *rotate.Item, mark string, fail func(string) error) (out rotate.Outcome, wait time.Time, err error) {
	value, credential := "", ""
	for _, c := range i.Copies {
		v := w.newest(c.Name())
		switch {
		case !i.Proven(c):
			continue
		case i.Kind.Paired():
			value = w.keys[w.pair(i)][i.Other()]
		case v.mark == mark:
			value, credential = v.value, v.credential
		case value == "":
			value = w.fresh()
		}
		if v.mark != mark {
			v.id = w.put(c.Name(), version{value: value, mark: mark, credential: credential})
			if err := fail("between copies"); err != nil {
				return out, wait, err
			}
		}
		out.Holds = append(out.Holds, rotate.Holding{Name: c.Name(), New: v.id})
	}
	return out, wait, nil
}

// retire disables old versions that nobody reads. Pinned readers of the model go on reading.
func (w *world) retire(i *rotate.Item) (out rotate.Outcome, wait time.Time, err error) {
	for _, h := range i.Holds {
		if h.Key == "" || h.New == "" {
			continue
		}
		var readers []rotate.Reader
		for _, c := range w.consumers {
			if c.secret == h.Name && c.pin != "" && c.pin == h.Version {
				readers = append(readers, rotate.Reader{Name: "pinned", Version: c.pin, Last: w.now.Add(-time.Hour)})
			}
		}
		switch what, why, due := rotate.Retire(h.Version, i.Stored, readers, true, w.now); what {
		case rotate.RetireWait:
			wait = due
		case rotate.RetireOwner:
			out.Owner = why
		case rotate.RetireDisable:
			for n := range w.secrets[h.Name] {
				if v := &w.secrets[h.Name][n]; v.id == h.Version {
					v.disabled = true
				}
			}
		}
	}
	return out, wait, nil
}
