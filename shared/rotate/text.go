package rotate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// hash identifies what a person approves in a tier: what is rotated, by which rotator, where it is stored, and how much
// of it at once. What is left to owners needs no approval, and who reads what is no part of it.
func (t Tier) hash() string {
	type act struct {
		Key, Kind string
		Copies    []string
	}
	form := struct {
		Tier, Cap int
		Acts      []act
	}{t.Number, t.Cap, []act{}}
	for i := range t.Targets {
		x := &t.Targets[i]
		if x.Kind == OwnerAction {
			continue
		}
		a := act{Key: x.Key, Kind: string(x.Kind), Copies: []string{}}
		for _, c := range x.Copies {
			a.Copies = append(a.Copies, c.VaultID+"/"+c.Secret)
		}
		slices.Sort(a.Copies)
		form.Acts = append(form.Acts, a)
	}
	slices.SortFunc(form.Acts, func(a, b act) int { return cmp.Compare(a.Key, b.Key) })
	b, err := json.Marshal(form)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// JSON renders the plan for programs.
func (p Plan) JSON() ([]byte, error) { return json.MarshalIndent(p, "", "  ") }

var titles = map[int]string{
	TierRead:  "Tier 1: what it read. What turns out to have been read later is added, within the cap.",
	TierVault: "Tier 2: the rest of the vaults that it read from. Never without an approval.",
	TierReach: "Tier 3: the rest of the subscriptions that it reached. Never without an approval.",
}

// Text renders the plan for a person who has to approve it.
func (p Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Rotation for %s (%s), case %s: what it could get at from %s to %s\n", plain(p.Name), plain(p.Principal), plain(p.Case), minute(p.From), minute(p.To))
	for _, u := range p.Unknown {
		fmt.Fprintf(&b, "  not known: %s\n", u)
	}
	for _, t := range p.Tiers {
		t.text(&b)
	}
	section(&b, "Cases to open", len(p.Linked), func(i int) string {
		return fmt.Sprintf("application %s: %s", plain(p.Linked[i].AppID), p.Linked[i].Why)
	})
	section(&b, "Signatures that it could have made, and that outlive it", len(p.SAS), func(i int) string {
		return plain(p.SAS[i].Account) + ": revoke its user delegation keys; everybody's signatures made with them end"
	})
	section(&b, "In no tier", len(p.Left), func(i int) string { return p.Left[i] })
	return b.String()
}

func (t Tier) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", titles[t.Number])
	if len(t.Targets) == 0 {
		b.WriteString("  nothing\n")
		return
	}
	fmt.Fprintf(b, "  hash %s; rotates %d, at most %d by one approval; %d for their owners\n", t.Hash, t.Rotates(), t.Cap, len(t.Targets)-t.Rotates())
	for i := range t.Targets {
		t.Targets[i].text(b, i+1)
	}
}

func (t *Target) text(b *strings.Builder, n int) {
	fmt.Fprintf(b, " %3d. %s", n, t.label())
	if t.Seen != nil {
		fmt.Fprintf(b, "; read until %s", minute(t.Seen.Last))
	}
	fmt.Fprintf(b, "\n      because %s\n", t.Why)
	for _, c := range t.Copies {
		if t.Kind != OwnerAction {
			fmt.Fprintf(b, "      in %s\n", plain(c.Name()))
		}
	}
	if t.Attended != "" {
		fmt.Fprintf(b, "      not without a person: %s\n", t.Attended)
	}
	for n, l := range t.Forecast {
		if said := slices.ContainsFunc(t.Forecast[:n], func(x Line) bool { return x.Text == l.Text }); l.Breaks && !said {
			fmt.Fprintf(b, "      who notices: %s\n", l.Text)
		}
	}
	if t.Action != nil {
		fmt.Fprintf(b, "      owner action needed from %s\n", cmp.Or(t.Action.To, "an unknown owner"))
	}
}

// label says in a line what is rotated.
func (t *Target) label() string {
	what := plain(t.Provider)
	if what == "" || t.Kind == Certificate || t.Kind == Webhook {
		what = plain(first(*t))
	}
	switch {
	case t.Kind == OwnerAction:
		return strings.TrimPrefix(plain(t.Key), string(OwnerAction)+":")
	case t.Kind.Paired():
		keys, _ := Keys(t.Kind, t.Pair)
		return fmt.Sprintf("%s and %s of %s", keys[0], keys[1], what)
	case t.Kind == ClientSecret:
		return strings.TrimSpace("client secret " + plain(t.Credential) + " of application " + what)
	case t.Kind == Random:
		return "random value " + strings.TrimPrefix(plain(t.Key), string(Random)+":")
	case t.Kind == Webhook:
		return what + ", by webhook " + plain(t.Webhook)
	}
	return string(t.Kind) + " " + what
}

func section(b *strings.Builder, heading string, n int, line func(int) string) {
	if n == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for i := range n {
		fmt.Fprintf(b, "  %s\n", line(i))
	}
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// some writes the first few of a list.
func some(all []string) string {
	const few = 4
	if len(all) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
	}
	return strings.Join(all, ", ")
}

// plain makes a text of others safe to show in one line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
