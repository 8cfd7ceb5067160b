package remedy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rekey/shared/casefile"
)

// Kinds of step.
const (
	StepSnapshot        = "snapshot"
	StepDisable         = "disable"
	StepCertificate     = "makeCertificate"
	StepReplaceKeys     = "replaceKeys"
	StepRemovePasswords = "removePasswords"
	StepRemoveFederated = "removeFederated"
	StepVerify          = "verify"
	StepEnable          = "enable"
	StepProve           = "prove"
)

// Step is one change, or one look, in the order of the plan. It may be repeated without harm.
type Step struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	ObjectKind string   `json:"objectKind,omitempty"`
	Object     string   `json:"object,omitempty"` // object id
	Name       string   `json:"name,omitempty"`
	What       string   `json:"what"`
	Why        string   `json:"why"`
	Permission string   `json:"permission,omitempty"`
	Reversible bool     `json:"reversible"`
	KeyIDs     []string `json:"keyIds,omitempty"` // known when planned; what is found later goes too
}

// Refusal is what is not done, why, and what comes next to it.
type Refusal struct {
	What    string `json:"what"`
	Why     string `json:"why"`
	Instead string `json:"instead"`
}

// Plan is an ordered list of steps, and what it leaves alone.
type Plan struct {
	Application string    `json:"applicationObjectId,omitempty"`
	AppID       string    `json:"appId"`
	Name        string    `json:"displayName"`
	Steps       []Step    `json:"steps"`
	Kept        []Kept    `json:"kept"`
	Refused     []Refusal `json:"refused"`
	Forecast    []string  `json:"forecast"` // who will notice
}

