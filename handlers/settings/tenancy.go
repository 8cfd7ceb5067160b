package settings

import "rekey/shared/host/config"

// Tenancy are the settings of the commands that work on the tenant itself, in a person's name.
type Tenancy struct {
	config.Tenant
	config.Identity
	GraphURL config.URL `envconfig:"REKEY_GRAPH_URL" default:"https://graph.microsoft.com" help:"Microsoft Graph; another host in national clouds"`
	ARMURL   config.URL `envconfig:"REKEY_ARM_URL" default:"https://management.azure.com" help:"Azure Resource Manager; another host in national clouds"`
}
