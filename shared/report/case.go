package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Case writes a case for a person who has just been woken: the first five lines are enough to act on. Then everything
// that stands behind them: what was found, the checklist, what the principal changed and who prepared it, what it read,
// what Graph says, what the owner said, and which records to look at.
//
// What to do about it, the verdict and the plan, is no part of a case and not written here.
func Case(w io.Writer, c casefile.Case, o TextOptions) error {
	p := &printer{color: o.Color}
	p.headline(Headlines(c), c)
	p.story(c)
	p.title("What was found")
	p.detections(toldDetections(c))
	p.title("Checklist")
	p.answers(c.Answers)
	p.entries("What it changed since "+minute(c.Window.From), c.Writes, c.MoreWrites, casefile.Did)
	p.entries("Who prepared it: changes on it since "+minute(c.Window.From), c.Prepared, c.MorePrepared, done)
	p.links(c.Linked)
	p.exposed(c)
	p.directory(c.Directory)
	p.owner(c)
	p.look(c)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// caseForm is a case for programs: the headline beside everything the case holds.
type caseForm struct {
	Headline Headline `json:"headline"`
	Story    []Moment `json:"story"` // what happened, earliest first
	casefile.Case
	ToKnow []todo `json:"toKnow,omitempty"` // what would answer the unknown questions
}

// todo is what to do about something that is missing, and the questions that wait for it.
type todo struct {
	Missing   string   `json:"missing"`
	Do        string   `json:"do"`
	Questions []string `json:"questions"` // their ids
}

// CaseLines writes cases for programs, one line of JSON each.
func CaseLines(w io.Writer, cs ...casefile.Case) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, c := range cs {
		if err := e.Encode(caseForm{Headlines(c), story(c), c, todos(c.Answers)}); err != nil {
			return fmt.Errorf("writing case %s: %w", c.ID, err)
		}
	}
	return nil
}

// todos gathers what is missing, in the order of the checklist.
func todos(as []casefile.Answer) []todo {
	var out []todo
	for _, a := range as {
		if a.Value != casefile.Unknown {
			continue
		}
		i := slices.IndexFunc(out, func(t todo) bool { return t.Missing == a.Missing })
		if i < 0 {
			i, out = len(out), append(out, todo{Missing: a.Missing, Do: toKnow(a.Missing)})
		}
		out[i].Questions = append(out[i].Questions, a.ID)
	}
	return out
}

