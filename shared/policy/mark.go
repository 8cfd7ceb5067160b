package policy

import (
	"regexp"
	"strings"
)

// mark ends the displayName of every policy that Rekey makes. It tells which order made it, so that an order that is
// repeated after an interruption finds its own policy; a name alone could be anybody's.
var mark = regexp.MustCompile(` \[Rekey ([0-9a-f]{12})\]$`)

// MaxName is how long the name may be that somebody gives. Graph's own limit is not documented; 256 is what others met,
// and is a guess.
const MaxName = 200

// Mark returns the displayName of the policy of an order. The order's id ends in hexadecimal digits.
func Mark(name, orderID string) string {
	return name + " [Rekey " + orderID[len(orderID)-12:] + "]"
}

// Marked reports whether a displayName carries Rekey's mark.
func Marked(displayName string) bool { return mark.MatchString(displayName) }

// MarkedBy reports whether a displayName carries the mark of one order, whatever stands before it.
func MarkedBy(displayName, orderID string) bool {
	m := mark.FindStringSubmatch(displayName)
	return m != nil && strings.HasSuffix(orderID, m[1])
}

// Plain returns a displayName without the mark.
func Plain(displayName string) string { return mark.ReplaceAllString(displayName, "") }
