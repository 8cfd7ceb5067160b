package detect

import (
	"slices"
	"strings"
	"time"

	"rekey/shared/event"
)

// Standing makes the detection of a claim that a look at what there is supports, and no record: nothing happened. Its day
// is the first of the month, so that what is found again every week is told once a month and else only lasts longer.
//
// It names no credential and no tenant. A case takes from these what an intruder used and whose tenant the records are
// of, and posture must not speak for either.
func Standing(c Claim, now time.Time) Detection {
	now = now.UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	d := base(&event.Event{Time: month, Principal: c.Principal}, c.Type, cut(c.Subject))
	d.ID = ID(c.Principal.Key(), c.Type+"/"+c.Rule, d.Subject, d.Day)
	d.Rule, d.Statement, d.Level, d.Source, d.Posture = strings.Clone(c.Rule), cut(c.What), c.Level, SourceRekey, true
	d.First, d.Last, d.Records = now, now, []Record{}
	return d
}

// Happened returns the detections of what happened: all but the standing ones.
func Happened(ds []Detection) []Detection {
	return slices.DeleteFunc(slices.Clone(ds), func(d Detection) bool { return d.Posture })
}
