package exposure

// vaultFirstUse looks at the first use of a vault. A workload uses the vaults that it was built for; another one is a
// change that somebody can name, or an intruder who looks around. That values were handed out is what makes it medium.
var vaultFirstUse = &Rule{
	ID: "vaultFirstUse", Title: "A workload uses a vault it never used",
	RiskType: TypeActivity, Covers: []string{"K02", "K08"}, Techniques: []string{"T1555.006"},
	Event:          "AuditEvent of a vault: any successful operation of a principal",
	Levels:         "medium when values were handed out, low otherwise; low on the second day on which anything is known, nothing on the first",
	FalsePositives: []string{"A release that moves the workload to another vault.", "Vault logs that were switched on lately."},
	Ask:            []string{"Was there a release or a change of configuration that day?", "Who gave the principal access to the vault, and when?"},
	Find: func(v View, a *Activity) []Finding {
		if v.Watched == 0 {
			return nil // everything would be new: the first days of a log are no news
		}
		used := byVault(append(a.reads(ClassObject, ^Ops(0)), a.reads(ClassVault, OpList)...))
		exposed := byVault(a.Exposed())
		var out []Finding
		for _, vault := range sortedKeys(used) {
			if v.Vault(vault) != New {
				continue
			}
			level, what := low, "used the vault "+vault+" for the first time"
			if got := objectsOf(exposed[vault]); len(got) > 0 {
				level, what = medium, what+" and got "+count(len(got), "value")+": "+names(got)
			}
			out = append(out, find(v, level, vault, what, used[vault]))
		}
		return out
	},
}
