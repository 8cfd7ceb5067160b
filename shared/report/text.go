package report

import (
	"fmt"
	"io"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/score"
)

// width is where lines of the text are broken: a terminal's usual width, with room for a margin.
const width = 100

// TextOptions say how the text is written.
type TextOptions struct {
	Color bool // for a terminal
}

// Text writes the report for a person at a terminal: first all principals at a glance, then each with what happened, the
// likely cause, the evidence and what to do next.
func Text(w io.Writer, r Report, o TextOptions) error {
	p := &printer{color: o.Color}
	subjects := Subjects(r.Detections)
	if len(subjects) == 0 {
		p.line(0, "Nothing is suspicious: no sign-in was unfamiliar enough to tell.")
		p.line(0, "A principal is judged after "+plural(baseline.LearningDays, "active day", "active days")+"; what was there from the beginning of the logs is taken for usual.")
	} else {
		p.overview(subjects)
	}
	for i := range subjects[:min(len(subjects), toldSubjects)] {
		p.subject(&subjects[i])
		if c, ok := r.caseOf(subjects[i].Principal); ok && i < toldCases {
			p.caseShort(viewOf(c))
		}
	}
	if n := len(subjects) - toldSubjects; n > 0 {
		p.raw("")
		p.raw("%s stand in the list above only; --format json has them in full.", plural(n, "more principal", "more principals"))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// printer gathers lines.
type printer struct {
	b     strings.Builder
	color bool
}

// line writes a text, broken at the width, all of it indented.
func (p *printer) line(indent int, text string) {
	margin := strings.Repeat(" ", indent)
	for _, l := range wrap(text, width-indent) {
		p.b.WriteString(strings.TrimRight(margin+l, " ") + "\n")
	}
}

// wrap breaks a text into lines at its spaces. Words longer than a line stay whole.
func wrap(text string, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > most {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// raw writes a line as it is.
func (p *printer) raw(format string, args ...any) {
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (p *printer) overview(subjects []Subject) {
	p.raw("%s to look at, the riskiest first:", plural(len(subjects), "principal", "principals"))
	p.raw("")
	for i := range subjects {
		s := &subjects[i]
		p.raw("  %s %11s  %-32s %s  %s", p.level(s.Level), inBits(s.Bits), short(s.Name(), 32), s.First.UTC().Format("2006-01-02 15:04"),
			plural(len(s.Detections), "detection", "detections"))
	}
}

// level writes a level, always six wide.
func (p *printer) level(l score.Level) string {
	word := fmt.Sprintf("%-6s", strings.ToUpper(string(l)))
	if !p.color {
		return word
	}
	color := map[score.Level]string{score.LevelHigh: "1;31", score.LevelMedium: "1;33", score.LevelLow: "1;36"}[l]
	return "\x1b[" + color + "m" + word + "\x1b[0m"
}

func (p *printer) bold(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func (p *printer) subject(s *Subject) {
	p.raw("")
	p.raw("%s", strings.Repeat("─", width))
	p.raw("%s %s", p.level(s.Level), p.bold(s.Name()))
	p.raw("       %s", ids(s))
	if link := Portal(s.Detections[0]); link != "" {
		p.raw("       %s", link)
	}
	p.detections(s)
}

// detections writes the strongest detections of a subject in full, and lists the others.
func (p *printer) detections(s *Subject) {
	full, others := s.full()
	for i, d := range full {
		p.raw("")
		p.detection(d, full[:i])
	}
	if len(others) == 0 {
		return
	}
	p.raw("")
	p.raw("  %s, in the order of time (--format json has them in full):", plural(len(others), "more detection", "more detections"))
	for _, d := range others {
		p.raw("    %s %s  %-34s %10s  %s", d.First.UTC().Format("2006-01-02 15:04"), p.level(d.Level), plain(d.Type), inBits(d.Bits), plain(d.Subject))
	}
}

func ids(s *Subject) string {
	var out []string
	if s.Principal.ObjectID != "" {
		out = append(out, "service principal "+plain(s.Principal.ObjectID))
	}
	if s.Principal.AppID != "" {
		out = append(out, "application "+plain(s.Principal.AppID))
	}
	return strings.Join(out, ", ")
}

// detection writes one detection. What the ones before it said to do is not said again.
func (p *printer) detection(d detect.Detection, before []detect.Detection) {
	x := Explain(d)
	p.raw("  %s %s, %s%s", p.level(d.Level), p.bold(kind(d)), scoreText(d), plain(d.ID))
	p.line(4, x.What)
	if x.Novel != "" {
		p.line(4, x.Novel)
	}
	p.raw("")
	p.labelled("Likely cause", x.Cause)
	p.labelled("Harmless if", x.Harmless)
	p.evidence(d)
	p.records(d)
	p.next(fresh(x.Next, before))
}

// scoreText words a score; findings of others have none.
func scoreText(d detect.Detection) string {
	if len(d.Contributions) == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f bits, ", d.Bits)
}

// labelled writes a text behind a label.
func (p *printer) labelled(label, text string) {
	for i, l := range wrap(text, width-20) {
		if i > 0 {
			label = ""
		}
		p.raw("    %-14s  %s", label, l)
	}
}

// evidence writes the contributions, which add up to the score.
func (p *printer) evidence(d detect.Detection) {
	if len(d.Contributions) == 0 {
		return
	}
	p.raw("")
	p.raw("    Evidence, in bits: how much likelier an intruder shows this than the principal itself")
	shares := Shares(d)
	for i, c := range d.Contributions {
		p.raw("    %+6.1f  %-28s  %s", float64(shares[i])/10, Label(c.Name), short(plain(c.Value), 56))
		p.line(14, plain(c.Why))
	}
	p.raw("    %6.1f  the score", float64(Tenths(d.Bits))/10)
}

func (p *printer) records(d detect.Detection) {
	if len(d.Records) == 0 {
		return
	}
	p.raw("")
	p.raw("    Records%s", atMost(d))
	for _, r := range d.Records {
		p.raw("      %s  %s", r.Time.UTC().Format("2006-01-02 15:04:05"), plain(r.ID))
		if text := recordText(r, d.Rule != ""); text != "" {
			p.line(27, text)
		}
	}
}

func atMost(d detect.Detection) string {
	if len(d.Records) == detect.MaxRecords {
		return fmt.Sprintf(" (the first %d)", len(d.Records))
	}
	return ""
}

// recordText says what a record shows. A change is no use of the principal that could have failed.
func recordText(r detect.Record, change bool) string {
	var out []string
	for _, s := range []string{r.IPAddress, recordNetwork(r), r.Country, r.Resource, short(r.UserAgent, 80)} {
		if s != "" {
			out = append(out, plain(s))
		}
	}
	if r.KeyID != "" {
		out = append(out, "key "+plain(r.KeyID))
	}
	if !r.Succeeded && !change {
		out = append(out, "failed")
	}
	return strings.Join(out, ", ")
}

func recordNetwork(r detect.Record) string {
	if r.ASN == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("AS%d %s", r.ASN, r.Network))
}

func (p *printer) next(steps []Step) {
	p.raw("")
	p.raw("    Next")
	for i, s := range steps {
		for j, l := range wrap(s.Text, width-7) {
			number := fmt.Sprintf("%d.", i+1)
			if j > 0 {
				number = ""
			}
			p.raw("    %-2s %s", number, l)
		}
		for _, c := range s.Commands {
			for l := range strings.SplitSeq(c, "\n") {
				p.raw("         %s", l)
			}
		}
	}
}

// bitsText is a score for a table; what a rule found has none.
func bitsText(bits float64) string {
	if bits == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", bits)
}

// inBits is a score for a line.
func inBits(bits float64) string {
	if bits == 0 {
		return "by a rule"
	}
	return bitsText(bits) + " bits"
}
