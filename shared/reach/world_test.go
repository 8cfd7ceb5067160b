package reach_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/reach"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	sub1   = "11111111-0000-0000-0000-000000000000"
	sub2   = "22222222-0000-0000-0000-000000000000"
	sp     = "sp-billing"
	group  = "grp-readers"
	app    = "aaaaaaaa-1111-2222-3333-444444444444"
	other  = "bbbbbbbb-1111-2222-3333-444444444444"
	keyID  = "cccccccc-1111-2222-3333-444444444444"
	v1, v2 = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
)

var (
	now    = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	hasher = baseline.NewHasher([16]byte([]byte("0123456789abcdef")))
)

func vaultID(sub, name string) string {
	return "/subscriptions/" + sub + "/resourceGroups/prod/providers/Microsoft.KeyVault/vaults/" + name
}

func storageID(name string) string {
	return "/subscriptions/" + sub1 + "/resourceGroups/prod/providers/Microsoft.Storage/storageAccounts/" + name
}

func groupID(name string) string { return "/providers/Microsoft.Management/managementGroups/" + name }

func vault(sub, name string, edit ...func(*reach.Vault)) reach.Vault {
	v := reach.Vault{
		ID: vaultID(sub, name), Name: name, Subscription: sub, RBAC: true, Policies: reach.ListOf[reach.Policy](), Log: reach.LogComplete,
		Secrets: reach.ListOf(reach.Secret{Name: "db", Version: v1, Enabled: true}, reach.Secret{Name: "api", Enabled: true}),
	}
	for _, e := range edit {
		e(&v)
	}
	return v
}

func policies(v *reach.Vault, p ...reach.Policy) { v.RBAC, v.Policies = false, reach.ListOf(p...) }

var roles = map[string]reach.Role{}

func role(name string, blocks ...reach.Block) string {
	id := "/providers/Microsoft.Authorization/roleDefinitions/" + name
	roles[strings.ToLower(id)] = reach.Role{ID: id, Name: name, Blocks: blocks}
	return id
}

var (
	secretsUser = role("Key Vault Secrets User", reach.Block{DataActions: []string{"Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"}})
	kvAdmin     = role("Key Vault Administrator", reach.Block{DataActions: []string{"Microsoft.KeyVault/vaults/*"}})
	certOfficer = role("Key Vault Certificates Officer", reach.Block{DataActions: []string{"Microsoft.KeyVault/vaults/certificatecas/*", "Microsoft.KeyVault/vaults/certificates/*"}})
	allButRead  = role("Everything but values", reach.Block{DataActions: []string{"Microsoft.KeyVault/*"}, NotDataActions: []string{"Microsoft.KeyVault/vaults/secrets/getSecret/*", "*/backup/action"}})
	backupOnly  = role("Backup operator", reach.Block{DataActions: []string{"Microsoft.KeyVault/vaults/*/backup/action"}})
	owner       = role("Owner", reach.Block{Actions: []string{"*"}})
	contributor = role("Contributor", reach.Block{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"}})
	uaa         = role("User Access Administrator", reach.Block{Actions: []string{"*/read", "Microsoft.Authorization/*"}})
	dataAdmin   = role("Key Vault Data Access Administrator", reach.Block{Actions: []string{"Microsoft.Authorization/roleAssignments/write"}})
	kvContrib   = role("Key Vault Contributor", reach.Block{Actions: []string{"Microsoft.KeyVault/*"}})
	policyOnly  = role("Policy writer", reach.Block{Actions: []string{"Microsoft.KeyVault/vaults/accessPolicies/write"}})
	deployer    = role("Deployer", reach.Block{Actions: []string{"Microsoft.KeyVault/vaults/deploy/action"}})
	reader      = role("Reader", reach.Block{Actions: []string{"*/read"}})
	delegator   = role("Storage Blob Delegator", reach.Block{Actions: []string{"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"}})
	blobReader  = role("Storage Blob Data Reader", reach.Block{
		Actions:     []string{"Microsoft.Storage/storageAccounts/blobServices/containers/read", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"},
		DataActions: []string{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"},
	})
)

func assigned(roleID, scope string) reach.Assignment {
	return reach.Assignment{ID: scope + "/ra/" + roleID, Scope: scope, RoleID: roleID, PrincipalID: sp}
}

// facts is a principal of which everything was read, and which had and did nothing.
func facts(vaults ...reach.Vault) reach.Facts {
	return reach.Facts{
		Principal: sp, AppID: app, Name: "billing", From: now.Add(-48 * time.Hour), To: now, Index: &exposure.Index{}, Hasher: hasher,
		Rights: reach.Rights{
			Assignments: reach.ListOf[reach.Assignment](), Eligible: reach.ListOf[reach.Assignment](), Roles: roles, Groups: reach.ListOf(group), Denies: reach.ListOf[reach.Deny](),
			Parents: map[string][]string{sub1: {groupID("root"), groupID("prod")}, sub2: {groupID("root"), groupID("dev")}},
		},
		Vaults: reach.ListOf(vaults...), Resources: reach.ListOf[reach.Resource](),
	}
}

func read(x *exposure.Index, ago time.Duration, operation, vault, object, version string) {
	x.Observe(hasher, &event.Event{
		Time: now.Add(-ago), Kind: event.KindVaultAccess, Principal: event.Principal{ObjectID: sp}, Caller: netip.MustParseAddr("198.51.100.7"),
		Vault: &event.VaultOperation{Operation: operation, Status: 200, Vault: vault, Object: object, Version: version},
	})
}

func keysRead(x *exposure.Index, ago time.Duration, operation, id string) {
	x.Observe(hasher, &event.Event{
		Time: now.Add(-ago), Principal: event.Principal{ObjectID: sp}, Caller: netip.MustParseAddr("198.51.100.7"),
		Azure: &event.AzureOperation{Operation: operation, Scope: strings.ToLower(id), Status: "Success"},
	})
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", path, diff)
	}
}
