package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/inquiries"
	"rekey/handlers/scan"
	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/report"
	"rekey/shared/score"
	"rekey/shared/store"
)

const caseUsage = `Usage: rekey case list [--level low|medium|high]
       rekey case show CASE|PRINCIPAL [--format text|json]
       rekey case ask CASE|PRINCIPAL --to WHOM [--by WHO]
       rekey case answer CASE|PRINCIPAL ours|notOurs --by WHO [--note TEXT]

Shows what is held against a principal, and keeps what its owner was asked and said.

CASE is a case's id or its first 6 letters or more; PRINCIPAL is a service principal's object id or an application id, and means
its newest case. ask prints a question to send to the owner, and keeps that and whom it was sent to: Rekey sends nothing.
An answer counts for 30 days, and has the level of the case computed again: "ours" lowers what is not high by one step and
closes nothing; "notOurs" makes it high. What Rekey does about a case is in its ledger: rekey ledger list.

Flags:
`

const caseExit = `
Exit codes: 0 done, 1 error, 2 wrong usage.
`

// desk is what the case commands work with.
type desk struct {
	cases     cases.Store
	inquiries inquiries.Store
	triage    store.Bell
	now       func() time.Time
	color     bool
}

// caseCommand is `rekey case`.
func caseCommand(ctx context.Context, args []string, out io.Writer) error {
	w, err := parseCase(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	account, err := openState(ctx)
	if err != nil {
		return err
	}
	d := desk{account.Cases(), account.Inquiries(), account.Bell(store.QueueTriage), time.Now, isTerminal(out)}
	return d.run(ctx, w, out)
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// caseWords are the words of a call.
type caseWords struct {
	verb, of, answer            string
	level, format, to, by, note string
}

// parseCase reads the words. Flags may stand behind them.
func parseCase(args []string, out io.Writer) (caseWords, error) {
	var w caseWords
	f := flag.NewFlagSet("case", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&w.level, "level", "", "list: only cases of this `level` or higher: low, medium or high")
	f.StringVar(&w.format, "format", "text", "show: `form`, text or json")
	f.StringVar(&w.to, "to", "", "ask: `whom` the question is sent to: a name or an address")
	f.StringVar(&w.by, "by", cmp.Or(os.Getenv("USER"), os.Getenv("LOGNAME")), "`who` asks, or who answers; whoever is signed in here when nobody is named to ask")
	f.StringVar(&w.note, "note", "", "answer: what else he said")
	var words []string
	for {
		switch err := f.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			caseHelp(out, f)
			return w, flag.ErrHelp
		case err != nil:
			return w, caseUsageError("%v", err)
		}
		if f.NArg() == 0 {
			break
		}
		words = append(words, f.Arg(0))
		args = f.Args()[1:]
	}
	named := map[string]bool{}
	f.Visit(func(x *flag.Flag) { named[x.Name] = true })
	return w, w.take(words, named)
}

func caseHelp(out io.Writer, f *flag.FlagSet) {
	fmt.Fprint(out, caseUsage)
	f.SetOutput(out)
	f.VisitAll(func(x *flag.Flag) { x.DefValue = "" }) // who is signed in here is nobody's business
	f.PrintDefaults()
	fmt.Fprint(out, caseExit)
}

func caseUsageError(format string, args ...any) error {
	return &scan.Exit{Code: scan.CodeUsage, Err: fmt.Errorf(format+"; see rekey case --help", args...)}
}

// allowed are the flags of each verb, and how many words follow it.
var allowed = map[string]struct {
	words int
	flags []string
}{
	"list": {0, []string{"level"}}, "show": {1, []string{"format"}}, "ask": {1, []string{"to", "by"}}, "answer": {2, []string{"by", "note"}},
}

// take checks the words and flags of a verb.
func (w *caseWords) take(words []string, named map[string]bool) error {
	if len(words) == 0 {
		return caseUsageError("a word is missing: list, show, ask or answer")
	}
	a, ok := allowed[words[0]]
	if !ok {
		return caseUsageError("%q is no command about cases: list, show, ask or answer", words[0])
	}
	if len(words)-1 != a.words {
		return caseUsageError("rekey case %s takes %d words and has %d", words[0], a.words, len(words)-1)
	}
	for name := range named {
		if !slices.Contains(a.flags, name) {
			return caseUsageError("rekey case %s has no flag --%s", words[0], name)
		}
	}
	words = append(words, "", "")
	w.verb, w.of, w.answer = words[0], words[1], words[2]
	switch {
	case a.words > 0 && strings.TrimSpace(w.of) == "":
		return caseUsageError("name a case or a principal")
	case w.verb == "list" && !slices.Contains([]string{"", "low", "medium", "high"}, w.level):
		return caseUsageError("--level is %q: it can be low, medium, high", w.level)
	case w.verb == "show" && !slices.Contains([]string{"text", "json"}, w.format):
		return caseUsageError("--format is %q: it can be text, json", w.format)
	case w.verb == "ask" && strings.TrimSpace(w.to) == "":
		return caseUsageError("--to is missing: name whom the question is sent to")
	case w.verb == "ask" && w.by == "":
		return caseUsageError("--by is missing: name who asks")
	case w.verb == "answer" && w.answer != casefile.Ours && w.answer != casefile.NotOurs:
		return caseUsageError("%q is no answer: %s or %s", w.answer, casefile.Ours, casefile.NotOurs)
	case w.verb == "answer" && (!named["by"] || w.by == ""):
		return caseUsageError("--by is missing: name who answered")
	}
	return nil
}

func (d desk) run(ctx context.Context, w caseWords, out io.Writer) error {
	if w.verb == "list" {
		return d.list(ctx, score.Level(w.level), out)
	}
	c, err := d.find(ctx, w.of)
	if err != nil {
		return err
	}
	switch w.verb {
	case "ask":
		return d.ask(ctx, c, w, out)
	case "answer":
		return d.answer(ctx, c, w, out)
	}
	if w.format == "json" {
		return report.CaseLines(out, c)
	}
	return report.Case(out, c, report.TextOptions{Color: d.color})
}

func (d desk) list(ctx context.Context, level score.Level, out io.Writer) error {
	all, err := d.cases.All(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(c casefile.Case) bool { return level != "" && !c.Level.AtLeast(level) })
	return report.Cases(out, all, report.TextOptions{Color: d.color})
}

// shortest is how much of a case's id must be written: less is too easily another case, and an answer stands.
const shortest = 6

// find returns the newest case of a principal, or the one case whose id begins so.
func (d desk) find(ctx context.Context, of string) (casefile.Case, error) {
	of = strings.ToLower(strings.TrimSpace(of))
	for _, key := range []string{of, "app:" + of} {
		found, err := d.cases.Of(ctx, key)
		if err != nil {
			return casefile.Case{}, err
		}
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b casefile.Case) int { return a.Window.To.Compare(b.Window.To) }), nil
		}
	}
	all, err := d.cases.All(ctx)
	if err != nil {
		return casefile.Case{}, err
	}
	all = slices.DeleteFunc(all, func(c casefile.Case) bool { return !(len(of) >= shortest && strings.HasPrefix(c.ID, of)) })
	switch {
	case len(all) == 0:
		return casefile.Case{}, fault.Errorf(fault.NotFound, "there is no case %.60q, and none of a principal with this id: see rekey case list", of)
	case len(all) > 1:
		return casefile.Case{}, fault.Errorf(fault.Conflict, "%d cases begin with %.60q: write more of the id, see rekey case list", len(all), of)
	}
	return all[0], nil
}
