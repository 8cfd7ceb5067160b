package exposure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/score"
)

// Finding is what a rule found in one principal's day. Rule, Subject and Day make its identity: found again it is the
// same one, and more of the day can only raise it.
type Finding struct {
	Rule     string
	RiskType string
	Subject  string // a vault, a resource, a call
	Day      baseline.Day
	Level    score.Level
	What     string // in words; names in it were chosen by others
	First    time.Time
	Last     time.Time    // the end of the last hour
	From     []netip.Addr // sorted
	Objects  []string     // sorted, at most maxObjectsNamed
}

const maxObjectsNamed = 24

// The levels, shorter.
const (
	low    = score.LevelLow
	medium = score.LevelMedium
	high   = score.LevelHigh
)

// Rule finds one sort of thing: a pure function of what was usual before the day and of what happened on it. What it
// says beside that is for its page and for whoever has to look into a finding.
type Rule struct {
	ID, Title      string
	RiskType       string
	Covers         []string // merged ids of the public detections it stands for
	Techniques     []string // MITRE ATT&CK
	Event          string   // the log events it looks at
	Levels         string
	FalsePositives []string
	Ask            []string // what an investigator should ask next
	Find           func(View, *Activity) []Finding
}

// Risk event types, spelled like Microsoft's.
const (
	TypeActivity = "anomalousServicePrincipalActivity"
	TypeAPI      = "suspiciousAPITraffic"
)

// Catalogue is every rule, in the order of Key Vault, Azure Resource Manager, Graph, users.
var Catalogue = []*Rule{
	vaultFirstUse,
	secretFirstRead,
	secretMassRead,
	vaultBusier,
	vaultListedThenRead,
	vaultRefusedThenRead,
	vaultExport,
	vaultDestruction,
	vaultAccessChanged,
	resourceKeysRead,
	azurePowerFirstUsed,
	graphPowerFirstUsed,
	graphEnumeration,
	graphMailFirstRead,
	graphFilesFirstRead,
	oldGraphFirstUsed,
	userEnumeration,
}

// ByID returns the rule with an id; nil when there is none.
func ByID(id string) *Rule {
	if i := slices.IndexFunc(Catalogue, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return Catalogue[i]
	}
	return nil
}

// Judge asks all rules.
func Judge(v View, a *Activity) []Finding {
	var out []Finding
	for _, r := range Catalogue {
		found := r.Find(v, a)
		for i := range found {
			found[i].Rule, found[i].RiskType = r.ID, r.RiskType
		}
		out = append(out, found...)
	}
	return out
}

// find makes a finding of Reads. On the first days that such acts are watched everything is new, so then it is low.
func find(v View, level score.Level, subject, what string, reads []Read) Finding {
	if v.Watched < baseline.LearningDays {
		level = low
		what += "; little is known of what it did before"
	}
	objects := objectsOf(reads)
	f := Finding{Subject: subject, Day: v.day, Level: level, What: what, Objects: objects[:min(len(objects), maxObjectsNamed)]}
	f.First, f.Last, f.From = span(reads)
	return f
}

// count says how many of what, as in "3 secrets".
func count(n int, one string) string {
	if n == 1 {
		return "one " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// names joins a few names for a sentence.
func names(objects []string) string {
	const few = 3
	if len(objects) <= few {
		return strings.Join(objects, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(objects[:few], ", "), len(objects)-few)
}

// newOnes returns the Reads whose operation is new for their object.
func newOnes(v View, reads []Read) []Read {
	return slices.DeleteFunc(slices.Clone(reads), func(r Read) bool { return v.Did(lowest(r.Ops), r.Object) != New })
}

// lowest returns one operation of a set.
func lowest(o Ops) Ops { return o & -o }
