package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"rekey/shared/fault"
)

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

	SignInAudience        string             `json:"signInAudience"`
	ApplicationTemplateID string             `json:"applicationTemplateId"`
	DisabledByMicrosoft   string             `json:"disabledByMicrosoftStatus"`
	VerifiedPublisher     *VerifiedPublisher `json:"verifiedPublisher"`
	Tags                  []string           `json:"tags"`

	// Of applications.
	CreatedDateTime time.Time          `json:"createdDateTime"`
	PublisherDomain string             `json:"publisherDomain"`
	IdentifierURIs  []string           `json:"identifierUris"`
	Web             Platform           `json:"web"`
	SPA             Platform           `json:"spa"`
	PublicClient    Platform           `json:"publicClient"`
	Lock            *LockConfiguration `json:"servicePrincipalLockConfiguration"`

	// Of service principals.
	ODataType             string   `json:"@odata.type"` // of an agent identity
	AgentBlueprintID      string   `json:"agentIdentityBlueprintId"`
	ReplyURLs             []string `json:"replyUrls"`
	LogoutURL             string   `json:"logoutUrl"`
	Homepage              string   `json:"homepage"`
	ServicePrincipalNames []string `json:"servicePrincipalNames"`
	AlternativeNames      []string `json:"alternativeNames"` // of a managed identity: the id of its resource
}

// VerifiedPublisher says whom Microsoft verified; all is empty when nobody was.
type VerifiedPublisher struct {
	DisplayName         string    `json:"displayName"`
	VerifiedPublisherID string    `json:"verifiedPublisherId"`
	AddedDateTime       time.Time `json:"addedDateTime"`
}

// Platform holds the addresses of one platform of an application.
type Platform struct {
	RedirectURIs []string `json:"redirectUris"`
	LogoutURL    string   `json:"logoutUrl,omitempty"`
	HomePageURL  string   `json:"homePageUrl,omitempty"`
}

// LockConfiguration is servicePrincipalLockConfiguration: what an application forbids to change on its service principals.
type LockConfiguration struct {
	IsEnabled                  bool `json:"isEnabled"`
	AllProperties              bool `json:"allProperties"`
	CredentialsWithUsageVerify bool `json:"credentialsWithUsageVerify"`
	CredentialsWithUsageSign   bool `json:"credentialsWithUsageSign"`
	TokenEncryptionKeyID       bool `json:"tokenEncryptionKeyId"`
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
	Hint                string    `json:"hint"` // the first characters of the secret
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

const (
	selectBoth = "id,appId,displayName,signInAudience,applicationTemplateId,disabledByMicrosoftStatus,verifiedPublisher,tags," +
		"tokenEncryptionKeyId,keyCredentials,passwordCredentials"
	selectApplication = selectBoth + ",createdDateTime,publisherDomain,identifierUris,web,spa,publicClient,servicePrincipalLockConfiguration"
	selectPrincipal   = selectBoth + ",servicePrincipalType,appOwnerOrganizationId,accountEnabled,preferredSingleSignOnMode,preferredTokenSigningKeyThumbprint," +
		"replyUrls,logoutUrl,homepage,servicePrincipalNames,alternativeNames"
)

// maxPage is the largest page of directory objects.
const maxPage = "999"

// Application returns the application with an appId, or an error of kind fault.NotFound: it is not of this tenant.
func (c *Client) Application(ctx context.Context, appID string) (Object, error) {
	var o Object
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading application " + appID, path: "/applications(appId='" + url.PathEscape(quote(appID)) + "')",
		query: url.Values{"$select": {selectApplication}}, into: &o,
	})
	return o, err
}

// ServicePrincipals returns all service principals of an appId.
func (c *Client) ServicePrincipals(ctx context.Context, appID string) ([]Object, error) {
	query := url.Values{"$filter": {"appId eq '" + quote(appID) + "'"}, "$select": {selectPrincipal}}
	return all[Object](ctx, c, request{doing: "listing service principals of " + appID, path: "/servicePrincipals", query: query})
}

// ServicePrincipal returns one service principal, or an error of kind fault.NotFound.
func (c *Client) ServicePrincipal(ctx context.Context, id string) (Object, error) {
	var o Object
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading service principal " + id, path: path(ServicePrincipals, id),
		query: url.Values{"$select": {selectPrincipal}}, into: &o,
	})
	return o, err
}

