package exposure

// vaultRefusedThenRead looks at vaults that refused first and then handed out what is new: somebody got access in
// between.
var vaultRefusedThenRead = &Rule{
	ID: "vaultRefusedThenRead", Title: "A vault refuses a workload, and then hands out what it never read",
	RiskType: TypeActivity, Covers: []string{"K02"}, Techniques: []string{"T1555.006"},
	Event:          "AuditEvent of a vault: status 401 or 403, then within 7 days values with status 200",
	Levels:         "medium",
	FalsePositives: []string{"A new workload that is started before it is given access: the first days are low.", "A grant that takes minutes to reach the vault."},
	Ask:            []string{"Who gave access, and was it the principal itself?"},
	Find: func(v View, a *Activity) []Finding {
		fresh := byVault(a.FirstReads(v))
		refused := byVault(a.reads(ClassDenied, OpGet|OpBackup|OpList|OpMetadata|OpKeyUse))
		var out []Finding
		for _, vault := range sortedKeys(refused) {
			first, _, _ := span(refused[vault])
			if then := after(fresh[vault], first); len(then) > 0 {
				what := "was refused by the vault " + vault + " and then read for the first time: " + names(objectsOf(then))
				out = append(out, find(v, medium, vault, what, then))
			}
		}
		return out
	},
}
