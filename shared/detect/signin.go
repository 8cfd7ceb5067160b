package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

// maxForeignID bounds an id of Microsoft's that a detection keeps as its own.
const maxForeignID = 128

// SourceRekey is the source of what Rekey found itself.
const SourceRekey = "Rekey"

// ID makes a detection's id: the first 26 bytes of a SHA-256 over what the finding is about, in hexadecimal, the
// form of Microsoft's own ids.
func ID(principal, riskType, subject, day string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{principal, riskType, subject, day}, "\x00")))
	return hex.EncodeToString(sum[:26])
}

// Unfamiliar makes the detection of an unfamiliar sign-in, or of activity from an unfamiliar network, and false when
// nothing about it is unfamiliar. One principal has one such detection per origin and day, however many events show it;
// whether all of them together are worth telling is known when they are joined (see Raise and Worth).
func Unfamiliar(e *event.Event, s score.Score, activeDays int, fleet string) (Detection, bool) {
	if len(s.Contributions) == 0 {
		return Detection{}, false
	}
	kind := TypeSuspiciousSignins
	if !baseline.IsSignIn(e) {
		kind = TypeAnomalousActivity
	}
	d := begin(e, kind, activeDays, fleet)
	d.Contributions = score.Unite(s.Contributions, nil)
	for i := range d.Contributions {
		d.Contributions[i].Value = strings.Clone(d.Contributions[i].Value)
	}
	d.Level, d.Bits = s.Level, score.Sum(d.Contributions, activeDays).Bits
	for _, c := range s.Contributions {
		if c.Name == baseline.Resource.String() {
			d.Resources = []Use{{strings.Clone(c.Value), e.Time}}
		}
	}
	return d, true
}

// Begin makes the beginnings of a detection of a sign-in, without anything that is held against it.
func Begin(e *event.Event, activeDays int, fleet string) Detection {
	return begin(e, TypeSuspiciousSignins, activeDays, fleet)
}

func begin(e *event.Event, kind string, activeDays int, fleet string) Detection {
	d := base(e, kind, Origin(e))
	d.Level, d.Fleet, d.Source, d.ActiveDays = score.LevelNone, fleet, SourceRekey, activeDays
	if k := e.SignIn.CredentialKeyID; k != "" {
		d.KeyIDs = []string{strings.Clone(k)}
	}
	return d
}

// Worth reports whether a detection is one, or only the beginnings of it.
func (d *Detection) Worth() bool { return d.Level.AtLeast(score.LevelLow) }

// base fills what every detection of an event has. Strings are cloned: a detection outlives the batch.
func base(e *event.Event, riskType, subject string) Detection {
	day := baseline.DayOf(e.Time).String()
	return Detection{
		ID: ID(e.Principal.Key(), riskType, subject, day), Type: riskType, Subject: subject, Day: day,
		Principal: clonePrincipal(e.Principal), Tenant: strings.Clone(e.Tenant),
		KeyIDs: []string{}, Contributions: []score.Contribution{},
		First: e.Time, Last: e.Time, Records: []Record{record(e)},
	}
}

func clonePrincipal(p event.Principal) event.Principal {
	return event.Principal{ObjectID: strings.Clone(p.ObjectID), AppID: strings.Clone(p.AppID), Name: strings.Clone(p.Name)}
}

// Origin names where an event came from, as coarsely as an intruder can be told from himself.
func Origin(e *event.Event) string {
	switch {
	case e.Network.ASN != 0:
		return fmt.Sprintf("AS%d", e.Network.ASN)
	case e.Caller.IsValid():
		return baseline.NetworkPrefix(e.Caller).String()
	}
	return "unknown network"
}

// Origin names where a record came from, like that of an event.
func (r *Record) Origin() string {
	if r.ASN != 0 {
		return fmt.Sprintf("AS%d", r.ASN)
	}
	if a, err := netip.ParseAddr(r.IPAddress); err == nil {
		return baseline.NetworkPrefix(a).String()
	}
	return "unknown network"
}

func record(e *event.Event) Record {
	r := Record{
		ID: strings.Clone(e.ID), Time: e.Time, ASN: e.Network.ASN, Network: strings.Clone(e.Network.ASName),
		Country: strings.Clone(e.Network.Country), Resource: strings.Clone(e.SignIn.ResourceName),
		UserAgent: strings.Clone(e.SignIn.UserAgent), KeyID: strings.Clone(e.SignIn.CredentialKeyID),
		Succeeded: e.SignIn.Succeeded(),
	}
	if e.Caller.IsValid() {
		r.IPAddress = e.Caller.String()
	}
	if e.Network.Hosting != event.HostingUnknown {
		r.Hosting = e.Network.Hosting.String()
	}
	return r
}

// Finding makes a detection of one of Microsoft's own risk findings, and false when it says that nothing is wrong.
func Finding(e *event.Event) (Detection, bool) {
	level := levelOf(e.Risk.Level)
	if level == score.LevelNone || e.Risk.State == "dismissed" || e.Risk.State == "remediated" || e.Risk.State == "confirmedSafe" {
		return Detection{}, false
	}
	riskType := strings.Clone(e.Risk.Type)
	if now, renamed := typeBefore[strings.ToLower(riskType)]; renamed {
		riskType = now
	}
	if riskType == "" {
		riskType = "generic"
	}
	d := base(e, riskType, strings.Clone(e.ID))
	if id := e.ID; id != "" && len(id) <= maxForeignID && !strings.EqualFold(id, e.Principal.ObjectID) {
		d.ID = d.Subject // Microsoft's own: whoever has it from there finds it here
	}
	d.Level, d.Source = level, "IdentityProtection"
	for _, k := range e.Risk.KeyIDs {
		d.KeyIDs = append(d.KeyIDs, strings.Clone(k))
	}
	return d, true
}

// levelOf reads a risk level of Microsoft's. A hidden level (no licence) counts as medium: somebody found something.
func levelOf(s string) score.Level {
	switch l := score.Level(strings.ToLower(s)); l {
	case score.LevelLow, score.LevelMedium, score.LevelHigh:
		return l
	case "hidden":
		return score.LevelMedium
	}
	return score.LevelNone
}
