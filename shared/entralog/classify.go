package entralog

import (
	"strings"

	"rekey/shared/event"
)

// kinds maps the categories of Event Hub records, and the table names of Log Analytics, to kinds of event.
var kinds = map[string]event.Kind{
	"ServicePrincipalSignInLogs":      event.KindSignIn,
	"AADServicePrincipalSignInLogs":   event.KindSignIn,
	"ManagedIdentitySignInLogs":       event.KindManagedIdentitySignIn,
	"AADManagedIdentitySignInLogs":    event.KindManagedIdentitySignIn,
	"SignInLogs":                      event.KindUserSignIn,
	"SigninLogs":                      event.KindUserSignIn,
	"NonInteractiveUserSignInLogs":    event.KindUserSignIn,
	"AADNonInteractiveUserSignInLogs": event.KindUserSignIn,
	"AuditLogs":                       event.KindAudit,
	"MicrosoftGraphActivityLogs":      event.KindGraphActivity,
	"AADGraphActivityLogs":            event.KindDirectoryGraphActivity,
	"AzureADGraphActivityLogs":        event.KindDirectoryGraphActivity, // the category, as the table's reference spells it
	"ServicePrincipalRiskEvents":      event.KindRisk,
	"AADServicePrincipalRiskEvents":   event.KindRisk,
	"RiskyServicePrincipals":          event.KindRisk,
	"AADRiskyServicePrincipals":       event.KindRisk,
	"AzureActivity":                   event.KindAzureActivity,
	"Administrative":                  event.KindAzureActivity,
	"Policy":                          event.KindAzureActivity,
	"Write":                           event.KindAzureActivity,
	"Action":                          event.KindAzureActivity,
	"Delete":                          event.KindAzureActivity,
}

// classify says what a record is: by the table it was exported from, by its category, by the resource it comes from
// (every Azure resource may have an AuditEvent), and last by its members, for Graph's shapes, which have no category.
// Kind 0 is a record that is not used; category then names it for the count.
func classify(t tree) (kind event.Kind, category string) {
	category = t.at("category").text()
	for _, name := range []string{t.at("Type").text(), category} {
		if k, ok := kinds[name]; ok {
			return k, category
		}
	}
	vault := strings.Contains(strings.ToLower(t.at("resourceId").text()), "/providers/microsoft.keyvault/")
	switch {
	case category == "AuditEvent" && vault, strings.EqualFold(t.at("ResourceProvider").text(), "MICROSOFT.KEYVAULT"):
		return event.KindVaultAccess, category
	case !t.at("activityDisplayName").missing() && !t.at("initiatedBy").missing(),
		!t.at("activityDisplayName").missing() && !t.at("targetResources").missing():
		return event.KindAudit, category
	case !t.at("servicePrincipalId").missing() && !t.at("riskEventType").missing():
		return event.KindRisk, category
	case category == "" && !t.at("createdDateTime").missing() && !t.at("appId").missing():
		return graphSignIn(t), category
	}
	if category == "" {
		category = "unknown"
	}
	return 0, category
}

// graphSignIn tells the kinds of sign-in in Graph's shape apart: a principal's has no user.
func graphSignIn(t tree) event.Kind {
	for _, e := range t.at("signInEventTypes").list() {
		switch e.text() {
		case "servicePrincipal":
			return event.KindSignIn
		case "managedIdentity":
			return event.KindManagedIdentitySignIn
		}
	}
	if t.at("userId").text() == "" && t.at("servicePrincipalId").text() != "" {
		return event.KindSignIn
	}
	return event.KindUserSignIn
}
