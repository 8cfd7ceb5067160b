package rule

import "rekey/shared/weburi"

// redirectLocalhost looks at addresses of the loopback: how consent phishing of command line tools works.
var redirectLocalhost = &Rule{
	ID: "redirectLocalhost", Title: "Redirect URI on the user's own machine",
	Covers: []string{"F01"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "low",
	FalsePositives: []string{"Developers test with localhost: most applications had it once."},
	Ask:            []string{"Is it a productive application? Then nobody should need it."},
	Match:          onRedirect(weburi.Localhost, low),
}
