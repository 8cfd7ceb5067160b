package streams

import (
	"slices"

	"rekey/shared/event"
)

// The categories, by the names that Event Hub records have. Where one kind of event has several, the first stands for all.
const (
	SignIns                = "ServicePrincipalSignInLogs"
	ManagedIdentitySignIns = "ManagedIdentitySignInLogs"
	UserSignIns            = "SignInLogs" // of users, interactive or not
	Audit                  = "AuditLogs"
	Vaults                 = "AuditEvent" // of Key Vault, all vaults together
	Graph                  = "MicrosoftGraphActivityLogs"
	DirectoryGraph         = "AADGraphActivityLogs"
	Azure                  = "AzureActivity"
	Risk                   = "ServicePrincipalRiskEvents"
)

// Categories is all of them, in the order of reports.
var Categories = []string{SignIns, ManagedIdentitySignIns, UserSignIns, Audit, Vaults, Graph, DirectoryGraph, Azure, Risk}

// categories are the categories' places in Categories by kind of event.
var categories = func() (out [event.KindRisk + 1]int8) {
	for kind := range out {
		out[kind] = -1
	}
	for kind, category := range map[event.Kind]string{
		event.KindSignIn: SignIns, event.KindManagedIdentitySignIn: ManagedIdentitySignIns, event.KindUserSignIn: UserSignIns,
		event.KindAudit: Audit, event.KindVaultAccess: Vaults, event.KindGraphActivity: Graph,
		event.KindDirectoryGraphActivity: DirectoryGraph, event.KindAzureActivity: Azure, event.KindRisk: Risk,
	} {
		out[kind] = int8(slices.Index(Categories, category))
	}
	return out
}()

// place returns a category's place in Categories, -1 for one that is not known.
func place(category string) int { return slices.Index(Categories, category) }
