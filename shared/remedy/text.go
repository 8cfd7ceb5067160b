package remedy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// plain makes a text of others safe to show on a terminal and in one line: names are chosen by whoever made the object.
func plain(s string) string {
	s = printable(s)
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "..."
	}
	return s
}

const maxShown = 300

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
}

// quoted is plain within quotes, for names.
func quoted(s string) string { return strconv.Quote(plain(s)) }

// shell quotes a text for a POSIX shell.
func shell(s string) string { return "'" + strings.ReplaceAll(printable(s), "'", `'\''`) + "'" }

// JSON renders the plan for programs: its fields, and its hash first.
func (p Plan) JSON() ([]byte, error) {
	return json.MarshalIndent(struct {
		Hash string `json:"hash"`
		Plan
	}{p.Hash(), p}, "", "  ")
}

// Text renders the plan for a person who was woken by it.
func (p Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Plan for %s (application %s), hash %s\n", plain(p.Name), plain(p.AppID), p.Hash())
	if !p.Window.From.IsZero() {
		fmt.Fprintf(&b, "What changed since %s is suspect.\n", day(p.Window.From))
	}
	p.needsText(&b)
	if len(p.Steps) > 0 {
		section(&b, "Who will notice", p.Forecast, func(l Line) string { return fmt.Sprintf("%-9s  %s", l.Name, l.Text) })
	}
	section(&b, "Decide before you approve", p.Doubts, func(d Doubt) string {
		then := "goes unless you keep it"
		if !d.Goes {
			then = "stays unless you name it"
		}
		return fmt.Sprintf("%s on %s\n    %s; %s", strings.TrimSpace(d.What+" "+Item{ID: d.ID, What: d.What}.shownID()), plain(d.Object), d.Why, then)
	})
	p.stepsText(&b)
	section(&b, "What stays", p.Kept, func(k Kept) string {
		open := ""
		if k.Opens {
			open = " (IT STILL OPENS THE DOOR: the principal stays disabled)"
		}
		return fmt.Sprintf("keep %s %s on %s\n    %s%s", k.Type, plain(k.KeyID), k.Object, plain(k.Why), open)
	})
	section(&b, "What is not done", p.Refused, func(r Refusal) string {
		return fmt.Sprintf("not done: %s\n    because %s\n    instead: %s", r.What, r.Why, r.Instead)
	})
	section(&b, "Linked cases", p.Linked, linkedText)
	section(&b, "Agents that stop with it", p.Agents, func(a AgentRef) string { return quoted(a.Name) + " " + plain(a.ID) })
	section(&b, "Customers to tell", p.Customers, func(c Customer) string { return plain(c.Tenant) + " " + quoted(c.Name) })
	section(&b, "Hand over", p.HandOver, handOverText)
	section(&b, "Good to know", p.Notes, func(n string) string { return n })
	return b.String()
}

// section writes a heading and its lines, or nothing.
func section[T any](b *strings.Builder, heading string, items []T, line func(T) string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for _, i := range items {
		fmt.Fprintf(b, "  %s\n", line(i))
	}
}

func (p Plan) stepsText(b *strings.Builder) {
	if len(p.Steps) == 0 {
		b.WriteString("\nNothing is changed.\n")
		return
	}
	b.WriteString("\nSteps\n")
	for i, s := range p.Steps {
		fmt.Fprintf(b, " %2d. %s", i+1, s.What)
		if s.Object != "" {
			fmt.Fprintf(b, " [%s %s %s]", s.ObjectKind, plain(s.Object), quoted(s.Name))
		}
		b.WriteString("\n")
		switch {
		case len(s.KeyIDs) > 0:
			fmt.Fprintf(b, "     key ids: %s\n", plain(strings.Join(s.KeyIDs, ", ")))
		case s.Kind == StepReplaceKeys || s.Kind == StepRemovePasswords || s.Kind == StepRemoveFederated:
			b.WriteString("     key ids: none now; what is found goes\n")
		}
		for _, i := range s.Items {
			fmt.Fprintf(b, "     - %s", strings.TrimSpace(i.What+" "+i.shownID()))
			if i.Why != "" {
				fmt.Fprintf(b, " (%s)", i.Why)
			}
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "     why: %s\n     %s\n", s.Why, s.undo())
	}
}

// shownID leaves an id out that its description says already.
func (i Item) shownID() string {
	if strings.Contains(i.What, plain(i.ID)) {
		return ""
	}
	return "[" + strings.TrimSpace(plain(i.Kind)+" "+plain(i.ID)) + "]"
}

// undo says whether the step can be undone, and what it needs.
func (s Step) undo() string {
	undo := "can be undone"
	switch {
	case looking[s.Kind]:
		undo = "changes nothing"
	case !s.Reversible:
		undo = "CANNOT BE UNDONE"
	}
	if s.Permission != "" {
		undo += "; needs " + s.Permission
	}
	return undo
}

func linkedText(l Linked) string {
	text := fmt.Sprintf("%s %s", quoted(l.Name), plain(l.Principal))
	if l.Case != "" {
		text += " case " + plain(l.Case)
	}
	if l.Administrator && l.Active {
		text += " AN ADMINISTRATOR, STILL ACTIVE: stop him first, he can undo everything here"
	}
	return text + "\n    " + plain(l.Why)
}
