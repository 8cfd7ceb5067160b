package exposure

import (
	"fmt"

	"rekey/shared/score"
)

// vaultFirstUse finds the first use of a vault. A workload uses the vaults that it was built for; another one is either
// a change somebody can name or an intruder looking around. Having got secrets from it is what makes it medium.
func vaultFirstUse(v View, a *Activity) []Finding {
	used := byVault(append(a.reads(ClassObject, ^Ops(0)), a.reads(ClassVault, OpList)...))
	exposed := byVault(a.Exposed())
	var out []Finding
	for _, vault := range sortedKeys(used) {
		if v.Vault(vault) != New {
			continue
		}
		level, what := score.LevelLow, "used the vault "+vault+" for the first time"
		if got := objectsOf(exposed[vault]); len(got) > 0 {
			level, what = score.LevelMedium, what+" and got "+count(len(got), "value")+": "+names(got)
		}
		out = append(out, find(v, level, vault, what, used[vault]))
	}
	return out
}

// secretFirstRead finds secrets that are new for the principal in a vault that is not; in a new vault all are. One finding a vault.
func secretFirstRead(v View, a *Activity) []Finding {
	if v.Watched == 0 {
		return nil // everything would be
	}
	fresh := byVault(a.FirstReads(v))
	var out []Finding
	for _, vault := range sortedKeys(fresh) {
		if v.Vault(vault) != Known {
			continue
		}
		objects := objectsOf(fresh[vault])
		out = append(out, find(v, score.LevelLow, vault, "read what it had not read before: "+names(objects), fresh[vault]))
	}
	return out
}

// How many distinct values in one hour are many. Public rules take 10 to 25 a day, however usual that is for the
// principal; here only those count that are new for it, so a job that loads 200 secrets each morning is no finding.
const (
	massRead     = 10
	massReadHigh = 25
)

// secretMassRead finds an hour with many values that are new for the principal. Of what is not known to be new or known the
// same share is taken to be new as of the rest.
func secretMassRead(v View, a *Activity) []Finding {
	_, objects := a.Busiest()
	fresh, told := 0, 0
	for _, o := range objects {
		switch v.Did(OpGet, o) {
		case New:
			fresh, told = fresh+1, told+1
		case Known:
			told++
		}
	}
	if told == 0 || fresh*len(objects)/told < massRead {
		return nil
	}
	n := fresh * len(objects) / told
	level := score.LevelMedium
	if n >= massReadHigh {
		level = score.LevelHigh
	}
	what := fmt.Sprintf("read %d values within an hour, %d of them for the first time: %s", len(objects), n, names(objects))
	reads := a.Exposed()
	return []Finding{find(v, level, "values", what, reads)}
}

// listedThenRead is how many values after a listing make a harvest rather than a look.
const listedThenRead = 3

// vaultListedThenRead finds a vault that was listed, which its workloads rarely do because they know the names, and then read.
func vaultListedThenRead(v View, a *Activity) []Finding {
	exposed := byVault(a.Exposed())
	var out []Finding
	lists := byVault(newOnes(v, a.reads(ClassVault, OpList)))
	for _, vault := range sortedKeys(lists) {
		first, _, _ := span(lists[vault])
		then := after(exposed[vault], first)
		objects := objectsOf(then)
		if len(objects) < listedThenRead {
			continue
		}
		level := score.LevelMedium
		if len(objects) >= massRead {
			level = score.LevelHigh
		}
		what := "listed the vault " + vault + " for the first time and then read " + count(len(objects), "value") + ": " + names(objects)
		out = append(out, find(v, level, vault, what, append(then, lists[vault]...)))
	}
	return out
}

// refusedThenRead finds a vault that refused first and then handed out what is new for the principal: somebody got
// access in between.
func refusedThenRead(v View, a *Activity) []Finding {
	fresh := byVault(a.FirstReads(v))
	refused := byVault(a.reads(ClassDenied, OpGet|OpBackup|OpList|OpMetadata))
	var out []Finding
	for _, vault := range sortedKeys(refused) {
		first, _, _ := span(refused[vault])
		then := after(fresh[vault], first)
		if len(then) == 0 {
			continue
		}
		what := "was refused by the vault " + vault + " and then read for the first time: " + names(objectsOf(then))
		out = append(out, find(v, score.LevelMedium, vault, what, then))
	}
	return out
}
