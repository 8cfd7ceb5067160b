package graph

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"rekey/shared/fault"
)

// SignIn is a sign-in of a service principal or a managed identity, as the sign-in log keeps it.
type SignIn struct {
	ID                 string    `json:"id"`
	Created            time.Time `json:"createdDateTime"`
	ServicePrincipalID string    `json:"servicePrincipalId"`
	AppID              string    `json:"appId"`
	IPAddress          string    `json:"ipAddress"`
	ResourceID         string    `json:"resourceId"`
	CredentialKeyID    string    `json:"servicePrincipalCredentialKeyId"`
	Status             struct {
		ErrorCode int `json:"errorCode"`
	} `json:"status"`
}

// SignIn reads one sign-in by the id that its record in the stream has, or returns an error of kind fault.NotFound: Graph has
// none, or not yet. Only the beta version of Graph shows workload identities, and only to a filter on signInEventTypes
// (signIn resource type, beta). The tenant needs Microsoft Entra ID P1.
func (c *Client) SignIn(ctx context.Context, id string) (SignIn, error) {
	var list struct {
		Value []SignIn `json:"value"`
	}
	doing := "reading the sign-in " + id
	err := c.call(ctx, request{
		method: http.MethodGet, doing: doing, beta: true, path: "/auditLogs/signIns", into: &list,
		query: url.Values{"$filter": {"id eq '" + quote(id) + "' and signInEventTypes/any(t: t eq 'servicePrincipal' or t eq 'managedIdentity')"}, "$top": {"1"}},
	})
	switch {
	case err != nil:
		return SignIn{}, err
	case len(list.Value) == 0 || list.Value[0].ID != id:
		return SignIn{}, fault.Errorf(fault.NotFound, "%s: Graph has no such sign-in, or not yet", doing)
	}
	return list.Value[0], nil
}
