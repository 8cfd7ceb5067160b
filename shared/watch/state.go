package watch

import (
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/trail"
)

// State is everything that is kept under one key: what a principal usually does, what it has read, and what was changed on
// it and by it. It stands here and not in package baseline, because packages exposure and trail build upon that one. Each part merges in any order. The zero State
// is empty and ready.
type State struct {
	baseline.State
	Exposure exposure.Index
	Trail    trail.Trail
}

// Merge adds what t knows. It is commutative, associative and idempotent.
func (s *State) Merge(t *State) {
	s.State.Merge(&t.State)
	s.Exposure.Merge(&t.Exposure)
	s.Trail.Merge(&t.Trail)
}

// Reads reports whether an event says something about what its principal has read, or was refused.
func Reads(e *event.Event) bool {
	_, ok := exposure.FactOf(e)
	return ok
}

// Fails reports whether an event is a workload's failed sign-in that counts against somebody.
func Fails(e *event.Event) bool {
	_, ok := baseline.FailureSortOf(e)
	return ok && e.Principal.Key() != ""
}
