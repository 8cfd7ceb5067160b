package casefile

// Values of an Answer.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "unknown" // the log or the part of Graph that would show it is missing
)

// Answer answers one question of the checklist. Yes means suspicious.
type Answer struct {
	ID       string   `json:"id"`
	Area     string   `json:"area"`
	Question string   `json:"question"`
	Value    string   `json:"value"`
	Why      string   `json:"why"`
	Records  []string `json:"records,omitempty"` // ids of the records that show it, at most maxRecords
}

const maxRecords = 16

// The areas of Microsoft's guidance "Investigate risky service principals", and what follows from it.
const (
	AreaSignIns       = "sign-in activity"
	AreaCredentials   = "credential changes"
	AreaConfiguration = "configuration changes"
	AreaConsent       = "consent"
	AreaAppRoles      = "app roles"
	AreaUnverified    = "unverified applications"
	AreaImpact        = "impact"
)

// Question is one line of the checklist: what is asked, by which log it is answered, and how.
type Question struct {
	ID, Area, Text string
	Log            string // one of the Log constants; empty where Graph or the state answers
	answer         func(f *Facts, c *Case) finding
}

// finding is a question's answer before the missing logs are thought of. The zero finding says no.
type finding struct {
	value   string // Yes, No, Unknown; "" is no
	why     string
	records []string
}

// Logs that answers rest on.
const (
	LogSignIns = "signIns"
	LogAudit   = "audit"
	LogVault   = "vault"
	LogGraph   = "graph"
	LogAzure   = "azure"
)

var logNames = map[string]string{
	LogSignIns: "service principal sign-ins", LogAudit: "the directory's audit log", LogVault: "the vaults' audit log",
	LogGraph: "Graph activity", LogAzure: "Azure activity",
}

// Flow says whether a log came in without a gap during a case's window.
type Flow string

// The flows. A log of which nothing is known is not in the map.
const (
	Flowing Flow = "flowing"
	Silent  Flow = "silent"
)

// Questions is the checklist, in its order.
var Questions = []Question{
	{"unusualResources", AreaSignIns, "Is the application accessing unusual resources?", LogSignIns, unusualResources},
	{"tooManySignIns", AreaSignIns, "Are there too many sign-ins given the expected behavior?", LogSignIns, tooMany},
	{"wrongTimes", AreaSignIns, "Is the application active at the wrong times of day?", LogSignIns, wrongTimes},
	{"unrecognizedAddress", AreaSignIns, "Are sign-ins made from an unrecognized IP address?", LogSignIns, unrecognizedAddress},
	{"unauthorizedCredentials", AreaCredentials, "Was there an unauthorized change to credentials, on the application or its service principals?", LogAudit, unauthorizedCredentials},
	{"moreCredentialsThanRequired", AreaCredentials, "Are there more credentials than required?", "", moreThanRequired},
	{"connectionStrings", AreaConfiguration, "Were connection strings or keys read or changed?", LogAzure, connectionStrings},
	{"signOutURL", AreaConfiguration, "Was the sign-out URL modified?", LogAudit, byRules("logoutURL")},
	{"unregisteredDomains", AreaConfiguration, "Are there domains in the URIs that are not registered by the tenant?", LogAudit, unregisteredDomains},
	{"unauthorizedRedirect", AreaConfiguration, "Has anyone added an unauthorized redirect URI?", LogAudit, unauthorizedRedirect},
	{"redirectOwnership", AreaConfiguration, "Can somebody else claim a redirect URI's domain?", "", redirectOwnership},
	{"userConsent", AreaConsent, "Was there suspicious end-user consent?", LogAudit, byRules("consentRiskyScopes", "consentAttackTool", "consentUnapproved", "consentBlocked")},
	{"broadConsent", AreaConsent, "Are the permissions granted too broad, tenant-wide or by an administrator?", LogAudit, broadConsent},
	{"consentByWhom", AreaConsent, "Was consent granted by identities that should not be able to?", LogAudit, consentByWhom},
	{"consentTimes", AreaConsent, "Was consent granted at strange dates or times?", LogAudit, consentTimes},
	{"highPrivilege", AreaAppRoles, "Do the assigned roles have high privilege?", "", highPrivilege},
	{"unnecessaryPrivilege", AreaAppRoles, "Are the assigned privileges more than necessary?", "", unnecessaryPrivilege},
	{"unverified", AreaUnverified, "Is it an unverified commercial application?", "", unverified},
	{"owners", AreaImpact, "Was an owner added who should not be?", LogAudit, byRules("ownerAdded", "powerfulGotWayIn")},
	{"persistence", AreaImpact, "Did it change the directory, so that somebody could come back another way?", LogAudit, persistence},
	{"secretsRead", AreaImpact, "Were Key Vault secrets read?", LogVault, secretsRead},
	{"enumeration", AreaImpact, "Was the tenant listed, or mail and files read?", LogGraph, byRules("graphEnumeration", "graphMailFirstRead", "graphFilesFirstRead", "unfamiliarThenListing")},
}

// answers goes through the checklist.
func answers(f *Facts, c *Case) []Answer {
	out := make([]Answer, len(Questions))
	for i, q := range Questions {
		out[i] = q.ask(f, c)
	}
	return out
}

// ask answers one question. What nothing shows is only a no when the log that would show it came in: a silent log and a
// quiet one look alike.
func (q *Question) ask(f *Facts, c *Case) Answer {
	x := q.answer(f, c)
	a := Answer{ID: q.ID, Area: q.Area, Question: q.Text, Value: x.value, Why: x.why, Records: x.records[:min(len(x.records), maxRecords)]}
	if a.Value == "" {
		a.Value = No
	}
	if q.Log == "" || a.Value != No {
		return a
	}
	switch f.flow(q.Log) {
	case Flowing:
		if a.Why == "" {
			a.Why = "nothing in " + logNames[q.Log]
		}
	case Silent:
		a.Value, a.Why = Unknown, "nothing in "+logNames[q.Log]+", and the log was silent for part of the time"
	default:
		a.Value, a.Why = Unknown, "nothing in "+logNames[q.Log]+", and it is not known to come in"
	}
	return a
}

// flow says whether a log came in. Sign-ins that were learned of the principal itself show that theirs do.
func (f *Facts) flow(log string) Flow {
	if flow, ok := f.Logs[log]; ok {
		return flow
	}
	if log == LogSignIns && f.Profile != nil {
		if _, ok := f.Profile.LastSeen(); ok {
			return Flowing
		}
	}
	return ""
}
