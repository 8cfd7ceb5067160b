package exposure

// graphMailFirstRead looks at the first reading of mailboxes.
var graphMailFirstRead = &Rule{
	ID: "graphMailFirstRead", Title: "A workload reads mail for the first time",
	RiskType: TypeAPI, Covers: []string{"X04"}, Techniques: []string{"T1114.002"},
	Event:          "MicrosoftGraphActivityLogs: GET of a user's messages, status 2xx",
	Levels:         "medium; low on the second day on which anything is known, nothing on the first",
	FalsePositives: []string{"A new feature of a mail or ticket application."},
	Ask:            []string{"Whose mailboxes, and how many?", "Since when does it have the permission?"},
	Find: func(v View, a *Activity) []Finding {
		reads := a.reads(ClassCall, OpMail)
		if len(reads) == 0 || v.Watched == 0 || v.Fresh(OpMail) == 0 {
			return nil
		}
		return []Finding{find(v, medium, "mail", "read mail for the first time: "+names(objectsOf(reads)), reads)}
	},
}
