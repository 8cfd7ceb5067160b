package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/fleets"
	"rekey/handlers/principals"
	"rekey/handlers/stream"
	"rekey/shared/baseline"
	"rekey/shared/deadletter"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// world is a stream handler over a store in memory.
type world struct {
	state, detections, index, fleets, letters *memory.Table
	blobs                                     *memory.Blobs
	bell                                      *memory.Bell
	stream                                    *stream.Stream
	sequence                                  int64
}

func newWorld(edits ...func(*stream.Config)) *world {
	w := &world{
		state: &memory.Table{}, detections: &memory.Table{}, index: &memory.Table{}, fleets: &memory.Table{}, letters: &memory.Table{},
		blobs: &memory.Blobs{}, bell: &memory.Bell{},
	}
	c := stream.Config{
		Principals: principals.Store{Table: w.state}, Findings: findings.Store{Table: w.detections, Index: w.index},
		Fleets: &fleets.Store{Table: w.fleets}, Dead: deadletter.Box{Rows: w.letters, Blobs: w.blobs}, Triage: w.bell,
		Enrich: func(*event.Event) {}, Hasher: baseline.NewHasher([16]byte{1}), Now: func() time.Time { return now },
	}
	for _, f := range edits {
		f(&c)
	}
	w.stream = stream.New(c)
	return w
}

func (w *world) send(t testing.TB, messages ...string) error {
	t.Helper()
	return w.stream.Handle(t.Context(), w.batch("0", messages...))
}

func (w *world) batch(partition string, messages ...string) funchost.Batch {
	b := funchost.Batch{Hub: "signins", Partition: partition}
	for _, m := range messages {
		w.sequence++
		b.Events = append(b.Events, funchost.Event{Body: []byte(m), Sequence: w.sequence})
	}
	return b
}

func signIn(id string, at time.Time, ip, agent string, asn int) string {
	return fmt.Sprintf(`{"category":"ServicePrincipalSignInLogs","time":%q,"tenantId":"t1","properties":{"id":%q,"createdDateTime":%q,"appId":"app1",
	 "servicePrincipalId":"sp1","servicePrincipalName":"billing","ipAddress":%q,"autonomousSystemNumber":%d,"userAgent":%q,"status":{"errorCode":0},
	 "clientCredentialType":"clientSecret","servicePrincipalCredentialKeyId":"k1","resourceId":"r1","resourceDisplayName":"Azure Storage"}}`,
		at.Format(time.RFC3339), id, at.Format(time.RFC3339), ip, asn, agent)
}

// history is a quiet month before the day of the test.
func history() []string {
	var out []string
	for d := 30; d > 0; d-- {
		for h := range 4 {
			at := now.AddDate(0, 0, -d).Add(time.Duration(h) * time.Hour)
			out = append(out, signIn(fmt.Sprint(d, "-", h), at, "192.0.2.7", "okhttp/4.8", 64500))
		}
	}
	return out
}

func intruder() string {
	return signIn("evil", now.Add(-time.Minute), "203.0.113.66", "python-requests/2.31", 64511)
}

func TestAnIntruderIsDetectedAfterAQuietMonthAndTriageIsRung(t *testing.T) {
	w := newWorld()
	if err := w.send(t, history()...); err != nil {
		t.Fatal(err)
	}
	if got := w.bell.Rung(); len(got) != 0 {
		t.Fatalf("a quiet month rang %v", got)
	}
	if err := w.send(t, intruder()); err != nil {
		t.Fatal(err)
	}
	found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), "sp1")
	if err != nil || len(found) != 1 || found[0].Level != score.LevelHigh {
		t.Fatalf("%+v (%v)", found, err)
	}
	if got := w.bell.Rung(); !slices.Equal(got, []string{"sp1"}) {
		t.Errorf("rung: %v", got)
	}
}

func TestDeliveredTwiceInAnyOrderAndPartitionTheEndIsTheSame(t *testing.T) {
	messages := append(history(), intruder())
	once, twice := newWorld(), newWorld()
	if err := once.send(t, messages...); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for i := len(messages) - 1; i >= 0; i-- {
			b := twice.batch(fmt.Sprint(i%7), messages[i])
			if err := twice.stream.Handle(t.Context(), b); err != nil {
				t.Fatal(round, err)
			}
		}
	}
	a, b := row(t, once.state, "sp1", "baseline"), row(t, twice.state, "sp1", "baseline")
	if !bytes.Equal(a, b) {
		t.Errorf("state differs:\n%x\n%x", a, b)
	}
}

func row(t *testing.T, table store.Table, partition, key string) []byte {
	t.Helper()
	r, err := table.Get(t.Context(), partition, key)
	if err != nil {
		t.Fatal(err)
	}
	return r.Data
}

