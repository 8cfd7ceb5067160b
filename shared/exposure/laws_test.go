package exposure_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/fault"
)

var (
	hasher = baseline.NewHasher([16]byte{1, 2, 3})
	start  = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

const (
	version1 = "0123456789abcdef0123456789abcdef"
	version2 = "fedcba9876543210fedcba9876543210"

	// version1Index is what version 1 wrote of a secret that was read, one that was refused, a listing and a read of mail.
	version1Index = "01050001000b762f736563726574732f61f4fb000000000000000000000000ffffc000020709c0090002000100010123456789abcdef0123456789abcdef" +
		"090001000b762f736563726574732f62f4fb000000000000000000000000ffffc000020709c0090002000100000001000176f4fb000000000000000000000000" +
		"ffffc000020709c00900020020000000000000010018474554202f75736572732f7b69647d2f6d657373616765730000000000000000000000000000ffffc0" +
		"00020709c0090002000080000000000003006d5df92ec009c00901000000000000006df99b62c009c00901000000000000002062eddec009c00901000000" +
		"00000000000000000100072a2796c009c0090100000000000000218000000000c009c009010000000000000000000000c009c0090100000000000000" +
		"00000000c009c0090100000000000000"
)

// at returns the time of an hour of a day of the test's month.
func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 7, 0, 0, time.UTC) }

func vault(t time.Time, operation, vault, object string, edit ...func(*event.Event)) *event.Event {
	e := &event.Event{
		Kind: event.KindVaultAccess, Time: t, Principal: event.Principal{ObjectID: "sp1", AppID: "app1"},
		Caller: netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: 64500},
		Vault: &event.VaultOperation{Operation: operation, Status: 200, Vault: vault, Object: object},
	}
	for _, f := range edit {
		f(e)
	}
	return e
}

func get(t time.Time, v, name string, edit ...func(*event.Event)) *event.Event {
	return vault(t, "SecretGet", v, "secrets/"+name, edit...)
}

func arm(t time.Time, operation, scope string) *event.Event {
	return &event.Event{
		Kind: event.KindAzureActivity, Time: t, Principal: event.Principal{ObjectID: "sp1"}, Caller: netip.MustParseAddr("192.0.2.7"),
		Azure: &event.AzureOperation{Operation: operation, Status: "Success", Scope: scope},
	}
}

func graph(t time.Time, method, uri string) *event.Event {
	return &event.Event{
		Kind: event.KindGraphActivity, Time: t, Principal: event.Principal{ObjectID: "sp1"}, Caller: netip.MustParseAddr("192.0.2.7"),
		Graph: &event.GraphCall{Method: method, URI: uri, Status: 200},
	}
}

func oldGraph(t time.Time, method, uri string, edit ...func(*event.Event)) *event.Event {
	e := graph(t, method, uri)
	e.Kind = event.KindDirectoryGraphActivity
	for _, f := range edit {
		f(e)
	}
	return e
}

func status(code int) func(*event.Event) { return func(e *event.Event) { e.Vault.Status = code } }

func from(ip string, asn uint32) func(*event.Event) {
	return func(e *event.Event) { e.Caller, e.Network.ASN = netip.MustParseAddr(ip), asn }
}

