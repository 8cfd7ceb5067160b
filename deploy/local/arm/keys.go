package arm

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// keys answers the actions that list and regenerate keys, each provider in its own words.
func (s *Server) keys(r *request, kind string) {
	names := keyNames(kind)
	tail := strings.ToLower(r.tail)
	if names == nil || !slices.Contains([]string{"listkeys", "regeneratekey", "regeneratekeys"}, tail) {
		fail(r.w, http.StatusNotFound, "NotFound", "The local resource manager has no "+r.Method+" "+r.URL.Path)
		return
	}
	res := s.find(r)
	if res == nil {
		return
	}
	if tail == "listkeys" {
		answer(r.w, http.StatusOK, s.renderKeys(res, kind))
		return
	}
	var in struct{ KeyName, KeyType, KeyKind string }
	if !r.body(&in) {
		return
	}
	which := map[string]string{"microsoft.storage/storageaccounts": in.KeyName, "microsoft.documentdb/databaseaccounts": in.KeyKind}[kind]
	if which == "" {
		which = in.KeyType
	}
	if !slices.Contains(names, which) {
		fail(r.w, http.StatusBadRequest, "BadRequest", "The key must be one of "+strings.Join(names, ", ")+".")
		return
	}
	if kind == "microsoft.documentdb/databaseaccounts" {
		s.later(r, res, func() { s.regenerate(res, which) })
		return
	}
	s.regenerate(res, which)
	if s.stored(r) {
		answer(r.w, http.StatusOK, s.renderKeys(res, kind))
	}
}

// regenerate changes exactly one key.
func (s *Server) regenerate(res *Resource, which string) {
	s.state.Keys[lower(res.ID)][which] = newKey(res.Type)
}

// renderKeys is what listing keys answers.
func (s *Server) renderKeys(res *Resource, kind string) any {
	k := s.state.Keys[lower(res.ID)]
	switch kind {
	case "microsoft.storage/storageaccounts":
		out := []any{}
		for _, n := range keyNames(kind) {
			out = append(out, map[string]string{"keyName": n, "value": k[n], "permissions": "FULL"})
		}
		return map[string]any{"keys": out}
	case "microsoft.documentdb/databaseaccounts":
		return map[string]string{
			"primaryMasterKey": k["primary"], "secondaryMasterKey": k["secondary"],
			"primaryReadonlyMasterKey": k["primaryReadonly"], "secondaryReadonlyMasterKey": k["secondaryReadonly"],
		}
	case "microsoft.cache/redis":
		return map[string]string{"primaryKey": k["Primary"], "secondaryKey": k["Secondary"]}
	}
	namespace := strings.Split(lower(res.ID), "/namespaces/")[1]
	namespace, _, _ = strings.Cut(namespace, "/")
	connection := func(key string) string {
		return "Endpoint=sb://" + namespace + ".servicebus.windows.net/;SharedAccessKeyName=" + res.Name + ";SharedAccessKey=" + key
	}
	return map[string]string{
		"primaryKey": k["PrimaryKey"], "secondaryKey": k["SecondaryKey"], "keyName": res.Name,
		"primaryConnectionString": connection(k["PrimaryKey"]), "secondaryConnectionString": connection(k["SecondaryKey"]),
	}
}

// operation is something that takes its time.
type operation struct{ done bool }

// later does something after a while and answers 202 with the two headers that are documented for Cosmos DB
// (learn.microsoft.com/rest/api/cosmos-db-resource-provider/database-accounts/regenerate-key).
func (s *Server) later(r *request, res *Resource, do func()) {
	id := operationID()
	s.async[id] = operation{}
	time.AfterFunc(s.options.Async, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
		s.async[id] = operation{done: true}
		_ = s.save() // who asked is gone; the next change saves again
	})
	where := "https://" + r.Host + "/subscriptions/" + subscriptionOf(res.ID) + "/providers/Microsoft.DocumentDB/locations/" + res.Location + "/operationsStatus/" + id + "?" + r.URL.RawQuery
	r.w.Header().Set("Azure-AsyncOperation", where)
	r.w.Header().Set("Location", strings.Replace(where, "/operationsStatus/", "/operationsStatus/results-", 1))
	answer(r.w, http.StatusAccepted, map[string]string{"status": "Enqueued"})
}

// status tells how far an operation is. Whoever has its id may ask (guessed: no built-in role lists an action for it).
func (s *Server) status(r *request) {
	name, isResult := strings.CutPrefix(r.names[len(r.names)-1], "results-")
	op, ok := s.async[name]
	switch {
	case !ok:
		fail(r.w, http.StatusNotFound, "NotFound", "The operation is not known.")
	case isResult && op.done:
		answer(r.w, http.StatusOK, nil)
	case isResult:
		answer(r.w, http.StatusAccepted, nil)
	case op.done:
		answer(r.w, http.StatusOK, map[string]string{"status": "Succeeded"})
	default:
		answer(r.w, http.StatusOK, map[string]string{"status": "Dequeued"})
	}
}
