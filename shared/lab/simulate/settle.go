package simulate

import "slices"

// staysOf draws where a principal calls from, for as long as nothing changes.
func (r *Run) staysOf(p *Principal, d dice, at int16) []stay {
	switch p.Kind {
	case Pool:
		return r.poolStays(p, d, at)
	case Person:
		return r.personStays(p, d, at)
	case MultiRegion:
		return r.regionStays(p, d, at)
	}
	return []stay{{from: r.start, until: always, weight: 100, site: at, machines: r.machines(p, d, at), change: p.born}}
}

// machines draws the fixed addresses of a principal: mostly in one range, some behind a gateway that it shares with
// others, a few of a platform that spreads its calls over a dozen addresses.
func (r *Run) machines(p *Principal, d dice, at int16) []address {
	n := 1
	switch p.Kind {
	case Job, ManagedIdentity:
		n = d.between(1, 2)
	case Daemon, MultiRegion:
		n = d.between(1, 4)
	}
	switch {
	case d.chance(180):
		return []address{r.gateway(at, d.IntN(3))}
	case r.world.sites[at].role <= otherCloud && d.chance(90):
		var out []address
		for range 12 {
			out = append(out, r.world.draw(d, at))
		}
		return out
	}
	out := []address{r.world.draw(d, at)}
	if six, ok := r.world.sixth(out[0]); ok && d.chance(60) {
		out[0] = six
	}
	for len(out) < n {
		if a := r.world.beside(d, out[0]); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// gateway is one of the shared addresses of a site.
func (r *Run) gateway(at int16, n int) address {
	return r.world.draw(r.stream("gateway", int(at), n), at)
}

func (r *Run) poolStays(p *Principal, d dice, at int16) []stay {
	out := []stay{{from: r.start, until: always, weight: 100, site: at, fresh: each, change: p.born}}
	holder := r.world.sites[at].asn
	for _, other := range r.world.find(build, func(s *site) bool { return s.asn == holder }) {
		if other != at && d.chance(600) {
			out = append(out, stay{from: r.start, until: always, weight: d.between(10, 60), site: other, fresh: each, change: p.born})
		}
	}
	return out
}

func (r *Run) personStays(p *Principal, d dice, at int16) []stay {
	country := r.world.sites[at].country
	here := func(s *site) bool { return s.country == country }
	out := []stay{{from: r.start, until: always, weight: 55, site: at, machines: []address{r.gateway(at, 0), r.gateway(at, 1)}, change: p.born}}
	if homes := r.world.find(home, here); len(homes) > 0 {
		out = append(out, stay{from: r.start, until: always, weight: 40, site: pick(d, homes), fresh: dynamic, change: p.born})
	}
	if phones := r.world.find(mobile, here); len(phones) > 0 && d.chance(500) {
		out = append(out, stay{from: r.start, until: always, weight: 8, site: pick(d, phones), fresh: each, change: p.born})
	}
	return append(out, r.trips(p, d)...)
}

// trips are two to five days elsewhere: on the road networks change with every hotel, and some use a VPN.
func (r *Run) trips(p *Principal, d dice) []stay {
	var out []stay
	for n := d.IntN(4); n < r.Days; n += d.between(12, 40) {
		if n == 0 {
			continue
		}
		away := pick(d, r.world.byRole[[]role{mobile, home, anonymous}[weighted(d, []int{45, 45, 10})]])
		until := r.midnight(n + d.between(2, 5))
		out = append(out, stay{from: r.midnight(n), until: until, weight: 200, site: away, fresh: each, change: p.born})
	}
	return out
}

// regionStays are one or two regions at work; drift adds the one that is failed over to.
func (r *Run) regionStays(p *Principal, d dice, at int16) []stay {
	out := []stay{{from: r.start, until: always, weight: 100, site: at, machines: r.machines(p, d, at), change: p.born}}
	if second := r.secondRegion(d, at); second != at && d.chance(400) {
		out = append(out, stay{from: r.start, until: always, weight: d.between(20, 100), site: second, machines: r.machines(p, d, second), change: p.born})
	}
	return out
}

// secondRegion draws another site of the same holder, or the site itself when there is none.
func (r *Run) secondRegion(d dice, at int16) int16 {
	here := &r.world.sites[at]
	others := r.world.find(here.role, func(s *site) bool { return s.asn == here.asn && s.city != here.city })
	if len(others) == 0 {
		return at
	}
	return pick(d, others)
}

// timetable draws when a principal runs, and how often.
func (r *Run) timetable(p *Principal, d dice, k rank) {
	p.rate = d.between(1, 8)
	switch p.Kind {
	case Job:
		n := []int{1, 1, 1, 2, 2, 3, 4, 6, 8}[d.IntN(9)]
		first, step := d.span(0, 24*hour), 24*hour/int64(n)
		for i := range n {
			p.slots = append(p.slots, (first/minute*minute+int64(i)*step)%day)
		}
		p.workdays = d.chance(300)
	case Daemon:
		p.rate = zipf(k, 750, 12)
	case MultiRegion:
		p.rate = zipf(k, 260, 16)
	case ManagedIdentity:
		p.rate = zipf(k, 90, 4)
	case Pool:
		p.rate = zipf(k, 110, 4)
		p.workdays = d.chance(400)
	case Rare:
		p.period = []int{7, 7, 14, 28, 30}[d.IntN(5)]
		p.offset = d.IntN(p.period)
		p.slots = []int64{d.span(0, 24*hour) / minute * minute}
	}
}

// zipf falls with the place, from most at the first to least at the last.
func zipf(k rank, most, least int) int {
	place := (40*k.place + 20) / max(1, k.of) // of forty classes
	return max(least, most*2/(2+place)*40/(40+place))
}
