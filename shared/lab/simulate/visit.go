package simulate

import "rekey/shared/lab"

// origin is an address together with the change that brought it.
type origin struct {
	address
	change int32
}

// where draws the address of a time.
func (w *author) where(p *Principal, when int64) origin {
	s := p.stayAt(w.d, when)
	switch s.fresh {
	case each:
		return origin{w.r.world.draw(w.d, s.site), s.change}
	case dynamic:
		d := w.r.stream("lease", int(w.who), int(s.site), w.day/9)
		return origin{w.r.world.draw(d, s.site), s.change}
	}
	return origin{s.machines[w.d.IntN(len(s.machines))], s.change}
}

func (w *author) visit(p *Principal, when int64) { w.visitFrom(p, when, w.where(p, when)) }

// visitFrom adds a sign-in, its retries, and some of what is done with the token.
func (w *author) visitFrom(p *Principal, when int64, from origin) {
	u, k, v := p.useAt(w.d, when), p.keyAt(w.d, when), p.clientAt(when)
	if w.d.IntN(100_000) < whims(p) {
		u = use{resource: w.r.ordinary(w.d), change: none}
	}
	a := act{
		when: when / 100 * 100, serial: w.serial(), from: from.address, who: w.who, key: k.key, client: v.client, to: u.resource, log: logSignIn,
		truth: lab.Truth{Principal: w.who, Episode: none, Change: w.fresh(u.change, k.change, v.change, from.change)},
	}
	if a.code = p.failingAt(w.d, when); a.code == 0 && w.d.chance(6) {
		w.push(failed(a, pick(w.d, passing)))
		a.when, a.serial = a.when+w.d.span(second, 30*second)/100*100, w.serial()
	}
	w.push(a)
	if a.code == 0 {
		w.afterwards(p, a)
	}
}

// whims is how often, in a hundred thousand sign-ins, a principal wants something that it does not need every day.
func whims(p *Principal) int {
	switch p.Kind {
	case Person:
		return 1000
	case Pool:
		return 60
	}
	return 4
}

// passing are the errors that go away by themselves.
var passing = []int32{90033, 90033, 1100000, 90025, 500011, 53003}

// failed is a sign-in with another outcome.
func failed(a act, code int32) act {
	a.code = code
	return a
}

// serial is the number of the principal's next act of the day.
func (w *author) serial() uint64 {
	w.count++
	return mix(w.count, 3)
}

// fresh is the latest of the changes that an act shows, if it first showed less than three days ago.
func (w *author) fresh(changes ...int32) int32 {
	out := none
	for _, c := range changes {
		if c == none || int(c) >= len(w.shown) {
			continue
		}
		if w.shown[c] == 0 {
			w.shown[c] = int32(w.day) + 1
		}
		if w.day+1-int(w.shown[c]) < 3 && (out == none || w.r.Changes[c].Begin.After(w.r.Changes[out].Begin)) {
			out = c
		}
	}
	return out
}

// push hands an act over for delivery, twice if it must be.
func (w *author) push(a act) {
	if a.when >= w.r.end {
		return
	}
	a.lateness()
	w.acts = append(w.acts, a)
	if again := a.again(); again > 0 {
		a.at = again
		w.acts = append(w.acts, a)
	}
}
