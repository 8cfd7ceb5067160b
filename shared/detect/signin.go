package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

// SourceRekey is the source of what Rekey found itself.
const SourceRekey = "Rekey"

// ID makes a detection's id: the first 26 bytes of a SHA-256 over what the finding is about, in hexadecimal, the
// form of Microsoft's own ids.
func ID(principal, riskType, subject, day string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{principal, riskType, subject, day}, "\x00")))
	return hex.EncodeToString(sum[:26])
}

// SignIn makes the detection of an unfamiliar sign-in, and false when its score is not worth one. One principal has
// one such detection per origin and day, however many sign-ins show it.
func SignIn(e *event.Event, s score.Score, fleet string) (Detection, bool) {
	if s.Level == score.LevelNone || s.Level == "" || !e.SignIn.Succeeded() {
		return Detection{}, false
	}
	d := base(e, TypeSuspiciousSignins, origin(e))
	d.Level, d.Bits, d.Contributions, d.Fleet, d.Source = s.Level, s.Bits, s.Contributions, fleet, SourceRekey
	if k := e.SignIn.CredentialKeyID; k != "" {
		d.KeyIDs = []string{strings.Clone(k)}
	}
	return d, true
}

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

// origin names where a sign-in came from, as coarsely as an intruder can be told from himself.
func origin(e *event.Event) string {
	switch {
	case e.Network.ASN != 0:
		return fmt.Sprintf("AS%d", e.Network.ASN)
	case e.Caller.IsValid():
		return baseline.NetworkPrefix(e.Caller).String()
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
	if riskType == "" {
		riskType = "generic"
	}
	d := base(e, riskType, strings.Clone(e.ID))
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
