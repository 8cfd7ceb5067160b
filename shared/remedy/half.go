package remedy

import (
	"fmt"
	"strings"
)

// Half is how far an operation came.
type Half struct {
	Done   []Step
	Flight []Step // started, and not known to be done: at most one
	Left   []Step
	Off    []Step // the disabling step of each principal that is disabled now
}

// Half says how far the operation came, from its journal.
func (o *Operation) Half() Half {
	var h Half
	off := map[string]Step{}
	for i, p := range o.Progress {
		s := o.Plan.Steps[i]
		switch p.Status {
		case Done:
			h.Done = append(h.Done, s)
		case Started:
			h.Flight = append(h.Flight, s)
		case Pending:
			h.Left = append(h.Left, s)
		}
		switch {
		case s.Kind == StepDisable && p.Status != Pending:
			off[s.Object] = s
		case s.Kind == StepEnable && p.Status == Done && o.State != StateFailed: // who gives up disables again
			delete(off, s.Object)
		}
	}
	for _, s := range o.Plan.Steps {
		if o, ok := off[s.Object]; ok && o.ID == s.ID {
			h.Off = append(h.Off, o)
		}
	}
	return h
}

// left returns the steps that were not started.
func (o *Operation) left() []Step { return o.Half().Left }

// String says it in one line.
func (h Half) String() string {
	if len(h.Done)+len(h.Flight) == 0 {
		return "nothing was changed"
	}
	parts := []string{fmt.Sprintf("%d of %d steps are done", len(h.Done), len(h.Done)+len(h.Flight)+len(h.Left))}
	for _, s := range h.Flight {
		parts = append(parts, "in flight: "+s.ID)
	}
	for i, s := range h.Left {
		if i == 0 {
			parts = append(parts, "not done: "+s.What)
		}
	}
	for _, s := range h.Off {
		parts = append(parts, fmt.Sprintf("%s %s is disabled", quoted(s.Name), plain(s.Object)))
	}
	return strings.Join(parts, "; ")
}
