package casefile_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

// reads is an index with one read of each secret at a time.
func reads(at time.Time, names ...string) *exposure.Index {
	x := new(exposure.Index)
	for _, name := range names {
		x.Observe(baseline.NewHasher([16]byte{1}), &event.Event{
			Kind: event.KindVaultAccess, Time: at, Principal: event.Principal{ObjectID: "sp1"}, Caller: netip.MustParseAddr("198.51.100.9"),
			Vault: &event.VaultOperation{Operation: "SecretGet", Status: 200, Vault: "payroll", Object: "secrets/" + name, Version: "0123456789abcdef0123456789abcdef"},
		})
	}
	return x
}

func secretsAnswer(c casefile.Case) string {
	for _, a := range c.Answers {
		if a.ID == "secretsRead" {
			return a.Value + ": " + a.Why
		}
	}
	return ""
}

func TestACaseListsWhatWasReadWithinItsWindow(t *testing.T) {
	f := facts(profile(time.Hour))
	f.Exposure = reads(attack, "db")
	f.Exposure.Merge(reads(attack.AddDate(0, 0, -9), "old"))
	c := casefile.Build(f, attack)
	hour := attack.Truncate(time.Hour)
	want := []casefile.Exposed{{
		Object: "payroll/secrets/db", Operations: "get", First: hour, Last: hour.Add(time.Hour), Network: "198.51.100.0/24", IPAddress: "198.51.100.9",
		Versions: []string{"0123456789abcdef0123456789abcdef"},
	}}
	if diff := cmp.Diff(want, c.Exposed); diff != "" || c.MoreExposed {
		t.Errorf("more: %v\n%s", c.MoreExposed, diff)
	}
	if got := secretsAnswer(c); got != "yes: payroll/secrets/db (get) from 198.51.100.0/24" {
		t.Error(got)
	}
}

func TestACaseSaysWhenThereIsMoreThanItLists(t *testing.T) {
	f := facts(profile(time.Hour))
	var names []string
	for i := range 70 {
		names = append(names, fmt.Sprint("s", i))
	}
	f.Exposure = reads(attack, names...)
	c := casefile.Build(f, attack)
	if len(c.Exposed) != 64 || !c.MoreExposed || !strings.HasSuffix(secretsAnswer(c), "and 63 more; older ones may be missing") {
		t.Errorf("%d listed, more: %v, %s", len(c.Exposed), c.MoreExposed, secretsAnswer(c))
	}
	f.Exposure = new(exposure.Index)
	if got := secretsAnswer(casefile.Build(f, attack)); !strings.HasPrefix(got, "unknown") {
		t.Errorf("nothing read: %s", got)
	}
}
