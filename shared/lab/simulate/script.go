package simulate

import (
	"slices"

	"rekey/shared/lab"
)

// script is one episode being written. The principal at hand is one of the victims.
type script struct {
	r       *Run
	d       dice
	begin   int64
	number  int32
	silence int
	victims []int32
	acts    []act
	audits  []plannedAudit

	who int32
	p   *Principal
}

// plannedAudit is a change of credentials that belongs to the episode.
type plannedAudit struct{ keyChange }

func (a plannedAudit) commit(r *Run, d dice) { r.keyAudit(d, a.keyChange) }

// cast takes a principal to hand.
func (s *script) cast(who int32) { s.who, s.p = who, &s.r.Principals[who] }

// available reports whether the principal has been known for two days and is at work, or was long enough before.
func (s *script) available() bool {
	if s.silence > 0 {
		quiet := s.begin - int64(s.silence+margin)*day
		return s.p.alive(quiet) && s.p.Born.UnixNano() <= s.r.start && s.p.Kind != Rare
	}
	return s.p.alive(s.begin) && s.p.Born.UnixNano() <= s.begin-2*day
}

// margin is for how many days a dormant victim must have been at work before its silence.
const margin = 5

// home is where the principal mostly is when the episode begins.
func (s *script) home() *stay { return s.p.current(s.begin) }

func (s *script) site() *site { return &s.r.world.sites[s.home().site] }

// here reports whether another site is in the principal's country.
func (s *script) here(other *site) bool { return other.country == s.site().country }

// machine draws an address that the principal itself has, or might have.
func (s *script) machine() address {
	h := s.home()
	if len(h.machines) == 0 {
		return s.r.world.draw(s.d, h.site)
	}
	return pick(s.d, h.machines)
}

// outside draws an address of a role's networks.
func (s *script) outside(of role) address {
	return s.r.world.draw(s.d, pick(s.d, s.r.world.byRole[of]))
}

// hired draws an address that can be rented without questions: a VPN, a cheap server, a cloud the principal is not in.
func (s *script) hired() address {
	of := []role{anonymous, hoster, otherCloud}[weighted(s.d, []int{50, 35, 15})]
	for range 20 {
		if a := s.outside(of); s.r.world.sites[a.site].asn != s.site().asn {
			return a
		}
	}
	return s.outside(anonymous)
}

// mimic is the client that the principal has.
func (s *script) mimic() int16 { return s.p.clientAt(s.begin).client }

// tool draws a client that the principal does not have.
func (s *script) tool() int16 { return s.r.catalogue.tool(s.d) }

// known draws a resource that the principal uses, foreign one that it never used.
func (s *script) known() int16 { return s.p.useAt(s.d, s.begin).resource }

func (s *script) foreign() int16 {
	worthwhile := []int16{toGraph, toVault, toARM, toStorage}
	if s.d.chance(700) {
		s.d.Shuffle(len(worthwhile), func(i, j int) { worthwhile[i], worthwhile[j] = worthwhile[j], worthwhile[i] })
		for _, t := range worthwhile {
			if !s.p.needs(t, s.r.end) {
				return t
			}
		}
	}
	for range 100 {
		if t := s.r.ordinary(s.d); !s.p.needs(t, s.r.end) {
			return t
		}
	}
	return toFleet
}

// mixed draws a resource: in so many of a thousand cases a foreign one.
func (s *script) mixed(foreign int) int16 {
	if s.d.chance(foreign) {
		return s.foreign()
	}
	return s.known()
}

// truth is what is known of the records of the episode.
func (s *script) truth() lab.Truth {
	return lab.Truth{Principal: s.who, Episode: s.number, Change: none}
}

// guise is how the intruder comes: from where, with what, by which key.
type guise struct {
	from   address
	client int16
	key    int32
}

// guise is one with the key that was stolen.
func (s *script) guise(from address, client int16) guise {
	return guise{from, client, s.p.keyAt(s.d, s.begin).key}
}

// signIn adds a sign-in and returns it.
func (s *script) signIn(when int64, g guise, to int16, code int32) act {
	a := act{
		when: when / 100 * 100, serial: s.d.Uint64(), from: g.from, truth: s.truth(), who: s.who, key: g.key, client: g.client, to: to,
		log: logSignIn, code: code,
	}
	s.acts = append(s.acts, a)
	return a
}

// loot adds calls with the token of a sign-in: looking around, and taking.
func (s *script) loot(signIn act, calls int) {
	if signIn.code != 0 || !logged(signIn.to) {
		return
	}
	when := signIn.when
	for range calls {
		when += s.d.span(second, 3*minute) / 100 * 100
		s.call(signIn, when)
	}
}

// call adds one call with a token.
func (s *script) call(signIn act, when int64) {
	a := signIn
	a.token, a.issued, a.serial, a.truth = signIn.serial, signIn.when, s.d.Uint64(), s.truth()
	a.when, a.code = when/100*100, 200
	switch signIn.to {
	case toVault:
		a.log, a.what = logVault, uint8(s.d.between(0, len(vaultCalls)-1))
		if int(a.what) >= firstStrangeVaultCall && s.d.chance(200) {
			a.code = 403
		}
	case toGraph:
		a.log, a.what = logGraph, uint8(s.d.between(firstStrangeGraphCall-1, len(graphCalls)-1))
		if s.d.chance(200) {
			a.code = 403
		}
	default:
		a.log, a.what = logARM, uint8(s.d.between(firstStrangeOperation-1, len(armCalls)-1))<<1
		s.acts = append(s.acts, a)
		a = a.ends(s.d)
	}
	s.acts = append(s.acts, a)
}

// visits adds sign-ins over a time, in sittings, with calls after some; so many of a thousand for a foreign resource.
func (s *script) visits(when int64, g guise, n, foreign int) {
	for i := 0; i < n; {
		for range min(n-i, s.d.between(2, 8)) {
			s.loot(s.signIn(when, g, s.mixed(foreign), 0), s.d.IntN(4))
			when += s.d.span(5*second, 9*minute)
			i++
		}
		when += s.d.span(20*minute, 9*hour)
	}
}

// many is how many sign-ins an intruder makes.
func (s *script) many() int { return 3 + min(s.d.IntN(28), s.d.IntN(28)) }

// usualTime is a time of a day at which the principal often runs, oddTime one at which it does not, if there is one.
func (s *script) usualTime(n int) int64 {
	local := s.d.office()
	if len(s.p.slots) > 0 {
		local = pick(s.d, s.p.slots) + s.d.span(second, 3*minute)
	}
	return s.r.midnight(n) + ((local-s.p.zone)%day+day)%day
}

func (s *script) oddTime(n int) int64 {
	for range 50 {
		local := (s.usualTime(n)-s.r.midnight(n))%day + 12*hour
		if t := s.r.midnight(n) + local%day; !s.close(t) {
			return t
		}
	}
	return s.r.midnight(n) + s.d.span(0, day)
}

// close reports whether a time is within two hours of one of the principal's.
func (s *script) close(t int64) bool {
	return slices.ContainsFunc(s.p.slots, func(slot int64) bool {
		gap := ((t-s.r.start+s.p.zone-slot)%day + day) % day
		return min(gap, day-gap) < 2*hour
	})
}

// dayOf is the number of the day of a time.
func (r *Run) dayOf(when int64) int { return int((when - r.start) / day) }
