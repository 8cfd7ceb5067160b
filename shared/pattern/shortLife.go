package pattern

import (
	"fmt"

	"rekey/shared/trail"
)

// shortLife looks at principals that are made, used and thrown away: a tool that cleans up, or an intruder who does.
var shortLife = &Rule{
	ID: "shortLife", Title: "Principal made, armed and deleted within a day",
	Covers: []string{"C12"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003", "T1070"},
	Event:          "AuditLogs: created, a credential or grant, deleted, all within 24 hours",
	Levels:         "medium; high when it had a permission or role of tier 0 or 1",
	FalsePositives: []string{"Tests of deployment code make and delete applications: declare who runs them."},
	Ask:            []string{"What did it do while it lived?", "Can it be restored (30 days) to be looked at?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, gone := range f.changes(trail.Deleted) {
			for _, made := range f.changes(trail.Created) {
				if within(made.Time, gone.Time, day) {
					out = append(out, lived(f, made, gone)...)
				}
			}
		}
		return out
	},
}

func lived(f *Facts, made, gone trail.Entry) []Finding {
	level, es := none, []trail.Entry{made}
	for _, e := range append(f.changes(ways...), f.changes(grants...)...) {
		if e.Time.Before(made.Time) || e.Time.After(gone.Time) {
			continue
		}
		es = append(es, e)
		switch {
		case powerful(e):
			level = high
		case level == none:
			level = medium
		}
	}
	if level == none {
		return nil
	}
	what := fmt.Sprintf("%s was made by %s, got %s and was deleted %s", f.name(), who(made), thing(es[len(es)-1]), later(gone.Time.Sub(made.Time)))
	return one(level, "life", what, append(es, gone)...)
}
