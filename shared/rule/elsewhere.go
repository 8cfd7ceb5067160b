package rule

// Reason says why no rule of this package covers a public detection.
type Reason string

// The reasons.
const (
	ByScore       Reason = "the sign-in model" // package score finds it: it needs the principal's history
	NeedsState    Reason = "needs state"       // several records, or what was before: no single record shows it
	ByPosture     Reason = "the weekly look"   // package posture finds it: no record shows it, the inventory does
	OtherStream   Reason = "other stream"      // Key Vault, Graph or Azure activity: not judged here
	ByConduct     Reason = "the days beside"   // package conduct finds it: failed sign-ins, and what only many days show
	ByCase        Reason = "the case"          // two findings of one principal, which its case shows together
	MissingStream Reason = "missing stream"    // a log that Rekey is not given
	UsersAlone    Reason = "users alone"       // it is about people and not about workload identities
)

// Left is a public detection, or a part of one, that is not covered here.
type Left struct {
	ID, Title string
	Partly    bool // the rest of it is covered by rules
	Reason    Reason
	Why       string
}

// Elsewhere lists the merged ids that the Catalogue does not cover, or not wholly. Together they are all 95.
var Elsewhere = []Left{
	{"S01", "Sign-in from a country new for the service principal", false, ByScore, "contribution country"},
	{"S02", "Sign-in from a source ASN or hosting provider new for the principal", false, ByScore, "contributions asn and hosting"},
	{"S03", "Sign-in from an address never used by the application", false, ByScore, "contributions address and prefix"},
	{"S04", "Failure bursts or unexpected failure codes", false, ByConduct, "failed sign-ins"},
	{"S05", "Expired or invalid secret failing", false, ByConduct, "failed sign-ins"},
	{"S06", "Resource new for the principal", false, ByScore, "contributions resource and resourceBurst"},
	{"S07", "Scope drift over weeks", false, ByConduct, "compares the last week with the weeks before"},
	{"S08", "Sign-in volume threshold", false, ByScore, "contribution volume"},
	{"S09", "Sign-in address in threat intelligence", false, MissingStream, "no list of addresses is given to Rekey"},
	{"S10", "Token used elsewhere than where it was issued", false, ByScore, "contribution tokenElsewhere"},
	{"S11", "Unusual client library or user agent", false, ByScore, "contributions agentFamily, agent and library"},
	{"S14", "First Conditional Access block of a principal", false, ByConduct, "failed sign-ins"},
	{"S15", "Sign-in followed by a sensitive call to Azure", false, OtherStream, "Azure activity"},
	{"S16", "One Graph session from several addresses", false, ByScore, "contribution tokenElsewhere judges each call by the network its token is used from; a second address of a network the principal signs in from is no finding"},
	{"S17", "Any sign-in of a principal (inventory)", false, NeedsState, "no finding: the profiles are the inventory, and every principal that signs in has one"},
	{"S18", "Sign-ins correlated with enumeration", false, ByCase, "an unfamiliar sign-in and graphEnumeration or oldGraphFirstUsed; neither raises the other"},
	{"S19", "Several principals newly sign in from one address", false, ByScore, "contributions sharedAddress and sharedNetwork"},

	{"C05", "Credential added by a rare or first-time actor", false, NeedsState, "an actor's history"},
	{"C07", "Suspicious actor before a credential or application change", true, NeedsState, "guests are covered; a fresh role, a password reset or a new country before it are other records"},
	{"C08", "Credential added to a high-privileged workload", false, NeedsState, "the record does not say what the workload may do; the weekly look at the inventory knows (posture.Privileged)"},
	{"C09", "Credential added after administrator's consent", false, NeedsState, "two records"},
	{"C10", "Credential added, then sign-in shortly after", false, NeedsState, "joined by key id: contribution freshCredential counts it in a sign-in that is unfamiliar, not alone"},
	{"C11", "Dormant principal gets a credential and signs in", false, NeedsState, "two records and a profile"},
	{"C12", "Life-cycle of a principal in minutes", false, NeedsState, "several records"},
	{"C14", "Credential added by a PowerShell cmdlet", false, MissingStream, "PowerShell and endpoint logs; the change itself is in the audit log"},

	{"F07", "Connection keys read or regenerated", false, OtherStream, "Azure activity"},

	{"N04", "Rare or first-time consent", false, NeedsState, "a first"},
	{"N05", "Consent resembling an attack tool, or of an unknown application with offline access", true, MissingStream, "there is no list of all known applications; offline access of any is covered by its scopes"},
	{"N06", "Consent blocked as risky, or denied by the user", true, UsersAlone, "a user who declines (65004) is in the users' sign-ins; the block is covered"},
	{"N08", "Consent or change by a user at risk", false, MissingStream, "risk of users is not in the streams"},
	{"N10", "New principal gets administrator's consent within the hour", false, NeedsState, "two records"},
	{"P02", "Permission to give out roles granted, then used", true, NeedsState, "each of both is covered; that one follows the other is not joined"},
	{"P05", "Principal bypasses consent or grants itself a role", true, NeedsState, "grants by applications are covered; a missing consent record is an absence"},
	{"P06", "Permission count jumps", true, NeedsState, "a jump within one record is covered, a slow rise is not"},
	{"P07", "Role granted and removed within minutes", false, NeedsState, "two records"},
	{"P08", "Azure role for a principal", true, OtherStream, "Azure activity; elevateAccess is in the audit log, too"},
	{"P09", "Sensitive permission granted by an unprivileged actor", false, NeedsState, "the actor's own privileges come from the inventory"},
	{"P10", "Unused high privileges", false, ByPosture, "the inventory against the sign-ins of 60 days"},

	{"U01", "Application or principal created by a first-time creator or after hours", true, NeedsState, "creation is covered; whether it is a first or an odd hour is the creator's history"},
	{"U02", "Many principals created in minutes", false, NeedsState, "a rate"},
	{"U03", "External or unverified application with risky permissions", true, ByPosture, "taking one in is covered; publisher and permissions are in the inventory"},

	{"K01", "Mass retrieval of secrets", false, OtherStream, "Key Vault"},
	{"K02", "Vault or secret new for the caller", false, OtherStream, "Key Vault"},
	{"K03", "Time-series anomaly of vault access", false, OtherStream, "Key Vault"},
	{"K04", "Sensitive vault operations", false, OtherStream, "Key Vault"},
	{"K05", "Vault access policy, firewall or vault changed", false, OtherStream, "Azure activity and Key Vault"},
	{"K06", "Vault caller's address in threat intelligence", false, MissingStream, "no list of addresses is given to Rekey"},
	{"K07", "Any secret, key or certificate access", false, OtherStream, "Key Vault"},
	{"K08", "Vault modified by an unusual user", false, OtherStream, "Azure activity"},

	{"O02", "Owner added to a high-privileged application", false, ByPosture, "the record does not say what the application may do: its owners are looked at weekly"},

	{"I03", "Federated credential on a managed identity", false, OtherStream, "Azure activity"},
	{"I05", "Federated sign-in without a workflow run", false, MissingStream, "GitHub's audit log"},
	{"I06", "Sensitive change in a federated repository", false, MissingStream, "GitHub's audit log"},

	{"X01", "Enumeration through Graph", false, OtherStream, "Graph activity"},
	{"X02", "Audit or Azure action rare for the application", false, NeedsState, "a first"},
	{"X04", "Mailbox access through an application", false, MissingStream, "the unified audit log"},
	{"X05", "Automation account, runbook or webhook", false, OtherStream, "Azure activity"},
	{"X07", "Alert of Defender for Cloud Apps", true, MissingStream, "alerts are in no stream; what app governance disables is covered"},
	{"X08", "Run command on a virtual machine", false, OtherStream, "Azure activity"},
	{"X09", "Principal runs Log Analytics queries", false, MissingStream, "LAQueryLogs"},
	{"X12", "Behaviour analytics' anomaly on application management", false, MissingStream, "BehaviorAnalytics"},
}
