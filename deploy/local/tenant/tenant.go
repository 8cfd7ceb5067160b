package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Tenant is the whole description. It is made once and then only read.
type Tenant struct {
	ID                string // tenant id
	Domain            string
	SubscriptionID    string
	Users             []User
	Principals        []*Principal // in a fixed order
	Victim            *Principal   // one of Principals
	Applications      []Application
	ServicePrincipals []ServicePrincipal // of Principals, and of the resources they use
	Vaults            []Vault
	Networks          []*Network // whatever an address of any record belongs to

	seed uint64
}

// User is a person, who administers or just uses an application.
type User struct {
	ID                string
	DisplayName       string
	UserPrincipalName string
	Admin             bool
}

// Vault is a key vault and the names of its secrets.
type Vault struct {
	Name       string
	ResourceID string // in ARM's usual spelling
	Secrets    []string
}

// New describes the tenant of a seed.
func New(seed uint64) *Tenant {
	t := &Tenant{seed: seed, Domain: "contoso.example", Networks: networks()}
	t.ID, t.SubscriptionID = t.guid("tenant"), t.guid("subscription")
	for i, name := range []string{"Avery Admin", "Blake Builder", "Casey Clerk", "Devon Driver", "Ellis Editor"} {
		first, _, _ := strings.Cut(strings.ToLower(name), " ")
		t.Users = append(t.Users, User{t.guid("user", name), name, first + "@" + t.Domain, i == 0})
	}
	for _, name := range []string{"contoso-payroll", "contoso-shared"} {
		t.Vaults = append(t.Vaults, Vault{
			Name: name, Secrets: []string{"database-password", "storage-key", "partner-api-token"},
			ResourceID: fmt.Sprintf("/subscriptions/%s/resourceGroups/contoso-rg/providers/Microsoft.KeyVault/vaults/%s", t.SubscriptionID, name),
		})
	}
	t.cast()
	for _, r := range resources {
		t.ServicePrincipals = append(t.ServicePrincipals, t.firstParty(r))
	}
	return t
}

// Find returns the principal of a name, or nil.
func (t *Tenant) Find(name string) *Principal {
	for _, p := range t.Principals {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Bystander returns a workload of the tenant's own that nobody attacks, for people to try things on. It signs in with a
// federated credential, which can be put back.
func (t *Tenant) Bystander() *Principal {
	for _, p := range t.Principals {
		if p.Kind == KindPool && p.ObjectID != t.Victim.ObjectID {
			return p
		}
	}
	panic("tenant: every workload is attacked")
}

// source is a stream of random numbers that belongs to the tenant and what the parts name.
func (t *Tenant) source(parts ...any) *rand.Rand {
	sum := sha256.Sum256(fmt.Append(nil, append([]any{t.seed}, parts...)))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:]))) //nolint:gosec // repeatable on purpose
}

// guid is the id of what the parts name.
func (t *Tenant) guid(parts ...any) string { return guid(t.source(append(parts, "guid")...)) }

// guid draws a random (version 4) GUID.
func guid(r *rand.Rand) string {
	hi, lo := r.Uint64()&^0xf000|0x4000, r.Uint64()&^(3<<62)|2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&0xffffffffffff)
}
