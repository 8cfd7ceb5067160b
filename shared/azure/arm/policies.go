package arm

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault/v2"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

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
