package network_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/event"
	"rekey/shared/network"
)

const table = `# made by hand
# built 2026-06-17

start,end,asn,country,name
198.51.100.0,198.51.100.127,64502,fr,Example Telecom
198.51.100.200,198.51.100.200,0,DE,
# a comment between rows
192.0.2.0/24,AS64498,DE,"Contoso, Offices"
2001:db8:1::/48,64496,IE,Example Cloud EU
2001:db8:2::,2001:db8:2::ff,64510,ZZ,Example VPN
`

func load(t testing.TB, text string) *network.Table {
	t.Helper()
	out, err := network.Load(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLookupFindsTheRangeAnAddressBelongsTo(t *testing.T) {
	telecom := event.Network{ASN: 64502, ASName: "Example Telecom", Country: "FR", Hosting: event.HostingOrdinary}
	contoso := event.Network{ASN: 64498, ASName: "Contoso, Offices", Country: "DE", Hosting: event.HostingOrdinary}
	cloud := event.Network{ASN: 64496, ASName: "Example Cloud EU", Country: "IE", Hosting: event.HostingDatacenter}
	tests := map[string]struct {
		addr string
		want event.Network // zero: unknown
	}{
		"the first address of a range":                   {"198.51.100.0", telecom},
		"the last address of a range":                    {"198.51.100.127", telecom},
		"one past the last":                              {"198.51.100.128", event.Network{}},
		"a range of one address without a system":        {"198.51.100.200", event.Network{Country: "DE"}},
		"between ranges":                                 {"198.51.100.199", event.Network{}},
		"a prefix":                                       {"192.0.2.77", contoso},
		"an IPv4 address in IPv6 clothes":                {"::ffff:192.0.2.77", contoso},
		"before the first range":                         {"1.1.1.1", event.Network{}},
		"after the last range":                           {"203.0.113.1", event.Network{}},
		"an IPv6 prefix":                                 {"2001:db8:1:ffff::1", cloud},
		"an IPv6 range whose country is ZZ for unknown":  {"2001:db8:2::ff", event.Network{ASN: 64510, ASName: "Example VPN", Hosting: event.HostingAnonymizer}},
		"one past an IPv6 range":                         {"2001:db8:2::100", event.Network{}},
		"loopback, which belongs to no network":          {"127.0.0.1", event.Network{}},
		"a private address, which belongs to no network": {"10.1.2.3", event.Network{}},
	}
	for name, test := range tests {
		for form, text := range map[string]string{"commas": table, "tabs": tabs(table), "gzip": zipped(t, table)} {
			t.Run(name+" in "+form, func(t *testing.T) {
				got, ok := load(t, text).Lookup(netip.MustParseAddr(test.addr))
				if diff := cmp.Diff(test.want, got); diff != "" || ok != (test.want != event.Network{}) {
					t.Errorf("Lookup(%s) is found=%v (-want +got):\n%s", test.addr, ok, diff)
				}
			})
		}
	}
}

func tabs(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(s, `"Contoso, Offices"`, "Contoso; Offices"), ",", "\t"), ";", ",")
}

func zipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestATableKnowsItsAge(t *testing.T) {
	built := time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)
	dated := load(t, table)
	if !dated.Built.Equal(built) || dated.Age(built.Add(time.Hour)) != time.Hour || dated.Len() != 5 {
		t.Errorf("built %s, age %s, %d ranges", dated.Built, dated.Age(built.Add(time.Hour)), dated.Len())
	}
	if undated := load(t, "192.0.2.0/24,64498,DE,Contoso"); undated.Age(built) != 0 {
		t.Errorf("a table without a date is %s old", undated.Age(built))
	}
}

func TestNoTableKnowsNothing(t *testing.T) {
	for name, none := range map[string]*network.Table{"nil": nil, "zero": {}, "empty file": load(t, ""), "only comments": load(t, "# built 2026-01-01")} {
		if n, ok := none.Lookup(netip.MustParseAddr("192.0.2.1")); ok || none.Len() != 0 {
			t.Errorf("%s: knows %v", name, n)
		}
	}
}

