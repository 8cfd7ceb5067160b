package simulate

import "rekey/shared/lab"

// author writes out the acts of days. Its buffers are used again each day.
type author struct {
	r     *Run
	d     dice
	acts  []act
	shown []int32 // first day on which a change showed, plus one
	next  int     // planned act

	day   int
	who   int32
	count uint64 // of the principal's acts of the day
}

func (r *Run) author() *author {
	return &author{r: r, d: r.stream("author"), shown: make([]int32, len(r.Changes))}
}

// write adds everything that begins on a day.
func (w *author) write(day int) {
	w.day = day
	for i := range w.r.Principals {
		w.habits(int32(i))
	}
	for end := w.r.midnight(day + 1); w.next < len(w.r.planned) && w.r.planned[w.next].when < end; w.next++ {
		w.push(w.r.planned[w.next])
	}
}

// habits adds what a principal does on a day of its own accord.
func (w *author) habits(who int32) {
	p := &w.r.Principals[who]
	w.d.name(w.r.Seed, "day", int(who), w.day)
	w.who, w.count = who, mix(w.r.number("acts", int(who)), uint64(w.day))
	if now := w.r.midnight(w.day); !p.alive(now) || p.rests.from <= now && now < p.rests.until {
		return
	}
	switch p.Kind {
	case Job:
		w.job(p)
	case Pool:
		w.pool(p)
	case Person:
		w.person(p)
	case Rare:
		w.rare(p)
	default:
		w.daemon(p)
	}
}

// weekend reports whether the day is a Saturday or a Sunday.
func (w *author) weekend() bool {
	n := w.r.weekday(w.day)
	return n == 0 || n == 6
}

// job runs at its times; now and then somebody runs it again by hand, or it fails to start.
func (w *author) job(p *Principal) {
	if p.workdays && w.weekend() {
		return
	}
	for _, slot := range p.slots {
		if w.d.chance(15) {
			continue
		}
		w.run(p, w.utc(p, slot)+w.d.span(second, 90*second))
	}
	if w.d.chance(12) {
		w.run(p, w.utc(p, w.d.office()))
	}
	if w.d.IntN(10_000) < 5 {
		w.debug(p)
	}
}

// debug is somebody at an office who tries to find out why a job fails, with the job's key and a tool of his own.
func (w *author) debug(p *Principal) {
	from, to := w.r.gateway(pick(w.d, w.r.world.byRole[office]), w.d.IntN(3)), p.uses[0].resource
	when := w.utc(p, w.d.office())
	for range w.d.between(1, 4) {
		w.push(act{
			when: when / 100 * 100, serial: w.serial(), from: from, who: w.who, key: p.keyAt(w.d, when).key,
			client: pick(w.d, []int16{azureCLI, curl, firstTool, powerShell}), to: to, log: logSignIn,
			truth: lab.Truth{Principal: w.who, Episode: none, Change: none},
		})
		when += w.d.span(20*second, 6*minute)
	}
}

// utc is a local time of day on this day, in the run's clock. It stays on the day.
func (w *author) utc(p *Principal, local int64) int64 {
	return w.r.midnight(w.day) + ((local-p.zone)%day+day)%day
}

// run is a start of a program: a token for each of one or two things it needs.
func (w *author) run(p *Principal, when int64) {
	w.visit(p, when)
	for len(p.uses) > 1 && w.d.chance(350) {
		when += w.d.span(second, 40*second)
		w.visit(p, when)
	}
}

// daemon renews its tokens in turn, around the clock; half of them have less to do on weekends.
func (w *author) daemon(p *Principal) {
	n := p.rate*3/4 + w.d.around(p.rate)/4
	if w.weekend() && p.rate%2 == 0 {
		n = n * 7 / 10
	}
	gap := day / int64(max(1, n))
	for i := range int64(n) {
		w.visit(p, w.r.midnight(w.day)+i*gap+w.d.Int64N(max(1, gap)))
	}
}

// pool runs whenever somebody pushes a change.
func (w *author) pool(p *Principal) {
	n := w.d.around(p.rate * 13 / 10)
	if w.weekend() {
		if p.workdays {
			return
		}
		n /= 8
	}
	for n > 0 {
		when := w.utc(p, w.d.office())
		if w.d.chance(60) {
			when = w.utc(p, w.d.span(0, day))
		}
		for range min(n, w.d.between(1, 3)) {
			w.visit(p, when)
			when += w.d.span(10*second, 4*minute)
			n--
		}
	}
}

// person works on some days, in one to three sittings, each from one place.
func (w *author) person(p *Principal) {
	if w.weekend() && !w.d.chance(60) || !w.d.chance(600) {
		return
	}
	for range w.d.between(1, 3) {
		when := w.utc(p, w.d.office())
		if w.d.chance(50) {
			when = w.utc(p, w.d.span(18*hour, 24*hour))
		}
		from := w.where(p, when)
		for range w.d.between(1, p.rate) {
			w.visitFrom(p, when, from)
			when += w.d.span(20*second, 12*minute)
		}
	}
}

// rare runs once in its period.
func (w *author) rare(p *Principal) {
	if (w.day+p.offset)%p.period != 0 {
		return
	}
	for range w.d.between(1, 2) {
		w.run(p, w.utc(p, p.slots[0])+w.d.span(second, 5*minute))
	}
}
