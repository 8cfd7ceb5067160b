package reach

import (
	"slices"
	"strings"
)

// Actions that matter, as Azure spells them.
const (
	actionGetSecret    = "Microsoft.KeyVault/vaults/secrets/getSecret/action" // data
	actionBackupSecret = "Microsoft.KeyVault/vaults/secrets/backup/action"    // data: restored in a vault of his own, it is read
	actionAssign       = "Microsoft.Authorization/roleAssignments/write"
	actionDefine       = "Microsoft.Authorization/roleDefinitions/write"
	actionElevate      = "Microsoft.Authorization/elevateAccess/action"
	actionVault        = "Microsoft.KeyVault/vaults/write"
	actionPolicies     = "Microsoft.KeyVault/vaults/accessPolicies/write"
	actionDeploy       = "Microsoft.KeyVault/vaults/deploy/action"
	actionDelegation   = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"
	actionReadBlob     = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"  // data
	actionWriteBlob    = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write" // data
)

// data are those of the actions above that are of the data plane.
var data = []string{actionGetSecret, actionBackupSecret, actionReadBlob, actionWriteBlob}

// allows reports whether a block has an action.
func (b Block) allows(action string) bool {
	with, without := b.Actions, b.NotActions
	if slices.Contains(data, action) {
		with, without = b.DataActions, b.NotDataActions
	}
	return anyMatches(with, action) && !anyMatches(without, action)
}

// allows reports whether the role allows an action of this package's.
func (r Role) allows(action string) bool {
	return slices.ContainsFunc(r.Blocks, func(b Block) bool { return b.allows(action) })
}

func anyMatches(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), strings.ToLower(action)) })
}

// matches compares an action with a pattern; both are in lower case. A star stands for anything, slashes too. It takes the
// time of their lengths, because an intruder may have written the pattern.
func matches(pattern, action string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(action, parts[0])
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

const managementGroups = "/providers/microsoft.management/managementgroups/"

// reaches reports whether what is granted at one scope reaches a resource. A management group reaches what is below it;
// where the groups above a subscription were not read, any counts, and sure is false.
func (r *Rights) reaches(granted, resource string) (yes, sure bool) {
	granted, resource = strings.ToLower(strings.TrimSuffix(granted, "/")), strings.ToLower(resource)
	if granted == "" || granted == resource || strings.HasPrefix(resource, granted+"/") {
		return true, true
	}
	if !strings.HasPrefix(granted, managementGroups) {
		return false, true
	}
	parents, known := r.Parents[subscriptionOf(resource)]
	if !known {
		return true, false
	}
	return slices.ContainsFunc(parents, func(p string) bool { return strings.EqualFold(p, granted) }), true
}

// subscriptionOf returns the subscription's id in a resource's, in lower case, or "".
func subscriptionOf(id string) string {
	rest, ok := strings.CutPrefix(strings.ToLower(id), "/subscriptions/")
	if !ok {
		return ""
	}
	sub, _, _ := strings.Cut(rest, "/")
	return sub
}
