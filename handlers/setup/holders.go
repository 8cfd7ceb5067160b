package setup

import (
	"context"
	"strings"

	"rekey/shared/azure/graph"
)

// holders warns of who can change a part of the API without a directory role, or sign in as it. Every member of a tenant may
// register an application by default, one with the API's unique name, too, and then owns it; an owner can give himself the
// API's app roles.
func (s *Setup) holders(ctx context.Context, p *Plan, collection, id string) error {
	what := map[string]string{graph.Applications: "application", graph.ServicePrincipals: "service principal"}[collection]
	owners, err := s.Graph.Owners(ctx, collection, id)
	if err != nil {
		return err
	}
	for _, o := range owners {
		p.warn(API, "the %s %s owns the %s of the API: an owner can add credentials to it and give himself its app roles. Take the ownership away, or set up another API with --name, unless it is to be so",
			strings.TrimPrefix(o.Type, "#microsoft.graph."), strings.TrimSpace(o.DisplayName+" "+o.ID), what)
	}
	o, err := s.Graph.Credentials(ctx, collection, id)
	if err != nil {
		return err
	}
	n := len(o.KeyCredentials) + len(o.PasswordCredentials)
	if collection == graph.Applications {
		federated, err := s.Graph.FederatedCredentials(ctx, id)
		if err != nil {
			return err
		}
		n += len(federated)
	}
	if n > 0 {
		p.warn(API, "the %s of the API has %d keys, client secrets or federated credentials: an API needs none, and who has one signs in as it. Remove them", what, n)
	}
	return nil
}
