package simulate

// rotate gives a principal a new key of the same type, in time or after the old one has expired.
func (c changer) rotate() {
	when := c.moment()
	kind := c.r.keys[c.p.held[0].key].kind
	if kind == ofFederation || kind == ofPlatform || len(c.p.held) > 1 {
		return
	}
	n := c.r.change(KeyRotation, c.n, when)
	if n == none {
		return
	}
	if c.d.chance(300) { // a machine was forgotten
		c.p.outages = append(c.p.outages, outage{when, when + c.d.span(hour, 14*hour), 7000215, 4})
	}
	switch {
	case c.d.chance(120): // nobody remembered in time
		c.p.outages = append(c.p.outages, outage{when - c.d.span(2*hour, 30*hour), when, 7000222, 1})
		c.rekey(when, kind, n, when)
	case c.d.chance(400):
		c.rekey(when, kind, n, when+c.d.span(2*hour, 3*day))
	default:
		c.rekey(when, kind, n, when+c.d.span(0, 20*minute))
	}
}

// nextKind is the type of credential that a migrated principal gets.
func (c changer) nextKind() string {
	if c.p.managed() {
		return ofPlatform
	}
	return []string{ofSecret, ofCertificate, ofFederation}[weighted(c.d, []int{40, 30, 30})]
}

// rekey gives a principal a key from a time on, ends the old ones, and writes the audit records of both.
func (c changer) rekey(when int64, kind string, change int32, oldEnds int64) {
	if kind == ofPlatform {
		return
	}
	before := c.p.keysAt(when)
	k := c.r.newKey(kind, c.d.label(c.p, kind))
	for i := range c.p.held {
		c.p.held[i].until = min(c.p.held[i].until, oldEnds)
	}
	c.p.held = append(c.p.held, held{when, always, k, change})
	actor := c.r.deployer(c.d, c.n)
	added := when - c.d.span(minute, 90*minute)
	c.r.keyAudit(c.d, keyChange{when: added, who: c.n, actor: actor, before: before, after: append(before[:len(before):len(before)], k), change: change})
	if c.d.chance(700) {
		removed := oldEnds + c.d.span(10*minute, 8*hour)
		c.r.keyAudit(c.d, keyChange{when: removed, who: c.n, actor: actor, before: append(before[:len(before):len(before)], k), after: []int32{k}, change: change})
	}
}

// spare adds a credential that nobody uses, as people do before they know what they need.
func (c changer) spare() {
	if c.p.managed() {
		return
	}
	when := c.moment()
	before := c.p.keysAt(when)
	k := c.r.newKey(ofSecret, c.d.label(c.p, ofSecret))
	c.r.keyAudit(c.d, keyChange{
		when: when, who: c.n, actor: c.r.deployer(c.d, c.n), before: before, after: append(before[:len(before):len(before)], k), change: none,
	})
}

// label names a credential the way people do.
func (d dice) label(p *Principal, kind string) string {
	switch kind {
	case ofCertificate:
		return "CN=" + p.Name + ".contoso.example"
	case ofFederation:
		return p.Name + "-" + pick(d, []string{"main", "release", "production"})
	}
	return pick(d, []string{"rotated", "2026", "prod", "do not delete", "key2", "terraform-managed"})
}

// keysAt is the credentials in use at a time.
func (p *Principal) keysAt(when int64) []int32 {
	var out []int32
	for _, h := range p.held {
		if h.from <= when && when < h.until {
			out = append(out, h.key)
		}
	}
	return out
}

// platformRotation is what the platform does to managed identities every 46 days, for the audit log only.
func (c changer) platformRotation() {
	when := c.r.start + c.d.span(0, 46*day)
	if when >= c.r.end || when < c.p.Born.UnixNano() {
		return
	}
	k := c.r.newKey(ofCertificate, "CN="+c.p.AppID)
	old := c.r.newKey(ofCertificate, "CN="+c.p.AppID)
	c.r.platformAudit(c.d, keyChange{when: when, who: c.n, before: []int32{old}, after: []int32{old, k}, change: none})
}
