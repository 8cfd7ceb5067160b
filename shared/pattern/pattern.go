package pattern

import (
	"slices"

	"rekey/shared/detect"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Risk event types, spelled like Microsoft's.
const (
	TypeAnomalous = "anomalousServicePrincipalActivity"
	TypeAPI       = "suspiciousAPITraffic"
)

// Rule finds one pattern.
type Rule struct {
	ID, Title      string
	Covers         []string // merged ids of the public detections; empty for what no public rule looks at
	RiskType       string
	Techniques     []string // MITRE ATT&CK
	Event          string   // the log events it looks at
	Levels         string
	FalsePositives []string
	Ask            []string // what an investigator should ask next
	Find           func(f *Facts) []Finding
}

// Finding is what a pattern found. Rule, Subject and the day of its last record make its identity.
type Finding struct {
	Level   score.Level
	Subject string
	What    string // a sentence without its full stop
	Entries []trail.Entry
	Seen    []detect.Detection // detections that are part of it
}

// Catalogue is every pattern: changes on the principal, changes by it, and what several logs show together.
var Catalogue = []*Rule{
	credentialBesideGrant,
	grantAfterCreation,
	credentialThenSignIn,
	dormantRevived,
	shortLife,
	roleGivenAndTaken,
	permissionsCreep,
	enabledByAnother,
	powerfulGotWayIn,
	firstTimeActor,
	changedBySuspect,

	powerUsed,
	buildsAnother,
	manyCreated,
	firstTimeAct,
	credentialsOnMany,

	unfamiliarThenChange,
	unfamiliarThenListing,
	unfamiliarThenPower,
	microsoftAgrees,
}

// ByID returns the rule with an id; nil when there is none.
func ByID(id string) *Rule {
	if i := slices.IndexFunc(Catalogue, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return Catalogue[i]
	}
	return nil
}

// Judge asks every rule about a principal. What two findings of one rule say about one subject and day becomes one
// detection.
func Judge(known *Facts) []detect.Detection {
	f := new(Facts)
	*f = *known
	if f.World.Platform(f.Principal) {
		f.Acts = nil // a service of Microsoft's changes applications in every tenant, every day
	}
	f.Detections = slices.DeleteFunc(slices.Clone(known.Detections), func(d detect.Detection) bool { return ByID(d.Rule) != nil })
	var out []detect.Detection
	at := map[string]int{}
	for _, r := range Catalogue {
		for _, x := range r.Find(f) {
			d, ok := r.detection(f, &x)
			if !ok {
				continue
			}
			if i, ok := at[d.ID]; ok {
				out[i], _ = detect.Raise(out[i], d)
				continue
			}
			at[d.ID] = len(out)
			out = append(out, d)
		}
	}
	return out
}

func (r *Rule) detection(f *Facts, x *Finding) (detect.Detection, bool) {
	level := f.level(x)
	if level == score.LevelNone || len(x.Entries)+len(x.Seen) == 0 {
		return detect.Detection{}, false
	}
	return detect.Told(f.Principal, f.Tenant, detect.Claim{
		Rule: r.ID, Type: r.RiskType, Level: level, Subject: x.Subject, What: x.What, KeyIDs: keyIDs(x.Entries),
	}, x.records()), true
}

func keyIDs(es []trail.Entry) []string {
	var out []string
	for _, e := range es {
		if e.KeyID != "" {
			out = append(out, e.KeyID)
		}
	}
	return out
}

// records are what the finding is made of: changes, and the earliest record of each detection.
func (x *Finding) records() []detect.Record {
	var out []detect.Record
	for _, e := range x.Entries {
		out = append(out, detect.Record{ID: e.Record, Time: e.Time, KeyID: e.KeyID})
	}
	for _, d := range x.Seen {
		if len(d.Records) > 0 {
			out = append(out, d.Records[0])
		}
	}
	return out
}
