package scan_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/handlers/scan"
	"rekey/shared/streams"
)

func TestAScanKnowsWhichLogsTheFilesHoldAndWhichFellSilent(t *testing.T) {
	var lines []string
	end := now.Add(-12 * time.Hour)
	for at := end.AddDate(0, 0, -20); !at.After(end); at = at.Add(30 * time.Minute) {
		lines = append(lines, fmt.Sprintf(`{"category":"MicrosoftGraphActivityLogs","time":%q,"properties":{"requestId":"g%d","servicePrincipalId":"sp1","requestMethod":"GET","requestUri":"https://graph.microsoft.com/v1.0/me","responseStatusCode":200}}`, at.Format(time.RFC3339), len(lines)))
		if end.Sub(at) > 10*time.Hour {
			lines = append(lines, fmt.Sprintf(`{"category":"AuditLogs","time":%q,"tenantId":"t1","properties":{"id":"a%d","activityDisplayName":"Update user","activityDateTime":%q,"result":"success"}}`, at.Format(time.RFC3339), len(lines), at.Format(time.RFC3339)))
		}
	}
	h, err := scan.HealthAt(t.Context(), now, []string{"--quiet", write(t, "logs.jsonl", strings.Join(lines, "\n"))}, scan.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	for category, want := range map[string]streams.State{streams.Graph: streams.Flowing, streams.Audit: streams.Silent, streams.SignIns: streams.NeverSeen} {
		if got := h.Of(category); got.State != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	if known, flowing := h.Flowing(streams.Audit, end.AddDate(0, 0, -3), end.AddDate(0, 0, -2)); !known || !flowing {
		t.Error("the log did not flow before it fell silent")
	}
}
