package remedy

import (
	"strings"
	"time"
)

// Kept is a credential that stays, and why.
type Kept struct {
	Object string `json:"object"`
	KeyID  string `json:"keyId"`
	Why    string `json:"why"`
}

// Keep returns the credentials of an object that stay: nothing that opens the door for the workload, but what SAML
// sign-on of people and token encryption hang on. Suspects are key ids that suspicious sign-ins used; they never stay.
// From is the beginning of the suspect window: what was added since does not stay either.
func Keep(o Object, suspects []string, from time.Time) []Kept {
	var out []Kept
	suspect := map[string]bool{}
	for _, id := range suspects {
		suspect[id] = true
	}
	groups := signingGroups(o, from)
	for _, k := range o.Keys {
		switch {
		case suspect[k.KeyID]:
		case k.KeyID == o.EncryptionKeyID && k.KeyID != "":
			out = append(out, Kept{o.ID, k.KeyID, "encrypts tokens for the application; it opens no door"})
		case groups[k.Group] && k.Group != "":
			out = append(out, Kept{o.ID, k.KeyID, "the preferred token signing certificate of SAML sign-on, older than the suspect window"})
		}
	}
	for _, p := range o.Passwords {
		if groups[p.Group] && p.Group != "" && !suspect[p.KeyID] && p.Start.Before(from) {
			out = append(out, Kept{o.ID, p.KeyID, "opens the token signing certificate of SAML sign-on"})
		}
	}
	return out
}

// signingGroups finds the sets of a Sign key, its Verify key and its password that sign SAML tokens. A set counts only
// if the thumbprint computed from its certificate is the preferred one and all its keys predate the window: anybody
// who may add keys can make a look-alike.
func signingGroups(o Object, from time.Time) map[string]bool {
	groups := map[string]bool{}
	if o.Kind != KindServicePrincipal || o.PreferredSigning == "" {
		return groups
	}
	for _, k := range o.Keys {
		if k.Group != "" && strings.EqualFold(k.Thumbprint(), o.PreferredSigning) {
			groups[k.Group] = hasSignKey(o, k.Group)
		}
	}
	for _, k := range o.Keys {
		if !k.Start.Before(from) {
			delete(groups, k.Group)
		}
	}
	return groups
}

func hasSignKey(o Object, group string) bool {
	for _, k := range o.Keys {
		if k.Group == group && k.Usage == "Sign" {
			return true
		}
	}
	return false
}
