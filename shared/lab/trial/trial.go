// Package trial runs a simulated tenant past detectors, all of them on the same stream, through the very decoder and
// address table that the product uses.
package trial

import (
	"bytes"
	"fmt"
	"time"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/measure"
	"rekey/shared/lab/simulate"
	"rekey/shared/network"
)

// grace is how long after midnight a day's last records may arrive.
const grace = 15 * time.Minute

// Trial is one run before one or more detectors.
type Trial struct {
	run       *simulate.Run
	table     *network.Table
	detectors []lab.Detector
	tallies   []*measure.Tally

	records []known
	current known
	probe   bool
	at      time.Time
	closed  time.Time // the day that was closed last
	err     error
}

// known is what the harness remembers of a delivered record.
type known struct {
	truth lab.Truth
	at    time.Time
}

// New prepares a run for detectors.
func New(run *simulate.Run, detectors ...lab.Detector) (*Trial, error) {
	table, err := network.Load(bytes.NewReader(run.NetworksCSV()))
	if err != nil {
		return nil, fmt.Errorf("preparing trial of seed %d: %w", run.Options.Seed, err)
	}
	t := &Trial{run: run, table: table, detectors: detectors}
	for range detectors {
		t.tallies = append(t.tallies, measure.NewTally(len(run.Principals), run.Episodes, run.Changes))
	}
	return t, nil
}

// Run delivers everything. Progress, which may be nil, is told of each day that is over, and stops the run by an error.
func (t *Trial) Run(progress func(day time.Time) error) error {
	var decoder entralog.Decoder
	for d := range t.run.Records() {
		if err := t.closeBefore(d.At.Add(-grace), progress); err != nil {
			return err
		}
		t.current, t.probe, t.at = known{truth: d.Truth}, d.Probe(), d.At
		if err := decoder.Decode(d.Record, t); err != nil {
			return fmt.Errorf("decoding a simulated record: %w", err)
		}
		if t.err != nil {
			return t.err
		}
	}
	return t.closeBefore(t.at.Add(24*time.Hour), progress)
}

// closeBefore closes the days that ended before a time.
func (t *Trial) closeBefore(at time.Time, progress func(time.Time) error) error {
	if t.closed.IsZero() {
		t.closed = t.run.Options.Start.AddDate(0, 0, -1)
	}
	for next := t.closed.AddDate(0, 0, 1); !next.AddDate(0, 0, 1).After(at); next = next.AddDate(0, 0, 1) {
		for i, d := range t.detectors {
			d.Close(next, t.say(i))
		}
		if t.closed = next; progress != nil {
			if err := progress(next); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Trial) say(i int) func(lab.Verdict) {
	return func(v lab.Verdict) {
		r := t.records[v.Record]
		t.tallies[i].Score(r.truth, r.at, v)
	}
}

// Event takes what the decoder made of a record.
func (t *Trial) Event(e *event.Event) {
	network.Enrich(e, t.table, nil)
	if t.probe {
		for i, d := range t.detectors {
			t.tallies[i].Probe(t.current.truth, d.Probe(e, t.at))
		}
		return
	}
	t.current.at = e.Time
	n := uint32(len(t.records))
	t.records = append(t.records, t.current)
	for i, d := range t.detectors {
		t.tallies[i].Seen(t.current.truth, t.at)
		d.Record(n, e, t.at, t.say(i))
	}
}

// Skip implements entralog.Sink: the simulator writes nothing that is not used.
func (t *Trial) Skip(category string) {
	t.err = fmt.Errorf("a simulated record of category %q is not used", category)
}

// Reject implements entralog.Sink.
func (t *Trial) Reject(_ int, raw []byte, err error) {
	t.err = fmt.Errorf("a simulated record is rejected: %w: %.200s", err, raw)
}

// Results returns what each detector reached.
func (t *Trial) Results(w measure.Window, levels map[string][]measure.Level) []measure.Result {
	out := make([]measure.Result, len(t.detectors))
	for i, d := range t.detectors {
		out[i] = t.tallies[i].Result(d.Name(), w, levels[d.Name()]...)
	}
	return out
}
