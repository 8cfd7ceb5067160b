package trail

import (
	"cmp"
	"strings"
	"time"

	"rekey/shared/privilege"
)

// Entry is one change. All of it comes from one record, so a redelivered record makes the same Entry. A Trail leaves out
// who its own key is: the actor on side By, the target on side On.
type Entry struct {
	Act        Act            `json:"act"`
	Time       time.Time      `json:"time"`
	Record     string         `json:"record"`               // the record's id
	Actor      string         `json:"actor,omitempty"`      // "user:" and an id, or a principal's key
	ActorName  string         `json:"actorName,omitempty"`  // for people
	Target     string         `json:"target,omitempty"`     // what was changed: a principal's key, "user:", "group:" or "policy:" and an id
	TargetName string         `json:"targetName,omitempty"` // for people
	What       string         `json:"what,omitempty"`       // the permission, role, owner, address or activity
	KeyID      string         `json:"keyId,omitempty"`      // of a credential
	Member     string         `json:"member,omitempty"`     // object id of an owner that was added or removed
	Tier       privilege.Tier `json:"tier,omitempty"`       // of what was granted
}

const (
	maxRecord = 72
	maxKey    = 44
	maxName   = 32
	maxWhat   = 64
)

// clean cuts an entry's texts. Everything is copied: an Entry outlives the message it came from.
func (e Entry) clean(side Side) Entry {
	if side == By {
		e.Actor, e.ActorName = "", ""
	} else {
		e.Target, e.TargetName = "", ""
	}
	e.Record, e.Actor, e.Target = printable(e.Record, maxRecord), printable(e.Actor, maxKey), printable(e.Target, maxKey)
	e.ActorName, e.TargetName = printable(e.ActorName, maxName), printable(e.TargetName, maxName)
	e.What, e.KeyID, e.Member = printable(e.What, maxWhat), printable(e.KeyID, maxKey), printable(e.Member, maxKey)
	e.Time = e.Time.UTC().Truncate(time.Second)
	return e
}

// ByUser reports whether a person made the change.
func (e *Entry) ByUser() bool { return strings.HasPrefix(e.Actor, "user:") }

// newestFirst is a total order over everything an entry says.
func newestFirst(a, b Entry) int {
	return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Act, b.Act), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.What, b.What), cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.ActorName, b.ActorName),
		cmp.Compare(a.TargetName, b.TargetName), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Member, b.Member))
}

// printable returns a copy of s, cut to at most n bytes of plain characters, so that its JSON is no longer than itself.
func printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\<>&`, r) {
			return '_'
		}
		return r
	}, s)
	return strings.Clone(s[:min(len(s), n)])
}
