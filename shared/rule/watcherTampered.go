package rule

import (
	"slices"
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// watcherTampered looks at Rekey's own Azure resources: its event hubs, storage, vault, function apps and identities, as
// far as they are declared. Whoever holds these holds what Rekey knows and may do, or makes it blind.
var watcherTampered = &Rule{
	ID: "watcherTampered", Title: "One of Rekey's own Azure resources changed, stopped, or its keys read",
	RiskType: TypeAnomalous, Techniques: []string{"T1562.001", "T1552", "T1098.003"},
	Event: "Azure activity: any write, delete or action in a declared scope (REKEY_OWN_SCOPES), and role assignments in the scopes that hold it",
	Shape: Recorded,
	Levels: "high for a write, a delete, a stop, or keys handed out; medium for other actions, and for a role assignment above where no deployer is declared; " +
		"low when it was refused; nothing when a declared deployer or Rekey itself did it",
	FalsePositives: []string{"Rekey is deployed or updated by somebody who is not declared as a deployer.", "The platform or a policy of the tenant's maintains the resource with an identity of its own."},
	Ask: []string{
		"Who is the actor, and did he mean to work on Rekey?", "Were keys of the event hubs or of the state account handed out? Regenerate them.",
		"Does every function still run, and does every log still arrive?", "Does the ledger verify (rekey ledger verify)?",
	},
	Kind: event.KindAzureActivity,
	Match: onAzure(func(e *event.Event, w *World, failed bool) []Finding {
		a := actor(e)
		if (w.deploys(a) || w.isSelf(a.Principal)) && !w.suspect(a) {
			return nil
		}
		level, what := tampered(e.Azure, w)
		if level == none {
			return nil
		}
		if failed {
			level, what = low, "an attempt failed: "+what
		}
		return one(ledTo(e, w), level, actorID(e)+" "+e.Azure.Operation, "%s (%s)", what, e.Azure.Operation)
	}),
}

const roleAssignments = "microsoft.authorization/roleassignments/"

// tampered says what an operation does to Rekey's resources.
func tampered(a *event.AzureOperation, w *World) (score.Level, string) {
	if w.own(a.Scope) != "" {
		return tampering(a.Operation), "an operation on Rekey's own " + resource(a.Scope)
	}
	scope, _, ok := strings.Cut(a.Scope, "/providers/"+strings.TrimSuffix(roleAssignments, "/"))
	if !ok || !strings.HasPrefix(a.Operation, roleAssignments) || !w.above(scope) {
		return none, ""
	}
	if len(w.Deployers) == 0 { // then everybody who works on the subscription is a stranger
		return medium, "a role assignment reaches Rekey's own resources from " + resource(scope)
	}
	return high, "a role assignment reaches Rekey's own resources from " + resource(scope)
}

// harmless are actions that neither change anything nor hand anything out, or that the platform does all day. Their last
// two words are compared.
var harmless = []string{"validate/action", "whatif/action", "syncfunctiontriggers/action", "sync/action", "checknameavailability/action", "join/action", "getstatus/action"}

// tampering says how much an operation in an own scope matters.
func tampering(operation string) score.Level {
	words := strings.Split(operation, "/")
	switch last := words[len(words)-1]; {
	case last == "write", last == "delete":
		return high
	case last != "action" || len(words) < 2:
		return none
	}
	act := words[len(words)-2]
	switch {
	case slices.Contains(harmless, act+"/action"):
		return none
	case slices.Contains([]string{"stop", "publishxml", "newpassword", "slotsswap", "runcommand", "failover", "purge"}, act), strings.HasPrefix(act, "list"), strings.HasPrefix(act, "regenerate"), strings.HasPrefix(act, "generate"):
		return high
	}
	return medium
}
