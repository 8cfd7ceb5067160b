package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/score"
)

// as is a sign-in of another principal, with an outcome.
func as(principal, record string, code int) string {
	record = strings.ReplaceAll(record, `"app1"`, `"app-`+principal+`"`)
	return strings.ReplaceAll(strings.ReplaceAll(record, `"sp1"`, `"`+principal+`"`), `"errorCode":0`, fmt.Sprint(`"errorCode":`, code))
}

func (w *world) ruled(t *testing.T, key, rule string) (detect.Detection, bool) {
	t.Helper()
	found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if d.Rule == rule {
			return d, true
		}
	}
	return detect.Detection{}, false
}

func TestFailedSignInsAreFoundAndASprayIsToldOfWithTheFirst(t *testing.T) {
	w := newWorld()
	tries := []string{"sp0", "sp1", "sp2", "sp3"}
	for _, p := range tries {
		var before []string
		for _, r := range history() {
			before = append(before, as(p, r, 0))
		}
		if err := w.send(t, before...); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range tries { // one after the other, as an address goes through a list
		at := now.Add(time.Duration(i-60) * time.Minute)
		for range 2 { // delivered twice
			if err := w.send(t, as(p, signIn("try-"+p, at, "203.0.113.66", "curl/8", 64511), 7000215)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string]score.Level{"sp0": "medium", "sp1": "medium", "sp2": "low", "sp3": "low"} // the second came before it was a list
	for _, p := range tries {
		d, ok := w.ruled(t, p, "credentialRefused")
		if !ok || d.Level != want[p] || len(d.Records) != 1 || d.Records[0].Succeeded {
			t.Errorf("%s: %+v, want %s", p, d, want[p])
		}
	}
	state, err := principals.Store{Table: w.state}.Load(t.Context(), "sp0")
	if err != nil || state.Profile.Before(baseline.DayOf(now)).ActiveDays() != 30 {
		t.Errorf("%d active days (%v): a failure teaches nothing", state.Profile.Before(baseline.DayOf(now)).ActiveDays(), err)
	}
}

func TestAUsersListingIsKeptUnderHisOwnKey(t *testing.T) {
	w := newWorld()
	const client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	for _, what := range []string{"users", "groups", "applications", "servicePrincipals"} {
		if err := w.send(t, fmt.Sprintf(`{"category":"MicrosoftGraphActivityLogs","time":%q,"tenantId":"t1","callerIpAddress":"203.0.113.66","properties":{"requestId":%q,
		 "timeGenerated":%q,"appId":%q,"userId":"u1","requestMethod":"GET","requestUri":"https://graph.microsoft.com/v1.0/%s","responseStatusCode":200}}`,
			now.Format(time.RFC3339), "list-"+what, now.Format(time.RFC3339), client, what)); err != nil {
			t.Fatal(err)
		}
	}
	d, ok := w.ruled(t, "user:u1", "userEnumeration")
	if !ok || d.Level != score.LevelLow || !d.Principal.IsUser() || len(d.Records) == 0 {
		t.Errorf("%+v", d)
	}
	if got := w.bell.Rung(); len(got) == 0 || got[0] != "user:u1" {
		t.Errorf("rung: %v", got)
	}
}
