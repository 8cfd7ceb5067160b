package exposure

// userEnumeration looks at people who list the tenant with a developer client: what is done with a stolen token of a person's,
// and by administrators. It is a finding about the person; nothing is done to anybody because of it.
var userEnumeration = &Rule{
	ID: "userEnumeration", Title: "A user lists the tenant with a developer client",
	RiskType: TypeAPI, Covers: []string{"X01"}, Techniques: []string{"T1087.004", "T1550.001"},
	Event: "MicrosoftGraphActivityLogs, AADGraphActivityLogs: GET of users, groups, applications and the like with a userId and the appId of " +
		"Azure CLI, Azure PowerShell, Azure AD PowerShell, Graph PowerShell, Graph Explorer or Visual Studio Code; SignInLogs, NonInteractiveUserSignInLogs",
	Levels: "about the user: low when 4 kinds or more are listed for the first time on one day; medium when he also signed in that day with a client " +
		"from a network from which he never used it. Low on the first days on which he is seen with such a client",
	FalsePositives: []string{"An administrator who writes a script, or works from elsewhere."},
	Ask:            []string{"Was it the user himself? Ask him by another way than mail.", "Which method of authentication did the sign-in have, and was it a device code?"},
	Find: func(v View, a *Activity) []Finding {
		fresh := newOnes(v, a.reads(ClassCall, OpUserList))
		if len(kinds(fresh)) < enumeration {
			return nil
		}
		level, what := low, "listed for the first time with a developer client: "+names(objectsOf(fresh))
		if clients := newOnes(v, a.reads(ClassCall, OpClient)); len(clients) > 0 {
			level, what = medium, what+"; new: "+names(objectsOf(clients))
			fresh = append(fresh, clients...)
		}
		return []Finding{find(v, level, "tenant", what, fresh)}
	},
}
