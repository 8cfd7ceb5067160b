package arm

import "strings"

// target is what a request's path names: a scope and, under the last /providers/, a resource, a collection or an action.
type target struct {
	scope string // before the last /providers/: "", a subscription, a resource group, a resource
	ns    string // like Microsoft.KeyVault; empty for subscriptions and resource groups
	types []string
	names []string
	tail  string // the last segment of an odd path: a collection (GET) or an action (POST)
}

const providers = "/providers/"

// parse reads a path. Paths are compared without regard to case, as Azure does.
func parse(path string) target {
	path = "/" + strings.Trim(path, "/")
	i := strings.LastIndex(strings.ToLower(path), providers)
	if i < 0 {
		return plain(path)
	}
	t := target{scope: path[:i]}
	parts := strings.Split(path[i+len(providers):], "/")
	if strings.EqualFold(parts[0], "Microsoft.Management") {
		return target{scope: path} // a management group is a scope, not a resource
	}
	t.ns = parts[0]
	for parts = parts[1:]; len(parts) > 1; parts = parts[2:] {
		t.types, t.names = append(t.types, parts[0]), append(t.names, parts[1])
	}
	if len(parts) == 1 {
		t.tail = parts[0]
	}
	return t
}

// plain reads the path of a subscription, a resource group or a collection of them.
func plain(path string) target {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts)%2 == 1 {
		return target{scope: strings.TrimSuffix(path, "/"+parts[len(parts)-1]), tail: parts[len(parts)-1]}
	}
	return target{scope: path}
}

// kind is the resource type, like Microsoft.KeyVault/vaults/accessPolicies; a GET's tail belongs to it.
func (t target) kind(method string) string {
	out := append([]string{t.ns}, t.types...)
	if t.tail != "" && method != "POST" {
		out = append(out, t.tail)
	}
	return strings.Join(out, "/")
}

// id is the resource that is named, without a tail.
func (t target) id() string {
	var b strings.Builder
	b.WriteString(t.scope)
	if t.ns != "" && len(t.names) > 0 {
		b.WriteString(providers + t.ns)
		for i := range t.names {
			b.WriteString("/" + t.types[i] + "/" + t.names[i])
		}
	}
	return b.String()
}

// action is the operation that a role must allow (learn.microsoft.com/azure/role-based-access-control/resource-provider-operations).
func (t target) action(method string) string {
	kind := t.kind(method)
	switch method {
	case "GET":
		return kind + "/read"
	case "DELETE":
		return kind + "/delete"
	case "POST":
		return kind + "/" + t.tail + "/action"
	}
	return kind + "/write"
}

// subscriptionOf returns the subscription of a resource's id, or "".
func subscriptionOf(id string) string { return after(id, "/subscriptions/") }

// group returns the resource group of a resource's id, or "".
func group(id string) string { return after(id, "/resourcegroups/") }

func after(id, marker string) string {
	i := strings.Index(strings.ToLower(id), marker)
	if i < 0 {
		return ""
	}
	name, _, _ := strings.Cut(id[i+len(marker):], "/")
	return name
}

// typeOf returns the type in a resource's id, or "".
func typeOf(id string) string { return parse(id).kind("GET") }
