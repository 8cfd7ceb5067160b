package exposure

// enumeration is how many kinds of thing, listed in a day and never before, are an inventory: tools that map a tenant
// list all of them, applications one or two.
const enumeration = 4

// graphEnumeration looks at the inventory of a tenant.
var graphEnumeration = &Rule{
	ID: "graphEnumeration", Title: "A workload lists the tenant",
	RiskType: TypeAPI, Covers: []string{"X01"}, Techniques: []string{"T1087.004", "T1069.003", "T1526"},
	Event:          "MicrosoftGraphActivityLogs, AADGraphActivityLogs: GET of users, groups, devices, applications, service principals, roles, grants, policies",
	Levels:         "medium when 4 kinds or more are listed for the first time on one day",
	FalsePositives: []string{"The first run of a security or inventory product."},
	Ask:            []string{"Which tool does the user agent name?", "What was read of what had been listed?"},
	Find: func(v View, a *Activity) []Finding {
		fresh := newOnes(v, a.reads(ClassCall, OpEnumerate))
		lists := objectsOf(fresh)
		if len(lists) < enumeration {
			return nil
		}
		return []Finding{find(v, medium, "tenant", "listed for the first time: "+names(lists), fresh)}
	},
}
