package reach

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"rekey/shared/exposure"
)

// unknown says what could not be read, and what follows.
func (f *Facts) unknown(vaults []VaultReach) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if f.Index == nil {
		add("what it read is not known: no record of it was kept")
	} else if f.Index.More(exposure.ClassObject) || f.Index.More(exposure.ClassResource) {
		add("it read more than is kept: what is listed as read is the newest of it, and no secret is known not to have been read")
	}
	if !f.Vaults.Known {
		add("the vaults were not listed: only those that the log names are here")
	}
	if !f.Rights.Assignments.Known {
		add("its roles were not read: what it could have read is not known")
	}
	if !f.Rights.Eligible.Known {
		add("roles that it would have had to activate were not read")
	}
	if !f.Rights.Groups.Known {
		add("its groups were not read: an access policy may name one of them")
	}
	if !f.Resources.Known {
		add("resources with keys were not listed: only those are here whose keys were handed out")
	}
	for _, g := range f.Rights.Unread {
		add("rights at %s were not read: %s", plain(g.Scope), plain(g.Why))
	}
	var silent, closed []string
	for _, v := range vaults {
		if v.Log != LogComplete && v.Reachable() {
			silent = append(silent, plain(v.Name)+" ("+string(v.Log)+")")
		}
		if !v.Listed {
			closed = append(closed, plain(v.Name))
		}
	}
	if len(silent) > 0 {
		add("vaults without a whole log for the time: %s. What is not shown as read there may have been read", some(silent))
	}
	if len(closed) > 0 {
		add("vaults whose secrets could not be listed: %s", some(closed))
	}
	return out
}

// JSON renders the radius for programs.
func (r Radius) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }

// Text renders the radius as a table for people.
func (r Radius) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "What %s (%s) reached from %s to %s\n", plain(r.Name), plain(r.Principal), minute(r.From), minute(r.To))
	for _, u := range r.Unknown {
		fmt.Fprintf(&b, "  not known: %s\n", u)
	}
	b.WriteString("\nVaults\n")
	table(&b, "vault\tlog\tread\tcould read\tcould grant itself\tsecrets\thow", r.Vaults, func(v VaultReach) string {
		return strings.Join([]string{plain(v.Name), string(v.Log), string(v.Read), conditional(v.Could, v.Ways, ByRole), conditional(v.Grant, v.Ways, ByGrant), v.count(), how(v.Ways, v.Firewall)}, "\t")
	})
	b.WriteString("\nSecrets read, or within reach by themselves\n")
	table(&b, "secret\tread\tlast\tdays\tby\tfrom\tversions", r.secrets(), func(s named) string {
		return s.name + "\t" + string(s.Read) + "\t" + s.Seen.text()
	})
	b.WriteString("\nKeys that Azure Resource Manager hands out\n")
	table(&b, "resource\tread\tlast\tdays\tby\tfrom\tversions\tcould read", r.Resources, func(x ResourceReach) string {
		return plain(x.ID) + "\t" + string(x.Read) + "\t" + x.Seen.text() + "\t" + string(x.Could) + how(x.Ways, "")
	})
	b.WriteString("\nStorage accounts that it could sign for (user delegation; a signature lives up to 7 days)\n")
	table(&b, "account\treads\twrites\thow", r.SAS, func(s SAS) string {
		return fmt.Sprintf("%s\t%t\t%t\t%s", plain(s.Account), s.Reads, s.Writes, how(s.Ways, ""))
	})
	b.WriteString("\nOther applications whose credentials it read\n")
	table(&b, "application\tcredential\twhy", r.Linked, func(l Linked) string {
		return plain(l.AppID) + "\t" + plain(l.Credential) + "\t" + l.Why
	})
	return b.String()
}

type named struct {
	SecretReach
	name string
}

// secrets are those worth a line: the rest of a vault has the vault's answers.
func (r Radius) secrets() []named {
	var out []named
	for _, v := range r.Vaults {
		for _, s := range v.Secrets {
			if s.Read == Yes || len(s.Ways) > 0 {
				n := named{s, plain(v.Name + "/" + s.Kind + "/" + s.Name)}
				if s.Absent {
					n.name += " (not listed)"
				}
				out = append(out, n)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b named) int { return a.Seen.before(b.Seen) })
	return out
}

func (v VaultReach) count() string {
	if !v.Listed {
		return "not listed"
	}
	return fmt.Sprint(len(v.Secrets))
}

// conditional marks a yes that rests on ways with caveats alone.
func conditional(a Answer, ways []Way, kind string) string {
	sure, some := false, false
	for _, w := range ways {
		if (w.Kind == ByGrant || w.Kind == ByDeploy) == (kind == ByGrant) {
			some = true
			sure = sure || len(w.Caveats) == 0 && !w.Eligible && w.Kind != ByDeploy
		}
	}
	if a == Yes && some && !sure {
		return "yes, conditional"
	}
	return string(a)
}

func how(ways []Way, firewall string) string {
	var parts []string
	for _, w := range ways {
		parts = append(parts, plain(w.String()))
	}
	if firewall != "" {
		parts = append(parts, firewall)
	}
	return some(parts)
}

func (s *Seen) text() string {
	if s == nil {
		return "\t\t\t\t"
	}
	days := "?"
	if s.Days > 0 {
		days = fmt.Sprint(s.Days)
	}
	return strings.Join([]string{minute(s.Last), days, s.Operations, some(s.Networks), some(s.Versions)}, "\t")
}

// table writes rows under a heading, aligned; "none" where there are none.
func table[T any](b *strings.Builder, heading string, rows []T, line func(T) string) {
	if len(rows) == 0 {
		b.WriteString("  none\n")
		return
	}
	var aligned strings.Builder
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  "+heading)
	for _, r := range rows {
		fmt.Fprintln(w, "  "+line(r))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for l := range strings.Lines(aligned.String()) {
		b.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// some writes the first few of a list.
func some(all []string) string {
	const few = 4
	if len(all) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], "; "), len(all)-few)
	}
	return strings.Join(all, "; ")
}

func tail(id string) string {
	return plain(id[strings.LastIndexByte(strings.TrimSuffix(id, "/"), '/')+1:])
}

// plain makes a text of others safe to show in one line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
