package arm_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	azarm "rekey/shared/azure/arm"
	"rekey/shared/fault"
)

var errNothing = errors.New("nothing was found")

// calls runs each method once. Methods that find only what may be read give errNothing when they find nothing.
func calls(w *world) map[string]func(context.Context, *azarm.Client) error {
	found := func(n int, err error) error {
		if err == nil && n == 0 {
			return errNothing
		}
		return err
	}
	detach := func(kind string) func(context.Context, *azarm.Client) error {
		return func(ctx context.Context, c *azarm.Client) error { return c.Detach(ctx, resourceOf(kind), w.id1) }
	}
	keys := func(id string) func(context.Context, *azarm.Client) error {
		return func(ctx context.Context, c *azarm.Client) error { _, err := c.Keys(ctx, id); return err }
	}
	regenerate := func(id string) func(context.Context, *azarm.Client) error {
		return func(ctx context.Context, c *azarm.Client) error { return c.Regenerate(ctx, id, azarm.KeyNames(id)[0]) }
	}
	out := map[string]func(context.Context, *azarm.Client) error{
		"Subscriptions": func(ctx context.Context, c *azarm.Client) error {
			l, err := c.Subscriptions(ctx)
			return found(len(l), err)
		},
		"Resources": func(ctx context.Context, c *azarm.Client) error {
			l, err := c.Resources(ctx, nil, azarm.TypeVault)
			return found(len(l.Resources), err)
		},
		"AttachedTo": func(ctx context.Context, c *azarm.Client) error {
			l, err := c.AttachedTo(ctx, w.id1)
			return found(len(l.Resources), err)
		},
		"Vault":  func(ctx context.Context, c *azarm.Client) error { _, err := c.Vault(ctx, w.kv1); return err },
		"Vaults": func(ctx context.Context, c *azarm.Client) error { _, err := c.Vaults(ctx, subA); return err },
		"RemovePolicies": func(ctx context.Context, c *azarm.Client) error {
			_, err := c.RemovePolicies(ctx, w.kv1, victim)
			return err
		},
		"AddPolicies": func(ctx context.Context, c *azarm.Client) error {
			return c.AddPolicies(ctx, w.kv1, azarm.Policy{TenantID: tenant, ObjectID: rekey, Secrets: []string{"get"}})
		},
		"Diagnostics": func(ctx context.Context, c *azarm.Client) error {
			d, err := c.Diagnostics(ctx, w.kv1)
			if err == nil && !d.Known {
				return errNothing
			}
			return err
		},
		"AssignedTo": func(ctx context.Context, c *azarm.Client) error {
			_, err := c.AssignedTo(ctx, w.kv1, victim)
			return err
		},
		"AssignmentsAt":    func(ctx context.Context, c *azarm.Client) error { _, err := c.AssignmentsAt(ctx, w.kv1); return err },
		"RemoveAssignment": func(ctx context.Context, c *azarm.Client) error { return c.RemoveAssignment(ctx, assignmentOf(w)) },
		"AddAssignment": func(ctx context.Context, c *azarm.Client) error {
			return c.AddAssignment(ctx, azarm.Assignment{ID: assignmentOf(w), RoleID: roleOf(arm.Reader), PrincipalID: other, PrincipalType: "ServicePrincipal"})
		},
		"Role": func(ctx context.Context, c *azarm.Client) error {
			_, err := c.Role(ctx, roleOf(arm.Reader))
			return err
		},
		"Denies":           func(ctx context.Context, c *azarm.Client) error { _, err := c.Denies(ctx, w.kv1, victim); return err },
		"Identity":         func(ctx context.Context, c *azarm.Client) error { _, err := c.Identity(ctx, w.id1); return err },
		"Federated":        func(ctx context.Context, c *azarm.Client) error { _, err := c.Federated(ctx, w.id1); return err },
		"RemoveFederated":  func(ctx context.Context, c *azarm.Client) error { return c.RemoveFederated(ctx, w.id1, "f1") },
		"EntraDiagnostics": func(ctx context.Context, c *azarm.Client) error { _, err := c.EntraDiagnostics(ctx); return err },
		"PutEntraDiagnostics": func(ctx context.Context, c *azarm.Client) error {
			return c.PutEntraDiagnostics(ctx, azarm.EntraSetting{Name: "rekey", HubRule: w.hubs, Hub: "auditlogs", Categories: []string{"AuditLogs"}})
		},
	}
	for _, kind := range detachable {
		out["Detach "+kind] = detach(kind)
		out["SwitchOff "+kind] = func(ctx context.Context, c *azarm.Client) error { return c.SwitchOff(ctx, resourceOf(kind)) }
	}
	for kind, id := range keyed(w) {
		out["Keys "+kind], out["Regenerate "+kind] = keys(id), regenerate(id)
	}
	return out
}

