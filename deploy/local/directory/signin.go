package directory

import "time"

// SignIn is an entry of the sign-in log of a workload identity.
type SignIn struct {
	ID                 string
	Created            time.Time
	EventType          string // servicePrincipal, managedIdentity
	ServicePrincipalID string
	AppID              string
	IPAddress          string
	ResourceID         string
	CredentialKeyID    string
	ErrorCode          int
}

// SignedIn writes into the sign-in log. It is kept in memory only.
func (d *Directory) SignedIn(s SignIn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.signIns[s.ID] = s
}

// SignIn reads the sign-in log.
func (d *Directory) SignIn(id string) (SignIn, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.signIns[id]
	return s, ok
}
