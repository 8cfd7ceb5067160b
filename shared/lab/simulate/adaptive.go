package simulate

// insideDrift hides in what the fleet takes up these days: the new version, the new resource.
func (s *script) insideDrift() bool {
	o := pick(s.d, s.r.rollouts)
	from, until := max(o.from, s.r.midnight(s.r.WarmUp)), min(o.until, s.r.end-6*hour)
	if from >= until {
		return false
	}
	s.begin = s.d.span(from, until)
	if !s.available() {
		return false
	}
	client, to := s.mimic(), toFleet
	if o.family >= 0 {
		if s.r.catalogue.family(client) != o.family || o.to(s.r, client) == client {
			return false
		}
		client, to = o.to(s.r, client), s.mixed(200)
	} else if s.p.needs(toFleet, s.r.end) {
		return false
	}
	where := s.hired()
	if s.site().role <= otherCloud && s.d.chance(500) {
		where = s.r.world.otherRange(s.d, s.machine())
	}
	g, when := s.guise(where, client), s.begin
	for range s.many() {
		s.loot(s.signIn(when, g, to, 0), s.d.IntN(3))
		when += s.d.span(10*second, 40*minute)
	}
	return true
}

// adaptive writes down every way that is open to an intruder who knows the detector and wants one token for one
// resource that the principal never used. None of them is sent.
func (s *script) adaptive() bool {
	near := s.r.neighbours(s.home().site)
	if len(near) == 0 {
		return false
	}
	machine := s.machine()
	networks := []address{
		s.r.world.beside(s.d, machine), s.r.world.otherRange(s.d, machine), s.r.world.draw(s.d, pick(s.d, near)), s.outside(anonymous),
	}
	clients := []int16{s.mimic(), s.tool(), bareClient}
	n := s.r.dayOf(s.begin)
	hours := []int64{s.usualTime(n), s.oddTime(n)}
	want, key := s.foreign(), s.p.keyAt(s.d, s.begin).key
	for _, from := range networks {
		for _, client := range clients {
			for _, when := range hours {
				s.signIn(when, guise{from, client, key}, want, 0)
				s.acts[len(s.acts)-1].truth.Variant = int16(len(s.acts))
			}
		}
	}
	return len(s.acts) == variantsOfTheAdaptive
}
