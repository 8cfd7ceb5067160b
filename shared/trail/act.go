package trail

import (
	"maps"
	"slices"
)

// Act is a kind of change.
type Act string

// The acts. They are stored by name; a name that this program does not know is kept out.
const (
	CredentialAdded   Act = "credentialAdded"   // a certificate or secret
	CredentialRemoved Act = "credentialRemoved" // a certificate or secret
	FederatedAdded    Act = "federatedAdded"    // a federated credential is new, or trusts somebody else
	FederatedRemoved  Act = "federatedRemoved"  //
	OwnerAdded        Act = "ownerAdded"        //
	OwnerRemoved      Act = "ownerRemoved"      //
	AppRoleGranted    Act = "appRoleGranted"    // an application permission
	AppRoleRemoved    Act = "appRoleRemoved"    //
	DelegatedGranted  Act = "delegatedGranted"  // delegated permissions
	Consented         Act = "consented"         // consent to an application
	RoleGranted       Act = "roleGranted"       // a directory role, also to a person
	RoleRemoved       Act = "roleRemoved"       //
	Created           Act = "created"           // an application or service principal
	Deleted           Act = "deleted"           // an application or service principal
	Restored          Act = "restored"          //
	Enabled           Act = "enabled"           // a service principal that was disabled
	Disabled          Act = "disabled"          //
	Configured        Act = "configured"        // redirect, identifier and sign-out addresses, audience
	PermissionsAsked  Act = "permissionsAsked"  // in the manifest; granted is another thing
	UserCreated       Act = "userCreated"       // or invited
	PasswordReset     Act = "passwordReset"     // of a person
	MethodChanged     Act = "methodChanged"     // a person's authentication method
	GroupMemberAdded  Act = "groupMemberAdded"  //
	PolicyChanged     Act = "policyChanged"     // Conditional Access, named locations, consent, application management
	DomainChanged     Act = "domainChanged"     // domains and their federation
	AccessElevated    Act = "accessElevated"    // User Access Administrator over all of Azure
	RiskStateChanged  Act = "riskStateChanged"  // confirmed compromised or dismissed
	SomethingElse     Act = "somethingElse"     // any other change; its activity says what
)

// Side tells who a Trail's key is in an Entry.
type Side uint8

// The sides.
const (
	By Side = iota // the key made the change
	On             // the key was changed
	sides
)

// room is how many Entries of an act are kept on each side: the newest. What gives a way in has more room than what is
// cleaned up; only workload identities have a side On.
type room [sides]int

var rooms = map[Act]room{
	CredentialAdded: {8, 8}, CredentialRemoved: {2, 3}, FederatedAdded: {5, 5}, FederatedRemoved: {2, 2}, OwnerAdded: {4, 4}, OwnerRemoved: {2, 2},
	AppRoleGranted: {6, 8}, AppRoleRemoved: {3, 3}, DelegatedGranted: {4, 4}, Consented: {4, 4}, RoleGranted: {4, 4}, RoleRemoved: {2, 2},
	Created: {8, 2}, Deleted: {4, 2}, Restored: {2, 2}, Enabled: {2, 2}, Disabled: {2, 2}, Configured: {2, 6}, PermissionsAsked: {2, 2},
	UserCreated: {4, 0}, PasswordReset: {4, 0}, MethodChanged: {4, 0}, GroupMemberAdded: {4, 4}, PolicyChanged: {4, 0}, DomainChanged: {4, 0},
	AccessElevated: {2, 0}, RiskStateChanged: {2, 2}, SomethingElse: {4, 0},
}

// Acts are all acts, in the order of their names.
var Acts = slices.Sorted(maps.Keys(rooms))

// known reports whether an act is one of this program's.
func known(a Act) bool { return rooms[a] != room{} }

// OpensDoors reports whether an act gives somebody a way in, or more power: what an intruder does to stay.
func (a Act) OpensDoors() bool {
	switch a {
	case CredentialAdded, FederatedAdded, OwnerAdded, AppRoleGranted, DelegatedGranted, Consented, RoleGranted, Created, Enabled, Restored,
		UserCreated, PasswordReset, MethodChanged, GroupMemberAdded, PolicyChanged, DomainChanged, AccessElevated:
		return true
	}
	return false
}
