package exposure

// listedThenRead is how many values after a listing make a harvest rather than a look.
const listedThenRead = 3

// vaultListedThenRead looks at vaults that are listed and then read. Workloads rarely list: they know the names.
var vaultListedThenRead = &Rule{
	ID: "vaultListedThenRead", Title: "A vault is listed for the first time, and then read",
	RiskType: TypeActivity, Covers: []string{"K01"}, Techniques: []string{"T1555.006", "T1526"},
	Event:          "AuditEvent of a vault: SecretList, KeyList, CertificateList and their deleted forms, then values in the same hour or later that day",
	Levels:         "medium from 3 values, high from 10",
	FalsePositives: []string{"A tool that synchronises or exports all secrets, on its first run (External Secrets, Terraform data sources)."},
	Ask:            []string{"Does the workload's code list at all?", "Which values were read that it never read before?"},
	Find: func(v View, a *Activity) []Finding {
		exposed, lists := byVault(a.Exposed()), byVault(newOnes(v, a.reads(ClassVault, OpList)))
		var out []Finding
		for _, vault := range sortedKeys(lists) {
			first, _, _ := span(lists[vault])
			then := after(exposed[vault], first)
			objects := objectsOf(then)
			if len(objects) < listedThenRead {
				continue
			}
			level := medium
			if len(objects) >= massRead {
				level = high
			}
			what := "listed the vault " + vault + " for the first time and read " + count(len(objects), "value") + ": " + names(objects)
			out = append(out, find(v, level, vault, what, append(then, lists[vault]...)))
		}
		return out
	},
}
