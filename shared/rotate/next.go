package rotate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/reach"
)

// Approval is a person's yes to one tier, by its hash.
type Approval struct {
	By   string    `json:"by"` // object id of the person
	Hash string    `json:"hash"`
	Time time.Time `json:"time"`
}

// approvalLife is how long a yes holds; ahead is how far a clock may be. Both as for evictions.
const (
	approvalLife = 4 * time.Hour
	ahead        = 5 * time.Minute
)

// Approve takes a person's yes to a tier. It may come before the tier is reached, and holds for four hours. A yes for
// another hash than the tier's is refused, as fault.Conflict: the plan is another one.
func (j *Journal) Approve(tier int, a Approval, now time.Time) error {
	if tier < 1 || tier > tiers {
		return fault.Errorf(fault.Denied, "approving tier %d of rotation %s: the tiers are 1 to %d", tier, j.ID, tiers)
	}
	t := j.tier(tier)
	switch {
	case a.Hash != t.Hash:
		return fault.Errorf(fault.Conflict, "approving tier %d of rotation %s: the hash is not that of the tier: look at the plan as it is now", tier, j.ID)
	case normal(a.By) == "" || slices.ContainsFunc(j.Never, func(n string) bool { return normal(n) == normal(a.By) }):
		return fault.Errorf(fault.Denied, "approving tier %d of rotation %s: an approval of somebody in a linked case does not count", tier, j.ID)
	case a.Time.Before(j.UndoneAt):
		return fault.Errorf(fault.Conflict, "approving tier %d of rotation %s: it was said before the eviction was taken back: say it again if it has to be rotated all the same", tier, j.ID)
	case a.Time.Sub(now) > ahead || now.Sub(a.Time) >= approvalLife:
		return fault.Errorf(fault.Denied, "approving tier %d of rotation %s: the approval is too old, or of the future", tier, j.ID)
	}
	t.Approvals = slices.DeleteFunc(t.Approvals, func(x Approval) bool { return normal(x.By) == normal(a.By) })
	t.Approvals, j.Updated = append(t.Approvals, a), now
	j.Advance(now)
	return nil
}

// MostHeard bounds how many words are remembered. As many are taken in at a time, so a word that is stored is remembered.
const MostHeard = 200

// Hear reports whether a word of a person's is new, and remembers it: whoever said it may not know that it was heard, and
// say it again.
func (j *Journal) Hear(id string) bool {
	if slices.Contains(j.Heard, id) {
		return false
	}
	j.Heard = append(j.Heard, id)
	j.Heard = j.Heard[max(len(j.Heard)-MostHeard, 0):]
	return true
}

// normal is the form in which people's ids are compared.
func normal(id string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(id)), "user:")
}

// Decline ends a tier that nobody wants: what was not begun in it is parked.
func (j *Journal) Decline(tier int, by string, now time.Time) error {
	if tier < 1 || tier > tiers {
		return fault.Errorf(fault.Denied, "declining tier %d of rotation %s: the tiers are 1 to %d", tier, j.ID, tiers)
	}
	for _, i := range j.Items {
		if i.Tier == tier && i.Status == Pending && i.Began.IsZero() && i.Kind != OwnerAction {
			_ = j.Park(i.Key, "declined by "+plain(by), now) // it is there
		}
	}
	j.Advance(now)
	return nil
}

// granted takes the approvals that hold, if they are enough: they allow as many more targets as the cap.
func (j *Journal) granted(t *TierState, now time.Time) bool {
	var by []string
	for _, a := range t.Approvals {
		if age := now.Sub(a.Time); age < approvalLife && age >= -ahead && !slices.Contains(by, a.By) {
			by = append(by, a.By)
		}
	}
	if len(by) < j.Needs {
		return false
	}
	t.Allowed, t.By, t.Approvals, t.Reason = t.Allowed+t.Cap, by, nil, ""
	return true
}