// Agents lists the agent identities of a blueprint, by the blueprint's appId. An agent identity has no credentials of its
// own: the blueprint's open its door.
func (c *Client) Agents(ctx context.Context, blueprintAppID string) ([]Object, error) {
	list, err := all[Object](ctx, c, request{doing: "listing agent identities", path: "/servicePrincipals/microsoft.graph.agentIdentity"})
	return slices.DeleteFunc(list, func(o Object) bool { return o.AgentBlueprintID != blueprintAppID }), err
}

// AppRole is an application permission that a resource offers.
type AppRole struct {
	ID          string `json:"id"`
	Value       string `json:"value"` // its name, like Mail.Read
	DisplayName string `json:"displayName"`
	IsEnabled   bool   `json:"isEnabled"`
}

// AppRoles returns the application permissions that a service principal offers as a resource.
func (c *Client) AppRoles(ctx context.Context, id string) ([]AppRole, error) {
	var o struct {
		AppRoles []AppRole `json:"appRoles"`
	}
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading the app roles of " + id, path: path(ServicePrincipals, id), query: url.Values{"$select": {"id,appRoles"}}, into: &o,
	})
	return o.AppRoles, err
}

// Certificates returns the public keys of an object's certificates by key id. Graph shows them only to a request for
// nothing else, which is limited to 150 a minute and tenant.
func (c *Client) Certificates(ctx context.Context, collection, id string) (map[string]string, error) {
	var o Object
	if err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading certificates of " + id, path: path(collection, id), query: url.Values{"$select": {"keyCredentials"}}, into: &o,
	}); err != nil {
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

// Credentials returns an object with its certificates, as ReplaceKeys takes them back, and its client secrets.
func (c *Client) Credentials(ctx context.Context, collection, id string) (Object, error) {
	var o Object
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading credentials of " + id, path: path(collection, id),
		query: url.Values{"$select": {"id,appId,displayName,keyCredentials,passwordCredentials"}}, into: &o,
	})
	return o, err
}

// patch changes properties of an object.
func (c *Client) patch(ctx context.Context, doing, collection, id string, properties map[string]any) error {
	return c.call(ctx, request{method: http.MethodPatch, doing: doing, path: path(collection, id), body: properties})
}

// SetEnabled enables or disables a service principal. Disabled, it gets no tokens; those it has live on.
func (c *Client) SetEnabled(ctx context.Context, id string, enabled bool) error {
	return c.patch(ctx, fmt.Sprintf("setting accountEnabled of %s to %t", id, enabled), ServicePrincipals, id, map[string]any{"accountEnabled": enabled})
}

// Platforms of an application, each with redirect addresses of its own.
const (
	PlatformWeb    = "web"
	PlatformSPA    = "spa"
	PlatformPublic = "publicClient"
)

// SetRedirectURIs makes uris all redirect addresses of a platform of an application.
func (c *Client) SetRedirectURIs(ctx context.Context, applicationID, platform string, uris []string) error {
	if uris == nil {
		uris = []string{}
	}
	body := map[string]any{platform: map[string]any{"redirectUris": uris}}
	return c.patch(ctx, "setting "+platform+" redirect URIs of "+applicationID, Applications, applicationID, body)
}

// SetLock changes what an application forbids to change on its service principals.
func (c *Client) SetLock(ctx context.Context, applicationID string, lock LockConfiguration) error {
	return c.patch(ctx, "setting the property lock of "+applicationID, Applications, applicationID, map[string]any{"servicePrincipalLockConfiguration": lock})
}

// Delete moves an application or a service principal to the deleted items, where it stays for 30 days. One that is gone
// already is success. An application takes its service principal along.
func (c *Client) Delete(ctx context.Context, collection, id string) error {
	return c.removal(ctx, "deleting "+id, path(collection, id))
}

// Deleted lists the deleted applications or service principals.
func (c *Client) Deleted(ctx context.Context, collection string) ([]Object, error) {
	kind := map[string]string{Applications: "microsoft.graph.application", ServicePrincipals: "microsoft.graph.servicePrincipal"}[collection]
	return all[Object](ctx, c, request{doing: "listing deleted " + collection, path: "/directory/deletedItems/" + kind})
}

// Restore brings a deleted object back. The caller needs a directory role besides its permission: Application
// Administrator is the least privileged. One that was restored already is success.
func (c *Client) Restore(ctx context.Context, collection, id string) error {
	err := c.call(ctx, request{method: http.MethodPost, doing: "restoring " + id, path: "/directory/deletedItems/" + url.PathEscape(id) + "/restore"})
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	there := c.call(ctx, request{method: http.MethodGet, doing: "restoring " + id, path: path(collection, id), query: url.Values{"$select": {"id"}}})
	if there == nil {
		return nil
	}
	return err
}
