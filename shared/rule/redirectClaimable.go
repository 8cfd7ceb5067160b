package rule

import "rekey/shared/weburi"

// redirectClaimable looks at names of cloud services: who lets go of one leaves it to the next who asks.
var redirectClaimable = &Rule{
	ID: "redirectClaimable", Title: "Redirect URI on a host name that anybody can claim",
	Covers: []string{"F01", "F02"}, RiskType: TypeAnomalous, Techniques: []string{"T1528"},
	Event: "AuditLogs: \"Update application\", \"Update service principal\" and the Add activities, an Address in the new AppAddress that the old one lacks",
	Shape: Guessed, Levels: "low",
	FalsePositives: []string{"Azure web applications have such names by default."},
	Ask:            []string{"Does the name still exist, and is it ours? When it is deleted, anybody can take it and gets the codes.", "Could a domain of our own be used?"},
	Match:          onRedirect(weburi.Claimable, low),
}
