package rotate

import (
	"fmt"
	"slices"
)

// Who may notice a rotation, by how he reads.
const (
	Latest = "latest" // reads the newest version, again after a day and, once, after a 401 or 403
	Cached = "cached" // reads the newest version once a day and does not ask again when it is refused
	Pinned = "pinned" // reads one version by its id
	Direct = "direct" // has the key from elsewhere, or what was signed with it
)

// Line is one line of a target's forecast: who notices, from which step on, and how.
type Line struct {
	Who    string `json:"who"`
	Step   string `json:"step"`   // from which on
	Breaks bool   `json:"breaks"` // something that worked does not any more, for a while or for good
	Text   string `json:"text"`
}

// forecast says who notices what. A step that is missing here breaks nobody.
//
// Of a pair both lines begin with the first renewal: most secrets hold the key that is renewed last, but an old version, or a copy
// that had to be gathered, may hold the other.
func forecast(t *Target) []Line {
	switch {
	case t.Kind.Paired() && len(t.Copies) == 0:
		return []Line{{Direct, StepRenewOther, true, "whoever uses one of the two keys, or a signature made with one, is refused until he has the new one: first users of the second key, then of the first"}}
	case t.Kind.Paired():
		return []Line{
			{Latest, StepRenewOther, false, "who reads the newest version and asks again when he is refused notices nothing"},
			{Cached, StepRenewOther, true, fmt.Sprintf("who reads once a day and does not ask again is refused for up to a day, from %d minutes after the new version on", t.Settle)},
			{Pinned, StepRenewOther, true, "who asks for an old version by its id is refused by the provider until he asks for the new one" + readers(t, true)},
			{Direct, StepRenewOther, true, "whoever has a key from elsewhere than these secrets, or a signature made with one, is refused"},
		}
	case t.Kind == ClientSecret:
		return []Line{
			{Latest, StepRemove, false, "who reads the newest version and asks again when he is refused notices nothing"},
			{Cached, StepRemove, true, fmt.Sprintf("who reads once a day and does not ask again is refused for up to a day, from %d minutes after the new version on", t.Settle)},
			{Pinned, StepRemove, true, "who asks for an old version by its id is refused until he asks for the new one" + readers(t, true)},
			{Direct, StepRemove, true, "whoever has the secret from elsewhere is refused"},
		}
	case t.Kind == Random:
		text := "two sides that compare the value disagree until both have read the new version: up to a day" + readers(t, false)
		return []Line{{Latest, StepStore, true, text}, {Cached, StepStore, true, text}, {Pinned, StepStore, true, "who asks for an old version by its id goes on with the old value, which the others do not know" + readers(t, true)}}
	case t.Kind == Certificate:
		return []Line{
			{Latest, StepRenew, true, "who reads the newest version presents another certificate: whoever trusts the old one by its thumbprint refuses it until he knows the new one"},
			{Pinned, StepRetire, true, "who asks for an old version by its id goes on with the old certificate until that is disabled, or expires"},
		}
	case t.Kind == Webhook:
		text := "not known: another program rotates it"
		return []Line{{Latest, StepCall, true, text}, {Cached, StepCall, true, text}, {Pinned, StepCall, true, text}, {Direct, StepCall, true, text}}
	}
	return nil
}

// readers names who was seen to read the copies, or to pin a version.
func readers(t *Target, pinned bool) string {
	var names []string
	known := true
	for _, c := range t.Copies {
		known = known && c.Consumers.Known
		for _, r := range c.Consumers.Items {
			if r.Pinned || !pinned {
				names = append(names, plain(r.Name))
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) > 0:
		return " (" + some(names) + ")"
	case !known:
		return " (who that is is not known)"
	}
	return " (nobody was seen to)"
}

// Says reports whether a forecast said that a kind of reader may be refused from a step on that has been begun.
func (t *Target) Says(who, step string) bool {
	steps := t.Steps()
	return slices.ContainsFunc(t.Forecast, func(l Line) bool {
		return l.Who == who && l.Breaks && slices.Index(steps, l.Step) <= slices.Index(steps, step)
	})
}
