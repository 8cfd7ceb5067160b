package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxReturns is how often removed credentials may come back before the principal is disabled and people are called: whoever
// adds them again and again has a way in that the plan does not know.
const maxReturns = 3

// Watch is what was seen after the locks were changed.
type Watch struct {
	Until    time.Time `json:"until"`
	Looked   time.Time `json:"looked,omitzero"`
	Returns  int       `json:"returns,omitempty"`  // how often removed credentials came back
	Removing bool      `json:"removing,omitempty"` // what came back is not removed yet
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is a network from which the principal's sign-ins failed since the locks were changed. From a network of the
// workload's own it is a consumer left behind; from elsewhere the intruder still tries.
type Failure struct {
	Network string    `json:"network"`
	KeyID   string    `json:"keyId,omitempty"` // the credential that was tried, when the record says
	Known   bool      `json:"known"`           // the principal was at home there before the incident
	Last    time.Time `json:"last"`
}

// Text says what a failure means.
func (f Failure) Text() string {
	who := "the intruder still tries"
	if f.Known {
		who = "a consumer left behind"
	}
	with := ""
	if f.KeyID != "" {
		with = " with " + plain(f.KeyID)
	}
	return fmt.Sprintf("%s: failed sign-ins from %s%s, last %s", who, plain(f.Network), with, day(f.Last))
}

// Watching reports whether the operation is in its days of being looked at.
func (o *Operation) Watching() bool { return o.State == StateWatching }

// watchEvery is how often it is looked at then.
const watchEvery = time.Hour

// Stands reports whether somebody should be called to the operation: it has not moved for so long though it is due and waits
// for no time, or it is time for another look.
func (o *Operation) Stands(quiet time.Duration, now time.Time) bool {
	return o.Due() && !o.Waits(now) && now.Sub(o.Updated) >= quiet || o.Watching() && now.Sub(o.Updated) >= max(quiet, watchEvery)
}

// StartWatch begins the days of looking. The lease is given back: nobody waits.
func (o *Operation) StartWatch(s Step, now time.Time) {
	o.Start(s.ID, now)
	o.Watch = &Watch{Until: now.Add(time.Duration(s.Hours) * time.Hour)}
	o.State, o.Reason, o.Lease = StateWatching, "the locks are changed; watched until "+day(o.Watch.Until), Lease{}
}

// Looked notes a look: the failures that were found, joined with those of earlier looks. It reports whether there was
// something new.
func (o *Operation) Looked(found []Failure, now time.Time) bool {
	w := *o.Watch
	before := len(w.Failures)
	for _, f := range found {
		i := slices.IndexFunc(w.Failures, func(g Failure) bool { return g.Network == f.Network && g.KeyID == f.KeyID })
		if i < 0 {
			w.Failures = append(slices.Clone(w.Failures), f)
		} else if f.Last.After(w.Failures[i].Last) {
			w.Failures = slices.Clone(w.Failures)
			w.Failures[i] = f
		}
	}
	slices.SortFunc(w.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.KeyID, b.KeyID))
	})
	w.Looked, w.Removing, o.Watch, o.Updated = now, false, &w, now
	o.watchStep().Note = w.text()
	return len(w.Failures) > before
}

// Returned counts that removed credentials came back, and reports whether that was once too often. While they are not
// removed yet, they are the same.
func (o *Operation) Returned(now time.Time) (tooOften bool) {
	w := *o.Watch
	if !w.Removing {
		w.Returns, w.Removing = w.Returns+1, true
	}
	o.Watch, o.Updated = &w, now
	return w.Returns > maxReturns
}

// EndWatch ends the days of looking, and the operation with it.
func (o *Operation) EndWatch(why string, now time.Time) {
	p := o.watchStep()
	note := why
	if o.Watch != nil {
		if text := o.Watch.text(); text != "" {
			note += "; " + text
		}
	}
	o.Complete(p.Step, note, now)
	p.Note = note
	o.State, o.Reason = StateRunning, ""
	o.Finish(now)
}

func (o *Operation) watchStep() *Progress {
	for i, s := range o.Plan.Steps {
		if s.Kind == StepWatch {
			return &o.Progress[i]
		}
	}
	panic("remedy: operation " + o.ID + " has no step of watching")
}

func (w Watch) text() string {
	var out []string
	if w.Returns > 0 {
		out = append(out, fmt.Sprintf("removed credentials came back %d times", w.Returns))
	}
	for _, f := range w.Failures {
		out = append(out, f.Text())
	}
	return strings.Join(out, "; ")
}
