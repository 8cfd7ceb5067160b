package pattern

import (
	"slices"

	"rekey/shared/detect"
	"rekey/shared/score"
)

// strangers are the patterns that begin with somebody else's use of a principal.
var strangers = []string{"unfamiliarThenChange", "unfamiliarThenListing", "unfamiliarThenPower", "microsoftAgrees"}

// Incriminates reports whether a detection makes its principal suspect, so that it vouches for nobody and what it changes
// weighs more: an unfamiliar sign-in of a level, or anything else that is high. A pattern of what the principal changed
// itself does not: whoever changes much would be suspect for it, and everything that he changed again for him.
func Incriminates(d detect.Detection, unfamiliar score.Level) bool {
	if d.Posture || ByID(d.Rule) != nil && !slices.Contains(strangers, d.Rule) {
		return false
	}
	return d.Level.AtLeast(high) || d.Rule == "" && d.Level.AtLeast(unfamiliar)
}
