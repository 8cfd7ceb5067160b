package eval

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"rekey/handlers/scan"
	"rekey/shared/report"
	"rekey/shared/score"
)

// benign scans a user's own logs, which he believes benign, and tells how many alerts a day they would have raised: what
// the levels cost him, and not a simulated tenant.
func benign(ctx context.Context, files []string, out, status io.Writer) error {
	var found, summary bytes.Buffer
	args := append([]string{"--format", "json", "--summary", "json"}, files...)
	if err := scan.Scan(ctx, args, scan.Streams{In: bytes.NewReader(nil), Out: &found, Err: io.MultiWriter(&summary, warnings{status})}); err != nil {
		return err
	}
	s, err := summaryOf(summary.Bytes())
	if err != nil {
		return err
	}
	if s.First == nil {
		return errors.New("counting alerts: the files hold no events")
	}
	days, err := alertDays(&found)
	if err != nil {
		return err
	}
	return tell(out, s, days)
}

// warnings passes on what a scan says in words; its summary is JSON.
type warnings struct{ w io.Writer }

func (w warnings) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("{")) {
		return len(b), nil
	}
	return w.w.Write(b)
}

// summaryOf finds the summary among what a scan says.
func summaryOf(b []byte) (s report.Summary, err error) {
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("{")) {
			return s, json.Unmarshal(line, &s)
		}
	}
	return s, errors.New("counting alerts: the scan gave no summary")
}

// alertDayCounts is how many principals and days have a detection of a level or higher. Several detections of one
// principal and day are one alert.
type alertDayCounts map[score.Level]int

// alertDays counts the detections that a scan wrote as lines of JSON.
func alertDays(lines io.Reader) (alertDayCounts, error) {
	highest := map[string]score.Level{}
	r := bufio.NewScanner(lines)
	r.Buffer(nil, 16<<20)
	for r.Scan() {
		var d report.RiskDetection
		if err := json.Unmarshal(r.Bytes(), &d); err != nil {
			return nil, fmt.Errorf("counting alerts: %w", err)
		}
		key := d.PrincipalID + d.AppID + d.ActivityTime.UTC().Format(time.DateOnly)
		highest[key] = score.Max(highest[key], d.RiskLevel)
	}
	counts := alertDayCounts{}
	for _, l := range highest {
		for _, m := range levels {
			if l.AtLeast(m) {
				counts[m]++
			}
		}
	}
	return counts, r.Err()
}

var levels = []score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh}

// tell writes the table.
func tell(out io.Writer, s report.Summary, counts alertDayCounts) error {
	days := math.Max(1, math.Ceil(s.Last.Sub(*s.First).Hours()/24))
	fmt.Fprintf(out, "%d records of %d principals over %.0f days\n\n%-18s %10s %12s %28s\n", s.Records, s.Principals, days,
		"level or higher", "alerts", "alerts a day", "a day per 1,000 principals")
	for _, l := range levels {
		perDay := float64(counts[l]) / days
		perThousand := math.NaN()
		if s.Principals > 0 {
			perThousand = perDay / float64(s.Principals) * 1000
		}
		if _, err := fmt.Fprintf(out, "%-18s %10d %12.2f %28.2f\n", l, counts[l], perDay, perThousand); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "\nAn alert is a principal and a day. The first two days of each principal are learning and never alert.")
	return err
}
