package casefile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/exposure"
	"rekey/shared/score"
)

// maxExposed bounds what a case lists of what was read: the newest.
const maxExposed = 64

// Exposed is one secret, or one resource's keys, that was handed out to the principal within the window, and from where it
// was asked for. It has to be rotated first.
type Exposed struct {
	Object     string    `json:"object"` // "vault/secrets/name", or a resource's id
	Operations string    `json:"operations"`
	First      time.Time `json:"first"`             // of its newest day, to the hour
	Last       time.Time `json:"last"`              // the end of the last hour
	Network    string    `json:"network,omitempty"` // autonomous system or prefix
	IPAddress  string    `json:"ipAddress,omitempty"`
	Versions   []string  `json:"versions,omitempty"`
	Suspect    bool      `json:"fromSuspicious,omitempty"` // it was asked for from where a suspicious sign-in or call came from
}

// exposed lists what was read since the window began, newest first, and whether there was more than is known.
func exposed(x *exposure.Index, w Window, from places) (out []Exposed, more bool) {
	if x == nil {
		return nil, false
	}
	reads := x.Reads(w.From)
	more = x.More(exposure.ClassObject) || x.More(exposure.ClassResource) || len(reads) > maxExposed
	for i := range reads[:min(len(reads), maxExposed)] {
		r := &reads[i]
		e := Exposed{
			Object: r.Object, Operations: r.Ops.String(), First: r.First(), Last: r.End(), Network: r.Origin.String(), Versions: r.Versions(),
			Suspect: from.have(r),
		}
		if r.From.IsValid() {
			e.IPAddress = r.From.String()
		}
		out = append(out, e)
	}
	return out, more
}

// places are where suspicious sign-ins and calls came from.
type places struct {
	addresses []netip.Addr
	systems   []uint32
}

// callsElsewhere are the contributions that say that calls come from where they never came from.
var callsElsewhere = []string{"activityASN", "activityPrefix", "tokenElsewhere"}

// placesOf are those of a case that are new for the principal: what comes from its own place cannot be told from its work.
func placesOf(ds []detect.Detection) places {
	var out places
	for _, d := range ds {
		if !score.Moved(d.Contributions) && !slices.ContainsFunc(d.Contributions, func(k score.Contribution) bool { return slices.Contains(callsElsewhere, k.Name) }) {
			continue
		}
		for _, r := range d.Records {
			if a, err := netip.ParseAddr(r.IPAddress); err == nil {
				out.addresses = append(out.addresses, a.Unmap())
			}
			if r.ASN != 0 {
				out.systems = append(out.systems, r.ASN)
			}
		}
	}
	return out
}

func (p places) known() bool { return len(p.addresses)+len(p.systems) > 0 }

// have reports whether a read came from one of the places.
func (p places) have(r *exposure.Read) bool {
	return slices.Contains(p.addresses, r.From) || slices.Contains(p.systems, r.Origin.ASN) ||
		slices.ContainsFunc(p.addresses, r.Origin.Prefix.Contains)
}

// secretsRead answers whether secrets were read that it does not always read, or from where it never was. Notes say it with
// their records; the index knows more of them. What somebody on its host reads cannot be told from its own work.
func secretsRead(_ *Facts, c *Case) finding {
	var x finding
	for _, h := range c.Harm {
		if h.Kind == baseline.NoteSecretRead {
			x.value, x.why, x.records = Yes, more(x.why, h.What), append(x.records, h.Record)
		}
	}
	if len(c.Exposed) == 0 {
		return x
	}
	from := slices.DeleteFunc(slices.Clone(c.Exposed), func(e Exposed) bool { return !e.Suspect })
	switch onHost := slices.ContainsFunc(c.Detections, func(d detect.Detection) bool { return d.Rule == "" }) && !placesOf(c.Detections).known(); {
	case len(from) > 0:
		x.value, x.why = Yes, listed(from)
	case x.value == Yes:
	case onHost:
		x.value, x.why = Yes, listed(c.Exposed)+", where it usually is and somebody else seems to be"
	default:
		x.why = "only from where it usually is: " + listed(c.Exposed)
	}
	if c.MoreExposed {
		x.why += "; older ones may be missing"
	}
	return x
}

// listed names the newest read, and how many more there are.
func listed(xs []Exposed) string {
	out := fmt.Sprintf("%s (%s) from %s", xs[0].Object, xs[0].Operations, cmp.Or(xs[0].IPAddress, xs[0].Network))
	if n := len(xs) - 1; n > 0 {
		out += fmt.Sprintf(", and %d more", n)
	}
	return out
}
