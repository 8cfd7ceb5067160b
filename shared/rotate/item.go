package rotate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
)

// Item is a target and how far it is.
type Item struct {
	Target
	Status      Status    `json:"status"`
	Round       int       `json:"round"`              // one more each time it was read again
	Order       int       `json:"order"`              // of the plan
	At          int       `json:"at"`                 // index of the step to do, in Steps
	Attempts    int       `json:"attempts,omitempty"` // of that step
	Backs       int       `json:"backs,omitempty"`    // times that a step led back
	Began       time.Time `json:"began,omitzero"`     // this round
	Stored      time.Time `json:"stored,omitzero"`    // the new value could be read from then on
	Ended       time.Time `json:"ended,omitzero"`
	Due         time.Time `json:"due,omitzero"`          // not before
	Failing     time.Time `json:"failing,omitzero"`      // since when the step fails
	Unseen      time.Time `json:"unseen,omitzero"`       // since when it cannot be told who reads the old version
	First       string    `json:"first,omitempty"`       // of a pair: the key that was stored when it was proven
	Fingerprint string    `json:"fingerprint,omitempty"` // of the key that the step regenerates, before that
	NewID       string    `json:"newId,omitempty"`       // key id of the new client secret
	Holds       []Holding `json:"holds,omitempty"`       // per copy
	Evidence    time.Time `json:"evidence,omitzero"`     // the last read that this round answers
	Reason      string    `json:"reason,omitempty"`
	Note        string    `json:"note,omitempty"`
	chunk       int
}

// Holding is what is known of one copy.
type Holding struct {
	Name    string `json:"name"`              // vault/secret
	Key     string `json:"key,omitempty"`     // which of the provider's keys it holds, "same" of a random value; empty: not proven
	Version string `json:"version,omitempty"` // that it held
	New     string `json:"new,omitempty"`     // that Rekey stored
}

// Intent is what is written before a step.
type Intent struct {
	Fingerprint string // of the key that is about to be regenerated
}

// Outcome is what a step found.
type Outcome struct {
	First      string    // StepProve of a pair
	Holds      []Holding // StepProve, StepGather, StepStore, StepRenew, StepAwait: of the copies that it looked at
	Credential string    // StepAdd: the new key id. StepProve of a client secret: the old one, where it was not tagged
	Note       string
	Back       string // the step that has to be done again, because something changed meanwhile
	Owner      string // why its owner has something to do although it is rotated
}

// Step returns the step to do, or "" at the end.
func (i *Item) Step() string {
	if steps := i.Steps(); i.At < len(steps) {
		return steps[i.At]
	}
	return ""
}

// Mark is what Rekey's own versions and client secrets carry: of an operation, a target and a round.
func (j *Journal) Mark(i *Item) string {
	return fmt.Sprintf("%s/%d/%d", j.ID, i.Order, i.Round)
}

// Other returns the name of the key of the pair that was not stored.
func (i *Item) Other() string {
	keys, _ := Keys(i.Kind, i.Pair)
	if i.First == keys[1] {
		return keys[0]
	}
	return keys[1]
}

// Proven reports whether a copy was proven to hold the value: only such a copy is written to.
func (i *Item) Proven(copy Copy) bool {
	return slices.ContainsFunc(i.Holds, func(h Holding) bool { return h.Name == copy.Name() && h.Key != "" })
}

// settled reports whether nothing more happens to an item by itself.
func (i *Item) settled() bool { return i.Status == Done || i.Status == Parked }

// item finds an item that is about to be changed.
func (j *Journal) item(doing, key string) (*Item, error) {
	i := j.Item(key)
	if i == nil {
		return nil, fault.Errorf(fault.Denied, "%s of rotation %s: it has no target %q", doing, j.ID, key)
	}
	j.touch(i)
	return i, nil
}

// Start notes the intent to do the item's step. It refuses, as fault.Denied, what Next would not give.
func (j *Journal) Start(key string, in Intent, now time.Time) error {
	i, err := j.item("starting a step", key)
	if err != nil {
		return err
	}
	if why := j.obstacle(i, j.started(), now); why != "" {
		return fault.Errorf(fault.Denied, "starting %s of %s in rotation %s: %s", i.Step(), key, j.ID, why)
	}
	if i.Began.IsZero() {
		i.Began = now
	}
	if i.Fingerprint == "" {
		i.Fingerprint = in.Fingerprint // a repeated step keeps what was there before the first try
	}
	i.Status, i.Attempts, i.Due, j.Updated = Working, i.Attempts+1, time.Time{}, now
	return nil
}

