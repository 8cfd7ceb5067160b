package remedy

import (
	"strings"
	"time"

	"rekey/shared/casefile"
)

// Input is everything a plan depends on.
type Input struct {
	Inventory Inventory
	Case      casefile.Case
	Facts     Facts
	Options   Options
	Now       time.Time // zero: when the inventory was taken
}

// Facts are what logs and state say around the inventory. What is zero is unknown.
type Facts struct {
	Added     List[Added]    // what the audit log shows was added to the objects since the window began
	Consumers List[Consumer] // who uses which credential, from sign-ins
	Clients   List[Client]   // who asked for tokens for the application, from sign-ins
	Users     *float64       // people who signed in to it, on the busiest of 30 days
	Customers List[Customer] // tenants that use a multi-tenant application
	Planted   []Planted
	Linked    []Linked
}

// Added is one addition that an audit record shows, whatever date the added thing claims for itself.
type Added struct {
	Object string    `json:"object"` // object id
	Item   string    `json:"item"`   // key id, item id, or redirect URI
	Time   time.Time `json:"time"`
	By     string    `json:"by,omitempty"`
	Record string    `json:"record,omitempty"`
}

// Consumer is a workload that uses a credential: what a sign-in log knows of it. The intruder is none: suspicious sign-ins
// and the networks they came from are left out, or he would be handed the new certificate.
type Consumer struct {
	KeyID     string    `json:"keyId"` // certificate, secret or federated credential
	Name      string    `json:"name,omitempty"`
	LastUse   time.Time `json:"lastUse"`
	Suspect   bool      `json:"suspect,omitempty"` // the credential was added in the window: whoever uses it may be the intruder
	Networks  []string  `json:"networks,omitempty"`
	Resources []string  `json:"resources,omitempty"`
	Owner     string    `json:"owner,omitempty"`    // whom to call; "" when unknown
	Identity  string    `json:"identity,omitempty"` // object id of what the workload runs as, which gets access to the new key
}

// Client is an application that calls this one.
type Client struct {
	AppID   string    `json:"appId"`
	Name    string    `json:"displayName"`
	LastUse time.Time `json:"lastUse,omitzero"`
}

// Customer is a tenant that uses a multi-tenant application.
type Customer struct {
	Tenant string `json:"tenantId"`
	Name   string `json:"displayName,omitempty"`
}

// Planted is one thing that the principal changed elsewhere since it was first suspected.
type Planted struct {
	ObjectKind string    `json:"objectKind"` // application or servicePrincipal
	Object     string    `json:"object"`     // object id; "" when the record names only the application
	AppID      string    `json:"appId,omitempty"`
	Name       string    `json:"displayName"`
	Kind       string    `json:"kind"`            // one of the Type constants, or another word of the record's
	KeyID      string    `json:"keyId,omitempty"` // "" when the record does not say which
	Time       time.Time `json:"time"`
	Record     string    `json:"record"`
}

// Linked is another case that this one hangs together with.
type Linked struct {
	Case          string `json:"case"`
	Principal     string `json:"principal"` // its key, or "user:" and an id
	Name          string `json:"displayName"`
	Why           string `json:"why"`
	Administrator bool   `json:"administrator,omitempty"` // it can undo what the plan does
	Active        bool   `json:"active,omitempty"`        // and is still at work
}

// Edit is what a person decided about one credential or item, by its id.
type Edit struct {
	ID string `json:"id"`
	// Object and Type say of which, where several share the id; "" is any that was there when the plan was made.
	Object string `json:"object,omitempty"`
	Type   string `json:"type,omitempty"`
	Keep   bool   `json:"keep"` // false: it goes although the plan would leave it
	Why    string `json:"why"`  // without a reason and a name it does not count
	By     string `json:"by"`
}

// counts reports whether a decision says what, why and by whom.
func (e Edit) counts() bool {
	return e.ID != "" && strings.TrimSpace(e.Why) != "" && strings.TrimSpace(e.By) != ""
}

// kept is the reason that a plan gives for what a decision keeps.
func (e Edit) kept() string { return "kept by " + e.By + ": " + e.Why }

// VaultRef is the vault that new certificates are made in.
type VaultRef struct {
	Name string `json:"name"`
	ID   string `json:"id"` // ARM id
}

// Options are what policy allows and people decided. The zero Options change credentials and accountEnabled and nothing
// else; each kind of act beyond is a choice, because each needs a permission of its own.
type Options struct {
	Risk           bool // confirm compromised first, dismiss at the end (Workload ID licence)
	VaultAccess    bool // cut the principal's way into vaults
	Owners         bool // remove owners added in the window
	RedirectURIs   bool // remove redirect URIs added in the window
	Grants         bool // revoke delegated grants added in the window
	AppRoles       bool // revoke app role assignments added in the window
	DirectoryRoles bool // remove directory roles added in the window
	Elsewhere      bool // remove credentials that the principal planted on other objects
	Azure          bool // of managed identities: Azure roles and federated credentials
	Detach         bool // of managed identities: take them off the resources that use them
	Watch          bool // watch for seven days after it
	OldFederated   bool // federated credentials that predate the window and were not abused stay
	Exportable     bool // the consumer loads the certificate itself: its key can leave the vault
	TrustedIssuer  bool // the vault's certificates come from the authority that the tenant trusts

	From          time.Time         // beginning of the window; zero: the case's
	Edits         []Edit            // decisions of people
	Never         map[string]string // principal key, object id or application id -> reason
	Own           []string          // object and application ids of Rekey itself
	OwnKeys       []string          // key ids that Rekey made in an earlier run of the same case
	Vault         VaultRef          // zero: not known yet
	ValidFor      time.Duration     // of the new certificate; 0 is 90 days
	ManyConsumers int               // from how many consumers on a principal is protected; 0 is 5
	RequestedBy   string            // who asked for the plan; "" when nobody did
}

// Everything returns the options with every optional kind of act but detaching, which is an outage of whatever runs on the
// resource and is asked for by itself.
func Everything() Options {
	return Options{
		Risk: true, VaultAccess: true, Owners: true, RedirectURIs: true, Grants: true, AppRoles: true, DirectoryRoles: true,
		Elsewhere: true, Azure: true, Watch: true,
	}
}

const (
	defaultValidity = 90 * dayLength
	defaultMany     = 5
)

// editOf returns the decision about something of an object.
func (o Options) editOf(x Object, kind, id string) (Edit, bool) {
	for _, e := range o.Edits {
		if e.counts() && strings.EqualFold(e.ID, id) && (e.Object == "" || e.Object == x.ID) && (e.Type == "" || e.Type == kind) {
			return e, true
		}
	}
	return Edit{}, false
}

// untouchable returns why an object must not be touched, and false when it may.
func (o Options) untouchable(ids ...string) (string, bool) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		for _, own := range o.Own {
			if strings.EqualFold(own, id) {
				return "it is Rekey itself", true
			}
		}
		for never, why := range o.Never {
			if strings.EqualFold(never, id) || strings.EqualFold(never, "app:"+id) {
				return "it is on the never-touch list: " + why, true
			}
		}
	}
	return "", false
}
