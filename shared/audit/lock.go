package audit

import (
	"encoding/json"
	"slices"
)

// Locks reads a servicePrincipalLockConfiguration: the properties of an application's service principals, in any tenant,
// that only the application may change. None are locked while it is not enabled. It reads an object or a list of one, and
// says false for anything else.
func Locks(value string) ([]string, bool) {
	type lock struct {
		IsEnabled, AllProperties                             bool
		CredentialsWithUsageVerify, CredentialsWithUsageSign bool
		TokenEncryptionKeyID, IdentifierUris                 bool
	}
	if Text(value) == "" || value == "[]" {
		return nil, true
	}
	var one lock
	if json.Unmarshal([]byte(value), &one) != nil {
		var list []lock
		if json.Unmarshal([]byte(value), &list) != nil || len(list) != 1 {
			return nil, false
		}
		one = list[0]
	}
	if !one.IsEnabled {
		return nil, true
	}
	all := one.AllProperties
	var out []string
	for name, is := range map[string]bool{
		"credentialsWithUsageVerify": all || one.CredentialsWithUsageVerify, "credentialsWithUsageSign": all || one.CredentialsWithUsageSign,
		"tokenEncryptionKeyId": all || one.TokenEncryptionKeyID, "identifierUris": one.IdentifierUris,
	} {
		if is {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, true
}
