package rotate_test

import (
	"strings"
	"testing"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/keyvault"
	plan "rekey/shared/rotate"
)

func TestValuesAreLookedAtOnlyWhereTheirVaultAllowsItAndNeverRotatedWithoutAPerson(t *testing.T) {
	account := resource(0, "Microsoft.Storage/storageAccounts", "inferred0")
	connection := func(w *world) string {
		return "DefaultEndpointsProtocol=https;AccountName=inferred0;AccountKey=" + w.ARM.Key(account, "key1") + ";EndpointSuffix=core.windows.net"
	}
	w := build(t, 2, func(w *world, f *furniture) {
		f.resources = append(f.resources, account)
		f.later = append(f.later, func() {
			for v := range 2 {
				f.secrets[vaultName(v)]["conn"] = keyvault.Secret{Value: connection(w)}
				f.secrets[vaultName(v)]["bare"] = keyvault.Secret{Value: "who knows what this is"}
			}
		})
		f.reads = []string{vaultName(0) + "/conn", vaultName(1) + "/conn"}
	})
	if err := w.ARM.Build(func(b arm.World) { b.Tag(w.ids[vaultName(0)], map[string]string{plan.TagInfer: "true"}) }); err != nil {
		t.Fatal(err)
	}
	w.opening.Alone = true
	old := w.ARM.Key(account, "key1")
	if err := w.handle(t, "one"); err != nil {
		t.Fatal(err)
	}
	j := w.journal(t)
	i := j.Item("storageKey:" + strings.ToLower(account))
	if i == nil || !i.Inferred || len(i.Copies) != 1 || i.Copies[0].Vault != vaultName(0) {
		t.Fatalf("%+v", i)
	}
	if !i.Began.IsZero() || w.ARM.Key(account, "key1") != old || !strings.Contains(i.Attended, "inferred") {
		t.Errorf("it runs without a person: %s %s", i.Status, i.Attended)
	}
	if x := j.Item("ownerAction:" + vaultName(1) + "/conn"); x == nil {
		t.Error("a value was looked at in a vault that did not allow it")
	}
	j = w.drive(t, func() error { return w.handle(t, "one") })
	if i := j.Item(i.Key); i.Status != plan.Done {
		t.Errorf("%s: %s", i.Status, i.Reason)
	}
	vs := w.server(vaultName(0)).Versions("conn")
	if got := vs[len(vs)-1].Value; !strings.HasPrefix(got, "DefaultEndpointsProtocol=https;AccountName=inferred0;AccountKey=") || strings.Contains(got, old) || !w.ARM.Check(account, between(got, "AccountKey=", ";")) {
		t.Error("the connection string was not made anew around its new key")
	}
	if got := w.server(vaultName(1)).Versions("conn"); len(got) != 1 {
		t.Errorf("the other vault's was written to: %d versions", len(got))
	}
	w.record(t)
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
