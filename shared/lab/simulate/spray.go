package simulate

import "rekey/shared/lab"

// sprayed are the errors that guessing ends with.
var sprayed = []int32{7000215, 7000215, 7000215, 7000215, 7000222}

// spray tries many applications from one address, the victims among them, and returns when the intruder comes back
// with what he found. Only what concerns the victims belongs to the episode.
func (s *script) spray(from address, client int16) int64 {
	when := s.begin
	for _, v := range s.victims {
		s.cast(v)
		for range s.d.between(1, 3) {
			s.signIn(when, s.guise(from, client), s.known(), pick(s.d, sprayed))
			when += s.d.span(second, 5*minute)
		}
	}
	s.acts = append(s.acts, s.r.guesses(s.d, s.begin+second, from, client, s.d.between(20, 60))...)
	s.cast(s.victims[0])
	return when + s.d.span(20*minute, 20*hour)
}

// guesses are failed sign-ins of principals and of applications that do not exist, from one address.
func (r *Run) guesses(d dice, when int64, from address, client int16, n int) []act {
	var out []act
	for range n {
		when += d.span(300*second/1000, 40*second)
		a := act{
			when: when / 100 * 100, serial: d.Uint64(), token: d.Uint64(), from: from, who: int32(d.IntN(len(r.Principals))), client: client,
			to: []int16{toARM, toGraph}[d.IntN(2)], log: logSignIn, code: pick(d, sprayed),
		}
		if p := &r.Principals[a.who]; p.managed() || d.chance(250) || p.Born.UnixNano() > when {
			a.who, a.code = none, 700016
		} else {
			a.key = p.held[0].key
		}
		a.truth = lab.Truth{Principal: a.who, Episode: none, Change: none}
		out = append(out, a)
	}
	return out
}

// noise plans the sprays that come to nothing: about one in ten days, as everywhere on the internet.
func (r *Run) noise() {
	for n := range 1 + r.Days/10 {
		d := r.stream("noise", n)
		from := r.world.draw(d, pick(d, r.world.byRole[[]role{anonymous, hoster}[d.IntN(2)]]))
		when := r.start + d.span(0, r.end-r.start)
		r.planned = append(r.planned, r.guesses(d, when, from, r.catalogue.tool(d), d.between(10, 60))...)
	}
}
