package reach

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Tags that say whose credential a secret is. The first two are those of Microsoft's rotation samples.
const (
	TagProvider   = "ProviderAddress" // where the credential was made: a resource's id, an application's id
	TagCredential = "CredentialId"    // which of the provider's it is: a key's name, a key id
)

// Linked is another application whose credential was read: it has to be taken for stolen, and the application gets a
// case of its own. Proven is set by who compared the value; a tag is what somebody wrote.
type Linked struct {
	AppID      string `json:"appId"` // or object id of the application, as the tag has it
	Credential string `json:"credential,omitempty"`
	Secret     string `json:"secret"` // vault/name
	Why        string `json:"why"`
	Proven     bool   `json:"proven"`

	First time.Time `json:"first"` // read by the principal, in the window
	Last  time.Time `json:"last"`
}

var guid = regexp.MustCompile(`(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// Application returns the application that a secret's tags name as its provider: its id alone, or as the end of an
// address of Microsoft Graph.
func Application(tags map[string]string) (id, credential string, ok bool) {
	address := strings.TrimSuffix(strings.TrimSpace(Tag(tags, TagProvider)), "/")
	if i := strings.LastIndexByte(address, '/'); i >= 0 {
		before := strings.ToLower(address[:i])
		if !strings.HasSuffix(before, "applications") && !strings.HasSuffix(before, "serviceprincipals") {
			return "", "", false
		}
		address = address[i+1:]
	}
	if !guid.MatchString(address) {
		return "", "", false
	}
	return strings.ToLower(address), strings.ToLower(strings.TrimSpace(Tag(tags, TagCredential))), true
}

// Tag returns a tag's value. People write names of tags as they like.
func Tag(tags map[string]string, name string) string {
	if v, ok := tags[name]; ok {
		return v
	}
	for _, k := range sortedKeys(tags) {
		if strings.EqualFold(k, name) {
			return tags[k]
		}
	}
	return ""
}

func sortedKeys(tags map[string]string) []string {
	out := make([]string, 0, len(tags))
	for k := range tags {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// linked lists the applications whose credentials were read. Its own are the eviction's.
func (f *Facts) linked(vaults []VaultReach) []Linked {
	out := []Linked{}
	for _, v := range vaults {
		for _, s := range v.Secrets {
			app, credential, ok := Application(s.Tags)
			if s.Read != Yes || !ok || strings.EqualFold(app, f.AppID) {
				continue
			}
			secret := v.Name + "/" + s.Name
			out = append(out, Linked{
				AppID: app, Credential: credential, Secret: secret, First: s.Seen.First.UTC(), Last: s.Seen.Last.UTC(),
				Why: fmt.Sprintf("its credential lies in %s, which %s read until %s", plain(secret), cmp.Or(plain(f.Name), f.Principal), s.Seen.Last.UTC().Format("2006-01-02 15:04 MST")),
			})
		}
	}
	slices.SortFunc(out, func(a, b Linked) int {
		return cmp.Or(strings.Compare(a.AppID, b.AppID), strings.Compare(a.Credential, b.Credential), strings.Compare(a.Secret, b.Secret))
	})
	return out
}
