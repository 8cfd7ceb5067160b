package pattern

import (
	"fmt"
	"time"

	"rekey/shared/trail"
)

const (
	many    = 5
	manyFor = 10 * time.Minute
)

// manyCreated looks at principals that are made in a row.
var manyCreated = &Rule{
	ID: "manyCreated", Title: "Many applications or principals made within minutes",
	Covers: []string{"U02"}, RiskType: TypeAnomalous, Techniques: []string{"T1136.003"},
	Event:          "AuditLogs: 5 applications or service principals made by one actor within 10 minutes",
	Levels:         "medium",
	FalsePositives: []string{"A deployment to a new environment: declare who deploys."},
	Ask:            []string{"Are their names of one kind?", "Which of them got a credential or a permission?"},
	Find: func(f *Facts) []Finding {
		if row := inARow(f.acts(trail.Created)); row != nil {
			return one(medium, f.Principal.Key(), fmt.Sprintf("%s made %d applications or principals within minutes, %s among them", f.name(), len(row), target(row[0])), row...)
		}
		for _, made := range f.changes(trail.Created) {
			t := f.Actors[made.Actor]
			if t == nil {
				continue
			}
			if row := inARow(t.Entries(trail.By, time.Time{}, trail.Created)); row != nil && within(row[len(row)-1].Time, made.Time, manyFor) {
				return one(medium, made.Actor, fmt.Sprintf("%s made %d applications or principals within minutes, %s among them", who(made), len(row), f.name()), made)
			}
		}
		return nil
	},
}

// inARow returns the newest changes of a list that were made shortly after one another, if they are many.
func inARow(es []trail.Entry) []trail.Entry {
	for i := range es {
		j := i
		for j < len(es) && within(es[j].Time, es[i].Time, manyFor) {
			j++
		}
		if j-i >= many {
			return es[i:j]
		}
	}
	return nil
}
