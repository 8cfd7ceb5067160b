// Package samplestest finds the public log records that tests read. They are other people's and not part of this
// repository.
package samplestest

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of the samples: REKEY_SAMPLES, or the one beside the checkout. Without it the test fails: a
// skip would go unnoticed.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("REKEY_SAMPLES")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "samples")
	}
	if _, err := os.Stat(filepath.Join(dir, "MANIFEST.tsv")); err != nil {
		t.Fatalf("the public log samples are missing: put the folder `shared` beside the checkout, or set REKEY_SAMPLES to its samples folder (%v)", err)
	}
	return dir
}

// root returns the checkout's folder: the nearest one above the test's that has a go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}
