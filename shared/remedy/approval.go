package remedy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/privilege"
)

// Approval is a person's yes to a plan, by its hash.
type Approval struct {
	By       string    `json:"by"` // object id of the person
	PlanHash string    `json:"planHash"`
	Time     time.Time `json:"time"`
	Note     string    `json:"note,omitempty"`
}

// approvalLife is how long a yes holds: the world it was given for has changed after that. ahead is how far a clock may be.
const (
	approvalLife = 4 * time.Hour
	ahead        = 5 * time.Minute
)

// Needs is how many people have to approve a plan, and why nothing may be done without one.
type Needs struct {
	Approvals int      `json:"approvals"`
	Why       []string `json:"why,omitempty"`       // of more than one
	Never     []string `json:"never,omitempty"`     // whose approval does not count: they are in a linked case
	Obstacles []string `json:"obstacles,omitempty"` // to acting without a person
}

// Obstacles returns why the plan must not be carried out without a person, whatever the mode; empty when nothing stands
// in the way.
func (p Plan) Obstacles() []string { return p.Needs.Obstacles }

// Approved reports whether enough people approved a plan, and says what is missing. A yes counts for the hash it was given
// for and for four hours, and nobody counts twice: where two are needed, who asked for the plan is at most one of them.
func Approved(p Plan, approvals []Approval, now time.Time) (ok bool, why string) {
	yes := map[string]bool{}
	for _, a := range approvals {
		if by, ok := p.counts(a, now); ok {
			yes[by] = true
		}
	}
	if need := max(p.Needs.Approvals, 1); len(yes) < need {
		return false, fmt.Sprintf("%d of %d approvals that hold", len(yes), need)
	}
	return true, fmt.Sprintf("approved by %d", len(yes))
}

// counts reports whether one yes holds, and whose it is.
func (p Plan) counts(a Approval, now time.Time) (by string, ok bool) {
	by = normal(a.By)
	age := now.Sub(a.Time)
	linked := slices.ContainsFunc(p.Needs.Never, func(n string) bool { return normal(n) == by })
	return by, by != "" && a.PlanHash == p.Hash() && age < approvalLife && age >= -ahead && !linked
}

// normal is the form in which people's ids are compared; "user:" is how state marks a person.
func normal(id string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(id)), "user:")
}

// needs counts the approvals, and what stands in the way of acting without one.
func (b *planner) needs() {
	n := Needs{Approvals: 1, Why: b.protected()}
	if len(n.Why) > 0 {
		n.Approvals = 2
		n.Obstacles = append(n.Obstacles, "the principal is protected: "+n.Why[0])
	}
	for _, l := range b.Facts.Linked {
		if l.Principal != "" {
			n.Never = append(n.Never, l.Principal)
		}
	}
	for _, l := range b.Forecast {
		if !l.Known {
			n.Obstacles = append(n.Obstacles, "who will notice is not known: "+l.Name)
		}
	}
	if len(b.Doubts) > 0 {
		n.Obstacles = append(n.Obstacles, fmt.Sprintf("to be looked at by somebody: %d", len(b.Doubts)))
	}
	if b.half {
		n.Obstacles = append(n.Obstacles, "no new certificate can be made")
	}
	for _, o := range b.Inventory.Principals {
		if !o.AppRoles.Known || !o.DirectoryRoles.Known {
			n.Obstacles = append(n.Obstacles, "whether "+quoted(o.Name)+" has tier 0 permissions or roles is not known")
		}
	}
	b.Needs = n
}

// protected says why two people have to approve.
func (b *planner) protected() []string {
	var out []string
	for _, o := range b.Inventory.Objects() {
		out = append(out, b.powers(o)...)
		if b.class(o) == classMicrosoft {
			out = append(out, quoted(o.Name)+" is a principal of Microsoft's")
		}
		if slices.ContainsFunc(o.Tags, func(t string) bool { return strings.EqualFold(t, "rekey=protected") }) ||
			o.Managed != nil && strings.EqualFold(o.Managed.Tags["rekey"], "protected") {
			out = append(out, "tag rekey=protected on "+o.Kind)
		}
	}
	many := b.Options.ManyConsumers
	if many <= 0 {
		many = defaultMany
	}
	if n := len(b.consumers()); n >= many {
		out = append(out, fmt.Sprintf("%d consumers", n))
	}
	for _, l := range b.Facts.Linked {
		if l.Administrator && l.Active {
			out = append(out, "administrator "+quoted(l.Name)+" of a linked case is still active")
		}
	}
	return out
}

// powers lists what an object has of tier 0: with it, it can become anybody.
func (b *planner) powers(o Object) []string {
	var out []string
	for _, r := range o.AppRoles.Items {
		if privilege.AppRole(r.AppRoleID).High() || privilege.AppRole(r.Value).High() {
			out = append(out, "tier 0 permission "+r.label())
		}
	}
	for _, r := range o.DirectoryRoles.Items {
		if privilege.DirectoryRole(r.TemplateID).High() || privilege.DirectoryRole(r.Name).High() {
			out = append(out, "tier 0 role "+quoted(r.Name))
		}
	}
	for _, g := range o.Grants.Items {
		for scope := range strings.FieldsSeq(g.Scope) {
			if g.ConsentType == "AllPrincipals" && privilege.Scope(scope).High() {
				out = append(out, "tier 0 delegated permission "+plain(scope))
			}
		}
	}
	for _, r := range o.AzureRoles.Items {
		if privilege.AzureRole(r.Definition).High() || privilege.AzureRole(r.Role).High() {
			out = append(out, "tier 0 Azure role "+quoted(r.Role)+" on "+plain(r.Scope))
		}
	}
	for _, g := range o.Groups.Items {
		if g.RoleAssignable {
			out = append(out, "membership in role-assignable group "+quoted(g.Name))
		}
	}
	return out
}

func (p Plan) needsText(b *strings.Builder) {
	if len(p.Steps) == 0 {
		return
	}
	people := "one person"
	if p.Needs.Approvals > 1 {
		people = fmt.Sprintf("%d people", p.Needs.Approvals)
	}
	fmt.Fprintf(b, "Needs the approval of %s within 4 hours.\n", people)
	for _, w := range p.Needs.Why {
		fmt.Fprintf(b, "  because: %s\n", w)
	}
	for _, o := range p.Needs.Obstacles {
		fmt.Fprintf(b, "  not without a person: %s\n", o)
	}
}

// Hash identifies what a person approved: the objects, the kinds of act allowed on each, and what is kept. More to remove
// on the same objects needs no new approval.
func (p Plan) Hash() string {
	form := struct {
		Acts []Act
		Kept [][3]string
	}{Acts: slices.Clone(p.Scope), Kept: [][3]string{}}
	slices.SortFunc(form.Acts, func(a, b Act) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Kind, b.Kind)) })
	for _, k := range p.Kept {
		if (k.Type == TypeKey || k.Type == TypePassword) && !has(p.Keeping.Objects, k.Object) {
			continue // of an object that the plan does not change: nobody decides about it
		}
		form.Kept = append(form.Kept, [3]string{k.Object, k.Type, k.KeyID})
	}
	slices.SortFunc(form.Kept, func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
	b, err := json.Marshal(form)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
