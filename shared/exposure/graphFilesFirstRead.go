package exposure

// graphFilesFirstRead looks at the first reading of files. Many applications do it, so it is worth little alone; of an
// application of somebody else's, from a new network, it is what its owner's intruder comes for (supplierReads).
var graphFilesFirstRead = &Rule{
	ID: "graphFilesFirstRead", Title: "A workload reads files for the first time",
	RiskType: TypeAPI, Covers: []string{"X02"}, Techniques: []string{"T1213.002", "T1530"},
	Event:          "MicrosoftGraphActivityLogs: GET of items of drives and sites, status 2xx",
	Levels:         "low; nothing on the first day on which anything is known",
	FalsePositives: []string{"A new feature of a document application."},
	Ask:            []string{"Whose files, and how many?", "Since when does it have the permission?"},
	Find: func(v View, a *Activity) []Finding {
		reads := a.reads(ClassCall, OpFiles)
		if len(reads) == 0 || v.Watched == 0 || v.Fresh(OpFiles) == 0 {
			return nil
		}
		return []Finding{find(v, low, "files", "read files for the first time: "+names(objectsOf(reads)), reads)}
	},
}
