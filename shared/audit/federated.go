package audit

import (
	"encoding/json"
	"slices"
	"strings"
)

// Federated is one federated identity credential: tokens of the issuer about the subject are as good as a secret.
type Federated struct {
	ID, Name, Issuer, Subject string
	Claims                    string // the expression that takes the subject's place, if there is one
}

// FederatedCredentials reads a FederatedIdentityCredentials property, and false when it cannot be read.
func FederatedCredentials(value string) ([]Federated, bool) {
	if strings.TrimSpace(value) == "" {
		return nil, true
	}
	var list []struct {
		ID, Name, Issuer, Subject     string
		ClaimsMatchingExpressionValue json.RawMessage
		ClaimsMatchingExpression      struct{ Value string }
	}
	if json.Unmarshal([]byte(value), &list) != nil {
		return nil, false
	}
	out := make([]Federated, len(list))
	for i, f := range list {
		out[i] = Federated{strings.ToLower(f.ID), f.Name, f.Issuer, f.Subject, f.ClaimsMatchingExpression.Value}
		if claims := Text(string(f.ClaimsMatchingExpressionValue)); claims != "" {
			out[i].Claims = claims
		}
	}
	return out, true
}

// FederatedChange is a credential that is new, or that says something else than before.
type FederatedChange struct {
	Old *Federated // nil for a new one
	New Federated
}

// ChangedFederated compares two lists by id, or by name where there is no id.
func ChangedFederated(before, after []Federated) []FederatedChange {
	var out []FederatedChange
	for _, f := range after {
		i := slices.IndexFunc(before, func(o Federated) bool { return o.same(f) })
		switch {
		case i < 0:
			out = append(out, FederatedChange{nil, f})
		case before[i] != f:
			out = append(out, FederatedChange{&before[i], f})
		}
	}
	return out
}

func (f Federated) same(g Federated) bool {
	if f.ID != "" && g.ID != "" {
		return f.ID == g.ID
	}
	return f.Name == g.Name
}
