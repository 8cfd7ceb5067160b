package simulate

import "slices"

func (s *script) vpnTool() bool {
	from, client, when := s.outside(anonymous), s.tool(), s.begin
	if s.d.chance(500) {
		when = s.spray(from, client)
	}
	s.visits(when, s.guise(from, client), s.many(), 400)
	return true
}

func (s *script) sameCloudTool() bool {
	s.visits(s.begin, s.guise(s.r.world.otherRange(s.d, s.machine()), s.tool()), s.many(), 400)
	return true
}

func (s *script) vpnMimicked() bool {
	s.visits(s.begin, s.guise(s.outside(anonymous), s.mimic()), s.many(), 200)
	return true
}

func (s *script) sameCloudNewResource() bool {
	g := s.guise(s.r.world.otherRange(s.d, s.machine()), s.mimic())
	s.loot(s.signIn(s.begin, g, s.foreign(), 0), 3)
	s.visits(s.begin+s.d.span(minute, 40*minute), g, s.many(), 600)
	return true
}

// compromisedHost acts on the principal's own machine: with a new resource, at another hour, or both.
func (s *script) compromisedHost() bool {
	n := s.r.dayOf(s.begin)
	when, foreign := s.usualTime(n), 1000
	switch s.d.IntN(3) {
	case 0:
		when, foreign = s.oddTime(n), 300
	case 1:
		when = s.oddTime(n)
	}
	g := s.guise(s.machine(), s.mimic())
	if s.d.chance(250) {
		g.client = s.tool()
	}
	for range s.d.between(3, 12) {
		s.loot(s.signIn(when, g, s.mixed(foreign), 0), s.d.IntN(5))
		when += s.d.span(5*second, 9*minute)
	}
	return true
}

func (s *script) residentialProxy() bool {
	client := s.mimic()
	if s.d.chance(400) {
		client = s.tool()
	}
	from := s.r.world.draw(s.d, pick(s.d, s.r.world.find(home, s.here)))
	s.visits(s.begin, s.guise(from, client), s.many(), 250)
	return true
}

// slowPoisoning makes itself known by failures and then wants to be learned.
func (s *script) slowPoisoning() bool {
	from := s.outside([]role{anonymous, hoster, home}[s.d.IntN(3)])
	if s.r.world.sites[from.site].country == s.site().country {
		return false
	}
	g := s.guise(from, []int16{s.mimic(), s.tool()}[s.d.IntN(2)])
	when := s.begin
	for range s.d.between(3, 8) {
		s.signIn(when, g, s.known(), 7000215)
		when += s.d.span(20*second, 10*minute)
	}
	for n := range int64(8) {
		s.loot(s.signIn(when+n*day+s.d.span(10*minute, 5*hour), g, s.known(), 0), s.d.IntN(3))
	}
	return true
}

// burst takes all it can get within an hour, from the right machine with the right client.
func (s *script) burst() bool {
	n := min(200, max(18, s.hourly()*s.d.between(4, 8)))
	g := s.guise(s.machine(), s.mimic())
	few := []int16{s.foreign(), s.foreign(), s.foreign()}
	for range n {
		to := s.known()
		if s.d.chance(250) {
			to = pick(s.d, few)
		}
		s.loot(s.signIn(s.begin+s.d.span(0, 55*minute), g, to, 0), s.d.IntN(2))
	}
	return true
}

// hourly is how often the principal signs in within a busy hour.
func (s *script) hourly() int {
	switch s.p.Kind {
	case Daemon, MultiRegion:
		return 1 + s.p.rate/20
	case Pool:
		return 1 + s.p.rate/7
	}
	return 4
}

// tokenReplay uses a token of a genuine sign-in of that day from elsewhere. There is no sign-in of the intruder's.
func (s *script) tokenReplay() bool {
	w := s.r.author()
	w.day = s.r.dayOf(s.begin)
	w.habits(s.who)
	genuine := slices.DeleteFunc(w.acts, func(a act) bool {
		return a.log != logSignIn || a.code != 0 || !logged(a.to) || a.when > s.r.end-2*hour
	})
	if len(genuine) == 0 {
		return false
	}
	stolen := pick(s.d, genuine)
	token := stolen
	token.from, token.client = s.hired(), s.tool()
	when := stolen.when + s.d.span(2*minute, 20*minute)
	for range s.d.between(3, 15) {
		s.call(token, when)
		when += s.d.span(second, 3*minute)
	}
	return true
}

// dormant comes back from another region of the holder, or from another network of the country.
func (s *script) dormant() bool {
	to := s.r.secondRegion(s.d, s.home().site)
	if s.d.chance(400) {
		if near := s.r.neighbours(s.home().site); len(near) > 0 {
			to = pick(s.d, near)
		}
	}
	client := s.mimic()
	if s.d.chance(300) {
		client = s.tool()
	}
	if to == s.home().site {
		return false
	}
	s.visits(s.begin, s.guise(s.r.world.draw(s.d, to), client), s.many(), 200)
	return true
}

// neighbours are the sites in the same country that belong to another holder; no VPN among them.
func (r *Run) neighbours(at int16) []int16 {
	here := &r.world.sites[at]
	var out []int16
	for of := range roles {
		if of != anonymous {
			out = append(out, r.world.find(of, func(s *site) bool { return s.country == here.country && s.asn != here.asn })...)
		}
	}
	return out
}

func (s *script) twoPrincipals() bool {
	from, client, when := s.hired(), s.tool(), s.begin
	for _, v := range s.victims {
		s.cast(v)
		s.visits(when, s.guise(from, client), s.d.between(2, 8), 300)
		when += s.d.span(5*minute, 20*hour)
	}
	return true
}

func (s *script) campaign() bool {
	provider, client := pick(s.d, s.r.world.byRole[[]role{anonymous, hoster}[s.d.IntN(2)]]), s.tool()
	when := s.begin
	if s.d.chance(500) {
		when = s.spray(s.r.world.draw(s.d, provider), client)
	}
	for _, v := range s.victims {
		s.cast(v)
		s.visits(when, s.guise(s.r.world.draw(s.d, provider), client), s.d.between(2, 9), 350)
		when += s.d.span(hour, 20*hour)
	}
	return true
}
