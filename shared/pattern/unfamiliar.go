package pattern

import (
	"slices"
	"time"

	"rekey/shared/detect"
)

// unfamiliar returns the sign-ins, and uses of tokens, that the sign-in model found, from a level on.
func (f *Facts) unfamiliar() []detect.Detection {
	return slices.DeleteFunc(slices.Clone(f.Detections), func(d detect.Detection) bool {
		return d.Source != detect.SourceRekey || d.Rule != "" || !d.Level.AtLeast(medium)
	})
}

// found returns the detections of some rules.
func (f *Facts) found(rules ...string) []detect.Detection {
	return slices.DeleteFunc(slices.Clone(f.Detections), func(d detect.Detection) bool { return !slices.Contains(rules, d.Rule) })
}

// follows reports whether b ends within a time after a began, and not before.
func follows(a detect.Detection, b time.Time, d time.Duration) bool {
	return !b.Before(a.First) && b.Sub(a.Last) <= d
}

// used says how the stranger came: by a sign-in or, where it was a token's use, without one.
func used(s detect.Detection) string {
	if s.Type == detect.TypeAnomalousActivity {
		return "was used"
	}
	return "was signed in to"
}

// together joins unfamiliar sign-ins with what followed within a day.
func together(f *Facts, after []detect.Detection, what func(sign, then detect.Detection) string) []Finding {
	var out []Finding
	for _, s := range f.unfamiliar() {
		for _, d := range after {
			if follows(s, d.Last, day) {
				out = append(out, Finding{Level: high, Subject: s.Subject, What: what(s, d), Seen: []detect.Detection{s, d}})
			}
		}
	}
	return out
}
