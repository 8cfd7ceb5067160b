package scan_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/handlers/principals"
	"rekey/handlers/scan"
	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

func teach(t *testing.T, live store.Table, tenant string, lines ...string) string {
	t.Helper()
	var out bytes.Buffer
	err := scan.TeachAt(t.Context(), now, []string{write(t, "logs", strings.Join(lines, "\n"))}, scan.Streams{Out: &out, Err: io.Discard}, tenant, principals.Store{Table: live})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// rows is all that a table holds of the workloads, without the versions of rows.
func rows(t *testing.T, live store.Table) map[string]string {
	t.Helper()
	out := map[string]string{}
	for p := range 5 {
		found, _, err := live.List(t.Context(), id(3, p), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			out[r.Partition+" "+r.Key] = string(r.Data)
		}
	}
	return out
}

func TestLearningTheSameFilesTwiceChangesNothing(t *testing.T) {
	live := &memory.Table{}
	if got := teach(t, live, tenantID, history()...); got != "learned: 5 states written, 0 already as they should be" {
		t.Error(got)
	}
	first := rows(t, live)
	if len(first) < 5 {
		t.Fatalf("%d rows", len(first))
	}
	if got := teach(t, live, tenantID, jumbled(history())...); got != "learned: 0 states written, 5 already as they should be" {
		t.Error(got)
	}
	if diff := cmp.Diff(first, rows(t, live)); diff != "" {
		t.Error(diff)
	}
}

func TestLearningInPartsIsLearningAtOnce(t *testing.T) {
	parts, once := &memory.Table{}, &memory.Table{}
	lines := history()
	teach(t, parts, tenantID, lines[200:]...)
	teach(t, parts, tenantID, lines[:200]...)
	teach(t, once, tenantID, lines...)
	if diff := cmp.Diff(rows(t, once), rows(t, parts)); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsOfAnotherTenantTeachNothing(t *testing.T) {
	live := &memory.Table{}
	teach(t, live, "11111111-0000-4000-8000-000000000000", history()...)
	if got := rows(t, live); len(got) > 0 {
		t.Errorf("%d rows were written", len(got))
	}
}

// down is a table that cannot be reached.
type down struct{ store.Table }

func (down) List(context.Context, string, string, int) ([]store.Row, string, error) {
	return nil, "", fault.Errorf(fault.Transient, "listing rows: connection refused")
}

func TestAStoreThatIsDownEndsLearningWithWhatToDo(t *testing.T) {
	err := scan.TeachAt(t.Context(), now, []string{write(t, "logs", strings.Join(history(), "\n"))}, scan.Streams{Out: io.Discard, Err: io.Discard}, tenantID, principals.Store{Table: down{&memory.Table{}}})
	if err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "0 of 5 states were written, run the command again") {
		t.Errorf("error %v", err)
	}
}

func TestLearnNeedsTheSettingsOfTheDetectApp(t *testing.T) {
	err := scan.Learn(t.Context(), []string{"x"}, scan.Streams{})
	if err == nil || !strings.Contains(err.Error(), "REKEY_HASH_KEY") {
		t.Errorf("error %v", err)
	}
}
