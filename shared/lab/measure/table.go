package measure

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the figures for a terminal: a row a detector, then recall by kind of episode and the
// part of benign changes flagged, with a column a detector, then shipped levels and comparisons where there are any.
func WriteTable(w io.Writer, reports []Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	summary(t, reports)
	matrix(t, "recall@1 / @3 by kind", reports, (*Result).Kinds, func(r *Result, k string) string {
		return figure(r.RecallOf(k, Budgets[0])) + " / " + figure(r.RecallOf(k, Budgets[1]))
	})
	matrix(t, "changes flagged @1 / @3", reports, (*Result).ChangeKinds, func(r *Result, k string) string {
		return figure(r.Flagged(k, Budgets[0])) + " / " + figure(r.Flagged(k, Budgets[1]))
	})
	levels(t, reports)
	comparisons(t, reports)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table of figures: %w", err)
	}
	return nil
}

// WriteSummary writes the first part of the table: a row a detector.
func WriteSummary(w io.Writer, reports []Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	summary(t, reports)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the summary of figures: %w", err)
	}
	return nil
}

func summary(t *tabwriter.Writer, reports []Report) {
	row(t, "detector", "recall@1", "@3", "@10", "auc", "precision@1", "events", "minutes", "poisoned")
	for i := range reports {
		r := &reports[i].Result
		row(t, r.Detector, figure(r.Recall(Budgets[0])), figure(r.Recall(Budgets[1])), figure(r.Recall(Budgets[2])),
			figure(r.AUC()), figure(r.Precision(0)), whole(r.EventsToAlert()), whole(r.MinutesToAlert()),
			figure(r.RecallOf(Poisoning, Budgets[0])))
	}
}

func matrix(t *tabwriter.Writer, title string, reports []Report, names func(*Result) []string,
	cell func(*Result, string) string) {
	var kinds []string
	head := []string{title}
	for i := range reports {
		kinds = append(kinds, names(&reports[i].Result)...)
		head = append(head, reports[i].Detector)
	}
	slices.Sort(kinds)
	gap(t)
	row(t, head...)
	for _, k := range slices.Compact(kinds) {
		cells := []string{k}
		for i := range reports {
			cells = append(cells, cell(&reports[i].Result, k))
		}
		row(t, cells...)
	}
}

func levels(t *tabwriter.Writer, reports []Report) {
	head := false
	for i := range reports {
		for _, l := range reports[i].Levels {
			if !head {
				gap(t)
				row(t, "level", "threshold", "recall", "false/day/1,000", "false/day")
				head = true
			}
			row(t, reports[i].Detector+" "+l.Name, fmt.Sprintf("%.2f", l.Threshold), figure(l.Recall()),
				fmt.Sprintf("%.2f", l.Rate()), fmt.Sprintf("%.2f", l.AlertsADay()))
		}
	}
}

func comparisons(t *tabwriter.Writer, reports []Report) {
	for i := range reports {
		if len(reports[i].Against) == 0 {
			continue
		}
		gap(t)
		row(t, reports[i].Detector+" minus", "budget", "recall", "2.5 %", "97.5 %")
		for _, c := range reports[i].Against {
			row(t, c.Rival, fmt.Sprintf("%g", c.Budget), fmt.Sprintf("%+.3f", c.Difference),
				fmt.Sprintf("%+.3f", c.Low), fmt.Sprintf("%+.3f", c.High))
		}
	}
}

// row and gap leave write errors to Flush, which returns the first.
func row(t *tabwriter.Writer, cells ...string) {
	_, _ = io.WriteString(t, strings.Join(cells, "\t")+"\t\n")
}

func gap(t *tabwriter.Writer) { _, _ = io.WriteString(t, "\n") }

func figure(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return fmt.Sprintf("%.3f", f)
}

func whole(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return fmt.Sprintf("%.0f", f)
}
