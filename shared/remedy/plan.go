package remedy

import (
	"fmt"
	"slices"
	"time"

	"rekey/shared/casefile"
)

// Refusal is what is not done, why, and what comes next to it.
type Refusal struct {
	What    string `json:"what"`
	Why     string `json:"why"`
	Instead string `json:"instead"`
}

// Act is what an approval allows on one object, whatever is found there when the time comes.
type Act struct {
	Object string `json:"object"`
	Kind   string `json:"kind"`
}

// Plan is an ordered list of steps, and what it leaves alone.
type Plan struct {
	Application string          `json:"applicationObjectId,omitempty"`
	AppID       string          `json:"appId"`
	Name        string          `json:"displayName"`
	Case        string          `json:"case,omitempty"`
	Window      casefile.Window `json:"window"`
	RequestedBy string          `json:"requestedBy,omitempty"`
	Steps       []Step          `json:"steps"`
	Scope       []Act           `json:"scope,omitempty"`
	Keeping     Keeping         `json:"keeping"`
	Kept        []Kept          `json:"kept"`
	Doubts      []Doubt         `json:"forApproval,omitempty"`
	Refused     []Refusal       `json:"refused"`
	Forecast    []Line          `json:"forecast"` // who will notice
	Linked      []Linked        `json:"linkedCases,omitempty"`
	Agents      []AgentRef      `json:"agentIdentities,omitempty"`
	Customers   []Customer      `json:"customers,omitempty"` // to be told: their tenants are out of reach
	HandOver    []HandOver      `json:"handOver,omitempty"`
	Notes       []string        `json:"notes,omitempty"`
	Needs       Needs           `json:"needs"`
}

// planner is a plan in the making.
type planner struct {
	Input
	Plan
	keeping Keeping
	targets []Object // whose credentials are changed
	half    bool     // no new certificate can be made: the plan ends with containment
}

// Build makes the plan for evicting whoever is in the case. It is a pure function; a plan without steps says why.
func Build(in Input) Plan {
	b := newPlanner(in)
	if b.never() {
		return b.finish()
	}
	b.special()
	b.feasible()
	if len(b.targets) == 0 && !b.managed() {
		return b.finish()
	}
	b.add(Step{Kind: StepSnapshot, What: "save what is there", Why: "what can be restored is restored from it", Reversible: true})
	b.confirm()
	b.contain()
	if b.half {
		b.keeping.Objects = nil // nothing is removed where nothing can be added
	} else {
		b.evict()
		b.window()
		b.elsewhere()
		b.release()
	}
	b.handOver()
	return b.finish()
}

func newPlanner(in Input) *planner {
	c := in.Case
	if in.Now.IsZero() {
		in.Now = in.Inventory.Taken
	}
	if !in.Options.From.IsZero() {
		c.Window.From = in.Options.From
		in.Case = c
	}
	b := &planner{Input: in, Plan: Plan{
		AppID: c.Principal.AppID, Name: c.Principal.Name, Case: c.ID, Window: c.Window, RequestedBy: in.Options.RequestedBy,
		Steps: []Step{}, Kept: []Kept{}, Refused: []Refusal{},
	}}
	if in.Inventory.Application != nil {
		b.Application = in.Inventory.Application.ID
	}
	b.keeping = Keeping{
		Suspects: c.KeyIDs, Since: c.Window.From, Added: b.added(), Own: in.Options.OwnKeys, Locks: b.locks(),
		OldFederated: in.Options.OldFederated && in.Facts.Added.Known,
	}
	b.show()
	b.choose()
	return b
}

// added returns, as object/id, what the audit log shows were added in the window.
func (b *planner) added() []string {
	var out []string
	for _, a := range b.Facts.Added.Items {
		if !a.Time.Before(b.Input.Case.Window.From) {
			out = append(out, a.Object+"/"+a.Item)
		}
	}
	return out
}

// show notes what is there, and what people decided about each of it: an id alone names nothing, because whoever adds a key
// chooses its id.
func (b *planner) show() {
	b.keeping.Shown = map[string]string{}
	for _, o := range b.Inventory.Objects() {
		for _, c := range credentials(o) {
			b.keeping.Shown[c.at(o)] = c.thumbprint()
			if e, ok := b.Options.editOf(o, c.kind, c.id); ok {
				e.Object, e.Type = o.ID, c.kind
				b.keeping.Edits = append(b.keeping.Edits, e)
			}
		}
	}
}

// locks returns the instance property locks by the principal they hold for.
func (b *planner) locks() map[string]*Lock {
	out := map[string]*Lock{}
	for _, o := range b.Inventory.Principals {
		lock := o.Lock
		if lock == nil && b.Inventory.Application != nil {
			lock = b.Inventory.Application.Lock
		}
		if lock != nil && lock.Enabled {
			out[o.ID] = lock
		}
	}
	return out
}

