package reach

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of way to a value.
const (
	ByRole   = "role"     // a role with the action
	ByPolicy = "policy"   // an entry of a vault's access policies
	ByGrant  = "grant"    // it could give itself such a role or entry
	ByDeploy = "template" // a template's deployment may be handed secrets, where the vault allows templates
)

// Way is one right that leads to a value. Whatever narrows it is said, and leaves it a way.
type Way struct {
	Kind     string   `json:"kind"`
	What     string   `json:"what"`  // the role, or the permissions of the entry
	Scope    string   `json:"scope"` // where it was given
	Group    string   `json:"group,omitempty"`
	Action   string   `json:"action,omitempty"`   // what the role allows that leads there
	Eligible bool     `json:"eligible,omitempty"` // it would have had to activate the role first
	Caveats  []string `json:"caveats,omitempty"`  // conditional, denied, ...
}

// String describes the way for people.
func (w Way) String() string {
	text := w.What + " at " + tail(w.Scope)
	switch w.Kind {
	case ByGrant:
		text = "could give itself access with " + text
	case ByDeploy:
		text = "could pass them to a template with " + text
	}
	if w.Group != "" {
		text += ", through group " + w.Group
	}
	if w.Eligible {
		text += ", once activated"
	}
	if len(w.Caveats) > 0 {
		text += " (" + strings.Join(w.Caveats, "; ") + ")"
	}
	return text
}

// ways lists the assignments that allow one of some actions at a resource, and whether that is all of them.
func (f *Facts) ways(resource, kind string, actions ...string) (out []Way, complete bool) {
	r := &f.Rights
	complete = r.Assignments.Known && !r.unread(resource)
	add := func(list []Assignment, eligible bool) {
		for _, a := range list {
			reaches, sure := r.reaches(a.Scope, resource)
			role, read := r.Roles[strings.ToLower(a.RoleID)]
			if !reaches {
				continue
			}
			if !read {
				complete = false
				continue
			}
			for _, action := range actions {
				if !role.allows(action) {
					continue
				}
				w := Way{Kind: kind, What: role.Name, Scope: a.Scope, Action: action, Eligible: eligible, Caveats: f.caveats(a, action, resource)}
				if !sure {
					w.Caveats = append(w.Caveats, "the management groups above the subscription were not read")
				}
				if !strings.EqualFold(a.PrincipalID, f.Principal) {
					w.Group = a.PrincipalID
				}
				out = append(out, w)
				break // one reason is enough, the strongest comes first
			}
		}
	}
	add(r.Assignments.Items, false)
	add(r.Eligible.Items, true)
	slices.SortStableFunc(out, func(a, b Way) int { return strings.Compare(a.key(), b.key()) })
	return slices.CompactFunc(out, func(a, b Way) bool { return a.key() == b.key() }), complete
}

func (w Way) key() string {
	return strings.ToLower(fmt.Sprint(w.Kind, "\x00", w.Eligible, "\x00", w.Scope, "\x00", w.What, "\x00", w.Group, "\x00", w.Action, "\x00", w.Caveats))
}

// unread reports whether rights could not be read at, above or below a resource.
func (r *Rights) unread(resource string) bool {
	return slices.ContainsFunc(r.Unread, func(g Gap) bool {
		scope := strings.ToLower(g.Scope)
		down, _ := r.reaches(scope, resource)
		return down || strings.HasPrefix(scope, strings.ToLower(resource)+"/")
	})
}

// caveats says what narrows an assignment at a resource.
func (f *Facts) caveats(a Assignment, action, resource string) []string {
	var out []string
	if a.Condition != "" {
		out = append(out, "conditional: counts as could")
	}
	for _, d := range f.Rights.Denies.Items {
		if reaches, _ := f.Rights.reaches(d.Scope, resource); reaches && d.Block.allows(action) {
			out = append(out, "denied by "+plain(d.Name)+" as long as that is there")
		}
	}
	return out
}

// policyWays lists the entries of a vault's access policies that let the principal read secrets.
func (f *Facts) policyWays(v *Vault) (out []Way, complete bool) {
	complete = v.Policies.Known && f.Rights.Groups.Known
	for _, p := range v.Policies.Items {
		mine := strings.EqualFold(p.ObjectID, f.Principal)
		group := slices.ContainsFunc(f.Rights.Groups.Items, func(g string) bool { return strings.EqualFold(g, p.ObjectID) })
		if p.ApplicationID != "" || !mine && !group || !slices.ContainsFunc(p.Secrets, opens) {
			continue
		}
		w := Way{Kind: ByPolicy, What: "access policy secrets " + plain(strings.Join(p.Secrets, ", ")), Scope: v.ID}
		if !mine {
			w.Group = p.ObjectID
		}
		out = append(out, w)
	}
	return out, complete
}

// opens reports whether a permission of an access policy hands out values. A backup is restored elsewhere and read there.
func opens(permission string) bool {
	return slices.Contains([]string{"get", "backup", "all"}, strings.ToLower(permission))
}
