package arm

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault/v2"

	"rekey/shared/azure/redact"
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