func index(events ...*event.Event) *exposure.Index {
	x := new(exposure.Index)
	for _, e := range events {
		x.Observe(hasher, e)
	}
	return x
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func encoded(t fataler, x *exposure.Index) []byte {
	t.Helper()
	b, err := x.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoded(t fataler, b []byte) *exposure.Index {
	t.Helper()
	x := new(exposure.Index)
	if err := x.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return x
}

// anyEvents makes a month of a principal that does a bit of everything, more than there is room for.
func anyEvents(t *rapid.T) []*event.Event {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	objects := rapid.SampledFrom([]int{5, 150, 700}).Draw(t, "objects")
	vaults := rapid.SampledFrom([]int{1, 30, 90}).Draw(t, "vaults")
	out := make([]*event.Event, rapid.IntRange(1, 900).Draw(t, "n"))
	for i := range out {
		out[i] = anyEvent(r, objects, vaults)
	}
	return out
}

func anyEvent(r *rand.Rand, objects, vaults int) *event.Event {
	when := start.Add(time.Duration(r.IntN(24*90)) * time.Hour)
	name := fmt.Sprint("v", r.IntN(vaults))
	origin := func(e *event.Event) {
		e.Caller = netip.AddrFrom4([4]byte{192, 0, byte(r.IntN(3)), byte(r.IntN(4))})
		e.Network.ASN = uint32(r.IntN(2) * 64500)
		if r.IntN(9) == 0 {
			e.Caller = netip.Addr{}
		}
	}
	switch r.IntN(10) {
	case 0:
		return vault(when, []string{"SecretList", "VaultPatch", "KeyListDeleted"}[r.IntN(3)], name, "", origin)
	case 1:
		return get(when, name, fmt.Sprint("denied", r.IntN(objects)), origin, status(403))
	case 2:
		return arm(when, "microsoft.storage/storageaccounts/listkeys/action", fmt.Sprint("/subscriptions/s/x/", r.IntN(objects)))
	case 3:
		return graph(when, "GET", []string{"https://graph.microsoft.com/v1.0/users", "/beta/applications", "/v1.0/drives/d/items/i"}[r.IntN(3)])
	case 4:
		return oldGraph(when, []string{"GET", "POST"}[r.IntN(2)], "https://graph.windows.net/contoso.com/users?api-version=1.6", origin)
	}
	operation := []string{"SecretGet", "SecretGet", "SecretBackup", "SecretListVersions", "SecretPurge"}[r.IntN(5)]
	return vault(when, operation, name, fmt.Sprint("secrets/s", r.IntN(objects)), origin, func(e *event.Event) {
		e.Vault.Version = fmt.Sprintf("%032x", r.IntN(5))
	})
}

func TestShuffledRepeatedAndSplitEventsGiveTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents(t)
		whole := index(events...)
		parts := make([]exposure.Index, rapid.IntRange(1, 4).Draw(t, "workers"))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 2))
		for range 2 {
			for _, i := range r.Perm(len(events)) {
				parts[r.IntN(len(parts))].Observe(hasher, events[i])
			}
		}
		var merged exposure.Index
		for _, i := range r.Perm(len(parts)) {
			stored := decoded(t, encoded(t, &parts[i]))
			merged.Merge(stored)
			merged.Merge(stored)
		}
		if a, b := encoded(t, whole), encoded(t, &merged); !bytes.Equal(a, b) {
			t.Fatalf("whole and merged indexes differ: %d and %d bytes", len(a), len(b))
		}
	})
}

func TestMergingIsCommutativeAssociativeAndIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var part [3][]byte
		for i := range part {
			part[i] = encoded(t, index(anyEvents(t)...))
		}
		merge := func(order ...[]byte) []byte {
			var x exposure.Index
			for _, b := range order {
				x.Merge(decoded(t, b))
			}
			return encoded(t, &x)
		}
		a, b, c := part[0], part[1], part[2]
		left, right := merge(merge(a, b), c), merge(a, merge(b, c))
		if !bytes.Equal(left, right) {
			t.Fatal("(a+b)+c is not a+(b+c)")
		}
		if !bytes.Equal(merge(a, b), merge(b, a)) {
			t.Fatal("a+b is not b+a")
		}
		if !bytes.Equal(merge(a, a), a) {
			t.Fatal("a+a is not a")
		}
	})
}

func TestAnIndexNeverOutgrowsItsRow(t *testing.T) {
	x := new(exposure.Index)
	long := fmt.Sprintf("%0120d", 7)
	version := func(n int) func(*event.Event) {
		return func(e *event.Event) { e.Vault.Version = fmt.Sprintf("%032x", n+1) }
	}
	for i := range 600 { // everything new, as long as can be, on one day
		name := fmt.Sprint(long, i)
		for n := range 3 {
			x.Observe(hasher, get(start, fmt.Sprint("a-vault-of-24-letters-", i), name, version(n)))
		}
		x.Observe(hasher, get(start, name, "x", status(403)))
		x.Observe(hasher, vault(start, "VaultPatch", name, ""))
		x.Observe(hasher, arm(start, "microsoft.web/sites/publishxml/action", "/subscriptions/"+name+name))
		for _, c := range []string{"users/1/messages", "users", "groups", "devices", "applications", "servicePrincipals", "directoryRoles"} {
			e := graph(start, "GET", c)
			e.Caller = netip.AddrFrom4([4]byte{10, byte(i / 250), byte(i % 250), 1})
			x.Observe(hasher, e)
		}
	}
	n := len(encoded(t, x))
	t.Logf("%d bytes", n)
	if n > exposure.MaxBytes {
		t.Errorf("%d bytes, more than the row's %d", n, exposure.MaxBytes)
	}
	for _, c := range []exposure.Class{exposure.ClassObject, exposure.ClassDenied, exposure.ClassResource, exposure.ClassVault, exposure.ClassCall} {
		if !x.More(c) {
			t.Errorf("%v: it does not say that there was more", c)
		}
	}
}

