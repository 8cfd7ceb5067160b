// Package settings declares the settings of each app. The zero value of every optional one is the safe choice.
package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/decide"
	"rekey/shared/host/config"
)

// Detect are the settings of the stream functions.
type Detect struct {
	config.Tenant
	config.State
	config.Identity
	World
	HashKey      config.Key      `envconfig:"REKEY_HASH_KEY" required:"true" help:"base64 of 16 random bytes, secret; with another key everything learned is forgotten (make one: openssl rand -base64 16)"`
	NetworkTable string          `envconfig:"REKEY_NETWORK_TABLE" help:"path of the address table, as made by make network-table; empty: only what records say about addresses is known"`
	OwnNetworks  config.Prefixes `envconfig:"REKEY_OWN_NETWORKS" help:"your own egress networks, separated by commas, like 192.0.2.0/24,198.51.100.7; sign-ins from them are never unfamiliar by address"`
	TrustNamed   bool            `envconfig:"REKEY_TRUST_NAMED_LOCATIONS" default:"false" help:"true when sign-ins from your tenant's trusted named locations are never unfamiliar by address, either; only if these are your own egress and not whole countries"`
}

// Validate implements the check of package config.
func (d *Detect) Validate() error { return errors.Join(d.State.Validate(), d.World.Validate()) }

// Upkeep are the settings of the housekeeping.
type Upkeep struct {
	config.Tenant
	config.State
	config.Identity
}

// Validate implements the check of package config.
func (u *Upkeep) Validate() error { return u.State.Validate() }

// Rest are the times in which nothing is changed without a person.
type Rest struct {
	Maintenance decide.Windows `envconfig:"REKEY_MAINTENANCE" help:"times of UTC in which nothing is changed without a person, separated by commas: weekly like Mon-Fri 08:00-18:00 or Sat 22:00-06:00, or once like 2026-12-20T00:00Z/2027-01-04T06:00Z; what people approve goes on, unless they ask to wait"`
}

// Respond are the settings of the functions that act.
type Respond struct {
	config.Tenant
	config.State
	config.Identity
	World
	Paging
	Rest
	Rotation
	Notices
	HashKey       config.Key    `envconfig:"REKEY_HASH_KEY" required:"true" help:"the same as the detect app's: with it the names of credentials are found in what was learned"`
	Posture       time.Duration `envconfig:"REKEY_POSTURE_EVERY" default:"168h" help:"a duration like 168h: how often everything the directory has is looked at; 0 never. It asks your name servers for the public hosts of redirect URIs"`
	Acts          Acts          `envconfig:"REKEY_ACTS" default:"owners,redirectUris,elsewhere,watch" help:"what plans may do beside changing credentials, separated by commas: risk (confirm and dismiss in Identity Protection), vaultAccess, owners, redirectUris, grants, appRoles, directoryRoles (of what was added in the window), elsewhere (what the principal planted on others), azure and detach (managed identities), watch (for seven days); each needs its permissions, see docs/permissions.md"`
	Mode          string        `envconfig:"REKEY_MODE" default:"plan" help:"plan, approve, contain or evict: how far Rekey may go without asking; plan changes nothing"`
	Modes         Modes         `envconfig:"REKEY_MODES" help:"modes of single principals, like <object id>=evict,<object id>=plan"`
	ActsPerHour   int           `envconfig:"REKEY_ACTS_PER_HOUR" default:"1" help:"how many principals may be changed within an hour without asking; a number from 0 to 100"`
	HTTPApprovals bool          `envconfig:"REKEY_HTTP_APPROVALS" default:"false" help:"true when a yes over HTTP counts as one at a terminal does; then whoever takes over the app that faces the network can say yes in the name of others"`
	TrustHubs     bool          `envconfig:"REKEY_TRUST_HUBS" default:"false" help:"true when nobody but Microsoft can write to the event hubs: then records need not be read again from Microsoft Graph before acting alone"`
	NeverTouch    []string      `envconfig:"REKEY_NEVER_TOUCH" help:"object or application ids that are never changed, separated by commas; name Rekey's own identity and your break-glass automation"`
	Quiet         time.Duration `envconfig:"REKEY_SWEEP_QUIET" default:"2m" help:"a duration like 2m: how long something may make no progress before it is rung for again"`
	Tell          bool          `envconfig:"REKEY_TELL_IDENTITY_PROTECTION" default:"false" help:"true to tell Microsoft's Identity Protection, too, when a person confirms or dismisses a risk in Rekey; needs IdentityRiskyServicePrincipal.ReadWrite.All and Workload ID Premium"`
	VaultURL      config.URL    `envconfig:"REKEY_VAULT_URL" required:"true" help:"the key vault in which new certificates are made, like https://contoso-rekey.vault.azure.net"`
	GraphURL      config.URL    `envconfig:"REKEY_GRAPH_URL" default:"https://graph.microsoft.com" help:"Microsoft Graph; another host in national clouds"`
	ARMURL        config.URL    `envconfig:"REKEY_ARM_URL" default:"https://management.azure.com" help:"Azure Resource Manager; another host in national clouds"`
	Authority     config.URL    `envconfig:"REKEY_AUTHORITY_URL" default:"https://login.microsoftonline.com" help:"the token authority; another host in national clouds"`
	Private       bool          `envconfig:"REKEY_PRIVATE_ENDPOINTS" default:"false" help:"true when authority and vault have hosts of their own (a private cloud, the local stack): skips the checks that tie them to Microsoft's names"`
}

// Validate implements the check of package config.
func (r *Respond) Validate() error {
	var bad []error
	for _, m := range append([]string{r.Mode}, r.Modes.values()...) {
		switch decide.Mode(m) {
		case decide.ModePlan, decide.ModeApprove, decide.ModeContain, decide.ModeEvict:
		default:
			bad = append(bad, fmt.Errorf("REKEY_MODE or REKEY_MODES names the mode %q: plan, approve, contain or evict", m))
		}
	}
	if r.ActsPerHour < 0 || r.ActsPerHour > 100 {
		bad = append(bad, fmt.Errorf("REKEY_ACTS_PER_HOUR is %d: a number from 0 to 100", r.ActsPerHour))
	}
	return errors.Join(append(bad, r.State.Validate(), r.World.Validate(), r.Paging.Validate(), r.Rotation.Validate(&r.Paging), r.Notices.Validate())...)
}

// Policy is what the settings allow.
func (r *Respond) Policy() decide.Policy {
	p := decide.Policy{
		Tenant: string(r.Tenant.ID), Default: decide.Mode(r.Mode), Modes: map[string]decide.Mode{},
		NeverTouch: map[string]string{}, ActsPerHour: r.ActsPerHour, Maintenance: r.Maintenance,
	}
	for key, m := range r.Modes {
		p.Modes[key] = decide.Mode(m)
	}
	for _, key := range r.NeverTouch {
		p.NeverTouch[strings.ToLower(strings.TrimSpace(key))] = "on the never-touch list (REKEY_NEVER_TOUCH)"
	}
	if r.ClientID != "" {
		p.NeverTouch[string(r.ClientID)] = "Rekey's own identity"
	}
	return p
}

// Modes maps principals to modes.
type Modes map[string]string

// Decode implements envconfig.Decoder.
func (m *Modes) Decode(s string) error {
	*m = Modes{}
	for pair := range strings.SplitSeq(s, ",") {
		key, mode, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q is not of the form id=mode", pair)
		}
		(*m)[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(mode)
	}
	return nil
}

func (m Modes) values() []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
