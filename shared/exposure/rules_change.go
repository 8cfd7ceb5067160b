package exposure

import (
	"rekey/shared/score"
)

// exportMany is how many exports in a day are a theft rather than a test.
const exportMany = 5

// vaultExport finds backups and released keys, which leave the vault whole and can be restored in another one, by a
// principal that never did that. A backup job does it always; a new object of it is told, no more.
func vaultExport(v View, a *Activity) []Finding {
	exports := byVault(a.reads(ClassObject, OpBackup|OpRelease))
	var out []Finding
	for _, vault := range sortedKeys(exports) {
		objects := objectsOf(exports[vault])
		level := score.LevelMedium
		switch {
		case v.Op(OpBackup|OpRelease) && v.Vault(vault) == Known:
			continue
		case v.Op(OpBackup | OpRelease):
			level = score.LevelLow
		case len(objects) >= exportMany:
			level = score.LevelHigh
		}
		out = append(out, find(v, level, vault, "exported from the vault "+vault+": "+names(objects), exports[vault]))
	}
	return out
}

// vaultDestruction finds deletion by a principal that never deleted. What is purged, or a whole vault, is not got back
// by asking.
func vaultDestruction(v View, a *Activity) []Finding {
	gone := append(a.reads(ClassObject, OpDelete|OpPurge), a.reads(ClassVault, OpDelete|OpPurge)...)
	byName := byVault(gone)
	var out []Finding
	for _, vault := range sortedKeys(byName) {
		ops, whole := Ops(0), false
		for _, r := range byName[vault] {
			ops |= r.Ops & (OpDelete | OpPurge)
			whole = whole || r.Class == ClassVault
		}
		if v.Op(ops) && !whole {
			continue
		}
		level, what := score.LevelMedium, "deleted for the first time: "
		if ops.Has(OpPurge) || whole {
			level, what = score.LevelHigh, "deleted, beyond what can be recovered or a whole vault: "
		}
		out = append(out, find(v, level, vault, what+names(objectsOf(byName[vault])), byName[vault]))
	}
	return out
}

// vaultAccessChanged finds a workload that changes who may read: settings and access policies of a vault, role
// assignments, and a log that is ended. Deployers do the first two every day, and then it is low. Reading from the same
// vault afterwards is what an intruder does it for. Whom a role assignment is for is not in its record, so one of a
// wider scope counts as one on whatever is read then for the first time.
func vaultAccessChanged(v View, a *Activity) []Finding {
	exposed, fresh := byVault(a.Exposed()), a.FirstReads(v)
	changes := map[string][]Read{}
	for _, r := range newOnes(v, a.reads(ClassVault, OpConfigure|OpGrant|OpBlind)) {
		changes[r.Object] = append(changes[r.Object], r)
	}
	var out []Finding
	for _, object := range sortedKeys(changes) {
		ops := Ops(0)
		for _, r := range changes[object] {
			ops |= r.Ops
		}
		level := score.LevelMedium
		if v.Op(ops) && !ops.Has(OpBlind) {
			level = score.LevelLow
		}
		what := "changed (" + ops.String() + ") " + object
		first, _, _ := span(changes[object])
		then := after(exposed[object], first)
		if len(exposed[object]) == 0 && changes[object][0].Vault() == "" {
			then = after(fresh, first)
		}
		if len(then) > 0 {
			level, what = score.LevelHigh, what+" and then read "+names(objectsOf(then))
		}
		out = append(out, find(v, level, object, what, append(then, changes[object]...)))
	}
	return out
}

// manyResources is how many resources' keys in a day are a harvest.
const manyResources = 5

// keysReadThroughARM finds keys of storage accounts, web applications, registries and the like that were handed out by
// Azure Resource Manager: they open the resource for whoever has them, outside of all sign-in logs.
func keysReadThroughARM(v View, a *Activity) []Finding {
	fresh := newOnes(v, a.reads(ClassResource, OpKeys))
	resources := objectsOf(fresh)
	if len(resources) == 0 {
		return nil
	}
	level := score.LevelLow
	switch {
	case len(resources) >= manyResources:
		level = score.LevelHigh
	case !v.Op(OpKeys):
		level = score.LevelMedium
	}
	return []Finding{find(v, level, "keys", "was handed the keys of "+count(len(resources), "resource")+" for the first time: "+names(resources), fresh)}
}
