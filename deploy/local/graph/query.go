package graph

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Pages of directory objects.
const (
	maxTop    = 999 // the largest
	usualPage = 100 // of a list, when $top does not say
)

// item is an element of a list, as it is shown.
type item = map[string]any

// page answers a list: filtered, selected, cut to a page with a link to the next one.
func (s *Server) page(c call, context string, items []item) {
	q := c.r.URL.Query()
	keep, err := filter(c.r, q.Get("$filter"))
	if err != nil {
		c.refuse(err)
		return
	}
	var kept []item
	for _, i := range items {
		if keep(i) {
			kept = append(kept, i)
		}
	}
	size := usualPage
	if top := q.Get("$top"); top != "" {
		n, err := strconv.Atoi(top)
		if err != nil || n < 1 || n > maxTop {
			c.refuse(problem{http.StatusBadRequest, "Request_BadRequest", "Invalid page size specified: '" + top + "'. Must be between 1 and 999 inclusive.", nil})
			return
		}
		size = n
	}
	if most := s.options.PageSize; most > 0 {
		size = min(size, most)
	}
	for _, i := range items[:min(1, len(items))] {
		if err := selectable(i, q.Get("$select")); err != nil {
			c.refuse(err)
			return
		}
	}
	body := map[string]any{"@odata.context": Audience + "/v1.0/$metadata#" + context}
	from, err := position(q.Get("$skiptoken"))
	if err != nil || from > len(kept) {
		c.refuse(bad("The specified skip token is invalid."))
		return
	}
	if from == 0 && q.Get("$count") == "true" && advanced(c.r) {
		body["@odata.count"] = len(kept)
	}
	to := min(from+size, len(kept))
	values := []item{}
	for _, i := range kept[from:to] {
		values = append(values, selected(i, q.Get("$select")))
	}
	body["value"] = values
	if to < len(kept) {
		body["@odata.nextLink"] = next(c.r, q, to)
	}
	answer(c.w, http.StatusOK, body)
}

// position reads a $skiptoken, which is opaque to clients.
func position(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(string(b), "RFNwdAI"))
}

// next is the link to the next page, with every option of the request.
func next(r *http.Request, q url.Values, to int) string {
	q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte("RFNwdAI"+strconv.Itoa(to))))
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.Path + "?" + q.Encode()
}

// advanced reports whether a request may use the index that is eventually consistent.
func advanced(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual") && r.URL.Query().Get("$count") == "true"
}

var (
	equal      = regexp.MustCompile(`^(\w+) (eq|ne) (?:'((?:[^']|'')*)'|([\w-]+))$`)
	startsWith = regexp.MustCompile(`^startswith\((\w+), ?'((?:[^']|'')*)'\)$`)
	endsWith   = regexp.MustCompile(`^endswith\((\w+), ?'((?:[^']|'')*)'\)$`)
)

// filterable are the properties that lists are filtered by here.
var filterable = map[string]bool{
	"id": true, "appId": true, "displayName": true, "servicePrincipalType": true, "appOwnerOrganizationId": true, "accountEnabled": true,
	"riskLevel": true, "riskState": true, "principalId": true, "roleDefinitionId": true, "clientId": true, "resourceId": true, "consentType": true,
	"riskEventType": true, "servicePrincipalId": true, "requestId": true,
}

// filter understands eq, ne, startswith and endswith on one property. Of these ne and endswith need the index.
func filter(r *http.Request, text string) (func(item) bool, error) {
	unsupported := problem{http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for the request.", nil}
	if text == "" {
		return func(item) bool { return true }, nil
	}
	var property, operator, literal string
	if m := equal.FindStringSubmatch(text); m != nil {
		property, operator, literal = m[1], m[2], m[3]+m[4]
	} else if m := startsWith.FindStringSubmatch(text); m != nil {
		property, operator, literal = m[1], "startswith", m[2]
	} else if m := endsWith.FindStringSubmatch(text); m != nil {
		property, operator, literal = m[1], "endswith", m[2]
	}
	if !filterable[property] || (operator == "ne" || operator == "endswith") && !advanced(r) {
		return nil, unsupported
	}
	literal = strings.ReplaceAll(literal, "''", "'")
	return func(i item) bool {
		value := ""
		switch v := i[property].(type) {
		case string:
			value = v
		case bool:
			value = strconv.FormatBool(v)
		}
		switch operator {
		case "eq":
			return strings.EqualFold(value, literal)
		case "ne":
			return !strings.EqualFold(value, literal)
		case "startswith":
			return strings.HasPrefix(strings.ToLower(value), strings.ToLower(literal))
		}
		return strings.HasSuffix(strings.ToLower(value), strings.ToLower(literal))
	}, nil
}

// selectable refuses a $select of what the type does not have: the whole request fails.
func selectable(i item, names string) error {
	for name := range strings.SplitSeq(names, ",") {
		if _, ok := i[strings.TrimSpace(name)]; !ok && names != "" {
			return problem{http.StatusBadRequest, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on the type.", nil}
		}
	}
	return nil
}

// selected is what $select asks for of an item, and its type.
func selected(i item, names string) item {
	if names == "" {
		return i
	}
	out := item{}
	for name := range strings.SplitSeq(names+",@odata.type", ",") {
		if v, ok := i[strings.TrimSpace(name)]; ok {
			out[strings.TrimSpace(name)] = v
		}
	}
	return out
}
