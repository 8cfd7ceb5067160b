package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/keyvault"
	"rekey/handlers/rotations"
	"rekey/shared/ledger"
	plan "rekey/shared/rotate"
)

// put adds a secret to the furniture and to what the world knows.
func (f *furniture) put(w *world, v, name string, kind plan.Kind, provider string, s keyvault.Secret) {
	f.secrets[v][name] = s
	if kind != plan.OwnerAction {
		w.secrets[v+"/"+name] = &secret{vault: v, name: name, provider: provider, kind: kind}
	}
}

// provider adds a resource with keys, and a secret that holds one of them.
func (f *furniture) provider(w *world, v, name string, kind plan.Kind, provider, key string) {
	f.resources = append(f.resources, provider)
	if i := strings.Index(provider, "/authorizationRules/"); i > 0 {
		f.resources = append(f.resources, provider[:i])
	}
	f.copyOf(w, v, name, kind, provider, key)
}

// copyOf adds a secret that holds a key of a provider.
func (f *furniture) copyOf(w *world, v, name string, kind plan.Kind, provider, key string) {
	f.put(w, v, name, kind, provider, keyvault.Secret{})
	f.later = append(f.later, func() {
		value := w.ARM.Key(provider, key)
		switch kind {
		case plan.BusKey:
			value = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=" + value
		case plan.RedisKey:
			value = "cache.redis.cache.windows.net:6380,password=" + value + ",ssl=True"
		}
		f.secrets[v][name] = keyvault.Secret{Value: value, ContentType: "text/plain", Tags: map[string]string{"ProviderAddress": provider, "CredentialId": key, "team": "a"}}
	})
}

// client adds an application with a client secret, and a secret that holds it.
func (f *furniture) client(w *world, v, name string, n int) {
	app, key, value := fmt.Sprintf("bbbbbbbb-1111-4222-8333-%012d", n), fmt.Sprintf("cccccccc-1111-4222-8333-%012d", n), fmt.Sprintf("%03d~client-secret-of-the-world", n)
	then := time.Now().AddDate(0, -1, 0).UTC()
	f.apps = append(f.apps, directory.Object{ID: "obj-" + app, AppID: app, DisplayName: app, PasswordCredentials: []directory.PasswordCredential{
		{KeyID: key, Hint: value[:3], Digest: directory.Digest(value), StartDateTime: then, EndDateTime: then.AddDate(1, 0, 0)},
	}})
	f.sps = append(f.sps, directory.Object{ID: "sp-" + app, AppID: app, DisplayName: app, ServicePrincipalType: "Application", AccountEnabled: true, AppOwnerOrganizationID: tenantID})
	f.put(w, v, name, plan.ClientSecret, app, keyvault.Secret{Value: value, Tags: map[string]string{"ProviderAddress": app, "CredentialId": key}, Expires: time.Now().AddDate(1, 0, 0)})
}

// mix fills a vault with n secrets of all kinds.
func (f *furniture) mix(w *world, v, n, read int) {
	name := vaultName(v)
	for s := range n {
		key := fmt.Sprintf("s-%02d", s)
		switch s % 10 {
		case 0:
			account := resource(v, "Microsoft.Storage/storageAccounts", fmt.Sprintf("acct%dx%d", v, s))
			f.provider(w, name, key, plan.StorageKey, account, "key1")
		case 1:
			f.provider(w, name, key, plan.BusKey, resource(v, "Microsoft.ServiceBus/namespaces", fmt.Sprintf("bus%dx%d", v, s))+"/authorizationRules/send", "PrimaryKey")
		case 2:
			f.put(w, name, key, plan.Random, "", keyvault.Secret{Value: "random-" + name + key, Tags: map[string]string{"rekey-rotator": "random", "ValidityPeriodDays": "30"}})
		case 3:
			f.client(w, name, key, v*1000+s)
		case 4:
			f.provider(w, name, key, plan.CosmosKey, resource(v, "Microsoft.DocumentDB/databaseAccounts", fmt.Sprintf("cosmos%dx%d", v, s)), "primary")
		case 5:
			f.provider(w, name, key, plan.RedisKey, resource(v, "Microsoft.Cache/redis", fmt.Sprintf("redis%dx%d", v, s)), "Secondary")
		case 6:
			f.put(w, name, key, plan.Webhook, "", keyvault.Secret{Value: "erp-" + name + key, Tags: map[string]string{"rekey-webhook": "erp"}})
		case 7:
			f.put(w, name, key, plan.OwnerAction, "", keyvault.Secret{Value: "who knows"})
		case 8: // two vaults side by side share it
			f.put(w, name, key, plan.Random, "", keyvault.Secret{Value: fmt.Sprint("shared-", v/2, s), Tags: map[string]string{"rekey-rotator": "random", "rekey-value": fmt.Sprint("shared-", v/2, "-", s)}})
		default:
			f.put(w, name, key, plan.OwnerAction, "", keyvault.Secret{Value: "hands off", Tags: map[string]string{"rekey": "never"}, Disabled: s == 9})
		}
		if s < read {
			f.reads = append(f.reads, name+"/"+key)
		}
	}
}

