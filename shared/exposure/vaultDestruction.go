package exposure

import "rekey/shared/score"

// vaultDestruction looks at deletion by a principal that never deleted. What is purged is not got back by asking.
var vaultDestruction = &Rule{
	ID: "vaultDestruction", Title: "Objects of a vault, or a vault, are deleted by a workload that never did that",
	RiskType: TypeActivity, Covers: []string{"K04"}, Techniques: []string{"T1485", "T1490"},
	Event: "AuditEvent of a vault: SecretDelete, KeyDelete, CertificateDelete, VaultDelete and their Purge forms; Azure activity: " +
		"Microsoft.KeyVault/vaults/delete, Microsoft.KeyVault/locations/deletedVaults/purge/action",
	Levels:         "high for a purge and for a whole vault, medium for what can be recovered",
	FalsePositives: []string{"A pipeline that removes an environment, the first time."},
	Ask:            []string{"Can it be recovered, and until when?", "What was read from it before?"},
	Find: func(v View, a *Activity) []Finding {
		gone := byVault(append(a.reads(ClassObject, OpDelete|OpPurge), a.reads(ClassVault, OpDelete|OpPurge)...))
		var out []Finding
		for _, vault := range sortedKeys(gone) {
			level, what := destruction(v, gone[vault])
			if what != "" {
				out = append(out, find(v, level, vault, what+": "+names(objectsOf(gone[vault])), gone[vault]))
			}
		}
		return out
	},
}

func destruction(v View, reads []Read) (level score.Level, what string) {
	ops, whole := Ops(0), false
	for i := range reads {
		ops |= reads[i].Ops & (OpDelete | OpPurge)
		whole = whole || reads[i].Class == ClassVault
	}
	switch fresh := v.Fresh(ops); {
	case fresh.Has(OpPurge):
		return high, "purged for the first time"
	case fresh.Has(OpDelete) && whole:
		return high, "deleted a vault for the first time"
	case fresh.Has(OpDelete):
		return medium, "deleted for the first time"
	}
	return low, ""
}