// Cases writes a list of cases, one line each, the riskiest first.
func Cases(w io.Writer, cs []casefile.Case, o TextOptions) error {
	p := &printer{color: o.Color}
	cs = slices.SortedFunc(slices.Values(cs), func(a, b casefile.Case) int {
		return cmp.Or(rank(b.Level)-rank(a.Level), b.Window.To.Compare(a.Window.To), cmp.Compare(a.ID, b.ID))
	})
	if len(cs) == 0 {
		p.raw("There is no such case.")
	} else {
		p.raw("%-20s  %-6s  %-16s  %-32s  %-10s  %s", "CASE", "LEVEL", "LAST (UTC)", "PRINCIPAL", "DETECTIONS", "OWNER")
	}
	for _, c := range cs {
		p.raw("%-20s  %s  %s  %-32s  %10d  %s", plain(c.ID), p.level(c.Level), minute(c.Window.To), short(name(c.Principal), 32), len(c.Detections), ownerWord(c.Owner))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func ownerWord(q *casefile.Inquiry) string {
	switch {
	case q == nil:
		return "not asked"
	case q.Answer == "":
		return "asked"
	}
	return plain(q.Answer)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// title begins a part.
func (p *printer) title(text string) {
	p.raw("")
	p.raw("%s", p.bold(text))
}

// toldDetections is a case's detections as a subject, the highest level first.
func toldDetections(c casefile.Case) *Subject {
	s := &Subject{Principal: c.Principal, Level: c.Level, Detections: slices.Clone(c.Detections)}
	slices.SortFunc(s.Detections, stronger)
	return s
}

// answers writes the checklist by area. Each unknown has the number of what to do about it, listed below.
func (p *printer) answers(as []casefile.Answer) {
	missing := todos(as)
	area := ""
	for i, a := range as {
		if a.Area != area {
			area = a.Area
			p.raw("  %s", begin(plain(area)))
		}
		why := plain(a.Why)
		if i+1 < len(as) && a.Value == casefile.No && as[i+1].Value == casefile.No && as[i+1].Area == area && as[i+1].Why == a.Why {
			p.raw("    %-7s  %s", p.value(a.Value), plain(a.Question))
			continue // the reason stands below the last of them
		}
		if i := slices.IndexFunc(missing, func(t todo) bool { return a.Value == casefile.Unknown && t.Missing == a.Missing }); i >= 0 {
			why += fmt.Sprintf(" [%d]", i+1)
		}
		p.raw("    %-7s  %s", p.value(a.Value), plain(a.Question))
		if why != "" {
			p.line(13, why)
		}
		if len(a.Records) > 0 {
			p.line(13, "records: "+strings.Join(few(plainAll(a.Records)), ", "))
		}
	}
	for i, t := range missing {
		if i == 0 {
			p.raw("  What would answer the unknown ones")
		}
		for j, l := range wrap(t.Do, width-9) {
			mark := fmt.Sprintf("[%d]", i+1)
			if j > 0 {
				mark = ""
			}
			p.raw("    %-4s %s", mark, l)
		}
	}
}

// value writes an answer, always seven wide.
func (p *printer) value(v string) string {
	word := fmt.Sprintf("%-7s", plain(v))
	if v != casefile.Yes || !p.color {
		return word
	}
	return "\x1b[1;31m" + word + "\x1b[0m"
}

func plainAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = plain(s)
	}
	return out
}

// done says what was changed on a principal, and by whom.
func done(e trail.Entry) string {
	return casefile.Did(e) + " by " + cmp.Or(e.ActorName, e.Actor, "somebody the record does not name")
}

// entries writes changes, earliest first.
func (p *printer) entries(title string, es []trail.Entry, more bool, say func(trail.Entry) string) {
	p.title(title)
	if len(es) == 0 {
		p.raw("  nothing is known")
	}
	for _, e := range es {
		what := plain(say(e))
		if e.Tier.High() {
			what += " (" + e.Tier.String() + ")"
		}
		p.wrapped("  "+minute(e.Time)+"  ", what+", record "+plain(e.Record))
	}
	if more {
		p.raw("  There was more than is kept: older changes of the same kinds may be missing.")
	}
}

// colors are what a terminal does not show.
var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// wrapped writes a text behind a head, broken so that it stands in a column of its own.
func (p *printer) wrapped(head, text string) {
	indent := len([]rune(colors.ReplaceAllString(head, "")))
	for i, l := range wrap(text, width-indent) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		p.raw("%s%s", head, l)
	}
}

func (p *printer) links(ls []casefile.Link) {
	if len(ls) == 0 {
		return
	}
	p.title("Others that this leads to")
	for _, l := range ls {
		text := plain(l.Key)
		if l.Name != "" {
			text = fmt.Sprintf("%q (%s)", plain(l.Name), text)
		}
		text += " " + plain(l.Why)
		if id, ok := strings.CutPrefix(l.Key, "user:"); ok && l.Why == casefile.ChangedThis && isGUID(id) {
			text += "; if it was not the person: az ad user update --id " + id + " --account-enabled false, and az rest --method post --url " + graphURL + "/users/" + id + "/revokeSignInSessions"
		}
		if l.Case != "" {
			text += fmt.Sprintf("; it has a case of its own, %s: %s", cmp.Or(string(l.Level), string(score.LevelNone)), plain(l.Case))
		}
		p.wrapped("  ", text)
	}
}

func (p *printer) exposed(c casefile.Case) {
	p.title("What it read since " + minute(c.Window.From) + ", newest first: it has to be rotated")
	if len(c.Exposed) == 0 {
		p.raw("  nothing is known")
	}
	for _, e := range c.Exposed {
		text := fmt.Sprintf("%s (%s)", plain(e.Object), plain(e.Operations))
		if e.Suspect {
			text = "FROM THE SUSPICIOUS PLACE: " + text
		}
		if from := cmp.Or(plain(e.IPAddress), plain(e.Network)); from != "" {
			text += " from " + from
		}
		if len(e.Versions) > 0 {
			text += ", versions " + strings.Join(few(plainAll(e.Versions)), ", ")
		}
		p.wrapped(fmt.Sprintf("  %s to %s  ", minute(e.First), e.Last.UTC().Format("15:04")), text)
	}
	if c.MoreExposed {
		p.raw("  There was more than is kept.")
	}
}
