package pattern

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/privilege"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Facts is what is known of one principal. What is not known is left out: a rule that needs it finds nothing.
type Facts struct {
	Principal  event.Principal
	Tenant     string
	Changes    []trail.Entry           // on the principal and its application, newest first
	Acts       []trail.Entry           // by the principal, newest first
	Trail      *trail.Trail            // the principal's own
	Actors     map[string]*trail.Trail // of those who made the changes, by key
	Profile    *baseline.Profile
	Hasher     baseline.Hasher
	Detections []detect.Detection // of the principal
	Tier       privilege.Tier     // of the strongest permission or role that the principal holds, as far as Graph was asked
	World      *rule.World
	Since      time.Time // since when directory changes are known; zero when that is not known

	// SuspectSince is from when on what a suspect did is held against him: the beginning of his case's window. One who is
	// not in it is suspect for all time.
	SuspectSince map[string]time.Time
}

// The levels, shorter.
const (
	none   = score.LevelNone
	low    = score.LevelLow
	medium = score.LevelMedium
	high   = score.LevelHigh
)

const day = 24 * time.Hour

// settled is for how long directory changes must have been known before "for the first time" means anything.
const settled = 7 * day

// level is a finding's level after its actors are looked at. Nobody vouches for himself.
func (f *Facts) level(x *Finding) score.Level {
	vouched := len(x.Entries) > 0
	for _, e := range x.Entries {
		if f.suspected(e) && e.Actor != f.Principal.Key() { // its own acts are judged as its own
			return rule.Shift(x.Level, 1)
		}
		vouched = vouched && f.World.Vouches(e.Actor)
	}
	if vouched {
		return rule.Shift(x.Level, -1)
	}
	return x.Level
}

// suspected reports whether a change was made by somebody in a case, and not before his case begins: a deployer's work of the
// days before is no intruder's.
func (f *Facts) suspected(e trail.Entry) bool {
	return f.World.Suspected(e.Actor) && !e.Time.Before(f.SuspectSince[e.Actor])
}

// changes returns the changes of some acts on the principal.
func (f *Facts) changes(acts ...trail.Act) []trail.Entry { return pick(f.Changes, acts...) }

// acts returns what the principal did.
func (f *Facts) acts(acts ...trail.Act) []trail.Entry { return pick(f.Acts, acts...) }

func pick(es []trail.Entry, acts ...trail.Act) []trail.Entry {
	return slices.DeleteFunc(slices.Clone(es), func(e trail.Entry) bool { return !slices.Contains(acts, e.Act) })
}

// ways are the acts that give somebody a way in.
var ways = []trail.Act{trail.CredentialAdded, trail.FederatedAdded, trail.OwnerAdded}

// grants are the acts that give permissions or roles.
var grants = []trail.Act{trail.AppRoleGranted, trail.DelegatedGranted, trail.Consented, trail.RoleGranted}

// powerful reports whether a grant is of the control or management plane.
func powerful(e trail.Entry) bool {
	return e.Tier == privilege.Tier0 || e.Tier == privilege.Tier1
}

// strongest is the tier of what the principal holds, from Graph and from what was seen to be granted before a time.
func (f *Facts) strongest(before time.Time) (t privilege.Tier, by *trail.Entry) {
	t = f.Tier
	for _, e := range f.changes(grants...) {
		if e.Time.Before(before) && e.Tier.Above(t) {
			t, by = e.Tier, &e
		}
	}
	return t, by
}

// within reports whether b comes after a, or together with it, within a time.
func within(a, b time.Time, d time.Duration) bool { return !b.Before(a) && b.Sub(a) <= d }

// name names the principal for a sentence.
func (f *Facts) name() string {
	if f.Principal.Name == "" {
		return f.Principal.Key()
	}
	return fmt.Sprintf("%q", f.Principal.Name)
}

// who names an entry's actor for a sentence.
func who(e trail.Entry) string {
	switch {
	case e.ActorName != "":
		return e.ActorName
	case e.Actor != "":
		return e.Actor
	}
	return "somebody the record does not name"
}

var words = map[trail.Act]string{
	trail.CredentialAdded: "a credential", trail.FederatedAdded: "a federated credential", trail.OwnerAdded: "an owner",
	trail.AppRoleGranted: "the permission", trail.DelegatedGranted: "the delegated permissions", trail.Consented: "consent to",
	trail.RoleGranted: "the role",
}

// thing says what was added or granted, as in "the permission Mail.Read on Microsoft Graph".
func thing(e trail.Entry) string {
	w := words[e.Act]
	switch {
	case w == "":
		return string(e.Act)
	case e.KeyID != "":
		return w + " (key id " + e.KeyID + ")"
	case e.What != "":
		return w + " " + e.What
	}
	return w
}

// later says how much later something was, in the largest unit that fits.
func later(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds later", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes later", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%d hours later", int(d.Hours()))
	}
	return fmt.Sprintf("%d days later", int(d/day))
}

// byApplication reports whether a workload identity made a change.
func byApplication(e trail.Entry) bool { return e.Actor != "" && !strings.HasPrefix(e.Actor, "user:") }

// one makes a list of a single finding.
func one(l score.Level, subject, what string, es ...trail.Entry) []Finding {
	return []Finding{{Level: l, Subject: subject, What: what, Entries: es}}
}
