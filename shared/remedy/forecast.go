package remedy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Names of the lines of the outage forecast.
const (
	LineWorkloads = "workloads"
	LineUsers     = "users"
	LineClients   = "clients"
)

// Line is one of the three lines of the outage forecast: who will notice. What is not known says so.
type Line struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Known bool   `json:"known"`
}

// UnmarshalJSON reads a line, also of a journal of version 1, where it was a text and nothing was known.
func (l *Line) UnmarshalJSON(b []byte) error {
	*l = Line{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &l.Text)
	}
	type line Line
	return json.Unmarshal(b, (*line)(l))
}

// Unknown returns the names of the forecast's lines that are not known. While there is one nothing is done without a
// person.
func (p Plan) Unknown() []string {
	var out []string
	for _, l := range p.Forecast {
		if !l.Known {
			out = append(out, l.Name)
		}
	}
	return out
}

func (b *planner) forecast() {
	b.Forecast = []Line{b.workloads(), b.users(), b.clients()}
}

// workloads says which credentials that go are in use, by whom.
func (b *planner) workloads() Line {
	if len(b.targets) == 0 {
		return b.resources()
	}
	if !b.Facts.Consumers.Known {
		return Line{LineWorkloads, "unknown: which credentials are in use was not looked up; who uses one that goes stops until it uses the new certificate", false}
	}
	var texts []string
	for _, c := range b.consumers() {
		text := plain(c.KeyID) + " last " + day(c.LastUse)
		if len(c.Networks) > 0 {
			text += " from " + some(c.Networks)
		}
		if len(c.Resources) > 0 {
			text += " for " + some(c.Resources)
		}
		if c.Suspect {
			text += " (added in the window: the intruder, unless somebody here made it)"
		}
		texts = append(texts, text)
	}
	end := "until they use the new certificate"
	if b.StaysOff() {
		end = "and stay stopped, because the principal is not enabled again"
	}
	if len(texts) == 0 {
		return Line{LineWorkloads, "nobody was seen to use a credential that goes", true}
	}
	return Line{LineWorkloads, fmt.Sprintf("%d in use stop %s: %s", len(texts), end, some(texts)), true}
}

// resources says whose code acts as the managed identities.
func (b *planner) resources() Line {
	var all []string
	for _, o := range b.Inventory.Principals {
		switch m := o.Managed; {
		case b.class(o) != classManaged:
		case m == nil || m.UserAssigned && !m.AttachedTo.Known:
			return Line{LineWorkloads, "unknown: the resources that use the managed identity were not read", false}
		case m.UserAssigned:
			all = append(all, m.AttachedTo.Items...)
		default:
			all = append(all, m.ResourceID)
		}
	}
	for i, id := range all {
		all[i] = tail(id)
	}
	if len(all) == 0 {
		return Line{LineWorkloads, "no resource uses the managed identity", true}
	}
	return Line{LineWorkloads, "code on " + some(all) + " can do nothing any more that the identity was allowed to", true}
}

// StaysOff reports whether the plan disables a principal and does not enable it again.
func (p Plan) StaysOff() bool {
	off := 0
	for _, s := range p.Steps {
		switch s.Kind {
		case StepDisable:
			off++
		case StepEnable:
			off--
		}
	}
	return off > 0
}

// consumers returns who uses a credential that goes or, when the principal stays disabled, any credential.
func (b *planner) consumers() []Consumer {
	var out []Consumer
	off := b.StaysOff()
	for _, c := range b.Facts.Consumers.Items {
		if off || slices.ContainsFunc(b.Steps, func(s Step) bool { return s.Kind != StepRemovePlanted && has(s.KeyIDs, c.KeyID) }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y Consumer) int { return strings.Compare(x.KeyID+"\x00"+x.Name, y.KeyID+"\x00"+y.Name) })
	return out
}

func (b *planner) users() Line {
	users, known := b.Input.Case.Users, b.Input.Case.Users >= 1
	if b.Facts.Users != nil {
		users, known = *b.Facts.Users, true
	}
	if !known {
		return Line{LineUsers, "unknown: no user sign-in was seen, and it is not known whether they arrive", false}
	}
	if users < 1 {
		return Line{LineUsers, "none signed in to the application within 30 days", true}
	}
	return Line{LineUsers, fmt.Sprintf("about %.0f on the busiest of the last 30 days; they cannot sign in while the principal is disabled", users), true}
}

// clients says who calls the application as a resource: who was seen, and who is assigned to a role of it.
func (b *planner) clients() Line {
	names, known := []string{}, b.Facts.Clients.Known
	for _, c := range b.Facts.Clients.Items {
		names = append(names, quoted(c.Name))
	}
	assigned := true
	for _, o := range b.Inventory.Principals {
		assigned = assigned && o.AssignedTo.Known
		for _, a := range o.AssignedTo.Items {
			if a.Type == KindPrincipalType && !slices.Contains(names, quoted(a.Name)) {
				names = append(names, quoted(a.Name))
			}
		}
	}
	slices.Sort(names)
	if !known && (!assigned || len(b.Inventory.Principals) == 0) {
		return Line{LineClients, "unknown: who calls the application as a resource was not looked up", false}
	}
	if len(names) == 0 {
		return Line{LineClients, "nobody is known to call the application as a resource", true}
	}
	return Line{LineClients, fmt.Sprintf("%d call it as a resource and get no token for it while it is disabled: %s", len(names), some(names)), true}
}

// KindPrincipalType is how role assignments spell a service principal.
const KindPrincipalType = "ServicePrincipal"

// some writes the first few of a list.
func some(all []string) string {
	const few = 4
	switch {
	case len(all) == 0:
		return "unknown"
	case len(all) > few:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
	}
	return strings.Join(all, ", ")
}
