// Package rights knows which permissions of Microsoft Graph each app's identity needs, and what for. The table is made from
// the code by the same test that makes docs/permissions.md (go test ./deploy/azure/check -update).
package rights

import (
	_ "embed" // the table
	"slices"
	"strings"
)

//go:embed graph.tsv
var table string

// Need is one application permission that an app's identity needs.
type Need struct {
	App        string
	Permission string
	Methods    []string // of the Graph client
}

// Graph lists what all apps need, sorted.
func Graph() []Need {
	var out []Need
	for line := range strings.Lines(table) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			out = append(out, Need{f[0], f[1], strings.Split(f[2], ",")})
		}
	}
	return out
}

// alarming are the permissions by which their holder can give itself anything.
var alarming = []string{"AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "RoleManagement.ReadWrite.Directory"}

// Alarming reports whether the holder of a permission can give itself anything. Such a permission is only given to whoever
// is told so, and what is done with it is left to people otherwise.
func Alarming(permission string) bool { return slices.Contains(alarming, permission) }
