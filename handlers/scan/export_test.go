package scan

import (
	"context"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/streams"
)

// Every buffer that is used again is overwritten, so that whoever holds on to one is seen in what is reported.
func init() {
	spent = func(b []byte) {
		for i := range b {
			b[i] = '#'
		}
	}
}

// ScanAt is Scan at a time.
func ScanAt(ctx context.Context, now time.Time, args []string, s Streams) error {
	o, err := parseScan(args, s)
	if err != nil {
		return err
	}
	j, err := newRun(ctx, o, s, now)
	if err != nil {
		return err
	}
	defer j.files.Close()
	return j.scan(ctx)
}

// TeachAt is Learn at a time, into a store.
func TeachAt(ctx context.Context, now time.Time, files []string, s Streams, tenant string, live principals.Store) error {
	j, err := newRun(ctx, options{files: files, summary: "json"}, s, now)
	if err != nil {
		return err
	}
	defer j.files.Close()
	return j.teach(ctx, baseline.NewHasher([16]byte{7}), tenant, live)
}

// ProgressLine is the progress at a time.
func ProgressLine(label, unit string, total, done, records int64, elapsed time.Duration) string {
	p := progress{label: label, unit: unit, total: total, done: func() int64 { return done }}
	p.records.Store(records)
	return p.line(elapsed)
}

// HealthAt is what a scan knows of the logs in its files.
func HealthAt(ctx context.Context, now time.Time, args []string, s Streams) (streams.Health, error) {
	o, err := parseScan(args, s)
	if err != nil {
		return streams.Health{}, err
	}
	j, err := newRun(ctx, o, s, now)
	if err != nil {
		return streams.Health{}, err
	}
	defer j.files.Close()
	err = j.scan(ctx)
	return j.health, err
}
