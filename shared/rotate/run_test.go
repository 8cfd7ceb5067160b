package rotate_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/rotate"
)

// runner is an executor over the model world: it keeps the journal's rows, loses everything else in a crash, and goes on.
type runner struct {
	w       *world
	rows    map[string][]byte
	id      string
	fail    func(i *rotate.Item, where string) error
	crashed func() bool // between two rows
	lost    bool        // the process is gone, and what it had in memory
	steps   []string    // that were started, in order: tier, key, step
	wrong   []string
	again   func(j *rotate.Journal, w *world) // facts that come in while it runs
}

func newRunner(j *rotate.Journal, w *world) *runner {
	r := &runner{w: w, rows: map[string][]byte{}, id: j.ID, fail: func(*rotate.Item, string) error { return nil }, crashed: func() bool { return false }}
	if err := r.save(j, ""); err != nil {
		panic(err)
	}
	return r
}

func (r *runner) save(j *rotate.Journal, key string) error {
	rows, err := j.Changed(r.rows, key)
	if err != nil {
		return err
	}
	for n, row := range rows {
		if n > 0 && r.crashed() {
			return errCrash
		}
		if bytes.Contains(row.Data, []byte(theWord)) {
			r.wrong = append(r.wrong, row.Key+" holds a value")
		}
		r.rows[row.Key] = bytes.Clone(row.Data)
	}
	return nil
}

// run works until the operation is done, and returns its journal.
func (r *runner) run() (*rotate.Journal, error) {
	var j *rotate.Journal
	for range 20000 {
		if j == nil || r.lost { // another instance goes on from what is written
			var err error
			if j, err = rotate.Load(r.id, r.rows); err != nil {
				return nil, err
			}
			r.lost = false
		}
		j.Advance(r.w.now)
		r.w.use(j)
		if r.again != nil {
			r.again(j, r.w)
			if r.save(j, "") != nil {
				r.lost = true
				continue
			}
		}
		if j.State == rotate.StateDone {
			return j, r.save(j, "")
		}
		work := j.Next(r.w.now)
		if len(work) == 0 {
			if !r.idle(j) {
				return j, fmt.Errorf("nothing to do, and nothing to wait for: %s: %s", j.State, j.Reason)
			}
			r.lost = r.save(j, "") != nil
			continue
		}
		for _, x := range work {
			if err := r.one(j, x); err != nil {
				r.lost = true
				break
			}
		}
		r.w.now = r.w.now.Add(time.Second)
	}
	return nil, errors.New("no end in sight")
}

// idle approves what waits for an approval, or lets time pass.
func (r *runner) idle(j *rotate.Journal) bool {
	if j.State == rotate.StateAwaitingApproval {
		for n, t := range j.Tiers {
			last := n+1 == len(j.Tiers) || t.Ended.IsZero()
			if last || j.Count(n+1, rotate.Pending) > 0 {
				return j.Approve(n+1, rotate.Approval{By: "u-dana", Hash: t.Hash, Time: r.w.now}, r.w.now) == nil
			}
		}
	}
	due := j.NextDue(r.w.now)
	if due.IsZero() {
		return false
	}
	r.w.now = due
	return true
}

// one does one step as an executor does: intent, effect, result.
func (r *runner) one(j *rotate.Journal, x rotate.Work) error {
	i := j.Item(x.Key)
	r.check(j, i)
	intent := r.w.intent(j, i)
	if err := j.Start(x.Key, intent, r.w.now); err != nil {
		r.wrong = append(r.wrong, err.Error())
		return errCrash
	}
	if err := r.save(j, x.Key); err != nil {
		return err
	}
	r.steps = append(r.steps, fmt.Sprint(i.Tier, " ", i.Key, " ", i.Step()))
	out, wait, err := r.w.do(j, i, func(where string) error { return r.fail(i, where) })
	switch {
	case errors.Is(err, errCrash):
		return err
	case errors.Is(err, errDenied):
		err = j.Park(x.Key, "403 ForbiddenByFirewall", r.w.now)
	case err != nil:
		err = j.Retry(x.Key, err.Error(), r.w.now)
	case !wait.IsZero():
		err = j.Wait(x.Key, wait, "readers", r.w.now)
	default:
		err = j.Complete(x.Key, out, r.w.now)
	}
	if err != nil {
		return err
	}
	j.Advance(r.w.now)
	return r.save(j, x.Key)
}

// check notes what must never be: a step of a tier whose predecessors have not ended, without an approval, or beyond the
// cap.
func (r *runner) check(j *rotate.Journal, i *rotate.Item) {
	for n := range i.Tier - 1 {
		if j.Tiers[n].Ended.IsZero() {
			r.wrong = append(r.wrong, fmt.Sprintf("%s of tier %d is begun before tier %d has ended", i.Key, i.Tier, n+1))
		}
	}
	if t := j.Tiers[i.Tier-1]; i.Kind != rotate.OwnerAction && (t.Began.IsZero() || len(t.By) == 0 && (i.Tier > 1 || !j.Alone)) {
		r.wrong = append(r.wrong, fmt.Sprintf("%s of tier %d is begun without an approval", i.Key, i.Tier))
	}
	begun := 0
	for _, x := range j.Items {
		if x.Tier == i.Tier && x.Kind != rotate.OwnerAction && !x.Began.IsZero() {
			begun++
		}
	}
	if t := j.Tiers[i.Tier-1]; i.Kind != rotate.OwnerAction && begun > t.Allowed {
		r.wrong = append(r.wrong, fmt.Sprintf("tier %d has begun %d of %d", i.Tier, begun, t.Allowed))
	}
}

// end is the end of a run in words: what became of each target, and how often each thing was made.
func end(j *rotate.Journal, w *world) []string {
	var out []string
	for _, i := range j.Items {
		out = append(out, fmt.Sprintf("%s %s round %d %s", i.Key, i.Status, i.Round, i.Reason))
	}
	for what, n := range w.made {
		if strings.HasPrefix(what, "told ") {
			continue // after a crash twice
		}
		out = append(out, fmt.Sprintf("%d times %s", n, what))
	}
	slices.Sort(out)
	return out
}
