package posture

import (
	"fmt"
	"slices"
	"time"
)

// overlap is how long two credentials of a type may be valid side by side while a consumer moves from one to the other.
const overlap = 14 * 24 * time.Hour

// credentialSurplus counts valid credentials of one type: each is a door, and an intruder's is one among many.
var credentialSurplus = &Rule{
	ID: "credentialSurplus", Title: "More than one valid credential of a type",
	Techniques:     []string{"T1098.001", "T1078.004"},
	Sees:           "passwordCredentials and keyCredentials of the application and each service principal; what signs SAML tokens, with its password, does not count, and neither does one younger than 14 days beside an older one",
	Levels:         "low",
	FalsePositives: []string{"Several consumers share the application and have a credential each: each should have its own application."},
	Ask:            []string{"Which consumer uses which? One whose consumer nobody can name goes."},
	Find: func(in *Input) []Finding {
		var out []Finding
		for _, h := range in.Facts.holders() {
			for _, kind := range h.kinds() {
				var ids []string
				for i := range kind.list {
					if c := &kind.list[i]; c.valid(in.Now) && !h.signing(c) && in.Now.Sub(c.StartDateTime) > overlap {
						ids = append(ids, c.KeyID)
					}
				}
				if len(ids) > 1 {
					out = append(out, Finding{low, h.what + ", " + kind.one + "s", fmt.Sprintf("the %s %s has %s that are valid: key ids %s",
						h.what, in.titled(), count(len(ids), kind.one), some(ids))})
				}
			}
		}
		return out
	},
}

// signing reports whether a credential is part of a set that signs SAML tokens: the password of such a set has the id of
// its key, and the public key that of neither, but the same name.
func (h *holder) signing(c *Credential) bool {
	return c.Usage == signs || slices.ContainsFunc(h.keys, func(k Credential) bool {
		return k.Usage == signs && (k.KeyID == c.KeyID || k.DisplayName != "" && k.DisplayName == c.DisplayName)
	})
}
