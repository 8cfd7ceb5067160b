package reach

import (
	"time"

	"rekey/shared/baseline"
	"rekey/shared/exposure"
)

// Facts is what is known about one principal and the tenant's vaults. Whatever is not filled is unknown.
type Facts struct {
	Principal string // object id
	AppID     string // its own credentials are not another application's
	Name      string
	From      time.Time       // beginning of the window in which it was not itself
	To        time.Time       // the moment its access was cut, or now
	Index     *exposure.Index // what it read; nil is unknown
	Hasher    baseline.Hasher // the one that the index was made with
	Rights    Rights
	Vaults    List[Vault]    // of every subscription that Rekey may read
	Resources List[Resource] // that have keys, or could be signed for
	Seen      []string       // ids of the subscriptions that the lists cover
}

// Rights is what the principal was allowed, itself and through groups, before its access was cut.
type Rights struct {
	Assignments List[Assignment]    // at, above and below every subscription: assignedTo
	Eligible    List[Assignment]    // that it would have had to activate
	Roles       map[string]Role     // by the id of the definition in lower case; one that is missing was not read
	Groups      List[string]        // object ids, nested ones too: access policies name groups
	Denies      List[Deny]          //
	Parents     map[string][]string // by subscription id in lower case: ids of the management groups above; missing is unknown
	Unread      []Gap               // where rights could not be read
}

// Gap is a scope of which something could not be read.
type Gap struct {
	Scope string `json:"scope"`
	Why   string `json:"why"`
}

// Assignment is a role assignment.
type Assignment struct {
	ID          string
	Scope       string
	RoleID      string // resource id of the definition
	PrincipalID string // of the principal, or of a group it is in
	Condition   string
}

// Role is a role definition: what its blocks allow together, each without its own exceptions.
type Role struct {
	ID     string
	Name   string
	Custom bool
	Blocks []Block
}

// Block is one part of a role, or what a deny assignment takes away. All lists may hold wildcards, which also stand for
// slashes.
type Block struct {
	Actions        []string
	NotActions     []string
	DataActions    []string
	NotDataActions []string
}

// Deny is a deny assignment that names the principal, one of its groups, or everybody.
type Deny struct {
	Name  string
	Scope string
	Block Block
}

// Vault is a key vault, as Resource Manager and its own list show it.
type Vault struct {
	ID           string
	Name         string
	Subscription string
	RBAC         bool // roles decide who reads; else access policies do
	Policies     List[Policy]
	Network      Network
	Tags         map[string]string
	Log          Log
	Secrets      List[Secret] // unknown where the vault let nobody in
}

// Policy is one entry of a vault's access policies.
type Policy struct {
	ObjectID      string
	ApplicationID string // set: only for that application on behalf of the object, which alone has nothing
	Secrets       []string
	Keys          []string
}

// Network is a vault's firewall: a note, because where a caller stood is known of past calls only.
type Network struct {
	Closed bool // private endpoints only
	Deny   bool // who is not named is refused
}

// Secret is the newest version of a secret, without its value.
type Secret struct {
	Name        string            `json:"name"`
	Version     string            `json:"version,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	Enabled     bool              `json:"enabled"`
	Managed     bool              `json:"managed,omitempty"` // the private key of a certificate
	Expires     time.Time         `json:"expires,omitzero"`
	Updated     time.Time         `json:"updated,omitzero"`
}

// Resource is a resource with keys that Resource Manager hands out.
type Resource struct {
	ID           string
	Name         string
	Type         string
	Subscription string
}

// Log says whether what a vault's log does not show did not happen.
type Log string

// The states of a vault's log, for the window. The zero Log is unknown.
const (
	LogComplete Log = "complete" // records arrived all through the window
	LogMissing  Log = "missing"  // there is none, or it was silent for a part of the window
	LogUnknown  Log = "unknown"
)

// LogState is what Azure and the streams say of a vault's log.
type LogState struct {
	Diagnostics      bool // a diagnostic setting sends the audit events
	DiagnosticsKnown bool
	Flowing          bool // this vault's records arrived all through the window
	FlowingKnown     bool // false for a vault that is seldom used
	All              bool // the records of vaults altogether arrived all through the window, and of this one before it, too
}

// Log decides. Records that arrive prove a log better than a setting, which may be of today. A vault that is too seldom used
// to have a usual pace is believed where its setting is there and the stream that carries it never stopped.
func (s LogState) Log() Log {
	switch {
	case s.FlowingKnown && s.Flowing:
		return LogComplete
	case s.FlowingKnown, s.DiagnosticsKnown && !s.Diagnostics:
		return LogMissing
	case s.DiagnosticsKnown && s.All:
		return LogComplete
	}
	return LogUnknown
}
