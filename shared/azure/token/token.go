// Package token proves that a certificate opens the door: it acquires a token with it and drops the token.
package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
)

// Prover acquires tokens at an authority.
type Prover struct {
	Authority string // like https://login.microsoftonline.com
	Tenant    string
	Scope     string // what the token is for
	Private   bool   // the authority is not one of Microsoft's public ones
	Options   azcore.ClientOptions
}

// Sign signs a SHA-256 digest with PS256.
type Sign func(ctx context.Context, digest []byte) ([]byte, error)

// assertionLife is how long an assertion is valid; one is made for each try.
const assertionLife = 5 * time.Minute

// Prove acquires one token for an application with a certificate and returns nil if one was issued.
func (p Prover) Prove(ctx context.Context, appID string, certificate []byte, sign Sign) error {
	opts := traced.Options(traced.Token, p.Options)
	opts.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: p.Authority, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{}}
	assert := func(ctx context.Context) (string, error) {
		return p.assertion(ctx, appID, certificate, sign)
	}
	cred, err := azidentity.NewClientAssertionCredential(p.Tenant, appID, assert, &azidentity.ClientAssertionCredentialOptions{
		ClientOptions: opts, DisableInstanceDiscovery: p.Private,
	})
	doing := "acquiring a token for application " + appID
	if err != nil {
		return redact.Error(doing, err)
	}
	_, err = cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{p.Scope}})
	return redact.Error(doing, err)
}

// assertion makes a signed JWT as Entra asks for: the certificate's SHA-256 thumbprint in the header, PS256
// (learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (p Prover) assertion(ctx context.Context, appID string, certificate []byte, sign Sign) (string, error) {
	thumbprint := sha256.Sum256(certificate)
	id := sha256.Sum256(fmt.Append(thumbprint[:], time.Now().UnixNano()))
	now := time.Now()
	head, err := segment(map[string]string{"alg": "PS256", "typ": "JWT", "x5t#S256": encode(thumbprint[:])})
	if err != nil {
		return "", err
	}
	claims, err := segment(map[string]any{
		"aud": p.Authority + "/" + p.Tenant + "/oauth2/v2.0/token", "iss": appID, "sub": appID, "jti": encode(id[:16]),
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(head + "." + claims))
	signature, err := sign(ctx, digest[:])
	if err != nil {
		return "", err
	}
	return head + "." + claims + "." + encode(signature), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func segment(v any) (string, error) {
	b, err := json.Marshal(v)
	return encode(b), err
}
