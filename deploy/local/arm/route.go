package arm

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// apiVersions are the stable versions that types are served in: those that the real clients in use ask for, and their
// neighbours. The first ones are of github.com/Azure/azure-rest-api-specs.
var apiVersions = map[string][]string{
	"":                          {"2022-12-01", "2021-01-01"}, // subscriptions and resource groups
	"microsoft.keyvault/vaults": {"2026-02-01", "2025-05-01", "2023-07-01"},
	"microsoft.authorization/roleassignments":          {"2022-04-01"},
	"microsoft.authorization/roledefinitions":          {"2022-04-01"},
	"microsoft.authorization/denyassignments":          {"2022-04-01"},
	"microsoft.insights/diagnosticsettings":            {"2021-05-01-preview"},
	"microsoft.managedidentity/userassignedidentities": {"2024-11-30", "2023-01-31"},
	"microsoft.storage/storageaccounts":                {"2024-01-01", "2023-05-01"},
	"microsoft.eventhub/namespaces":                    {"2024-01-01", "2021-11-01"},
	"microsoft.servicebus/namespaces":                  {"2021-11-01", "2017-04-01"},
	"microsoft.documentdb/databaseaccounts":            {"2023-11-15", "2021-10-15"},
	"microsoft.documentdb/locations":                   {"2023-11-15"},
	"microsoft.cache/redis":                            {"2024-11-01", "2023-08-01"},
	"microsoft.resourcegraph":                          {"2024-04-01", "2022-10-01"},
	"microsoft.web/sites":                              {"2023-12-01", "2022-03-01"},
	"microsoft.compute/virtualmachines":                {"2024-07-01", "2023-03-01"},
	"microsoft.compute/virtualmachinescalesets":        {"2024-07-01", "2023-03-01"},
	"microsoft.app/containerapps":                      {"2024-03-01", "2023-05-01"},
	"microsoft.containerinstance/containergroups":      {"2023-05-01"},
	entraKind: {"2017-04-01", "2017-04-01-preview"},
}

// versions returns the api-versions of a type; a child type has its parent's. Nil says that there is no such type.
func versions(kind string) []string {
	for kind = strings.ToLower(kind); ; {
		if v, ok := apiVersions[kind]; ok {
			return v
		}
		i := strings.LastIndexByte(kind, '/')
		if i < 0 {
			return nil
		}
		kind = kind[:i]
	}
}

func (s *Server) route(r *request) {
	kind := strings.ToLower(r.kind(r.Method))
	switch {
	case r.ns == "":
		s.subscriptions(r)
	case kind == "microsoft.resourcegraph" && r.Method == http.MethodPost && r.tail == "resources":
		s.query(r)
	case kind == entraKind:
		s.entra(r)
	case strings.HasPrefix(kind, "microsoft.authorization/"):
		s.authorization(r, kind)
	case strings.HasPrefix(kind, "microsoft.documentdb/locations/operationsstatus"):
		s.status(r)
	case !s.placed(r):
	case kind == "microsoft.keyvault/vaults/accesspolicies" && r.Method == http.MethodPut:
		s.accessPolicies(r)
	case r.Method == http.MethodPost:
		s.keys(r, kind)
	case r.Method == http.MethodGet && r.tail != "":
		s.list(r)
	case r.Method == http.MethodGet:
		s.get(r)
	case r.Method == http.MethodPatch:
		s.patch(r, kind)
	case r.Method == http.MethodDelete:
		s.remove(r)
	default:
		fail(r.w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The local resource manager has no "+r.Method+" for this type.")
	}
}

// placed authorises the request and checks that its subscription and group are there.
func (s *Server) placed(r *request) bool {
	scope := r.id()
	if r.Method == http.MethodGet && r.tail != "" && len(r.names) == 0 {
		scope = r.scope
	}
	if !s.allowed(r, r.action(r.Method), scope) {
		return false
	}
	sub := subscriptionOf(r.scope)
	if _, ok := s.state.Subscriptions[lower(sub)]; !ok {
		fail(r.w, http.StatusNotFound, "SubscriptionNotFound", "The subscription '"+sub+"' could not be found.")
		return false
	}
	if g := group(r.scope); g != "" && !s.hasGroup(sub, g) {
		fail(r.w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group '"+g+"' could not be found.")
		return false
	}
	return true
}

// hasGroup reports whether a resource group holds anything: the local groups have no life of their own.
func (s *Server) hasGroup(sub, group string) bool {
	prefix := lower("/subscriptions/"+sub+"/resourceGroups/"+group) + "/"
	for id := range s.state.Resources {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// subscriptions lists the subscriptions in which the caller has any role; there is no refusal.
func (s *Server) subscriptions(r *request) {
	if r.Method != http.MethodGet || r.tail != "subscriptions" {
		fail(r.w, http.StatusNotFound, "NotFound", "The local resource manager has no "+r.Method+" "+r.URL.Path)
		return
	}
	s.note(Call{r.oid, "Microsoft.Resources/subscriptions/read", "/"})
	out := []any{}
	for _, key := range sortedKeys(s.state.Subscriptions) {
		sub := s.state.Subscriptions[key]
		if s.state.Rights.may(r.oid, "Microsoft.Resources/subscriptions/read", "/subscriptions/"+sub.ID, false) {
			out = append(out, map[string]string{
				"id": "/subscriptions/" + sub.ID, "subscriptionId": sub.ID, "displayName": sub.Name, "state": "Enabled", "tenantId": s.tokens.Directory.TenantID,
			})
		}
	}
	s.page(r, out)
}

// list lists the resources of a type under a scope or under a parent.
func (s *Server) list(r *request) {
	kind, under := r.kind(r.Method), lower(r.id())+"/"
	out := []any{}
	for _, key := range sortedKeys(s.state.Resources) {
		res := s.state.Resources[key]
		if strings.EqualFold(res.Type, kind) && strings.HasPrefix(key, under) {
			out = append(out, s.render(res))
		}
	}
	s.page(r, out)
}

// page answers a part of a list and where the next one is.
func (s *Server) page(r *request, all []any) {
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("$skiptoken")) // none is the start
	from = min(max(0, from), len(all))
	to := min(from+s.options.PageSize, len(all))
	out := map[string]any{"value": all[from:to]}
	if to < len(all) {
		q.Set("$skiptoken", strconv.Itoa(to))
		next := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: q.Encode()}
		out["nextLink"] = next.String()
	}
	answer(r.w, http.StatusOK, out)
}

func (s *Server) find(r *request) *Resource {
	if res := s.state.Resources[lower(r.id())]; res != nil {
		return res
	}
	fail(r.w, http.StatusNotFound, "ResourceNotFound", "The Resource '"+strings.Join(append(slices.Clone(r.types), r.names...), "/")+"' under resource group '"+group(r.scope)+"' was not found.")
	return nil
}

func (s *Server) get(r *request) {
	if res := s.find(r); res != nil {
		answer(r.w, http.StatusOK, s.render(res))
	}
}

// remove deletes a resource. One that is gone is 204, as ARM answers.
func (s *Server) remove(r *request) {
	if s.state.Resources[lower(r.id())] == nil {
		answer(r.w, http.StatusNoContent, nil)
		return
	}
	delete(s.state.Resources, lower(r.id()))
	if s.stored(r) {
		answer(r.w, http.StatusOK, nil)
	}
}
