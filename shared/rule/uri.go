package rule

import (
	"fmt"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/weburi"
)

// examine says what is wrong with an address, and why.
func examine(address string, w *World) (weburi.Weakness, string) {
	return weburi.Examine(address, w.Domains)
}

// newURIs returns the addresses that a property gained, each with the principal it belongs to.
func newURIs(e *event.Event, w *World, name string) []Finding {
	if !updated(e) {
		return nil
	}
	var out []Finding
	for _, p := range properties(e, w, name) {
		for _, u := range audit.AddedURIs(p.Old, p.New) {
			out = append(out, Finding{Principal: p.of, Subject: u})
		}
	}
	return out
}

// onRedirect makes a Match for redirect URIs with one weakness.
func onRedirect(which weburi.Weakness, level score.Level) func(*event.Event, *World) []Finding {
	return func(e *event.Event, w *World) []Finding {
		var out []Finding
		for _, f := range newURIs(e, w, "AppAddress") {
			kind, why := examine(f.Subject, w)
			if kind != which {
				continue
			}
			f.Level, f.What = level, fmt.Sprintf("the redirect URI %s was added to %s", f.Subject, titled(f.Principal))
			if why != "" {
				f.What += ": " + why
			}
			out = append(out, f)
		}
		return out
	}
}
