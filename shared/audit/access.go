package audit

import (
	"encoding/json"
	"slices"
	"strings"
)

// Permission is one permission that an application's manifest asks for. It is not granted yet.
type Permission struct {
	Resource    string // application id of the resource
	ID          string // of the app role or scope
	Application bool   // it acts as itself, and not for a user
}

// RequiredAccess reads a RequiredResourceAccess property.
func RequiredAccess(value string) []Permission {
	var list []struct {
		ResourceAppID          string
		RequiredAppPermissions []struct {
			EntitlementID     string
			DirectAccessGrant bool
		}
	}
	if json.Unmarshal([]byte(value), &list) != nil {
		return nil
	}
	var out []Permission
	for _, r := range list {
		for _, p := range r.RequiredAppPermissions {
			out = append(out, Permission{strings.ToLower(r.ResourceAppID), strings.ToLower(p.EntitlementID), p.DirectAccessGrant})
		}
	}
	return out
}

// AddedAccess returns what the new manifest asks for and the old one did not.
func AddedAccess(before, after string) []Permission {
	had := RequiredAccess(before)
	return slices.DeleteFunc(RequiredAccess(after), func(p Permission) bool { return slices.Contains(had, p) })
}
