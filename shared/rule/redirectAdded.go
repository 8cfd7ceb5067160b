package rule

import "rekey/shared/weburi"

// redirectAdded looks at redirect URIs nothing is wrong with: codes and tokens are sent there all the same.
var redirectAdded = &Rule{
	ID: "redirectAdded", Title: "Redirect URI added",
	Covers: []string{"F01"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "low",
	FalsePositives: []string{"A new environment of the application gets its address."},
	Ask:            []string{"Does the address belong to the application's team?", "Is the application used by people who sign in?"},
	Match:          onRedirect(weburi.Sound, low),
}
