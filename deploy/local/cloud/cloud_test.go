package cloud_test

import (
	"testing"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/keyvault"
)

func TestAVaultIsTheSameAfterARestartWhereverItIsReached(t *testing.T) {
	dir, sub := t.TempDir(), "11111111-0000-4000-8000-00000000000a"
	kv := arm.ResourceID(sub, "rg", "Microsoft.KeyVault/vaults", "kv")
	for round := range 2 {
		c, err := cloud.Start(t.Context(), cloud.Config{Dir: dir, TenantID: "aaaaaaaa-0000-4000-8000-000000000000"})
		if err != nil {
			t.Fatal(err)
		}
		if c.ARM.Empty() != (round == 0) {
			t.Errorf("round %d: the cloud is empty: %t", round, c.ARM.Empty())
		}
		if err := c.ARM.Build(func(w arm.World) { w.Subscription(sub, "production") }); err != nil {
			t.Fatal(err)
		}
		v, url, err := c.OpenVault(kv, false, arm.Policy{ObjectID: "o", Permissions: map[string][]string{"secrets": {"get"}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ARM.VaultURI(kv); got != url+"/" {
			t.Errorf("round %d: at %s, and ARM says %s", round, url, got)
		}
		if !c.ARM.Decide(arm.Ask{Vault: kv, OID: "o", Kind: "secrets", Permission: "get"}).Allowed {
			t.Errorf("round %d: the policy is lost", round)
		}
		if round == 0 {
			err = v.Put(map[string]keyvault.Secret{"db": {Value: "x"}})
		} else if len(v.Versions("db")) != 1 {
			t.Error("the secret is lost")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
