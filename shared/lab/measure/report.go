package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// Report is a detector's result and how it compares with rivals.
type Report struct {
	Result
	Against []Comparison // Rekey's only
}

// line is the report in JSON.
type line struct {
	Detector     string                         `json:"detector"`
	Recall1      number                         `json:"recall@1"`
	Recall3      number                         `json:"recall@3"`
	Recall10     number                         `json:"recall@10"`
	AUC          number                         `json:"auc"`
	Precision    number                         `json:"precision@1"`
	Events       number                         `json:"eventsToAlert"`
	Minutes      number                         `json:"minutesToAlert"`
	RecallByKind map[string]map[string]number   `json:"recallByKind"`
	Changes      map[string]map[string]number   `json:"changesFlagged"`
	Poisoning    number                         `json:"recallUnderPoisoning"`
	Levels       map[string]map[string]number   `json:"levels,omitempty"`
	Intervals    map[string]map[string]Interval `json:"intervals,omitempty"`
}

// number is a figure in JSON: rounded to a hundred-thousandth, null when there is none.
type number float64

// MarshalJSON writes the figure.
func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(f*1e5) / 1e5)
}

// WriteJSON writes one line a detector. Kinds map to their recall, and changes to the part flagged, by budget ("@1");
// recallUnderPoisoning is at budget 1; intervals map a rival and a budget to the recall that is ahead of it.
func WriteJSON(w io.Writer, reports []Report) error {
	enc := json.NewEncoder(w)
	for i := range reports {
		if err := enc.Encode(reports[i].line()); err != nil {
			return fmt.Errorf("writing figures of %s: %w", reports[i].Detector, err)
		}
	}
	return nil
}

func (r *Report) line() line {
	return line{
		Detector: r.Detector,
		Recall1:  number(r.Recall(Budgets[0])), Recall3: number(r.Recall(Budgets[1])), Recall10: number(r.Recall(Budgets[2])),
		AUC: number(r.AUC()), Precision: number(r.Precision(0)),
		Events: number(r.EventsToAlert()), Minutes: number(r.MinutesToAlert()),
		RecallByKind: byBudget(r.Kinds(), Budgets[:], r.RecallOf),
		Changes:      byBudget(r.ChangeKinds(), Budgets[:2], r.Flagged),
		Poisoning:    number(r.RecallOf(Poisoning, Budgets[0])),
		Levels:       r.levels(),
		Intervals:    r.intervals(),
	}
}

func byBudget(kinds []string, budgets []float64, figure func(string, float64) float64) map[string]map[string]number {
	out := map[string]map[string]number{}
	for _, k := range kinds {
		out[k] = map[string]number{}
		for _, b := range budgets {
			out[k][at(b)] = number(figure(k, b))
		}
	}
	return out
}

// at names a budget.
func at(budget float64) string { return fmt.Sprintf("@%g", budget) }

func (r *Report) levels() map[string]map[string]number {
	out := map[string]map[string]number{}
	for _, l := range r.Levels {
		out[l.Name] = map[string]number{
			"threshold": number(l.Threshold), "recall": number(l.Recall()),
			"falseAlertsPer1000": number(l.Rate()), "falseAlertsADay": number(l.AlertsADay()),
		}
	}
	return out
}

func (r *Report) intervals() map[string]map[string]Interval {
	out := map[string]map[string]Interval{}
	for _, c := range r.Against {
		if out[c.Rival] == nil {
			out[c.Rival] = map[string]Interval{}
		}
		out[c.Rival][at(c.Budget)] = c.Interval
	}
	return out
}
