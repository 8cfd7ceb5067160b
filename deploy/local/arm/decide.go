package arm

import (
	"net/netip"
	"slices"
	"strings"
)

// members returns the ids that stand for a principal: its own and those of its groups, nested ones too.
func (r rights) members(oid string) map[string]bool {
	out := map[string]bool{strings.ToLower(oid): true}
	for grown := true; grown; {
		grown = false
		for group, members := range r.Groups {
			if out[strings.ToLower(group)] {
				continue
			}
			if slices.ContainsFunc(members, func(m string) bool { return out[strings.ToLower(m)] }) {
				out[strings.ToLower(group)], grown = true, true
			}
		}
	}
	return out
}

// covers reports whether what is granted at one scope reaches another.
func (r rights) covers(granted, scope string) bool {
	granted, scope = lower(granted), lower(scope)
	if granted == "" || granted == scope || strings.HasPrefix(scope, granted+"/") {
		return true
	}
	return slices.ContainsFunc(r.Parents[lower(subscriptionOf(scope))], func(p string) bool { return lower(p) == granted })
}

// may decides whether a principal may do something at a scope.
func (r rights) may(oid, action, scope string, data bool) bool {
	ids := r.members(oid)
	for _, d := range r.Denies {
		if r.covers(d.Scope, scope) && d.names(ids) && allows([]Permission{d.Permission}, action, data) {
			return false
		}
	}
	for _, a := range r.Assignments {
		if ids[strings.ToLower(a.PrincipalID)] && r.covers(a.Scope, scope) && allows(r.Definitions[a.Role].Permissions, action, data) && holds(a.Condition, scope) {
			return true
		}
	}
	return false
}

func (d Deny) names(ids map[string]bool) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return id == everybody || ids[strings.ToLower(id)] })
	}
	return in(d.Principals) && !slices.ContainsFunc(d.Excluded, func(id string) bool { return ids[strings.ToLower(id)] })
}

// policy decides by a vault's access policies: whether a principal has a permission of a kind. An entry that names an
// application is for that application on behalf of somebody, and gives the principal alone nothing.
func (r rights) policy(vault, oid, kind, permission string) bool {
	ids := r.members(oid)
	for _, p := range r.Policies[lower(vault)] {
		if p.ApplicationID == "" && ids[strings.ToLower(p.ObjectID)] && slices.ContainsFunc(p.Permissions[kind], func(have string) bool {
			return strings.EqualFold(have, permission) || strings.EqualFold(have, "all")
		}) {
			return true
		}
	}
	return false
}

// passes reports whether an address gets through a firewall.
func (n Network) passes(addr string) bool {
	if n.Closed {
		return false
	}
	a, err := netip.ParseAddr(addr)
	if !n.Deny || err != nil {
		return !n.Deny
	}
	return slices.ContainsFunc(n.Allowed, func(s string) bool {
		if p, err := netip.ParsePrefix(s); err == nil {
			return p.Contains(a.Unmap())
		}
		one, err := netip.ParseAddr(s)
		return err == nil && one == a.Unmap()
	})
}

// Ask is what a vault asks before it does something.
type Ask struct {
	Vault      string // resource id
	Object     string // like secrets/db-password; empty for a list
	OID        string
	Address    string
	Kind       string // of access policies: secrets, certificates, keys
	Permission string // of access policies, like get
	Action     string // data action, like Microsoft.KeyVault/vaults/secrets/getSecret/action
}

// Answer is what a vault is told.
type Answer struct {
	Allowed  bool
	Firewall bool // refused by the firewall, which comes first
	RBAC     bool // the vault's permission model
}

// Decide answers a vault, with the rights as they have reached it.
func (s *Server) Decide(a Ask) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.published()
	out := Answer{RBAC: r.RBAC[lower(a.Vault)]}
	if !r.Network[lower(a.Vault)].passes(a.Address) {
		out.Firewall = true
		return out
	}
	if out.RBAC {
		scope := a.Vault
		if a.Object != "" {
			scope += "/" + a.Object
		}
		out.Allowed = r.may(a.OID, a.Action, scope, true)
		return out
	}
	out.Allowed = r.policy(a.Vault, a.OID, a.Kind, a.Permission)
	return out
}
