package detect

import (
	"slices"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Claim is what a rule holds against a principal because of one record.
type Claim struct {
	Rule      string
	Type      string // risk event type
	Principal event.Principal
	Level     score.Level
	Subject   string
	What      string
	KeyIDs    []string
}

// maxText bounds what a claim says: names in it are as long as an intruder likes.
const maxText = 400

// Claimed makes the detection of a claim. The principal is the one that was changed and not the one that acted, and the
// record shows no use of it.
func Claimed(e *event.Event, c Claim) Detection {
	x := *e
	x.Principal = c.Principal
	d := base(&x, c.Type, cut(c.Subject))
	d.ID = ID(c.Principal.Key(), c.Type+"/"+c.Rule, d.Subject, d.Day)
	d.Rule, d.Statement, d.Level, d.Source = c.Rule, cut(c.What), c.Level, SourceRekey
	d.Records[0].Succeeded = false
	for _, k := range c.KeyIDs {
		d.KeyIDs = append(d.KeyIDs, strings.Clone(k))
	}
	slices.Sort(d.KeyIDs)
	d.KeyIDs = slices.Compact(d.KeyIDs)
	d.KeyIDs = d.KeyIDs[:min(len(d.KeyIDs), maxKeyIDs)]
	return d
}

// ClaimedOf makes the detection of a claim about days, which cites the sign-in that the day's detection begins with.
func ClaimedOf(first Detection, c Claim) Detection {
	d := first
	d.Type, d.Subject = c.Type, cut(c.Subject)
	d.ID = ID(d.Principal.Key(), c.Type+"/"+c.Rule, d.Subject, d.Day)
	d.Rule, d.Statement, d.Level = c.Rule, cut(c.What), c.Level
	d.Fleet, d.ActiveDays, d.KeyIDs, d.Contributions = "", 0, []string{}, []score.Contribution{}
	d.Records = slices.Clone(first.Records[:1])
	d.Records[0].Succeeded = false
	return d
}

func cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return strings.Clone(s)
}

// Told makes the detection of a claim that rests on several records; at least one. Its day is that of the last of them,
// and the record that shows a use of the principal stays one.
func Told(p event.Principal, tenant string, c Claim, records []Record) Detection {
	records = unite(records, nil, len(records), earlier)
	first, last := records[0].Time, records[len(records)-1].Time
	day := baseline.DayOf(last).String()
	subject := cut(strings.ToLower(c.Subject))
	d := Detection{
		ID: ID(p.Key(), c.Type+"/"+c.Rule, subject, day), Type: c.Type, Rule: c.Rule, Statement: cut(c.What), Subject: subject, Day: day,
		Principal: clonePrincipal(p), Tenant: tenant, Level: c.Level, Source: SourceRekey, Contributions: []score.Contribution{},
		First: first, Last: last, Records: records[:min(len(records), MaxRecords)], KeyIDs: slices.Sorted(slices.Values(c.KeyIDs)),
	}
	d.KeyIDs = slices.Compact(d.KeyIDs)
	d.KeyIDs = append([]string{}, d.KeyIDs[:min(len(d.KeyIDs), maxKeyIDs)]...)
	return d
}
