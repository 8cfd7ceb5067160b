package pattern

import (
	"fmt"
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/privilege"
	"rekey/shared/trail"
)

// firstTimeActor looks at who makes a kind of change that he never made, and at the hour of the day.
var firstTimeActor = &Rule{
	ID: "firstTimeActor", Title: "Somebody makes this kind of change for the first time, or at a strange hour",
	Covers: []string{"C05", "N04", "P09", "U01"}, RiskType: TypeAnomalous, Techniques: []string{"T1098"},
	Event:          "AuditLogs: a change that gives a way in or power, compared with what its actor did on the days before and at which hours",
	Levels:         "low; medium for a principal of tier 0, or when both the act and the hour are new for an actor who is known for others",
	FalsePositives: []string{"A new colleague.", "Directory changes have been known for less than a week: nothing is told, then."},
	Ask:            []string{"Is it his work?", "Were his own sign-ins unusual that day?"},
	Find: func(f *Facts) []Finding {
		var out []Finding
		for _, c := range f.Changes {
			if c.Act.OpensDoors() && !f.Since.IsZero() && c.Time.Sub(f.Since) >= settled {
				out = append(out, firstTime(f, c)...)
			}
		}
		return out
	},
}

func firstTime(f *Facts, c trail.Entry) []Finding {
	t := f.Actors[c.Actor]
	if t == nil || f.World.Vouches(c.Actor) {
		return nil
	}
	v := t.Before(baseline.DayOf(c.Time))
	first, strange := !v.Did(c.Act), !v.Usual(c.Time)
	if !first && !strange {
		return nil
	}
	tier, _ := f.strongest(c.Time)
	level := low
	if first && strange || first && tier == privilege.Tier0 && slices.Contains(ways, c.Act) {
		level = medium
	}
	what := fmt.Sprintf("%s changed %s (%s)", who(c), f.name(), thing(c))
	if first {
		what += ", a kind of change never seen from this actor before"
	}
	if strange {
		what += fmt.Sprintf(", at %s UTC, an hour at which this actor never changed anything", c.Time.Format("15:04"))
	}
	return one(level, c.Actor+" "+string(c.Act), what, c)
}
