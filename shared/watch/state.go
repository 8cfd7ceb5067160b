package watch

import (
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

// State is everything that is kept under one key: what a principal usually does, and what it has read. It stands here and
// not in package baseline, because package exposure builds upon that one. Each part merges in any order. The zero State
// is empty and ready.
type State struct {
	baseline.State
	Exposure exposure.Index
}

// Merge adds what t knows. It is commutative, associative and idempotent.
func (s *State) Merge(t *State) {
	s.State.Merge(&t.State)
	s.Exposure.Merge(&t.Exposure)
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
