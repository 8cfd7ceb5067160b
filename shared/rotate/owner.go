package rotate

import (
	"cmp"
	"fmt"
	"strings"
)

// Action is what an owner is asked to do, as it is sent. It names ids and never a value.
type Action struct {
	To      string `json:"to,omitempty"` // as tagged, or the default; empty is nobody known
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// action writes the request to the owner of what Rekey does not rotate. The last of what is what it is about: a vault's
// secrets, keys, a whole vault, a resource.
func (b *planner) action(t *Target, to, what string) *Action {
	name := t.Provider
	if len(t.Copies) > 0 {
		name = t.Copies[0].Name()
	}
	if what == "vault" {
		name = strings.TrimPrefix(t.Key, string(OwnerAction)+":")
	}
	a := &Action{To: plain(cmp.Or(to, b.Options.OwnerDefault)), Subject: "Owner action needed: " + plain(name)}
	var s strings.Builder
	who := cmp.Or(plain(b.Radius.Name), plain(b.Radius.Principal))
	switch seen := newest(t.Seen, t.Copies); {
	case seen != nil && t.Direct != nil:
		fmt.Fprintf(&s, "%s was compromised, and Azure Resource Manager handed out the keys or settings of %s to it, last before %s.\n", who, plain(name), minute(seen.Last))
	case seen != nil:
		fmt.Fprintf(&s, "%s was compromised, and %s was handed out to it (%s), last before %s.\n", who, plain(name), seen.Operations, minute(seen.Last))
	default:
		fmt.Fprintf(&s, "%s was compromised, and could have read %s: %s.\n", who, plain(name), whyTier[t.Tier])
	}
	fmt.Fprintf(&s, "Rekey does not rotate it, because %s.\n", t.Why)
	for i, line := range todo[cmp.Or(what, "secrets")] {
		fmt.Fprintf(&s, "%d. %s\n", i+1, line)
	}
	fmt.Fprintf(&s, "Case %s.", plain(b.Case))
	a.Text = s.String()
	return a
}

// todo says what to do, by what it is.
var todo = map[string][]string{
	"secrets": {
		"Find out what the value opens, and who uses it.",
		"Make a new one where the value comes from, and store it as a new version of the secret.",
		"When its users have read the new version, revoke the old value where it comes from. Disabling the old version in the vault alone stops nobody who has read it.",
		"For the next time, tag the secret with " + TagProvider + " and " + TagCredential + ", or with " + TagWebhook + ".",
	},
	"own": {
		"See that the eviction of the application is done: then this value opens nothing.",
		"Give what read this secret the application's new certificate, as the eviction's plan says, and delete the secret.",
	},
	"gone": {
		"Find out who deleted it, and what its value opened.",
		"If the value still opens anything, make a new one where it comes from.",
	},
	"keys": {
		"Make a new version of the key, and let everything be wrapped or encrypted anew that the old one protects.",
		"Take the old version for known to the intruder: what it signed since then proves nothing.",
	},
	"certificates": {
		"Make a new version of the certificate with a new key, and let the old one be revoked by who issued it.",
	},
	"vault": {
		"Let Rekey list the secrets of the vault (Key Vault Secrets Officer, and through the firewall), and ask for the plan again; or rotate them by hand.",
	},
	"resource": {
		"Make new keys, one after the other, and give them to who uses them.",
		"Look at what else was handed out with them: connection strings and application settings hold credentials of other services, and those are known now, too.",
	},
}