func TestPoisonIsParkedByteForByteAndStopsNothing(t *testing.T) {
	tests := map[string]string{
		"truncated JSON":  `{"records":[{"category":"ServicePrincipalSignInLogs","time":"2026`,
		"not JSON":        "hello\x00\xff",
		"invalid UTF-8":   strings.Replace(signIn("x", now, "192.0.2.1", "a", 1), `"sp1"`, "\"\xff\xfe\"", 1),
		"wrong types":     strings.Replace(signIn("x", now, "192.0.2.1", "a", 1), `"sp1"`, `{"a":1}`, 1),
		"from the future": signIn("x", now.AddDate(0, 0, 9), "192.0.2.1", "a", 1),
	}
	for name, poison := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if err := w.send(t, poison, signIn("good", now, "192.0.2.1", "a", 1)); err != nil {
				t.Fatal(err)
			}
			box := deadletter.Box{Rows: w.letters, Blobs: w.blobs}
			letters, _, err := box.List(t.Context(), "signins", "", 10)
			if err != nil || len(letters) != 1 || letters[0].Reason == "" {
				t.Fatalf("%+v (%v)", letters, err)
			}
			if body, err := box.Body(t.Context(), letters[0]); err != nil || string(body) != poison {
				t.Errorf("parked %q (%v)", body, err)
			}
			row(t, w.state, "sp1", "baseline")
		})
	}
	w := newWorld()
	if err := w.send(t, "", "[]", `{"records":[]}`); err != nil {
		t.Errorf("empty messages: %v", err)
	}
	if err := w.send(t); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
}

func TestAMessageThatPanicsIsParkedAloneAndTheOthersAreHandled(t *testing.T) {
	w := newWorld(func(c *stream.Config) {
		c.Enrich = func(e *event.Event) {
			if e.ID == "bomb" {
				panic("boom")
			}
		}
	})
	bomb := signIn("bomb", now, "192.0.2.1", "a", 1)
	if err := w.send(t, signIn("a", now, "192.0.2.1", "a", 1), bomb, strings.Replace(signIn("b", now, "192.0.2.1", "a", 1), "sp1", "sp2", 1)); err != nil {
		t.Fatal(err)
	}
	row(t, w.state, "sp1", "baseline")
	row(t, w.state, "sp2", "baseline")
	letters, _, err := deadletter.Box{Rows: w.letters, Blobs: w.blobs}.List(t.Context(), "signins", "", 10)
	if err != nil || len(letters) != 1 || letters[0].Sequence != 2 || strings.Contains(letters[0].Reason, "goroutine") {
		t.Errorf("%+v (%v)", letters, err)
	}
}

// failing is a table that fails the first n writes.
type failing struct {
	store.Table
	left atomic.Int64
}

func (f *failing) Put(ctx context.Context, row store.Row) (string, error) {
	if f.left.Add(-1) >= 0 {
		return "", fault.Errorf(fault.Transient, "writing: the table is down")
	}
	return f.Table.Put(ctx, row)
}

func TestADependencyThatIsDownFailsTheBatchAndTheRetryEndsTheSame(t *testing.T) {
	for failures := range 4 {
		f := &failing{Table: &memory.Table{}}
		w := newWorld(func(c *stream.Config) { c.Findings.Table = f })
		if err := w.send(t, history()...); err != nil {
			t.Fatal(err)
		}
		f.left.Store(int64(failures))
		b := w.batch("0", intruder())
		for range failures {
			if err := w.stream.Handle(t.Context(), b); !errors.Is(err, fault.Transient) {
				t.Fatalf("with the table down: %v", err)
			}
		}
		if err := w.stream.Handle(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if got := w.bell.Rung(); !slices.Equal(got, []string{"sp1"}) {
			t.Errorf("after %d failures: rung %v", failures, got)
		}
	}
}

func TestWhatOtherLogsSayIsNotedOnThePrincipal(t *testing.T) {
	w := newWorld()
	vault := fmt.Sprintf(`{"time":%q,"category":"AuditEvent","operationName":"SecretGet","identity":{"claim":{"oid":"sp1","appid":"app1"}},"properties":{"id":"https://kv1.vault.azure.net/secrets/db","httpStatusCode":200},"resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV1"}`, now.Format(time.RFC3339))
	user := fmt.Sprintf(`{"time":%q,"category":"NonInteractiveUserSignInLogs","properties":{"id":"u","appId":"app1","userId":"u1","status":{"errorCode":0}}}`, now.Format(time.RFC3339))
	if err := w.send(t, vault, user, user); err != nil {
		t.Fatal(err)
	}
	s, err := principals.Store{Table: w.state}.Load(t.Context(), "sp1")
	if err != nil || len(s.Evidence.Notes()) != 1 || s.Evidence.Notes()[0].What != "read kv1/secrets/db" {
		t.Errorf("%+v (%v)", s.Evidence.Notes(), err)
	}
	app, err := principals.Store{Table: w.state}.Load(t.Context(), "app:app1")
	if err != nil || app.Users.Busiest(baseline.DayOf(now)) < .5 || app.Users.Busiest(baseline.DayOf(now)) > 1.5 {
		t.Errorf("%f users (%v)", app.Users.Busiest(baseline.DayOf(now)), err)
	}
}

// ofPrincipal is a sign-in of another principal than the usual one.
func ofPrincipal(principal, message string) string {
	return strings.NewReplacer(`"sp1"`, `"`+principal+`"`, `"app1"`, `"app-`+principal+`"`).Replace(message)
}

func (w *world) found(t *testing.T, principal string) []detect.Detection {
	t.Helper()
	ds, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), principal)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func contributions(ds []detect.Detection) (names []string) {
	for _, d := range ds {
		for _, c := range d.Contributions {
			names = append(names, c.Name)
		}
	}
	return names
}

