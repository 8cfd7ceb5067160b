package rotate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"rekey/shared/azure/graph"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/reach"
	plan "rekey/shared/rotate"
)

// Objects are looked up by what tags name.
type Objects interface {
	Application(ctx context.Context, appID string) (graph.Object, error)
	ServicePrincipals(ctx context.Context, appID string) ([]graph.Object, error)
	ServicePrincipal(ctx context.Context, id string) (graph.Object, error)
	Credentials(ctx context.Context, collection, id string) (graph.Object, error)
}

// applications puts application ids in the place of the object ids that tags name, in what is planned from.
func (s *Sources) applications(ctx context.Context, v *reach.Vault) error {
	for i := range v.Secrets.Items {
		x := &v.Secrets.Items[i]
		id, _, ok := reach.Application(x.Tags)
		if !ok || s.Whose == nil {
			continue
		}
		appID, known := s.known.Load(id)
		if !known {
			p, err := s.Whose(ctx, id)
			if unknown(err) {
				continue // the rotation says so when it comes to it
			}
			if err != nil {
				return fmt.Errorf("asking Graph whose credential %s/%s is: %w", v.Name, x.Name, err)
			}
			appID = strings.ToLower(p.AppID)
			s.known.Store(id, appID)
		}
		if appID != "" && appID != id {
			x.Tags = maps.Clone(x.Tags)
			x.Tags[tagName(x.Tags, plan.TagProvider)] = appID.(string)
		}
	}
	return nil
}

// Whose finds the principal that an id means: an application's id, or the object id of a service principal or of an
// application. An error of kind fault.NotFound says that the tenant has none.
func Whose(ctx context.Context, d Objects, id string) (event.Principal, error) {
	appID := id
	switch o, err := d.ServicePrincipal(ctx, id); {
	case err == nil:
		return event.Principal{ObjectID: o.ID, AppID: o.AppID, Name: o.DisplayName}, nil
	case !errors.Is(err, fault.NotFound):
		return event.Principal{}, err
	}
	app, err := d.Application(ctx, id)
	if errors.Is(err, fault.NotFound) {
		if app, err = d.Credentials(ctx, graph.Applications, id); err == nil {
			appID = app.AppID
		}
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return event.Principal{}, err
	}
	missing := err
	list, err := d.ServicePrincipals(ctx, appID)
	if err != nil {
		return event.Principal{}, err
	}
	if len(list) > 0 {
		return event.Principal{ObjectID: list[0].ID, AppID: list[0].AppID, Name: list[0].DisplayName}, nil
	}
	return event.Principal{AppID: appID, Name: app.DisplayName}, missing
}
