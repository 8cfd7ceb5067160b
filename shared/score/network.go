package score

import (
	"fmt"
	"math"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// The network is one ordinal property: the same address is less than a new address in a known network, which is less
// than a new network. Only the coarsest novelty is charged in full. Hosting class and country are contributions of
// their own, but after a new network they say little more, so they are charged as what they add to it.

// place says which properties tell where an event came from.
type place struct{ prefix, asn baseline.Property }

var (
	signInPlace   = place{baseline.Prefix, baseline.ASN}
	activityPlace = place{baseline.ActivityPrefix, baseline.ActivityASN}
)

// network adds the contributions of where the event came from, and reports whether the network is new, or near a known
// one: another part of it, as a cloud's next region is.
func (j *judgement) network(at place) (moved, near bool) {
	if j.event.Network.Hosting == event.HostingOwn {
		return false, false // the user's own egress: declared, not learned
	}
	moved, near = j.origin(at)
	j.dependent(baseline.Hosting, assumed.HostingGivenMove[min(j.event.Network.Hosting, event.HostingOwn)], j.event.Network.Hosting.String(), "kind of network", moved)
	j.dependent(baseline.Country, assumed.CountryGivenMove, j.event.Network.Country, "country", moved || near)
	return moved, near
}

// origin charges the autonomous system or, where it is unknown, the prefix; and else the address within it.
func (j *judgement) origin(at place) (moved, near bool) {
	coarse := at.asn
	if !j.known(coarse) && (!j.values.Has(coarse) || j.View.Seen(coarse) == 0) {
		coarse = at.prefix
	}
	if j.values.Has(coarse) && !j.known(coarse) {
		if !j.novel(coarse) {
			return false, false
		}
		bits := math.Log2(assumed.Intruder[coarse] / j.honest(coarse))
		foreign := j.values.Has(at.asn) && j.Fleet.Foreign(baseline.ASN, j.values.Hash[at.asn])
		if foreign {
			bits += assumed.ForeignNetwork
		}
		j.add(coarse, FamilyNetwork, bits, networkName(j.event), "network", foreign)
		return true, false
	}
	return false, at == signInPlace && j.address()
}

// address charges a new address in a known network: by its prefix where that is new, too, and else by itself. In a
// large cloud the network says little, and this is all there is.
func (j *judgement) address() bool {
	p, what := baseline.Prefix, "prefix of a known network"
	if j.known(p) {
		p, what = baseline.Address, "address of a known prefix"
	}
	if !j.novel(p) {
		return false
	}
	bits := math.Log2(assumed.Near[p] / j.honest(p))
	n := len(j.out)
	j.add(p, FamilyNetwork, bits, j.event.Caller.String(), what, false)
	if len(j.out) > n {
		j.out[n].Name = baseline.Address.String() // the network is no other one
	}
	return p == baseline.Prefix
}

// dependent charges a property of the network: by its own rate when the network is known (it was relabelled, or the
// record says so), and by what it adds when the network is new anyway.
func (j *judgement) dependent(p baseline.Property, given Odds, value, what string, moved bool) {
	if !j.novel(p) {
		return
	}
	if !moved {
		j.add(p, FamilyNetwork, math.Log2(assumed.Intruder[p]/j.honest(p)), value, what, false)
		return
	}
	days := j.View.DaysKnown(p, j.values.Hash[p])
	j.contribute(p.String(), FamilyNetwork, bitsOf(given)*novelty(days), value,
		fmt.Sprintf("new for this principal; about %.0f%% of honest moves to a new network change the %s", given.Honest*100, what))
}

// Late returns what can only be told after the event, for an event from a new network: that the known network goes on
// working beside the new one, which its contributions tell of. That is a copied credential, and not a workload that
// moved.
func (m Model) Late(v baseline.View, cs []Contribution) []Contribution {
	j := judgement{Model: m, Facts: Facts{View: v}}
	j.stillActive(foreignNetwork(cs))
	return j.out
}

func (j *judgement) stillActive(foreign bool) {
	known := baseline.ASN
	if j.View.Seen(known) == 0 {
		known = baseline.Prefix
	}
	after := assumed.Overlap
	if foreign {
		after = assumed.Afterward
	}
	switch {
	case j.View.StillActive(known, 1):
		j.contribute("knownNetworkActive", FamilyNetwork, bitsOf(assumed.Parallel)+bitsOf(after), "the day after",
			"a known network of this principal was at work on the same day and the day after: the workload did not move")
	case j.View.StillActive(known, 0):
		j.contribute("knownNetworkActive", FamilyNetwork, bitsOf(assumed.Parallel), "the same day",
			"a known network of this principal was at work on the same day")
	}
}

// activity judges where a token was used. What was done with it is judged by the detections of each log.
func (j *judgement) activity() {
	if j.inSignIns() || j.event.Network.Hosting == event.HostingOwn {
		return
	}
	if j.View.Seen(activityPlace.asn) == 0 && j.View.Seen(activityPlace.prefix) == 0 {
		j.firstActivity()
		return
	}
	if moved, _ := j.network(activityPlace); !moved {
		return
	}
	j.elsewhere(bitsOf(assumed.Elsewhere))
}

// firstActivity charges the first activity that is seen of a principal, when it comes from where it never signed in.
func (j *judgement) firstActivity() {
	if j.View.Seen(baseline.Prefix) > 0 && j.View.ActiveDays() >= baseline.Probation {
		j.elsewhere(bitsOf(assumed.FirstActivity))
	}
}

func (j *judgement) elsewhere(bits float64) {
	why := "no sign-in of these days came from there: the token was issued elsewhere"
	if j.View.Seen(baseline.Prefix) == 0 {
		why = "a managed identity's tokens are issued inside Azure, to the resource it belongs to"
	}
	if t, ok := j.token(); ok {
		why = fmt.Sprintf("the token was issued to %s at %s", t.From, t.Time.Format("15:04:05"))
	}
	j.contribute("tokenElsewhere", FamilyCredential, bits, networkName(j.event), why)
}

// inSignIns reports whether the principal is known to sign in from where its token is used, or did so these days. Where
// it signs in from more places than are kept, that cannot be denied.
func (j *judgement) inSignIns() bool {
	for _, pair := range [2][2]baseline.Property{{baseline.ActivityASN, baseline.ASN}, {baseline.ActivityPrefix, baseline.Prefix}} {
		if !j.values.Has(pair[0]) || j.View.Seen(pair[1]) == 0 {
			continue
		}
		hash := j.values.Hash[pair[0]]
		return j.View.Settled(pair[1], hash) || j.View.UsedNear(pair[1], hash) || j.View.Overflows(pair[1]) || j.own(pair[0])
	}
	return false
}

// token finds where the token was issued to, while that is remembered.
func (j *judgement) token() (baseline.Token, bool) {
	if j.Evidence == nil {
		return baseline.Token{}, false
	}
	return j.Evidence.Issued(&j.values)
}

// foreignNetwork reports whether the new network is one that hardly anybody else in the tenant uses.
func foreignNetwork(cs []Contribution) bool {
	for i := range cs {
		if cs[i].Foreign && (cs[i].Name == baseline.ASN.String() || cs[i].Name == baseline.Prefix.String()) {
			return true
		}
	}
	return false
}

// Moved reports whether one of the contributions is a new network.
func Moved(cs []Contribution) bool {
	for i := range cs {
		if cs[i].Name == baseline.ASN.String() || cs[i].Name == baseline.Prefix.String() {
			return true
		}
	}
	return false
}

func networkName(e *event.Event) string {
	switch {
	case e.Network.ASN != 0 && e.Network.ASName != "":
		return fmt.Sprintf("AS%d %s (%s)", e.Network.ASN, e.Network.ASName, e.Caller)
	case e.Network.ASN != 0:
		return fmt.Sprintf("AS%d (%s)", e.Network.ASN, e.Caller)
	}
	return baseline.NetworkPrefix(e.Caller).String()
}
