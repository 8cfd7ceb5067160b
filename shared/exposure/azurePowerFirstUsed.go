package exposure

// azurePowerFirstUsed looks at operations of Azure Resource Manager that run code as somebody else or let somebody else in.
var azurePowerFirstUsed = &Rule{
	ID: "azurePowerFirstUsed", Title: "A workload runs code on a machine, or lends an identity, for the first time",
	RiskType: TypeActivity, Covers: []string{"I03", "S15", "X05", "X08"}, Techniques: []string{"T1651", "T1059", "T1098.001"},
	Event: "Azure activity: run command and extensions of virtual machines, runbooks, jobs and webhooks of automation accounts, " +
		"federated credentials and assignment of managed identities",
	Levels:         "medium; low on the first days on which anything is known",
	FalsePositives: []string{"A deployment pipeline that begins to use another kind of resource."},
	Ask:            []string{"What was run, and as which identity?", "Is the principal a deployer, and does the change stand in a repository?"},
	Find:           func(v View, a *Activity) []Finding { return firstCalls(v, a, true) },
}
