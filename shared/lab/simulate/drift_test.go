package simulate_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/simulate"
)

// benign reads a small tenant in which nothing happens, without what came twice.
func benign(t *testing.T, o simulate.Options, each func(r *simulate.Run, d *lab.Delivery, e *event.Event)) {
	t.Helper()
	r, in, seen := simulate.New(o), reader{t: t}, map[string]bool{}
	for d := range r.Records() {
		if e := in.read(d.Record); !seen[e.ID] || d.Hub != "signins" {
			seen[e.ID] = true
			each(r, d, e)
		}
	}
}

func TestAKeyIsAnnouncedBeforeItIsUsed(t *testing.T) {
	announced, rotated := map[string]time.Time{}, 0
	benign(t, simulate.Options{Seed: 11, Principals: 60, Days: 9, WarmUp: 3}, func(r *simulate.Run, d *lab.Delivery, e *event.Event) {
		if e.Audit != nil && strings.HasSuffix(e.Audit.Activity, "ecrets management") {
			for p := range strings.SplitSeq(string(d.Record), "KeyIdentifier=") {
				if id := p[:36]; announced[id].IsZero() {
					announced[id] = e.Time
				}
			}
		}
		c := d.Truth.Change
		if e.Kind != event.KindSignIn || c == lab.None || r.Changes[c].Kind != simulate.KeyRotation || e.SignIn.CredentialKeyID == "" {
			return
		}
		rotated++
		if at, ok := announced[e.SignIn.CredentialKeyID]; !ok || at.After(e.Time) {
			t.Errorf("%s is used at %v and was announced at %v", e.SignIn.CredentialKeyID, e.Time, at)
		}
	})
	if rotated == 0 {
		t.Error("no sign-in shows a new key")
	}
}

func TestWeekendsAreQuieterForPeopleAndBuilds(t *testing.T) {
	days := map[string]map[bool]int{simulate.Pool: {}, simulate.Daemon: {}}
	benign(t, simulate.Options{Seed: 12, Principals: 60, Days: 7, WarmUp: 3}, func(r *simulate.Run, d *lab.Delivery, e *event.Event) {
		if p := d.Truth.Principal; e.Kind == event.KindSignIn && p != lab.None && days[r.Principals[p].Kind] != nil {
			w := e.Time.Weekday()
			days[r.Principals[p].Kind][w == time.Saturday || w == time.Sunday]++
		}
	})
	if pool := days[simulate.Pool]; pool[true]*10 > pool[false] {
		t.Errorf("builds: %v on weekends", pool)
	}
	if daemon := days[simulate.Daemon]; daemon[true]*6 < daemon[false] {
		t.Errorf("daemons: %v on weekends", daemon)
	}
}

func TestFewSignInsFailAndNoFailureShowsAKey(t *testing.T) {
	n, failed, codes := 0, 0, map[int]int{}
	benign(t, simulate.Options{Seed: 13, Principals: 150, Days: 2, WarmUp: 1}, func(_ *simulate.Run, d *lab.Delivery, e *event.Event) {
		if d.Hub != "signins" {
			return
		}
		n++
		if e.SignIn.Succeeded() {
			return
		}
		failed++
		codes[e.SignIn.ErrorCode]++
		if e.SignIn.CredentialKeyID != "" {
			t.Errorf("a failure shows key %s", e.SignIn.CredentialKeyID)
		}
	})
	if failed*1000 < n || failed*20 > n || codes[90033] == 0 {
		t.Errorf("%d of %d sign-ins fail: %v", failed, n, codes)
	}
}

func TestSomeRecordsHaveTheAmericanTimeFormat(t *testing.T) {
	n, american := 0, 0
	for d := range simulate.New(simulate.Options{Seed: 14, Principals: 300, Days: 1, WarmUp: 1}).Records() {
		if d.Hub != "signins" {
			continue
		}
		n++
		if bytes.HasPrefix(d.Record, []byte(`{"time":"3/2/2026 `)) {
			american++
		}
	}
	if american == 0 || american*5 > n {
		t.Errorf("%d of %d records", american, n)
	}
}

func TestATellingCanBeBrokenOffAndBegunAgain(t *testing.T) {
	r := simulate.New(simulate.Options{Seed: 15, Principals: 20, Days: 2, WarmUp: 1})
	var first [2]string
	for i := range first {
		for d := range r.Records() {
			first[i] = string(d.Record)
			break
		}
	}
	if first[0] == "" || first[0] != first[1] {
		t.Errorf("it begins with\n%s\nand then with\n%s", first[0], first[1])
	}
}

func TestTheAddressTableKnowsAllKindsOfNetworks(t *testing.T) {
	table := string(simulate.New(simulate.Options{Principals: 1, Days: 1}).NetworksCSV())
	for _, holder := range []string{"Meridian Cloud", "Nightjar VPN", "Contoso Group Networks", "Rheinnetz Telecom", "Kestrel Hosting"} {
		if !strings.Contains(table, holder) {
			t.Errorf("%s is missing", holder)
		}
	}
	if n := world().Len(); n < 100 {
		t.Errorf("the table has %d ranges", n)
	}
}

func TestNobodyIsUsedBeforeHeIsBorn(t *testing.T) {
	r := simulate.New(simulate.Options{Seed: 16, Principals: 1000})
	late := 0
	for _, p := range r.Principals {
		if p.Born.After(r.Start) {
			late++
		}
	}
	within(t, "born late", float64(late)/1000, .15, .04)
	for _, c := range r.Changes {
		if born := r.Principals[c.Principal].Born; c.Begin.Before(born) {
			t.Errorf("a %s of %v, before the principal is born on %v", c.Kind, c.Begin, born)
		}
	}
}
