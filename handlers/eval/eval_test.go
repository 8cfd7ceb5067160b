package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rekey/handlers/eval"
	"rekey/handlers/scan"
)

// run calls the command and returns what it printed.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, status bytes.Buffer
	if err := eval.Run(t.Context(), args, &out, &status); err != nil {
		t.Fatalf("%v\n%s", err, status.String())
	}
	return out.String()
}

// small is an evaluation of seconds. It says nothing about detection; it shows that everything is there.
func small(t *testing.T, more ...string) string {
	t.Helper()
	return run(t, append([]string{"--seeds", "1-2", "--principals", "100", "--days", "25", "--year", "5"}, more...)...)
}

func TestAnEvaluationTellsEverythingThatWasAskedFor(t *testing.T) {
	dir := t.TempDir()
	lines, plot := filepath.Join(dir, "eval.jsonl"), filepath.Join(dir, "recall.svg")
	table := small(t, "--json", lines, "--plot", plot)
	for _, want := range []string{
		"2 runs of 100 principals over 25 days", "Rekey", "new terms (Elastic)", "unfamiliar properties", "Freeman", "MIDAS-F", "surprise",
		"Rekey without user agent", "Rekey without key id", "Rekey without ASN", "Rekey low", "Rekey medium", "Rekey high", "Rekey minus",
		"migration", "wrong acts:", "per 1,000 principals a year",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q", want)
		}
	}
	data, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range bytes.Lines(data) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		names[row["detector"].(string)] = true
		if _, ok := row["recall@1"]; !ok && row["detector"] != "Rekey acting alone" {
			t.Errorf("%s has no recall@1", row["detector"])
		}
	}
	if len(names) != 12 {
		t.Errorf("%d detectors have a line: %v", len(names), names)
	}
	if svg, err := os.ReadFile(plot); err != nil || !bytes.Contains(svg, []byte("MIDAS-F")) {
		t.Errorf("the plot names no rival (%v)", err)
	}
}

func TestTheSameSeedsGiveTheSameFigures(t *testing.T) {
	took := regexp.MustCompile(`intrusions; .*`)
	args := []string{"--seeds", "3", "--principals", "100", "--days", "25", "--year", "0", "--ablation=false"}
	one, two := took.ReplaceAllString(run(t, args...), ""), took.ReplaceAllString(run(t, args...), "")
	if one != two {
		t.Errorf("two evaluations differ:\n%s\n%s", one, two)
	}
}

func TestOnesOwnLogsAreCountedByLevelAndDay(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "tenant.ndjson.gz")
	run(t, "--write", logs, "--seeds", "4", "--principals", "100", "--days", "25")
	networks := strings.TrimSuffix(logs, ".ndjson.gz") + ".networks.csv"
	table := run(t, "--benign", "--asn", networks, logs)
	for _, want := range []string{"over 25 days", "low", "medium", "high", "a day per 1,000 principals"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q:\n%s", want, table)
		}
	}
}

func TestWrongWordsAreRefusedWithWhatToDo(t *testing.T) {
	for want, args := range map[string][]string{
		"judging, tuning, a number, or a range": {"--seeds", "many"},
		"--principals must be at least 100":     {"--principals", "5"},
		"--benign needs the log files":          {"--benign"},
		"files go behind --benign":              {"logs.json"},
	} {
		var status bytes.Buffer
		err := eval.Run(context.Background(), args, &status, &status)
		exit, ok := errors.AsType[*scan.Exit](err)
		if !ok || exit.Code != scan.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
