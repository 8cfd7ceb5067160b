package arm_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	azarm "rekey/shared/azure/arm"
)

func TestAWildcardStandsForAnything(t *testing.T) {
	word := rapid.StringMatching(`[ab/*]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		pattern, action := word.Draw(t, "pattern"), strings.ReplaceAll(word.Draw(t, "action"), "*", "c")
		want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(action)
		if got := azarm.Matches(pattern, action); got != want {
			t.Fatalf("%q covers %q: %t, want %t", pattern, action, got, want)
		}
	})
}

// FuzzIDs shows that an id which passes stays the path of a URL on the same host.
func FuzzIDs(f *testing.F) {
	for _, seed := range []string{"/subscriptions/a/resourceGroups/b/providers/Microsoft.KeyVault/vaults/c", "/a/../b", "//x", "/a?b#c", "/a%2fb", "/é/b", "/a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if !azarm.Safe(id) {
			return
		}
		u, err := url.Parse("https://management.azure.com" + azarm.Escape(id) + "?api-version=1")
		if err != nil || u.Host != "management.azure.com" || u.Path != id || u.Query().Get("api-version") != "1" || u.JoinPath().Path != id && !strings.HasSuffix(id, "/") {
			t.Fatalf("%q became %v (%v)", id, u, err)
		}
	})
}
