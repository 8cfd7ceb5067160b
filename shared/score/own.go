package score

import (
	"cmp"
	"fmt"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Seen is one value of one property, in the words of the log.
type Seen struct {
	Property string `json:"property"` // named like its contribution
	Value    string `json:"value"`
}

// Compare orders values by property.
func (s Seen) Compare(o Seen) int {
	return cmp.Or(cmp.Compare(s.Property, o.Property), cmp.Compare(s.Value, o.Value))
}

// Own are values of which a person said that they are the principal's own. The model takes them for settled; whatever else an
// event shows counts as ever.
type Own map[Seen]bool

// SeenOf makes the value of a property. What is learned without a version or a case is compared without it.
func SeenOf(property, value string) Seen {
	switch property {
	case baseline.AgentFamily.String():
		value = baseline.AgentFamilyName(value)
	case baseline.Library.String():
		value = baseline.LibraryName(value)
	}
	return Seen{property, value}
}

// SeenWeekday is the day of the week, which is told as a time of day.
func SeenWeekday(d time.Weekday) Seen { return Seen{baseline.HourBlock.String(), d.String()} }

// SeenNetwork returns the values of where something came from: the autonomous system, the prefix and the address, as far as they are
// known. Sign-ins and activity share them.
func SeenNetwork(asn uint32, prefix, address string) (out []Seen) {
	if asn != 0 {
		out = append(out, Seen{baseline.ASN.String(), fmt.Sprintf("AS%d", asn)})
	}
	if prefix != "" {
		out = append(out, Seen{baseline.Prefix.String(), prefix})
	}
	if address != "" {
		out = append(out, Seen{baseline.Address.String(), address})
	}
	return out
}

// own reports whether a person said that the event's value of a property is the principal's own.
func (j *judgement) own(p baseline.Property) bool {
	return len(j.Own) > 0 && j.Own[seen(p, j.event)]
}

func seen(p baseline.Property, e *event.Event) Seen {
	switch p {
	case baseline.ASN, baseline.ActivityASN:
		return Seen{baseline.ASN.String(), fmt.Sprintf("AS%d", e.Network.ASN)}
	case baseline.Prefix, baseline.ActivityPrefix:
		return Seen{baseline.Prefix.String(), baseline.NetworkPrefix(e.Caller).String()}
	case baseline.Address:
		return Seen{p.String(), e.Caller.String()}
	case baseline.Hosting:
		return Seen{p.String(), e.Network.Hosting.String()}
	case baseline.Country:
		return Seen{p.String(), e.Network.Country}
	}
	return SeenOf(p.String(), shown(p, e))
}
