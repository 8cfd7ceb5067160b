package watch_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/watch"
)

// vaultRead is a read, or a try, of a secret on a day of November.
func vaultRead(day, hour, code int, vault, name string) *event.Event {
	at := time.Date(2026, 11, day, hour, 5, 0, 0, time.UTC)
	return &event.Event{
		Kind: event.KindVaultAccess, ID: fmt.Sprint(vault, name, at.Unix(), code), Time: at, Principal: event.Principal{ObjectID: "sp1"},
		Caller: netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: 64500, Country: "DE"},
		Vault: &event.VaultOperation{Operation: "SecretGet", Status: code, Vault: vault, Object: "secrets/" + name},
	}
}

// raid is a quiet fortnight and a day on which everything of a vault is read that had refused the day before.
func raid() []*event.Event {
	var out []*event.Event
	for day := 1; day <= 14; day++ {
		out = append(out, vaultRead(day, 6, 200, "own", "db"))
	}
	out = append(out, vaultRead(14, 20, 403, "payroll", "s0"))
	for i := range 12 {
		out = append(out, vaultRead(15, 3, 200, "payroll", fmt.Sprint("s", i)))
	}
	return out
}

func byRule(found []detect.Detection) map[string]detect.Detection {
	out := map[string]detect.Detection{}
	for _, d := range found {
		if d.Rule != "" {
			out[d.Rule] = d
		}
	}
	return out
}

func TestReadsOfALogAreFoundWithTheRecordsThatShowThem(t *testing.T) {
	_, found := scan(raid(), 1, func(int) int { return 0 })
	rules := byRule(found)
	for rule, level := range map[string]string{"vaultFirstUse": "medium", "secretMassRead": "medium", "vaultRefusedThenRead": "medium"} {
		d, ok := rules[rule]
		if !ok || string(d.Level) != level || d.Day != "2026-11-15" || d.Principal.ObjectID != "sp1" || len(d.Records) == 0 || d.Records[0].IPAddress != "192.0.2.7" {
			t.Errorf("%s: %+v", rule, d)
		}
	}
	if len(rules) != 3 {
		t.Errorf("%d rules found something, want 3: %v", len(rules), rules)
	}
}

func TestReadsInAnyOrderRepeatedAndSplitAreFoundTheSame(t *testing.T) {
	events := raid()
	one, want := scan(events, 1, func(int) int { return 0 })
	random := rand.New(rand.NewPCG(4, 2))
	mixed := append(append([]*event.Event{}, events...), events...)
	random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	other, got := scan(mixed, 3, func(int) int { return random.IntN(3) })
	if diff := cmp.Diff(states(t, one), states(t, other)); diff != "" {
		t.Errorf("states differ:\n%.2000s", diff)
	}
	if diff := cmp.Diff(byRule(want), byRule(got)); diff != "" {
		t.Errorf("detections differ:\n%.4000s", diff)
	}
}

func TestWhatEarlierRecordsShowedIsNotToldAgain(t *testing.T) {
	w := watch.New(config)
	events := raid()
	for _, e := range events {
		w.Learn(e)
	}
	last := events[len(events)-1]
	acts := watch.NewActs(5432, w.State("sp1"), config.Hasher)
	acts.Event(last)
	if got := acts.Detections(); len(got) != 0 {
		t.Errorf("on a day without reads: %+v", got)
	}
}
