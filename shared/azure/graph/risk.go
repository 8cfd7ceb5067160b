package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"rekey/shared/fault"
)

// RiskyPrincipal is what Identity Protection thinks of a service principal. ID is the service principal's object id.
type RiskyPrincipal struct {
	ID                   string    `json:"id"`
	AppID                string    `json:"appId"`
	DisplayName          string    `json:"displayName"`
	IsEnabled            bool      `json:"isEnabled"`
	IsProcessing         bool      `json:"isProcessing"` // the state is being computed
	ServicePrincipalType string    `json:"servicePrincipalType"`
	RiskLevel            string    `json:"riskLevel"`
	RiskState            string    `json:"riskState"`
	RiskDetail           string    `json:"riskDetail"`
	Updated              time.Time `json:"riskLastUpdatedDateTime"`
	InitiatedBy          string    `json:"initiatedBy"` // of an entry of the history
}

// RiskDetection is one detection of Identity Protection.
type RiskDetection struct {
	ID                 string    `json:"id"`
	RiskEventType      string    `json:"riskEventType"`
	RiskState          string    `json:"riskState"`
	RiskLevel          string    `json:"riskLevel"`
	RiskDetail         string    `json:"riskDetail"`
	Activity           string    `json:"activity"`
	IPAddress          string    `json:"ipAddress"`
	ServicePrincipalID string    `json:"servicePrincipalId"`
	AppID              string    `json:"appId"`
	KeyIDs             []string  `json:"keyIds"` // the credentials a detection is about
	Detected           time.Time `json:"detectedDateTime"`
}

const (
	riskyPrincipals = "/identityProtection/riskyServicePrincipals"
	riskDetections  = "/identityProtection/servicePrincipalRiskDetections"
)

// maxRiskIDs is how many principals one request may name: documented for dismiss, used for confirmCompromised too.
const maxRiskIDs = 60

// named asks for the members that came to Graph's enumerations later by their name.
var named = map[string]string{"Prefer": "include-unknown-enum-members"}

// RiskyPrincipals lists the service principals that have a risk.
func (c *Client) RiskyPrincipals(ctx context.Context) ([]RiskyPrincipal, error) {
	return all[RiskyPrincipal](ctx, c, request{doing: "listing risky service principals", path: riskyPrincipals, header: named})
}

// RiskyPrincipal returns the risk of a service principal, or an error of kind fault.NotFound: it has none.
func (c *Client) RiskyPrincipal(ctx context.Context, id string) (RiskyPrincipal, error) {
	var out RiskyPrincipal
	err := c.call(ctx, request{method: http.MethodGet, doing: "reading the risk of " + id, path: riskyPrincipals + "/" + url.PathEscape(id), header: named, into: &out})
	return out, err
}

// RiskHistory lists how the risk of a service principal changed.
func (c *Client) RiskHistory(ctx context.Context, id string) ([]RiskyPrincipal, error) {
	return all[RiskyPrincipal](ctx, c, request{doing: "reading the risk history of " + id, path: riskyPrincipals + "/" + url.PathEscape(id) + "/history", header: named})
}

// RiskDetections lists the detections about a service principal.
func (c *Client) RiskDetections(ctx context.Context, id string) ([]RiskDetection, error) {
	query := url.Values{"$filter": {"servicePrincipalId eq '" + quote(id) + "'"}}
	return all[RiskDetection](ctx, c, request{doing: "listing risk detections of " + id, path: riskDetections, query: query, header: named})
}

// ConfirmCompromised says that service principals are compromised: their risk becomes high. It does not disable them.
// Many are named in several requests, at the pace of the service; after an error some may have been confirmed, and
// confirming again does no harm. Without Workload ID Premium the error is ErrUnlicensed; when one of the principals is
// not taken it is ErrNotTaken.
func (c *Client) ConfirmCompromised(ctx context.Context, ids ...string) error {
	return c.judge(ctx, "confirmCompromised", ids)
}

// Dismiss says that the risk of service principals is none (any more). As with ConfirmCompromised, many are named in
// several requests.
func (c *Client) Dismiss(ctx context.Context, ids ...string) error {
	return c.judge(ctx, "dismiss", ids)
}

// ErrNotTaken says that Identity Protection refused a request because of at least one of the principals it names, and did
// nothing: one is not there, or is a managed identity. Which one, it does not say. How Graph refuses them is not
// documented: a 404 and a 400 are taken for it.
var ErrNotTaken = errors.New("a service principal is not taken")

func (c *Client) judge(ctx context.Context, verb string, ids []string) error {
	for batch := range slices.Chunk(ids, maxRiskIDs) {
		doing := fmt.Sprintf("calling %s for %d service principals", verb, len(batch))
		err := c.call(ctx, request{
			method: http.MethodPost, doing: doing, path: riskyPrincipals + "/" + verb, body: map[string][]string{"servicePrincipalIds": batch}, repeatable: true,
		})
		switch {
		case errors.Is(err, fault.NotFound), errors.Is(err, errBadRequest):
			return fault.As(ErrNotTaken, err)
		case err != nil:
			return err
		}
	}
	return nil
}
