package entralog_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"rekey/shared/entralog"
	"rekey/shared/samplestest"
)

func TestEveryPublicSampleDecodesToItsNumberOfRecords(t *testing.T) {
	dir := samplestest.Dir(t)
	f, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(row[0])))
			if err != nil {
				t.Fatal(err)
			}
			want, err := strconv.Atoi(row[4])
			if err != nil {
				t.Fatal(err)
			}
			var s sink
			if err := new(entralog.Decoder).Decode(body, &s); err != nil {
				t.Fatal(err)
			}
			if s.total() != want || len(s.rejects) > 0 {
				t.Errorf("%d events, %d skipped, rejected %v; the manifest says %d records", len(s.events), len(s.skipped), s.rejects, want)
			}
		})
	}
}
