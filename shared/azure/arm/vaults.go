package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault/v2"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Vault is a key vault.
type Vault struct {
	ID       string
	Name     string
	URI      string
	Location string
	Tags     map[string]string
	RBAC     bool // roles decide who reads secrets; else access policies do, and data roles say nothing
	Policies []Policy
	Network  Network
}

// Policy is one entry of a vault's access policies. Permissions keep the spelling that the vault has.
type Policy struct {
	TenantID      string
	ObjectID      string
	ApplicationID string // set: only for that application on behalf of the object
	Secrets       []string
	Keys          []string
	Certificates  []string
	Storage       []string
}

// Network is a vault's firewall. The zero Network is open to everybody.
type Network struct {
	Closed   bool     // public access is disabled: private endpoints only
	Deny     bool     // who is not named is refused
	Bypass   string   // AzureServices or None
	Ranges   []string // addresses that are let in
	Networks []string // ids of subnets that are let in
}

// Vault reads a vault.
func (c *Client) Vault(ctx context.Context, id string) (Vault, error) {
	doing := "reading vault " + id
	r, err := parse(doing, id, TypeVault)
	if err != nil {
		return Vault{}, err
	}
	client, err := armkeyvault.NewVaultsClient(r.SubscriptionID, c.cred, &c.options)
	if err != nil {
		return Vault{}, redact.Error(doing, err)
	}
	got, err := client.Get(ctx, r.ResourceGroupName, r.Name, nil)
	if err != nil {
		return Vault{}, redact.Error(doing, err)
	}
	return vault(&got.Vault), nil
}

// Vaults lists the vaults of a subscription.
func (c *Client) Vaults(ctx context.Context, subscription string) ([]Vault, error) {
	doing := "listing the vaults of subscription " + subscription
	client, err := armkeyvault.NewVaultsClient(subscription, c.cred, &c.options)
	if err != nil {
		return nil, redact.Error(doing, err)
	}
	var out []Vault
	for p := client.NewListBySubscriptionPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, redact.Error(doing, err)
		}
		for _, v := range page.Value {
			out = append(out, vault(v))
		}
	}
	return out, nil
}

func vault(v *armkeyvault.Vault) Vault {
	out := Vault{ID: value(v.ID), Name: value(v.Name), Location: value(v.Location), Tags: map[string]string{}}
	for k, t := range v.Tags {
		out.Tags[k] = value(t)
	}
	p := v.Properties
	if p == nil {
		return out
	}
	out.URI, out.RBAC = value(p.VaultURI), value(p.EnableRbacAuthorization)
	out.Network.Closed = strings.EqualFold(value(p.PublicNetworkAccess), "Disabled")
	for _, e := range p.AccessPolicies {
		out.Policies = append(out.Policies, entry(e))
	}
	if n := p.NetworkACLs; n != nil {
		out.Network.Deny = strings.EqualFold(string(value(n.DefaultAction)), "Deny")
		out.Network.Bypass = string(value(n.Bypass))
		for _, r := range n.IPRules {
			out.Network.Ranges = append(out.Network.Ranges, value(r.Value))
		}
		for _, r := range n.VirtualNetworkRules {
			out.Network.Networks = append(out.Network.Networks, value(r.ID))
		}
	}
	return out
}

func entry(e *armkeyvault.AccessPolicyEntry) Policy {
	p := Policy{TenantID: value(e.TenantID), ObjectID: value(e.ObjectID), ApplicationID: value(e.ApplicationID)}
	if e.Permissions != nil {
		p.Secrets, p.Keys = values(e.Permissions.Secrets), values(e.Permissions.Keys)
		p.Certificates, p.Storage = values(e.Permissions.Certificates), values(e.Permissions.Storage)
	}
	return p
}

// Of returns the entries of an object id.
func (v Vault) Of(objectID string) []Policy {
	var out []Policy
	for _, p := range v.Policies {
		if strings.EqualFold(p.ObjectID, objectID) {
			out = append(out, p)
		}
	}
	return out
}

// RemovePolicies removes the entries of one object id from a vault and returns what it removed, which AddPolicies puts
// back. None there is success.
//
// The vault is read first, because Azure compares permissions with regard to case and answers 200 when it removed nothing
// (github.com/Azure/azure-rest-api-specs/issues/42963), and read again afterwards, for the same reason.
func (c *Client) RemovePolicies(ctx context.Context, vaultID, objectID string) ([]Policy, error) {
	v, err := c.Vault(ctx, vaultID)
	if err != nil {
		return nil, err
	}
	removed := v.Of(objectID)
	if len(removed) == 0 {
		return nil, nil
	}
	doing := "removing the access policies of " + objectID + " from vault " + vaultID
	if err := c.policies(ctx, doing, vaultID, armkeyvault.AccessPolicyUpdateKindRemove, removed); err != nil {
		return nil, err
	}
	if v, err = c.Vault(ctx, vaultID); err != nil {
		return nil, err
	}
	if left := v.Of(objectID); len(left) > 0 {
		return nil, fault.Errorf(fault.Conflict, "%s: Azure accepted it and %d entries are left", doing, len(left))
	}
	return removed, nil
}

