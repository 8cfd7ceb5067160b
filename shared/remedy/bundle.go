package remedy

import (
	"encoding/json"
	"slices"

	"rekey/shared/fault"
)

// Bundle is what was there before the first change: what undo restores from. It holds the inventory, and beside it what the
// plan takes away and the inventory does not describe well enough to make it again.
type Bundle struct {
	Inventory
	Version     int          `json:"version"`
	Operation   string       `json:"operation"`
	Assignments []RoleGiven  `json:"roleAssignments,omitempty"`
	Policies    []VaultEntry `json:"vaultPolicies,omitempty"`
	Managed     []Federated  `json:"managedFederated,omitempty"` // of managed identities; ID is the ARM id
	Planted     []Object     `json:"planted,omitempty"`          // objects from which something planted is removed
	Missing     []string     `json:"missing,omitempty"`          // what could not be read: undo cannot bring it back
}

// RoleGiven is an Azure role assignment, whole: it is put back under its own id.
type RoleGiven struct {
	ID               string `json:"id"`
	RoleID           string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType"`
	Condition        string `json:"condition,omitempty"`
	ConditionVersion string `json:"conditionVersion,omitempty"`
	Description      string `json:"description,omitempty"`
}

// VaultEntry is an entry of a vault's access policies.
type VaultEntry struct {
	Vault         string   `json:"vault"` // ARM id
	TenantID      string   `json:"tenantId"`
	ObjectID      string   `json:"objectId"`
	ApplicationID string   `json:"applicationId,omitempty"`
	Secrets       []string `json:"secrets,omitempty"`
	Keys          []string `json:"keys,omitempty"`
	Certificates  []string `json:"certificates,omitempty"`
	Storage       []string `json:"storage,omitempty"`
}

// bundleVersion of the form. Version 0 was the inventory alone.
const bundleVersion = 1

// NewBundle begins a bundle.
func NewBundle(operation string, inv Inventory) Bundle {
	return Bundle{Inventory: inv, Version: bundleVersion, Operation: operation}
}

// BundleName is the name of an operation's bundle in its container.
func BundleName(operation string) string { return operation + ".json" }

// ReadBundle reads what was saved, also by the version before.
func ReadBundle(data []byte) (Bundle, error) {
	var b Bundle
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fault.Errorf(fault.Denied, "reading an undo bundle: %v", err)
	}
	if b.Version > bundleVersion {
		return b, fault.Errorf(fault.Denied, "reading an undo bundle: version %d is newer than this program's %d: upgrade it", b.Version, bundleVersion)
	}
	return b, nil
}

// Find returns an object as it was.
func (b Bundle) Find(id string) (Object, bool) {
	for _, o := range slices.Concat(b.Objects(), b.Planted) {
		if o.ID == id {
			return o, true
		}
	}
	return Object{}, false
}
