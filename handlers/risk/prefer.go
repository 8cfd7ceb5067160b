package risk

import (
	"net/http"
	"slices"
	"strings"
)

// unknownMembers are the members of Graph's enums that came after unknownFutureValue: Graph sends them only to clients that
// say that they know of such members.
var unknownMembers = map[string][]string{
	"riskDetail": {"adminConfirmedServicePrincipalCompromised", "adminDismissedAllRiskForServicePrincipal", "adminConfirmedAccountSafe"},
	"activity":   {"servicePrincipal"},
}

const preference = "include-unknown-enum-members"

// knows reports whether the client knows of later members of enums, and tells it that it was heard.
func knows(w http.ResponseWriter, r *http.Request) bool {
	for _, header := range r.Header.Values("Prefer") {
		for part := range strings.SplitSeq(header, ",") {
			if strings.EqualFold(strings.TrimSpace(part), preference) {
				w.Header().Set("Preference-Applied", preference)
				return true
			}
		}
	}
	return false
}

// mask is the value of an enum for a client that may not know it.
func mask(name, value string, known bool) string {
	if !known && slices.Contains(unknownMembers[name], value) {
		return "unknownFutureValue"
	}
	return value
}