// Microsoft's own tenants: their applications are not ours to change.
var microsoftTenants = []string{"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}

const (
	permission        = "Application.ReadWrite.All"
	permissionVault   = "Key Vault Certificates Officer"
	permissionSigning = "Key Vault Crypto User"
)

// Build makes the plan for evicting whoever is in the case. It is a pure function; a plan without steps says why.
func Build(inv Inventory, c casefile.Case) Plan {
	p := Plan{AppID: c.Principal.AppID, Name: c.Principal.Name, Steps: []Step{}, Kept: []Kept{}, Refused: refusals(inv)}
	p.Forecast = forecast(c)
	if inv.Application != nil {
		p.Application = inv.Application.ID
	}
	var targets []Object
	for _, o := range inv.Objects() {
		if touchable(o, inv.Tenant) {
			targets = append(targets, o)
			p.Kept = append(p.Kept, Keep(o, c.KeyIDs, c.Window.From)...)
		}
	}
	if len(targets) == 0 {
		return p
	}
	p.add(Step{Kind: StepSnapshot, What: "save what is there", Why: "what can be restored is restored from it", Reversible: true})
	p.contain(targets)
	if inv.Application != nil {
		p.add(Step{Kind: StepCertificate, What: "make a certificate in Key Vault; its key never leaves it", Why: "the workload needs one door that only it can open", Permission: permissionVault, Reversible: true})
	}
	for _, o := range targets {
		p.evict(o)
	}
	p.add(Step{Kind: StepVerify, What: "read all objects until three reads in a row show no old credential", Why: "Entra's replicas agree only after a while", Permission: permission, Reversible: true})
	p.release(targets, inv.Application != nil)
	return p
}

func (p *Plan) add(s Step) {
	s.ID = fmt.Sprintf("%02d-%s", len(p.Steps)+1, s.Kind)
	p.Steps = append(p.Steps, s)
}

// contain disables the principals first: a disabled principal gets no new token, whoever asks.
func (p *Plan) contain(targets []Object) {
	for _, o := range targets {
		if o.Kind == KindServicePrincipal && o.Enabled {
			p.add(Step{Kind: StepDisable, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "disable the service principal", Why: "no new token for anybody while the locks are changed; tokens already issued live on for up to 90 minutes", Permission: permission, Reversible: true})
		}
	}
}

// evict removes the credentials of one object.
func (p *Plan) evict(o Object) {
	kept := map[string]bool{}
	for _, k := range p.Kept {
		kept[k.KeyID] = true
	}
	step := Step{ObjectKind: o.Kind, Object: o.ID, Name: o.Name, Permission: permission}
	if o.Kind == KindApplication || len(o.Keys) > 0 {
		s := step
		s.Kind, s.Reversible = StepReplaceKeys, true
		s.KeyIDs = ids(o.Keys, func(k Key) string { return k.KeyID }, kept)
		s.What, s.Why = "replace the list of certificates in one call", "the old ones may be known; adding and removing at once leaves no gap"
		if o.Kind == KindServicePrincipal {
			s.What, s.Why = "remove all certificates of the service principal", "they open the same door and are easily overlooked"
		}
		p.add(s)
	}
	if o.Kind == KindApplication || len(o.Passwords) > 0 {
		s := step
		s.Kind, s.KeyIDs = StepRemovePasswords, ids(o.Passwords, func(k Password) string { return k.KeyID }, kept)
		s.What, s.Why = "remove all client secrets", "a secret that was read opens the door until it is gone; it cannot be brought back"
		p.add(s)
	}
	if o.Kind == KindApplication {
		s := step
		s.Kind, s.Reversible = StepRemoveFederated, true
		s.KeyIDs = ids(o.Federated, func(f Federated) string { return f.ID }, nil)
		s.What, s.Why = "remove all federated credentials", "they survive every rotation of secrets and certificates"
		p.add(s)
	}
}

// release lets the workload in again, and proves that it can come in.
func (p *Plan) release(targets []Object, certified bool) {
	for _, o := range targets {
		if o.Kind == KindServicePrincipal && o.Enabled {
			p.add(Step{Kind: StepEnable, ObjectKind: o.Kind, Object: o.ID, Name: o.Name, What: "enable the service principal again", Why: "it was enabled before", Permission: permission, Reversible: true})
		}
	}
	if certified {
		p.add(Step{Kind: StepProve, What: "acquire a token with the new certificate, within 60 seconds", Why: "an eviction that locks the workload out is an outage", Permission: permissionSigning, Reversible: true})
	}
}

func ids[T any](items []T, id func(T) string, kept map[string]bool) []string {
	out := []string{}
	for _, item := range items {
		if k := id(item); !kept[k] {
			out = append(out, k)
		}
	}
	return out
}

// touchable reports whether an object's credentials are the tenant's to change.
func touchable(o Object, tenant string) bool {
	switch {
	case o.Kind == KindApplication:
		return true
	case o.Type == "ManagedIdentity", slices.Contains(microsoftTenants, o.Owner):
		return false
	}
	return o.Type == "Application" || o.Type == "Legacy"
}

// refusals says what cannot be done to the objects of an inventory, and the next best containment.
func refusals(inv Inventory) []Refusal {
	out := []Refusal{}
	for _, o := range inv.Principals {
		switch {
		case o.Type == "ManagedIdentity":
			out = append(out, Refusal{"credentials of managed identity " + o.Name, "its certificate belongs to Azure and is rolled by it; nobody else can change it", "remove its role assignments, or detach the identity; its tokens are cached for up to 24 hours"})
		case slices.Contains(microsoftTenants, o.Owner):
			out = append(out, Refusal{"credentials of " + o.Name, "it is an application of Microsoft's", "review what was added to it in the portal; disabling it may break the tenant"})
		case !touchable(o, inv.Tenant):
			out = append(out, Refusal{"credentials of " + o.Name, "its type " + o.Type + " is unknown", "disable it by hand if it is not needed"})
		case inv.Application == nil && o.Owner != "" && o.Owner != inv.Tenant:
			out = append(out, Refusal{"the application of " + o.Name, "it is registered in tenant " + o.Owner, "its credentials here are removed; tell its owner, and disable the service principal if he does not act"})
		}
	}
	return out
}

func forecast(c casefile.Case) []string {
	users := "users of the application: unknown, no user sign-in was seen"
	if c.Users >= 1 {
		users = fmt.Sprintf("users of the application: about %.0f on the busiest of the last 30 days", c.Users)
	}
	return []string{
		"workloads that use the removed credentials stop until they use the new certificate",
		users,
		"clients that call the application as a resource: not examined by this version",
	}
}

// Hash identifies what a person approved: the objects, what is kept, and the kinds of act. More credentials to remove
// on the same objects need no new approval.
func (p Plan) Hash() string {
	type act struct{ Kind, Object string }
	form := struct {
		Acts []act
		Kept []Kept
	}{Kept: slices.SortedFunc(slices.Values(p.Kept), func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.KeyID, b.KeyID))
	})}
	for _, s := range p.Steps {
		form.Acts = append(form.Acts, act{s.Kind, s.Object})
	}
	b, err := json.Marshal(form)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Text renders the plan for a person.
func (p Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Plan for %s (application %s), hash %s\n", p.Name, p.AppID, p.Hash())
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%2d. %s", i+1, s.What)
		if s.Object != "" {
			fmt.Fprintf(&b, " [%s %s]", s.ObjectKind, s.Object)
		}
		if len(s.KeyIDs) > 0 {
			fmt.Fprintf(&b, "\n    key ids: %s", strings.Join(s.KeyIDs, ", "))
		}
		undo := "can be undone"
		if !s.Reversible {
			undo = "CANNOT be undone"
		}
		fmt.Fprintf(&b, "\n    %s; %s\n", s.Why, undo)
	}
	for _, k := range p.Kept {
		fmt.Fprintf(&b, " keep %s: %s\n", k.KeyID, k.Why)
	}
	for _, r := range p.Refused {
		fmt.Fprintf(&b, " not done: %s: %s; instead: %s\n", r.What, r.Why, r.Instead)
	}
	for _, f := range p.Forecast {
		fmt.Fprintf(&b, " expect: %s\n", f)
	}
	return b.String()
}