// AddPolicies adds entries to a vault. What is there already changes nothing.
func (c *Client) AddPolicies(ctx context.Context, vaultID string, p ...Policy) error {
	return c.policies(ctx, "adding access policies to vault "+vaultID, vaultID, armkeyvault.AccessPolicyUpdateKindAdd, p)
}

func (c *Client) policies(ctx context.Context, doing, vaultID string, kind armkeyvault.AccessPolicyUpdateKind, list []Policy) error {
	r, err := parse(doing, vaultID, TypeVault)
	if err != nil {
		return err
	}
	client, err := armkeyvault.NewVaultsClient(r.SubscriptionID, c.cred, &c.options)
	if err != nil {
		return redact.Error(doing, err)
	}
	in := armkeyvault.VaultAccessPolicyParameters{Properties: &armkeyvault.VaultAccessPolicyProperties{}}
	for _, p := range list {
		e := &armkeyvault.AccessPolicyEntry{TenantID: &p.TenantID, ObjectID: &p.ObjectID, Permissions: &armkeyvault.Permissions{
			Secrets: pointers[armkeyvault.SecretPermissions](p.Secrets), Keys: pointers[armkeyvault.KeyPermissions](p.Keys),
			Certificates: pointers[armkeyvault.CertificatePermissions](p.Certificates), Storage: pointers[armkeyvault.StoragePermissions](p.Storage),
		}}
		if p.ApplicationID != "" {
			e.ApplicationID = to.Ptr(p.ApplicationID)
		}
		in.Properties.AccessPolicies = append(in.Properties.AccessPolicies, e)
	}
	_, err = client.UpdateAccessPolicy(ctx, r.ResourceGroupName, r.Name, kind, in, nil)
	return redact.Error(doing, err)
}

// Diagnostics is where a resource's logs go. Known is false if Rekey may not read it: then nothing follows from a log that
// shows nothing.
type Diagnostics struct {
	Known    bool
	Settings []DiagnosticSetting
}

// DiagnosticSetting sends categories, or groups of them, to places.
type DiagnosticSetting struct {
	Name       string
	EventHub   string // name of the hub; empty if it goes elsewhere
	HubRule    string // id of the namespace's authorization rule
	Workspace  string // id of a Log Analytics workspace
	Storage    string // id of a storage account
	Categories []string
	Groups     []string // audit or allLogs
}

// Logs reports whether a category, like AuditEvent, is sent anywhere. A category of audit is in both groups.
func (d Diagnostics) Logs(category string) (yes, known bool) {
	for _, s := range d.Settings {
		for _, c := range append(s.Categories, s.Groups...) {
			if strings.EqualFold(c, category) || strings.EqualFold(c, "audit") || strings.EqualFold(c, "allLogs") {
				return true, d.Known
			}
		}
	}
	return false, d.Known
}

// Diagnostics reads a resource's diagnostic settings. A refusal is not an error, but unknown.
func (c *Client) Diagnostics(ctx context.Context, resource string) (Diagnostics, error) {
	doing := "reading the diagnostic settings of " + resource
	if _, err := read(doing, resource); err != nil {
		return Diagnostics{}, err
	}
	type setting struct {
		Name       string `json:"name"`
		Properties struct {
			EventHubName, EventHubAuthorizationRuleID, WorkspaceID, StorageAccountID string
			Logs                                                                     []struct {
				Category, CategoryGroup string
				Enabled                 bool
			}
		} `json:"properties"`
	}
	found, err := pages[setting](ctx, c, request{method: http.MethodGet, doing: doing, path: resource + "/providers/Microsoft.Insights/diagnosticSettings", version: diagnosticsVersion})
	if errors.Is(err, fault.Denied) {
		return Diagnostics{}, nil
	}
	if err != nil {
		return Diagnostics{}, err
	}
	out := Diagnostics{Known: true}
	for _, s := range found {
		p := s.Properties
		d := DiagnosticSetting{Name: s.Name, EventHub: p.EventHubName, HubRule: p.EventHubAuthorizationRuleID, Workspace: p.WorkspaceID, Storage: p.StorageAccountID}
		for _, l := range p.Logs {
			switch {
			case !l.Enabled:
			case l.CategoryGroup != "":
				d.Groups = append(d.Groups, l.CategoryGroup)
			default:
				d.Categories = append(d.Categories, l.Category)
			}
		}
		out.Settings = append(out.Settings, d)
	}
	return out, nil
}
