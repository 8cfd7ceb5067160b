package simulate

// drift draws the benign changes of all principals. What changes together bears one number.
func (r *Run) drift() {
	for i := range r.Principals {
		d, p := r.stream("drift", i), &r.Principals[i]
		c := changer{r, d, p, int32(i)}
		if d.chance(50) {
			c.migrate()
		}
		if d.chance(140) {
			c.takeUp(NewResource, r.ordinary(d), c.moment())
		}
		if d.chance(340) {
			c.rotate()
		}
		if d.chance(60) {
			c.addMachine()
		}
		if p.Kind == MultiRegion && d.chance(700) || d.chance(15) {
			c.failOver()
		}
		if d.chance(30) {
			c.modernise()
		}
		if d.chance(30) {
			p.until = c.moment()
		}
		if d.chance(10) {
			from := r.midnight(d.between(3, 12))
			p.rests = outage{from: from, until: from + d.span(25*day, 32*day)}
		}
		if d.chance(20) {
			c.spare()
		}
		if p.managed() {
			c.platformRotation()
		}
	}
	r.rollOut()
	r.adopt()
}

// changer draws changes of one principal.
type changer struct {
	r *Run
	d dice
	p *Principal
	n int32
}

// moment draws when somebody changes something: on a working day, in his office hours, two days after the principal
// was first seen or later.
func (c changer) moment() int64 {
	first := max(1, int((c.p.Born.UnixNano()-c.r.start)/day)+2)
	n := c.d.between(first, max(first, c.r.Days-1))
	for range 2 {
		if w := c.r.weekday(n); w == 0 || w == 6 {
			n++
		}
	}
	return c.r.midnight(n) + c.d.office() - c.p.zone
}

// weekday is 0 on Sundays.
func (r *Run) weekday(n int) int { return int(r.Start.AddDate(0, 0, n).Weekday()) }

// migrate moves a principal to another network; with it may come a new client and a new credential. Half move at once,
// half in two days.
func (c changer) migrate() {
	begin := c.moment()
	n := c.r.change(Migration, c.n, begin)
	if n == none {
		return
	}
	to := c.destination()
	ends := begin
	if c.d.chance(500) {
		ends += 2 * day
	}
	for i := range c.p.stays {
		c.p.stays[i].until = min(c.p.stays[i].until, ends)
	}
	s := stay{from: begin, until: always, weight: 100, site: to, change: n}
	if c.p.Kind == Pool {
		s.fresh = each
	} else {
		s.machines = c.r.machines(c.p, c.d, to)
	}
	c.p.stays = append(c.p.stays, s)
	if c.d.chance(350) {
		c.upgrade(begin, c.r.clientOf(c.p, c.d), n)
	}
	if c.d.chance(300) && len(c.p.held) == 1 {
		c.rekey(begin, c.nextKind(), n, begin)
	}
}

// destination is where a migration goes: another region, another holder, most often a cloud.
func (c changer) destination() int16 {
	from := c.p.current(c.r.start).site
	of := []role{bigCloud, otherCloud, office}[weighted(c.d, []int{60, 30, 10})]
	switch c.p.Kind {
	case Pool:
		of = build
	case ManagedIdentity:
		of = bigCloud
	}
	for range 20 {
		if to := pick(c.d, c.r.world.byRole[of]); to != from {
			return to
		}
	}
	return from
}

// upgrade sets the client from a time on. Clients stay ordered by time.
func (c changer) upgrade(when int64, client int16, change int32) {
	vs := append(c.p.versions, version{when, client, change})
	for i := len(vs) - 1; i > 1 && vs[i].from < vs[i-1].from; i-- {
		vs[i], vs[i-1] = vs[i-1], vs[i]
	}
	c.p.versions = vs
}

// takeUp adds a resource.
func (c changer) takeUp(kind string, resource int16, when int64) {
	if c.p.needs(resource, c.r.end) {
		return
	}
	n := c.r.change(kind, c.n, when)
	if n == none {
		return
	}
	c.p.uses = append(c.p.uses, use{from: when, weight: c.d.between(15, 70), resource: resource, change: n})
	if c.d.chance(400) {
		c.r.grantAudit(c, when-c.d.span(2*minute, 3*hour), resource)
	}
}

// addMachine adds an address beside the others or, now and then, in another range of the site.
func (c changer) addMachine() {
	when := c.moment()
	s := c.p.current(when)
	if s.fresh != fixed {
		return
	}
	if n := c.r.change(NewMachine, c.n, when); n != none {
		more := c.r.world.beside(c.d, s.machines[0])
		if c.d.chance(300) {
			more = c.r.world.otherRange(c.d, s.machines[0])
		}
		c.p.stays = append(c.p.stays, stay{from: when, until: s.until, weight: 60, site: s.site, machines: []address{more}, change: n})
	}
}

// failOver moves everything to a second region for hours or days, and back. It happens at any hour.
func (c changer) failOver() {
	begin := c.moment()/day*day + c.d.span(0, day)
	s := c.p.current(begin)
	second := c.r.secondRegion(c.d, s.site)
	if second == s.site || s.until < always || s.fresh != fixed {
		return
	}
	n := c.r.change(Failover, c.n, begin)
	if n == none {
		return
	}
	back := begin + c.d.span(2*hour, 50*hour)
	home := *s
	s.until, home.from = begin, back
	away := stay{from: begin, until: back, weight: 100, site: second, machines: c.r.machines(c.p, c.d, second), change: n}
	c.p.stays = append(c.p.stays, away, home)
}

// modernise replaces a secret by something better, mostly without anybody noticing.
func (c changer) modernise() {
	when := c.moment()
	if len(c.p.held) > 1 || c.r.keys[c.p.held[0].key].kind != ofSecret {
		return
	}
	if n := c.r.change(Modernisation, c.n, when); n != none {
		c.rekey(when, []string{ofCertificate, ofFederation}[c.d.IntN(2)], n, when+c.d.span(0, 2*day))
	}
}
