package detect

import (
	"net/netip"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/score"
)

// vouchedDays is for how long a person's word about values holds. By then the baseline knows what the principal went on
// showing, and what it did not show again is forgotten there, too.
const vouchedDays = baseline.Window

// told are the properties of which a contribution shows the value as the log has it.
var told = []string{
	baseline.Hosting.String(), baseline.Country.String(), baseline.Resource.String(), baseline.AgentFamily.String(), baseline.Agent.String(),
	baseline.Library.String(), baseline.CredentialType.String(), baseline.CredentialClass.String(), baseline.CredentialKey.String(), baseline.HourBlock.String(),
}

// Shows returns the values of properties that the model's detection shows, as it was at a time: those of its records until then and, if
// nothing came later, its contributions, its credentials and its new resources. What counts by itself, like failures before or how
// busy a day was, is no value. What a rule found shows none: its records are failures, or those of whoever changed something.
func (d *Detection) Shows(at time.Time) []score.Seen {
	if d.Rule != "" || d.Source != SourceRekey {
		return nil
	}
	var out []score.Seen
	add := func(property, value string) {
		if value != "" {
			out = append(out, score.SeenOf(property, value))
		}
	}
	for _, r := range d.Records {
		if r.Time.After(at) {
			continue
		}
		prefix := ""
		if a, err := netip.ParseAddr(r.IPAddress); err == nil {
			prefix = baseline.NetworkPrefix(a).String()
		}
		out = append(out, score.SeenNetwork(r.ASN, prefix, r.IPAddress)...)
		add(baseline.Country.String(), r.Country)
		add(baseline.Hosting.String(), r.Hosting)
		add(baseline.Resource.String(), r.Resource)
		add(baseline.AgentFamily.String(), r.UserAgent)
		add(baseline.Agent.String(), r.UserAgent)
	}
	for _, u := range d.Resources {
		if !u.Time.After(at) {
			add(baseline.Resource.String(), u.Resource)
		}
	}
	if !d.Last.After(at) { // else nobody knows which of these came later
		for _, c := range d.Contributions {
			if slices.Contains(told, c.Name) {
				add(c.Name, c.Value)
			}
		}
		for _, id := range d.KeyIDs {
			add(baseline.CredentialKey.String(), id)
		}
	}
	slices.SortFunc(out, score.Seen.Compare)
	return slices.Compact(out)
}

// Vouched returns what people said is the principal's own, of all its detections. A later judgement of a detection takes its values
// back.
func Vouched(ds []Detection, now time.Time) score.Own {
	var own score.Own
	for i := range ds {
		j := ds[i].Judged
		if j == nil || j.State != StateConfirmedSafe || now.Sub(j.At) > vouchedDays*24*time.Hour {
			continue
		}
		for _, s := range j.Own {
			if own == nil {
				own = score.Own{}
			}
			own[s] = true
		}
	}
	return own
}