func TestADamagedTableNamesTheLine(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a word for an address":        {"# x\n\n192.0.2.0/24,1,DE,a\nmoon,1.1.1.1,1,DE,a", "line 4"},
		"a prefix that is too long":    {"192.0.2.0/40,1,DE,a", "line 1"},
		"the end before the start":     {"192.0.2.9,192.0.2.1,1,DE,a", "line 1"},
		"IPv4 to IPv6":                 {"192.0.2.9,2001:db8::,1,DE,a", "line 1"},
		"an IPv4-mapped range":         {"::ffff:192.0.2.1,::ffff:192.0.2.9,1,DE,a", "line 1"},
		"a missing column":             {"192.0.2.0/24,1,DE", "line 1"},
		"an address that stands alone": {"192.0.2.1", "line 1"},
		"a column too many":            {"192.0.2.0/24,1,DE,a,b", "line 1"},
		"a system that is no number":   {"start,end,asn,country,name\n192.0.2.0/24,ASN,DE,a", "line 2"},
		"a country of three letters":   {"192.0.2.0/24,1,DEU,a", "line 1"},
		"a date that is none":          {"# a\n# built yesterday\n", "line 2"},
		"overlapping ranges":           {"192.0.2.0/25,1,DE,a\n10.0.0.0/8,1,DE,a\n192.0.2.127,192.0.2.200,2,DE,b", "line 3: its range overlaps the one of line 1"},
		"the same IPv6 range twice":    {"2001:db8::/32,1,DE,a\n2001:db8::/32,1,DE,a", "line 2: its range overlaps the one of line 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := network.Load(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "loading network table: ") {
				t.Errorf("error %v does not say %q", err, test.want)
			}
		})
	}
}

func TestATableCutShortIsRefused(t *testing.T) {
	whole := zipped(t, table)
	if _, err := network.Load(strings.NewReader(whole[:len(whole)-9])); err == nil {
		t.Error("half a gzip file is a whole table")
	}
}

func TestEveryAddressOfARangeIsFoundAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends := rapid.SliceOfNDistinct(rapid.Uint32Range(0x0b000000, 0x7effffff), 2, 40, rapid.ID[uint32]).Draw(t, "ends")
		ends = ends[:len(ends)&^1]
		probe := rapid.OneOf(rapid.SampledFrom(ends), rapid.Uint32Range(0x0b000000, 0x7effffff)).Draw(t, "probe")
		sorted := bytesOrder(ends)
		var text strings.Builder
		want := uint32(0)
		for i := 0; i < len(sorted); i += 2 {
			fmt.Fprintf(&text, "%s,%s,%d,,a\n", v4(sorted[i]), v4(sorted[i+1]), i+1)
			if sorted[i] <= probe && probe <= sorted[i+1] {
				want = uint32(i + 1)
			}
		}
		loaded, err := network.Load(strings.NewReader(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := loaded.Lookup(v4(probe)); got.ASN != want || ok != (want != 0) {
			t.Errorf("Lookup(%s) = AS%d, %v; want AS%d in\n%s", v4(probe), got.ASN, ok, want, text.String())
		}
	})
}

func bytesOrder(in []uint32) []uint32 {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}

func v4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte(tabs(table)))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		loaded, err := network.Load(bytes.NewReader(data))
		if err == nil {
			loaded.Lookup(netip.MustParseAddr("192.0.2.1"))
			loaded.Lookup(netip.MustParseAddr("2001:db8::1"))
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	var text strings.Builder
	for i := range 1 << 19 {
		fmt.Fprintf(&text, "%s,%s,%d,DE,Holder %d\n", v4(0x0b000000+uint32(i)*256), v4(0x0b0000ff+uint32(i)*256), i%70000+1, i%70000+1)
	}
	loaded := load(b, text.String())
	addrs := make([]netip.Addr, 4096)
	for i := range addrs {
		addrs[i] = v4(0x0b000000 + uint32(i)*0x9e3779b1%(1<<27))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := loaded.Lookup(addrs[i&4095]); !ok {
			b.Fatal(addrs[i&4095])
		}
		i++
	}
}
