package simulate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/simulate"
	"rekey/shared/network"
)

// small is a run that takes a moment.
func small(seed uint64) simulate.Options {
	return simulate.Options{Seed: seed, Principals: 200, Days: 20, WarmUp: 10, Attacked: .01}
}

// sum is the hash of all that a run delivers.
func sum(r *simulate.Run) string {
	h := sha256.New()
	for d := range r.Records() {
		h.Write(d.Record)
		h.Write([]byte(d.Hub + d.At.String()))
		h.Write([]byte{byte(d.Truth.Principal), byte(d.Truth.Episode), byte(d.Truth.Change), byte(d.Truth.Variant)})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestTheSameSeedGivesTheSameBytesAndAnotherSeedOthers(t *testing.T) {
	o := small(1)
	o.Principals, o.Days, o.WarmUp = 100, 3, 2
	r := simulate.New(o)
	first := sum(r)
	if again := sum(r); again != first {
		t.Error("a run's second telling differs from its first")
	}
	if again := sum(simulate.New(o)); again != first {
		t.Error("another run of the same seed differs")
	}
	o.Seed++
	if other := sum(simulate.New(o)); other == first {
		t.Error("another seed gives the same run")
	}
}

func TestTheBytesOfASeedAreTheSameOnEveryMachine(t *testing.T) {
	const want = "8efa9855bfb4486210bb284612f55f70e175e82a0c8cd4762152bada621a5a69"
	if got := sum(simulate.New(simulate.Options{Seed: 7, Principals: 100, Days: 2, WarmUp: 1, Attacked: .01})); got != want {
		t.Errorf("the run's hash is %s, want %s: if the simulator was changed on purpose, figures made with it change, too", got, want)
	}
}

// reader decodes single records.
type reader struct {
	t    *testing.T
	d    entralog.Decoder
	last *event.Event
}

func (r *reader) Event(e *event.Event) { c := *e; r.last = &c }
func (r *reader) Skip(category string) { r.t.Errorf("a record of category %q is not used", category) }
func (r *reader) Reject(_ int, raw []byte, err error) {
	r.t.Errorf("rejected: %v\n%s", err, raw)
}

func (r *reader) read(record []byte) *event.Event {
	r.t.Helper()
	r.last = nil
	if err := r.d.Decode(bytes.Clone(record), r); err != nil || r.last == nil {
		r.t.Fatalf("decoding: %v\n%s", err, record)
	}
	return r.last
}

var kindsOfHubs = map[string][]event.Kind{
	"signins": {event.KindSignIn, event.KindManagedIdentitySignIn}, "auditlogs": {event.KindAudit}, "vaultlogs": {event.KindVaultAccess},
	"graphlogs": {event.KindGraphActivity}, "activitylogs": {event.KindAzureActivity},
}

func TestEveryRecordDecodesToWhatItsTruthSays(t *testing.T) {
	o := small(2)
	o.Principals, o.Days, o.WarmUp = 100, 5, 3
	r, seen := simulate.New(o), map[string]int{}
	in, table := reader{t: t}, world()
	last := time.Time{}
	for d := range r.Records() {
		seen[d.Hub]++
		e := in.read(d.Record)
		if seen[d.Hub]%5 == 0 && !json.Valid(d.Record) {
			t.Fatalf("no JSON: %s", d.Record)
		}
		if !slices.Contains(kindsOfHubs[d.Hub], e.Kind) {
			t.Fatalf("%s holds a %s", d.Hub, e.Kind)
		}
		if late := d.At.Sub(e.Time); late < 0 || late > 12*time.Minute || e.Exported.After(d.At) {
			t.Fatalf("%s arrives %v late, exported %v\n%s", d.Hub, late, e.Exported, d.Record)
		}
		if d.At.Before(last) {
			t.Fatalf("%v is delivered after %v", d.At, last)
		}
		last = d.At
		if e.Tenant != r.TenantID && d.Hub != "vaultlogs" {
			t.Fatalf("tenant %q", e.Tenant)
		}
		checkPrincipal(t, r, d, e)
		checkAddress(t, table, d, e)
		if t.Failed() {
			t.FailNow()
		}
	}
	for hub := range kindsOfHubs {
		if seen[hub] == 0 {
			t.Errorf("no record for %s", hub)
		}
	}
}

// checkPrincipal compares whom a record is about with its truth. An audit record names the actor; the principal is
// its target.
func checkPrincipal(t *testing.T, r *simulate.Run, d *lab.Delivery, e *event.Event) {
	t.Helper()
	if d.Truth.Principal == lab.None {
		if e.Principal.ObjectID != "" && e.Kind != event.KindAudit {
			t.Errorf("the truth names nobody, the record %s", e.Principal.ObjectID)
		}
		return
	}
	p := &r.Principals[d.Truth.Principal]
	if e.Kind == event.KindAudit {
		if !bytes.Contains(d.Record, []byte(p.ObjectID)) && !bytes.Contains(d.Record, []byte(p.AppID)) {
			t.Errorf("the audit record is not about %s\n%s", p.Name, d.Record)
		}
		return
	}
	if e.Principal.ObjectID != p.ObjectID || e.Principal.AppID != p.AppID {
		t.Errorf("the truth names %s, the record %+v", p.ObjectID, e.Principal)
	}
	if e.Time.Before(p.Born) && e.SignIn.Succeeded() {
		t.Errorf("%s is used before it is born", p.Name)
	}
}

func checkAddress(t *testing.T, table *network.Table, d *lab.Delivery, e *event.Event) {
	t.Helper()
	if e.Kind == event.KindManagedIdentitySignIn || e.Kind == event.KindAudit && !e.Caller.IsValid() {
		if e.Caller.IsValid() {
			t.Errorf("a managed identity's sign-in shows the address %s", e.Caller)
		}
		return
	}
	n, ok := table.Lookup(e.Caller)
	if !ok || n.ASN == 0 || n.Hosting == event.HostingUnknown {
		t.Errorf("%s of %s resolves to %+v", e.Caller, d.Hub, n)
	}
	if e.Network.ASN != 0 && e.Network.ASN != n.ASN {
		t.Errorf("the record says AS%d, the table AS%d", e.Network.ASN, n.ASN)
	}
}

func TestRatesAreThoseOfRealRecords(t *testing.T) {
	o := small(3)
	o.Principals, o.Days, o.Attacked = 400, 1, 0
	r, in := simulate.New(o), reader{t: t}
	type facts struct{ agent, library, key, kind, asn bool }
	of, total, doubled, ids := map[string]*facts{}, 0, 0, map[string]bool{}
	for d := range r.Records() {
		if d.Hub != "signins" {
			continue
		}
		e := in.read(d.Record)
		total++
		if ids[e.ID] {
			doubled++
		}
		ids[e.ID] = true
		if e.Kind != event.KindSignIn || !e.SignIn.Succeeded() {
			continue
		}
		f := of[e.Principal.ObjectID]
		if f == nil {
			f = &facts{}
			of[e.Principal.ObjectID] = f
		}
		f.agent = f.agent || bytes.Contains(d.Record, []byte(`"userAgent"`))
		f.library = f.library || bytes.Contains(d.Record, []byte(`"authenticationProcessingDetails"`))
		f.key = f.key || bytes.Contains(d.Record, []byte(`"servicePrincipalCredentialKeyId"`))
		f.kind = f.kind || bytes.Contains(d.Record, []byte(`"clientCredentialType"`))
		f.asn = f.asn || e.Network.ASN != 0
	}
	share := func(has func(*facts) bool) (n float64) {
		for f := range maps.Values(of) {
			if has(f) {
				n += 1 / float64(len(of))
			}
		}
		return n
	}
	within(t, "user agent", share(func(f *facts) bool { return f.agent }), 2./11, .05)
	within(t, "library", share(func(f *facts) bool { return f.library }), 9./11, .05)
	within(t, "key id", share(func(f *facts) bool { return f.key }), 9./11, .05)
	within(t, "credential type", share(func(f *facts) bool { return f.kind }), 1./11, .04)
	within(t, "autonomous system", share(func(f *facts) bool { return f.asn }), 1./11, .04)
	within(t, "delivered twice", float64(doubled)/float64(len(ids)), .03, .006)
}

func within(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if got < want-by || got > want+by {
		t.Errorf("%s: %.3f, want %.3f give or take %.3f", what, got, want, by)
	}
}

func TestPrincipalsSignInEighteenTimesADay(t *testing.T) {
	o, n := small(4), 0
	o.Days, o.Attacked = 7, 0
	for d := range simulate.New(o).Records() {
		if d.Hub == "signins" {
			n++
		}
	}
	within(t, "sign-ins a principal-day", float64(n)/1.03/7/200, 18, 3)
}

func TestFourInTenPrincipalsAreInTheOneBigCloud(t *testing.T) {
	o := small(4)
	o.Principals, o.Days, o.Attacked = 300, 1, 0
	r, in := simulate.New(o), reader{t: t}
	table, all, big := world(), map[string]bool{}, map[string]bool{}
	for d := range r.Records() {
		if e := in.read(d.Record); d.Truth.Principal != lab.None && d.Hub != "auditlogs" && e.Caller.IsValid() {
			all[e.Principal.ObjectID] = true
			if n, _ := table.Lookup(e.Caller); n.ASName == "Meridian Cloud" {
				big[e.Principal.ObjectID] = true
			}
		}
	}
	within(t, "in the big cloud", float64(len(big))/float64(len(all)), .42, .1)
}

func TestRecordsAreAsLongAsRealOnes(t *testing.T) {
	o := small(5)
	o.Days, o.Attacked = 1, 0
	n, size := map[string]int{}, map[string]int{}
	for d := range simulate.New(o).Records() {
		n[d.Hub]++
		size[d.Hub] += len(d.Record)
	}
	for hub, want := range map[string][2]int{
		"signins": {1300, 2200}, "vaultlogs": {800, 1400}, "graphlogs": {1100, 2000}, "activitylogs": {1200, 2200}, "auditlogs": {900, 2000},
	} {
		if mean := size[hub] / max(1, n[hub]); mean < want[0] || mean > want[1] {
			t.Errorf("a record of %s has %d bytes, want %d to %d", hub, mean, want[0], want[1])
		}
	}
}

func TestChangesShowForThreeDays(t *testing.T) {
	r := simulate.New(simulate.Options{Seed: 6, Principals: 80, Days: 10, WarmUp: 5})
	if len(r.Episodes) > 0 {
		t.Fatal("nobody was to be attacked")
	}
	first, shown := map[int32]time.Time{}, map[string]int{}
	for d := range r.Records() {
		c := d.Truth.Change
		if d.Hub == "auditlogs" {
			continue // it announces a change
		}
		if d.Truth.Episode != lab.None {
			t.Fatal("a record of an episode, where there is none")
		}
		if c == lab.None {
			continue
		}
		if r.Changes[c].Principal != d.Truth.Principal {
			t.Fatalf("a record of %d shows a change of %d", d.Truth.Principal, r.Changes[c].Principal)
		}
		if _, ok := first[c]; !ok {
			first[c] = d.At
			shown[r.Changes[c].Kind]++
		}
		if d.At.Sub(first[c]) > 4*24*time.Hour {
			t.Fatalf("a %s is still shown %v after it was first", r.Changes[c].Kind, d.At.Sub(first[c]))
		}
	}
	for _, kind := range []string{simulate.Migration, simulate.KeyRotation, simulate.LibraryRollout, simulate.Born, simulate.NewResource} {
		if shown[kind] == 0 {
			t.Errorf("no %s shows in any record", kind)
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	r := simulate.New(simulate.Options{Seed: 1, Principals: 500, Days: 6, WarmUp: 2, Attacked: .01})
	b.ReportAllocs()
	records, size := 0, int64(0)
	for b.Loop() {
		size = 0
		for d := range r.Records() {
			records++
			size += int64(len(d.Record))
		}
	}
	b.SetBytes(size)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}