// certificate makes an exportable certificate in a vault and waits for it.
func (w *world) certificate(t *testing.T, v, name string) {
	t.Helper()
	certs, err := azcertificates.NewClient(w.ARM.VaultURI(w.ids[v]), w.cred, &azcertificates.ClientOptions{ClientOptions: w.options, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	policy := &azcertificates.CertificatePolicy{
		IssuerParameters:          &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
		KeyProperties:             &azcertificates.KeyProperties{Exportable: to.Ptr(true), KeyType: to.Ptr(azcertificates.KeyTypeRSA), KeySize: to.Ptr(int32(2048)), ReuseKey: to.Ptr(true)},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=web"), ValidityInMonths: to.Ptr(int32(12))},
	}
	if _, err := certs.CreateCertificate(t.Context(), name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if c, err := certs.GetCertificate(t.Context(), name, "", nil); err == nil && len(c.CER) > 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the certificate is not made")
}

func TestThreeSubscriptionsTwelveVaultsSixHundredSecrets(t *testing.T) {
	w := build(t, 12, func(w *world, f *furniture) {
		for v := range 12 {
			read := 0
			if v < 4 {
				read = 10
			}
			n := 50
			if v == 0 || v == 5 { // where a certificate is the last one
				n = 49
			}
			f.mix(w, v, n, read)
		}
		// a key of a vault that was read from lies in others, too: one under the same name of a key, one under the other
		account := resource(1, "Microsoft.Storage/storageAccounts", "acct1x0")
		f.copyOf(w, vaultName(9), "s-20", plan.StorageKey, account, "key1")
		f.copyOf(w, vaultName(10), "s-20", plan.StorageKey, account, "key2")
	})
	w.opening.Parallel = 8
	w.certificate(t, vaultName(0), "web")
	w.certificate(t, vaultName(5), "web")
	began := time.Now()
	j := w.drive(t, func() error { return w.handle(t, "one") })
	t.Logf("%s; %d changes, %.1f s", j.Summary(), len(w.changes), time.Since(began).Seconds())

	w.sound(t, j.Journal)
	secrets, rotated := 0, 0
	for _, i := range j.Items {
		secrets += len(i.Copies)
		switch {
		case i.Kind == plan.OwnerAction && (i.Why == "" || i.Status != plan.Done):
			t.Errorf("%s: %s without a reason, or its owner was not told: %s", i.Key, i.Status, i.Reason)
		case i.Kind != plan.OwnerAction && i.Status != plan.Done:
			t.Errorf("%s ended %s: %s", i.Key, i.Status, i.Reason)
		case i.Kind != plan.OwnerAction:
			rotated++
		}
		if i.Tier > 1 && !i.Began.IsZero() && i.Began.Before(j.Tiers[i.Tier-2].Ended) {
			t.Errorf("%s of tier %d began at %s, tier %d ended at %s", i.Key, i.Tier, i.Began, i.Tier-1, j.Tiers[i.Tier-2].Ended)
		}
	}
	if secrets != 600 || rotated < 380 {
		t.Errorf("%d secrets, %d rotated", secrets, rotated)
	}
	if got := len(j.Item("storageKey:" + strings.ToLower(resource(1, "Microsoft.Storage/storageAccounts", "acct1x0"))).Copies); got != 3 {
		t.Errorf("%d copies of a key changed together, want 3", got)
	}
	if fresh := w.server(vaultName(0)).Versions("s-02"); len(fresh) != 2 || !fresh[0].Disabled || fresh[1].Expires.IsZero() || fresh[1].Tags["rekey-operation"] == "" {
		t.Errorf("%+v", fresh)
	}
}

// sound checks the end of a rotation in the cloud itself.
func (w *world) sound(t *testing.T, j *plan.Journal) {
	t.Helper()
	for _, b := range w.broken {
		t.Errorf("refused without the plan having said so: %s", b)
	}
	done := map[string]plan.Item{}
	for _, i := range j.Items {
		for _, c := range i.Copies {
			if i.Kind != plan.OwnerAction && i.Status == plan.Done && i.Proven(c) {
				done[c.Name()] = *i
			}
		}
	}
	for _, s := range w.secrets {
		i, ok := done[s.full()]
		vs := w.server(s.vault).Versions(s.name)
		newest := vs[len(vs)-1]
		switch {
		case !ok:
		case !w.opensWith(s, newest.Value):
			t.Errorf("%s holds what opens nothing", s.full())
		case newest.Value == s.pinned && s.kind != plan.Certificate:
			t.Errorf("%s holds what was read", s.full())
		case (s.kind.Paired() || s.kind == plan.ClientSecret) && w.opensWith(s, s.pinned):
			t.Errorf("what was read from %s still opens", s.full())
		case newest.Disabled:
			t.Errorf("the newest version of %s is disabled", s.full())
		}
		for _, v := range vs[:len(vs)-1] {
			if ok && !v.Disabled {
				t.Errorf("an old version of %s is enabled (%s)", s.full(), i.Key)
			}
		}
	}
	for what, n := range w.changes {
		kind, name, _ := strings.Cut(what, " ")
		most := 1
		if i, ok := done[name]; ok {
			most = i.Round
			for _, h := range i.Holds {
				if h.Name == name && i.Kind.Paired() && h.Key == i.First && name != "" {
					most = i.Round + 1 // gathered first
				}
			}
		}
		if n > most {
			t.Errorf("%s %s %d times", kind, name, n)
		}
	}
	for _, o := range w.Directory.Snapshot() {
		if strings.HasPrefix(o.ID, "obj-") && len(o.PasswordCredentials) != 1 {
			t.Errorf("application %s has %d client secrets", o.AppID, len(o.PasswordCredentials))
		}
	}
	w.record(t)
}

// record checks the ledger: the chain, an answer to every intent, and no value anywhere in what is stored.
func (w *world) record(t *testing.T) {
	t.Helper()
	data, err := w.ledger.Read(context.WithoutCancel(t.Context()), id+ledger.Suffix)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := ledger.Verify(data)
	if open := ledger.Unanswered(entries); err != nil || len(open) > 0 {
		t.Errorf("%v without a result (%v)", open, err)
	}
	rows, _, err := w.table.List(t.Context(), plan.Partition, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	stored := string(data)
	for _, r := range rows {
		stored += string(r.Data)
	}
	text, err1 := w.plans.Read(t.Context(), id+".txt")
	body, err2 := w.plans.Read(t.Context(), id+".json")
	reach, err3 := w.plans.Read(t.Context(), id+rotations.ReachText)
	radius, err4 := w.plans.Read(t.Context(), id+rotations.ReachJSON)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	stored += string(text) + string(body) + string(reach) + string(radius)
	for _, s := range w.secrets {
		for _, v := range w.server(s.vault).Versions(s.name) {
			if len(v.Value) > 8 && strings.Contains(stored, v.Value) {
				t.Errorf("a value of %s is in the journal, the plan or the ledger", s.full())
			}
		}
	}
}
