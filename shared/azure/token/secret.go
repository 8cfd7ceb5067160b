package token

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
)

// ProveSecret acquires one token for an application with a client secret, drops it, and returns nil if one was issued. Denied
// is the authority's word that the secret opens nothing, or that the application may not sign in at all.
func (p Prover) ProveSecret(ctx context.Context, appID string, secret redact.Value) error {
	opts := traced.Options(traced.Token, p.Options)
	opts.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: p.Authority, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{}}
	doing := "acquiring a token for application " + appID
	cred, err := azidentity.NewClientSecretCredential(p.Tenant, appID, secret.Reveal(), &azidentity.ClientSecretCredentialOptions{
		ClientOptions: opts, DisableInstanceDiscovery: p.Private,
	})
	if err != nil {
		return redact.Error(doing, err)
	}
	_, err = cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{p.Scope}})
	return redact.Error(doing, err)
}
