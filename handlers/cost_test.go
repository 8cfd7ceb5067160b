package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"rekey/deploy/local/tenant"
)

// work is what the log says of one batch.
type work struct {
	Function   string `json:"function"`
	Records    int    `json:"records"`
	Principals int    `json:"principals"`
	Tables     int    `json:"calls_table"`
	Queues     int    `json:"calls_queue"`
	Blobs      int    `json:"calls_blob"`
	Duration   int    `json:"duration_ms"`
}

// The cost formula of docs/operations.md stands on what a batch costs in calls to storage, counted by the staged program on
// its way to Azurite: at most two reads and two writes of each principal, and a few of the batch's own.
func TestWhatABatchOfSignInsCostsInCallsToStorage(t *testing.T) {
	app, storage := detectApp(t)
	var log lines
	url, _ := startLogging(t, app, storage, &log)
	w, day := tenant.New(1), time.Now().UTC().Truncate(24*time.Hour)
	for d := 6; d > 1; d-- {
		deliver(t, url, signIns(w, day.AddDate(0, 0, -d)))
	}
	learned := len(log.works(t, 5))
	records := signIns(w, day.AddDate(0, 0, -1))
	const batches = 30
	for _, size := range []int{1, 10, 40} {
		if len(records) < size*batches {
			t.Fatalf("a day has %d records left", len(records))
		}
		for range batches {
			deliver(t, url, records[:size])
			records = records[size:]
		}
		all := log.works(t, learned+batches)
		sum, own := total(all[learned:]), 8*len(all[learned:])
		learned = len(all)
		n := float64(batches)
		t.Logf("%3d records a batch: %.1f principals, %.1f calls to tables, %.2f to queues, %.2f to blobs, %.0f ms; %.2f calls a record; %.0f bytes of log",
			size, float64(sum.Principals)/n, float64(sum.Tables)/n, float64(sum.Queues)/n, float64(sum.Blobs)/n, float64(sum.Duration)/n,
			float64(sum.Tables+sum.Queues+sum.Blobs)/float64(sum.Records), float64(len(log.bytes()))/float64(learned))
		if sum.Records != size*batches || sum.Tables > 4*sum.Principals+own {
			t.Errorf("batches of %d: %+v", size, sum)
		}
	}
}

// signIns are a day's, of the whole tenant.
func signIns(w *tenant.Tenant, day time.Time) (out [][]byte) {
	for _, r := range w.Day(day, tenant.Options{Scale: 1}) {
		if r.Hub == tenant.HubSignIns {
			out = append(out, r.Data)
		}
	}
	return out
}

// deliver hands records over as one message of one batch.
func deliver(t *testing.T, url string, records [][]byte) {
	t.Helper()
	var texts []string
	for _, m := range tenant.Envelope(records, 1<<20) {
		texts = append(texts, base64.StdEncoding.EncodeToString(m))
	}
	list, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"Data": map[string]any{"events": string(list)}, "Metadata": map[string]any{"PartitionContext": map[string]any{"EventHubName": "signins", "PartitionId": "0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/signins", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("a batch was refused: %d", r.StatusCode)
	}
}

func total(all []work) (sum work) {
	for _, w := range all {
		sum.Records, sum.Principals, sum.Tables, sum.Queues = sum.Records+w.Records, sum.Principals+w.Principals, sum.Tables+w.Tables, sum.Queues+w.Queues
		sum.Blobs, sum.Duration = sum.Blobs+w.Blobs, sum.Duration+w.Duration
	}
	return sum
}

// works waits until so many batches are in the log.
func (l *lines) works(t *testing.T, n int) []work {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if all := l.read(t); len(all) >= n {
			return all
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("the log has fewer than %d batches", n)
		case <-tick.C:
		}
	}
}

func (l *lines) read(t *testing.T) (out []work) {
	t.Helper()
	for s := bufio.NewScanner(bytes.NewReader(l.bytes())); s.Scan(); {
		var w work
		if err := json.Unmarshal(s.Bytes(), &w); err != nil {
			t.Fatal(fmt.Errorf("%w: %s", err, s.Bytes()))
		}
		if w.Function != "" {
			out = append(out, w)
		}
	}
	return out
}
