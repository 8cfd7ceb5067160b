package exposure

// secretFirstRead looks at secrets that are new for the principal in a vault that is not; in a new vault all are.
var secretFirstRead = &Rule{
	ID: "secretFirstRead", Title: "A workload reads a secret it never read, in a vault it uses",
	RiskType: TypeActivity, Covers: []string{"K02", "K07"}, Techniques: []string{"T1555.006"},
	Event:          "AuditEvent of a vault: SecretGet, SecretBackup, KeyBackup, CertificateBackup, KeyRelease with status 200",
	Levels:         "low, one a vault and day; the first day on which anything is known shows nothing",
	FalsePositives: []string{"A release that needs another secret.", "A secret that was renamed."},
	Ask:            []string{"What does the secret open, and does the workload need that?"},
	Find: func(v View, a *Activity) []Finding {
		if v.Watched == 0 {
			return nil // everything would be new
		}
		fresh := byVault(a.FirstReads(v))
		var out []Finding
		for _, vault := range sortedKeys(fresh) {
			if v.Vault(vault) == Known {
				out = append(out, find(v, low, vault, "read what it had not read before: "+names(objectsOf(fresh[vault])), fresh[vault]))
			}
		}
		return out
	},
}
