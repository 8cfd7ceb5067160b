package posture

import (
	"slices"
	"strings"

	"rekey/shared/privilege"
)

// Privileged returns the most powerful tier of what an application's principals were granted, and the names of the grants
// in tier 0 or 1, sorted. The tier is unknown when nothing was granted that is known, or the grants were not read.
func Privileged(f Facts) (privilege.Tier, []string) {
	best, names := privilege.TierUnknown, []string{}
	add := func(t privilege.Tier, name string) {
		if t.Above(best) {
			best = t
		}
		if powerful(t) {
			names = append(names, name)
		}
	}
	for i := range f.Principals {
		g := f.Principals[i].Grants
		if g == nil {
			continue
		}
		for _, r := range g.AppRoles {
			add(privilege.AppRole(r.Value), r.Value)
		}
		for _, s := range g.Scopes {
			for scope := range strings.FieldsSeq(s.Scope) {
				add(privilege.Scope(scope), scope)
			}
		}
		for _, r := range g.DirectoryRoles {
			add(privilege.DirectoryRole(r), r)
		}
	}
	slices.Sort(names)
	return best, slices.Compact(names)
}

// powerful reports whether a tier reaches beyond what ordinary applications have.
func powerful(t privilege.Tier) bool { return t == privilege.Tier0 || t == privilege.Tier1 }
