package report

import (
	"fmt"
	"slices"
	"strings"

	"rekey/shared/casefile"
	"rekey/shared/event"
	"rekey/shared/trail"
)

const (
	toldCases   = 10 // principals whose case is in the report: a page that is too long is not read
	shortChange = 8  // changes and reads that it lists of each
)

// caseView is a case in a report of many: what speaks against the principal, how much is not known, and what it touched.
type caseView struct {
	casefile.Case
	Blast    string
	Yes      []casefile.Answer
	No       int
	Unknown  []unknownView
	Writes   []changeView
	Prepared []changeView
	Exposed  []casefile.Exposed
	More     []string // what is not listed
}

// unknownView is what is missing, and the questions that it leaves open.
type unknownView struct {
	Do        string
	Questions []string
}

type changeView struct{ When, What, Record string }

// caseOf returns the case of a principal.
func (r *Report) caseOf(p event.Principal) (casefile.Case, bool) {
	if i := slices.IndexFunc(r.Cases, func(c casefile.Case) bool { return c.Principal.Key() == p.Key() }); i >= 0 {
		return r.Cases[i], true
	}
	return casefile.Case{}, false
}

func viewOf(c casefile.Case) caseView {
	v := caseView{Case: c, Blast: blast(c), Exposed: c.Exposed[:min(len(c.Exposed), shortChange)]}
	texts := map[string]string{}
	for _, a := range c.Answers {
		texts[a.ID] = plain(a.Question)
		switch a.Value {
		case casefile.Yes:
			v.Yes = append(v.Yes, a)
		case casefile.No:
			v.No++
		}
	}
	for _, t := range todos(c.Answers) {
		u := unknownView{Do: t.Do}
		for _, id := range t.Questions {
			u.Questions = append(u.Questions, texts[id])
		}
		v.Unknown = append(v.Unknown, u)
	}
	v.Writes = v.changes(c.Writes, "change it made", "changes it made", casefile.Did)
	v.Prepared = v.changes(c.Prepared, "change made on it", "changes made on it", done)
	if n := len(c.Exposed) - len(v.Exposed); n > 0 {
		v.More = append(v.More, plural(n, "more read", "more reads"))
	}
	return v
}

// changes are the newest changes, earliest first.
func (v *caseView) changes(es []trail.Entry, one, many string, say func(trail.Entry) string) []changeView {
	if n := len(es) - shortChange; n > 0 {
		v.More = append(v.More, plural(n, "earlier "+one, "earlier "+many))
		es = es[n:]
	}
	out := make([]changeView, len(es))
	for i, e := range es {
		out[i] = changeView{minute(e.Time), plain(say(e)), plain(e.Record)}
	}
	return out
}

// caseShort writes a case below its detections.
func (p *printer) caseShort(v caseView) {
	p.raw("")
	p.raw("  %s, case %s", p.bold("What a defender asks"), plain(v.ID))
	p.labelled("Blast radius", v.Blast)
	for _, a := range v.Yes {
		p.wrapped("    "+p.value(a.Value)+"  ", plain(a.Question))
		p.wrapped("             ", plain(a.Why))
	}
	if v.No > 0 {
		p.raw("    no       to %s", plural(v.No, "more question", "more questions"))
	}
	for _, u := range v.Unknown {
		p.wrapped("    unknown  ", strings.Join(u.Questions, " "))
		p.wrapped("             ", u.Do)
	}
	p.changes("It changed", v.Writes)
	p.changes("It was changed", v.Prepared)
	for i, e := range v.Exposed {
		if i == 0 {
			p.raw("    It read")
		}
		p.wrapped("      "+minute(e.First)+"  ", fmt.Sprintf("%s (%s)", plain(e.Object), plain(e.Operations)))
	}
	if len(v.More) > 0 {
		p.raw("    Not listed: %s (--cases FILE has them)", and(v.More))
	}
}

func (p *printer) changes(title string, es []changeView) {
	for i, e := range es {
		if i == 0 {
			p.raw("    %s", title)
		}
		p.wrapped("      "+e.When+"  ", e.What+", record "+e.Record)
	}
}
