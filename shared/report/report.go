package report

import (
	"cmp"
	"slices"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Report is what a scan found.
type Report struct {
	Made       time.Time
	Detections []detect.Detection
	Cases      []casefile.Case // of the riskiest; the report shows those of the first principals
	Summary    Summary
}

// Subject is one principal and everything that was found about it.
type Subject struct {
	Principal   event.Principal
	Level       score.Level // the highest
	Bits        float64     // of the strongest detection
	First, Last time.Time
	Detections  []detect.Detection // strongest first
}

// inFull is how many detections of a principal are told in full: the strongest. The others are listed: somebody who
// reads fifty of them learns nothing from the fifty-first.
const inFull = 3

// toldSubjects is how many principals are told about; the others stand in the list at the beginning only.
const toldSubjects = 100

// full returns the detections to tell in full, and the others in the order of time.
func (s *Subject) full() (full, others []detect.Detection) {
	n := min(inFull, len(s.Detections))
	others = slices.SortedFunc(slices.Values(s.Detections[n:]), func(a, b detect.Detection) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return s.Detections[:n], others
}

// Name returns what people call the principal; its key if it has no name.
func (s *Subject) Name() string { return name(s.Principal) }

func name(p event.Principal) string {
	return cmp.Or(plain(p.Name), plain(p.Key()), "an unnamed principal")
}

// Subjects gathers the detections by principal, the riskiest principal first.
func Subjects(all []detect.Detection) []Subject {
	byKey := map[string]*Subject{}
	for _, d := range all {
		key := d.Principal.Key()
		s := byKey[key]
		if s == nil {
			s = &Subject{Principal: d.Principal, First: d.First, Last: d.Last}
			byKey[key] = s
		}
		s.add(d)
	}
	out := make([]Subject, 0, len(byKey))
	for _, s := range byKey {
		slices.SortFunc(s.Detections, stronger)
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Subject) int { return stronger(a.Detections[0], b.Detections[0]) })
	return out
}

func (s *Subject) add(d detect.Detection) {
	s.Detections = append(s.Detections, d)
	s.Level, s.Bits = score.Max(s.Level, d.Level), max(s.Bits, d.Bits)
	s.Principal.Name = cmp.Or(s.Principal.Name, d.Principal.Name)
	s.Principal.AppID = cmp.Or(s.Principal.AppID, d.Principal.AppID)
	if d.First.Before(s.First) {
		s.First = d.First
	}
	if d.Last.After(s.Last) {
		s.Last = d.Last
	}
}

// stronger orders detections by level, score, time and id.
func stronger(a, b detect.Detection) int {
	return cmp.Or(rank(b.Level)-rank(a.Level), cmp.Compare(b.Bits, a.Bits), a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
}

var levels = []score.Level{score.LevelNone, score.LevelLow, score.LevelMedium, score.LevelHigh}

func rank(l score.Level) int { return slices.Index(levels, l) }
