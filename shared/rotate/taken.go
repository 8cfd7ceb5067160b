package rotate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/reach"
	"rekey/shared/rule"
	"rekey/shared/score"
)

// TakenRule says what a credential that another principal read is told as. It has no Match: no one record shows it. It is
// never high, because a tag is what somebody wrote: whoever may write tags could else have any application evicted.
var TakenRule = &rule.Rule{
	ID: "credentialReadByAnother", Title: "A compromised principal read a credential of this application",
	RiskType: rule.TypeAnomalous, Techniques: []string{"T1555.006", "T1078.004"},
	Event:  "the index of reads of a compromised principal: SecretGet and SecretBackup of a secret whose tag ProviderAddress names this application",
	Shape:  rule.Recorded,
	Levels: "medium: a person decides",
	FalsePositives: []string{
		"The tag is wrong: the secret holds something else. The rotation proves a client secret before it changes it, and says so.",
		"Both are one workload, which was given two registrations.",
	},
	Ask: []string{
		"Did the rotation of the secret end, so that what was read opens nothing (rekey rotation show)?",
		"Did anybody sign in as the application from somewhere new since the read, with the key id that is named here?",
		"Which vaults and directories does this application reach? What was read of it is the next principal's way on.",
	},
}

// Taken is a credential of another application that the principal read, as the journal remembers it.
type Taken struct {
	Key        string    `json:"key"` // of the application's principal, as cases have it
	Name       string    `json:"displayName,omitempty"`
	AppID      string    `json:"appId"`                // as the secret's tag has it
	Credential string    `json:"credential,omitempty"` // key id
	Secret     string    `json:"secret"`               // vault/name
	Last       time.Time `json:"last"`                 // when it was read last, as far as that was known when it was told
}

// maxTaken bounds what a journal remembers of it.
const maxTaken = 64

// Untold returns which credentials of other applications were not told yet, as far as the journal can remember them, and
// how many are left out.
func (j *Journal) Untold(all []reach.Linked) (out []reach.Linked, left int) {
	for _, l := range all {
		if slices.ContainsFunc(j.Taken, func(t Taken) bool { return t.is(l) }) {
			continue
		}
		if len(j.Taken)+len(out) >= maxTaken {
			left++
			continue
		}
		out = append(out, l)
	}
	return out, left
}

func (t Taken) is(l reach.Linked) bool {
	return strings.EqualFold(t.AppID, l.AppID) && strings.EqualFold(t.Secret, l.Secret)
}

// Tell notes that a credential was told as a detection about p, and returns that. Told again after a crash, it is the same
// detection.
func (j *Journal) Tell(l reach.Linked, p event.Principal) detect.Detection {
	taken := Taken{Key: p.Key(), Name: p.Name, AppID: l.AppID, Credential: l.Credential, Secret: l.Secret, Last: l.Last}
	if !slices.ContainsFunc(j.Taken, func(t Taken) bool { return t.is(l) }) {
		j.Taken = append(j.Taken, taken)
	}
	var keys []string
	if l.Credential != "" {
		keys = append(keys, l.Credential)
	}
	what := fmt.Sprintf("%s (%s) read %s, which holds a credential of this application, last before %s; case %s",
		cmp.Or(plain(j.Name), "a compromised principal"), plain(j.Principal), plain(l.Secret), minute(l.Last), plain(j.Case))
	record := detect.Record{ID: j.ID, Time: l.First, Resource: l.Secret, KeyID: l.Credential}
	last := record
	last.Time = l.Last
	d := detect.Told(p, "", detect.Claim{
		Rule: TakenRule.ID, Type: TakenRule.RiskType, Level: score.LevelMedium, Subject: l.Secret + " in case " + j.Case, What: what, KeyIDs: keys,
	}, []detect.Record{record, last})
	d.Day = j.Cut.UTC().Format(time.DateOnly) // of the incident, so that a read that is found later makes no second one
	d.ID = detect.ID(p.Key(), d.Type+"/"+d.Rule, d.Subject, d.Day)
	d.By = j.Principal
	return d
}

// Bar notes people whose approval does not count, and takes away what they approved and nobody used yet. It reports whether
// anything changed.
func (j *Journal) Bar(people ...string) bool {
	changed := false
	for _, p := range people {
		if p = normal(p); p == "" || slices.ContainsFunc(j.Never, func(n string) bool { return normal(n) == p }) {
			continue
		}
		j.Never, changed = append(j.Never, p), true
	}
	for n := range j.Tiers {
		t := &j.Tiers[n]
		t.Approvals = slices.DeleteFunc(t.Approvals, func(a Approval) bool {
			return slices.ContainsFunc(j.Never, func(n string) bool { return normal(n) == normal(a.By) })
		})
	}
	return changed
}

// Approvers are the people whose approvals wait to be used.
func (j *Journal) Approvers() []string {
	var out []string
	for _, t := range j.Tiers {
		for _, a := range t.Approvals {
			out = append(out, a.By)
		}
	}
	return out
}
