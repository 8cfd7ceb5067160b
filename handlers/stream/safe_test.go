package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/stream"
	"rekey/shared/detect"
	"rekey/shared/score"
	"rekey/shared/verdict"
)

func TestConfirmedSafeByAPersonMakesWhatWasSeenThePrincipalsOwn(t *testing.T) {
	stranger := func(at time.Time, asn int, ip, agent, resource string) string {
		return fmt.Sprintf(`{"category":"ServicePrincipalSignInLogs","time":%q,"tenantId":"t1","properties":{"id":%q,"createdDateTime":%q,"appId":"app1",
		 "servicePrincipalId":"sp1","servicePrincipalName":"billing","ipAddress":%q,"autonomousSystemNumber":%d,"userAgent":%q,"status":{"errorCode":0},
		 "clientCredentialType":"clientAssertion","servicePrincipalCredentialKeyId":"k9","resourceId":%q,"resourceDisplayName":%q}}`,
			at.Format(time.RFC3339), at, at.Format(time.RFC3339), ip, asn, agent, resource, resource)
	}
	elsewhere := func(at time.Time, resource string) string {
		return stranger(at, 64511, "203.0.113.66", "python-requests/2.31", resource)
	}
	next := now.Add(-time.Minute).AddDate(0, 0, 1)
	all := []string{"agentFamily", "asn", "credentialType", "hourBlock", "knownNetworkActive"}
	for name, tt := range map[string]struct {
		kind   verdict.Kind
		person bool
		record string
		after  time.Duration // from the verdict
		want   []string      // properties that the next day's detection tells of, by name
	}{
		"the same again":             {verdict.ConfirmSafe, true, elsewhere(next, "r1"), 24 * time.Hour, nil},
		"another resource from it":   {verdict.ConfirmSafe, true, elsewhere(next, "r9"), 24 * time.Hour, []string{"resource"}},
		"another network and client": {verdict.ConfirmSafe, true, stranger(next, 64999, "198.51.100.9", "curl/8.5", "r1"), 24 * time.Hour, []string{"agentFamily", "asn", "knownNetworkActive"}},
		"an application said so":     {verdict.ConfirmSafe, false, elsewhere(next, "r1"), 24 * time.Hour, all},
		"it was only dismissed":      {verdict.Dismiss, true, elsewhere(next, "r1"), 24 * time.Hour, all},
		"it was said months before":  {verdict.ConfirmSafe, true, elsewhere(next, "r1"), 61 * 24 * time.Hour, all},
	} {
		t.Run(name, func(t *testing.T) {
			clock := now
			w := newWorld(func(c *stream.Config) { c.Now = func() time.Time { return clock } })
			home := signIn("home", next, "192.0.2.7", "okhttp/4.8", 64500) // the known network goes on
			if err := w.send(t, append(history(), elsewhere(now.Add(-time.Minute), "r1"))...); err != nil {
				t.Fatal(err)
			}
			store := findings.Store{Table: w.detections, Index: w.index}
			v, err := verdict.New(tt.kind, "sp1", "user u1 through c1", "r", now.Add(time.Minute))
			v.Person = tt.person
			if err == nil {
				_, err = store.Judge(t.Context(), "sp1", v.Judge)
			}
			if err != nil {
				t.Fatal(err)
			}
			clock = now.Add(tt.after)
			if err := w.send(t, home, tt.record); err != nil {
				t.Fatal(err)
			}
			if got := shown(w.found(t, "sp1"), next); !slices.Equal(got, tt.want) {
				t.Errorf("told of %v, want %v", got, tt.want)
			}
		})
	}
}

// shown returns the names of what a day's detections tell of.
func shown(ds []detect.Detection, day time.Time) (out []string) {
	for _, d := range ds {
		if d.Day != day.Format(time.DateOnly) {
			continue
		}
		for _, c := range d.Contributions {
			out = append(out, c.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestALaterWordTakesBackWhatWasSaidToBeSafe(t *testing.T) {
	d := detect.Detection{Level: score.LevelHigh, Source: detect.SourceRekey, Detected: now, Records: []detect.Record{{ASN: 64511, IPAddress: "203.0.113.66"}}}
	say := func(kind verdict.Kind, at time.Time) {
		v, err := verdict.New(kind, "sp1", "user u1 through c1", "r", at)
		v.Person = true
		if err != nil {
			t.Fatal(err)
		}
		d, _ = v.Judge(d)
	}
	say(verdict.ConfirmSafe, now)
	if own := detect.Vouched([]detect.Detection{d}, now); len(own) != 3 {
		t.Errorf("%v", own)
	}
	say(verdict.ConfirmCompromised, now.Add(time.Hour))
	if own := detect.Vouched([]detect.Detection{d}, now); len(own) != 0 {
		t.Errorf("%v", own)
	}
}

func TestConfirmedSafeAfterFailedSignInsVouchesForNobodyWhoFailed(t *testing.T) {
	clock := now
	w := newWorld(func(c *stream.Config) { c.Now = func() time.Time { return clock } })
	messages := history()
	for i := range 30 {
		failed := signIn(fmt.Sprint("wrong-", i), now.Add(time.Duration(i-40)*time.Minute), "203.0.113.66", "python-requests/2.31", 64511)
		messages = append(messages, strings.Replace(failed, `"errorCode":0`, `"errorCode":7000215`, 1))
	}
	if err := w.send(t, messages...); err != nil {
		t.Fatal(err)
	}
	if got := w.found(t, "sp1"); len(got) == 0 {
		t.Fatal("thirty wrong secrets are no detection")
	}
	v, err := verdict.New(verdict.ConfirmSafe, "sp1", "user u1 through c1", "r", now.Add(time.Minute))
	v.Person = true
	if err == nil {
		_, err = findings.Store{Table: w.detections, Index: w.index}.Judge(t.Context(), "sp1", v.Judge)
	}
	if err != nil {
		t.Fatal(err)
	}
	clock = now.Add(24 * time.Hour)
	if err := w.send(t, signIn("in", clock.Add(-time.Hour), "203.0.113.66", "python-requests/2.31", 64511)); err != nil {
		t.Fatal(err)
	}
	if got := shown(w.found(t, "sp1"), clock); !slices.Contains(got, "asn") || !slices.Contains(got, "failuresBefore") {
		t.Errorf("who failed yesterday and gets in today is told of by %v", got)
	}
}