func TestTheSecondPrincipalThatIsNewFromAnAddressRaisesTheFirst(t *testing.T) {
	w := newWorld()
	var past []string
	for _, m := range history() {
		past = append(past, m, ofPrincipal("sp2", strings.Replace(m, `"id":"`, `"id":"two-`, 1)))
	}
	if err := w.send(t, past...); err != nil {
		t.Fatal(err)
	}
	if err := w.send(t, intruder()); err != nil {
		t.Fatal(err)
	}
	if names := contributions(w.found(t, "sp1")); slices.Contains(names, "sharedAddress") {
		t.Fatalf("a lone stranger shares his address: %v", names)
	}
	if err := w.send(t, ofPrincipal("sp2", strings.Replace(intruder(), `"evil"`, `"evil-too"`, 1))); err != nil {
		t.Fatal(err)
	}
	for _, principal := range []string{"sp1", "sp2"} {
		if names := contributions(w.found(t, principal)); !slices.Contains(names, "sharedAddress") {
			t.Errorf("the detection of %s does not know of the other: %v", principal, names)
		}
	}
	if rung := w.bell.Rung(); !slices.Equal(rung, []string{"sp1", "sp1", "sp2"}) {
		t.Errorf("rung: %v, want sp1 again when it is raised", rung)
	}
}

func TestATokenUsedWhereNobodySignedInIsDetected(t *testing.T) {
	call := func(id string, at time.Time, ip, token string, asn int) string {
		return fmt.Sprintf(`{"category":"MicrosoftGraphActivityLogs","time":%q,"tenantId":"t1","resultSignature":"200","properties":{"requestId":%q,"timeGenerated":%q,
		 "appId":"app1","servicePrincipalId":"sp1","ipAddress":%q,"requestMethod":"GET","requestUri":"https://graph.microsoft.com/v1.0/users",
		 "responseStatusCode":200,"signInActivityId":%q,"autonomousSystemNumber":%d}}`, at.Format(time.RFC3339), id, at.Format(time.RFC3339), ip, token, asn)
	}
	w := newWorld()
	past := history()
	for d := 30; d > 0; d-- {
		past = append(past, call(fmt.Sprint("call", d), now.AddDate(0, 0, -d).Add(time.Minute), "192.0.2.7", fmt.Sprint("t", d), 64500))
	}
	if err := w.send(t, past...); err != nil {
		t.Fatal(err)
	}
	issued := strings.Replace(signIn("today", now.Add(-time.Hour), "192.0.2.7", "okhttp/4.8", 64500), `"userAgent"`, `"uniqueTokenIdentifier":"URB3vEvKUUuClWlFhN4gAA","userAgent"`, 1)
	if err := w.send(t, issued, call("usual", now.Add(-50*time.Minute), "192.0.2.7", "URB3vEvKUUuClWlFhN4gAA", 64500)); err != nil {
		t.Fatal(err)
	}
	if found := w.found(t, "sp1"); len(found) != 0 {
		t.Fatalf("an ordinary call was detected: %+v", found)
	}
	if err := w.send(t, call("evil", now.Add(-time.Minute), "203.0.113.66", "URB3vEvKUUuClWlFhN4gAA", 64511)); err != nil {
		t.Fatal(err)
	}
	found := w.found(t, "sp1")
	if len(found) != 1 || found[0].Type != detect.TypeAnomalousActivity || !slices.Contains(contributions(found), "tokenElsewhere") {
		t.Fatalf("%+v", found)
	}
	for _, c := range found[0].Contributions {
		if c.Name == "tokenElsewhere" && !strings.Contains(c.Why, "issued to 192.0.2.7") {
			t.Errorf("it does not say where the token was issued: %s", c.Why)
		}
	}
}
