package tenant_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/local/tenant"
	"rekey/shared/entralog"
	"rekey/shared/event"
)

var day = time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)

// sink keeps the events of messages and refuses everything else.
type sink struct {
	t      testing.TB
	events []event.Event
}

func (s *sink) Event(e *event.Event) { s.events = append(s.events, *e) }
func (s *sink) Skip(category string) { s.t.Errorf("a record of category %q is of no use", category) }
func (s *sink) Reject(_ int, raw []byte, err error) {
	s.t.Errorf("a record is damaged: %v\n%s", err, raw)
}

// decode reads records the way the product does.
func decode(t testing.TB, records ...tenant.Record) []event.Event {
	t.Helper()
	s := &sink{t: t}
	for _, message := range tenant.Envelope(bytesOf(records), 1<<20) {
		if err := new(entralog.Decoder).Decode(message, s); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.events) != len(records) {
		t.Fatalf("%d events of %d records", len(s.events), len(records))
	}
	return s.events
}

func bytesOf(records []tenant.Record) [][]byte {
	out := make([][]byte, len(records))
	for i, r := range records {
		out[i] = r.Data
	}
	return out
}

func attackRecords(world *tenant.Tenant, now time.Time) []tenant.Record {
	var out []tenant.Record
	for _, s := range world.Attack(now) {
		out = append(out, s.Record)
	}
	return out
}

func TestTheSameDayGivesTheSameBytes(t *testing.T) {
	a, b := tenant.New(1).Day(day, tenant.Options{}), tenant.New(1).Day(day.Add(5*time.Hour), tenant.Options{})
	same(t, a, b)
	c := tenant.New(1).Day(day, tenant.Options{Seed: 1})
	if bytes.Equal(bytes.Join(bytesOf(a), nil), bytes.Join(bytesOf(c), nil)) {
		t.Error("another seed gives the same day")
	}
}

func TestEveryRecordIsUnderstoodAndHappenedWhenItSays(t *testing.T) {
	world := tenant.New(1)
	records := append(world.Day(day, tenant.Options{Drift: true}), attackRecords(world, day.Add(time.Hour))...)
	kinds := map[string]event.Kind{
		"ServicePrincipalSignInLogs": event.KindSignIn, "ManagedIdentitySignInLogs": event.KindManagedIdentitySignIn,
		"NonInteractiveUserSignInLogs": event.KindUserSignIn, "AuditLogs": event.KindAudit, "AuditEvent": event.KindVaultAccess,
		"MicrosoftGraphActivityLogs": event.KindGraphActivity, "Administrative": event.KindAzureActivity, "RiskyServicePrincipals": event.KindRisk,
	}
	seen := map[string]bool{}
	for i, e := range decode(t, records...) {
		r := records[i]
		if e.Kind != kinds[r.Category] || e.ID == "" || !e.Time.Equal(r.Time) || seen[e.ID] && e.Kind != event.KindRisk {
			t.Errorf("%s of %s became %s %q of %s", r.Category, r.Time, e.Kind, e.ID, e.Time)
		}
		if e.Tenant != world.ID && e.Kind != event.KindVaultAccess {
			t.Errorf("%s is of tenant %q", r.Category, e.Tenant)
		}
		seen[e.ID] = true
	}
	for category := range kinds {
		if tenant.Count(records)[category] == 0 {
			t.Errorf("no %s", category)
		}
	}
}

func TestADayHasTheExpectedVolume(t *testing.T) {
	world := tenant.New(1)
	for _, test := range []struct {
		scale    float64
		from, to int // sign-ins of one principal
	}{{0, 22, 68}, {1, 22, 68}, {2, 44, 136}, {.01, 8, 9}} {
		perPrincipal := map[string]int{}
		for _, e := range decode(t, world.Day(day, tenant.Options{Scale: test.scale})...) {
			if e.Kind == event.KindSignIn || e.Kind == event.KindManagedIdentitySignIn {
				perPrincipal[e.Principal.ObjectID]++
			}
		}
		for _, p := range world.Principals {
			n := perPrincipal[p.ObjectID]
			if silent := len(p.Resources) == 0; silent != (n == 0) || !silent && (n < test.from || n > test.to) {
				t.Errorf("at scale %v, %s signs in %d times", test.scale, p.Name, n)
			}
		}
	}
}

