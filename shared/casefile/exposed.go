package casefile

import (
	"fmt"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/exposure"
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
}

// exposed lists what was read since the window began, newest first, and whether there was more than is known.
func exposed(x *exposure.Index, w Window) (out []Exposed, more bool) {
	if x == nil {
		return nil, false
	}
	reads := x.Reads(w.From)
	more = x.More(exposure.ClassObject) || x.More(exposure.ClassResource) || len(reads) > maxExposed
	for i := range reads[:min(len(reads), maxExposed)] {
		r := &reads[i]
		e := Exposed{
			Object: r.Object, Operations: r.Ops.String(), First: r.First(), Last: r.End(), Network: r.Origin.String(), Versions: r.Versions(),
		}
		if r.From.IsValid() {
			e.IPAddress = r.From.String()
		}
		out = append(out, e)
	}
	return out, more
}

// secretsRead answers whether secrets were read. Notes say it with their records; the index knows more of them.
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
	x.value, x.why = Yes, fmt.Sprintf("%s (%s) from %s", c.Exposed[0].Object, c.Exposed[0].Operations, c.Exposed[0].Network)
	if n := len(c.Exposed) - 1; n > 0 {
		x.why += fmt.Sprintf(", and %d more", n)
	}
	if c.MoreExposed {
		x.why += "; older ones may be missing"
	}
	return x
}
