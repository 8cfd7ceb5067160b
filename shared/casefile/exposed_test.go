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
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/score"
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
	f := from("198.51.100.9")
	f.Exposure = reads(attack, "db")
	f.Exposure.Merge(reads(attack.AddDate(0, 0, -9), "old"))
	c := casefile.Build(f, attack)
	hour := attack.Truncate(time.Hour)
	want := []casefile.Exposed{{
		Object: "payroll/secrets/db", Operations: "get", First: hour, Last: hour.Add(time.Hour), Network: "198.51.100.0/24", IPAddress: "198.51.100.9",
		Versions: []string{"0123456789abcdef0123456789abcdef"}, Suspect: true,
	}}
	if diff := cmp.Diff(want, c.Exposed); diff != "" || c.MoreExposed {
		t.Errorf("more: %v\n%s", c.MoreExposed, diff)
	}
	if got := secretsAnswer(c); got != "yes: payroll/secrets/db (get) from 198.51.100.9" {
		t.Error(got)
	}
}

func TestACaseSaysWhenThereIsMoreThanItLists(t *testing.T) {
	f := from("198.51.100.9")
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

// from is a case of sign-ins from an address that is new.
func from(address string) casefile.Facts {
	f := facts(profile(time.Hour))
	f.Detections[1].Records = []detect.Record{{ID: "r1", IPAddress: address}}
	return f
}

func TestWhatItReadIsToldFromWhatTheIntruderRead(t *testing.T) {
	system := facts(profile(time.Hour))
	system.Detections[1].Records = []detect.Record{{ID: "r1", ASN: 64999}}
	onHost := facts(profile(time.Hour))
	onHost.Detections[1].Contributions = []score.Contribution{{Name: "agentFamily", Value: "curl", Why: "new"}}
	changed := facts(profile(time.Hour))
	for i := range changed.Detections {
		changed.Detections[i].Rule, changed.Detections[i].Contributions, changed.Detections[i].Records = "redirectForeign", nil, nil
	}
	tests := map[string]struct {
		facts casefile.Facts
		want  string
		from  bool
	}{
		"from the intruder's address":                    {from("198.51.100.9"), "yes: payroll/secrets/db (get) from 198.51.100.9", true},
		"from the intruder's address, written otherwise": {from("::ffff:198.51.100.9"), "yes: payroll/secrets/db (get) from 198.51.100.9", true},
		"from the intruder's prefix":                     {from("198.51.100.77"), "yes: payroll/secrets/db (get) from 198.51.100.9", true},
		"from elsewhere":                                 {from("203.0.113.9"), "no: only from where it usually is: payroll/secrets/db (get) from 198.51.100.9", false},
		"from another system":                            {system, "no: only from where it usually is: payroll/secrets/db (get) from 198.51.100.9", false},
		"somebody is on its host":                        {onHost, "yes: payroll/secrets/db (get) from 198.51.100.9, where it usually is and somebody else seems to be", false},
		"it was only changed, and reads as always":       {changed, "no: only from where it usually is: payroll/secrets/db (get) from 198.51.100.9", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.facts.Exposure = reads(attack, "db")
			tt.facts.Flowing = func(string, time.Time, time.Time) (bool, bool) { return true, true }
			c := casefile.Build(tt.facts, attack)
			if got := secretsAnswer(c); got != tt.want || c.Exposed[0].Suspect != tt.from {
				t.Errorf("%s, suspect: %v", got, c.Exposed[0].Suspect)
			}
		})
	}
}
