package rotate

import (
	"fmt"
	"slices"
	"time"
)

// Reader is somebody who read a version of a secret, as the index of reads shows.
type Reader struct {
	Name    string
	Version string // "" is not known, and counts as the old one
	Last    time.Time
}

// What Retire says.
const (
	RetireDisable = "disable"
	RetireWait    = "wait"
	RetireOwner   = "owner"
)

// Retire decides about an old version: it is disabled after 24 hours without a reader. Somebody who goes on reading it gets seven
// days; then, and where the vault's log is not whole so that nobody can know, its owner decides.
func Retire(old string, stored time.Time, readers []Reader, whole bool, now time.Time) (what, why string, due time.Time) {
	last, names := stored, []string{}
	for _, r := range readers {
		if (r.Version == old || r.Version == "") && r.Last.After(stored) {
			names = append(names, plain(r.Name))
			if r.Last.After(last) {
				last = r.Last
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	due = last.Add(Unread)
	switch {
	case !whole && !now.Before(stored.Add(Unread)):
		return RetireOwner, "whether anybody still reads the old version is not known: the vault's log is not whole", due
	case now.Before(due) && now.Before(stored.Add(MaxWait)):
		return RetireWait, "waiting for 24 hours without a reader of the old version", due
	case now.Before(due):
		return RetireOwner, fmt.Sprintf("still read in its old version by %s", some(names)), due
	}
	return RetireDisable, "nobody has read the old version for 24 hours", due
}
