package tenant_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rekey/deploy/local/tenant"
	"rekey/shared/network"
)

var unseen = cmp.Options{cmpopts.IgnoreUnexported(tenant.Tenant{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}

func TestTheSameSeedGivesTheSameTenant(t *testing.T) {
	if diff := cmp.Diff(tenant.New(7), tenant.New(7), unseen); diff != "" {
		t.Errorf("the tenant differs:\n%s", diff)
	}
	if tenant.New(7).Victim.ObjectID == tenant.New(8).Victim.ObjectID {
		t.Error("another seed gives the same ids")
	}
}

func TestEveryKindOfPrincipalIsInTheTenant(t *testing.T) {
	world := tenant.New(1)
	kinds, ids := map[tenant.Kind]int{}, map[string]bool{}
	for _, p := range world.Principals {
		kinds[p.Kind]++
		for _, id := range []string{p.AppID, p.ObjectID, p.ApplicationObjectID} {
			if id != "" && ids[id] {
				t.Errorf("%s shares the id %s", p.Name, id)
			}
			ids[id] = true
		}
	}
	want := map[tenant.Kind]int{
		tenant.KindJob: 14, tenant.KindDaemon: 11, tenant.KindPool: 6, tenant.KindManagedIdentity: 3,
		tenant.KindMultiTenant: 2, tenant.KindSAML: 2, tenant.KindForeign: 2, tenant.KindLegacy: 2,
	}
	if diff := cmp.Diff(want, kinds); diff != "" || len(world.Principals) < 40 {
		t.Errorf("kinds of %d principals (-want +got):\n%s", len(world.Principals), diff)
	}
}

func TestTheVictimHasMoreCredentialsThanAnybodyRemembers(t *testing.T) {
	world := tenant.New(1)
	a, sp := world.ApplicationOf(world.Victim), world.ServicePrincipalOf(world.Victim)
	got := []int{
		len(a.PasswordCredentials), len(a.KeyCredentials), len(a.FederatedIdentityCredentials),
		len(sp.PasswordCredentials), len(sp.KeyCredentials),
	}
	if diff := cmp.Diff([]int{2, 1, 1, 1, 1}, got); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	if world.Victim.Credential.KeyID != a.PasswordCredentials[0].KeyID || a.ID != world.Victim.ApplicationObjectID {
		t.Error("the victim does not sign in with its application's first secret")
	}
}

func TestWhatKindsHaveInTheDirectory(t *testing.T) {
	tests := map[string]struct {
		name        string
		application bool
		check       func(world *tenant.Tenant, sp *tenant.ServicePrincipal) bool
	}{
		"a managed identity has no application, and an ARM id": {"contoso-identity-01", false, func(_ *tenant.Tenant, sp *tenant.ServicePrincipal) bool {
			return sp.ServicePrincipalType == "ManagedIdentity" && strings.Contains(sp.AlternativeNames[1], "/userAssignedIdentities/")
		}},
		"a foreign app belongs to another tenant": {"contoso-partner-app-01", false, func(world *tenant.Tenant, sp *tenant.ServicePrincipal) bool {
			return sp.AppOwnerOrganizationID != world.ID && sp.AppOwnerOrganizationID != ""
		}},
		"a legacy principal holds its own secret": {"contoso-legacy-01", false, func(_ *tenant.Tenant, sp *tenant.ServicePrincipal) bool {
			return sp.ServicePrincipalType == "Legacy" && len(sp.PasswordCredentials) == 1
		}},
		"a multi-tenant app says so": {"contoso-shared-app-01", true, func(world *tenant.Tenant, sp *tenant.ServicePrincipal) bool {
			return world.ApplicationOf(world.Find("contoso-shared-app-01")).SignInAudience == "AzureADMultipleOrgs"
		}},
		"a SAML app has a signing key, its public twin and the password that opens it": {"contoso-saml-01", true, func(_ *tenant.Tenant, sp *tenant.ServicePrincipal) bool {
			sign, verify := sp.KeyCredentials[0], sp.KeyCredentials[1]
			return sign.Usage == "Sign" && sign.Key == nil && verify.Usage == "Verify" && bytes.Equal(sign.CustomKeyIdentifier, verify.CustomKeyIdentifier) &&
				sp.PasswordCredentials[0].KeyID == sign.KeyID && sp.PreferredTokenSigningKeyThumbprint != ""
		}},
	}
	world := tenant.New(1)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := world.Find(test.name)
			if has := world.ApplicationOf(p) != nil; has != test.application || has != (p.ApplicationObjectID != "") {
				t.Errorf("%s has an application object: %v", test.name, has)
			}
			if sp := world.ServicePrincipalOf(p); !test.check(world, sp) {
				t.Errorf("service principal is %+v", sp)
			}
		})
	}
}

func TestCertificatesAreCertificates(t *testing.T) {
	world := tenant.New(1)
	keys := map[string][]tenant.KeyCredential{}
	for _, a := range world.Applications {
		keys[a.DisplayName] = append(keys[a.DisplayName], a.KeyCredentials...)
	}
	for _, sp := range world.ServicePrincipals {
		keys[sp.DisplayName] = append(keys[sp.DisplayName], sp.KeyCredentials...)
	}
	seen := 0
	for name, list := range keys {
		for _, k := range list {
			if k.Key == nil {
				continue
			}
			seen++
			c, err := x509.ParseCertificate(k.Key)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			sum := sha1.Sum(k.Key)
			if !bytes.Equal(sum[:], k.CustomKeyIdentifier) || c.PublicKeyAlgorithm != x509.RSA || k.EndDateTime.After(c.NotAfter) {
				t.Errorf("%s: the credential and its certificate disagree", name)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d certificates", seen)
	}
}

func TestTheAddressTableKnowsEveryNetwork(t *testing.T) {
	world := tenant.New(1)
	table, err := network.Load(bytes.NewReader(world.NetworksCSV()))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range world.Networks {
		got, ok := table.Lookup(n.Prefix.Addr().Next())
		if !ok || got.ASN != n.ASN || got.ASName != n.Name || got.Country != n.Country {
			t.Errorf("%s is %+v in the table", n.Prefix, got)
		}
	}
}
