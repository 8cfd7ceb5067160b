package settings

import "rekey/shared/host/config"

// Caller says in whose name a command works. Functions are always the managed identity.
type Caller struct {
	config.Identity
	As string `envconfig:"REKEY_AS" default:"identity" help:"identity (the managed identity of the machine), cli (whoever is signed in to Azure CLI) or environment (a service principal: AZURE_CLIENT_ID and its credential): in whose name commands work"`
}

// Tenancy are the settings of the commands that work on the tenant itself, in a person's name.
type Tenancy struct {
	config.Tenant
	config.Identity
	GraphURL config.URL `envconfig:"REKEY_GRAPH_URL" default:"https://graph.microsoft.com" help:"Microsoft Graph; another host in national clouds"`
	ARMURL   config.URL `envconfig:"REKEY_ARM_URL" default:"https://management.azure.com" help:"Azure Resource Manager; another host in national clouds"`
}

// Checkup are the settings of `rekey doctor`: the tenant, the state account, and what else of the apps' settings it judges.
type Checkup struct {
	Tenancy
	config.State
	NetworkTable string `envconfig:"REKEY_NETWORK_TABLE" help:"path of the address table, as made by make network-table; empty: only what records say about addresses is known"`
	Mode         string `envconfig:"REKEY_MODE" help:"plan, approve, contain or evict: how far Rekey may go without asking; plan changes nothing"`
}

// Validate implements the check of package config.
func (c *Checkup) Validate() error { return c.State.Validate() }
