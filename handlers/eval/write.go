package eval

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rekey/shared/lab/simulate"
)

// write writes the records of one simulated tenant, one a line, in the order in which they arrive.
func write(ctx context.Context, c config, status io.Writer) (err error) {
	f, err := os.Create(c.write)
	if err != nil {
		return fmt.Errorf("writing simulated records: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var w io.Writer = f
	if strings.HasSuffix(c.write, ".gz") {
		z := gzip.NewWriter(f)
		defer func() { err = errors.Join(err, z.Close()) }()
		w = z
	}
	b := bufio.NewWriterSize(w, 1<<20)
	run := simulate.New(simulate.Options{Seed: c.seeds[0], Principals: c.principals, Days: c.days, WarmUp: warmUp, Attacked: Attacked})
	n := 0
	for d := range run.Records() {
		if d.Probe() {
			continue
		}
		b.Write(d.Record) //nolint:errcheck // a failed write is reported by Flush
		b.WriteByte('\n') //nolint:errcheck
		if n++; n%100_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing simulated records: %w", err)
	}
	fmt.Fprintf(status, "%d records of seed %d, with %d intrusions, are in %s\n", n, c.seeds[0], len(run.Episodes), c.write)
	return tables(run, c.write, status)
}

// tables writes the address table of the simulated world beside the records: `rekey scan --asn` needs it.
func tables(run *simulate.Run, beside string, status io.Writer) error {
	path := strings.TrimSuffix(strings.TrimSuffix(beside, ".gz"), ".ndjson") + ".networks.csv"
	if err := os.WriteFile(path, run.NetworksCSV(), 0o644); err != nil { //nolint:gosec // not secret
		return fmt.Errorf("writing simulated address table: %w", err)
	}
	fmt.Fprintf(status, "their networks are in %s\n", path)
	return nil
}