func TestFailuresAreRareAndEverydayRecordsOfOldShapeAreThere(t *testing.T) {
	failed, old, total := 0, 0, 0
	for _, e := range decode(t, tenant.New(1).Day(day, tenant.Options{Scale: 4})...) {
		if e.Kind != event.KindSignIn {
			continue
		}
		total++
		if !e.SignIn.Succeeded() {
			failed++
		} else if e.SignIn.UserAgent == "" {
			old++
		}
	}
	if failed == 0 || failed > total/50 || old == 0 || old > total/5 {
		t.Errorf("of %d sign-ins %d failed and %d are of the old shape", total, failed, old)
	}
}

func TestDaysCutInPiecesAreWhole(t *testing.T) {
	world := tenant.New(1)
	whole := slices.Concat(world.Day(day, tenant.Options{}), world.Day(day.AddDate(0, 0, 1), tenant.Options{}))
	var pieces []tenant.Record
	for at := day; at.Before(day.AddDate(0, 0, 2)); at = at.Add(16 * time.Hour) {
		pieces = append(pieces, world.Between(at, at.Add(16*time.Hour), tenant.Options{})...)
	}
	same(t, whole, pieces)
}

// same compares records one by one: there are too many for a difference of the whole.
func same(t *testing.T, want, got []tenant.Record) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d records, not %d", len(got), len(want))
	}
	for i := range want {
		if w, g := want[i], got[i]; w.Hub != g.Hub || w.Category != g.Category || !w.Time.Equal(g.Time) || !bytes.Equal(w.Data, g.Data) {
			t.Fatalf("record %d differs:\n%s\n%s", i, w.Data, g.Data)
		}
	}
}

func TestEnvelopesHoldEveryRecordOnceWithinTheirSize(t *testing.T) {
	tests := map[string]struct {
		records []string
		max     int
		want    []string
	}{
		"nothing":                 {nil, 100, nil},
		"all in one":              {[]string{`{"a":1}`, `{"a":2}`}, 100, []string{`{"records":[{"a":1},{"a":2}]}`}},
		"exactly full":            {[]string{`{"a":1}`, `{"a":2}`}, 29, []string{`{"records":[{"a":1},{"a":2}]}`}},
		"one byte too few":        {[]string{`{"a":1}`, `{"a":2}`}, 28, []string{`{"records":[{"a":1}]}`, `{"records":[{"a":2}]}`}},
		"a record that is larger": {[]string{`{"a":1}`}, 3, []string{`{"records":[{"a":1}]}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var records [][]byte
			for _, r := range test.records {
				records = append(records, []byte(r))
			}
			var got []string
			for _, m := range tenant.Envelope(records, test.max) {
				got = append(got, string(m))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// reserved are the ranges that belong to nobody, for documentation and benchmarks.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("2001:db8::/32"),
}

func TestNoAddressAndNoSystemBelongsToAnybody(t *testing.T) {
	world := tenant.New(1)
	found := 0
	for _, r := range append(world.Day(day, tenant.Options{Scale: 2, Drift: true}), attackRecords(world, day)...) {
		var root any
		if err := json.Unmarshal(r.Data, &root); err != nil {
			t.Fatal(err)
		}
		texts(root, func(s string) {
			addr, err := netip.ParseAddr(s)
			if err != nil {
				return
			}
			found++
			if !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(addr) }) {
				t.Errorf("%s has the address %s", r.Category, addr)
			}
		})
	}
	for _, n := range world.Networks {
		if n.ASN < 64496 || n.ASN > 64511 {
			t.Errorf("AS%d may be somebody's", n.ASN)
		}
	}
	if found < 1000 {
		t.Errorf("only %d addresses found", found)
	}
}

// texts visits every text in a JSON value.
func texts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, x := range v {
			texts(x, visit)
		}
	case map[string]any:
		for _, x := range v {
			texts(x, visit)
		}
	}
}

func TestNoSecretIsInAnyRecord(t *testing.T) {
	world := tenant.New(1)
	all := bytes.Join(bytesOf(append(world.Day(day, tenant.Options{Drift: true}), attackRecords(world, day)...)), nil)
	for _, a := range world.Applications {
		for i, p := range a.PasswordCredentials {
			if bytes.Contains(all, []byte(p.SecretText)) {
				t.Errorf("secret %d of %s is in a record", i, a.DisplayName)
			}
		}
	}
}

func BenchmarkDay(b *testing.B) {
	world := tenant.New(1)
	n := 0
	for b.Loop() {
		n = len(world.Day(day, tenant.Options{}))
	}
	b.ReportMetric(float64(n), "records")
}
