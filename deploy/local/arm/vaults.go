package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

const vaultType = "microsoft.keyvault/vaults"

// render is a resource as it is shown. A vault's rights are kept apart, because they take their time to the vault.
func (s *Server) render(res *Resource) *Resource {
	if strings.ToLower(res.Type) != vaultType {
		return res
	}
	out, r, id := *res, s.state.Rights, lower(res.ID)
	out.Properties = maps.Clone(res.Properties)
	policies := r.Policies[id]
	if policies == nil {
		policies = []Policy{}
	}
	n := r.Network[id]
	access, action, rules := "Enabled", "Allow", []map[string]string{}
	if n.Closed {
		access = "Disabled"
	}
	if n.Deny {
		action = "Deny"
	}
	for _, a := range n.Allowed {
		rules = append(rules, map[string]string{"value": a})
	}
	maps.Copy(out.Properties, map[string]any{
		"accessPolicies": policies, "enableRbacAuthorization": r.RBAC[id], "publicNetworkAccess": access,
		"networkAcls": map[string]any{"bypass": "AzureServices", "defaultAction": action, "ipRules": rules, "virtualNetworkRules": []any{}},
	})
	return &out
}

// accessPolicies adds, replaces or removes entries.
//
// Since api-version 2026-02-01, remove compares permissions with regard to case and answers 200 when it finds none
// (github.com/Azure/azure-rest-api-specs/issues/42963), while the portal writes "Get": who does not echo what he read
// removes nothing. An entry that is left without permissions goes.
func (s *Server) accessPolicies(r *request) {
	vault := s.state.Resources[lower(r.scope+providers+r.ns+"/"+r.types[0]+"/"+r.names[0])]
	if vault == nil {
		fail(r.w, http.StatusNotFound, "ResourceNotFound", "The Resource 'Microsoft.KeyVault/vaults/"+r.names[0]+"' under resource group '"+group(r.scope)+"' was not found.")
		return
	}
	var in struct {
		Properties struct {
			AccessPolicies []Policy `json:"accessPolicies"`
		} `json:"properties"`
	}
	if !r.body(&in) {
		return
	}
	id := lower(vault.ID)
	have := s.state.Rights.Policies[id]
	switch verb := strings.ToLower(r.names[1]); verb {
	case "add":
		have = addPolicies(have, in.Properties.AccessPolicies)
	case "replace":
		have = in.Properties.AccessPolicies
	case "remove":
		have = removePolicies(have, in.Properties.AccessPolicies)
	default:
		fail(r.w, http.StatusBadRequest, "BadRequest", "The operation kind must be add, replace or remove.")
		return
	}
	s.change(func(r *rights) { r.Policies[id] = have })
	if s.stored(r) {
		answer(r.w, http.StatusOK, map[string]any{
			"id": vault.ID + "/accessPolicies/", "type": "Microsoft.KeyVault/vaults/accessPolicies", "properties": map[string]any{"accessPolicies": have},
		})
	}
}

func (p Policy) same(o Policy) bool {
	return strings.EqualFold(p.ObjectID, o.ObjectID) && strings.EqualFold(p.TenantID, o.TenantID) && strings.EqualFold(p.ApplicationID, o.ApplicationID)
}

func addPolicies(have, more []Policy) []Policy {
	have = slices.Clone(have)
	for _, p := range more {
		i := slices.IndexFunc(have, p.same)
		if i < 0 {
			have = append(have, p)
			continue
		}
		have[i].Permissions = maps.Clone(have[i].Permissions)
		for kind, list := range p.Permissions {
			merged := slices.Clone(have[i].Permissions[kind])
			for _, one := range list {
				if !slices.ContainsFunc(merged, func(s string) bool { return strings.EqualFold(s, one) }) {
					merged = append(merged, one)
				}
			}
			have[i].Permissions[kind] = merged
		}
	}
	return have
}

func removePolicies(have, less []Policy) []Policy {
	out := []Policy{}
	for _, h := range have {
		for _, p := range less {
			if !p.same(h) {
				continue
			}
			h.Permissions = maps.Clone(h.Permissions)
			for kind, list := range p.Permissions {
				h.Permissions[kind] = slices.DeleteFunc(slices.Clone(h.Permissions[kind]), func(s string) bool { return slices.Contains(list, s) })
			}
		}
		if slices.ContainsFunc(slices.Collect(maps.Values(h.Permissions)), func(list []string) bool { return len(list) > 0 }) {
			out = append(out, h)
		}
	}
	return out
}
