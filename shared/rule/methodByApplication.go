package rule

import (
	"slices"
	"strings"

	"rekey/shared/event"
)

// methodByApplication looks at an application that gives people another way to sign in, which survives a new password.
var methodByApplication = &Rule{
	ID: "methodByApplication", Title: "An application changed how somebody signs in",
	RiskType: TypeAnomalous, Techniques: []string{"T1556.006", "T1098.005"},
	Event: "AuditLogs: \"Admin registered security info\" (a temporary access pass, too), \"Admin updated security info\", \"Add Passkey (device-bound)\" and their kind, or \"Update user\" with a property of strong authentication, initiatedBy.app is no service of Microsoft's; one finding a day",
	Shape: Documented, Levels: "high when the tenant declares its deployers and the actor is none of them; medium when it declares none",
	FalsePositives: []string{"A tool for newcomers hands out temporary access passes: declare it as a deployer.", "Services through which people register their own methods: not told."},
	Ask:            []string{"Does one of these people have a directory role? The record does not say: Graph does.", "Which methods do they have now, and are all of them theirs?", "Did they sign in with the new one?"},
	Match: func(e *event.Event, w *World) []Finding {
		if !onPeople(e, methods...) && !(onPeople(e, "Update user") && strengthens(e)) {
			return nil
		}
		a := e.Audit.Actor.Principal
		return one(a, undeclared(e, w), "methods", "the application %s changed how people sign in: %q (%s)", titled(a), person(e), e.Audit.Activity)
	},
}

// methods are the activities of authentication methods that somebody else than their user brings about.
var methods = []string{
	"Admin registered security info", "Admin updated security info", "Admin deleted security info", "Create Temporary Access Pass method for user",
	"Add Passkey (device-bound)", "Add Windows Hello for Business credential", "Add passwordless phone sign-in credential", "Add platform credential",
	"Create Hardware Oath Token", "Assign Hardware Oath Token", "Update Hardware Oath Token", "Register TOTP secret", "Create application password for user",
	"Update per-user multifactor authentication state", "Enable Strong Authentication", "Disable Strong Authentication", "Delete all available strong authentication devices",
}

// strengthens reports whether an update of a user changed a property of strong authentication.
func strengthens(e *event.Event) bool {
	return slices.ContainsFunc(e.Audit.Targets, func(t event.Target) bool {
		return slices.ContainsFunc(t.Properties, func(p event.Property) bool {
			n := strings.ToLower(p.Name)
			return strings.HasPrefix(n, "strongauthentication") || n == "searchabledevicekey" || n == "alternativesecurityids" || n == "certificateuserids"
		})
	})
}
