package exposure

import "rekey/shared/score"

// graphPowerFirstUsed finds calls that give power over other identities and that the principal never made. One finding
// a call: a credential added is another matter than a policy changed.
func graphPowerFirstUsed(v View, a *Activity) []Finding {
	return firstCalls(v, a, OpCall, "gave power with")
}

// graphMailFirstRead finds the first reading of mailboxes.
func graphMailFirstRead(v View, a *Activity) []Finding {
	return firstCalls(v, a, OpMail, "read mail with")
}

func firstCalls(v View, a *Activity, op Ops, verb string) []Finding {
	calls := map[string][]Read{}
	for _, r := range newOnes(v, a.reads(ClassCall, op)) {
		calls[r.Object] = append(calls[r.Object], r)
	}
	var out []Finding
	for _, c := range sortedKeys(calls) {
		out = append(out, find(v, score.LevelMedium, c, verb+" a call it never made before: "+c, calls[c]))
	}
	return out
}

// enumeration is how many kinds of thing, listed in a day and never before, are an inventory: tools that map a tenant
// list all of them, applications one or two.
const enumeration = 4

// graphEnumeration finds the inventory of a tenant.
func graphEnumeration(v View, a *Activity) []Finding {
	fresh := newOnes(v, a.reads(ClassCall, OpEnumerate))
	lists := objectsOf(fresh)
	if len(lists) < enumeration {
		return nil
	}
	return []Finding{find(v, score.LevelMedium, "tenant", "listed "+count(len(lists), "kind")+" of thing for the first time: "+names(lists), fresh)}
}
