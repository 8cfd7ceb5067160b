package rule

import "rekey/shared/weburi"

// redirectForeign compares with the verified domains that the tenant declares, and is silent without them.
var redirectForeign = &Rule{
	ID: "redirectForeign", Title: "Redirect URI outside the tenant's domains",
	Covers: []string{"F01", "F02"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"The application is run by a service provider on its domain: gallery applications are."},
	Ask:            []string{"Whose domain is it, and does he run this application for us?", "Which users have signed in through it since?"},
	Match:          onRedirect(weburi.Foreign, medium),
}
