package casefile

import (
	"time"

	"rekey/shared/privilege"
)

// Directory is what only Graph knows of a principal: what it is and what it has now. Records tell of changes alone.
type Directory struct {
	Type         string       `json:"type,omitempty"`         // Application, ManagedIdentity, ...
	OwnerTenant  string       `json:"ownerTenant,omitempty"`  // of the application
	Publisher    string       `json:"publisher,omitempty"`    // verified; empty when it is not
	Gallery      bool         `json:"gallery,omitempty"`      // made from a template of the gallery
	Credentials  []Credential `json:"credentials,omitempty"`  // of the application and all its principals, valid or not
	Permissions  []Permission `json:"permissions,omitempty"`  // app roles, directory roles, strong delegated ones, roles in Azure
	Owners       []string     `json:"owners,omitempty"`       // names or ids
	RedirectURIs []string     `json:"redirectUris,omitempty"` //
	Partly       []string     `json:"partly,omitempty"`       // what could not be read: "permissions", "owners", ...
}

// Credential is a way in.
type Credential struct {
	KeyID  string    `json:"keyId"`
	Kind   string    `json:"kind"`   // certificate, secret, federated
	Object string    `json:"object"` // application, servicePrincipal
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end,omitzero"`   // zero: it does not end
	Keep   bool      `json:"keep,omitempty"` // signs or encrypts tokens; opens no door
}

// valid reports whether a credential opens the door at a time.
func (c Credential) valid(now time.Time) bool {
	return !c.Keep && !now.Before(c.Start) && (c.End.IsZero() || now.Before(c.End))
}

// Permission is something that the principal may do by itself or for people.
type Permission struct {
	Name  string         `json:"name"`
	Tier  privilege.Tier `json:"tier"`
	Since time.Time      `json:"since,omitzero"`
}

// Strongest returns the tier of the most powerful permission.
func (d *Directory) Strongest() privilege.Tier {
	t := privilege.TierUnknown
	if d == nil {
		return t
	}
	for _, p := range d.Permissions {
		if p.Tier.Above(t) {
			t = p.Tier
		}
	}
	return t
}

// lacks reports whether something of the directory is not known.
func (d *Directory) lacks(what string) bool {
	if d == nil {
		return true
	}
	for _, p := range d.Partly {
		if p == what {
			return true
		}
	}
	return false
}
