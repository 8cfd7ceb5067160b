package simulate

import (
	"slices"

	"rekey/shared/lab"
)

// attack is one kind of attack.
type attack struct {
	kind    string
	victims int
	lasts   int // days before the end of the run on which it begins at the latest
	silence int // days that the victim must have been silent before
	fits    func(s *script) bool
	write   func(s *script) bool // false: it could not be done to this victim
}

// attacks are all kinds, in the order of Attacks.
var attacks = []attack{
	{VPNTool, 1, 2, 0, anybody, (*script).vpnTool},
	{SameCloudTool, 1, 2, 0, inCloud, (*script).sameCloudTool},
	{VPNMimicked, 1, 2, 0, anybody, (*script).vpnMimicked},
	{SameCloudNewResource, 1, 2, 0, inCloud, (*script).sameCloudNewResource},
	{CompromisedHost, 1, 2, 0, hasMachines, (*script).compromisedHost},
	{BackdoorCredential, 1, 3, 0, hasKeys, (*script).backdoorCredential},
	{ResidentialProxy, 1, 2, 0, hasHomes, (*script).residentialProxy},
	{SlowPoisoning, 1, 9, 0, anybody, (*script).slowPoisoning},
	{BurstFromSamePlace, 1, 1, 0, hasMachines, (*script).burst},
	{TokenReplay, 1, 1, 0, usesTokens, (*script).tokenReplay},
	{DormantRevived, 1, 1, 25, anybody, (*script).dormant},
	{TwoPrincipalsOneAddr, 2, 2, 0, anybody, (*script).twoPrincipals},
	{BackdoorFederated, 1, 3, 0, hasKeys, (*script).backdoorFederated},
	{InsideDrift, 1, 1, 0, anybody, (*script).insideDrift},
	{Campaign, 3, 3, 0, anybody, (*script).campaign},
	{Adaptive, 1, 1, 0, anybody, (*script).adaptive},
}

// attack plans the episodes: kinds in turn, in random order, until so many principals are attacked.
func (r *Run) attack(kinds []attack, left int) {
	order := slices.Clone(kinds)
	r.stream("attacks").Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	m := &mob{r: r, attacked: map[int32]bool{}}
	for failures, i := 0, 0; left > 0 && failures < len(order); i++ {
		k := order[i%len(order)]
		if k.victims > left || !m.episode(k, i) {
			failures++
			continue
		}
		failures = 0
		left -= k.victims
	}
}

// mob plans episodes and remembers whom it attacked.
type mob struct {
	r        *Run
	attacked map[int32]bool
}

// episode plans one episode of a kind, on victims drawn until some fit.
func (m *mob) episode(k attack, n int) bool {
	d := m.r.stream("episode", n)
	first := m.r.WarmUp
	if k.silence > 0 {
		first = max(first, k.silence+margin)
	}
	last := max(m.r.WarmUp, m.r.Days-1-k.lasts)
	if first > last || last >= m.r.Days {
		return false
	}
	for range 400 {
		begin := m.r.midnight(d.between(first, last)) + d.span(0, day)
		s := &script{r: m.r, d: d, begin: begin, number: int32(len(m.r.Episodes)), silence: k.silence}
		if !m.recruit(s, k) || !k.write(s) || len(s.acts) == 0 {
			continue
		}
		m.commit(s, k)
		return true
	}
	return false
}

// recruit draws victims that fit.
func (m *mob) recruit(s *script, k attack) bool {
	for range k.victims {
		i := int32(s.d.IntN(len(m.r.Principals)))
		s.cast(i)
		if m.attacked[i] || slices.Contains(s.victims, i) || !s.available() || !k.fits(s) {
			return false
		}
		s.victims = append(s.victims, i)
	}
	s.cast(s.victims[0])
	return true
}

// commit adds an episode to the run.
func (m *mob) commit(s *script, k attack) {
	begin := s.acts[0].when
	for _, a := range s.acts {
		if a.truth.Episode != none {
			begin = min(begin, a.when)
		}
	}
	for _, e := range s.audits {
		e.commit(m.r, s.d)
		begin = min(begin, e.when)
	}
	if k.silence > 0 {
		s.p.until = min(s.p.until, begin-int64(k.silence+1)*day-s.d.span(0, 2*day))
	}
	m.r.planned = append(m.r.planned, s.acts...)
	m.r.Episodes = append(m.r.Episodes, lab.Episode{Kind: k.kind, Principals: s.victims, Begin: at(begin / 100 * 100)})
	for _, v := range s.victims {
		m.attacked[v] = true
	}
}

// The following say who can be a victim. The sign-ins of managed identities show nothing of an intruder.
func anybody(s *script) bool { return !s.p.managed() }

func inCloud(s *script) bool { return anybody(s) && s.site().role <= otherCloud }

func hasMachines(s *script) bool { return anybody(s) && s.home().fresh == fixed }

func hasKeys(s *script) bool { return anybody(s) && len(s.p.keysAt(s.begin)) > 0 }

func hasHomes(s *script) bool {
	return anybody(s) && s.site().role != home && len(s.r.world.find(home, s.here)) > 0
}

func usesTokens(s *script) bool {
	return slices.ContainsFunc(s.p.uses, func(u use) bool { return logged(u.resource) && u.from <= s.begin })
}
