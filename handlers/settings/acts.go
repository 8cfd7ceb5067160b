package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rekey/shared/remedy"
)

// Acts are the kinds of act that plans may have beside changing credentials and disabling. Each needs permissions of its
// own (docs/permissions.md); what the identity may not do is named by the plan and left to people.
type Acts remedy.Options

// kindsOfAct set the option that each word stands for.
var kindsOfAct = map[string]func(*Acts){
	"risk":           func(a *Acts) { a.Risk = true },
	"vaultAccess":    func(a *Acts) { a.VaultAccess = true },
	"owners":         func(a *Acts) { a.Owners = true },
	"redirectUris":   func(a *Acts) { a.RedirectURIs = true },
	"grants":         func(a *Acts) { a.Grants = true },
	"appRoles":       func(a *Acts) { a.AppRoles = true },
	"directoryRoles": func(a *Acts) { a.DirectoryRoles = true },
	"elsewhere":      func(a *Acts) { a.Elsewhere = true },
	"azure":          func(a *Acts) { a.Azure = true },
	"detach":         func(a *Acts) { a.Detach = true },
	"watch":          func(a *Acts) { a.Watch = true },
}

// Decode implements envconfig.Decoder.
func (a *Acts) Decode(s string) error {
	*a = Acts{}
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		set, ok := kindsOfAct[word]
		if !ok {
			return fmt.Errorf("%q is no kind of act: %s", word, strings.Join(slices.Sorted(maps.Keys(kindsOfAct)), ", "))
		}
		set(a)
	}
	return nil
}
