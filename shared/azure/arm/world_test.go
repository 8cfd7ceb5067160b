package arm_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/keyvault"
	azarm "rekey/shared/azure/arm"
)

const (
	tenant = "aaaaaaaa-0000-4000-8000-000000000000"
	subA   = "11111111-0000-4000-8000-00000000000a"
	subB   = "11111111-0000-4000-8000-00000000000b"
	rekey  = "22222222-0000-4000-8000-000000000001" // Rekey's identity
	victim = "22222222-0000-4000-8000-000000000002" // the compromised principal
	other  = "22222222-0000-4000-8000-000000000003"
	inner  = "33333333-0000-4000-8000-000000000001" // a group that the victim is in
	outer  = "33333333-0000-4000-8000-000000000002" // a group that inner is in
	root   = "/providers/Microsoft.Management/managementGroups/root"
)

// worlds counts: azidentity keeps tokens of managed identities for the whole process, so each cloud has its own ids.
var worlds atomic.Int64

// caller is one of many identities without any rights at first.
func caller(n int) string { return fmt.Sprintf("55555555-0000-4000-8000-%012d", n) }

const callers = 150

// world is a small cloud: vault kv1 with access policies, kv2 with roles, one of each provider, a web site with two identities.
type world struct {
	*cloud.Cloud
	n                         int64
	kv1, kv2, site, id1, id10 string
	storage, cosmos, redis    string
	hubs, bus, hubRule        string
	vault1, vault2            *keyvault.Server
	url1, url2                string
}

func id(kind, name string) string { return arm.ResourceID(subA, "rg", kind, name) }

func build(t *testing.T, c cloud.Config) *world {
	t.Helper()
	c.Dir, c.TenantID = t.TempDir(), tenant
	w := &world{n: worlds.Add(1)}
	oids := []string{rekey, victim, other}
	for i := range callers {
		oids = append(oids, caller(i))
	}
	for _, oid := range oids {
		c.Identities = append(c.Identities, entra.Identity{ClientID: w.clientID(oid), ObjectID: oid})
	}
	up, err := cloud.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	for k, v := range up.Env() {
		t.Setenv(k, v)
	}
	*w = world{
		Cloud: up, n: w.n, kv1: id("Microsoft.KeyVault/vaults", "kv1"), kv2: id("Microsoft.KeyVault/vaults", "kv2"), site: id("Microsoft.Web/sites", "site"),
		id1: id("Microsoft.ManagedIdentity/userAssignedIdentities", "id1"), id10: id("Microsoft.ManagedIdentity/userAssignedIdentities", "id10"),
		storage: id("Microsoft.Storage/storageAccounts", "acct"), cosmos: id("Microsoft.DocumentDB/databaseAccounts", "cosmos"), redis: id("Microsoft.Cache/redis", "redis"),
		hubs: id("Microsoft.EventHub/namespaces", "hubs") + "/authorizationRules/Root", hubRule: id("Microsoft.EventHub/namespaces", "hubs") + "/eventhubs/signins/authorizationRules/Send",
		bus: id("Microsoft.ServiceBus/namespaces", "bus") + "/authorizationRules/Root",
	}
	err = up.ARM.Build(func(b arm.World) {
		b.Subscription(subA, "production", root)
		b.Subscription(subB, "test", root)
		for _, r := range []string{w.storage, w.cosmos, w.redis, w.hubs, w.bus, w.hubRule, id("Microsoft.EventHub/namespaces", "hubs"), id("Microsoft.ServiceBus/namespaces", "bus")} {
			b.Resource(arm.Resource{ID: r})
		}
		for _, i := range []string{w.id1, w.id10} {
			b.Resource(arm.Resource{ID: i, Properties: map[string]any{"principalId": victim, "clientId": w.clientID(victim), "tenantId": tenant}})
		}
		for _, n := range []string{"f1", "f2"} {
			b.Resource(arm.Resource{ID: w.id1 + "/federatedIdentityCredentials/" + n, Properties: map[string]any{"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:x/" + n, "audiences": []string{"api://AzureADTokenExchange"}}})
		}
		b.Resource(arm.Resource{ID: w.site, Tags: map[string]string{"owner": "shop"}, Identity: attached("UserAssigned", w.id1, w.id10)})
		b.Group(inner, victim)
		b.Group(outer, inner)
	})
	if err != nil {
		t.Fatal(err)
	}
	policies := []arm.Policy{
		{TenantID: tenant, ObjectID: victim, Permissions: map[string][]string{"secrets": {"Get", "list"}, "keys": {"Sign"}}},
		{TenantID: tenant, ObjectID: victim, ApplicationID: w.clientID(other), Permissions: map[string][]string{"secrets": {"get"}}},
		{TenantID: tenant, ObjectID: other, Permissions: map[string][]string{"secrets": {"get", "list", "set"}}},
	}
	if w.vault1, w.url1, err = up.OpenVault(w.kv1, false, policies...); err != nil {
		t.Fatal(err)
	}
	if w.vault2, w.url2, err = up.OpenVault(w.kv2, true); err != nil {
		t.Fatal(err)
	}
	return w
}

func attached(kind string, ids ...string) *arm.Identity {
	out := &arm.Identity{Type: kind, UserAssigned: map[string]map[string]string{}}
	for _, i := range ids {
		out.UserAssigned[i] = map[string]string{"principalId": victim}
	}
	return out
}

// fast are options for tests: retries at once.
func (w *world) fast() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: w.Client(), Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Second}}
}

func (w *world) clientID(oid string) string { return fmt.Sprintf("c%03d%s", w.n, oid[4:]) }

func (w *world) credential(t *testing.T, oid string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(w.clientID(oid))})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func (w *world) as(t *testing.T, oid string) *azarm.Client {
	t.Helper()
	c, err := azarm.New(w.ARMURL, w.credential(t, oid), azarm.Options{ClientOptions: w.fast(), PollEvery: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// grant gives a principal actions at a scope, and nothing else.
func (w *world) grant(t *testing.T, oid, scope string, actions ...string) {
	t.Helper()
	err := w.ARM.Build(func(b arm.World) {
		role := b.Define(fmt.Sprint("only ", actions), arm.Permission{Actions: actions})
		b.Assign(arm.Assignment{Scope: scope, Role: role, PrincipalID: oid})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// owner is a client that may do everything.
func (w *world) owner(t *testing.T) *azarm.Client {
	t.Helper()
	w.grant(t, rekey, root, "*")
	return w.as(t, rekey)
}
