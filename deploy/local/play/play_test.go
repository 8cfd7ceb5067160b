package play_test

import (
	"bytes"
	"context"
	"encoding"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/deploy/local/tenant"
	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/deadletter"
	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/host/config"
	"rekey/shared/network"
	"rekey/shared/store"
	"rekey/shared/watch"
)

// root is the repository with the staged apps and programs that `make stage` leaves.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dist/detect/rekey", "dist/respond/rekey", "bin/rekey-local"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Fatalf("%s is missing: run `make stage node_modules` (%v)", name, err)
		}
	}
	return dir
}

// theatre is a stack with a play on it.
type theatre struct {
	stack  *stack.Stack
	play   *play.Play
	tenant *tenant.Tenant
	story  bytes.Buffer
	sent   []tenant.Record
}

func open(t *testing.T, c play.Config, edit func(*stack.Config)) *theatre {
	t.Helper()
	repo, dir := root(t), t.TempDir()
	th := &theatre{tenant: tenant.New(7)}
	networks := filepath.Join(dir, "networks.csv")
	if err := os.WriteFile(networks, th.tenant.NetworksCSV(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.OnSent = func(r tenant.Record) { th.sent = append(th.sent, r) }
	th.play = play.New(th.tenant, &th.story, c)
	sc := stack.Config{
		Dir: dir, Dist: filepath.Join(repo, "dist"), Program: filepath.Join(repo, "bin", "rekey-local"), TenantID: th.tenant.ID, OnSignIn: th.play.OnSignIn,
		Detect:  map[string]string{"REKEY_NETWORK_TABLE": networks},
		Respond: map[string]string{"REKEY_MODE": "evict", "REKEY_ROTATE_MODE": "tier1", "REKEY_ACTS_PER_HOUR": "1", "REKEY_SWEEP_SCHEDULE": "*/2 * * * * *", "REKEY_SWEEP_QUIET": "3s"},
	}
	edit(&sc)
	s, err := stack.Start(t.Context(), sc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(th.story.String())
		}
	})
	th.stack = s
	th.play.Use(s)
	return th
}

