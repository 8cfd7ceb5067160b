package rotate

import (
	"slices"
	"strings"
	"time"
)

// Undo notes that people take the eviction back. What is begun is ended, because half a rotation breaks more than a whole
// one. No further tier begins: approvals that were not used yet were given for an intruder, and are dropped; one that is
// given from now on says that the secrets have to be rotated all the same. Owners who were not told yet are not. It reports
// whether the undo was news.
func (j *Journal) Undo(id string, now time.Time) bool {
	if slices.Contains(j.Undone, id) {
		return false
	}
	j.Undone, j.UndoneAt, j.Alone, j.Updated = append(j.Undone, id), now, false, now
	for n := range j.Tiers {
		t := &j.Tiers[n]
		t.Approvals = nil
		if !t.Began.IsZero() {
			continue
		}
		for _, i := range j.Items {
			if i.Tier == t.Number && i.Kind == OwnerAction && i.Status == Pending {
				_ = j.Park(i.Key, j.takenBack(), now) // it is there
			}
		}
	}
	j.Advance(now)
	return true
}

// takenBack says why nothing further begins, or nothing.
func (j *Journal) takenBack() string {
	if len(j.Undone) == 0 {
		return ""
	}
	return "the eviction is taken back (" + strings.Join(j.Undone, ", ") + ")"
}
