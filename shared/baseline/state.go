package baseline

import "rekey/shared/event"

// State is everything that is kept under one key. A principal has a Profile and Evidence; an application ("app:" and
// its id) has Evidence of changes of the application object, and Users; a network ("network:" and its name) has Visits.
// Each part merges in any order. The zero State is empty and ready.
type State struct {
	Profile  Profile
	Evidence Evidence
	Users    Dependence
	Visits   Visits
}

// Observe adds the facts of a sign-in or another act of the principal.
func (s *State) Observe(e *event.Event, v *Values) {
	s.Profile.Observe(e, v)
	s.Evidence.Issue(e, v)
}

// Merge adds what t knows. It is commutative, associative and idempotent.
func (s *State) Merge(t *State) {
	s.Profile.Merge(&t.Profile)
	s.Evidence.Merge(&t.Evidence)
	s.Users.Merge(&t.Users)
	s.Visits.Merge(&t.Visits)
}
