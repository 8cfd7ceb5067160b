// Package graph makes the dozen calls to Microsoft Graph that Rekey needs, over a plain azcore pipeline.
//
// It knows Graph and not the domain: it returns Graph's objects. Key credentials are kept as the raw JSON that was
// read, because they are echoed when a list is replaced, and Graph refuses the whole list when one field is missing.
// POSTs are not retried by the pipeline on server errors: callers repeat a step after reading what is there.
package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Client calls Graph v1.0.
type Client struct {
	base     string
	pipeline runtime.Pipeline
}

// scope is asked for whatever the host: national clouds have scopes of their own, derived from the base URL.
func scope(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" {
		return "https://graph.microsoft.com/.default"
	}
	return "https://" + u.Host + "/.default"
}

// Options are how Graph is reached: transport, retries.
type Options = azcore.ClientOptions

// New makes a client for a base URL like https://graph.microsoft.com.
func New(base string, cred azcore.TokenCredential, opts Options) *Client {
	auth := runtime.NewBearerTokenPolicy(cred, []string{scope(base)}, nil)
	p := runtime.NewPipeline("rekey", "1", runtime.PipelineOptions{PerRetry: []policy.Policy{auth}}, &opts)
	return &Client{base: strings.TrimRight(base, "/") + "/v1.0", pipeline: p}
}

// Object is an application or a service principal, as much of it as is asked for.
type Object struct {
	ID                       string               `json:"id"`
	AppID                    string               `json:"appId"`
	DisplayName              string               `json:"displayName"`
	ServicePrincipalType     string               `json:"servicePrincipalType"`
	AppOwnerOrganizationID   string               `json:"appOwnerOrganizationId"`
	AccountEnabled           bool                 `json:"accountEnabled"`
	TokenEncryptionKeyID     string               `json:"tokenEncryptionKeyId"`
	PreferredSSOMode         string               `json:"preferredSingleSignOnMode"`
	PreferredTokenSigningKey string               `json:"preferredTokenSigningKeyThumbprint"`
	KeyCredentials           []json.RawMessage    `json:"keyCredentials"`
	PasswordCredentials      []PasswordCredential `json:"passwordCredentials"`
}

