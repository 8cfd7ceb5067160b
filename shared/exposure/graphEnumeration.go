package exposure

import (
	"math/bits"
	"slices"
)

// enumeration is how many kinds of thing, listed in a day and never before, are an inventory: tools that map a tenant
// list all of them, applications one or two.
const enumeration = 4

// classic is what tools that map a tenant (AzureHound, ROADtools, GraphRunner) list one after the other, and mapping how many
// of it within an hour are one run of such a tool.
var classic = []string{"users", "groups", "directoryRoles", "roleManagement/directory/roleDefinitions", "applications", "servicePrincipals", "oauth2PermissionGrants"}

const mapping = 5

// graphEnumeration looks at the inventory of a tenant, by what is listed and not by what the caller calls himself. The order
// within an hour is not looked at: records of one minute arrive in any order, and tools list side by side.
var graphEnumeration = &Rule{
	ID: "graphEnumeration", Title: "A workload lists the tenant",
	RiskType: TypeAPI, Covers: []string{"X01"}, Techniques: []string{"T1087.004", "T1069.003", "T1526"},
	Event: "MicrosoftGraphActivityLogs, AADGraphActivityLogs: GET of users, groups, devices, applications, service principals, roles, grants, policies",
	Levels: "medium when 4 kinds or more are listed for the first time on one day; high when a principal that never listed anything lists 5 of users, " +
		"groups, roles, role definitions, applications, service principals and grants within an hour",
	FalsePositives: []string{"The first run of a security or inventory product."},
	Ask:            []string{"Which tool does the user agent name?", "What was read of what had been listed?"},
	Find: func(v View, a *Activity) []Finding {
		fresh := newOnes(v, a.reads(ClassCall, OpEnumerate|OpOldGraph))
		fresh = slices.DeleteFunc(fresh, func(r Read) bool { _, ok := listed(&r); return !ok })
		if len(kinds(fresh)) < enumeration {
			return nil
		}
		level, what := medium, "listed for the first time: "+names(objectsOf(fresh))
		if n := mapped(fresh); n >= mapping && v.Fresh(OpEnumerate) != 0 {
			level, what = high, count(n, "kind")+" of what tools list that map a tenant, within an hour; "+what
		}
		return []Finding{find(v, level, "tenant", what, fresh)}
	},
}

// kinds returns what the Reads list, each once, sorted.
func kinds(reads []Read) []string {
	var out []string
	for i := range reads {
		if what, ok := listed(&reads[i]); ok {
			out = append(out, what)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mapped counts the classic kinds that were listed within an hour, at most: within two hours of the clock, since an hour of
// work may begin in one and end in the next.
func mapped(reads []Read) int {
	var hours [24]int
	seen := map[string]uint32{}
	for i := range reads {
		if what, ok := listed(&reads[i]); ok && slices.Contains(classic, what) {
			seen[what] |= reads[i].Hours | reads[i].Hours<<1
		}
	}
	most := 0
	for _, h := range seen {
		for rest := h & (1<<24 - 1); rest != 0; rest &= rest - 1 {
			at := bits.TrailingZeros32(rest)
			hours[at]++
			most = max(most, hours[at])
		}
	}
	return most
}
