package simulate

// rollout is a new version that goes through a part of the fleet in some days.
type rollout struct {
	from, until int64
	family      int
	to          func(*Run, int16) int16
	kind        string
}

// rollOut draws the roll-outs of the run: one while everything is still being learned, two after, and one that
// replaces a library.
func (r *Run) rollOut() {
	d := r.stream("roll-outs")
	next := func(r *Run, client int16) int16 { return r.catalogue.next(client) }
	replace := func(r *Run, _ int16) int16 { return r.catalogue.of(netWindows, 4) }
	popular := []int{netLinux, python, netWindows, java}
	d.Shuffle(len(popular), func(i, j int) { popular[i], popular[j] = popular[j], popular[i] })
	late := max(1, r.Days-r.WarmUp-4)
	for i, from := range []int{d.IntN(max(1, r.WarmUp)), r.WarmUp + d.IntN(late), r.WarmUp + d.IntN(late), r.WarmUp/2 + d.IntN(late)} {
		begin := r.midnight(from) + d.office()
		o := rollout{begin, begin + int64(d.between(5, 10))*day, popular[i], next, LibraryRollout}
		if i == 3 {
			o.family, o.to, o.kind = adal, replace, LibraryFamily
		}
		r.rollouts = append(r.rollouts, o)
	}
	for i := range r.Principals {
		for n, o := range r.rollouts {
			r.follow(i, n, o)
		}
	}
}

// follow lets a principal take part in a roll-out; one in five does not.
func (r *Run) follow(i, n int, o rollout) {
	p, d := &r.Principals[i], r.stream("roll-out", n, i)
	when := d.span(o.from, o.until)
	old := p.clientAt(when).client
	to := o.to(r, old)
	if r.catalogue.family(old) != o.family || d.chance(200) || to == old || when < p.Born.UnixNano() {
		return
	}
	if c := r.change(o.kind, int32(i), when); c != none {
		changer{r, d, p, int32(i)}.upgrade(when, to, c)
	}
}

// adopt lets every eighth principal take up the fleet's new resource within eight days.
func (r *Run) adopt() {
	d := r.stream("adoption")
	from := r.midnight(r.WarmUp+d.IntN(max(1, r.Days-r.WarmUp-6))) + d.office()
	r.rollouts = append(r.rollouts, rollout{from: from, until: from + 8*day, family: -1, kind: FleetResource})
	for i := range r.Principals {
		d, p := r.stream("adoption", i), &r.Principals[i]
		if when := d.span(from, from+8*day); d.chance(125) && when > p.Born.UnixNano() && !p.managed() {
			changer{r, d, p, int32(i)}.takeUp(FleetResource, toFleet, when)
		}
	}
}