// Advance lets time and approvals take effect: waits end, tiers begin and end, and the operation gets its state. It is called before
// Next and after each change; calling it twice changes nothing.
func (j *Journal) Advance(now time.Time) {
	for _, i := range j.Items {
		if step := i.Step(); i.Status == Waiting && (step == StepSettle || step == StepSettleGathered) && !i.Due.After(now) {
			i.At, i.Due = i.At+1, time.Time{}
			j.touch(i)
			i.rest(now)
		}
	}
	for n := range j.Tiers {
		if t := &j.Tiers[n]; j.reached(t.Number) {
			j.begin(t, j.started()[n], now)
			j.end(t, now)
		}
	}
	j.state(now)
}

// begin begins a tier that may, or lets a capped one go on.
func (j *Journal) begin(t *TierState, started int, now time.Time) {
	rotates, open, waits := 0, 0, 0
	for _, i := range j.Items {
		if i.Tier != t.Number || i.Kind == OwnerAction {
			continue
		}
		rotates++
		if i.settled() {
			continue // declined, maybe
		}
		open++
		if i.Began.IsZero() && (i.Attended == "" || len(t.By) > 0) {
			waits++
		}
	}
	switch {
	case t.Began.IsZero() && open == 0, t.Began.IsZero() && j.Alone && t.Number == TierRead:
		t.Began = now
		if open > 0 {
			t.Allowed = t.Cap
		}
	case t.Began.IsZero():
		t.Reason = "waits for an approval"
		if why := j.takenBack(); why != "" {
			t.Reason = "stopped, because " + why + ": decline it, or approve it anew if it has to be rotated all the same"
		}
		if j.granted(t, now) {
			t.Began = now
		}
	case len(t.By) == 0 && j.attended(t.Number), waits > 0 && started >= t.Allowed:
		if !j.granted(t, now) && t.Ended.IsZero() {
			t.Reason = fmt.Sprintf("waits for an approval of what is left: %d of %d were begun", started, rotates)
		}
	}
}

// attended reports whether a tier has a target that waits for a person, although the tier runs by itself.
func (j *Journal) attended(tier int) bool {
	return slices.ContainsFunc(j.Items, func(i *Item) bool { return i.Tier == tier && i.Attended != "" && i.Began.IsZero() && !i.settled() })
}

// end ends a tier whose items are all rotated or parked, or whose time is over.
func (j *Journal) end(t *TierState, now time.Time) {
	if t.Began.IsZero() || !t.Ended.IsZero() {
		return
	}
	open, parked := 0, 0
	for _, i := range j.Items {
		switch {
		case i.Tier != t.Number || i.Status == Rotated || i.Status == Done:
		case i.Status == Parked:
			parked++
		default:
			open++
		}
	}
	switch {
	case open == 0 && parked == 0:
		t.Ended, t.Reason = now, "done"
	case open == 0:
		t.Ended, t.Reason = now, fmt.Sprintf("done, %d parked", parked)
	case !now.Before(t.Began.Add(TierTime)):
		t.Ended, t.Reason = now, fmt.Sprintf("30 minutes are over, %d left, which go on first", open)
	}
}

// state says how far the whole operation is.
func (j *Journal) state(now time.Time) {
	all, later, runs, started := true, true, false, j.started()
	for _, i := range j.Items {
		all = all && i.settled()
		later = later && (i.settled() || i.Status == Rotated)
		runs = runs || !i.settled() && (i.Status == Working || i.Status == Waiting || j.obstacle(i, started, now) == "")
	}
	ended := j.reached(tiers) && !j.Tiers[tiers-1].Ended.IsZero()
	switch {
	case all && ended && !j.Closed.IsZero():
		j.State, j.Reason = StateDone, cmp.Or(j.ClosedWhy, "done")
	case later && ended:
		j.State, j.Reason = StateWatching, "old versions are still to be disabled, or the vaults' logs are not whole yet"
	case runs || j.timed():
		j.State, j.Reason = StateRunning, ""
	default:
		j.State, j.Reason = StateAwaitingApproval, j.waitsFor()
	}
}

// timed reports whether time alone will change something: a tier that is begun ends.
func (j *Journal) timed() bool {
	return slices.ContainsFunc(j.Tiers[:], func(t TierState) bool { return !t.Began.IsZero() && t.Ended.IsZero() })
}

