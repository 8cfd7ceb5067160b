package setup

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

func sortedHubs(hubs map[string][]string) []string { return slices.Sorted(maps.Keys(hubs)) }

// Text prints a plan for people: each call, what should be known, what stands in the way, what to set afterwards.
func (p *Plan) Text(out io.Writer, applied bool) {
	if len(p.Calls) == 0 {
		fmt.Fprintln(out, "nothing to do: what could be read is as it should be")
	}
	for _, c := range p.Calls {
		mark := "plan"
		if applied {
			mark = map[bool]string{true: "done", false: "LEFT"}[c.Done]
		}
		fmt.Fprintf(out, "%-4s  %-18s  %-6s %s\n      %-18s  %s: %s\n", mark, c.Part, c.Method, c.Path, "", c.What, c.Why)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(out, "note  %-18s  %s\n", n.Part, n.Text)
	}
	for _, n := range p.Problems {
		fmt.Fprintf(out, "STOP  %-18s  %s\n", n.Part, n.Text)
	}
	if len(p.Values) > 0 {
		fmt.Fprintln(out, "\nfor terraform.tfvars, beside what is there, then `tofu apply`:")
		for _, v := range p.Values {
			fmt.Fprintf(out, "  %s\n", assigned(v))
		}
	}
}

// assigned writes a value as a file of variables has it: what has dots in its name is inside objects.
func assigned(v Value) string {
	names := strings.Split(v.Name, ".")
	out := names[len(names)-1] + " = " + quoted(v)
	for _, name := range slices.Backward(names[:len(names)-1]) {
		out = name + " = { " + out + " }"
	}
	return out
}

func quoted(v Value) string {
	if len(v.Value) == 1 {
		return fmt.Sprintf("%q", v.Value[0])
	}
	list := make([]string, len(v.Value))
	for i, s := range v.Value {
		list[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(list, ", ") + "]"
}
