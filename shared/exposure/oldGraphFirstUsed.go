package exposure

import "slices"

// oldGraphFirstUsed looks at the first use of Azure AD Graph. No workload begins to use a retired interface; tools do.
var oldGraphFirstUsed = &Rule{
	ID: "oldGraphFirstUsed", Title: "A workload uses the old Azure AD Graph for the first time",
	RiskType: TypeAPI, Covers: []string{"X01"}, Techniques: []string{"T1087.004", "T1526"},
	Event:          "AADGraphActivityLogs: any call with status 2xx",
	Levels:         "low; medium when it lists two kinds of thing or writes; low on the second day on which anything is known, nothing on the first",
	FalsePositives: []string{"An old library in a workload whose logs began lately.", "A synchronisation product that has not been renewed."},
	Ask:            []string{"Does the workload's code know the old interface at all?", "Is the address one of the principal's?"},
	Find: func(v View, a *Activity) []Finding {
		reads := a.reads(ClassCall, OpOldGraph)
		if len(reads) == 0 || v.Watched == 0 || v.Fresh(OpOldGraph) == 0 {
			return nil
		}
		level := low
		writes := slices.ContainsFunc(reads, func(r Read) bool { return oldWrite(r.Object) })
		if writes || len(kinds(reads)) > 1 {
			level = medium
		}
		return []Finding{find(v, level, "AAD Graph", "used the old Azure AD Graph for the first time: "+names(objectsOf(reads)), reads)}
	},
}