// killer kills a random part of the stack at random moments and starts it again, until it is told to stop.
func (th *theatre) killer(t *testing.T, kills *int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if pause(ctx, time.Duration(100+rand.IntN(900))*time.Millisecond) != nil {
				break
			}
			if err := th.kill(rand.IntN(5)); err != nil {
				t.Error(err)
			}
			*kills++
		}
	})
	return func() {
		cancel()
		wg.Wait()
		if err := th.stack.Revive(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// kill kills one part and starts again what is down.
func (th *theatre) kill(part int) error {
	ctx := context.Background()
	switch part {
	case 0:
		th.stack.Azurite.Kill()
		if err := th.stack.Azurite.Restart(ctx); err != nil {
			return err
		}
	case 1:
		th.stack.KillHost("detect")
	case 2:
		th.stack.KillHost("respond")
	case 3:
		return errors.Join(th.stack.Revive(ctx), th.stack.KillHandler("detect"))
	case 4:
		return errors.Join(th.stack.Revive(ctx), th.stack.KillHandler("respond"))
	}
	return th.stack.Revive(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// The handlers of detect and respond, their hosts and Azurite are killed (SIGKILL) at random moments while days are
// learned and while an attack is detected and evicted. Nothing is lost: the profiles are those of the records, and the
// end of the eviction is the same.
func TestKillingAnyPartAtAnyMomentLosesNothing(t *testing.T) {
	th := open(t, play.Config{Days: 10, Scale: .1}, func(c *stack.Config) { c.Durable = true })
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	kills := 0
	stop := th.killer(t, &kills)
	_, err := th.play.Learn(ctx)
	stop()
	if err != nil {
		t.Fatal(err)
	}
	th.compare(t)
	learned := kills
	stop = th.killer(t, &kills)
	timer := time.AfterFunc(20*time.Second, func() { stop() }) // then the end must come
	result, err := th.play.Attack(ctx)
	if timer.Stop() {
		stop()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills while learning, %d while evicting: %s", learned, kills-learned, result.Line())
	if !result.OK() || result.FalseAlerts != 0 {
		t.Errorf("the end is %s", result.Line())
	}
	if learned == 0 || kills == learned {
		t.Errorf("%d kills while learning and %d while evicting prove nothing", learned, kills-learned)
	}
}

// learner learns records in memory, as the handler does.
type learner struct{ *watch.Watch }

// Event implements entralog.Sink.
func (l learner) Event(e *event.Event) { l.Learn(e) }

// Skip implements entralog.Sink.
func (learner) Skip(string) {}

// Reject implements entralog.Sink.
func (learner) Reject(int, []byte, error) {}

// compare checks that the stored profiles are exactly those of the records that were sent.
func (th *theatre) compare(t *testing.T) {
	t.Helper()
	text, err := th.stack.HashKey()
	if err != nil {
		t.Fatal(err)
	}
	var key config.Key
	if err := key.Decode(text); err != nil {
		t.Fatal(err)
	}
	table, err := network.Load(bytes.NewReader(th.tenant.NetworksCSV()))
	if err != nil {
		t.Fatal(err)
	}
	l := learner{watch.New(watch.Config{Hasher: baseline.NewHasher(key), Enrich: func(e *event.Event) { network.Enrich(e, table, nil) }})}
	var d entralog.Decoder
	for _, r := range th.sent {
		if err := d.Decode(r.Data, l); err != nil {
			t.Fatal(err)
		}
	}
	st := principals.Store{Table: th.stack.State.Table(store.TablePrincipals)}
	for id, want := range l.States() {
		got, err := st.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for name, part := range map[string][2]encoding.BinaryAppender{
			"profile": {&want.Profile, &got.Profile}, "evidence": {&want.Evidence, &got.Evidence}, "users": {&want.Users, &got.Users},
		} {
			sent, _ := part[0].AppendBinary(nil)
			kept, _ := part[1].AppendBinary(nil)
			if !bytes.Equal(sent, kept) {
				t.Errorf("the %s of %s differs from the records that were sent", name, id)
			}
		}
	}
	if l.Principals() < 30 {
		t.Errorf("only %d principals were learned", l.Principals())
	}
}

// Poison of every kind goes through the hub; what is good beside it is learned, and every bad byte is parked, listed
// and replayed.
func TestPoisonThroughTheHubIsParkedByteForByteListedAndReplayed(t *testing.T) {
	th := open(t, play.Config{}, func(*stack.Config) {})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	poison := map[string][]byte{
		"truncated":     []byte(`{"records":[{"category":"ServicePrincipalSignInLogs","time":"2026-01-0`),
		"wrong types":   []byte(`{"category":"ServicePrincipalSignInLogs","time":"2026-01-02T03:04:05Z","properties":{"id":7,"servicePrincipalId":[]}}`),
		"invalid UTF-8": []byte("\xff\xfe\x00binary"),
		"almost 1 MiB":  append([]byte(`{"records":["`), bytes.Repeat([]byte("x"), 1000<<10)...),
	}
	good := th.tenant.Between(time.Now().Add(-3*time.Hour), time.Now(), tenant.Options{})
	for _, body := range poison {
		if err := th.stack.Send(ctx, "signins", "1", body); err != nil {
			t.Fatal(err)
		}
	}
	var data [][]byte
	for _, r := range good {
		if r.Hub == "signins" {
			data = append(data, r.Data)
		}
	}
	if err := th.stack.Send(ctx, "signins", "1", tenant.Envelope(data, 300<<10)...); err != nil {
		t.Fatal(err)
	}
	if err := th.stack.Send(ctx, "signins", "1", []byte{}); err != nil {
		t.Fatal(err)
	}
	if err := th.stack.Consumed(ctx, "signins"); err != nil {
		t.Fatal(err)
	}
	box := th.stack.State.DeadLetters()
	if parked := letters(t, box, deadletter.Parked); len(parked) != len(poison) {
		t.Fatalf("%d letters are parked, want %d: %+v", len(parked), len(poison), parked)
	} else {
		for _, l := range parked {
			body, err := box.Body(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, want := range poison {
				found = found || bytes.Equal(body, want)
			}
			if !found || l.Reason == "" {
				t.Errorf("letter %+v holds %d bytes that nobody sent", l, len(body))
			}
		}
	}
	rows := 0
	if err := th.stack.State.Table(store.TablePrincipals).Scan(ctx, func(store.Row) bool { rows++; return true }); err != nil || rows < 10 {
		t.Errorf("%d rows of state: the good records beside the poison were not learned (%v)", rows, err)
	}
	if out := th.rekey(t, "dead-letters", "list", "signins"); strings.Count(out, "parked") < len(poison) {
		t.Errorf("the list is\n%s", out)
	}
	if out := th.rekey(t, "dead-letters", "replay", "signins"); !strings.Contains(out, "4 messages were sent") {
		t.Errorf("the replay says %s", out)
	}
	if err := th.stack.Consumed(ctx, "signins"); err != nil {
		t.Fatal(err)
	}
	if again := letters(t, box, deadletter.Parked); len(again) != len(poison) {
		t.Errorf("after the replay %d letters are parked, want the %d again", len(again), len(poison))
	}
	if done := letters(t, box, deadletter.Replayed); len(done) != len(poison) {
		t.Errorf("%d letters are marked as replayed", len(done))
	}
}

func letters(t *testing.T, box deadletter.Box, status string) []deadletter.Letter {
	t.Helper()
	all, _, err := box.List(t.Context(), "signins", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []deadletter.Letter
	for _, l := range all {
		if l.Status == status {
			out = append(out, l)
		}
	}
	return out
}

// rekey runs the operators' tool against the stack.
func (th *theatre) rekey(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root(t), "bin", "rekey"), args...)
	cmd.Env = append(os.Environ(), "REKEY_STATE_CONNECTION_STRING="+th.stack.Azurite.ConnectionString(), "REKEY_EVENTHUB="+th.stack.HubConnectionString())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("rekey %v: %v: %s", args, err, out)
	}
	return string(out)
}

func TestTheDefaultModeOnlyPlans(t *testing.T) {
	th := open(t, play.Config{Days: 5, Scale: .1}, func(c *stack.Config) { delete(c.Respond, "REKEY_MODE") })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := th.play.Learn(ctx); err != nil {
		t.Fatal(err)
	}
	result, err := th.play.Attack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Detected || result.Evicted || !result.Untouched {
		t.Errorf("%s", result.Line())
	}
	for _, c := range th.stack.Cloud.Directory.Changes() {
		if c.Actor != "intruder" {
			t.Errorf("in mode plan %s changed %s: %s", c.Actor, c.Object, c.What)
		}
	}
}
