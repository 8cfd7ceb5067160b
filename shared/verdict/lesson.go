package verdict

import (
	"cmp"
	"slices"

	"rekey/shared/detect"
)

// Lesson is what "confirmed safe" says about what was seen: these values of these properties are the principal's own. It
// is derived from the verdict and the detections it is about, so it needs no row of its own.
//
// Nothing learns from it yet: the baseline takes values only from the records that show them, and those of a successful
// sign-in are in it already. What the verdict adds is to skip their probation; that is for the model to read.
type Lesson struct {
	Principal string
	Seen      []Seen // each once, in order
}

// Seen is one value of one property, by the name its contribution has.
type Seen struct {
	Property string
	Value    string
}

// Lesson returns what a verdict teaches: nothing, unless it is that the principal is safe. Findings of Microsoft's and of
// rules name no values and teach nothing; neither does what was first seen after the verdict.
func (v Verdict) Lesson(ds []detect.Detection) Lesson {
	out := Lesson{Principal: v.Principal}
	if v.Kind != ConfirmSafe {
		return out
	}
	for _, d := range ds {
		if d.Detected.After(v.At) {
			continue
		}
		for _, c := range d.Contributions {
			if c.Value != "" {
				out.Seen = append(out.Seen, Seen{c.Name, c.Value})
			}
		}
	}
	slices.SortFunc(out.Seen, func(a, b Seen) int { return cmp.Or(cmp.Compare(a.Property, b.Property), cmp.Compare(a.Value, b.Value)) })
	out.Seen = slices.Compact(out.Seen)
	return out
}
