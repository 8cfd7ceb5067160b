package score

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rekey/shared/baseline"
)

const (
	fewestWeekends = 4  // days of weekends without a sign-in make a habit
	silentDays     = 10 // silence that is worth a word
	freshDays      = 7  // a credential is fresh for so long
	failureSpan    = 48 * time.Hour
	surge          = 2.5 // how much busier than ever before is too busy; counts are estimates with an error of a quarter
	fewest         = 5   // fewer sign-ins are never too many
)

// hour charges an unusual time: of the day, or the first weekend of a principal that works on weekdays. They are one
// property, the one that tells more counts.
func (j *judgement) hour() {
	n := len(j.out)
	j.single(baseline.HourBlock, FamilyBehaviour, "time of day")
	if !j.weekend() || j.Own[SeenWeekday(j.event.Time.UTC().Weekday())] {
		return
	}
	active, all := j.View.SameDays()
	if active > 0 || all < fewestWeekends {
		return
	}
	if bits := bitsOf(assumed.Weekend); len(j.out) == n || j.out[n].Bits < bits {
		j.out = j.out[:n]
		j.contribute(baseline.HourBlock.String(), FamilyBehaviour, bits, j.event.Time.UTC().Weekday().String(),
			fmt.Sprintf("first sign-in on a weekend, on none of %d weekend days before", all))
	}
}

func (j *judgement) weekend() bool {
	d := j.event.Time.UTC().Weekday()
	return d == time.Saturday || d == time.Sunday
}

// silence charges the first sign-in after many silent days, unless that is the principal's habit.
func (j *judgement) silence() {
	days := j.View.Silence()
	if days < silentDays {
		return
	}
	usual := float64(j.View.Silences(days * 2 / 3))
	rate := (usual + assumed.SilenceDays*assumed.Silence.Honest/float64(days)) / (j.View.Exposure() + assumed.SilenceDays)
	j.contribute("silence", FamilyBehaviour, math.Log2(assumed.Silence.Intruder/rate), fmt.Sprintf("%d days", days),
		fmt.Sprintf("first sign-in after %d silent days; %.0f silences of that length before", days, usual))
}

// credential charges a credential of another type, else of another class, and a key that was not used before.
func (j *judgement) credential() {
	class := baseline.CredentialType
	if !j.known(class) && (!j.values.Has(class) || j.View.Seen(class) == 0) {
		class = baseline.CredentialClass
	}
	j.single(class, FamilyCredential, "credential type")
	j.single(baseline.CredentialKey, FamilyCredential, "credential")
	j.fresh()
}

// fresh charges a credential that is used from a new network soon after it was added: whoever added it took it there. A
// network that the tenant uses elsewhere does not count: workloads that are moved get new credentials.
func (j *judgement) fresh() {
	if !j.values.Has(baseline.CredentialKey) && !j.values.Has(baseline.CredentialClass) || j.known(baseline.CredentialKey) || j.moved || !Moved(j.out) {
		return
	}
	at, key := j.event.Time, j.event.SignIn.CredentialKeyID
	of := func(n *baseline.Note) bool {
		age := at.Sub(n.Time)
		return n.KeyID == key && age > -time.Hour && age < freshDays*24*time.Hour
	}
	note, ok := j.Evidence.Find(baseline.NoteCredentialAdded, of)
	if !ok {
		note, ok = j.Application.Find(baseline.NoteCredentialAdded, of)
	}
	if ok {
		j.contribute("freshCredential", FamilyCredential, bitsOf(assumed.Fresh), note.What, fmt.Sprintf(
			"added %s before by %s, and first used from a new network", j.event.Time.Sub(note.Time).Round(time.Minute), orUnknown(note.Actor)))
	}
}

// failures charges failed sign-ins that the same address tried before it succeeded.
func (j *judgement) failures() {
	at, from := j.event.Time, j.event.Caller.String()
	note, ok := j.Evidence.Find(baseline.NoteFailure, func(n *baseline.Note) bool {
		age := at.Sub(n.Time)
		return n.Caller == from && guessed(n.What) && age > -time.Hour && age < failureSpan
	})
	if ok {
		j.contribute("failuresBefore", FamilyCredential, bitsOf(assumed.Failures), from, note.What+" from the same address shortly before")
	}
}

// Busiest is how many sign-ins a principal's busiest day and hour had before the judged day.
type Busiest struct{ Day, Hour float64 }

// BusiestOf reads it from the facts. It is the same for the whole day.
func BusiestOf(f Facts) Busiest {
	b := Busiest{Day: f.View.Volume().MaxBefore(f.View.Day())}
	if f.Evidence != nil {
		b.Hour = f.Evidence.Hours().MaxBefore(f.View.Day())
	}
	return b
}

// Volume charges a day, or an hour of it, that is far busier than any before. It looks at what is counted so far, so
// it is asked now and then, and not for each event.
func (m Model) Volume(f Facts, most Busiest) []Contribution {
	if f.View.ActiveDays() < coldStartDays {
		return nil
	}
	j := judgement{Model: m, Facts: f}
	j.surge(f.View.Volume().On(f.View.Day()), most.Day, "sign-ins on the day")
	if f.Evidence != nil && len(j.out) == 0 {
		j.surge(f.Evidence.Hours().MostOn(f.View.Day()), most.Hour, "sign-ins within the hour")
	}
	return j.out
}

func (j *judgement) surge(now, most float64, what string) {
	if now < fewest || most == 0 || now < surge*most {
		return
	}
	rate := assumed.Surge.Honest / math.Pow(now/most/surge, 1.5)
	j.contribute("volume", FamilyBehaviour, math.Log2(assumed.Surge.Intruder/rate), fmt.Sprintf("about %.0f", now),
		fmt.Sprintf("about %.0f %s, about %.0f in the busiest before", now, what, most))
}

func orUnknown(s string) string {
	if s == "" {
		return "an unknown actor"
	}
	return s
}

// guesses are the failures of somebody who tries credentials: a wrong secret, an application or certificate that is not
// there, an assertion nobody trusts. An expired secret (7000222) is mostly the owner's own.
var guesses = []string{"AADSTS7000215", "AADSTS700016", "AADSTS700027", "AADSTS70021"}

func guessed(what string) bool {
	for _, code := range guesses {
		if strings.HasSuffix(what, code) {
			return true
		}
	}
	return false
}
