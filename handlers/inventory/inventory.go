// Package inventory gathers everything that opens the door of a workload identity: the application and all its service
// principals, with their certificates, client secrets and federated credentials.
package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// Directory is what is read of Microsoft Graph.
type Directory interface {
	Application(ctx context.Context, appID string) (graph.Object, error)
	ServicePrincipals(ctx context.Context, appID string) ([]graph.Object, error)
	ServicePrincipal(ctx context.Context, id string) (graph.Object, error)
	Certificates(ctx context.Context, collection, id string) (map[string]string, error)
	FederatedCredentials(ctx context.Context, applicationID string) ([]graph.FederatedCredential, error)
	Agents(ctx context.Context, blueprintAppID string) ([]graph.Object, error)
}

// Gather reads the inventory of a principal: what opens the door. Surround and InAzure add what lies behind it. A log record is not trusted to name the application: the service
// principal does, when its id is known.
func Gather(ctx context.Context, d Directory, tenant string, p event.Principal, now time.Time) (remedy.Inventory, error) {
	inv := remedy.Inventory{Tenant: tenant, Taken: now.UTC(), Principals: []remedy.Object{}}
	appID := p.AppID
	if p.ObjectID != "" {
		sp, err := d.ServicePrincipal(ctx, p.ObjectID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return inv, fmt.Errorf("gathering inventory: %w", err)
		}
		if err == nil {
			appID = cmp.Or(sp.AgentBlueprintID, sp.AppID) // an agent's credentials are its blueprint's
		}
	}
	if appID == "" {
		return inv, fault.Errorf(fault.NotFound, "gathering inventory of %s: the tenant has no such service principal", p.Key())
	}
	if err := application(ctx, d, appID, &inv); err != nil {
		return inv, fmt.Errorf("gathering inventory of application %s: %w", appID, err)
	}
	principals, err := d.ServicePrincipals(ctx, appID)
	if err != nil {
		return inv, fmt.Errorf("gathering inventory of application %s: %w", appID, err)
	}
	for _, sp := range principals {
		o, err := object(ctx, d, remedy.KindServicePrincipal, graph.ServicePrincipals, sp)
		if err != nil {
			return inv, fmt.Errorf("gathering inventory of application %s: %w", appID, err)
		}
		inv.Principals = append(inv.Principals, o)
	}
	return inv, agents(ctx, d, p, appID, &inv)
}

// agents adds to a blueprint its agents: the one that is meant as a principal, because it is disabled with it, and all of
// them by name.
func agents(ctx context.Context, d Directory, p event.Principal, appID string, inv *remedy.Inventory) error {
	if inv.Application == nil || !strings.Contains(strings.ToLower(inv.Application.DataType), "agentidentityblueprint") {
		return nil
	}
	all, err := d.Agents(ctx, appID)
	if inv.Agents, err = known(all, err, func(o graph.Object) remedy.AgentRef {
		return remedy.AgentRef{ID: o.ID, Name: o.DisplayName, Enabled: o.AccountEnabled}
	}); err != nil {
		return err
	}
	for _, a := range all {
		if a.ID != p.ObjectID {
			continue
		}
		o, err := object(ctx, d, remedy.KindServicePrincipal, graph.ServicePrincipals, a)
		if err != nil {
			return err
		}
		inv.Principals = append(inv.Principals, o)
	}
	return nil
}

func application(ctx context.Context, d Directory, appID string, inv *remedy.Inventory) error {
	app, err := d.Application(ctx, appID)
	if errors.Is(err, fault.NotFound) {
		return nil // a foreign application, a managed identity or a legacy principal
	}
	if err != nil {
		return err
	}
	o, err := object(ctx, d, remedy.KindApplication, graph.Applications, app)
	if err != nil {
		return err
	}
	federated, err := d.FederatedCredentials(ctx, app.ID)
	if err != nil {
		return err
	}
	for _, f := range federated {
		o.Federated = append(o.Federated, credential(f))
	}
	inv.Application = &o
	return nil
}

func credential(f graph.FederatedCredential) remedy.Federated {
	out := remedy.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences}
	if f.Claims != nil {
		out.Claims = f.Claims.Value
	}
	return out
}

func object(ctx context.Context, d Directory, kind, collection string, g graph.Object) (remedy.Object, error) {
	o := remedy.Object{
		Kind: kind, ID: g.ID, AppID: g.AppID, Name: g.DisplayName, Type: g.ServicePrincipalType, Owner: strings.ToLower(g.AppOwnerOrganizationID),
		Enabled: g.AccountEnabled, EncryptionKeyID: g.TokenEncryptionKeyID, PreferredSigning: g.PreferredTokenSigningKey,
		SingleSignOn: g.PreferredSSOMode, Keys: []remedy.Key{}, Passwords: []remedy.Password{}, Federated: []remedy.Federated{},
	}
	describe(&o, g)
	for _, raw := range g.KeyCredentials {
		var k graph.KeyCredential
		if err := json.Unmarshal(raw, &k); err != nil {
			return o, fault.Errorf(fault.Transient, "reading key credentials of %s: %v", g.ID, err)
		}
		o.Keys = append(o.Keys, remedy.Key{
			KeyID: k.KeyID, Type: k.Type, Usage: k.Usage, Name: k.DisplayName, Group: k.CustomKeyIdentifier, Start: k.StartDateTime, End: k.EndDateTime, Raw: raw,
		})
	}
	for _, p := range g.PasswordCredentials {
		o.Passwords = append(o.Passwords, remedy.Password{KeyID: p.KeyID, Name: p.DisplayName, Group: p.CustomKeyIdentifier, Start: p.StartDateTime, End: p.EndDateTime})
	}
	if len(o.Keys) == 0 {
		return o, nil
	}
	public, err := d.Certificates(ctx, collection, g.ID)
	if err != nil {
		return o, err
	}
	for i := range o.Keys {
		o.Keys[i].Public = public[o.Keys[i].KeyID]
	}
	return o, nil
}
