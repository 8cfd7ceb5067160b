package rule

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// credentialOnSyncApplication looks at the application that Entra Connect synchronises the directory with.
var credentialOnSyncApplication = &Rule{
	ID: "credentialOnSyncApplication", Title: "Credential added to the directory synchronisation's application",
	Covers: []string{"C01", "C13"}, RiskType: TypeAnomalous, Techniques: []string{"T1098.001"},
	Event: "AuditLogs: any activity with a new KeyIdentifier in KeyDescription, the target is an application of Entra Connect, by its name or well-known appId",
	Shape: Documented, Levels: "medium; low when the application rotates its own certificate",
	FalsePositives: []string{"Entra Connect rotates its certificate itself.", "An administrator sets up or repairs the synchronisation."},
	Ask:            []string{"Did somebody work on the synchronisation server then?", "From which address does the synchronisation sign in since?"},
	Match: onKeys(func(e *event.Event, _ *World, k keyChange) (score.Level, string) {
		if !isSyncApplication(k.of) {
			return none, ""
		}
		level := medium
		if same(e.Audit.Actor.Principal, k.of) {
			level = low
		}
		return level, fmt.Sprintf("%s was added to %s, which synchronises the directory", k.words(), titled(k.of))
	}),
}

// Entra Connect has a first-party application, and since 2024 one of the tenant's own with a certificate.
var syncApplications = []string{"6eb59a73-39b2-4c23-a70f-e2e3ce8965b1", "cb1056e2-e479-49de-ae31-7812af012ed8"}

func isSyncApplication(p event.Principal) bool {
	return slices.Contains(syncApplications, p.AppID) || strings.HasPrefix(strings.ToLower(p.Name), "connectsyncprovisioning_")
}
