package posture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/privilege"
	"rekey/shared/score"
)

// World is what the tenant declares about itself, in lower case. Without a list, what compares with it is silent.
type World struct {
	Tenant    string
	Domains   []string // verified domains; subdomains belong to them
	Deployers []string // object ids and application ids of whom it is the work to change applications
}

// Input is one application and all that is known around it.
type Input struct {
	Facts Facts
	World World
	Use   Use
	Names map[string]Name // what the domain name system says of the Hosts
	Now   time.Time

	tier privilege.Tier // what Privileged says
	high []string
}

// Finding is one weakness of an application. Subject tells two of one rule apart.
type Finding struct {
	Level   score.Level
	Subject string
	What    string // in words; names in it were chosen by others
}

// The levels, shorter. Nothing of this package is high: it is no intrusion.
const (
	low    = score.LevelLow
	medium = score.LevelMedium
)

// Rule finds one sort of weakness. What it says beside that is for its page and for whoever has to look into a finding.
type Rule struct {
	ID, Title      string
	Covers         []string // merged ids of the public detections it stands for
	Techniques     []string // MITRE ATT&CK: what the weakness lends itself to
	Sees           string   // what it looks at
	Levels         string
	FalsePositives []string
	Ask            []string // what an investigator should ask next
	Find           func(*Input) []Finding
}

// RiskType is the risk event type of all that is found here: Microsoft has none for weaknesses.
const RiskType = detect.TypeAnomalousActivity

// Catalogue is every rule, by what it looks at.
var Catalogue = []*Rule{
	// More than required.
	credentialUnused,
	credentialSurplus,
	// Necessary.
	privilegeUnused,
	// Addresses.
	addressWeak,
	addressDangling,
	// Strangers.
	foreignPowerful,
	ownerUndeclared,
}

// ByID returns the rule with an id; nil when there is none.
func ByID(id string) *Rule {
	if i := slices.IndexFunc(Catalogue, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return Catalogue[i]
	}
	return nil
}

// maxFindings bounds what one rule says about one application: an intruder may give it as many addresses as he likes.
const maxFindings = 8

// Judge asks all rules about one application.
func Judge(in Input) []detect.Detection {
	in.tier, in.high = Privileged(in.Facts)
	principal := in.Facts.Principal()
	if principal.Key() == "" {
		return nil
	}
	var out []detect.Detection
	for _, r := range Catalogue {
		found := r.Find(&in)
		for _, f := range found[:min(len(found), maxFindings)] {
			out = append(out, detect.Standing(detect.Claim{
				Rule: r.ID, Type: RiskType, Principal: principal, Level: f.Level, Subject: f.Subject, What: f.What,
			}, in.Now))
		}
	}
	return out
}

// titled is an application's name for a sentence.
func (in *Input) titled() string {
	p := in.Facts.Principal()
	if p.Name == "" {
		return "application " + p.AppID
	}
	return fmt.Sprintf("%q", p.Name)
}

// count says how many of what, as in "3 client secrets".
func count(n int, one string) string {
	if n == 1 {
		return "one " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// some joins a few names for a sentence.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
