package vault_test

import (
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"

	"rekey/deploy/local/arm"
	"rekey/shared/azure/vault"
)

// certificate makes an exportable certificate as somebody who may.
func (s *safe) certificate(t *testing.T, name string) {
	t.Helper()
	if err := s.ARM.Build(func(w arm.World) {
		w.Assign(arm.Assignment{Scope: kv, Role: arm.VaultCertificatesOfficer, PrincipalID: officer})
	}); err != nil {
		t.Fatal(err)
	}
	c, err := azcertificates.NewClient(s.url, s.credential(t, officer), &azcertificates.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: s.Client()}, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	policy := &azcertificates.CertificatePolicy{
		IssuerParameters:          &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
		KeyProperties:             &azcertificates.KeyProperties{Exportable: to.Ptr(true), KeyType: to.Ptr(azcertificates.KeyTypeRSA), KeySize: to.Ptr(int32(2048)), ReuseKey: to.Ptr(true)},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: to.Ptr("CN=web"), ValidityInMonths: to.Ptr(int32(12))},
	}
	if _, err := c.CreateCertificate(t.Context(), name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil); err != nil {
		t.Fatal(err)
	}
	wait(t, s.holder(t, officer), name)
}

func (s *safe) credential(t *testing.T, oid string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(s.client(oid))})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func (s *safe) holder(t *testing.T, oid string) *vault.Client {
	t.Helper()
	v, err := vault.New(s.url, s.credential(t, oid), vault.Options{AnyHost: true, ClientOptions: azcore.ClientOptions{Transport: s.Client()}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEachMethodForCertificatesNeedsExactlyTheDataActionsItDeclares(t *testing.T) {
	s := unlock(t, true)
	s.certificate(t, "web")
	old, err := s.holder(t, officer).Get(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	c, ctx := s.holder(t, nobody), t.Context()
	methods := map[string]func() error{
		"Get":     func() error { _, err := c.Get(ctx, "web"); return err },
		"Renew":   func() error { _, err := c.Renew(ctx, "web", map[string]string{"rekey-operation": "op1"}); return err },
		"Disable": func() error { return c.Disable(ctx, "web", old.Version) },
	}
	if len(methods) != len(vault.CertificatePermissions) {
		t.Fatalf("%d methods, %d declared", len(methods), len(vault.CertificatePermissions))
	}
	with := func(name string, actions []string, do func() error) error {
		t.Helper()
		id := ""
		if err := s.ARM.Build(func(w arm.World) {
			id = w.Assign(arm.Assignment{Name: name, Scope: kv, Role: w.Define(name, arm.Permission{DataActions: actions}), PrincipalID: nobody})
		}); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.ARM.Build(func(w arm.World) { w.Unassign(id) }); err != nil {
				t.Fatal(err)
			}
		}()
		return do()
	}
	for name, do := range methods {
		if err := do(); !errors.Is(err, vault.ErrRights) {
			t.Errorf("%s without any right: %v", name, err)
		}
	}
	for name, do := range methods {
		all := vault.CertificatePermissions[name]
		for i := range all {
			less := append(append([]string{}, all[:i]...), all[i+1:]...)
			if err := with(name, less, do); !errors.Is(err, vault.ErrRights) {
				t.Errorf("%s without %s: %v", name, all[i], err)
			}
		}
		if err := with(name, all, do); err != nil {
			t.Errorf("%s with what it declares: %v", name, err)
		}
	}
}

func TestTheKeyOfADisabledCertificateIsNotHandedOut(t *testing.T) {
	s := unlock(t, true)
	s.certificate(t, "web")
	v, secrets := s.holder(t, officer), s.as(t, officer)
	old, err := v.Get(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := v.Renew(t.Context(), "web", map[string]string{"rekey-operation": "op1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := secrets.Disable(t.Context(), "web", old.Version); !errors.Is(err, vault.ErrManaged) {
		t.Errorf("the secret of a certificate is the certificate's: %v", err)
	}
	if _, err := secrets.Get(t.Context(), "web", old.Version); err != nil {
		t.Fatalf("before: %v", err)
	}
	for range 2 {
		if err := v.Disable(t.Context(), "web", old.Version); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := secrets.Get(t.Context(), "web", old.Version); !errors.Is(err, vault.ErrDisabled) {
		t.Errorf("the old key: %v", err)
	}
	if s, err := secrets.Get(t.Context(), "web", ""); err != nil || s.Version != fresh.Version {
		t.Errorf("the new key: %+v (%v)", s.Version, err)
	}
	if err := v.Disable(t.Context(), "web", ""); err == nil {
		t.Error("no version was named, and the newest one was disabled")
	}
}
