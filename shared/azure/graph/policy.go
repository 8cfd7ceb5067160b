package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// AppPolicy is an app management policy: what credentials may be added. Restrictions is of a policy that was assigned to
// an object; the other two are of the tenant's default.
type AppPolicy struct {
	ID                string       `json:"id"`
	DisplayName       string       `json:"displayName"`
	IsEnabled         bool         `json:"isEnabled"`
	Restrictions      Restrictions `json:"restrictions"`
	Applications      Restrictions `json:"applicationRestrictions"`
	ServicePrincipals Restrictions `json:"servicePrincipalRestrictions"`
}

// Restrictions are a policy's, by kind of credential.
type Restrictions struct {
	Passwords []Restriction `json:"passwordCredentials"`
	Keys      []Restriction `json:"keyCredentials"`
}

// Restriction is one rule of a policy.
type Restriction struct {
	Type         string    `json:"restrictionType"` // asymmetricKeyLifetime, passwordAddition, passwordLifetime, ...
	MaxLifetime  string    `json:"maxLifetime"`     // ISO 8601, like P90D
	CreatedAfter time.Time `json:"restrictForAppsCreatedAfterDateTime"`
}

// DefaultAppPolicy returns the tenant's default app management policy, which always exists.
func (c *Client) DefaultAppPolicy(ctx context.Context) (AppPolicy, error) {
	var out AppPolicy
	err := c.call(ctx, request{method: http.MethodGet, doing: "reading the default app management policy", path: "/policies/defaultAppManagementPolicy", into: &out})
	return out, err
}

// AppPolicies returns the app management policies that were assigned to an object: one at most. It takes the place of
// the tenant's default.
func (c *Client) AppPolicies(ctx context.Context, collection, id string) ([]AppPolicy, error) {
	return all[AppPolicy](ctx, c, request{doing: "reading app management policies of " + id, path: path(collection, id) + "/appManagementPolicies"})
}

// KeyLifetime returns how long a certificate may live that is added to an object, by the policy that was assigned to it
// or the tenant's default. 0 is no limit.
func (c *Client) KeyLifetime(ctx context.Context, collection string, o Object) (time.Duration, error) {
	assigned, err := c.AppPolicies(ctx, collection, o.ID)
	if err != nil {
		return 0, err
	}
	if len(assigned) > 0 {
		return assigned[0].keyLifetime(assigned[0].Restrictions, o.CreatedDateTime), nil
	}
	p, err := c.DefaultAppPolicy(ctx)
	if collection == Applications {
		return p.keyLifetime(p.Applications, o.CreatedDateTime), err
	}
	return p.keyLifetime(p.ServicePrincipals, o.CreatedDateTime), err
}

func (p AppPolicy) keyLifetime(r Restrictions, created time.Time) time.Duration {
	var out time.Duration
	for _, k := range r.Keys {
		applies := p.IsEnabled && k.Type == "asymmetricKeyLifetime" && (created.IsZero() || !created.Before(k.CreatedAfter))
		if d, ok := ParseDuration(k.MaxLifetime); applies && ok && (out == 0 || d < out) {
			out = d
		}
	}
	return out
}

var iso8601 = regexp.MustCompile(`^P(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?$`)

// ParseDuration reads a duration like P4DT12H30M5S, as app management policies have it: days at most.
func ParseDuration(text string) (time.Duration, bool) {
	m := iso8601.FindStringSubmatch(text)
	if m == nil || text[len(text)-1] == 'P' || text[len(text)-1] == 'T' {
		return 0, false
	}
	var out time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, err := strconv.Atoi(m[i+1])
		if err == nil {
			out += time.Duration(n) * unit
		}
	}
	return out, true
}

// AccessPolicy is a Conditional Access policy. Conditions and controls are kept as they were read.
type AccessPolicy struct {
	ID            string          `json:"id,omitempty"`
	DisplayName   string          `json:"displayName,omitempty"`
	State         string          `json:"state,omitempty"` // enabled, disabled, enabledForReportingButNotEnforced
	Created       *time.Time      `json:"createdDateTime,omitempty"`
	Modified      *time.Time      `json:"modifiedDateTime,omitempty"`
	Conditions    json.RawMessage `json:"conditions,omitempty"`
	GrantControls json.RawMessage `json:"grantControls,omitempty"`
}

const accessPolicies = "/identity/conditionalAccess/policies"

// AccessPolicies lists the Conditional Access policies.
func (c *Client) AccessPolicies(ctx context.Context) ([]AccessPolicy, error) {
	return all[AccessPolicy](ctx, c, request{doing: "listing Conditional Access policies", path: accessPolicies})
}

// AccessPolicy returns a Conditional Access policy, or an error of kind fault.NotFound.
func (c *Client) AccessPolicy(ctx context.Context, id string) (AccessPolicy, error) {
	var out AccessPolicy
	err := c.call(ctx, request{method: http.MethodGet, doing: "reading Conditional Access policy " + id, path: accessPolicies + "/" + url.PathEscape(id), into: &out})
	return out, err
}

// AddAccessPolicy makes a Conditional Access policy and returns it as it was stored. It is not repeated when the answer
// is lost: the caller lists the policies and looks for its name. Without Workload ID Premium the error is ErrUnlicensed.
func (c *Client) AddAccessPolicy(ctx context.Context, p AccessPolicy) (AccessPolicy, error) {
	p.ID, p.Created, p.Modified = "", nil, nil
	var out AccessPolicy
	err := c.call(ctx, request{method: http.MethodPost, doing: "adding a Conditional Access policy", path: accessPolicies, body: p, into: &out})
	return out, err
}

// UpdateAccessPolicy replaces name, state, conditions and controls of a Conditional Access policy; what is empty stays as
// it is.
func (c *Client) UpdateAccessPolicy(ctx context.Context, p AccessPolicy) error {
	id := p.ID
	p.ID, p.Created, p.Modified = "", nil, nil
	return c.call(ctx, request{method: http.MethodPatch, doing: "changing Conditional Access policy " + id, path: accessPolicies + "/" + url.PathEscape(id), body: p})
}

// RemoveAccessPolicy removes a Conditional Access policy. One that is gone already is success.
func (c *Client) RemoveAccessPolicy(ctx context.Context, id string) error {
	return c.removal(ctx, "removing Conditional Access policy "+id, accessPolicies+"/"+url.PathEscape(id))
}
