package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// window is how long Resource Graph counts a caller's queries.
const window = 5 * time.Second

// Truncate makes Resource Graph cut its answers off without a way to go on, as it does when rows cannot be told apart.
func (s *Server) Truncate(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = on
}

// query answers Azure Resource Graph for the part of KQL in clause below. Callers see what they may read, and nothing is
// said about the rest. Rows are shown in pages only if they carry an id to order them by.
func (s *Server) query(r *request) {
	if !s.quota(r) {
		return
	}
	var in struct {
		Query         string
		Subscriptions []string
		Options       struct {
			Top          int    `json:"$top"`
			SkipToken    string `json:"$skipToken"`
			ResultFormat string
		}
	}
	if !r.body(&in) {
		return
	}
	rows, columns, err := s.rows(r.oid, in.Query, in.Subscriptions)
	if err != "" {
		answer(r.w, http.StatusBadRequest, map[string]any{"error": map[string]any{
			"code": "BadRequest", "message": "Please provide below info when asking for support.", "details": []any{map[string]string{"code": "InvalidQuery", "message": err}},
		}})
		return
	}
	top := in.Options.Top
	if top == 0 {
		top = 100
	}
	if top > 1000 || in.Options.ResultFormat != "objectArray" {
		fail(r.w, http.StatusBadRequest, "BadRequest", "$top is at most 1000, and the local Resource Graph answers object arrays.")
		return
	}
	from, _ := strconv.Atoi(in.Options.SkipToken) // none is the start
	from = min(max(0, from), len(rows))
	to := min(from+top, len(rows))
	out := map[string]any{"totalRecords": len(rows), "count": to - from, "data": rows[from:to], "facets": []any{}, "resultTruncated": "false"}
	switch {
	case to < len(rows) && (s.cut || !slices.Contains(columns, "id")):
		out["resultTruncated"] = "true"
	case to < len(rows):
		out["$skipToken"] = strconv.Itoa(to)
	}
	answer(r.w, http.StatusOK, out)
}

// quota counts a caller's queries.
func (s *Server) quota(r *request) bool {
	recent := slices.DeleteFunc(s.queries[r.oid], func(t time.Time) bool { return time.Since(t) > window })
	left := s.options.Queries - len(recent)
	r.w.Header().Set("x-ms-user-quota-remaining", strconv.Itoa(max(0, left-1)))
	if left <= 0 {
		wait := window - time.Since(recent[0])
		r.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		fail(r.w, http.StatusTooManyRequests, "RateLimiting", "Please follow the instructions here to avoid being throttled.")
		return false
	}
	s.queries[r.oid] = append(recent, time.Now())
	return true
}

// clause is the part of KQL that is understood: types, identities, columns, and an order.
var clause = regexp.MustCompile(`^(?:where type in~ \((?P<types>[^)]*)\)|where tostring\(identity\.userAssignedIdentities\) contains '(?P<identity>[^']*)'|project (?P<columns>[a-zA-Z, ]+)|order by id asc)$`)

func (s *Server) rows(oid, query string, subscriptions []string) (rows []map[string]any, columns []string, problem string) {
	parts := strings.Split(query, "|")
	if strings.TrimSpace(parts[0]) != "resources" {
		return nil, nil, "The local Resource Graph knows the table resources."
	}
	var types, identities []string
	for _, p := range parts[1:] {
		m := clause.FindStringSubmatch(strings.TrimSpace(p))
		if m == nil {
			return nil, nil, "ParserFailure: " + strings.TrimSpace(p)
		}
		types = append(types, list(m[1], "'")...)
		if m[2] != "" {
			identities = append(identities, m[2])
		}
		columns = append(columns, list(m[3], "")...)
	}
	rows = []map[string]any{}
	for _, key := range sortedKeys(s.state.Resources) {
		res := s.state.Resources[key]
		child := strings.Count(res.Type, "/") > 1 || strings.Count(key, providers) > 1 // Resource Graph holds no children here
		if child || len(types) > 0 && !slices.Contains(types, strings.ToLower(res.Type)) || len(subscriptions) > 0 && !slices.Contains(subscriptions, subscriptionOf(res.ID)) {
			continue
		}
		if !s.state.Rights.may(oid, res.Type+"/read", res.ID, false) || slices.ContainsFunc(identities, func(id string) bool { return !res.carries(id) }) {
			continue
		}
		rows = append(rows, project(s.render(res), columns))
	}
	return rows, columns, ""
}

func list(text, quote string) []string {
	if text == "" {
		return nil
	}
	var out []string
	for s := range strings.SplitSeq(text, ",") {
		out = append(out, strings.Trim(strings.TrimSpace(s), quote))
	}
	return out
}

func (res *Resource) carries(text string) bool {
	if res.Identity == nil {
		return false
	}
	return slices.ContainsFunc(sortedKeys(res.Identity.UserAssigned), func(id string) bool { return strings.Contains(lower(id), lower(text)) })
}

// project shows a resource's columns. Resource Graph writes types and groups in lower case.
func project(res *Resource, columns []string) map[string]any {
	all := map[string]any{}
	b, _ := json.Marshal(res)   // it was read from JSON
	_ = json.Unmarshal(b, &all) // the same
	all["type"] = strings.ToLower(res.Type)
	all["subscriptionId"], all["resourceGroup"] = subscriptionOf(res.ID), strings.ToLower(group(res.ID))
	if len(columns) == 0 {
		return all
	}
	out := map[string]any{}
	for _, c := range columns {
		out[c] = all[c]
	}
	return out
}
