package rotate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/keyvault"
	plan "rekey/shared/rotate"
)

func TestAClientSecretIsRotatedWhereItIsAndByWhicheverIdItsTagHas(t *testing.T) {
	const app, appObject, sp = "bbbbbbbb-1111-4222-8333-000000000007", "bbbbbbbb-2222-4222-8333-000000000007", "bbbbbbbb-3333-4222-8333-000000000007"
	for name, tt := range map[string]struct {
		tag          string
		onPrincipal  bool
		untagged, ok bool
	}{
		"of the application, by its application id":     {tag: app, ok: true},
		"of the application, by its object id":          {tag: "https://graph.microsoft.com/v1.0/applications/" + appObject, ok: true},
		"of the application, by its service principal":  {tag: sp, ok: true},
		"of the service principal, by its object id":    {tag: "https://graph.microsoft.com/v1.0/servicePrincipals/" + sp, onPrincipal: true, ok: true},
		"of the service principal, by application id":   {tag: app, onPrincipal: true, ok: true},
		"of the service principal, found by its hint":   {tag: app, onPrincipal: true, untagged: true, ok: true},
		"of an application that the tenant has nowhere": {tag: "dddddddd-1111-4222-8333-000000000007"},
	} {
		t.Run(name, func(t *testing.T) {
			key, value := "cccccccc-1111-4222-8333-000000000007", "a7b~client-secret-of-the-world"
			w := build(t, 1, func(w *world, f *furniture) {
				then := time.Now().AddDate(0, -1, 0).UTC()
				old := []directory.PasswordCredential{{KeyID: key, Hint: value[:3], Digest: directory.Digest(value), StartDateTime: then, EndDateTime: then.AddDate(1, 0, 0)}}
				a := directory.Object{ID: appObject, AppID: app, DisplayName: "pay"}
				s := directory.Object{ID: sp, AppID: app, DisplayName: "pay", ServicePrincipalType: "Application", AccountEnabled: true, AppOwnerOrganizationID: tenantID}
				if a.PasswordCredentials = old; tt.onPrincipal {
					a.PasswordCredentials, s.PasswordCredentials = nil, old
				}
				f.apps, f.sps = append(f.apps, a), append(f.sps, s)
				tags := map[string]string{"ProviderAddress": tt.tag, "CredentialId": key}
				if tt.untagged {
					delete(tags, "CredentialId")
				}
				f.secrets[vaultName(0)]["pay"] = keyvault.Secret{Value: value, Tags: tags}
				f.reads = []string{vaultName(0) + "/pay"}
			})
			j := w.drive(t, func() error { return w.handle(t, "one") })
			if i := j.Items[0]; (i.Status == plan.Done) != tt.ok {
				t.Fatalf("%s is %s: %s %s", i.Key, i.Status, i.Reason, i.Note)
			}
			if !tt.ok {
				return
			}
			vs := w.server(vaultName(0)).Versions("pay")
			newest := vs[len(vs)-1]
			count := map[bool]int{}
			for collection, id := range map[string]string{directory.Applications: appObject, directory.ServicePrincipals: sp} {
				o, _ := w.Directory.Get(collection, id)
				for _, p := range o.PasswordCredentials {
					if count[collection == directory.ServicePrincipals]++; p.KeyID == key || p.Digest != directory.Digest(newest.Value) {
						t.Errorf("%s has %s, and the vault something else", collection, p.KeyID)
					}
				}
			}
			if fmt.Sprint(count) != fmt.Sprint(map[bool]int{tt.onPrincipal: 1}) || newest.Value == value || strings.Contains(fmt.Sprint(j.Items[0]), newest.Value) {
				t.Errorf("client secrets by whether a principal has them: %v", count)
			}
		})
	}
}
