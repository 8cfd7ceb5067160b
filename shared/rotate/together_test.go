package rotate_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/reach"
	"rekey/shared/rotate"
)

// TestFromTheRecordsOfALogToTheFirstStep goes the whole way: records, the index, the radius, the plan, the journal.
func TestFromTheRecordsOfALogToTheFirstStep(t *testing.T) {
	h, x := baseline.NewHasher([16]byte([]byte("0123456789abcdef"))), &exposure.Index{}
	who := event.Principal{ObjectID: principal}
	long := strings.Repeat("long-name-", 8)
	for n, object := range []string{"secrets/Storage", "secrets/" + long} {
		x.Observe(h, &event.Event{Time: now.Add(-time.Duration(n+1) * time.Hour), Kind: event.KindVaultAccess, Principal: who, Caller: netip.MustParseAddr("198.51.100.7"), Vault: &event.VaultOperation{Operation: "SecretGet", Status: 200, Vault: "pay", Object: object}})
	}
	x.Observe(h, &event.Event{Time: now.Add(-3 * time.Hour), Principal: who, Azure: &event.AzureOperation{Operation: "microsoft.cache/redis/listkeys/action", Scope: strings.ToLower(cache), Status: "Success"}})
	id := "/subscriptions/" + sub1 + "/resourceGroups/prod/providers/Microsoft.KeyVault/vaults/pay"
	r := reach.Of(reach.Facts{
		Principal: principal, Name: "billing", From: now.Add(-24 * time.Hour), To: now, Index: x, Hasher: h,
		Rights: reach.Rights{
			Assignments: reach.ListOf(reach.Assignment{Scope: id, RoleID: "/r/1", PrincipalID: principal}),
			Roles:       map[string]reach.Role{"/r/1": {Name: "Key Vault Secrets User", Blocks: []reach.Block{{DataActions: []string{"Microsoft.KeyVault/vaults/secrets/getSecret/action"}}}}},
		},
		Vaults: reach.ListOf(reach.Vault{ID: id, Name: "Pay", Subscription: sub1, RBAC: true, Log: reach.LogComplete, Secrets: reach.ListOf(
			reach.Secret{Name: "Storage", Enabled: true, Tags: tags("ProviderAddress", payroll, "CredentialId", "key2")},
			reach.Secret{Name: long, Enabled: true, Tags: tags("rekey-rotator", "random")},
			reach.Secret{Name: "rest", Enabled: true, Managed: true},
		)}),
		Resources: reach.ListOf(reach.Resource{ID: cache, Name: "sessions", Type: "Microsoft.Cache/redis", Subscription: sub1}),
	})
	p := rotate.Build(rotate.Facts{Case: "c1", Radius: r})
	if got, want := keysOf(p.Tiers[0])+" | "+keysOf(p.Tiers[1]), "storageKey pay/Storage, random pay/"+long+", redisKey | certificate pay/rest"; got != want {
		t.Fatalf("got  %s\nwant %s\n%s", got, want, r.Text())
	}
	j := rotate.Open(p, rotate.Opening{Alone: true, Cut: now}, now)
	if got := work(j, now); got != "pay/Storage prove, pay/"+long+" prove" {
		t.Error(got)
	}
}