var detachable = []string{"Microsoft.Web/sites", "Microsoft.Web/sites/slots", "Microsoft.App/containerApps", "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets"}

// resourceOf is a resource of a type, in the small cloud.
func resourceOf(kind string) string {
	if kind == "Microsoft.Web/sites/slots" {
		return id("Microsoft.Web/sites", "site") + "/slots/staging"
	}
	return id(kind, "x")
}

func keyed(w *world) map[string]string {
	hub, bus := strings.TrimSuffix(w.hubs, "/authorizationRules/Root"), strings.TrimSuffix(w.bus, "/authorizationRules/Root")
	return map[string]string{
		azarm.TypeStorage: w.storage, azarm.TypeCosmos: w.cosmos, azarm.TypeRedis: w.redis, azarm.TypeEventHubs: w.hubs, azarm.TypeServiceBus: w.bus,
		azarm.TypeEventHubs + "/eventhubs": hub + "/eventhubs/signins/authorizationRules/Send",
		azarm.TypeServiceBus + "/queues":   bus + "/queues/q/authorizationRules/R",
		azarm.TypeServiceBus + "/topics":   bus + "/topics/t/authorizationRules/R",
	}
}

func assignmentOf(w *world) string {
	return w.kv2 + "/providers/Microsoft.Authorization/roleAssignments/44444444-0000-4000-8000-000000000001"
}

func roleOf(guid string) string {
	return "/subscriptions/" + subA + "/providers/Microsoft.Authorization/roleDefinitions/" + guid
}

func more(t *testing.T, w *world) {
	t.Helper()
	err := w.ARM.Build(func(b arm.World) {
		for _, kind := range detachable {
			b.Resource(arm.Resource{ID: resourceOf(kind), Identity: attached("SystemAssigned, UserAssigned", w.id1, w.id10)})
		}
		for _, id := range keyed(w) {
			b.Resource(arm.Resource{ID: id})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEachMethodNeedsExactlyThePermissionsItDeclares(t *testing.T) {
	w := build(t, cloud.Config{Options: arm.Options{Queries: 1000}})
	more(t, w)
	methods := calls(w)
	if missing := slices.DeleteFunc(slices.Collect(maps.Keys(azarm.Permissions)), func(m string) bool { return methods[m] != nil }); len(missing) > 0 || len(methods) != len(azarm.Permissions) {
		t.Fatalf("%d methods, %d declared; not run: %v", len(methods), len(azarm.Permissions), missing)
	}
	n := 0
	try := func(name string, actions []string) error {
		n++
		oid, scope := caller(n), root
		if strings.Contains(name, "Entra") {
			scope = "/providers/microsoft.aadiam" // the tenant's own, beneath no management group
		}
		w.grant(t, oid, scope, actions...)
		return methods[name](t.Context(), w.as(t, oid))
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		need := azarm.Permissions[name]
		for i, one := range need {
			less := slices.Delete(slices.Clone(need), i, i+1)
			if err := try(name, append(less, "Microsoft.Nothing/*/read")); !errors.Is(err, fault.Denied) && !errors.Is(err, errNothing) {
				t.Errorf("%s works without %s: %v", name, one, err)
			}
		}
		if err := try(name, need); err != nil {
			t.Errorf("%s with what it declares: %v", name, err)
		}
	}
}
