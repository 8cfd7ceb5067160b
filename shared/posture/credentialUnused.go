package posture

import "fmt"

// credentialUnused looks at credentials that open the door and that nobody uses: whose loss nobody would notice.
var credentialUnused = &Rule{
	ID: "credentialUnused", Title: "Valid credential that was not used for 60 days",
	Techniques: []string{"T1078.004", "T1552"},
	Sees: "passwordCredentials and keyCredentials of the application and its service principals, and the key ids of its sign-ins of 60 days; " +
		"not told when it may be used unseen: of multi-tenant applications, of pages that people sign in to, of APIs that act for users, while sign-ins do not say their key, " +
		"or while the log of sign-ins has gaps",
	Levels:         "low",
	FalsePositives: []string{"A credential for a yearly job, or kept for an emergency.", "It is used to sign or decrypt, and not to sign in."},
	Ask:            []string{"Who holds it, and is it needed? What nobody needs is removed before somebody else finds it."},
	Find: func(in *Input) []Finding {
		var out []Finding
		for _, h := range in.Facts.holders() {
			for _, kind := range h.kinds() {
				var ids []string
				for i := range kind.list {
					c := &kind.list[i]
					if c.valid(in.Now) && !h.signing(c) && in.Use.KeyUsed(&in.Facts, c, in.Now) == No {
						ids = append(ids, c.KeyID)
					}
				}
				if len(ids) > 0 {
					out = append(out, Finding{low, h.what + ", " + kind.one + "s", fmt.Sprintf("the %s %s has %s that was valid and not used for %d days: key id %s",
						h.what, in.titled(), count(len(ids), kind.one), Idle, some(ids))})
				}
			}
		}
		return out
	},
}

// signs is the usage of certificates that sign SAML tokens: they are not for signing in.
const signs = "Sign"

// kind is the credentials of one type.
type kind struct {
	one  string
	list []Credential
}

func (h *holder) kinds() []kind {
	return []kind{{"client secret", h.passwords}, {"certificate", h.keys}}
}
