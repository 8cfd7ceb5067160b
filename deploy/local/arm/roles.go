package arm

import (
	"regexp"
	"strings"
)

// Permission is one block of a role definition. Wildcards are allowed everywhere.
type Permission struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

// Definition is a role definition. Name is its GUID.
type Definition struct {
	Name        string
	Role        string
	Custom      bool
	Permissions []Permission
}

// Assignment gives a principal a role at a scope.
type Assignment struct {
	Name        string // a GUID
	Scope       string
	Role        string // the definition's GUID
	PrincipalID string
	Kind        string // ServicePrincipal, Group, User
	Condition   string
}

// ID is the assignment's resource id.
func (a Assignment) ID() string { return assignmentID(a.Scope, a.Name) }

func assignmentID(scope, name string) string {
	return strings.TrimSuffix(scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + name
}

// Deny is a deny assignment: only Azure itself makes them.
type Deny struct {
	Name       string
	Scope      string
	Principals []string // object ids; the nil GUID is everybody
	Excluded   []string
	Permission Permission
}

// everybody is the principal of a deny assignment that names all.
const everybody = "00000000-0000-0000-0000-000000000000"

// The built-in roles that matter here, with their true ids (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
const (
	Owner                    = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	Contributor              = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	Reader                   = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	UserAccessAdministrator  = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
	RBACAdministrator        = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
	VaultAdministrator       = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
	VaultSecretsOfficer      = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
	VaultSecretsUser         = "4633458b-17de-408a-b874-0445c86b69e6"
	VaultCertificateUser     = "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"
	VaultReader              = "21090545-7ca7-4776-b22c-e363652d74d2"
	VaultCertificatesOfficer = "a4417e6f-fecd-4de8-b567-7b0420556985"
	VaultCryptoUser          = "12338af0-0e69-4776-bea7-57ae8d297424"
	VaultAccessAdministrator = "8b54135c-b56d-4d72-a534-26097cfdc8d8"
	VaultContributor         = "f25e0fa2-a7c8-4377-a976-54943a77a395"
	StorageKeyOperator       = "81a9662b-bebf-436f-a333-f67b29880f12"
	IdentityContributor      = "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59"
)

func builtin() map[string]Definition {
	const secrets, vaults = "Microsoft.KeyVault/vaults/secrets/", "Microsoft.KeyVault/vaults/"
	read := []string{"Microsoft.Authorization/*/read", "Microsoft.KeyVault/vaults/*/read"}
	readMeta := secrets + "readMetadata/action"
	rights := []string{"Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"}
	out := map[string]Definition{}
	for _, d := range []Definition{
		{Name: Owner, Role: "Owner", Permissions: []Permission{{Actions: []string{"*"}}}},
		{Name: Contributor, Role: "Contributor", Permissions: []Permission{{Actions: []string{"*"}, NotActions: []string{
			"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
		}}}},
		{Name: Reader, Role: "Reader", Permissions: []Permission{{Actions: []string{"*/read"}}}},
		{Name: UserAccessAdministrator, Role: "User Access Administrator", Permissions: []Permission{{Actions: []string{"*/read", "Microsoft.Authorization/*"}}}},
		{Name: RBACAdministrator, Role: "Role Based Access Control Administrator", Permissions: []Permission{{Actions: append(rights, "*/read")}}},
		{Name: VaultAdministrator, Role: "Key Vault Administrator", Permissions: []Permission{{Actions: read, DataActions: []string{vaults + "*"}}}},
		{Name: VaultSecretsOfficer, Role: "Key Vault Secrets Officer", Permissions: []Permission{{Actions: read, DataActions: []string{secrets + "*"}}}},
		{Name: VaultSecretsUser, Role: "Key Vault Secrets User", Permissions: []Permission{{DataActions: []string{secrets + "getSecret/action", readMeta}}}},
		{Name: VaultCertificateUser, Role: "Key Vault Certificate User", Permissions: []Permission{{DataActions: []string{
			vaults + "certificates/read", secrets + "getSecret/action", readMeta, vaults + "keys/read",
		}}}},
		{Name: VaultReader, Role: "Key Vault Reader", Permissions: []Permission{{Actions: read, DataActions: []string{vaults + "*/read", readMeta}}}},
		{Name: VaultCertificatesOfficer, Role: "Key Vault Certificates Officer", Permissions: []Permission{{Actions: read, DataActions: []string{
			vaults + "certificatecas/*", vaults + "certificates/*", vaults + "certificatecontacts/write",
		}}}},
		{Name: VaultCryptoUser, Role: "Key Vault Crypto User", Permissions: []Permission{{DataActions: []string{
			vaults + "keys/read", vaults + "keys/sign/action", vaults + "keys/verify/action", vaults + "keys/encrypt/action", vaults + "keys/decrypt/action",
		}}}},
		{Name: VaultAccessAdministrator, Role: "Key Vault Data Access Administrator", Permissions: []Permission{{Actions: append(rights, read...)}}},
		{Name: VaultContributor, Role: "Key Vault Contributor", Permissions: []Permission{{
			Actions: []string{"Microsoft.Authorization/*/read", "Microsoft.KeyVault/*"}, NotActions: []string{"Microsoft.KeyVault/locations/deletedVaults/purge/action"},
		}}},
		{Name: StorageKeyOperator, Role: "Storage Account Key Operator Service Role", Permissions: []Permission{{Actions: []string{
			"Microsoft.Storage/storageAccounts/listkeys/action", "Microsoft.Storage/storageAccounts/regeneratekey/action",
		}}}},
		{Name: IdentityContributor, Role: "Managed Identity Contributor", Permissions: []Permission{{Actions: []string{
			"Microsoft.ManagedIdentity/userAssignedIdentities/read", "Microsoft.ManagedIdentity/userAssignedIdentities/write",
			"Microsoft.ManagedIdentity/userAssignedIdentities/delete", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*",
		}}}},
	} {
		out[d.Name] = d
	}
	return out
}

// matches reports whether a pattern with wildcards covers an action. A wildcard also covers slashes.
func matches(pattern, action string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	rest, ok := strings.CutPrefix(strings.ToLower(action), parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

func anyMatches(patterns []string, action string) bool {
	for _, p := range patterns {
		if matches(p, action) {
			return true
		}
	}
	return false
}

// allows reports whether one of the blocks allows an action.
func allows(blocks []Permission, action string, data bool) bool {
	for _, p := range blocks {
		yes, no := p.Actions, p.NotActions
		if data {
			yes, no = p.DataActions, p.NotDataActions
		}
		if anyMatches(yes, action) && !anyMatches(no, action) {
			return true
		}
	}
	return false
}

var byName = regexp.MustCompile(`@Resource\[Microsoft\.KeyVault/vaults/secrets:name\] (StringStartsWith|StringEquals) '([^']*)'`)

// holds evaluates the one kind of condition that vaults know, on the secret's name. Any other one does not hold: the local
// cloud does not guess.
func holds(condition, object string) bool {
	if condition == "" {
		return true
	}
	m := byName.FindStringSubmatch(condition)
	if m == nil {
		return false
	}
	_, secret, _ := strings.Cut(strings.ToLower(object), "/secrets/")
	if m[1] == "StringEquals" {
		return secret == strings.ToLower(m[2])
	}
	return secret != "" && strings.HasPrefix(secret, strings.ToLower(m[2]))
}
