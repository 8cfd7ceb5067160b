package simulate

// clientAt is the client that the principal has at a time.
func (p *Principal) clientAt(when int64) version {
	v := p.versions[0]
	for _, w := range p.versions[1:] {
		if w.from <= when {
			v = w
		}
	}
	return v
}

// keyAt draws one of the credentials in use at a time. Where two overlap, the machines change one after another.
func (p *Principal) keyAt(d dice, when int64) held {
	k := p.held[0]
	for _, h := range p.held {
		if h.from <= when && when < h.until && (k.until <= when || d.IntN(2) == 0) {
			k = h
		}
	}
	return k
}

// useAt draws one of the resources in use at a time.
func (p *Principal) useAt(d dice, when int64) use {
	sum := 0
	for i := range p.uses {
		if p.uses[i].from <= when {
			sum += p.uses[i].weight
		}
	}
	n := d.IntN(max(1, sum))
	for _, u := range p.uses {
		if u.from > when {
			continue
		}
		if n -= u.weight; n < 0 {
			return u
		}
	}
	return p.uses[0]
}

// stayAt draws one of the stays of a time.
func (p *Principal) stayAt(d dice, when int64) *stay {
	sum := 0
	for i := range p.stays {
		if s := &p.stays[i]; s.from <= when && when < s.until {
			sum += s.weight
		}
	}
	n := d.IntN(max(1, sum))
	for i := range p.stays {
		s := &p.stays[i]
		if s.from > when || when >= s.until {
			continue
		}
		if n -= s.weight; n < 0 {
			return s
		}
	}
	return &p.stays[0]
}

// failingAt is the error that a sign-in of a time ends with, or 0.
func (p *Principal) failingAt(d dice, when int64) int32 {
	for _, o := range p.outages {
		if o.from <= when && when < o.until && d.IntN(o.one) == 0 {
			return o.code
		}
	}
	return 0
}

// needs reports whether the principal has ever needed a resource by a time.
func (p *Principal) needs(resource int16, when int64) bool {
	for _, u := range p.uses {
		if u.resource == resource && u.from <= when {
			return true
		}
	}
	return false
}

// current is the stay that the principal is mostly at.
func (p *Principal) current(when int64) *stay {
	best := &p.stays[0]
	for i := range p.stays {
		s := &p.stays[i]
		if s.from <= when && when < s.until && (best.until <= when || s.weight > best.weight) {
			best = s
		}
	}
	return best
}
