package arm

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resourcegraph/armresourcegraph"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Subscription is one subscription that Rekey may read.
type Subscription struct {
	ID    string `json:"subscriptionId"`
	Name  string `json:"displayName"`
	State string `json:"state"`
}

// Subscriptions lists the subscriptions in which Rekey has any role: what it cannot see is not in it.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	return pages[Subscription](ctx, c, request{method: http.MethodGet, doing: "listing subscriptions", path: "/subscriptions", version: subscriptionsVersion})
}

// Resource is a resource as Resource Graph shows it: minutes old.
type Resource struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Type          string            `json:"type"` // in lower case
	Location      string            `json:"location"`
	Subscription  string            `json:"subscriptionId"`
	ResourceGroup string            `json:"resourceGroup"`
	Tags          map[string]string `json:"tags"`
	Identity      Identities        `json:"identity"`
	Properties    json.RawMessage   `json:"properties"`
}

// Identities are the managed identities of a resource.
type Identities struct {
	Type         string                     `json:"type"`        // of the system-assigned and user-assigned ones
	PrincipalID  string                     `json:"principalId"` // object id of the system-assigned one
	UserAssigned map[string]json.RawMessage `json:"userAssignedIdentities"`
}

// Listing is what Resource Graph found. Truncated says that there is more and no way to it: absence means nothing then.
type Listing struct {
	Resources []Resource
	Truncated bool
}

// pageSize is how many rows a query asks for: 1000 is the most.
const pageSize = 1000

// columns carry the id, without which Resource Graph cannot page.
const columns = " | project id, name, type, location, subscriptionId, resourceGroup, tags, identity, properties | order by id asc"

// Resources finds the resources of types in subscriptions, or in all of them if none is named, as far as Rekey may read
// them. It is for breadth: before an act, the resource itself is read.
func (c *Client) Resources(ctx context.Context, subscriptions []string, types ...string) (Listing, error) {
	quoted := make([]string, len(types))
	for i, t := range types {
		if !safe("/" + t) {
			return Listing{}, fault.Errorf(fault.Denied, "listing resources: %q is no resource type", t)
		}
		quoted[i] = "'" + strings.ToLower(t) + "'"
	}
	return c.query(ctx, "listing resources", subscriptions, "resources | where type in~ ("+strings.Join(quoted, ", ")+")"+columns)
}

// AttachedTo finds the resources that carry a user-assigned identity.
func (c *Client) AttachedTo(ctx context.Context, identity string) (Listing, error) {
	doing := "finding what carries identity " + identity
	if _, err := parse(doing, identity, TypeIdentity); err != nil {
		return Listing{}, err
	}
	l, err := c.query(ctx, doing, nil, "resources | where tostring(identity.userAssignedIdentities) contains '"+identity+"'"+columns)
	l.Resources = slices.DeleteFunc(l.Resources, func(r Resource) bool { return !r.Identity.has(identity) }) // "contains" also finds longer names
	return l, err
}

func (i Identities) has(identity string) bool {
	for id := range i.UserAssigned {
		if strings.EqualFold(id, identity) {
			return true
		}
	}
	return false
}

// query reads all pages of a query.
func (c *Client) query(ctx context.Context, doing string, subscriptions []string, text string) (Listing, error) {
	client, err := armresourcegraph.NewClient(c.cred, &c.options)
	if err != nil {
		return Listing{}, redact.Error(doing, err)
	}
	in := armresourcegraph.QueryRequest{Query: &text, Options: &armresourcegraph.QueryRequestOptions{
		Top: to.Ptr(int32(pageSize)), ResultFormat: to.Ptr(armresourcegraph.ResultFormatObjectArray),
	}}
	for _, s := range subscriptions {
		in.Subscriptions = append(in.Subscriptions, &s)
	}
	var out Listing
	var rows int64
	for {
		page, err := client.Resources(ctx, in, nil)
		if err != nil {
			return Listing{}, redact.Error(doing, err)
		}
		found, err := decode(page.Data)
		if err != nil {
			return Listing{}, fault.Errorf(fault.Transient, "%s: the answer is not what Azure documents", doing)
		}
		out.Resources = append(out.Resources, found...)
		rows += int64(len(found))
		if next := value(page.SkipToken); next != "" {
			in.Options.SkipToken = &next
			continue
		}
		out.Truncated = value(page.ResultTruncated) == armresourcegraph.ResultTruncatedTrue || value(page.TotalRecords) > rows
		return out, nil
	}
}

// decode reads rows that the SDK has decoded into nothing in particular.
func decode(data any) ([]Resource, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	var out []Resource
	err = json.Unmarshal(b, &out)
	return out, err
}
