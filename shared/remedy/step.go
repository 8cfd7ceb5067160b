package remedy

import "strings"

// Kinds of step, in the order of a plan. Each says what it does, when it is done, and why it may be repeated. Who carries
// a step out reads the object again first: the ids in the step are what was known when it was planned, and what was added
// since goes too (Plan.Keeps says what stays, and is the only thing that does).
const (
	// StepSnapshot saves the inventory before the first change. Done when the bundle is written. An earlier bundle is the
	// true one and is never written over.
	StepSnapshot = "snapshot"
	// StepConfirm confirms the principals compromised in Identity Protection: one request for at most 60, one a second in
	// the tenant, 429 comes without Retry-After. Done at 204; a second time changes nothing. Without a licence it is skipped,
	// and the journal says so.
	StepConfirm = "confirmCompromised"
	// StepDisable sets accountEnabled to false. Done when Graph took it; a second time changes nothing. Needs the permission
	// of the kind of principal: ordinary, blueprint's, or agent.
	StepDisable = "disable"
	// StepRemoveAzureRoles deletes the role assignments in Items (their ARM ids). Done when each is gone; 404 is success. Only
	// assignments of the principal itself are ever in it.
	StepRemoveAzureRoles = "removeAzureRoles"
	// StepRemoveVaultPolicies removes the principal's entry from the access policies of the vaults in Items (accessPolicies
	// with the operation remove). Done when a read of the vault shows no entry with its object id.
	StepRemoveVaultPolicies = "removeVaultPolicies"
	// StepRemoveMemberships takes the principal out of the groups in Items (DELETE .../members/{id}/$ref; without /$ref the
	// principal itself would be deleted). Done when it is no member; 404 is success. What the group has stays.
	StepRemoveMemberships = "removeMemberships"
	// StepCertificate makes the operation's certificate in the vault, or finds it there: the name was fixed when the operation
	// was opened. Its life is Hours, at most.
	StepCertificate = "makeCertificate"
	// StepReplaceKeys replaces an object's list of key credentials in one PATCH: what stays, echoed as it was read with a
	// null key, and on an application the new certificate under the key id of the operation. Done when a read shows exactly
	// that; then repeating changes nothing.
	StepReplaceKeys = "replaceKeys"
	// StepRemovePasswords removes client secrets one by one. Done when a read shows none that does not stay; a secret that
	// is gone already is success.
	StepRemovePasswords = "removePasswords"
	// StepRemoveFederated deletes an application's federated credentials. Done when a read shows none that does not stay;
	// 404 is success.
	StepRemoveFederated = "removeFederated"
	// StepRemoveManagedFederated does the same for a user-assigned managed identity, whose federated credentials are
	// resources of ARM (ids in KeyIDs).
	StepRemoveManagedFederated = "removeManagedFederated"
	// StepRemoveOwners removes the owners in Items (DELETE .../owners/{id}/$ref; without /$ref the owner itself would be
	// deleted). Done when each is gone; 404 is success.
	StepRemoveOwners = "removeOwners"
	// StepRemoveRedirects writes each platform's list of redirect URIs without those in Items (Kind is the platform). Done
	// when a read shows none of them. Others that appeared meanwhile are echoed, not lost.
	StepRemoveRedirects = "removeRedirectUris"
	// StepRemoveGrants deletes the oauth2PermissionGrants in Items. Done when each is gone; 404 is success.
	StepRemoveGrants = "removeGrants"
	// StepRemoveAppRoles deletes the app role assignments in Items. Done when each is gone; 404 is success.
	StepRemoveAppRoles = "removeAppRoles"
	// StepRemoveDirectoryRoles deletes the directory role assignments in Items. Done when each is gone; 404 is success.
	StepRemoveDirectoryRoles = "removeDirectoryRoles"
	// StepDetach takes the managed identity off the resources in Items. Done when no resource lists it. A system-assigned
	// one is deleted by it.
	StepDetach = "detachIdentity"
	// StepRemovePlanted removes exactly the credentials in Items (Kind is their type) from another object, and nothing else
	// of it: a key by PATCH of the others, echoed. Done when none of them is there.
	StepRemovePlanted = "removePlanted"
	// StepVerify reads all objects of the plan until several reads in a row show what the plan wants; a removed credential
	// that shows up is removed again.
	StepVerify = "verify"
	// StepEnable sets accountEnabled to true. It is planned only if the principal was enabled and nothing is left that lets
	// the intruder in.
	StepEnable = "enable"
	// StepProve acquires a token with the new certificate, within 60 seconds. If it fails the principal is disabled again.
	StepProve = "prove"
	// StepDismiss dismisses the principals' risk in Identity Protection, under the limits of StepConfirm.
	StepDismiss = "dismiss"
	// StepWatch looks for seven days (Hours) at failed sign-ins, by network, and at credentials that come back: those are
	// removed again, and after three times the principal is disabled and people are called. Nobody waits for it: the
	// operation is in StateWatching meanwhile, and is looked at now and then. Done when the time is over.
	StepWatch = "watch"
)

