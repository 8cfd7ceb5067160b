package rule

import (
	"slices"
	"strings"

	"rekey/shared/event"
	"rekey/shared/score"
)

// services are Microsoft's that write users and groups in every tenant, as people's own acts pass through them: by name,
// with the appId. As with platform, a record that has an appId must have the right one.
var services = map[string]string{
	"azure mfa strongauthenticationservice":                 "b5a60e17-278b-4c92-a4e2-b9262e66bb28",
	"azure credential configuration endpoint service":       "ea890292-c8c8-4433-b5ea-b09d0668e1a6",
	"azure ad identity governance":                          "bf26f092-3426-4a99-abfb-97dad74e661a",
	"azure ad identity governance - directory management":   "ec245c98-4a90-40c2-955a-88b727d97151",
	"azure ad identity governance - entitlement management": "810dcf14-1858-4bf2-8134-4c369fa3235b",
	"device registration service":                           "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",
	"microsoft app access panel":                            "0000000c-0000-0000-c000-000000000000",
	"microsoft approval management":                         "65d91a3d-ab74-42e6-8a2f-0add61688c74",
	"microsoft b2b admin worker":                            "1e2ca66a-c176-45ea-a877-e87f7231e0ee",
	"microsoft invitation acceptance portal":                "4660504c-45b3-4674-a709-71951a6b0763",
	"microsoft password reset service":                      "93625bc8-bfe2-437a-97e0-3d0060024faa",
	"microsoft substrate management":                        "98db8bd6-0cc0-4e67-9de5-f187f1cd1b41",
	"microsoft teams services":                              "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
	"microsoft.azure.syncfabric":                            "00000014-0000-0000-c000-000000000000",
	"office 365 exchange online":                            "00000002-0000-0ff1-ce00-000000000000",
	"office 365 sharepoint online":                          "00000003-0000-0ff1-ce00-000000000000",
}

// onPeople reports whether an application of somebody's, and no service of Microsoft's, did one of some things to a user.
// Whether the user has a role is in no record: the case must ask Graph.
func onPeople(e *event.Event, activities ...string) bool {
	return changed(e, activities...) && byOther(e) && (len(e.Audit.Targets) == 0 || slices.ContainsFunc(e.Audit.Targets, isPerson))
}

// byOther reports whether an application acted that is none of the services.
func byOther(e *event.Event) bool {
	a := e.Audit.Actor.Principal
	id, known := services[strings.ToLower(a.Name)]
	return byApplication(e) && (!known || a.AppID != "" && a.AppID != id)
}

// isPerson reports whether a target is a user; some records leave the type out.
func isPerson(t event.Target) bool { return t.Type == "" || strings.EqualFold(t.Type, "User") }

// person names the first user of a record.
func person(e *event.Event) string {
	if i := slices.IndexFunc(e.Audit.Targets, isPerson); i >= 0 {
		return ownerName(e.Audit.Targets[i])
	}
	return "somebody"
}

// undeclared is the level of an application's act that is mostly a pipeline's where nobody is declared.
func undeclared(e *event.Event, w *World) score.Level {
	if len(w.Deployers) > 0 && !w.deploys(e.Audit.Actor) {
		return high
	}
	return medium
}

// synchronises reports whether an application has the name that Entra Connect gives to its own. Names can be taken by
// anybody: it only lowers what synchronisation does all day.
func synchronises(e *event.Event) bool {
	return strings.HasPrefix(strings.ToLower(e.Audit.Actor.Principal.Name), "connectsyncprovisioning_")
}
