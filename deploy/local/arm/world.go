package arm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// World is how a play or a test furnishes the cloud. Everything is set without asking for permission.
type World struct{ s *Server }

// Build furnishes the cloud in one step and saves once.
func (s *Server) Build(do func(World)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(World{s})
	return s.save()
}

// change changes rights for ARM and the vaults alike: furniture has no lag, and does not shorten that of anything else.
func (w World) change(do func(*rights)) {
	s := w.s
	all := []*rights{&s.state.Rights}
	for i := range s.history {
		all = append(all, &s.history[i].rights)
	}
	for _, r := range all {
		next := r.clone()
		do(&next)
		*r = next
	}
}

// Empty reports whether nothing was built yet: a cloud on the same folder continues where it was.
func (s *Server) Empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state.Subscriptions) == 0
}

// Subscription adds a subscription below management groups, given as ids, nearest first.
func (w World) Subscription(id, name string, parents ...string) {
	w.s.state.Subscriptions[lower(id)] = Subscription{id, name, parents}
	w.change(func(r *rights) { r.Parents[lower(id)] = parents })
}

// ResourceID is the id of a resource: kind is like Microsoft.KeyVault/vaults.
func ResourceID(subscription, group, kind, name string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group + providers + kind + "/" + name
}

// Resource adds a resource of any type; its type and name are those of its id. Resources with keys get some.
func (w World) Resource(r Resource) string {
	r.Type, r.Name = typeOf(r.ID), r.ID[strings.LastIndexByte(r.ID, '/')+1:]
	if r.Location == "" {
		r.Location = "westeurope"
	}
	w.s.state.Resources[lower(r.ID)] = &r
	if names := keyNames(r.Type); names != nil {
		keys := map[string]string{}
		for _, n := range names {
			keys[n] = newKey(r.Type)
		}
		w.s.state.Keys[lower(r.ID)] = keys
	}
	return r.ID
}

// Vault adds a key vault. It is reached at the URI.
func (w World) Vault(id, uri string, rbac bool, policies ...Policy) {
	w.Resource(Resource{ID: id, Properties: map[string]any{
		"tenantId": w.s.tokens.Directory.TenantID, "vaultUri": uri, "sku": map[string]string{"family": "A", "name": "standard"},
		"enableSoftDelete": true, "softDeleteRetentionInDays": 90, "enabledForDeployment": false, "provisioningState": "Succeeded",
	}})
	w.change(func(r *rights) { r.RBAC[lower(id)], r.Policies[lower(id)] = rbac, policies })
}

// Move says where a vault that is known is reached from now on: addresses do not survive a restart. It reports whether
// the vault is known.
func (w World) Move(id, uri string) bool {
	v := w.s.state.Resources[lower(id)]
	if v != nil {
		v.Properties["vaultUri"] = uri
	}
	return v != nil
}

// Tag sets the tags of a resource.
func (w World) Tag(id string, tags map[string]string) {
	if r := w.s.state.Resources[lower(id)]; r != nil {
		r.Tags = maps.Clone(tags)
	}
}

// Network sets a vault's firewall.
func (w World) Network(vault string, n Network) {
	w.change(func(r *rights) { r.Network[lower(vault)] = n })
}

// Diagnostics adds a diagnostic setting to a resource: it sends the categories to an event hub.
func (w World) Diagnostics(resource, name string, categories ...string) {
	logs := []any{}
	for _, c := range categories {
		logs = append(logs, map[string]any{"category": c, "categoryGroup": nil, "enabled": true})
	}
	w.Resource(Resource{ID: resource + "/providers/Microsoft.Insights/diagnosticSettings/" + name, Properties: map[string]any{
		"eventHubAuthorizationRuleId": "/subscriptions/x/resourceGroups/x/providers/Microsoft.EventHub/namespaces/x/authorizationRules/x", "eventHubName": "vaultlogs", "logs": logs,
	}})
}

// Assign gives a principal a role and returns the assignment's id.
func (w World) Assign(a Assignment) string {
	if a.Name == "" {
		a.Name = guid()
	}
	if a.Kind == "" {
		a.Kind = "ServicePrincipal"
	}
	w.change(func(r *rights) { r.Assignments[lower(a.ID())] = a })
	return a.ID()
}

// Unassign takes an assignment away.
func (w World) Unassign(id string) {
	w.change(func(r *rights) { delete(r.Assignments, lower(id)) })
}

// Define adds a custom role and returns its GUID.
func (w World) Define(name string, p ...Permission) string {
	d := Definition{Name: guid(), Role: name, Custom: true, Permissions: p}
	w.change(func(r *rights) { r.Definitions[d.Name] = d })
	return d.Name
}

// Deny adds a deny assignment.
func (w World) Deny(d Deny) {
	if d.Name == "" {
		d.Name = guid()
	}
	w.change(func(r *rights) { r.Denies = append(r.Denies, d) })
}

// Group sets a group's members, which may be groups.
func (w World) Group(id string, members ...string) {
	w.change(func(r *rights) { r.Groups[strings.ToLower(id)] = slices.Clone(members) })
}

// keyNames are the names of a type's keys, in the order in which they are listed.
func keyNames(kind string) []string {
	switch kind = strings.ToLower(kind); {
	case kind == "microsoft.storage/storageaccounts":
		return []string{"key1", "key2"}
	case kind == "microsoft.documentdb/databaseaccounts":
		return []string{"primary", "secondary", "primaryReadonly", "secondaryReadonly"}
	case kind == "microsoft.cache/redis":
		return []string{"Primary", "Secondary"}
	case strings.HasSuffix(kind, "/authorizationrules") && (strings.HasPrefix(kind, "microsoft.eventhub/") || strings.HasPrefix(kind, "microsoft.servicebus/")):
		return []string{"PrimaryKey", "SecondaryKey"}
	}
	return nil
}

// newKey makes a key of the length that the provider's keys have.
func newKey(kind string) string {
	n := 32
	if k := strings.ToLower(kind); strings.HasPrefix(k, "microsoft.storage/") || strings.HasPrefix(k, "microsoft.documentdb/") {
		n = 64
	}
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand does not fail
	return base64.StdEncoding.EncodeToString(b)
}

// Check is the data plane's view: whether a key opens the resource now.
func (s *Server) Check(id, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.state.Keys[lower(id)] {
		if k == key {
			return true
		}
	}
	return false
}

// Key returns a key by its name, or "".
func (s *Server) Key(id, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Keys[lower(id)][name]
}

// VaultURI returns where a vault is reached, or "".
func (s *Server) VaultURI(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.state.Resources[lower(id)]; v != nil {
		uri, _ := v.Properties["vaultUri"].(string)
		return uri
	}
	return ""
}

// Attached returns the user-assigned identities of a resource.
func (s *Server) Attached(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.state.Resources[lower(id)]; r != nil && r.Identity != nil {
		return sortedKeys(r.Identity.UserAssigned)
	}
	return nil
}

func operationID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return hex.EncodeToString(b[:])
}
