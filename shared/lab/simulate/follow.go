package simulate

// afterwards adds a sample of what is done with a token. Managed identities show their network only here.
func (w *author) afterwards(p *Principal, signIn act) {
	share := 85
	if p.managed() {
		share = 420
	}
	if !logged(signIn.to) || !w.d.chance(share) {
		return
	}
	a := usual(w.d, signIn, p)
	a.serial = w.serial()
	a.from = w.r.leaves(w.d, p, signIn.from)
	w.push(a)
	if a.log == logARM {
		w.push(a.ends(w.d))
	}
}

// leaves is the address by which a call leaves that a machine makes.
func (r *Run) leaves(d dice, p *Principal, from address) address {
	switch p.egress {
	case poolOfNAT:
		return pooled(d, from)
	case dualStack:
		if six, ok := r.world.sixth(from); ok && d.IntN(2) == 0 {
			return six
		}
	}
	return from
}

// usual is a call with the token of a sign-in, as its principal usually makes it.
func usual(d dice, signIn act, p *Principal) act {
	a := signIn
	a.token, a.issued, a.code = signIn.serial, signIn.when, 200
	a.when += d.span(second, 50*minute) / 100 * 100
	switch signIn.to {
	case toVault:
		a.log, a.what = logVault, uint8(p.vault%3)
		if d.chance(12) {
			a.code = 403
		}
	case toGraph:
		a.log, a.what = logGraph, uint8(d.IntN(2)+p.vault%3)
		if d.chance(15) {
			a.code = 429
		}
	default:
		a.log, a.what = logARM, uint8(p.vault%3)<<1
	}
	return a
}

// ends is the second record of an operation on Azure, of which this is the first. Their serial numbers are neighbours.
func (a act) ends(d dice) act {
	a.when += d.span(second, 4*second) / 100 * 100
	a.what |= 1
	a.serial++
	return a
}
