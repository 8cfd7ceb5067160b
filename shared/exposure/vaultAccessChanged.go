package exposure

// vaultAccessChanged looks at workloads that change who may read: settings and access policies of a vault, role
// assignments, and a log that ends. Deployers do the first two every day. Reading what is new from the same vault
// afterwards is what an intruder does it for. Whom a role assignment is for is not in its record, so one of a wider
// scope counts for whatever is read afterwards for the first time.
var vaultAccessChanged = &Rule{
	ID: "vaultAccessChanged", Title: "A workload changes who may read a vault, or ends its log",
	RiskType: TypeActivity, Covers: []string{"K05", "K08", "P08", "X06"}, Techniques: []string{"T1555.006", "T1098.003", "T1562.008", "T1578.005"},
	Event: "AuditEvent of a vault: VaultPut, VaultPatch; Azure activity: Microsoft.KeyVault/vaults/write, vaults/accessPolicies/write, " +
		"Microsoft.Authorization/roleAssignments/write, elevateAccess/action, Microsoft.Insights/diagnosticSettings/delete",
	Levels:         "medium, and high when the principal then reads what it never read; one step lower when it has made such changes before",
	FalsePositives: []string{"A deployment pipeline in a resource group that is new for it."},
	Ask:            []string{"Whom was access given to?", "Is the principal a deployer, and does the change stand in a repository?"},
	Find: func(v View, a *Activity) []Finding {
		changes := map[string][]Read{}
		for _, r := range newOnes(v, a.reads(ClassVault, OpConfigure|OpGrant|OpBlind)) {
			changes[r.Object] = append(changes[r.Object], r)
		}
		fresh := a.FirstReads(v)
		var out []Finding
		for _, object := range sortedKeys(changes) {
			out = append(out, accessChange(v, object, changes[object], fresh))
		}
		return out
	},
}

func accessChange(v View, object string, changes, fresh []Read) Finding {
	ops := Ops(0)
	for i := range changes {
		ops |= changes[i].Ops
	}
	if vault := changes[0].Vault(); vault != "" {
		fresh = byVault(fresh)[vault]
	}
	first, _, _ := span(changes)
	then := after(fresh, first)
	seldom := v.Fresh(ops) != 0 || ops.Has(OpBlind)
	level, what := low, "changed ("+ops.String()+") "+object
	switch {
	case seldom && len(then) > 0:
		level = high
	case seldom || len(then) > 0:
		level = medium
	}
	if len(then) > 0 {
		what += " and then read for the first time: " + names(objectsOf(then))
	}
	return find(v, level, object, what, append(then, changes...))
}
