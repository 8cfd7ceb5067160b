package rule

import "rekey/shared/weburi"

// redirectUnsafe looks at addresses where codes and tokens can be read or caught by others.
var redirectUnsafe = &Rule{
	ID: "redirectUnsafe", Title: "Redirect URI with a wildcard, a bare address or without encryption",
	Covers: []string{"F01"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"Test environments inside a company network."},
	Ask:            []string{"Who controls the address, or everything that the wildcard matches?", "Which users have signed in through it since?"},
	Match:          onRedirect(weburi.Unsafe, medium),
}
