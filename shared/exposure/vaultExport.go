package exposure

// exportMany is how many exports in a day are a theft rather than a test.
const exportMany = 5

// vaultExport looks at backups and released keys: they leave the vault whole and can be restored in another one.
var vaultExport = &Rule{
	ID: "vaultExport", Title: "Objects of a vault are exported by a workload that never did that",
	RiskType: TypeActivity, Covers: []string{"K04"}, Techniques: []string{"T1555.006", "T1552.004"},
	Event:          "AuditEvent of a vault: SecretBackup, KeyBackup, CertificateBackup, KeyRelease",
	Levels:         "high from 5 objects, medium below; low when the principal has exported before, but not from this vault",
	FalsePositives: []string{"The first run of a backup job."},
	Ask:            []string{"Is it a backup job, and where does it keep its backups?", "Was anything restored into a vault of another subscription?"},
	Find: func(v View, a *Activity) []Finding {
		exports := byVault(a.reads(ClassObject, OpBackup|OpRelease))
		seldom := v.Fresh(OpBackup|OpRelease) == OpBackup|OpRelease
		var out []Finding
		for _, vault := range sortedKeys(exports) {
			objects := objectsOf(exports[vault])
			level := low
			switch {
			case !seldom && v.Vault(vault) != New:
				continue
			case seldom && len(objects) >= exportMany:
				level = high
			case seldom:
				level = medium
			}
			out = append(out, find(v, level, vault, "exported from the vault "+vault+": "+names(objects), exports[vault]))
		}
		return out
	},
}
