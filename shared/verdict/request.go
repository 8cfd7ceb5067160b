package verdict

import (
	"cmp"
	"slices"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// RuleRequest is the rule that a request for a remediation is found by.
const RuleRequest = "request"

// Request is a person or application that wants a principal's locks looked at. Unlike a verdict it says nothing about the
// past: it opens a case, so that there is a plan.
type Request struct {
	Order  string // id of the order: given twice, it is one request
	By     string
	Reason string
	Plan   bool // a plan is wanted, and nothing else
	At     time.Time
}

// Detection is what a request is in state. For a plan alone it is low, and nobody is called. Else it is high, which is the
// level that calls people; it shows no sign-in, so nothing is ever done alone because of it.
func (r Request) Detection(p event.Principal) detect.Detection {
	at := r.At.UTC()
	level, what := score.LevelHigh, "a remediation was asked for by "
	if r.Plan {
		level, what = score.LevelLow, "a plan was asked for by "
	}
	d := detect.Detection{
		ID: detect.ID(p.Key(), detect.TypeGeneric, r.Order, at.Format(time.DateOnly)), Type: detect.TypeGeneric, Principal: p, Subject: r.By, Day: at.Format(time.DateOnly),
		Level: level, Source: detect.SourceRekey, Rule: RuleRequest, Statement: what + r.By,
		KeyIDs: []string{}, Contributions: []score.Contribution{}, Records: []detect.Record{}, First: at, Last: at, Detected: at,
	}
	if r.Reason != "" {
		d.Statement += ": " + r.Reason
	}
	return d
}

// RequestedBy returns who asked last among a principal's detections, or "".
func RequestedBy(ds []detect.Detection) string {
	asked := slices.DeleteFunc(slices.Clone(ds), func(d detect.Detection) bool { return d.Rule != RuleRequest })
	if len(asked) == 0 {
		return ""
	}
	last := slices.MaxFunc(asked, func(a, b detect.Detection) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	return last.Subject
}
