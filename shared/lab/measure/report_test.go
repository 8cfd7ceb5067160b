package measure_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/lab"
	"rekey/shared/lab/measure"
)

// outcomes makes a result of episodes with these costs.
func outcomes(name string, costs ...float64) *measure.Result {
	r := &measure.Result{Detector: name}
	for _, c := range costs {
		r.Episodes = append(r.Episodes, measure.Outcome{Kind: "vpn", Cost: c, Events: math.NaN(), Minutes: math.NaN()})
	}
	return r
}

func repeat(n int, costs ...float64) []float64 {
	var out []float64
	for range n {
		out = append(out, costs...)
	}
	return out
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		one, other []float64
		want       measure.Interval
	}{
		"identical detectors differ by nothing":              {repeat(50, 0, 5), repeat(50, 0, 5), measure.Interval{}},
		"one that catches all against one that catches none": {repeat(10, 0), repeat(10, 9), measure.Interval{Difference: 1, Low: 1, High: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := measure.Compare(outcomes("a", c.one...), outcomes("b", c.other...), 1)
			if err != nil || got.Interval != c.want || got.Rival != "b" {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestIntervalOfUnequalDetectors(t *testing.T) {
	// 400 episodes: 100 only the one catches, 60 only the other: difference .1, deviation sqrt(.4-.01)/20 = .0312.
	one := outcomes("a", append(append(repeat(100, 0), repeat(60, 9)...), repeat(240, 0)...)...)
	other := outcomes("b", append(append(repeat(100, 9), repeat(60, 0)...), repeat(240, 0)...)...)
	got, err := measure.Compare(one, other, 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Difference-.1) > 1e-9 || math.Abs(got.Low-.039) > .005 || math.Abs(got.High-.161) > .005 {
		t.Errorf("%+v, want about .1 from .039 to .161", got.Interval)
	}
	if _, err := measure.Compare(one, outcomes("c", 1), 1); err == nil {
		t.Error("detectors that saw different episodes were compared")
	}
}

func TestMergedRunsKeepTheirOwnThresholds(t *testing.T) {
	one, other := thousand(999.5).Result("x", window(1), measure.Level{Name: "high", Threshold: 999}), measure.Result{}
	// In the second run scores are ten times lower; its episode still beats all but one day.
	tally := measure.NewTally(1001, []lab.Episode{{Kind: "proxy", Principals: []int32{0}, Begin: day(0)}}, nil)
	for p := int32(1); p <= 1000; p++ {
		tally.Score(benign(p), day(0), verdict(float64(p)/10))
	}
	tally.Score(attack(0, 0), day(0), verdict(99.95))
	other = tally.Result("x", window(1), measure.Level{Name: "high", Threshold: 999})
	var all measure.Result
	all.Merge(one)
	all.Merge(other)
	if all.Recall(1) != 1 || all.BenignDays != 2000 || all.FalseAlerts != [3]int{2, 6, 20} || all.AUC() != .999 {
		t.Errorf("recall %v, %d days, false alerts %v, AUC %v", all.Recall(1), all.BenignDays, all.FalseAlerts, all.AUC())
	}
	l := all.Levels[0]
	if l.Recall() != .5 || l.FalseAlerts != 2 || l.Rate() != 1 || l.AlertsADay() != 1 {
		t.Errorf("level: recall %v, %d false alerts, %v per 1,000, %v a day", l.Recall(), l.FalseAlerts, l.Rate(), l.AlertsADay())
	}
	if diff := cmp.Diff([]string{"proxy", "vpn"}, all.Kinds()); diff != "" {
		t.Error(diff)
	}
}

// example is a report with everything in it.
func example(t *testing.T) []measure.Report {
	t.Helper()
	one := thousand(999.5).Result("Rekey", window(1), measure.Level{Name: "high", Threshold: 999})
	other := thousand(998.5).Result("Freeman <1>", window(1))
	c, err := measure.Compare(&one, &other, 1)
	if err != nil {
		t.Fatal(err)
	}
	return []measure.Report{{Result: one, Against: []measure.Comparison{c}}, {Result: other}}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := measure.WriteJSON(&b, example(t)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"detector":"Rekey","recall@1":1,"recall@3":1,"recall@10":1,"auc":0.999,"precision@1":0.5,"eventsToAlert":1,` +
			`"minutesToAlert":0,"recallByKind":{"vpn":{"@1":1,"@10":1,"@3":1}},"changesFlagged":{},` +
			`"recallUnderPoisoning":null,"levels":{"high":{"falseAlertsADay":2,"falseAlertsPer1000":2,"recall":1,"threshold":999}},` +
			`"intervals":{"Freeman <1>":{"@1":{"difference":1,"low":1,"high":1}}}}`,
		`{"detector":"Freeman <1>","recall@1":0,"recall@3":1,"recall@10":1,"auc":0.998,"precision@1":0,"eventsToAlert":null,` +
			`"minutesToAlert":null,"recallByKind":{"vpn":{"@1":0,"@10":1,"@3":1}},"changesFlagged":{},"recallUnderPoisoning":null}`,
	}
	var wanted, got []any
	for _, l := range want {
		wanted = append(wanted, decode(t, l))
	}
	for l := range strings.Lines(b.String()) {
		got = append(got, decode(t, l))
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func decode(t *testing.T, line string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("reading %q: %v", line, err)
	}
	return v
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := measure.WriteTable(&b, example(t)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"recall@1 / @3 by kind", "Freeman <1>", "0.999", "+1.000", "Rekey high"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in the table:\n%s", want, &b)
		}
	}
}

func TestPlot(t *testing.T) {
	one, two := outcomes("Rekey", 0, 2, 200), outcomes("a <b> & c", 0, 2.001, 200)
	var b bytes.Buffer
	if err := measure.Plot(&b, []measure.Curve{one.Curve(), two.Curve(), {Name: "empty"}}); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the plot is not XML: %v", err)
		}
	}
	if !strings.Contains(b.String(), "a &lt;b&gt; &amp; c") || strings.Contains(b.String(), "NaN") {
		t.Errorf("names are not escaped, or a point has no place:\n%s", &b)
	}
	points := one.Curve().Points
	if first, last := points[0], points[len(points)-1]; math.Abs(first.Budget-.1) > 1e-9 || math.Abs(last.Budget-30) > 1e-9 ||
		math.Abs(first.Recall-1./3) > 1e-9 || math.Abs(last.Recall-2./3) > 1e-9 {
		t.Errorf("the curve goes from %v to %v", first, last)
	}
}

func TestPlotReportsAFullDisk(t *testing.T) {
	if err := measure.Plot(full{}, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want the writer's", err)
	}
	if err := measure.WriteTable(full{}, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want the writer's", err)
	}
}

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
