package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// GraphAppID is Microsoft Graph's own application id, the same in every tenant.
const GraphAppID = "00000003-0000-0000-c000-000000000000"

// Registration is an application that offers permissions to others. What it offers is kept as it was read, because lists
// are replaced as a whole and what is not sent back is removed.
type Registration struct {
	ID                    string                     `json:"id"`
	AppID                 string                     `json:"appId"`
	DisplayName           string                     `json:"displayName"`
	SignInAudience        string                     `json:"signInAudience"`
	GroupMembershipClaims string                     `json:"groupMembershipClaims"`
	IdentifierURIs        []string                   `json:"identifierUris"`
	AppRoles              []json.RawMessage          `json:"appRoles"`
	API                   map[string]json.RawMessage `json:"api"`
}

const selectRegistration = "id,appId,displayName,signInAudience,groupMembershipClaims,identifierUris,appRoles,api"

// byUniqueName is the path of an application by its alternate key, which nobody can change once it is made.
func byUniqueName(uniqueName string) string {
	return "/applications(uniqueName='" + url.PathEscape(quote(uniqueName)) + "')"
}

// Registration returns the application of a unique name, or an error of kind fault.NotFound.
func (c *Client) Registration(ctx context.Context, uniqueName string) (Registration, error) {
	var out Registration
	err := c.call(ctx, request{
		method: http.MethodGet, doing: "reading application " + uniqueName, path: byUniqueName(uniqueName), query: url.Values{"$select": {selectRegistration}}, into: &out,
	})
	return out, err
}

// PutRegistration changes properties of the application of a unique name, and makes it if it is not there. It may be
// repeated: there is never a second one.
func (c *Client) PutRegistration(ctx context.Context, uniqueName string, properties map[string]any) error {
	return c.call(ctx, request{
		method: http.MethodPatch, doing: "making or changing application " + uniqueName, path: byUniqueName(uniqueName), header: map[string]string{"Prefer": "create-if-missing"}, body: properties,
	})
}

// tagShown makes a service principal show up in the portal's list of enterprise applications.
const tagShown = "WindowsAzureActiveDirectoryIntegratedApp"

// AddServicePrincipal makes the service principal of an application of this tenant, such that the portal lists it. One that is
// there already is success.
func (c *Client) AddServicePrincipal(ctx context.Context, appID string) error {
	err := c.call(ctx, request{
		method: http.MethodPost, doing: "making the service principal of " + appID, path: "/servicePrincipals", body: map[string]any{"appId": appID, "tags": []string{tagShown}},
	})
	return already(err, func() (bool, error) {
		list, err := c.ServicePrincipals(ctx, appID)
		return len(list) > 0, err
	})
}

// Sku is a subscription to licences.
type Sku struct {
	PartNumber string `json:"skuPartNumber"`
	Status     string `json:"capabilityStatus"` // Enabled, Warning, Suspended, Deleted, LockedOut
	Plans      []struct {
		Name   string `json:"servicePlanName"`
		Status string `json:"provisioningStatus"`
	} `json:"servicePlans"`
}

// Skus lists what the tenant subscribed to.
func (c *Client) Skus(ctx context.Context) ([]Sku, error) {
	return all[Sku](ctx, c, request{doing: "listing licences", path: "/subscribedSkus"})
}

// Has reports whether a service plan can be used.
func Has(skus []Sku, plan string) bool {
	for _, s := range skus {
		if s.Status != "Enabled" && s.Status != "Warning" {
			continue
		}
		for _, p := range s.Plans {
			if strings.EqualFold(p.Name, plan) && p.Status != "Disabled" {
				return true
			}
		}
	}
	return false
}