func (j *Journal) waitsFor() string {
	for _, t := range j.Tiers {
		if t.Ended.IsZero() {
			return fmt.Sprintf("tier %d %s", t.Number, t.Reason)
		}
	}
	return "waits for an approval"
}

// obstacle says why an item's step must not be started now; empty when nothing stands in the way.
func (j *Journal) obstacle(i *Item, started [tiers]int, now time.Time) string {
	t := j.tier(i.Tier)
	step := i.Step()
	switch {
	case i.settled() || step == "":
		return "it is at its end"
	case step == StepSettle || step == StepSettleGathered:
		return "it waits until readers had time to read the new version"
	case i.Due.After(now):
		return "it is not due"
	case !j.reached(i.Tier):
		return fmt.Sprintf("tier %d has not ended", i.Tier-1)
	case i.Kind == OwnerAction || !i.Began.IsZero():
		return "" // to tell somebody needs no approval; what was begun is ended
	case t.Began.IsZero():
		return fmt.Sprintf("tier %d waits for an approval", i.Tier)
	case i.Attended != "" && len(t.By) == 0:
		return "not without a person: " + i.Attended
	case started[i.Tier-1] >= t.Allowed:
		return fmt.Sprintf("tier %d has begun as many as its approval allows: %d", i.Tier, t.Allowed)
	}
	return ""
}

// Asks returns the tiers that a person's yes would let go on now.
func (j *Journal) Asks() []int {
	var out []int
	started := j.started()
	for n := range j.Tiers {
		t := &j.Tiers[n]
		waits := slices.ContainsFunc(j.Items, func(i *Item) bool {
			return i.Tier == t.Number && i.Kind != OwnerAction && i.Began.IsZero() && !i.settled() &&
				(t.Began.IsZero() || i.Attended != "" && len(t.By) == 0 || started[n] >= t.Allowed)
		})
		if waits && j.reached(t.Number) {
			out = append(out, t.Number)
		}
	}
	return out
}

// Work is one item's step to do.
type Work struct {
	Key   string
	Kind  Kind
	Step  string
	Round int
	Mark  string
}

// Next returns what to do now, at most as many at a time as the operation allows, less those that the caller is busy with.
// What was begun and not completed comes first, then earlier tiers, then what was read last and most often. Old versions come
// after everything.
func (j *Journal) Next(now time.Time, busy ...string) []Work {
	room := j.Parallel - len(busy)
	var due []*Item
	started := j.started()
	for _, i := range j.Items {
		if !slices.Contains(busy, i.Key) && j.obstacle(i, started, now) == "" {
			due = append(due, i)
		}
	}
	slices.SortStableFunc(due, func(a, b *Item) int {
		return cmp.Or(a.urgency()-b.urgency(), a.Tier-b.Tier, reach.Before(a.Seen, b.Seen), a.Order-b.Order)
	})
	var out []Work
	for _, i := range due {
		if len(out) >= room {
			break
		}
		if i.Began.IsZero() && i.Kind != OwnerAction {
			if started[i.Tier-1] >= j.tier(i.Tier).Allowed {
				continue
			}
			started[i.Tier-1]++
		}
		out = append(out, Work{i.Key, i.Kind, i.Step(), i.Round, j.Mark(i)})
	}
	return out
}

func (i *Item) urgency() int {
	switch {
	case i.Step() == StepRetire:
		return 2
	case i.Status == Working:
		return 0
	}
	return 1
}

// NextDue returns when there is something to do again if there is nothing now; the zero time is never, without a person.
func (j *Journal) NextDue(now time.Time) time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, i := range j.Items {
		if !i.settled() && i.Due.After(now) {
			sooner(i.Due)
		}
	}
	for _, t := range j.Tiers {
		if !t.Began.IsZero() && t.Ended.IsZero() {
			sooner(t.Began.Add(TierTime))
		}
	}
	if j.Closed.IsZero() {
		sooner(now.Add(lateLogs))
	}
	return at
}
