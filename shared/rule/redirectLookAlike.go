package rule

import "rekey/shared/weburi"

// redirectLookAlike looks at hosts that a person takes for the tenant's own.
var redirectLookAlike = &Rule{
	ID: "redirectLookAlike", Title: "Redirect URI whose host resembles one of the tenant's domains",
	Covers: []string{"F01", "F02"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "medium",
	FalsePositives: []string{"A brand or project domain of the same company that is not verified in the tenant."},
	Ask:            []string{"Who registered the domain, and when?", "Who added the address, and did he mistype it?"},
	Match:          onRedirect(weburi.LookAlike, medium),
}
