package trial

import (
	"time"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/lab"
	"rekey/shared/lab/simulate"
	"rekey/shared/lab/subject"
	"rekey/shared/pattern"
	"rekey/shared/score"
	"rekey/shared/watch"
)

// Acts is what Rekey would have done by itself in a run without intruders, were it allowed to: every act is a wrong one.
type Acts struct {
	Principals int
	Days       int
	High       int // principals and days with a high detection
	Wrong      int // principals it would have evicted, each once a day
}

// PerYear returns the wrong acts per 1,000 principals a year.
func (a Acts) PerYear() float64 {
	return float64(a.Wrong) / float64(a.Principals) * 1000 / float64(a.Days) * 365
}

// Add adds another run's acts. The days are of equal weight, so runs must be equally long.
func (a *Acts) Add(b Acts) {
	a.Principals, a.Days, a.High, a.Wrong = a.Principals+b.Principals, b.Days, a.High+b.High, a.Wrong+b.Wrong
}

// CountActs plays a benign run and asks the chain of brakes about each principal's day as triage would, with the mode
// that allows everything and no cap: the cap would hide wrong acts.
func CountActs(run *simulate.Run, progress func(time.Time) error) (Acts, error) {
	acts := Acts{Principals: len(run.Principals), Days: run.Options.Days - run.Options.WarmUp}
	from := baseline.DayOf(run.Options.Start) + baseline.Day(run.Options.WarmUp)
	rekey := subject.New()
	rekey.OnClose = func(found []detect.Detection, state *watch.State) {
		if day, err := baseline.ParseDay(found[0].Day); err != nil || day < from {
			return
		}
		switch high, act := wouldAct(found, state); {
		case act:
			acts.High++
			acts.Wrong++
		case high:
			acts.High++
		}
	}
	t, err := New(run, lab.Detector(rekey))
	if err != nil {
		return acts, err
	}
	return acts, t.Run(progress)
}

// wouldAct builds the case and asks the brakes a minute after the last suspicious record, when the case is freshest.
func wouldAct(found []detect.Detection, state *watch.State) (high, act bool) {
	last := found[0].Last
	for i := range found {
		found[i].Detected = found[i].First
		high = high || found[i].Level == score.LevelHigh
		if found[i].Last.After(last) {
			last = found[i].Last
		}
	}
	if !high {
		return false, false
	}
	now := last.Add(time.Minute)
	c := casefile.Build(casefile.Facts{
		Facts: pattern.Facts{Principal: found[0].Principal, Detections: found, Profile: &state.Profile}, Notes: state.Evidence.Notes(), Exposure: &state.Exposure,
	}, now)
	v := decide.Decide(decide.Input{
		Case: c, Policy: decide.Policy{Tenant: found[0].Tenant, Default: decide.ModeEvict, ActsPerHour: 1}, Now: now,
		Outlook: &decide.Outlook{}, Reread: decide.RereadWaived, // what is judged is the detection, not the tenant around it
	})
	return true, v.Acts()
}
