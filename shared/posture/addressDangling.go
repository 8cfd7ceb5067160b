package posture

import (
	"fmt"
	"slices"

	"rekey/shared/weburi"
)

// addressDangling looks for redirect URIs whose host is gone: who gets the name gets the codes and tokens.
var addressDangling = &Rule{
	ID: "addressDangling", Title: "Redirect URI whose host does not exist",
	Covers: []string{"F02"}, Techniques: []string{"T1528", "T1584.001"},
	Sees: "the hosts of redirect URIs of the tenant's own applications in the public domain name system: names that do not exist (NXDOMAIN), and aliases (CNAME) that end there; " +
		"a name that could not be asked for in time, or whose server fails, is unknown and not told; private and single-label names are not asked for",
	Levels: "low; medium when anybody can claim the name (a deleted web application, storage account, traffic profile ...) or the application has tier 0 or 1 permissions",
	FalsePositives: []string{
		"A name that only the company's own network knows.",
		"Newer Azure names that carry a hash (name-hash.region.azurewebsites.net) are not given out again.",
	},
	Ask: []string{"Remove the redirect URI, or take the name back first.", "Who has signed in through it since the host is gone?"},
	Find: func(in *Input) []Finding {
		var out []Finding
		for _, host := range Hosts(in.Facts) {
			n := in.Names[host]
			if n.State != Missing {
				continue
			}
			f := Finding{low, host, fmt.Sprintf("%s sends users and their codes to %s, which does not exist", in.titled(), host)}
			if name, suffix := claimable(host, n.Aliases); suffix != "" {
				f.Level = medium
				f.What += fmt.Sprintf(": anybody can have %s below %s", name, suffix)
			}
			if powerful(in.tier) {
				f.Level = medium
				f.What += fmt.Sprintf("; the application holds %s", some(in.high))
			}
			out = append(out, f)
		}
		return out
	},
}

// claimable returns the name, of a host and the aliases that it leads to, that anybody can have, and below which domain.
func claimable(host string, aliases []string) (name, suffix string) {
	for _, n := range append([]string{host}, aliases...) {
		if s := weburi.ClaimableSuffix(n); s != "" {
			return n, s
		}
	}
	return "", ""
}

// State is what the domain name system says of a name.
type State string

// The states. Unresolved is not gone: nobody answered, or what was said is no answer.
const (
	Unresolved State = ""
	Exists     State = "exists"
	Missing    State = "missing"
)

// Name is what the domain name system says of a host.
type Name struct {
	State   State
	Aliases []string // the names that it leads to, in lower case, without the last dot
}

// maxHosts bounds the hosts that are asked for one application: Graph allows some hundred redirect URIs.
const maxHosts = 32

// Hosts returns the public names in the redirect URIs of an application, sorted: those to ask the domain name system for.
func Hosts(f Facts) []string {
	var out []string
	for _, u := range f.redirects() {
		if host, ok := weburi.PublicHost(u); ok {
			out = append(out, host)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxHosts)]
}
