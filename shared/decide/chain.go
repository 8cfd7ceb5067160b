package decide

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/score"
)

// Policy is what the user allows. The zero Policy only plans.
type Policy struct {
	Tenant      string            // tenant id; records of another one never lead to an act
	Default     Mode              // mode of a principal without its own; "" is plan
	Modes       map[string]Mode   // by principal key
	NeverTouch  map[string]string // principal key or application id -> reason
	ActsPerHour int               // automatic acts within an hour; 0 allows none
	Maintenance Windows           // in which nothing is changed without a person
}

// ModeFor returns the mode the policy gives a principal.
func (p Policy) ModeFor(key string) Mode {
	if m, ok := p.Modes[key]; ok {
		return m
	}
	if p.Default == "" {
		return ModePlan
	}
	return p.Default
}

// Input is everything a verdict depends on. What was not looked up stands in the way.
type Input struct {
	Case       casefile.Case
	Policy     Policy
	Stopped    bool     // the kill switch
	RecentActs int      // automatic acts within the last hour, this case's not counted
	Outlook    *Outlook // what the plan says; nil: there is no plan yet
	Replays    []Replay // when parked messages were sent again lately
	Reread     Reread   // whether Graph shows the records, too
	Now        time.Time
}

// Outlook is what a plan says about acting on it: who will notice, and what somebody has to look at.
type Outlook struct {
	Unknown   []string // lines of the outage forecast that are not known
	Obstacles []string // why the plan must not be carried out without a person
}

// Replay is one time that parked messages of a hub were sent again.
type Replay struct {
	Hub  string    `json:"hub"`
	From time.Time `json:"from"`
}

// Reread says whether the suspicious records were read again from Microsoft Graph: what arrives in a hub could have been put
// there by whoever may write to it.
type Reread string

// What came of reading again.
const (
	RereadNot     Reread = ""        // nobody read them again
	RereadFound   Reread = "found"   // Graph shows them as they arrived
	RereadMissing Reread = "missing" // it does not: the records are forged, or not there yet
	RereadOther   Reread = "other"   // it shows something else under their ids: the records are forged
	RereadFailed  Reread = "failed"  // Graph could not be asked
	RereadWaived  Reread = "waived"  // the policy trusts the hubs
)

// maxAge is how old the newest suspicious record may be for acting alone.
const maxAge = 6 * time.Hour

// check is one brake: it passes or says why it does not.
type check struct {
	name string
	ask  func(Input) (passed bool, why string)
}

// checkCap is the name of the check that pages when it alone fails.
const checkCap = "acts within the hour"

// chain is read from top to bottom. Each check stands for itself and all are asked, so that the person who has to
// approve sees every reason and not only the first.
var chain = []check{
	{"kill switch", notStopped},
	{"never touched", touchable},
	{"level high", levelHigh},
	{"two independent families", twoFamilies},
	{"beyond doubt", beyondDoubt},
	{"successful use", successfulUse},
	{"fresh record", fresh},
	{"record of this tenant", ownTenant},
	{"record not replayed", notReplayed},
	{"record read again", readAgain},
	{"old source active or harm done", copiedOrHarmful},
	{"owner does not vouch", unvouched},
	{"outage forecast known", forecastKnown},
	{"plan without obstacles", noObstacles},
	{"no maintenance", noMaintenance},
	{checkCap, underCap},
}

// Decide runs the chain. Acting alone needs a mode that allows it and every check; otherwise it becomes a request for
// approval, or stays a plan where that is all the policy asks for. A principal that must never be touched, and a
// case that is low, are planned for at most.
func Decide(in Input) Verdict {
	v := Verdict{Asked: in.Policy.ModeFor(in.Case.Principal.Key())}
	v.Mode = v.Asked
	for _, c := range chain {
		passed, why := c.ask(in)
		v.Checks = append(v.Checks, Check{c.name, passed, why})
		if !passed && v.Acts() {
			v.Mode = ModeApprove
		}
	}
	if ok, _ := touchable(in); !ok || !in.Case.Level.AtLeast(score.LevelMedium) {
		v.Mode = ModePlan // nobody is called for a low case
	}
	return v
}

func notStopped(in Input) (bool, string) {
	if in.Stopped {
		return false, "the kill switch is set"
	}
	return true, "the kill switch is not set"
}

func touchable(in Input) (bool, string) {
	if in.Case.Principal.IsUser() {
		return false, "a user, and no workload"
	}
	for _, key := range []string{in.Case.Principal.Key(), in.Case.Principal.AppID} {
		if why, ok := in.Policy.NeverTouch[key]; ok && key != "" {
			return false, why
		}
	}
	return true, "not on the never-touch list"
}

func levelHigh(in Input) (bool, string) {
	return in.Case.Level == score.LevelHigh, "the case is " + string(in.Case.Level)
}

func twoFamilies(in Input) (bool, string) {
	best := 0.0
	for _, d := range in.Case.Detections {
		best = max(best, score.CountFamilies(d.Contributions))
	}
	return best >= 2, fmt.Sprintf("unfamiliar in %.1f families of properties", best)
}

// ActBits is how strong a detection must be to act on alone. It is far above the level high, which calls a person: with it
// and the other checks, less than one wrong act in a year was counted among 1,000 principals of simulated tenants.
const ActBits = 16.0

