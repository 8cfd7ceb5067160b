package exposure

import "strings"

// graphPowerFirstUsed looks at calls that give power over other identities. One finding a call: a credential added is
// another matter than a policy changed.
var graphPowerFirstUsed = &Rule{
	ID: "graphPowerFirstUsed", Title: "A workload makes a Graph call that gives power, for the first time",
	RiskType: TypeAPI, Covers: []string{"X02"}, Techniques: []string{"T1098.001", "T1098.003"},
	Event:          "MicrosoftGraphActivityLogs, AADGraphActivityLogs: writes of credentials, owners, grants, roles, policies and federation, status 2xx",
	Levels:         "medium; low on the first days on which anything is known",
	FalsePositives: []string{"A governance or deployment tool that begins to manage applications."},
	Ask:            []string{"What does the directory's audit log say about the same minute?", "Which permission allowed it, and is it needed?"},
	Find:           func(v View, a *Activity) []Finding { return firstCalls(v, a, false) },
}

// firstCalls finds the calls of Graph or of Azure Resource Manager that give power and were never made.
func firstCalls(v View, a *Activity, azure bool) []Finding {
	calls := map[string][]Read{}
	for _, r := range newOnes(v, a.reads(ClassCall, OpCall|OpOldGraph)) {
		if r.Ops.Has(OpOldGraph) && !oldWrite(r.Object) {
			continue
		}
		if strings.HasPrefix(r.Object, azurePrefix) == azure {
			calls[r.Object] = append(calls[r.Object], r)
		}
	}
	var out []Finding
	for _, c := range sortedKeys(calls) {
		out = append(out, find(v, medium, c, "made a call that gives power for the first time: "+c, calls[c]))
	}
	return out
}
