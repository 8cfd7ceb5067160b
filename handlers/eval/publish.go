package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rekey/shared/lab/measure"
	"rekey/shared/lab/trial"
)

// publish merges the runs, compares Rekey with each rival, and writes what was asked for.
func publish(c config, runs [][]measure.Result, years []trial.Acts, took time.Duration, out io.Writer) error {
	reports, err := compare(runs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d runs of %d principals over %d days, %d intrusions; %s\n\n", len(runs), c.principals, c.days,
		len(reports[0].Episodes), took.Round(time.Second))
	if err := measure.WriteTable(out, reports); err != nil {
		return err
	}
	without := withoutFields(runs)
	if len(without) > 0 {
		fmt.Fprint(out, "\nWith a field taken away from every record, on the first of these runs:\n\n")
		if err := measure.WriteSummary(out, without); err != nil {
			return err
		}
	}
	var acts trial.Acts
	for _, y := range years {
		acts.Add(y)
	}
	if acts.Principals > 0 {
		fmt.Fprintf(out, "\nActing alone over %d benign days of %d principals, were it allowed to: %d high detections, wrong acts: %d, that is %.2f per 1,000 principals a year.\n",
			acts.Days, acts.Principals, acts.High, acts.Wrong, acts.PerYear())
	}
	return errors.Join(toFile(c.json, func(w io.Writer) error { return writeJSON(w, append(reports, without...), acts) }),
		toFile(c.plot, func(w io.Writer) error { return plot(w, reports) }))
}

// compare merges each detector's results over all runs, and compares the first, Rekey, with the others.
func compare(runs [][]measure.Result) ([]measure.Report, error) {
	var out []measure.Report
	for i, r := range runs[0] {
		if !isAblation(r.Detector) {
			out = append(out, measure.Report{Result: merge(runs, i)})
		}
	}
	for i := range out[1:] {
		for _, budget := range measure.Budgets {
			against, err := measure.Compare(&out[0].Result, &out[i+1].Result, budget)
			if err != nil {
				return nil, err
			}
			out[0].Against = append(out[0].Against, against)
		}
	}
	return out, nil
}

// withoutFields merges the ablations, which only the first runs have, and puts Rekey on the same runs before them.
func withoutFields(runs [][]measure.Result) (out []measure.Report) {
	with := runs[:0:0]
	for _, run := range runs {
		if isAblation(run[len(run)-1].Detector) {
			with = append(with, run)
		}
	}
	if len(with) == 0 {
		return nil
	}
	for i, r := range with[0] {
		if i == 0 || isAblation(r.Detector) {
			out = append(out, measure.Report{Result: merge(with, i)})
		}
	}
	out[0].Detector = fmt.Sprintf("Rekey on the first %d runs", len(with))
	return out
}

func isAblation(detector string) bool { return strings.HasPrefix(detector, "Rekey without ") }

// merge merges one detector's results over runs, and leaves them as they are.
func merge(runs [][]measure.Result, i int) measure.Result {
	var merged measure.Result
	for _, run := range runs {
		merged.Merge(run[i])
	}
	return merged
}

// writeJSON writes a line a detector and one about acting alone.
func writeJSON(w io.Writer, reports []measure.Report, acts trial.Acts) error {
	if err := measure.WriteJSON(w, reports); err != nil || acts.Principals == 0 {
		return err
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"detector": "Rekey acting alone", "principals": acts.Principals, "days": acts.Days, "high": acts.High,
		"wrongActs": acts.Wrong, "wrongActsPer1000PrincipalsAYear": acts.PerYear(),
	})
}

func plot(w io.Writer, reports []measure.Report) error {
	var curves []measure.Curve
	for i := range reports {
		curves = append(curves, reports[i].Curve())
	}
	return measure.Plot(w, curves)
}

// toFile writes a file that was asked for.
func toFile(path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
