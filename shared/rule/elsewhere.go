package rule

// Reason says why no rule covers a public detection.
type Reason string

// The reasons.
const (
	ByScore       Reason = "the sign-in model" // package score finds it: it needs the principal's history
	MissingStream Reason = "missing stream"    // a log that Rekey is not given
	NeverExported Reason = "never exported"    // a field that no record has
	UsersAlone    Reason = "users alone"       // it is about people and not about workload identities
)

// Left is a public detection, or a part of one, that no rule covers, of this package or of another.
type Left struct {
	ID, Title string
	Partly    bool // rules cover the rest of it
	Reason    Reason
	Why       string
}

// Elsewhere lists the merged ids that no catalogue covers, or not wholly: not this one, and not those of exposure, conduct,
// pattern and posture. Together with what they cover it is all 95.
var Elsewhere = []Left{
	{"S01", "Sign-in from a country new for the service principal", false, ByScore, "contribution country"},
	{"S02", "Sign-in from a source ASN or hosting provider new for the principal", false, ByScore, "contributions asn and hosting"},
	{"S03", "Sign-in from an address never used by the application", false, ByScore, "contributions address and prefix"},
	{"S06", "Resource new for the principal", true, ByScore, "contributions resource and resourceBurst"},
	{"S08", "Sign-in volume threshold", false, ByScore, "contribution volume"},
	{"S09", "Sign-in address in threat intelligence", false, MissingStream, "threat intelligence: no list of addresses comes in; what Microsoft's own says of a principal does (microsoftRisk)"},
	{"S10", "Token used elsewhere than where it was issued", false, ByScore, "contribution tokenElsewhere"},
	{"S11", "Unusual client library or user agent", false, ByScore, "contributions agentFamily, agent and library"},
	{"S16", "One Graph session from several addresses", false, ByScore, "contribution tokenElsewhere judges each call by the network its token is used from; a second address of a network the principal signs in from is no finding"},
	{"S17", "Any sign-in of a principal (inventory)", false, ByScore, "every sign-in is learned: the profile is the inventory, and a sign-in accuses only by what is new in it"},
	{"S19", "Several principals newly sign in from one address", false, ByScore, "contributions sharedAddress and sharedNetwork"},

	{"C07", "Suspicious actor before a credential or application change", true, UsersAlone, "guests, suspects, first-time actors and strange hours are covered; a fresh role, a reset password or a country that is new for a person are about his own account"},
	{"C14", "Credential added by a PowerShell cmdlet", false, MissingStream, "PowerShell's and the endpoints' logs; the change itself is covered (C01 to C03)"},

	{"N05", "Consent resembling an attack tool, or of an unknown application with offline access", true, MissingStream, "a list of all known applications; risky scopes of any, REKEY_APPROVED_APPS and the scopes of known tools are covered"},
	{"N06", "Consent blocked as risky, or denied by the user", true, UsersAlone, "a user who declines (65004) leaves only a sign-in of his own that failed; the block is covered"},
	{"N08", "Consent or change by a user at risk", false, MissingStream, "UserRiskEvents and RiskyUsers"},
	{"P05", "Principal bypasses consent or grants itself a role", true, NeverExported, "grants by applications and to themselves are covered; that a grant went without consent is in no record of its own"},
	{"P09", "Sensitive permission granted by an unprivileged actor", true, NeverExported, "initiatedBy.user.roles is empty in every record. Who never granted before is told (firstTimeActor), and the case names guests, applications and suspects among those who consented; somebody who granted before and holds no role any more is not told: Entra refuses him"},

	{"K06", "Vault caller's address in threat intelligence", false, MissingStream, "threat intelligence: no list of addresses comes in"},

	{"I05", "Federated sign-in without a workflow run", false, MissingStream, "GitHub's audit log; a sign-in from another network than the runners' is found by the sign-in model"},
	{"I06", "Sensitive change in a federated repository", false, MissingStream, "GitHub's audit log; who trusts a repository in Entra is covered (I01, I04)"},

	{"X04", "Mailbox access through an application", true, MissingStream, "Exchange's unified audit log (MailItemsAccessed); mail read through Graph is covered"},
	{"X07", "Alert of Defender for Cloud Apps", true, MissingStream, "the alerts of Defender; what app governance disables is covered"},
	{"X09", "Principal runs Log Analytics queries", false, MissingStream, "LAQueryLogs; its sign-in to Log Analytics is found by the sign-in model when that is new (resource)"},
	{"X12", "Behaviour analytics' anomaly on application management", false, MissingStream, "BehaviorAnalytics of Sentinel; Rekey's own comparison with an actor's days is firstTimeActor"},
}
