package audit

import (
	"encoding/json"
	"slices"
)

// URIs reads a list of addresses: AppAddress has objects with an Address, AppIdentifierUri has texts. A value that is no
// list is one address.
func URIs(value string) []string {
	var list []json.RawMessage
	if json.Unmarshal([]byte(value), &list) != nil {
		if one := Text(value); one != "" && one[0] != '[' && one[0] != '{' {
			return []string{one}
		}
		return nil
	}
	var out []string
	for _, raw := range list {
		var s string
		var o struct{ Address string }
		if json.Unmarshal(raw, &s) != nil && json.Unmarshal(raw, &o) == nil {
			s = o.Address
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// AddedURIs returns the addresses of the new list that the old one does not have.
func AddedURIs(before, after string) []string {
	had := URIs(before)
	return slices.DeleteFunc(URIs(after), func(u string) bool { return slices.Contains(had, u) })
}
