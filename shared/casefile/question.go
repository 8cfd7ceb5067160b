package casefile

import (
	"slices"

	"rekey/shared/streams"
)

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
	Missing  string   `json:"missing,omitempty"` // of Unknown: what would answer it, a category of package streams or one of the Missing constants
}

// What else than a log can be missing.
const (
	MissingLook      = "look"      // the weekly look at the inventory has not ended once
	MissingGraph     = "graph"     // Graph could not be asked, or not for this
	MissingDeployers = "deployers" // the tenant does not declare who changes applications as his work
	MissingHistory   = "history"   // too little is known of the principal's sign-ins
	MissingUse       = "use"       // which of the principal's calls need a permission is in no log
)

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
	Log            string // category of package streams; empty where Graph or the state answers
	answer         func(f *Facts, c *Case) finding
}

// finding is a question's answer before the missing logs are thought of. The zero finding says no.
type finding struct {
	value   string // Yes, No, Unknown; "" is no
	why     string
	records []string
	missing string // of Unknown
}

var logNames = map[string]string{
	streams.SignIns: "service principal sign-ins", streams.Audit: "the directory's audit log", streams.Vaults: "the vaults' audit log",
	streams.Graph: "Graph activity", streams.Azure: "Azure activity",
}

// Questions is the checklist, in its order.
var Questions = []Question{
	{"unusualResources", AreaSignIns, "Is the application accessing unusual resources?", streams.SignIns, unusualResources},
	{"tooManySignIns", AreaSignIns, "Are there too many sign-ins given the expected behavior?", streams.SignIns, tooMany},
	{"wrongTimes", AreaSignIns, "Is the application active at the wrong times of day?", streams.SignIns, wrongTimes},
	{"unrecognizedAddress", AreaSignIns, "Are sign-ins made from an unrecognized IP address?", streams.SignIns, unrecognizedAddress},
	{"unauthorizedCredentials", AreaCredentials, "Was there an unauthorized change to credentials, on the application or its service principals?", streams.Audit, unauthorizedCredentials},
	{"moreCredentialsThanRequired", AreaCredentials, "Are there more credentials than required?", "", moreThanRequired},
	{"connectionStrings", AreaConfiguration, "Were connection strings or keys read or changed?", streams.Azure, connectionStrings},
	{"signOutURL", AreaConfiguration, "Was the sign-out URL modified?", streams.Audit, byRules("logoutURL")},
	{"unregisteredDomains", AreaConfiguration, "Are there domains in the URIs that are not registered by the tenant?", streams.Audit, unregisteredDomains},
	{"unauthorizedRedirect", AreaConfiguration, "Has anyone added an unauthorized redirect URI?", streams.Audit, unauthorizedRedirect},
	{"redirectOwnership", AreaConfiguration, "Can somebody else claim a redirect URI's domain?", "", redirectOwnership},
	{"userConsent", AreaConsent, "Was there suspicious end-user consent?", streams.Audit, byRules("consentRiskyScopes", "consentAttackTool", "consentUnapproved", "consentBlocked")},
	{"broadConsent", AreaConsent, "Are the permissions granted too broad, tenant-wide or by an administrator?", streams.Audit, broadConsent},
	{"consentByWhom", AreaConsent, "Was consent granted by identities that should not be able to?", streams.Audit, consentByWhom},
	{"consentTimes", AreaConsent, "Was consent granted at strange dates or times?", streams.Audit, consentTimes},
	{"highPrivilege", AreaAppRoles, "Do the assigned roles have high privilege?", "", highPrivilege},
	{"unnecessaryPrivilege", AreaAppRoles, "Are the assigned privileges more than necessary?", "", unnecessaryPrivilege},
	{"unverified", AreaUnverified, "Is it an unverified commercial application?", "", unverified},
	{"owners", AreaImpact, "Was an owner added who should not be?", streams.Audit, byRules("ownerAdded", "powerfulGotWayIn", "ownerUndeclared")},
	{"persistence", AreaImpact, "Did it change the directory, so that somebody could come back another way?", streams.Audit, persistence},
	{"secretsRead", AreaImpact, "Were Key Vault secrets read?", streams.Vaults, secretsRead},
	{"enumeration", AreaImpact, "Was the tenant listed, or mail and files read?", streams.Graph, byRules("graphEnumeration", "graphMailFirstRead", "graphFilesFirstRead", "unfamiliarThenListing")},
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
	x.records = once(x.records)
	a := Answer{ID: q.ID, Area: q.Area, Question: q.Text, Value: x.value, Why: x.why, Records: x.records[:min(len(x.records), maxRecords)], Missing: x.missing}
	if a.Value == "" {
		a.Value = No
	}
	if q.Log == "" || a.Value != No {
		return a
	}
	switch known, flowing := f.flowing(q.Log, c); {
	case known && flowing:
		if a.Why == "" {
			a.Why = "nothing in " + logNames[q.Log]
		}
	case known:
		a.Value, a.Missing, a.Why = Unknown, q.Log, "nothing in "+logNames[q.Log]+", and it did not come in for part of the time"
	default:
		a.Value, a.Missing, a.Why = Unknown, q.Log, "nothing in "+logNames[q.Log]+", and it is not known to come in"
	}
	return a
}

// once leaves out what is named already, and what has no name.
func once(ids []string) []string {
	out := ids[:0:0]
	for _, id := range ids {
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// flowing says whether a log came in since the case's window began. Sign-ins that were learned of the principal itself
// show that theirs do.
func (f *Facts) flowing(log string, c *Case) (known, flowing bool) {
	if f.Flowing != nil {
		known, flowing = f.Flowing(log, c.Window.From, c.Window.To)
	}
	if !known && log == streams.SignIns && f.Profile != nil {
		_, used := f.Profile.LastSeen()
		return used, used
	}
	return known, flowing
}
