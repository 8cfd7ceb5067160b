package report

import (
	_ "embed" // page.html
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/score"
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"plain": plain, "kind": kind, "label": Label, "thousands": thousands, "size": size, "network": recordNetwork, "plural": plural, "logs": logLines, "list": and,
	"utc":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"minute": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
	"bits":   bitsText,
	"upper":  func(l score.Level) string { return strings.ToUpper(string(l)) },
	"scored": scoreText,
	"bound": func(l score.Level) float64 {
		return map[score.Level]float64{"low": score.LowBits, "medium": score.MediumBits, "high": score.HighBits}[l]
	},
	"learning": func() string { return plural(baseline.LearningDays, "active day", "active days") },
}).Parse(pageHTML))

// HTML writes the report as one page that needs nothing else: no scripts, no other files, no network.
func HTML(w io.Writer, r Report) error {
	v := pageView{Report: r}
	first, last := stretch(r)
	for i, s := range Subjects(r.Detections) {
		sv := subjectView{Subject: s, Anchor: fmt.Sprintf("p%d", i+1), Timeline: timeline(s.Detections, first, last)}
		full, others := s.full()
		sv.Others, sv.Told = others, i < toldSubjects
		sv.News = Explain(s.Detections[0]).News()
		if !sv.Told {
			full = nil
		}
		for i, d := range full {
			x := Explain(d)
			x.Next = fresh(x.Next, full[:i])
			sv.Views = append(sv.Views, detectionView{d, x, bars(d)})
		}
		if c, ok := r.caseOf(s.Principal); ok && i < toldCases {
			cv := viewOf(c)
			sv.Case = &cv
		}
		sv.Portal = Portal(s.Detections[0])
		v.Subjects = append(v.Subjects, sv)
	}
	for _, l := range []score.Level{score.LevelHigh, score.LevelMedium, score.LevelLow} {
		n := 0
		for i := range v.Subjects {
			if v.Subjects[i].Level == l {
				n++
			}
		}
		v.Counts = append(v.Counts, levelCount{l, n})
	}
	v.Skipped, v.DeadLettered = total(r.Summary.Skipped), total(r.Summary.DeadLettered)
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}

type pageView struct {
	Report
	Subjects              []subjectView
	Counts                []levelCount
	Skipped, DeadLettered int64
}

type levelCount struct {
	Level score.Level
	Count int
}

type subjectView struct {
	Subject
	Anchor   string
	News     string
	Told     bool // in a section of its own
	Portal   string
	Timeline timelineView
	Views    []detectionView
	Others   []detect.Detection
	Case     *caseView // nil: none, or not shown
}

type detectionView struct {
	detect.Detection
	Explanation
	Bars []bar
}

// More reports whether there are more records than are shown.
func (d detectionView) More() bool { return len(d.Records) == detect.MaxRecords }

// bar is one contribution, drawn where the one before ended, so that the last one ends at the score.
type bar struct {
	score.Contribution
	Share       string // what is shown
	Left, Width int    // in tenths of a percent of the score
}

func bars(d detect.Detection) []bar {
	shares, all := Shares(d), max(1, Tenths(d.Bits))
	out := make([]bar, len(shares))
	sum := 0
	for i, s := range shares {
		out[i] = bar{d.Contributions[i], fmt.Sprintf("%.1f", float64(s)/10), sum * 1000 / all, max(4, s*1000/all)}
		sum += s
	}
	return out
}
