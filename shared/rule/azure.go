package rule

import (
	"strings"

	"rekey/shared/event"
)

// actor is who made a change, of the directory or of Azure.
func actor(e *event.Event) event.Actor {
	switch {
	case e.Audit != nil:
		return e.Audit.Actor
	case e.Azure != nil && e.Azure.UserID != "": // the application is only what the person used: the portal, the command line
		return event.Actor{UserID: e.Azure.UserID}
	}
	return event.Actor{Principal: e.Principal}
}

// onAzure makes the Match of a rule about Azure operations that ended well or, where failed is set, were refused. Each
// operation has a record for its start and one for its end, and only ends count.
func onAzure(find func(e *event.Event, w *World, failed bool) []Finding) func(*event.Event, *World) []Finding {
	return func(e *event.Event, w *World) []Finding {
		if e.Azure == nil {
			return nil
		}
		switch strings.ToLower(e.Azure.Status) {
		case "success", "succeeded":
			return find(e, w, false)
		case "failure", "failed":
			return find(e, w, true)
		}
		return nil
	}
}

// ledTo is whom a change of Azure is held against: the workload that made it or, where a person did, the tenant.
func ledTo(e *event.Event, w *World) event.Principal {
	if e.Azure.UserID == "" && e.Principal.Key() != "" {
		return e.Principal
	}
	p := tenant(e)
	if w.Tenant != "" { // a record names none, or that of the actor, who may be a service provider's
		p.ObjectID = w.Tenant
	}
	return p
}

// actorID tells the findings of two actors apart.
func actorID(e *event.Event) string {
	if all := ids(actor(e)); len(all) > 0 {
		return all[0]
	}
	return "unknown"
}

// own returns the declared resource of Rekey's that a scope is, or lies in; "" when it is none.
func (w *World) own(scope string) string {
	for _, o := range w.Own {
		if within(scope, o) {
			return o
		}
	}
	return ""
}

// above reports whether a scope holds one of Rekey's resources. Which subscriptions a management group has is in no
// record, so every one may.
func (w *World) above(scope string) bool {
	if scope == "" || strings.HasPrefix(scope, "/providers/microsoft.management/managementgroups/") {
		return len(w.Own) > 0
	}
	for _, o := range w.Own {
		if within(o, scope) {
			return true
		}
	}
	return false
}

func within(scope, outer string) bool {
	rest, ok := strings.CutPrefix(scope, outer)
	return ok && outer != "" && (rest == "" || rest[0] == '/')
}

// verb is the last word of an operation: write, delete or action.
func verb(operation string) string { return operation[strings.LastIndexByte(operation, '/')+1:] }

// resource names an Azure resource for people: its id without the subscription.
func resource(scope string) string {
	if _, rest, ok := strings.Cut(scope, "/resourcegroups/"); ok {
		return rest
	}
	if scope == "" {
		return "the whole tenant"
	}
	return scope
}