func TestAUsualPrincipalsRowIsSmall(t *testing.T) {
	x := new(exposure.Index)
	for day := 1; day <= 28; day++ {
		for i := range 12 {
			x.Observe(hasher, get(at(day, i), "contoso-payroll-kv", fmt.Sprint("database-password-", i)))
		}
	}
	if n := len(encoded(t, x)); n > 2<<10 {
		t.Errorf("a dozen secrets take %d bytes", n)
	}
}

func TestANewerVersionIsNotOursAndDamageIsPoison(t *testing.T) {
	good := encoded(t, index(get(start, "v", "a"), get(start, "v", "b")))
	for what, c := range map[string]struct {
		edit func([]byte) []byte
		kind error
	}{
		"a newer version":       {func(b []byte) []byte { b[0]++; return b }, fault.Denied},
		"a class of the future": {func(b []byte) []byte { b[1]++; return b }, fault.Denied},
		"an operation to come":  {func(b []byte) []byte { b[2]++; return b }, fault.Denied},
		"nothing":               {func([]byte) []byte { return nil }, fault.Poison},
		"cut":                   {func(b []byte) []byte { return b[:len(b)-1] }, fault.Poison},
		"too long":              {func(b []byte) []byte { return append(b, 0) }, fault.Poison},
		"version zero":          {func(b []byte) []byte { b[0] = 0; return b }, fault.Poison},
		"a flag that is none":   {func(b []byte) []byte { b[3] = 2; return b }, fault.Poison},
		"a control character":   {func(b []byte) []byte { b[7] = 7; return b }, fault.Poison},
	} {
		var x exposure.Index
		if err := x.UnmarshalBinary(c.edit(bytes.Clone(good))); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", what, err, c.kind)
		}
	}
}

func TestAnIndexOfThePredecessorsVersionStillLoads(t *testing.T) {
	old, err := hex.DecodeString(version1Index)
	if err != nil {
		t.Fatal(err)
	}
	want := index(get(start, "v", "a", func(e *event.Event) { e.Vault.Version = version1 }), get(start, "v", "b", status(403)),
		vault(start, "SecretList", "v", ""), graph(start, "GET", "/v1.0/users/1/messages"))
	if got := encoded(t, decoded(t, old)); !bytes.Equal(got, encoded(t, want)) {
		t.Errorf("%x", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, index(get(start, "v", "a"), get(start, "v", "b", status(403)), vault(start, "SecretList", "v", ""))))
	r := rand.New(rand.NewPCG(3, 3))
	x := new(exposure.Index)
	for range 900 {
		x.Observe(hasher, anyEvent(r, 700, 90))
	}
	f.Add(encoded(f, x))
	f.Fuzz(func(t *testing.T, b []byte) {
		var x exposure.Index
		if x.UnmarshalBinary(b) != nil {
			return
		}
		once := encoded(t, &x)
		if again := encoded(t, decoded(t, once)); !bytes.Equal(once, again) {
			t.Fatalf("%x becomes %x", once, again)
		}
		x.Merge(decoded(t, once))
		if !bytes.Equal(encoded(t, &x), once) {
			t.Fatal("merging itself changes it")
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name    string
		objects int
	}{{"a dozen objects", 12}, {"more than there is room for", 1000}} {
		events := make([]*event.Event, 4096)
		for i := range events {
			events[i] = anyEvent(r, c.objects, 3)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var x exposure.Index
			for i := 0; b.Loop(); i++ {
				x.Observe(hasher, events[i%len(events)])
			}
		})
	}
}

// Most Graph calls say nothing about exposure, and there are many of them.
func BenchmarkFactOf(b *testing.B) {
	for name, e := range map[string]*event.Event{
		"a Graph call of no interest": graph(start, "GET", "https://graph.microsoft.com/v1.0/users/0f9e8d7c-6b5a-4d3c-9b2a-1f0e9d8c7b6a/calendar/events?$top=10"),
		"a list of users":             graph(start, "GET", "https://graph.microsoft.com/v1.0/users?$top=10"),
		"a secret":                    get(start, "contoso-payroll", "database-password"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				exposure.FactOf(e)
			}
		})
	}
}

// A batch is judged once for each principal and day that it brings reads of.
func BenchmarkJudge(b *testing.B) {
	for name, n := range map[string]int{"a dozen objects": 12, "a full index": 300} {
		x := new(exposure.Index)
		for day := 1; day <= 10; day++ {
			for i := range n {
				x.Observe(hasher, get(at(day, i%24), "contoso-payroll", fmt.Sprint("database-password-", i)))
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				exposure.Judge(x.Before(hasher, exposureDay(10)), x.On(exposureDay(10)))
			}
		})
	}
}
