package simulate

import "slices"

// backdoor lets somebody add a credential of another type and returns the intruder who uses it.
func (s *script) backdoor(kind string, from address, client int16) guise {
	k := s.r.newKey(kind, s.d.label(s.p, kind))
	before := s.p.keysAt(s.begin)
	s.audits = append(s.audits, plannedAudit{keyChange{
		when: s.begin, who: s.who, actor: s.insider(from), before: before, after: append(slices.Clone(before), k), change: none, episode: s.number + 1,
	}})
	return guise{from, client, k}
}

// insider is who adds the credential: a user whose work it is not, from his usual place or the intruder's, or a
// deployer whose account was taken over.
func (s *script) insider(from address) actor {
	switch s.d.IntN(3) {
	case 0:
		u := s.d.IntN(deployers)
		return actor{int32(u), none, from}
	case 1:
		u := s.d.between(deployers, len(s.r.users)-1)
		return actor{int32(u), none, s.r.users[u].from}
	}
	return actor{int32(s.d.between(deployers, len(s.r.users)-1)), none, from}
}

func (s *script) backdoorCredential() bool {
	kind := ofSecret
	if s.r.keys[s.p.keysAt(s.begin)[0]].kind == ofSecret {
		kind = ofCertificate
	}
	client := s.tool()
	if s.d.chance(500) {
		client = s.mimic()
	}
	g := s.backdoor(kind, s.hired(), client)
	s.visits(s.begin+s.d.span(3*minute, 30*hour), g, s.many(), 300)
	return true
}

func (s *script) backdoorFederated() bool {
	from := s.hired()
	if s.d.chance(300) {
		from = s.outside(build)
	}
	client := s.tool()
	if s.d.chance(500) {
		client = s.mimic()
	}
	s.visits(s.begin+s.d.span(3*minute, 30*hour), s.backdoor(ofFederation, from, client), s.many(), 300)
	return true
}
