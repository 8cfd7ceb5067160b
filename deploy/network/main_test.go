package main

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/network"
)

// ranges reads "from to asn country name" lines, with - for nothing.
func ranges(text string) []rangeOf {
	var out []rangeOf
	for line := range strings.Lines(text) {
		f := strings.Fields(strings.ReplaceAll(line, "-", `""`))
		if len(f) == 0 {
			continue
		}
		for i := range f {
			f[i] = strings.Trim(f[i], `"`)
		}
		out = append(out, rangeOf{netip.MustParseAddr(f[0]), netip.MustParseAddr(f[1]), holding{f[2], f[3], f[4]}})
	}
	return out
}

func TestSystemsAndCountriesAreLaidOverEachOther(t *testing.T) {
	tests := map[string]struct{ systems, countries, want string }{
		"the same range": {"1.0.0.0 1.0.0.255 7 - a", "1.0.0.0 1.0.0.255 - DE -", "1.0.0.0 1.0.0.255 7 DE a"},
		"a country in the middle of a system": {
			"1.0.0.0 1.0.0.255 7 - a", "1.0.0.64 1.0.0.127 - DE -",
			"1.0.0.0 1.0.0.63 7 - a\n1.0.0.64 1.0.0.127 7 DE a\n1.0.0.128 1.0.0.255 7 - a",
		},
		"two systems in one country": {
			"1.0.0.0 1.0.0.127 7 - a\n1.0.0.128 1.0.0.255 8 - b", "1.0.0.0 1.0.0.255 - DE -",
			"1.0.0.0 1.0.0.127 7 DE a\n1.0.0.128 1.0.0.255 8 DE b",
		},
		"overlapping by halves": {
			"1.0.0.0 1.0.0.127 7 - a", "1.0.0.64 1.0.0.255 - DE -",
			"1.0.0.0 1.0.0.63 7 - a\n1.0.0.64 1.0.0.127 7 DE a\n1.0.0.128 1.0.0.255 - DE -",
		},
		"far apart":    {"1.0.0.0 1.0.0.9 7 - a", "9.0.0.0 9.0.0.9 - DE -", "1.0.0.0 1.0.0.9 7 - a\n9.0.0.0 9.0.0.9 - DE -"},
		"no countries": {"1.0.0.0 1.0.0.9 7 - a", "", "1.0.0.0 1.0.0.9 7 - a"},
		"no systems":   {"", "1.0.0.0 1.0.0.9 - DE -", "1.0.0.0 1.0.0.9 - DE -"},
		"neighbours that say the same become one": {
			"1.0.0.0 1.0.0.9 7 - a\n1.0.0.10 1.0.0.19 7 - a", "1.0.0.0 1.0.0.19 - DE -", "1.0.0.0 1.0.0.19 7 DE a",
		},
		"up to the highest address": {
			"ff00:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 7 - a", "fff0:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff - DE -",
			"ff00:: ffef:ffff:ffff:ffff:ffff:ffff:ffff:ffff 7 - a\nfff0:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 7 DE a",
		},
		"of two claims the earlier one stands": {
			"1.0.0.0 1.0.0.99 7 - a\n1.0.0.50 1.0.0.149 8 - b", "", "1.0.0.0 1.0.0.99 7 - a\n1.0.0.100 1.0.0.149 8 - b",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := join(merge(ranges(test.systems), ranges(test.countries)))
			if diff := cmp.Diff(ranges(test.want), got, cmp.AllowUnexported(rangeOf{}, holding{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
		})
	}
}

// downloaded lays out two tiny packages the way npm does.
func downloaded(t *testing.T, edit map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"asn/package.json":                 `{"version":"2.3.2026061719"}`,
		"asn/asn-ipv4.csv":                 "198.51.100.0,198.51.100.255,64500,\"Example, Ltd\"\n",
		"asn/asn-ipv6.csv":                 "2001:db8::,2001:db8::ffff,64501,Example Six\n",
		"asn-country/asn-country-ipv4.csv": "198.51.100.0,198.51.100.127,DE\n",
		"asn-country/asn-country-ipv6.csv": "2001:db8::,2001:db8::ffff,FR\n",
	}
	for name, text := range edit {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheTableMadeIsTheTableLoaded(t *testing.T) {
	data, out := downloaded(t, nil), filepath.Join(t.TempDir(), "dist", "networks.csv.gz")
	var said bytes.Buffer
	if err := run(data, out, &said); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	table, err := network.Load(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := table.Lookup(netip.MustParseAddr("198.51.100.1"))
	if !ok || n.ASN != 64500 || n.ASName != "Example, Ltd" || n.Country != "DE" {
		t.Errorf("network is %+v", n)
	}
	if table.Len() != 3 || !strings.Contains(said.String(), "3 ranges, built 2026-06-17") {
		t.Errorf("%d ranges; said %q", table.Len(), said.String())
	}
	if err := run(data, out, &said); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(out); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same data gave another table (%v)", err)
	}
}

func TestDamagedDataLeavesTheOldTable(t *testing.T) {
	tests := map[string]struct {
		edit map[string]string
		want string
	}{
		"a version without a date": {map[string]string{"asn/package.json": `{"version":"2.3.1"}`}, "holds no date"},
		"no package file":          {map[string]string{"asn/package.json": ``}, "npm ci"},
		"a row cut short":          {map[string]string{"asn/asn-ipv4.csv": "198.51.100.0,198.51"}, "asn-ipv4.csv"},
		"a word for an address":    {map[string]string{"asn-country/asn-country-ipv6.csv": "a,b,DE"}, "asn-country-ipv6.csv"},
		"a country that is none":   {map[string]string{"asn-country/asn-country-ipv4.csv": "198.51.100.0,198.51.100.127,Germany"}, "checking what was made"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "networks.csv.gz")
			if err := os.WriteFile(out, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := run(downloaded(t, test.edit), out, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
			if kept, err := os.ReadFile(out); err != nil || string(kept) != "old" {
				t.Errorf("the old table became %q (%v)", kept, err)
			}
		})
	}
}