// choose finds the objects whose credentials are changed.
func (b *planner) choose() {
	for _, o := range b.Inventory.Objects() {
		switch b.class(o) {
		case classOwn, classForeign, classAgent:
			b.keeping.Objects = append(b.keeping.Objects, o.ID)
			b.targets = append(b.targets, o)
		case classMicrosoft:
			b.keeping.Objects = append(b.keeping.Objects, o.ID)
			b.keeping.Microsoft = append(b.keeping.Microsoft, o.ID)
		}
	}
	for _, o := range b.Inventory.Principals { // of Microsoft's only those where something goes
		if b.class(o) == classMicrosoft && len(b.keeping.Of(o)) < len(credentials(o)) {
			b.targets = append(b.targets, o)
		}
	}
}

// never refuses the whole plan when one of its objects is not to be touched, Rekey's own above all.
func (b *planner) never() bool {
	ids := []string{b.Input.Case.Principal.Key(), b.Input.Case.Principal.AppID}
	for _, o := range b.Inventory.Objects() {
		ids = append(ids, o.ID, o.AppID)
	}
	why, never := b.Options.untouchable(ids...)
	if !never {
		return false
	}
	b.targets, b.keeping.Objects = nil, nil
	b.refuse("everything", why, "decide by hand; nothing is changed by Rekey")
	return true
}

func (b *planner) refuse(what, why, instead string) {
	b.Refused = append(b.Refused, Refusal{what, why, instead})
}

func (b *planner) note(format string, args ...any) {
	b.Notes = append(b.Notes, fmt.Sprintf(format, args...))
}

// add appends a step and numbers it.
func (b *planner) add(s Step) {
	s.ID = fmt.Sprintf("%02d-%s", len(b.Steps)+1, s.Kind)
	b.Steps = append(b.Steps, s)
}

// allow notes what an approval of the plan allows on an object.
func (b *planner) allow(object, kind string) {
	if a := (Act{object, kind}); !slices.Contains(b.Scope, a) {
		b.Scope = append(b.Scope, a)
	}
}

// finish fills in what is said about the steps.
func (b *planner) finish() Plan {
	b.keep()
	b.forecast()
	b.needs()
	b.Plan.Keeping = b.keeping
	return b.Plan
}

// keep lists what stays, and what a person has to look at.
func (b *planner) keep() {
	var ids []string
	for _, o := range b.Inventory.Objects() {
		for _, k := range b.keeping.Of(o) {
			if !has(b.keeping.Objects, o.ID) {
				k.Why = b.outside(o, k)
			}
			if k.Opens = k.Opens || b.half; !b.removes(k) {
				b.Kept = append(b.Kept, k)
			}
		}
		for _, d := range b.keeping.doubts(o) {
			if has(b.keeping.Objects, o.ID) {
				b.Doubts = append(b.Doubts, d)
			}
		}
		for _, c := range credentials(o) {
			ids = append(ids, c.id)
		}
	}
	for _, e := range b.Options.Edits {
		switch {
		case !e.counts():
			b.refuse("the decision about "+quoted(e.ID), "it does not say why and by whom", "decide again with a reason and a name")
		case e.Keep && has(b.keeping.Suspects, e.ID) && has(ids, e.ID):
			b.refuse("keeping "+quoted(e.ID), "a suspicious sign-in used it: it goes, whatever its age", "give its consumer the new certificate (see hand over)")
		}
	}
}

// removes reports whether a step takes away what is not ruled by the keeping: federated credentials of managed identities.
func (b *planner) removes(k Kept) bool {
	return slices.ContainsFunc(b.Steps, func(s Step) bool {
		return s.Kind == StepRemoveManagedFederated && k.Type == TypeFederated && s.Object == k.Object && has(s.KeyIDs, k.KeyID)
	})
}

// Keeps returns what stays of an object as it is now: what was approved to stay, if it is still the same, and what cannot be
// changed. The rule is not asked again, because an intruder at work meanwhile would answer it: he could make a look-alike,
// or spoil the true signing set by a second one. Of an object that is not in the plan everything stays.
func (p Plan) Keeps(o Object) []Kept {
	approved := map[string]Kept{}
	for _, k := range p.Kept {
		approved[k.Object+"/"+k.Type+"/"+k.KeyID] = k
	}
	var out []Kept
	for _, c := range credentials(o) {
		k, ok := approved[c.at(o)]
		if why, opens := p.Keeping.fixed(o, c); why != "" && !(why == ownWhy && p.Keeping.late(o, c)) {
			out = append(out, Kept{o.ID, c.kind, c.id, why, opens})
		} else if ok && !p.Keeping.late(o, c) {
			out = append(out, k)
		}
	}
	return out
}

// day writes a time for people.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
