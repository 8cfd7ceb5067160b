package detect

import (
	"slices"
	"time"

	"rekey/shared/score"
)

// Risk states, spelled like Graph's riskState.
const (
	StateAtRisk               = "atRisk"
	StateConfirmedCompromised = "confirmedCompromised"
	StateDismissed            = "dismissed"     // a person says that it is no risk
	StateConfirmedSafe        = "confirmedSafe" // a person says that it was the principal itself
	StateRemediated           = "remediated"    // the locks were changed
)

// RiskStates are all of them, as filters name them.
var RiskStates = []string{StateAtRisk, StateConfirmedCompromised, StateDismissed, StateConfirmedSafe, StateRemediated, "none"}

// DetailNone is the riskDetail of what nobody judged.
const DetailNone = "none"

// Judgement is what became of a detection: what a person said of it, or that its principal's locks were changed. It is a
// fact that is kept; the state follows from it and from what was found since.
type Judgement struct {
	State  string      `json:"riskState"`
	Detail string      `json:"riskDetail"` // Graph's word for who judged
	Level  score.Level `json:"level"`      // the detection's own level at that time
	At     time.Time   `json:"at"`

	// Own are the values that it showed at that time, if a person said that they are the principal's own.
	Own []score.Seen `json:"own,omitempty"`
}

// Judge keeps a judgement, unless a later one is there, and reports whether anything changed.
func (d Detection) Judge(state, detail string, at time.Time) (Detection, bool) {
	if d.Judged != nil && !d.Judged.At.Before(at) {
		return d, false
	}
	d.Judged = &Judgement{State: state, Detail: detail, Level: d.Level, At: at.UTC()}
	return d, true
}

// Closed reports whether nothing is held against the principal for this detection any more. It opens again when it is
// raised to a higher level than the one that was judged or, after a remediation, when it goes on.
func (d *Detection) Closed() bool {
	j := d.Judged
	switch {
	case j == nil || j.State == StateConfirmedCompromised || !j.Level.AtLeast(d.Level):
		return false
	case j.State == StateRemediated:
		return !d.Last.After(j.At)
	}
	return true
}

// RiskState is the detection's state in Graph's words.
func (d *Detection) RiskState() string {
	if d.Closed() || d.Judged != nil && d.Judged.State == StateConfirmedCompromised {
		return d.Judged.State
	}
	return StateAtRisk
}

// RiskDetail is Graph's word for how the state came about.
func (d *Detection) RiskDetail() string {
	if d.RiskState() == StateAtRisk {
		return DetailNone
	}
	return d.Judged.Detail
}

// RiskLevel is the level that is left: none of a detection that is closed.
func (d *Detection) RiskLevel() score.Level {
	if d.Closed() {
		return score.LevelNone
	}
	return d.Level
}

// Updated is when the detection last changed: by what happened, or by a judgement.
func (d *Detection) Updated() time.Time {
	if d.Judged != nil && d.Judged.At.After(d.Last) {
		return d.Judged.At
	}
	return d.Last
}

// Open returns the detections that are not closed.
func Open(ds []Detection) []Detection {
	return slices.DeleteFunc(slices.Clone(ds), func(d Detection) bool { return d.Closed() })
}

// laterJudgement returns the later of two; which comes first does not matter.
func laterJudgement(a, b *Judgement) *Judgement {
	switch {
	case a == nil:
		return b
	case b == nil || a.At.After(b.At) || a.At.Equal(b.At) && a.State >= b.State:
		return a
	}
	return b
}

// Stand says how things stand with a principal, by all its detections: at risk as long as something that happened is open,
// and else what was judged last.
func Stand(ds []Detection) (state, detail string) {
	open := false
	var last *Judgement
	for i := range ds {
		d := &ds[i]
		switch {
		case d.RiskState() == StateConfirmedCompromised:
			return StateConfirmedCompromised, d.Judged.Detail
		case d.Closed():
			last = laterJudgement(last, d.Judged)
		case !d.Posture:
			open = true
		}
	}
	if open || last == nil {
		return StateAtRisk, DetailNone
	}
	return last.State, last.Detail
}