// Complete notes that the item's step took effect, and moves on to the next that is needed. Completing what is not at work
// changes nothing: another instance did it.
func (j *Journal) Complete(key string, out Outcome, now time.Time) error {
	i, err := j.item("completing a step", key)
	if err != nil || i.Status != Working {
		return err
	}
	step := i.Step()
	i.learn(step, out, now)
	j.Updated = now
	if out.Owner != "" {
		j.ownerOf(i, i.Copies, out.Owner)
	}
	if step == StepProve && out.Back == "" {
		if why := i.unproven(); why != "" {
			return j.Park(key, why, now)
		}
		j.leaveUnproven(i)
	}
	if out.Back != "" {
		return j.back(i, out.Back, now)
	}
	i.At++
	i.rest(now)
	return nil
}

// learn keeps what a step found.
func (i *Item) learn(step string, out Outcome, now time.Time) {
	i.Attempts, i.Fingerprint, i.Failing, i.Unseen, i.Due = 0, "", time.Time{}, time.Time{}, time.Time{}
	if out.Note != "" {
		i.Note = plain(out.Note)
	}
	if step == StepProve {
		i.First, i.Holds = out.First, nil
	}
	for _, h := range out.Holds {
		at := slices.IndexFunc(i.Holds, func(x Holding) bool { return x.Name == h.Name })
		switch {
		case step == StepProve:
			i.Holds = append(i.Holds, h)
		case at >= 0 && h.New != "":
			i.Holds[at].New = h.New
			if step == StepGather {
				i.Holds[at].Key = i.First
			}
		}
	}
	switch {
	case step == StepProve && i.Credential == "":
		i.Credential = strings.ToLower(out.Credential)
	case step == StepAdd:
		i.NewID = out.Credential
	}
	news := step == StepStore || step == StepAdd || step == StepRenew || step == StepAwait || step == StepRenewOther && len(i.Copies) == 0
	if news && i.Stored.IsZero() {
		i.Stored = now
	}
}

// unproven says why nothing may be changed: no copy holds what its tags say.
func (i *Item) unproven() string {
	keys, pair := Keys(i.Kind, i.Pair)
	switch {
	case pair && !slices.Contains(keys[:], i.First):
		return "none of its secrets holds a current key of the provider, whatever its tags say"
	case len(i.Copies) > 0 && !slices.ContainsFunc(i.Copies, i.Proven):
		return "what its secrets hold could not be proven to be what its tags say"
	}
	return ""
}

// leaveUnproven tells the owners of copies that hold something else.
func (j *Journal) leaveUnproven(i *Item) {
	var rest []Copy
	for _, c := range i.Copies {
		if !i.Proven(c) {
			rest = append(rest, c)
		}
	}
	j.ownerOf(i, rest, "it is tagged as a copy of "+plain(i.label())+", and does not hold its value: it was not written to")
}

// ownerOf adds an owner action for each of some copies, once.
func (j *Journal) ownerOf(i *Item, copies []Copy, why string) {
	for _, c := range copies {
		key := string(OwnerAction) + ":" + strings.ToLower(c.Name())
		if j.Item(key) != nil {
			continue
		}
		t := Target{Key: key, Tier: i.Tier, Kind: OwnerAction, Copies: []Copy{c}, Why: why, Seen: c.Seen}
		b := planner{Facts: Facts{Case: j.Case}}
		b.Radius.Principal, b.Radius.Name = j.Principal, j.Name
		t.Action = b.action(&t, "", "secrets")
		j.add(t)
	}
}

const maxBacks = 3

// back leads to an earlier step.
func (j *Journal) back(i *Item, step string, now time.Time) error {
	at := slices.Index(i.Steps(), step)
	if at < 0 || at > i.At {
		return fault.Errorf(fault.Denied, "leading %s of rotation %s back to %s: it has no such step before %s", i.Key, j.ID, step, i.Step())
	}
	if i.Backs++; i.Backs > maxBacks {
		return j.Park(i.Key, "it keeps changing while it is rotated: somebody else rotates it, too", now)
	}
	i.At, i.Status = at, Pending
	return nil
}

