package evict

import (
	"context"
	"encoding/json"

	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
)

// Directory is what is changed in Microsoft Graph.
type Directory interface {
	Credentials
	Risk
	Relations
}

// Credentials open the door.
type Credentials interface {
	Application(ctx context.Context, appID string) (graph.Object, error)
	Credentials(ctx context.Context, collection, id string) (graph.Object, error)
	FederatedCredentials(ctx context.Context, applicationID string) ([]graph.FederatedCredential, error)
	ReplaceKeys(ctx context.Context, collection, id string, keys []json.RawMessage) error
	RemovePassword(ctx context.Context, collection, id, keyID string) error
	RemoveFederated(ctx context.Context, applicationID, id string) error
	SetEnabled(ctx context.Context, id string, enabled bool) error
}

// Risk is Identity Protection.
type Risk interface {
	ConfirmCompromised(ctx context.Context, ids ...string) error
	Dismiss(ctx context.Context, ids ...string) error
}

// Relations are what an object has beside credentials.
type Relations interface {
	RemoveOwner(ctx context.Context, collection, id, ownerID string) error
	SetRedirectURIs(ctx context.Context, applicationID, platform string, uris []string) error
	RemoveGrant(ctx context.Context, id string) error
	RemoveAppRole(ctx context.Context, resourceID, id string) error
	RemoveRole(ctx context.Context, id string) error
	RemoveMember(ctx context.Context, groupID, id string) error
}

// Azure is what is changed in Azure Resource Manager.
type Azure interface {
	AssignmentsAt(ctx context.Context, scope string) ([]arm.Assignment, error)
	RemoveAssignment(ctx context.Context, id string) error
	Vault(ctx context.Context, id string) (arm.Vault, error)
	RemovePolicies(ctx context.Context, vaultID, objectID string) ([]arm.Policy, error)
	Federated(ctx context.Context, identity string) ([]arm.Federated, error)
	RemoveFederated(ctx context.Context, identity, name string) error
	Detach(ctx context.Context, resource, identity string) error
	SwitchOff(ctx context.Context, resource string) error
}

// Vault makes the new certificate.
type Vault interface {
	Make(ctx context.Context, name, subject string, w vault.Wish) (vault.Certificate, error)
}
