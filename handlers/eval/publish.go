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
	reports, err := reports(runs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d runs of %d principals over %d days, %d intrusions; %s\n\n", len(runs), c.principals, c.days,
		len(reports[0].Episodes), took.Round(time.Second))
	if err := measure.WriteTable(out, reports); err != nil {
		return err
	}
	var acts trial.Acts
	for _, y := range years {
		acts.Add(y)
	}
	if acts.Principals > 0 {
		fmt.Fprintf(out, "\nActing alone over %d benign days of %d principals, were it allowed to: %d high detections, %d wrong acts, %.2f per 1,000 principals a year.\n",
			acts.Days, acts.Principals, acts.High, acts.Wrong, acts.PerYear())
	}
	return errors.Join(toFile(c.json, func(w io.Writer) error { return writeJSON(w, reports, acts) }), toFile(c.plot, func(w io.Writer) error { return plot(w, reports) }))
}

// reports merges each detector's results over all runs.
func reports(runs [][]measure.Result) ([]measure.Report, error) {
	var out []measure.Report
	for i := range runs[0] {
		merged := runs[0][i]
		for _, run := range runs[1:] {
			if i < len(run) { // only the first runs have ablations
				merged.Merge(run[i])
			}
		}
		out = append(out, measure.Report{Result: merged})
	}
	for i := range out[1:] {
		rival := &out[i+1].Result
		if strings.HasPrefix(rival.Detector, "Rekey ") {
			continue
		}
		for _, budget := range measure.Budgets {
			cmp, err := measure.Compare(&out[0].Result, rival, budget)
			if err != nil {
				return nil, err
			}
			out[0].Against = append(out[0].Against, cmp)
		}
	}
	return out, nil
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
		if !strings.HasPrefix(reports[i].Detector, "Rekey ") {
			curves = append(curves, reports[i].Curve())
		}
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
