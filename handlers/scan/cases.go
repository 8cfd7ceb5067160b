package scan

import (
	"cmp"
	"slices"
	"strings"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/exposure"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// cases builds a case for each party with something of medium or more. They are built twice: the first time tells
// which others have one.
func (in *investigation) cases(keys []string, suspects map[string]term) []casefile.Case {
	facts := map[string]casefile.Facts{}
	links := map[string]casefile.Link{}
	for _, key := range keys {
		f, ok := in.caseFacts(in.parties[key], suspects)
		if !ok {
			continue
		}
		facts[key] = f
		c := casefile.Build(f, in.end)
		links[key] = casefile.Link{Key: key, Case: c.ID, Level: c.Level}
	}
	var out []casefile.Case
	for _, key := range keys {
		f, ok := facts[key]
		if !ok {
			continue
		}
		for _, e := range append(slices.Clone(f.Changes), f.Acts...) {
			for _, other := range []string{e.Actor, e.Target} {
				if l, ok := links[other]; ok && other != key {
					f.RelatedCases = append(f.RelatedCases, l)
				}
			}
		}
		out = append(out, casefile.Build(f, in.end))
	}
	slices.SortFunc(out, func(a, b casefile.Case) int {
		return cmp.Or(-compareLevels(a.Level, b.Level), cmp.Compare(b.Detections[0].Bits, a.Detections[0].Bits), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func compareLevels(a, b score.Level) int {
	switch {
	case a == b:
		return 0
	case a.AtLeast(b):
		return 1
	}
	return -1
}

// caseFacts gathers what a case is built from, and false when there is nothing of medium or more.
func (in *investigation) caseFacts(p *party, suspects map[string]term) (casefile.Facts, bool) {
	incident := in.incident(append(slices.Clone(p.found), p.patterns...))
	if len(incident) == 0 {
		return casefile.Facts{}, false
	}
	f := casefile.Facts{
		Facts: p.facts, Notes: slices.Concat(p.own.Evidence.Notes(), p.application.Evidence.Notes()), Users: p.application.Users,
		Exposure: new(exposure.Index), MoreActs: p.own.Trail.More(trail.By) || p.application.Trail.More(trail.By),
		MoreChanges: p.own.Trail.More(trail.On) || p.application.Trail.More(trail.On), Flowing: in.health.Flowing,
	}
	f.Exposure.Merge(&p.own.Exposure)
	f.Exposure.Merge(&p.application.Exposure)
	f.Detections, f.World = incident, in.worldOf(p, suspects)
	return f, true
}

// incident is the strongest detection and what was found around it: a log of months holds more than one story. There is
// none below medium.
func (in *investigation) incident(ds []detect.Detection) []detect.Detection {
	happened := detect.Happened(ds)
	if len(happened) == 0 {
		return nil
	}
	top := slices.MinFunc(happened, func(a, b detect.Detection) int {
		return cmp.Or(-compareLevels(a.Level, b.Level), cmp.Compare(b.Bits, a.Bits), b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID))
	})
	if !top.Level.AtLeast(score.LevelMedium) {
		return nil
	}
	return slices.DeleteFunc(ds, func(d detect.Detection) bool {
		return d.Last.Before(top.First.Add(-around)) || d.First.After(top.Last.Add(around))
	})
}

// kindOf is what stands before the colon of a key; empty for a workload identity.
func kindOf(key string) string {
	kind, _, ok := strings.Cut(key, ":")
	if !ok || kind == "app" {
		return ""
	}
	return kind
}
