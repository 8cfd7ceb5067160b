package policy

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/fault"
)

// Candidate is a service principal that somebody wants covered, with what the directory and the risk say of it.
type Candidate struct {
	ID         string
	Found      bool   // there is such a service principal
	Hint       string // when not: what the id is instead
	AppID      string
	Name       string
	Type       string // servicePrincipalType
	Tenant     string // of the application's owner
	Agent      bool   // an agent identity, or a blueprint's principal
	Registered bool   // the application is registered in this tenant
	Audience   string // of the application: signInAudience
	Protected  string // why it must never be touched; "" when it may
	Risks      []Risk
}

// Sources of a risk.
const (
	FromRekey     = "Rekey"
	FromMicrosoft = "Identity Protection"
)

// Risk is what somebody thinks of a principal.
type Risk struct {
	Source string
	Level  string // low, medium, high or hidden; of others there is none
	State  string // Graph's riskState
	Case   string // of Rekey
}

// hidden is the level that a tenant without a licence is shown.
const hidden = "hidden"

// counts reports whether the principal is at risk by it.
func (r Risk) counts() bool {
	return (slices.Contains(Levels, r.Level) || r.Level == hidden) && (r.State == "atRisk" || r.State == "confirmedCompromised")
}

// Outside is a principal that the policy does not cover, and why.
type Outside struct {
	ID     string
	Name   string
	Reason string
}

// microsoft are the tenants that own Microsoft's own applications.
var microsoft = []string{"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}

// rule is one reason to leave a principal out.
type rule struct {
	applies func(c Candidate, tenant string) bool
	reason  func(c Candidate) string
}

func says(s string) func(Candidate) string { return func(Candidate) string { return s } }

// rules are asked in order; the first that applies is told. The end of each says what can be done instead.
var rules = []rule{
	{func(c Candidate, _ string) bool { return !c.Found }, func(c Candidate) string {
		return strings.TrimSuffix("there is no service principal with this object id in the tenant; "+c.Hint, "; ")
	}},
	{func(c Candidate, _ string) bool { return c.Protected != "" }, func(c Candidate) string { return "never touched: " + c.Protected }},
	{func(c Candidate, _ string) bool { return c.Type == "ManagedIdentity" }, says("a managed identity: Conditional Access does not cover them; take its Azure roles away instead")},
	{func(c Candidate, _ string) bool { return c.Agent || c.Type == "ServiceIdentity" }, says("an agent identity: this kind of policy does not cover them; disable its blueprint's principal instead")},
	{func(c Candidate, _ string) bool { return slices.Contains(microsoft, strings.ToLower(c.Tenant)) }, says("one of Microsoft's own applications: Conditional Access covers applications of this tenant only; remove what was added to it instead")},
	{func(c Candidate, _ string) bool { return c.Type != "Application" }, func(c Candidate) string {
		return fmt.Sprintf("a principal of the type %q: Conditional Access covers applications only; disable the principal instead", c.Type)
	}},
	{func(c Candidate, tenant string) bool { return !strings.EqualFold(c.Tenant, tenant) || !c.Registered }, says("an application of another tenant: Conditional Access covers those that are registered in this tenant; disable the principal instead")},
	{func(c Candidate, _ string) bool { return c.Audience != "AzureADMyOrg" }, func(c Candidate) string {
		return fmt.Sprintf("a multi-tenant application (signInAudience %q): Conditional Access covers single-tenant ones only; disable the principal instead", c.Audience)
	}},
	{func(c Candidate, _ string) bool { return !slices.ContainsFunc(c.Risks, Risk.counts) }, says("not at risk: neither Identity Protection nor a case of Rekey says so; confirm it compromised first if it is")},
}

// Choose returns who of the candidates a policy can and should cover, and why the others are left out. Notes tell what
// people should know of those that are covered.
func Choose(candidates []Candidate, tenant string, levels []string) (in []string, out []Outside, notes []string) {
	for _, c := range candidates {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.applies(c, tenant) })
		if i >= 0 {
			out = append(out, Outside{c.ID, c.Name, rules[i].reason(c)})
			continue
		}
		in = append(in, c.ID)
		if note := unblocked(c, levels); note != "" {
			notes = append(notes, note)
		}
	}
	return in, out, notes
}

// unblocked says why a policy of some levels does not block a principal as things are.
func unblocked(c Candidate, levels []string) string {
	for _, r := range c.Risks {
		switch {
		case r.Source != FromMicrosoft || !r.counts():
		case slices.Contains(levels, r.Level):
			return ""
		default:
			return fmt.Sprintf("%s (%s) has the risk level %s, which the policy does not name: it is not blocked as things are", c.ID, c.Name, r.Level)
		}
	}
	return fmt.Sprintf("%s (%s) is at risk by a case of Rekey alone; Conditional Access goes by Microsoft's risk: confirm it compromised, or the policy does not block it", c.ID, c.Name)
}

// Cover makes the policy cover the chosen principals and exclude the protected ones, whatever was asked for. Rekey's own
// principals are named apart because a policy without them is never made: they must not be empty.
func (p Policy) Cover(in, own, protected []string) (Policy, error) {
	if len(own) == 0 {
		return p, fault.Errorf(fault.Denied, "Rekey's own service principal is not known, and a policy that does not exclude it could lock it out: set REKEY_CLIENT_ID to the client id of its identity")
	}
	p.Exclude = append(append(slices.Clone(p.Exclude), own...), protected...)
	p.Include = in
	p = p.tidy()
	p.Include = slices.DeleteFunc(p.Include, func(id string) bool { return slices.Contains(p.Exclude, id) })
	if len(p.Include) == 0 {
		return p, fault.Errorf(fault.Poison, "no service principal is left that the policy could cover")
	}
	return p, nil
}