// KeyCredential is what is read of a key credential; the raw item is what is echoed.
type KeyCredential struct {
	KeyID               string    `json:"keyId"`
	Type                string    `json:"type"`
	Usage               string    `json:"usage"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier string    `json:"customKeyIdentifier"`
	Key                 string    `json:"key"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// PasswordCredential is a client secret, of which Graph shows everything but the secret.
type PasswordCredential struct {
	KeyID               string    `json:"keyId"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier string    `json:"customKeyIdentifier"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// FederatedCredential is a federated identity credential.
type FederatedCredential struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

const (
	selectApplication = "id,appId,displayName,tokenEncryptionKeyId,keyCredentials,passwordCredentials"
	selectPrincipal   = "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled,tokenEncryptionKeyId,preferredSingleSignOnMode,preferredTokenSigningKeyThumbprint,keyCredentials,passwordCredentials"
)

// Application returns the application with an appId, or an error of kind fault.NotFound: it is not of this tenant.
func (c *Client) Application(ctx context.Context, appID string) (Object, error) {
	var o Object
	err := c.call(ctx, http.MethodGet, "reading application "+appID, "/applications(appId='"+url.PathEscape(quote(appID))+"')", url.Values{"$select": {selectApplication}}, nil, &o)
	return o, err
}

// ServicePrincipals returns all service principals of an appId.
func (c *Client) ServicePrincipals(ctx context.Context, appID string) ([]Object, error) {
	query := url.Values{"$filter": {"appId eq '" + quote(appID) + "'"}, "$select": {selectPrincipal}}
	var out []Object
	for path := "/servicePrincipals"; path != ""; query = nil {
		var page struct {
			Value []Object `json:"value"`
			Next  string   `json:"@odata.nextLink"`
		}
		if err := c.call(ctx, http.MethodGet, "listing service principals of "+appID, path, query, nil, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Value...)
		if path = ""; page.Next != "" {
			next, ok := strings.CutPrefix(page.Next, c.base)
			if !ok {
				return nil, fault.Errorf(fault.Denied, "listing service principals of %s: the next page is on another host", appID)
			}
			path = next
		}
	}
	return out, nil
}

// ServicePrincipal returns one service principal, or an error of kind fault.NotFound.
func (c *Client) ServicePrincipal(ctx context.Context, id string) (Object, error) {
	var o Object
	err := c.call(ctx, http.MethodGet, "reading service principal "+id, "/servicePrincipals/"+url.PathEscape(id), url.Values{"$select": {selectPrincipal}}, nil, &o)
	return o, err
}

// quote doubles quotes in an OData literal.
func quote(s string) string { return strings.ReplaceAll(s, "'", "''") }

// Certificates returns the public keys of an object's certificates by key id. Graph shows them only to a request for
// nothing else, which is limited to 150 a minute and tenant.
func (c *Client) Certificates(ctx context.Context, collection, id string) (map[string]string, error) {
	var o Object
	if err := c.call(ctx, http.MethodGet, "reading certificates of "+id, path(collection, id), url.Values{"$select": {"keyCredentials"}}, nil, &o); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, raw := range o.KeyCredentials {
		var k KeyCredential
		if err := json.Unmarshal(raw, &k); err != nil {
			return nil, fault.Errorf(fault.Transient, "reading certificates of %s: %v", id, err)
		}
		out[k.KeyID] = k.Key
	}
	return out, nil
}

// Collections of Graph.
const (
	Applications      = "applications"
	ServicePrincipals = "servicePrincipals"
)

func path(collection, id string) string { return "/" + collection + "/" + url.PathEscape(id) }

// ReplaceKeys makes keys the whole list of an object's key credentials.
func (c *Client) ReplaceKeys(ctx context.Context, collection, id string, keys []json.RawMessage) error {
	if keys == nil {
		keys = []json.RawMessage{} // null would be refused; an empty list removes all
	}
	return c.call(ctx, http.MethodPatch, "replacing key credentials of "+id, path(collection, id), nil, map[string]any{"keyCredentials": keys}, nil)
}

// RemovePassword removes a client secret. One that is gone already is success.
//
// Graph answers 400 for a key id that is not there, and a replica that lags may still show it: then the error is of
// kind fault.Transient, and reading again later tells.
func (c *Client) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	doing := "removing client secret " + keyID + " of " + id
	err := c.call(ctx, http.MethodPost, doing, path(collection, id)+"/removePassword", nil, map[string]string{"keyId": keyID}, nil)
	if !errors.Is(err, errBadRequest) {
		return err
	}
	left, readErr := c.passwords(ctx, collection, id)
	if readErr == nil && !left[keyID] {
		return nil
	}
	return fault.Errorf(fault.Transient, "%s: Graph does not know it, and a replica still shows it", doing)
}

// errBadRequest marks an answer 400.
var errBadRequest = errors.New("bad request")

func (c *Client) passwords(ctx context.Context, collection, id string) (map[string]bool, error) {
	var o Object
	err := c.call(ctx, http.MethodGet, "reading client secrets of "+id, path(collection, id), url.Values{"$select": {"id,passwordCredentials"}}, nil, &o)
	out := map[string]bool{}
	for _, p := range o.PasswordCredentials {
		out[p.KeyID] = true
	}
	return out, err
}

// FederatedCredentials lists an application's federated credentials.
func (c *Client) FederatedCredentials(ctx context.Context, applicationID string) ([]FederatedCredential, error) {
	var page struct {
		Value []FederatedCredential `json:"value"`
	}
	err := c.call(ctx, http.MethodGet, "listing federated credentials of "+applicationID, path(Applications, applicationID)+"/federatedIdentityCredentials", nil, nil, &page)
	return page.Value, err
}

// RemoveFederated removes a federated credential. One that is gone already is success.
func (c *Client) RemoveFederated(ctx context.Context, applicationID, id string) error {
	err := c.call(ctx, http.MethodDelete, "removing federated credential "+id, path(Applications, applicationID)+"/federatedIdentityCredentials/"+url.PathEscape(id), nil, nil, nil)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// SetEnabled enables or disables a service principal.
func (c *Client) SetEnabled(ctx context.Context, id string, enabled bool) error {
	return c.call(ctx, http.MethodPatch, fmt.Sprintf("setting accountEnabled of %s to %t", id, enabled), path(ServicePrincipals, id), nil, map[string]bool{"accountEnabled": enabled}, nil)
}

// call makes one request and decodes its answer.
func (c *Client) call(ctx context.Context, method, doing, path string, query url.Values, body, into any) error {
	if method == http.MethodPost {
		ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{StatusCodes: []int{http.StatusTooManyRequests}})
	}
	target := c.base + path
	if len(query) > 0 {
		target += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	req, err := runtime.NewRequest(ctx, method, target)
	if err != nil {
		return redact.Error(doing, err)
	}
	if body != nil {
		if err := runtime.MarshalAsJSON(req, body); err != nil {
			return redact.Error(doing, err)
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return redact.Error(doing, err)
	}
	defer resp.Body.Close()
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusNoContent) {
		err := redact.Error(doing, runtime.NewResponseError(resp))
		if resp.StatusCode == http.StatusBadRequest {
			return fault.As(errBadRequest, err)
		}
		return err
	}
	data, err := runtime.Payload(resp)
	if err != nil || into == nil {
		return redact.Error(doing, err)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(into); err != nil {
		return fault.Errorf(fault.Transient, "%s: the answer is not what Graph documents", doing)
	}
	return nil
}
