package graph

import (
	"context"
	"net/url"
	"strings"

	"rekey/shared/fault"
)

// ApplicationPage returns a page of the tenant's applications, without the public keys of their certificates, and what
// asks for the next page: "" asks for the first and is returned with the last. Graph forgets it after a while.
func (c *Client) ApplicationPage(ctx context.Context, next string) ([]Object, string, error) {
	return c.page(ctx, request{doing: "listing applications", path: "/applications", query: url.Values{"$select": {selectApplication}, "$top": {maxPage}}}, next)
}

// ServicePrincipalPage does the same for service principals.
func (c *Client) ServicePrincipalPage(ctx context.Context, next string) ([]Object, string, error) {
	return c.page(ctx, request{doing: "listing service principals", path: "/servicePrincipals", query: url.Values{"$select": {selectPrincipal}, "$top": {maxPage}}}, next)
}

// page reads one page. What asks for the next one is kept elsewhere meanwhile, so it must lead to the same list.
func (c *Client) page(ctx context.Context, r request, next string) ([]Object, string, error) {
	if next != "" {
		if !strings.HasPrefix(next, r.path+"?") {
			return nil, "", fault.Errorf(fault.Denied, "%s: the next page is of another list", r.doing)
		}
		r.path, r.query = next, nil
	}
	var page struct {
		Value []Object `json:"value"`
		Next  string   `json:"@odata.nextLink"`
	}
	r.method, r.into = "GET", &page
	if err := c.call(ctx, r); err != nil || page.Next == "" {
		return page.Value, "", err
	}
	link, ok := strings.CutPrefix(page.Next, c.base+"/")
	if !ok {
		return nil, "", fault.Errorf(fault.Denied, "%s: the next page is on another host", r.doing)
	}
	return page.Value, "/" + link, nil
}
