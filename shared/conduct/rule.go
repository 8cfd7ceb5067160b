package conduct

import (
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/exposure"
	"rekey/shared/score"
)

// Facts are what one principal's day is judged by.
type Facts struct {
	Hasher   baseline.Hasher
	Day      baseline.Day
	Profile  *baseline.Profile
	Evidence *baseline.Evidence
	Marks    map[Mark]bool      // what the day's records show, as far as they are at hand
	Reads    *exposure.Activity // what the principal read on the day; nil when it read nothing
	Before   exposure.View      // what it had read before, when Reads is not nil
	Loud     bool               // the model holds an unfamiliar sign-in of the day for medium or more
}

func (f *Facts) view() baseline.View { return f.Profile.Before(f.Day) }

// Finding is what a rule found. There is one a principal, rule and day.
type Finding struct {
	Rule, RiskType string
	Subject        string
	Level          score.Level
	What           string   // in words; names in it were chosen by others
	Marks          []Mark   // the records that show it
	Objects        []string // what was read, when it is about that
}

// Rule finds one sort of thing. What it says beside that is for its page and for whoever has to look into a finding.
type Rule struct {
	ID, Title      string
	RiskType       string
	Covers         []string // merged ids of the public detections it stands for
	Techniques     []string // MITRE ATT&CK
	Event          string   // the log events it looks at
	Shape          string   // whether a public record has the fields
	Levels         string
	FalsePositives []string
	Ask            []string // what an investigator should ask next
	Outside        bool     // it looks at those who did not get in
	Find           func(Facts) (Finding, bool)
}

// Risk event types, spelled like Microsoft's.
const (
	typeSignins  = "suspiciousSignins"
	typeActivity = "anomalousServicePrincipalActivity"
	typeAPI      = "suspiciousAPITraffic"
)

// Shapes of records, in the words of package rule.
const (
	recorded   = "recorded: a public record has the fields"
	documented = "documented: described by Microsoft, not seen in a public record"
)

// The levels, shorter.
const (
	low    = score.LevelLow
	medium = score.LevelMedium
	high   = score.LevelHigh
)

// Catalogue is every rule: failed sign-ins, then those that succeeded, then what was done with them.
var Catalogue = []*Rule{
	credentialRefused,
	failureBurst,
	failureUnexpected,
	accessBlocked,
	scopeDrift,
	federatedNew,
	oldGraphSignIn,
	supplierReads,
}

// ByID returns the rule with an id; nil when there is none.
func ByID(id string) *Rule {
	if i := slices.IndexFunc(Catalogue, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return Catalogue[i]
	}
	return nil
}

// Tried reports whether a rule looks at credentials that were tried in vain: then it matters whether the same address tried
// others, too.
func Tried(id string) bool { return id == credentialRefused.ID || id == failureBurst.ID }

// Judge asks all rules.
func Judge(f Facts) []Finding {
	var out []Finding
	for _, r := range Catalogue {
		if x, ok := r.Find(f); ok {
			x.Rule, x.RiskType = r.ID, r.RiskType
			out = append(out, x)
		}
	}
	return out
}
