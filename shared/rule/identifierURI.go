package rule

import (
	"fmt"

	"rekey/shared/event"
	"rekey/shared/weburi"
)

// identifierURI looks at the name that tokens for the application are asked with: who takes another application's name
// may be handed its tokens.
var identifierURI = &Rule{
	ID: "identifierURI", Title: "Application ID URI added",
	Covers: []string{"F02", "F03"}, RiskType: TypeAnomalous, Techniques: []string{"T1078.004", "T1552"},
	Event: "AuditLogs: \"Update application\" or \"Update service principal\", a text in the new AppIdentifierUri that the old one lacks",
	Shape: Guessed, Levels: "low; medium when it is a web address outside the tenant's domains or resembles one of them",
	FalsePositives: []string{"An application that offers an API gets its api:// name once.", "SAML applications have their provider's address as a name."},
	Ask:            []string{"Does another application use or have used this name?", "Who owns the domain in it?"},
	Match: func(e *event.Event, w *World) []Finding {
		out := newURIs(e, w, "AppIdentifierUri")
		for i := range out {
			f := &out[i]
			f.Level, f.What = low, fmt.Sprintf("%s got the application ID URI %s", titled(f.Principal), f.Subject)
			if kind, why := examine(f.Subject, w); kind == weburi.Foreign || kind == weburi.LookAlike {
				f.Level, f.What = medium, f.What+": "+why
			}
		}
		return out
	},
}
