package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rekey/deploy/azure/usage"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
)

// acts are the methods of shared/azure/arm that change something, by the kind of act that they are for (variable acts in
// respond.tf). A method that works on several types stands for all of them. What only reads is the kind look.
var acts = map[string][]string{
	"cut_vaults":     {"RemoveAssignment", "RemovePolicies"},
	"restore_vaults": {"AddAssignment", "AddPolicies"},
	"federated":      {"RemoveFederated"},
	"detach":         {"Detach", "SwitchOff"},
	"keys":           {"Keys", "Regenerate"},
}

// method is a key of arm.Permissions without the type that it works on.
func method(key string) string {
	name, _, _ := strings.Cut(key, " ")
	return name
}

func reads(actions []string) bool {
	return !slices.ContainsFunc(actions, func(a string) bool { return !strings.HasSuffix(a, "/read") })
}

// ActActions are the actions that each kind of act needs: those of its methods, and for look those of the reading methods that
// are called.
func ActActions(u *usage.Usage) (map[string][]string, []string) {
	out, known := map[string][]string{"secrets": nil, "certificates": nil}, map[string]bool{}
	var complaints []string
	for act, methods := range acts {
		for key, actions := range arm.Permissions {
			if slices.Contains(methods, method(key)) {
				out[act] = append(out[act], actions...)
				known[method(key)] = true
			}
		}
	}
	for _, m := range u.Methods["arm"] {
		name, ok := strings.CutPrefix(m, "Client.")
		if !ok || known[name] {
			continue
		}
		actions, ok := arm.Permissions[name]
		if !ok || !reads(actions) {
			complaints = append(complaints, fmt.Sprintf("arm.Client.%s is called, and belongs to no kind of act (deploy/azure/check/acts.go) or has no entry in arm.Permissions", name))
		}
		out["look"] = append(out["look"], actions...)
	}
	for act := range out {
		slices.Sort(out[act])
		out[act] = slices.Compact(out[act])
	}
	return out, complaints
}

// SecretActions are the data actions on secrets of vaults.
func SecretActions() []string {
	return slices.Compact(slices.Sorted(maps.Values(vault.Permissions)))
}

// CertificateActions are the data actions on certificates of vaults.
func CertificateActions() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(vault.CertificatePermissions))...))))
}

// dataActions are those of a kind of act.
func dataActions(act string) []string {
	switch act {
	case "secrets":
		return SecretActions()
	case "certificates":
		return CertificateActions()
	}
	return nil
}

// Acts compares the roles for acts in a plan with what the code calls.
func Acts(p *Plan, u *usage.Usage) []string {
	want, out := ActActions(u)
	seen := map[string]bool{}
	for _, r := range p.Resources {
		if r.azure() != "Microsoft.Authorization/roleDefinitions" {
			continue
		}
		_, act, _ := strings.Cut(fmt.Sprint(r.at("properties", "roleName")), ": ")
		seen[act] = true
		list, _ := r.at("properties", "permissions").([]any)
		for _, one := range list {
			m, _ := one.(map[string]any)
			out = append(out, differ(act, "actions", m["actions"], want[act])...)
			out = append(out, differ(act, "dataActions", m["dataActions"], dataActions(act))...)
		}
	}
	for act := range want {
		if !seen[act] {
			out = append(out, fmt.Sprintf("too little: testdata/known.tfvars makes no role for acts of the kind %s", act))
		}
	}
	slices.Sort(out)
	return out
}

func differ(act, what string, have any, want []string) []string {
	var out []string
	list, _ := have.([]any)
	for _, a := range list {
		if !slices.Contains(want, fmt.Sprint(a)) {
			out = append(out, fmt.Sprintf("too much: %s of %s have %v, and no code of it calls that (respond.tf)", what, act, a))
		}
	}
	for _, a := range want {
		if !slices.Contains(list, any(a)) {
			out = append(out, fmt.Sprintf("too little: %s of %s lack %s, which the code calls (respond.tf)", what, act, a))
		}
	}
	return out
}

// GraphPermissions are the application permissions that an app's calls need, with the methods that need them.
func GraphPermissions(u *usage.Usage) map[string][]string {
	out := map[string][]string{}
	for _, m := range u.Methods["graph"] {
		name, _ := strings.CutPrefix(m, "Client.")
		for _, p := range graph.Needs(name) {
			out[p] = append(out[p], name)
		}
	}
	return out
}

// State compares what a plan makes of the state account with the names in shared/store.
func State(p *Plan, tables, queues, containers []string) []string {
	made := map[string][]string{}
	for _, r := range p.Resources {
		if r.Name == "package" {
			continue
		}
		switch r.azure() {
		case "Microsoft.Storage/storageAccounts/tableServices/tables":
			made["table"] = append(made["table"], r.text("name"))
		case "Microsoft.Storage/storageAccounts/queueServices/queues":
			made["queue"] = append(made["queue"], r.text("name"))
		case "Microsoft.Storage/storageAccounts/blobServices/containers":
			made["container"] = append(made["container"], r.text("name"))
		}
	}
	want := map[string][]string{"table": tables, "container": containers}
	for _, q := range queues {
		want["queue"] = append(want["queue"], q, q+"-poison")
	}
	var out []string
	for kind, names := range want {
		for _, n := range names {
			if !slices.Contains(made[kind], n) {
				out = append(out, fmt.Sprintf("the plan makes no %s %s, which shared/store names (access.tf)", kind, n))
			}
		}
		for _, n := range made[kind] {
			if !slices.Contains(names, n) {
				out = append(out, fmt.Sprintf("the plan makes a %s %s, which shared/store does not name (access.tf)", kind, n))
			}
		}
	}
	slices.Sort(out)
	return out
}

// Checked complains about bodies that azapi could not compare with a schema, because a part of them is not known before apply.
func Checked(p *Plan) []string {
	var out []string
	for _, r := range p.Resources {
		if r.Mode == "managed" && unknown(r.Change.AfterUnknown["body"]) {
			out = append(out, fmt.Sprintf("%s: a part of its body is known only after apply, so that nothing of it is checked", r.Address))
		}
	}
	return out
}

func unknown(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), unknown)
	case []any:
		return slices.ContainsFunc(v, unknown)
	}
	return false
}
