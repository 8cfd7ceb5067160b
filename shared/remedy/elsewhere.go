package remedy

import (
	"slices"
	"strings"
)

// elsewhere plans against what the principal planted on other objects: a step where the very credential is known, else a
// linked case for people to look at.
func (b *planner) elsewhere() {
	b.Linked = append(b.Linked, b.Facts.Linked...)
	var order []string
	steps := map[string]*Step{}
	for _, p := range b.planted() {
		if why, linked := b.onlyLinked(p); linked {
			b.link(p, why)
			continue
		}
		if e, ok := b.Options.editOf(Object{ID: p.Object}, p.Kind, p.KeyID); ok && e.Keep {
			b.Kept = append(b.Kept, Kept{p.Object, p.Kind, p.KeyID, e.kept(), false})
			continue
		}
		s := steps[p.Object]
		if s == nil {
			s = &Step{
				Kind: StepRemovePlanted, ObjectKind: p.ObjectKind, Object: p.Object, Name: p.Name, What: "remove what the principal planted on " + quoted(p.Name),
				Why: "the intruder comes back through it; nothing else of that object is changed", Permission: permission, Reversible: true,
			}
			steps[p.Object], order = s, append(order, p.Object)
		}
		s.Reversible = s.Reversible && p.Kind != TypePassword
		s.Items = append(s.Items, Item{ID: p.KeyID, Kind: p.Kind, What: plain(p.Kind) + " " + plain(p.KeyID), Why: "added " + day(p.Time) + ", record " + plain(p.Record)})
	}
	for _, id := range order {
		b.allow(id, "planted")
		b.add(*steps[id])
	}
}

// planted returns what lies outside the plan's own objects, each credential once, in a fixed order.
func (b *planner) planted() []Planted {
	var out []Planted
	for _, p := range b.Facts.Planted {
		own := has(b.keeping.Objects, p.Object) || p.Object == "" && p.AppID != "" && strings.EqualFold(p.AppID, b.AppID)
		twice := slices.ContainsFunc(out, func(q Planted) bool {
			return p.KeyID != "" && q.Object == p.Object && q.Kind == p.Kind && q.KeyID == p.KeyID
		})
		if !own && !twice {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(p, q Planted) int { return strings.Compare(p.Object+"\x00"+p.KeyID, q.Object+"\x00"+q.KeyID) })
	return out
}

// onlyLinked says why something planted gets no step.
func (b *planner) onlyLinked(p Planted) (why string, linked bool) {
	credential := p.Kind == TypeKey || p.Kind == TypePassword || p.Kind == TypeFederated
	never, untouchable := b.Options.untouchable(p.Object, p.AppID)
	switch {
	case untouchable:
		return "planted by this principal, and never changed by Rekey: " + never + "; look at it at once", true
	case !credential:
		return plain(p.Kind) + " planted by this principal", true
	case p.KeyID == "" || p.Object == "" || p.ObjectKind != KindApplication && p.ObjectKind != KindServicePrincipal:
		return "a " + plain(p.Kind) + " planted by this principal; the record does not say which", true
	case p.ObjectKind == KindServicePrincipal && p.Kind == TypeFederated:
		return "a federated credential planted by this principal on something that is no application", true
	case !b.Options.Elsewhere:
		return "a " + plain(p.Kind) + " with key id " + plain(p.KeyID) + " planted by this principal; policy does not change other objects", true
	}
	return "", false
}

func (b *planner) link(p Planted, why string) {
	id := p.Object
	if id == "" {
		id = "app:" + p.AppID
	}
	b.Linked = append(b.Linked, Linked{Principal: id, Name: p.Name, Why: why + " (" + day(p.Time) + ", record " + plain(p.Record) + ")"})
}
