package exposure

// manyResources is how many resources' keys in a day are a harvest.
const manyResources = 5

// resourceKeysRead looks at keys that Azure Resource Manager hands out: they open the resource for whoever has them,
// outside of all sign-in logs.
var resourceKeysRead = &Rule{
	ID: "resourceKeysRead", Title: "A workload is handed the keys of a resource it never asked for",
	RiskType: TypeActivity, Covers: []string{"F07", "K07"}, Techniques: []string{"T1552", "T1555.006"},
	Event: "Azure activity: actions that answer with keys, as Microsoft.Storage/storageAccounts/listKeys/action, Microsoft.Web/sites/config/list/action, " +
		"Microsoft.Web/sites/publishxml/action, Microsoft.ContainerRegistry/registries/listCredentials/action",
	Levels:         "medium when the principal never read keys or when it reads those of 5 resources in a day, high for both; low otherwise",
	FalsePositives: []string{"A deployment pipeline that wires a new resource to an application.", "Monitoring and backup tools that find new resources."},
	Ask:            []string{"Were the resources used with their keys afterwards?", "Can keys be switched off for them?"},
	Find: func(v View, a *Activity) []Finding {
		fresh := newOnes(v, a.reads(ClassResource, OpKeys))
		resources := objectsOf(fresh)
		if len(resources) == 0 {
			return nil
		}
		level, seldom, many := low, v.Fresh(OpKeys) != 0, len(resources) >= manyResources
		switch {
		case seldom && many:
			level = high
		case seldom || many:
			level = medium
		}
		what := "was handed the keys of " + count(len(resources), "resource") + " for the first time: " + names(resources)
		return []Finding{find(v, level, "keys", what, fresh)}
	},
}
