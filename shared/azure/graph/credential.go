package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"rekey/shared/fault"
)

// ReplaceKeys makes keys the whole list of an object's key credentials. Adding and removing are one change.
func (c *Client) ReplaceKeys(ctx context.Context, collection, id string, keys []json.RawMessage) error {
	if keys == nil {
		keys = []json.RawMessage{} // null would be refused; an empty list removes all
	}
	return c.patch(ctx, "replacing key credentials of "+id, collection, id, map[string]any{"keyCredentials": keys})
}

// Secret is a new client secret. Its text is shown this once: it goes to a vault and nowhere else.
type Secret struct {
	KeyID       string    `json:"keyId"`
	Text        string    `json:"secretText"`
	EndDateTime time.Time `json:"endDateTime"`
}

// String hides the text, so that a secret that is printed by mistake is none.
func (s Secret) String() string { return "client secret " + s.KeyID }

// GoString hides the text, too.
func (s Secret) GoString() string { return s.String() }

// AddPassword makes a client secret that ends at a time. It is not repeated when the answer is lost, for then nobody
// has its text: the caller looks for a secret of this name and removes it before it tries again.
func (c *Client) AddPassword(ctx context.Context, collection, id, name string, end time.Time) (Secret, error) {
	var out Secret
	body := map[string]any{"passwordCredential": map[string]any{"displayName": name, "endDateTime": end.UTC().Format(time.RFC3339)}}
	err := c.call(ctx, request{method: http.MethodPost, doing: "adding a client secret to " + id, path: path(collection, id) + "/addPassword", body: body, into: &out})
	return out, err
}

// RemovePassword removes a client secret. One that is gone already is success.
//
// Graph answers 400 for a key id that is not there, and a replica that lags may still show it: then the error is of
// kind fault.Transient, and reading again later tells.
func (c *Client) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	doing := "removing client secret " + keyID + " of " + id
	err := c.call(ctx, request{
		method: http.MethodPost, doing: doing, path: path(collection, id) + "/removePassword", body: map[string]string{"keyId": keyID}, repeatable: true,
	})
	if !errors.Is(err, errBadRequest) || errors.Is(err, ErrLocked) {
		return err
	}
	left, readErr := c.passwords(ctx, collection, id)
	if readErr == nil && !left[keyID] {
		return nil
	}
	return fault.Errorf(fault.Transient, "%s: Graph does not know it, and a replica still shows it", doing)
}

func (c *Client) passwords(ctx context.Context, collection, id string) (map[string]bool, error) {
	var o Object
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading client secrets of " + id, path: path(collection, id), query: url.Values{"$select": {"id,passwordCredentials"}}, into: &o,
	})
	out := map[string]bool{}
	for _, p := range o.PasswordCredentials {
		out[p.KeyID] = true
	}
	return out, err
}

// FederatedCredential is a federated identity credential: another issuer's tokens open the door.
type FederatedCredential struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"`
	Description string   `json:"description,omitempty"`
	Audiences   []string `json:"audiences"`
	// Claims is the expression of a flexible credential, which takes the place of the subject.
	Claims *ClaimsExpression `json:"claimsMatchingExpression,omitempty"`
}

// ClaimsExpression says which claims of a token are taken.
type ClaimsExpression struct {
	Value   string `json:"value"`
	Version int    `json:"languageVersion"`
}

func federated(applicationID string) string {
	return path(Applications, applicationID) + "/federatedIdentityCredentials"
}

// FederatedCredentials lists an application's federated credentials.
func (c *Client) FederatedCredentials(ctx context.Context, applicationID string) ([]FederatedCredential, error) {
	return all[FederatedCredential](ctx, c, request{doing: "listing federated credentials of " + applicationID, path: federated(applicationID)})
}

// AddFederated adds a federated credential. One of the same name, issuer and subject that is there already is success;
// it has another id than the one that was removed.
func (c *Client) AddFederated(ctx context.Context, applicationID string, f FederatedCredential) error {
	f.ID = ""
	doing := "adding federated credential " + f.Name
	err := c.call(ctx, request{method: http.MethodPost, doing: doing, path: federated(applicationID), body: f})
	return already(err, func() (bool, error) {
		list, err := c.FederatedCredentials(ctx, applicationID)
		return has(list, func(o FederatedCredential) bool {
			return o.Name == f.Name && o.Issuer == f.Issuer && o.Subject == f.Subject
		}), err
	})
}

// RemoveFederated removes a federated credential. One that is gone already is success.
func (c *Client) RemoveFederated(ctx context.Context, applicationID, id string) error {
	return c.removal(ctx, "removing federated credential "+id, federated(applicationID)+"/"+url.PathEscape(id))
}
