package evict_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage pile up: thousands of small tenants are made and thrown away, and little of that is alive at once.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
