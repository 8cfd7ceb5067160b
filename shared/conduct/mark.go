package conduct

import (
	"rekey/shared/baseline"
	"rekey/shared/event"
)

// Mark is what one record shows that a rule may cite.
type Mark uint8

// The marks. A failed sign-in has one by its sort; its strange form says that the principal is not known in the network. They
// are not stored.
const (
	markNone Mark = iota
	markFederated
	markFederatedStrange
	markOldGraph
	markFailures        // and the sorts after it
	markStrangeFailures = markFailures + 16
)

// oldGraphID is the application id of Azure AD Graph ("Windows Azure Active Directory").
const oldGraphID = "00000002-0000-0000-c000-000000000000"

// Looks reports whether a record may have a mark: most have none, and this costs next to nothing.
func Looks(e *event.Event, v *baseline.Values) bool {
	if !baseline.IsSignIn(e) || e.Principal.Key() == "" {
		return false
	}
	return !e.SignIn.Succeeded() || v.Federated != 0 || e.SignIn.ResourceID == oldGraphID
}

// MarkOf returns the mark of a record of the day of a view, and false when it has none.
func MarkOf(e *event.Event, v *baseline.Values, view baseline.View, evidence *baseline.Evidence) (Mark, bool) {
	if !Looks(e, v) {
		return markNone, false
	}
	strange := e.Network.Hosting != event.HostingOwn && !view.Knows(v.Network())
	if !e.SignIn.Succeeded() {
		sort, ok := baseline.FailureSortOf(e)
		return failureMark(sort, strange), ok
	}
	if known, others := evidence.Federated(v.Federated, view.Day()); v.Federated != 0 && others && !known {
		if strange {
			return markFederatedStrange, true
		}
		return markFederated, true
	}
	return markOldGraph, e.SignIn.ResourceID == oldGraphID
}

func failureMark(sort baseline.FailureSort, strange bool) Mark {
	if strange {
		return markStrangeFailures + Mark(sort)
	}
	return markFailures + Mark(sort)
}

// failures returns the marks of failures of some sorts.
func failures(sorts ...baseline.FailureSort) []Mark {
	var out []Mark
	for _, s := range sorts {
		out = append(out, failureMark(s, true), failureMark(s, false))
	}
	return out
}
