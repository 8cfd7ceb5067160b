package arm

// Permissions are the Azure actions that each method needs at the scope it works on, and nothing more. Methods that work on
// several types have an entry for each. What Resources and AttachedTo find is what may be read: without the action they are
// not refused, but find nothing. A test runs each method with exactly these against the local Resource Manager, and with each of
// them missing.
var Permissions = map[string][]string{
	"Subscriptions":    {"Microsoft.Resources/subscriptions/read"},
	"Resources":        {"Microsoft.KeyVault/vaults/read"},
	"AttachedTo":       {"Microsoft.Web/sites/read"},
	"Vault":            {"Microsoft.KeyVault/vaults/read"},
	"Vaults":           {"Microsoft.KeyVault/vaults/read"},
	"RemovePolicies":   {"Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/accessPolicies/write"},
	"AddPolicies":      {"Microsoft.KeyVault/vaults/accessPolicies/write"},
	"Diagnostics":      {"Microsoft.Insights/diagnosticSettings/read"},
	"AssignedTo":       {"Microsoft.Authorization/roleAssignments/read"},
	"AssignmentsAt":    {"Microsoft.Authorization/roleAssignments/read"},
	"RemoveAssignment": {"Microsoft.Authorization/roleAssignments/delete"},
	"AddAssignment":    {"Microsoft.Authorization/roleAssignments/write"},
	"Role":             {"Microsoft.Authorization/roleDefinitions/read"},
	"Denies":           {"Microsoft.Authorization/denyAssignments/read"},
	"Identity":         {"Microsoft.ManagedIdentity/userAssignedIdentities/read"},
	"Federated":        {"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read"},
	"RemoveFederated":  {"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete"},

	// At the tenant; they come with a directory role, Security Administrator.
	"EntraDiagnostics":    {"microsoft.aadiam/diagnosticsettings/read"},
	"PutEntraDiagnostics": {"microsoft.aadiam/diagnosticsettings/write"},

	"Detach Microsoft.Web/sites":                          {"Microsoft.Web/sites/read", "Microsoft.Web/sites/write"},
	"Detach Microsoft.Web/sites/slots":                    {"Microsoft.Web/sites/slots/read", "Microsoft.Web/sites/slots/write"},
	"Detach Microsoft.App/containerApps":                  {"Microsoft.App/containerApps/read", "Microsoft.App/containerApps/write"},
	"Detach Microsoft.Compute/virtualMachines":            {"Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/virtualMachines/write"},
	"Detach Microsoft.Compute/virtualMachineScaleSets":    {"Microsoft.Compute/virtualMachineScaleSets/read", "Microsoft.Compute/virtualMachineScaleSets/write"},
	"SwitchOff Microsoft.Web/sites":                       {"Microsoft.Web/sites/read", "Microsoft.Web/sites/write"},
	"SwitchOff Microsoft.Web/sites/slots":                 {"Microsoft.Web/sites/slots/read", "Microsoft.Web/sites/slots/write"},
	"SwitchOff Microsoft.App/containerApps":               {"Microsoft.App/containerApps/read", "Microsoft.App/containerApps/write"},
	"SwitchOff Microsoft.Compute/virtualMachines":         {"Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/virtualMachines/write"},
	"SwitchOff Microsoft.Compute/virtualMachineScaleSets": {"Microsoft.Compute/virtualMachineScaleSets/read", "Microsoft.Compute/virtualMachineScaleSets/write"},
	"Keys Microsoft.Storage/storageAccounts":              {"Microsoft.Storage/storageAccounts/listKeys/action"},
	"Keys Microsoft.DocumentDB/databaseAccounts":          {"Microsoft.DocumentDB/databaseAccounts/listKeys/action"},
	"Keys Microsoft.Cache/redis":                          {"Microsoft.Cache/redis/listKeys/action"},
	"Keys Microsoft.EventHub/namespaces":                  {"Microsoft.EventHub/namespaces/authorizationRules/listKeys/action"},
	"Keys Microsoft.ServiceBus/namespaces":                {"Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action"},
	"Keys Microsoft.EventHub/namespaces/eventhubs":        {"Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listKeys/action"},
	"Keys Microsoft.ServiceBus/namespaces/queues":         {"Microsoft.ServiceBus/namespaces/queues/authorizationRules/listKeys/action"},
	"Keys Microsoft.ServiceBus/namespaces/topics":         {"Microsoft.ServiceBus/namespaces/topics/authorizationRules/listKeys/action"},
	"Regenerate Microsoft.Storage/storageAccounts":        {"Microsoft.Storage/storageAccounts/regenerateKey/action"},
	"Regenerate Microsoft.DocumentDB/databaseAccounts":    {"Microsoft.DocumentDB/databaseAccounts/regenerateKey/action"},
	"Regenerate Microsoft.Cache/redis":                    {"Microsoft.Cache/redis/regenerateKey/action"},
	"Regenerate Microsoft.EventHub/namespaces":            {"Microsoft.EventHub/namespaces/authorizationRules/regenerateKeys/action"},
	"Regenerate Microsoft.ServiceBus/namespaces":          {"Microsoft.ServiceBus/namespaces/authorizationRules/regenerateKeys/action"},
	"Regenerate Microsoft.EventHub/namespaces/eventhubs":  {"Microsoft.EventHub/namespaces/eventhubs/authorizationRules/regenerateKeys/action"},
	"Regenerate Microsoft.ServiceBus/namespaces/queues":   {"Microsoft.ServiceBus/namespaces/queues/authorizationRules/regenerateKeys/action"},
	"Regenerate Microsoft.ServiceBus/namespaces/topics":   {"Microsoft.ServiceBus/namespaces/topics/authorizationRules/regenerateKeys/action"},
}
