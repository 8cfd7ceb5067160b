package tenant

import (
	"fmt"
	"strings"
	"time"

	"rekey/shared/event"
)

// How ordinary life changes, where Options.Drift asks for it.
const (
	rotationDays = 14 // every fourth principal with a secret has a new one after so many days
	updateDays   = 10 // every third principal gets the next patch of its library after so many days
)

// epoch is the day from which drift is counted; before it nobody changes.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// drifted returns a principal as it is on a day.
func (t *Tenant) drifted(p *Principal, day time.Time) *Principal {
	q := *p
	if n := t.rotations(p, day); n > 0 {
		q.Credential.KeyID = t.guid("rotated", p.Name, n)
	}
	if r := t.source("updates", p.Name); r.IntN(3) == 0 {
		n := phases(day, updateDays, r.IntN(updateDays))
		q.Agent = patched(p.Agent, n)
		q.Library = patched(p.Library, n)
	}
	return &q
}

// rotations counts how often a principal's secret was renewed until a day.
func (t *Tenant) rotations(p *Principal, day time.Time) int {
	r := t.source("rotations", p.Name)
	if p == t.Victim || p.Credential.Type != event.CredentialSecret || p.ApplicationObjectID == "" || r.IntN(4) != 0 {
		return 0
	}
	return phases(day, rotationDays, r.IntN(rotationDays))
}

// phases counts the changes since epoch that come every so many days, the first one after some days of offset.
func phases(day time.Time, every, offset int) int {
	days := int(day.Sub(epoch)/(24*time.Hour)) + offset
	return max(0, days/every)
}

// patched appends a patch number to the first version in a text: "okhttp/4.12.0" becomes "okhttp/4.12.0.3".
func patched(text string, n int) string {
	begin := strings.IndexAny(text, "0123456789")
	if begin < 0 || n == 0 {
		return text
	}
	end := begin + strings.IndexFunc(text[begin:]+" ", func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	return fmt.Sprintf("%s.%d%s", text[:end], n, text[end:])
}
