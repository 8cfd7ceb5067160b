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
const (
	intruderNewNetwork = .8
	intruderNewAddress = .15

	intruderHosting, honestHostingGivenNetwork = .6, .25
	intruderCountry, honestCountryGivenNetwork = .7, .3
)

// network adds the contributions of where the sign-in came from.
func (m Model) network(cs []Contribution, e *event.Event, values *baseline.Values, v baseline.View) []Contribution {
	if e.Network.Hosting == event.HostingOwn {
		return cs // the user's own egress: declared, not learned
	}
	n := len(cs)
	cs = m.origin(cs, e, values, v)
	moved := len(cs) > n && cs[n].Name != baseline.Address.String()
	cs = m.hosting(cs, e, values, v, moved)
	return m.country(cs, e, values, v, moved)
}

// origin charges the autonomous system or, where it is unknown, the prefix; and else the address within it.
func (m Model) origin(cs []Contribution, e *event.Event, values *baseline.Values, v baseline.View) []Contribution {
	coarse := term{baseline.ASN, FamilyNetwork, intruderNewNetwork, "network"}
	if !values.Has(baseline.ASN) || v.Seen(baseline.ASN) == 0 {
		coarse.property = baseline.Prefix
	}
	if values.Has(coarse.property) && !v.Settled(coarse.property, values.Hash[coarse.property]) {
		return m.place(cs, coarse, networkName(e), values, v)
	}
	if m.known(baseline.Prefix, values, v) || !values.Has(baseline.Address) {
		return cs
	}
	return m.place(cs, term{baseline.Address, FamilyNetwork, intruderNewAddress, "address in a known network"}, e.Caller.String(), values, v)
}

func (m Model) place(cs []Contribution, t term, value string, values *baseline.Values, v baseline.View) []Contribution {
	if v.Seen(t.property) == 0 || v.Saturated(t.property) {
		return cs
	}
	if v.Settled(t.property, values.Hash[t.property]) {
		return cs
	}
	days := v.DaysKnown(t.property, values.Hash[t.property])
	honest := m.honest(t.property, values, v)
	return add(cs, Contribution{
		Name: t.property.String(), Family: t.family, Bits: clamp(math.Log2(t.intruder/honest)) * novelty(days),
		Value: value, Why: because(t.what, days, honest, v),
	})
}

func (m Model) hosting(cs []Contribution, e *event.Event, values *baseline.Values, v baseline.View, moved bool) []Contribution {
	t := term{baseline.Hosting, FamilyNetwork, intruderHosting, "kind of network"}
	return m.dependent(cs, t, honestHostingGivenNetwork, e.Network.Hosting.String(), values, v, moved)
}

func (m Model) country(cs []Contribution, e *event.Event, values *baseline.Values, v baseline.View, moved bool) []Contribution {
	t := term{baseline.Country, FamilyNetwork, intruderCountry, "country"}
	return m.dependent(cs, t, honestCountryGivenNetwork, e.Network.Country, values, v, moved)
}

// dependent charges a property of the network: by its own rate when the network is known (it was relabelled, or the
// record says so), and by what it adds when the network is new anyway.
func (m Model) dependent(cs []Contribution, t term, given float64, value string, values *baseline.Values, v baseline.View, moved bool) []Contribution {
	if !moved {
		if !values.Has(t.property) {
			return cs
		}
		return m.place(cs, t, value, values, v)
	}
	if !values.Has(t.property) || v.Seen(t.property) == 0 || v.Saturated(t.property) {
		return cs
	}
	if v.Settled(t.property, values.Hash[t.property]) {
		return cs
	}
	days := v.DaysKnown(t.property, values.Hash[t.property])
	return add(cs, Contribution{
		Name: t.property.String(), Family: t.family, Bits: math.Log2(t.intruder/given) * novelty(days), Value: value,
		Why: fmt.Sprintf("new for this principal; about %.0f%% of honest moves to a new network change the %s", given*100, t.what),
	})
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
