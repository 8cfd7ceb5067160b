package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"rekey/shared/fault"
)

// ManagedIdentity is a user-assigned identity.
type ManagedIdentity struct {
	ID          string
	Name        string
	PrincipalID string // object id of its service principal
	ClientID    string
	TenantID    string
	Location    string
}

// Identity reads a user-assigned identity.
func (c *Client) Identity(ctx context.Context, id string) (ManagedIdentity, error) {
	doing := "reading managed identity " + id
	if _, err := parse(doing, id, TypeIdentity); err != nil {
		return ManagedIdentity{}, err
	}
	var got struct {
		ID, Name, Location string
		Properties         struct{ PrincipalID, ClientID, TenantID string }
	}
	err := c.call(ctx, request{method: http.MethodGet, doing: doing, path: id, version: apiVersion(TypeIdentity)}, &got)
	return ManagedIdentity{got.ID, got.Name, got.Properties.PrincipalID, got.Properties.ClientID, got.Properties.TenantID, got.Location}, err
}

// Federated is a federated credential of a managed identity.
type Federated struct {
	ID        string
	Name      string
	Issuer    string
	Subject   string
	Audiences []string
}

// Federated lists a managed identity's federated credentials.
func (c *Client) Federated(ctx context.Context, identity string) ([]Federated, error) {
	doing := "listing federated credentials of " + identity
	if _, err := parse(doing, identity, TypeIdentity); err != nil {
		return nil, err
	}
	type item struct {
		ID, Name   string
		Properties struct {
			Issuer, Subject string
			Audiences       []string
		}
	}
	found, err := pages[item](ctx, c, request{method: http.MethodGet, doing: doing, path: identity + "/federatedIdentityCredentials", version: apiVersion(TypeIdentity)})
	var out []Federated
	for _, f := range found {
		out = append(out, Federated{f.ID, f.Name, f.Properties.Issuer, f.Properties.Subject, f.Properties.Audiences})
	}
	return out, err
}

// RemoveFederated removes a federated credential from a managed identity. One that is gone is success.
func (c *Client) RemoveFederated(ctx context.Context, identity, name string) error {
	doing := "removing federated credential " + name + " of " + identity
	if _, err := parse(doing, identity, TypeIdentity); err != nil {
		return err
	}
	if !safe("/"+name) || strings.Contains(name, "/") {
		return fault.Errorf(fault.Denied, "%s: the name is none of Azure's", doing)
	}
	return gone(c.call(ctx, request{method: http.MethodDelete, doing: doing, path: identity + "/federatedIdentityCredentials/" + name, version: apiVersion(TypeIdentity)}, nil))
}

// detachable are the types whose update takes an identity and leaves everything else alone.
var detachable = []string{"microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets", "microsoft.web/sites", "microsoft.web/sites/slots", "microsoft.app/containerapps"}

// Detach takes a user-assigned identity off a resource. One that is not on it is success. Tokens that the resource has
// are used up to 24 hours more: its code keeps them. Where Azure takes no such update, the error says what to do by hand.
func (c *Client) Detach(ctx context.Context, resource, identity string) error {
	doing := "detaching identity " + identity + " from " + resource
	r, err := read(doing, resource)
	if err != nil {
		return err
	}
	if _, err := parse(doing, identity, TypeIdentity); err != nil {
		return err
	}
	kind := r.ResourceType.String()
	if !slices.Contains(detachable, strings.ToLower(kind)) {
		return fault.Errorf(fault.Denied, "%s: Azure changes the identity of a %s only with the whole resource: remove it on the resource's page Identity, or redeploy the resource without it", doing, kind)
	}
	var have struct{ Identity Identities }
	at := request{method: http.MethodGet, doing: doing, path: resource, version: apiVersion(kind)}
	if err := c.call(ctx, at, &have); err != nil {
		return err
	}
	if !have.Identity.has(identity) {
		return nil
	}
	at.method, at.body = http.MethodPatch, map[string]any{"identity": have.Identity.without(identity)}
	return c.call(ctx, at, nil)
}

// SwitchOff takes the system-assigned identity from a resource, which deletes it. None there is success. Types are those of
// Detach.
func (c *Client) SwitchOff(ctx context.Context, resource string) error {
	doing := "switching off the identity of " + resource
	r, err := read(doing, resource)
	if err != nil {
		return err
	}
	kind := r.ResourceType.String()
	if !slices.Contains(detachable, strings.ToLower(kind)) {
		return fault.Errorf(fault.Denied, "%s: Azure changes the identity of a %s only with the whole resource: switch it off on the resource's page Identity", doing, kind)
	}
	var have struct{ Identity Identities }
	at := request{method: http.MethodGet, doing: doing, path: resource, version: apiVersion(kind)}
	if err := c.call(ctx, at, &have); err != nil {
		return gone(err)
	}
	if !strings.Contains(strings.ToLower(have.Identity.Type), "systemassigned") {
		return nil
	}
	left := map[string]any{"type": "None"}
	if len(have.Identity.UserAssigned) > 0 {
		left["type"] = "UserAssigned"
	}
	at.method, at.body = http.MethodPatch, map[string]any{"identity": left}
	return c.call(ctx, at, nil)
}

// without is the update that removes one identity: named with null, and with the type of what is left.
func (i Identities) without(identity string) map[string]any {
	if len(i.UserAssigned) > 1 {
		for id := range i.UserAssigned {
			if strings.EqualFold(id, identity) {
				identity = id // Azure's spelling
			}
		}
		return map[string]any{"type": i.Type, "userAssignedIdentities": map[string]any{identity: nil}}
	}
	if strings.Contains(strings.ToLower(i.Type), "systemassigned") {
		return map[string]any{"type": "SystemAssigned"} // no identities may be named with a type that has none
	}
	return map[string]any{"type": "None"}
}