func beyondDoubt(in Input) (bool, string) {
	best := 0.0
	for _, d := range in.Case.Detections {
		best = max(best, d.Bits)
	}
	return best >= ActBits, fmt.Sprintf("the strongest detection has %.1f bits, acting alone takes %.0f", best, ActBits)
}

func successfulUse(in Input) (bool, string) {
	_, ok := find(in.Case, func(r detect.Record) bool { return r.Succeeded })
	if !ok {
		return false, "no suspicious sign-in succeeded"
	}
	return true, "a token was issued"
}

func find(c casefile.Case, ok func(detect.Record) bool) (detect.Record, bool) {
	for _, d := range c.Detections {
		for _, r := range d.Records {
			if ok(r) {
				return r, true
			}
		}
	}
	return detect.Record{}, false
}

// fresh asks for a record, and not for somebody's word: what people say of an old case makes no record of it newer.
func fresh(in Input) (bool, string) {
	newest, word := in.Case.Window.To, func(d detect.Detection) bool {
		return len(d.Records) == 0 && (d.Type == detect.TypeAdminConfirmed || d.Type == detect.TypeGeneric)
	}
	if slices.ContainsFunc(in.Case.Detections, word) {
		newest = time.Time{}
		for _, d := range in.Case.Detections {
			if !word(d) && d.Last.After(newest) {
				newest = d.Last
			}
		}
	}
	if newest.IsZero() {
		return false, "no suspicious record shows it"
	}
	age := in.Now.Sub(newest)
	return age <= maxAge, fmt.Sprintf("the newest suspicious record is %s old", age.Round(time.Second))
}

// ownTenant asks that nothing is of another tenant and something is of this one. Records of a vault name no tenant, and
// neither do the detections that begin with one; a sign-in that names none is suspect.
func ownTenant(in Input) (bool, string) {
	own := false
	for _, d := range in.Case.Detections {
		if d.Tenant == "" && (d.Rule != "" || d.Type == detect.TypeAnomalousActivity) {
			continue
		}
		if d.Tenant != in.Policy.Tenant {
			return false, fmt.Sprintf("a record is of tenant %q", d.Tenant)
		}
		own = true
	}
	if !own {
		return false, "no record names a tenant"
	}
	return true, "all records that name a tenant are of this one"
}

// replayFor is for how long after messages were sent again what they show may be detected.
const replayFor = time.Hour

// notReplayed asks that nothing was first detected just after parked messages were sent again, of records from before: what
// was parked is old, and whoever could park and send it again could choose the moment.
func notReplayed(in Input) (bool, string) {
	for _, r := range in.Replays {
		for _, d := range in.Case.Detections {
			if late := d.Detected.Sub(r.From); late >= 0 && late < replayFor && d.Last.Before(r.From) {
				return false, fmt.Sprintf("it was detected after parked messages of %s were sent again at %s", r.Hub, r.From.UTC().Format(time.RFC3339))
			}
		}
	}
	return true, "no message was sent again before it was detected"
}

func readAgain(in Input) (bool, string) {
	switch in.Reread {
	case RereadFound:
		return true, "Graph shows the records, too"
	case RereadMissing:
		return false, "Graph does not show the records: they may be forged, or not there yet"
	case RereadWaived:
		return true, "the policy trusts what arrives in the hubs"
	case RereadOther:
		return false, "Graph shows something else under the records' ids: they are forged, or changed on the way"
	case RereadFailed:
		return false, "Graph could not be asked for the records: it needs AuditLog.Read.All, Directory.Read.All and Microsoft Entra ID P1"
	case RereadNot:
	}
	return false, "the records were not read again from Graph"
}

func forecastKnown(in Input) (bool, string) {
	switch {
	case in.Outlook == nil:
		return false, "there is no plan yet"
	case len(in.Outlook.Unknown) > 0:
		return false, "who will notice is not known: " + strings.Join(in.Outlook.Unknown, ", ")
	}
	return true, "who will notice is known"
}

func noObstacles(in Input) (bool, string) {
	switch {
	case in.Outlook == nil:
		return false, "there is no plan yet"
	case len(in.Outlook.Obstacles) > 0:
		return false, strings.Join(in.Outlook.Obstacles, "; ")
	}
	return true, "nothing in the plan needs a person"
}

func noMaintenance(in Input) (bool, string) {
	if w, until, on := in.Policy.Maintenance.On(in.Now); on {
		return false, fmt.Sprintf("it is within %q, until %s", w, until.UTC().Format(time.RFC3339))
	}
	return true, "no maintenance window is on"
}

func copiedOrHarmful(in Input) (bool, string) {
	switch {
	case len(in.Case.Harm) > 0:
		return true, in.Case.Harm[0].What
	case in.Case.OldSource.Active:
		return true, "the known source was still active at " + in.Case.OldSource.LastSeen.Format(time.RFC3339)
	}
	return false, "the known source is silent and no harm is seen: this may be a workload that moved"
}

// unvouched asks that no owner said it was his own. He may be wrong, or somebody else in his name: a person looks.
func unvouched(in Input) (bool, string) {
	if q := in.Case.Owner; q.Vouches(in.Now) {
		return false, q.By + " said on " + q.Answered.Format(time.DateOnly) + " that it was his own"
	}
	return true, "nobody said that it was his own"
}

func underCap(in Input) (bool, string) {
	return in.RecentActs < in.Policy.ActsPerHour,
		fmt.Sprintf("%d automatic acts within the hour, %d allowed", in.RecentActs, in.Policy.ActsPerHour)
}
