package evict

import (
	"context"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
)

// VaultSecrets is a SecretStore of a real vault. A secret's text is hidden on the whole way.
type VaultSecrets struct{ *vault.Secrets }

// Set stores a client secret, which expires with it.
func (s VaultSecrets) Set(ctx context.Context, name string, secret graph.Secret, tags map[string]string, now time.Time) error {
	like := vault.Secret{ContentType: "client secret", Created: now, Expires: secret.EndDateTime}
	_, err := s.Secrets.Set(ctx, name, redact.Hide(secret.Text), like, tags, now)
	return err
}
