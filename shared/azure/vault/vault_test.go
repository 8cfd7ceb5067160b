package vault_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // thumbprints are defined with it
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"rekey/deploy/local/cloud"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/keyvault"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
)

func open(t *testing.T, clientID string, roles ...string) (*vault.Client, *azidentity.ManagedIdentityCredential, *cloud.Cloud) {
	t.Helper()
	clientID = fmt.Sprintf("%s-%d", clientID, runs.Add(1)) // azidentity keeps tokens for the whole process
	c, err := cloud.Start(t.Context(), cloud.Config{
		Dir: t.TempDir(), TenantID: "aaaaaaaa-0000-4000-8000-000000000000", Identities: []entra.Identity{{ClientID: clientID, Roles: map[string][]string{keyvault.Audience: roles}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for k, v := range c.Env() {
		t.Setenv(k, v)
	}
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(clientID)})
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.New(c.VaultURL, cred, vault.Options{ClientOptions: azcore.ClientOptions{Transport: c.Client()}, AnyHost: true})
	if err != nil {
		t.Fatal(err)
	}
	return v, cred, c
}

func TestACertificateIsMadeOnceAndItsKeySignsButIsNeverShown(t *testing.T) {
	v, cred, c := open(t, "11111111-0000-4000-8000-000000000001", keyvault.RoleCertificates, keyvault.RoleCrypto)
	first, err := v.Make(t.Context(), "rekey-c1", "rekey-c1", vault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := v.Make(t.Context(), "rekey-c1", "rekey-c1", vault.Wish{})
	if err != nil || again.Version != first.Version || len(c.Vault.Certificates()) != 1 {
		t.Errorf("making it again gave version %s after %s (%v)", again.Version, first.Version, err)
	}
	digest := sha256.Sum256([]byte("x"))
	signature, err := v.SignPS256(t.Context(), "rekey-c1", digest[:])
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(first.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPSS(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature, nil); err != nil {
		t.Error(err)
	}
	secrets, err := azsecrets.NewClient(c.VaultURL, cred, &azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: c.Client()}, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = secrets.GetSecret(context.Background(), "rekey-c1", "", nil)
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden {
		t.Errorf("the private key was asked for as a secret: %v", err)
	}
}

func TestAMissingRoleIsDenied(t *testing.T) {
	v, _, _ := open(t, "11111111-0000-4000-8000-000000000002", keyvault.RoleCrypto)
	if _, err := v.Make(t.Context(), "rekey-c1", "rekey-c1", vault.Wish{}); !errors.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

func TestACertificateIsRenewedOnceForEachOperationWithANewKey(t *testing.T) {
	v, cred, c := open(t, "11111111-0000-4000-8000-000000000003", keyvault.RoleCertificates, keyvault.RoleSecrets)
	opts := azcore.ClientOptions{Transport: c.Client()}
	certs, err := azcertificates.NewClient(c.VaultURL, cred, &azcertificates.ClientOptions{ClientOptions: opts, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	policy := &azcertificates.CertificatePolicy{
		IssuerParameters:          &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
		KeyProperties:             &azcertificates.KeyProperties{Exportable: to.Ptr(true), KeyType: to.Ptr(azcertificates.KeyTypeRSA), KeySize: to.Ptr(int32(2048)), ReuseKey: to.Ptr(true)},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=web"), ValidityInMonths: to.Ptr(int32(12))},
	}
	if _, err := certs.CreateCertificate(t.Context(), "web", azcertificates.CreateCertificateParameters{CertificatePolicy: policy, Tags: map[string]*string{"owner": to.Ptr("shop")}}, nil); err != nil {
		t.Fatal(err)
	}
	old := wait(t, v, "web")
	secrets, err := vault.OpenSecrets(c.VaultURL, cred, vault.Options{ClientOptions: opts, AnyHost: true})
	if err != nil {
		t.Fatal(err)
	}
	before, err := secrets.Get(t.Context(), "web", "")
	if err != nil || !before.Managed || before.Version != old.Version {
		t.Fatalf("%+v (%v)", before, err)
	}
	var fresh vault.Certificate
	for range 2 {
		if fresh, err = v.Renew(t.Context(), "web", map[string]string{"rekey-operation": "op1"}); err != nil {
			t.Fatal(err)
		}
	}
	after, err := secrets.Get(t.Context(), "web", "")
	if err != nil || after.Version != fresh.Version || fresh.Version == old.Version || after.Tags["owner"] != "shop" {
		t.Fatalf("%+v (%v)", after, err)
	}
	key := func(s string) string { return s[:strings.Index(s, "-----END PRIVATE KEY")] }
	if key(after.Value.Reveal()) == key(before.Value.Reveal()) {
		t.Error("the key is the old one")
	}
	if all, err := secrets.Versions(t.Context(), "web"); err != nil || len(all) != 2 {
		t.Errorf("%d versions (%v)", len(all), err)
	}
	if again, err := v.Renew(t.Context(), "web", map[string]string{"rekey-operation": "op2"}); err != nil || again.Version == fresh.Version {
		t.Errorf("the next operation: %+v (%v)", again, err)
	}
	if _, err := v.Renew(t.Context(), "web", nil); !errors.Is(err, fault.Denied) {
		t.Errorf("without a tag: %v", err)
	}
	if _, err := v.Renew(t.Context(), "none", map[string]string{"a": "b"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// wait reads a certificate until it is made.
func wait(t *testing.T, v *vault.Client, name string) vault.Certificate {
	t.Helper()
	for {
		c, err := v.Get(t.Context(), name)
		if err == nil {
			return c
		}
		if !errors.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestACertificateIsAsItIsWishedFor(t *testing.T) {
	v, cred, c := open(t, "11111111-0000-4000-8000-00000000000e", keyvault.RoleCertificates, keyvault.RoleCrypto)
	day := 24 * time.Hour
	for name, tt := range map[string]struct {
		wish   vault.Wish
		months int
	}{
		"short": {vault.Wish{Valid: day}, 1}, "a month and a day": {vault.Wish{Valid: 31 * day}, 2}, "three months": {vault.Wish{}, 3},
	} {
		cert, err := v.Make(t.Context(), "c"+fmt.Sprint(tt.months), name, tt.wish)
		if err != nil {
			t.Fatal(err)
		}
		if want := cert.Start.AddDate(0, tt.months, 0); cert.End.Sub(want).Abs() > 2*day {
			t.Errorf("%s: it ends %s, want about %s", name, cert.End, want)
		}
	}
	if _, err := v.Make(t.Context(), "loadable", "x", vault.Wish{Exportable: true}); err != nil {
		t.Fatal(err)
	}
	certificates, err := azcertificates.NewClient(c.VaultURL, cred, &azcertificates.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: c.Client()}, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"loadable": true, "c1": false} {
		p, err := certificates.GetCertificatePolicy(t.Context(), name, nil)
		if err != nil || *p.KeyProperties.Exportable != want {
			t.Errorf("%s can be loaded: %v (%v), want %v", name, !want, err, want)
		}
	}
}

func TestACertificateIsFoundByItsThumbprintAndItsKeySignsAProof(t *testing.T) {
	v, _, _ := open(t, "11111111-0000-4000-8000-000000000002", keyvault.RoleCertificates, keyvault.RoleCrypto)
	var last vault.Certificate
	for _, name := range []string{"rekey-c1", "rekey-c2", "rekey-c3"} { // more than the local vault has on a page
		var err error
		if last, err = v.Make(t.Context(), name, name, vault.Wish{}); err != nil {
			t.Fatal(err)
		}
	}
	thumbprint := fmt.Sprintf("%X", sha1.Sum(last.DER)) //nolint:gosec // thumbprints are defined with it
	found, err := v.Find(t.Context(), []string{"00", thumbprint})
	if err != nil || found.Name != "rekey-c3" || found.Version != last.Version {
		t.Fatalf("%+v %v", found, err)
	}
	digest := sha256.Sum256([]byte("a proof"))
	signature, err := v.SignRS256(t.Context(), found.Name, found.Version, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(found.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	if _, err := v.Find(t.Context(), []string{"00"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("what no certificate has is found: %v", err)
	}
	if err := v.Disable(t.Context(), found.Name, found.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Find(t.Context(), []string{thumbprint}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a disabled one is found: %v", err)
	}
}
