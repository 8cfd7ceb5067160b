package score_test

import (
	"testing"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

func TestWhatAPersonVouchedForIsNotCharged(t *testing.T) {
	from := score.SeenNetwork(64511, "203.0.113.0/24", "203.0.113.9")
	activityFrom := func(p *past) *past {
		for d := range 40 {
			p.see(activity(d))
		}
		return p
	}
	vouch := func(property, value string) []score.Seen { return []score.Seen{score.SeenOf(property, value)} }
	saturday := signIn(46)
	tests := map[string]struct {
		name  string // of the contribution that goes
		past  *past
		event *event.Event
		own   []score.Seen
	}{
		"its network":                {"asn", months(40, nil), signIn(40, newNetwork), from},
		"the address in it":          {"address", months(40, nil), signIn(40, newNetwork, func(e *event.Event) { e.Network.ASN = 64500 }), from},
		"its prefix, system unknown": {"prefix", unknownASN(), signIn(40, newNetwork, noASN), from},
		"its kind of network":        {"hosting", months(40, nil), signIn(40, newHosting), vouch("hosting", "anonymizer")},
		"its country":                {"country", months(40, nil), signIn(40, newCountry), vouch("country", "BR")},
		"its resource":               {"resource", months(40, nil), signIn(40, newResource), vouch("resource", "Azure Key Vault")},
		"another release of its client": {"agentFamily", months(40, nil), signIn(40, func(e *event.Event) { e.SignIn.UserAgent = "python-requests/2.32" }),
			vouch("agentFamily", "python-requests/2.31")},
		"its credential type":       {"credentialType", months(40, nil), signIn(40, newType), vouch("credentialType", event.CredentialCertificate)},
		"its key":                   {"credentialKey", months(40, nil), signIn(40, newKey), vouch("credentialKey", "k2")},
		"its weekend":               {"hourBlock", months(46, weekend), saturday, []score.Seen{score.SeenWeekday(saturday.Time.Weekday())}},
		"where its token is used":   {"tokenElsewhere", activityFrom(months(40, nil)), activity(40, newNetwork), from},
		"a managed identity's home": {"activityASN", managed(), activity(40, newNetwork), from},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			own := score.Own{}
			for _, s := range tt.own {
				own[s] = true
			}
			before, after := tt.past.judge(tt.event), tt.past.judgeKnowing(tt.event, own)
			if !has(before, tt.name) || has(after, tt.name) || after.Bits >= before.Bits {
				t.Errorf("%s: %+v became %+v", tt.name, before.Contributions, after.Contributions)
			}
			if other := tt.past.judgeKnowing(tt.event, score.Own{{Property: "country", Value: "XX"}: true}); other.Bits != before.Bits {
				t.Errorf("a word about something else changed %.1f bits to %.1f", before.Bits, other.Bits)
			}
		})
	}
}

func (p *past) judgeKnowing(e *event.Event, own score.Own) score.Score {
	values := hasher.Values(e)
	f := score.Facts{View: p.Profile.Before(baseline.DayOf(e.Time)), Evidence: &p.Evidence, Application: &p.app, Own: own}
	return score.NewModel(baseline.PriorFleet()).Event(e, &values, f)
}