// rest passes over steps that are not needed, and sets what the next one waits for.
func (i *Item) rest(now time.Time) {
	for (i.Step() == StepGather || i.Step() == StepSettleGathered) && !i.gathers() {
		i.At++
	}
	i.Status = Pending
	switch i.Step() {
	case StepSettle, StepSettleGathered:
		i.Status, i.Due = Waiting, now.Add(time.Duration(i.Settle)*time.Minute)
	case StepRetire:
		i.Status, i.Due, i.Ended = Rotated, now.Add(Unread), now
	case "":
		i.Status = Done
		if i.Ended.IsZero() {
			i.Ended = now
		}
	}
}

// gathers reports whether a proven copy held the other key when it was proven: then it is stored anew before anything is
// regenerated.
func (i *Item) gathers() bool {
	return slices.ContainsFunc(i.Holds, func(h Holding) bool { return h.Key != "" && (h.Key != i.First || h.New != "") })
}

// Wait puts the item's step off without calling it a failure: something outside is not finished yet.
func (j *Journal) Wait(key string, until time.Time, why string, now time.Time) error {
	i, err := j.item("putting a step off", key)
	if err != nil || i.Status != Working {
		return err
	}
	i.Status, i.Due, i.Note, j.Updated = Waiting, until, plain(why), now
	if i.Step() == StepRetire {
		i.Status = Rotated
	}
	return nil
}

// Look notes whether a look could tell who reads the old version of an item.
func (j *Journal) Look(key string, told bool, now time.Time) {
	switch i := j.Item(key); {
	case i == nil:
	case told:
		i.Unseen = time.Time{}
	case i.Unseen.IsZero():
		i.Unseen = now
	}
}

// Retry notes that the item's step failed in a way that may pass. It is tried again, ever more slowly, for a day.
func (j *Journal) Retry(key, why string, now time.Time) error {
	i, err := j.item("trying a step again", key)
	if err != nil || i.Status != Working {
		return err
	}
	if i.Failing.IsZero() {
		i.Failing = now
	}
	if now.Sub(i.Failing) >= giveUp {
		return j.Park(key, "it failed for a day: "+why, now)
	}
	pause := slowest
	if i.Attempts < 9 {
		pause = min(slowest, time.Second<<max(i.Attempts-1, 0)) // as Key Vault asks for: 1, 2, 4, 8, 16 s ...
	}
	return j.Wait(key, now.Add(pause), why, now)
}

// Park stops an item with a reason; what still opens is said with it. Nothing is undone: each step leaves something
// that works.
func (j *Journal) Park(key, why string, now time.Time) error {
	i, err := j.item("parking a target", key)
	if err != nil || i.settled() {
		return err
	}
	i.Status, i.Reason, i.Ended, i.Due, j.Updated = Parked, plain(why)+"; "+i.remains(), now, time.Time{}, now
	return nil
}

// Resume takes a parked item up again where it stopped, because a person has removed the reason.
func (j *Journal) Resume(key string, now time.Time) error {
	i, err := j.item("resuming a target", key)
	if err != nil || i.Status != Parked {
		return err
	}
	i.Status, i.Reason, i.Ended, i.Failing, i.Attempts, i.Backs, j.Updated = Pending, "", time.Time{}, time.Time{}, 0, 0, now
	return nil
}

// remains says what still opens when an item stops where it is.
func (i *Item) remains() string {
	steps := i.Steps()
	after := func(step string) bool { at := slices.Index(steps, step); return at >= 0 && i.At > at }
	switch {
	case i.Kind == OwnerAction:
		return "its owner was not told"
	case i.Kind.Paired() && after(StepRenewFirst):
		return "both keys are new"
	case i.Kind.Paired() && after(StepRenewOther):
		return "the intruder's " + i.First + " STILL WORKS, " + i.Other() + " is new"
	case i.Kind.Paired():
		return "both keys are the old ones and STILL WORK"
	case i.Kind == ClientSecret && !after(StepRemove):
		return "the old client secret STILL WORKS"
	case i.Kind == ClientSecret, after(StepStore), after(StepRenew), after(StepAwait):
		return "the new value is stored"
	}
	return "the old value is still the one in use"
}
