package rule

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
)

// keyChange is what one target's list of credentials gained.
type keyChange struct {
	of     event.Principal
	target event.Target
	had    []audit.Key
	added  []audit.Key // at least one
}

// keyChanges returns the targets that got a credential. A key set that only got smaller or was put in another order is
// none. The platform rotates the certificates of managed identities itself.
func keyChanges(e *event.Event, w *World) []keyChange {
	if !made(e) || !audit.IsCredentials(e.Audit) && !audit.Is(e.Audit, "Add service principal credentials", "Update application", "Update service principal", "Add service principal") {
		return nil
	}
	var out []keyChange
	for i, t := range e.Audit.Targets {
		for _, p := range t.Properties {
			k := keyChange{subject(e, w, i), t, audit.Keys(p.Old), audit.AddedKeys(p.Old, p.New)}
			if p.Name == "KeyDescription" && len(k.added) > 0 && !rotatedByPlatform(e, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// rotatedByPlatform reports whether a managed identity's certificate was renewed. The actor's name can be taken by
// anybody; the target's name at identity.azure.net is only given to managed identities.
func rotatedByPlatform(e *event.Event, k keyChange) bool {
	return isPlatform(e.Audit.Actor) && strings.Contains(audit.Value(e.Audit, "TargetId.ServicePrincipalNames"), "https://identity.azure.net/") &&
		!slices.ContainsFunc(k.added, func(a audit.Key) bool { return a.Type != "AsymmetricX509Cert" })
}

// isApplication reports whether the credential was added to an application, and not to a service principal.
func (k keyChange) isApplication() bool { return k.target.Type == "Application" }

// newType reports whether all credentials were of one kind before and another kind was added.
func (k keyChange) newType() bool {
	return len(k.had) > 0 && !slices.ContainsFunc(k.had, func(h audit.Key) bool {
		return slices.ContainsFunc(k.added, func(a audit.Key) bool { return a.Type == h.Type })
	})
}

func (k keyChange) ids() []string {
	var out []string
	for _, a := range k.added {
		out = append(out, a.ID)
	}
	return out
}

// words says what was added.
func (k keyChange) words() string {
	kind := map[string]string{"Password": "a secret", "AsymmetricX509Cert": "a certificate"}[k.added[0].Type]
	if kind == "" {
		kind = "a credential"
	}
	if n := len(k.added); n > 1 {
		kind = fmt.Sprintf("%d credentials", n)
	}
	return fmt.Sprintf("%s (key id %s)", kind, few(k.ids()))
}

// finding is about all added credentials at once: they came with one change.
func (k keyChange) finding(level score.Level, what string) Finding {
	return Finding{
		Principal: k.of, Level: level, Subject: few(k.ids()), KeyIDs: k.ids(),
		What: what,
	}
}

// onKeys makes a Match that looks at each target that got a credential.
func onKeys(judge func(e *event.Event, w *World, k keyChange) (score.Level, string)) func(*event.Event, *World) []Finding {
	return func(e *event.Event, w *World) []Finding {
		var out []Finding
		for _, k := range keyChanges(e, w) {
			if level, what := judge(e, w, k); level != none {
				out = append(out, k.finding(level, what))
			}
		}
		return out
	}
}