// Step is one change, or one look, in the order of the plan. It may be repeated without harm.
type Step struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	ObjectKind string   `json:"objectKind,omitempty"`
	Object     string   `json:"object,omitempty"` // object id
	Name       string   `json:"name,omitempty"`
	What       string   `json:"what"`
	Why        string   `json:"why"`
	Permission string   `json:"permission,omitempty"` // exact names of the Graph permissions, Azure operation or vault role
	Reversible bool     `json:"reversible"`
	KeyIDs     []string `json:"keyIds,omitempty"` // credentials that go, known when planned; what is found later goes too
	Items      []Item   `json:"items,omitempty"`  // what else is changed
	Hours      int      `json:"hours,omitempty"`  // of validity, or of watching
}

// Item is one thing that a step changes beside credentials of its own object.
type Item struct {
	ID   string `json:"id"`
	Kind string `json:"kind,omitempty"`
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	On   string `json:"on,omitempty"` // the resource of an app role, or the identity that is detached
}

// containing are the steps of containment: they come first, and a plan that may only contain ends behind them.
var containing = map[string]bool{
	StepSnapshot: true, StepConfirm: true, StepDisable: true, StepRemoveVaultPolicies: true, StepRemoveMemberships: true, StepRemoveAzureRoles: true,
}

// harmless are the steps without which the intruder is as much outside: they tell others, or cut what issued tokens may do.
var harmless = map[string]bool{
	StepConfirm: true, StepDismiss: true, StepRemoveVaultPolicies: true, StepRemoveMemberships: true,
}

// looking are the steps that change nothing.
var looking = map[string]bool{StepSnapshot: true, StepVerify: true, StepProve: true, StepWatch: true}

// both joins two permissions where a step needs them together.
const both = " and "

// Permissions are what the step needs, beside reading: all of them together.
func (s Step) Permissions() []string {
	if s.Permission == "" {
		return nil
	}
	return strings.Split(s.Permission, both)
}

// Contains reports whether the step belongs to containment.
func (s Step) Contains() bool { return containing[s.Kind] }

// Permissions, by their exact names.
const (
	permission           = "Application.ReadWrite.All"
	permissionRisk       = "IdentityRiskyServicePrincipal.ReadWrite.All"
	permissionGrants     = "DelegatedPermissionGrant.ReadWrite.All"
	permissionAppRoles   = "AppRoleAssignment.ReadWrite.All"
	permissionRoles      = "RoleManagement.ReadWrite.Directory"
	permissionMembers    = "GroupMember.ReadWrite.All"
	permissionAgent      = "AgentIdentity.EnableDisable.All"
	permissionBlueprint  = "AgentIdentityBlueprintPrincipal.EnableDisable.All"
	permissionCreds      = "AgentIdentityBlueprint.AddRemoveCreds.All"
	permissionAssignment = "Microsoft.Authorization/roleAssignments/delete"
	permissionReadRoles  = "Microsoft.Authorization/roleAssignments/read"
	permissionPolicies   = "Microsoft.KeyVault/vaults/accessPolicies/write"
	permissionFederated  = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete"
	permissionVault      = "Key Vault Certificates Officer"
	permissionSigning    = "Key Vault Crypto User"
)
