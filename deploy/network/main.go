package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"rekey/shared/network"
)

func main() {
	data := flag.String("data", "deploy/network/node_modules/@ip-location-db", "directory with the packages asn and asn-country")
	out := flag.String("out", "dist/networks.csv.gz", "where the table goes")
	flag.Parse()
	if err := run(*data, *out, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "making network table: %v\n", err)
		os.Exit(1)
	}
}

// run makes the table and says what is in it.
func run(data, out string, say io.Writer) error {
	built, err := buildDate(filepath.Join(data, "asn", "package.json"))
	if err != nil {
		return fmt.Errorf("%w (try `npm ci` in deploy/network)", err)
	}
	packed, err := pack(data, built)
	if err != nil {
		return err
	}
	table, err := network.Load(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("checking what was made: %w", err)
	}
	if err := replace(out, packed); err != nil {
		return err
	}
	_, err = fmt.Fprintf(say, "%s: %d ranges, built %s, %d bytes\n", out, table.Len(), table.Built.Format(time.DateOnly), len(packed))
	return err
}

// buildDate reads the day out of the packages' version, which is 2.3.<year><month><day><hour>.
func buildDate(packageJSON string) (time.Time, error) {
	raw, err := os.ReadFile(packageJSON)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading version of the data: %w", err)
	}
	var p struct{ Version string }
	if err := json.Unmarshal(raw, &p); err != nil {
		return time.Time{}, fmt.Errorf("reading version of the data: %w", err)
	}
	t, err := time.Parse("20060102", digits(p.Version))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading version of the data: %q holds no date", p.Version)
	}
	return t, nil
}

// digits returns the first eight digits after the last dot.
func digits(version string) string {
	stamp := filepath.Ext(version)
	if len(stamp) < 9 {
		return ""
	}
	return stamp[1:9]
}

// attribution is what the licences ask for.
const attribution = `# Networks of the internet: first address, last address, autonomous system, country, holder.
# Made for Rekey by deploy/network from @ip-location-db/asn and @ip-location-db/asn-country, merged and reduced.
# Systems: CC BY 4.0, by Route Views (routeviews.org), IP Geolocation by DB-IP (https://db-ip.com) and NRO (nro.net).
# Countries: CC0 1.0 (ip-location-db), from statistics of the NRO (nro.net, CC BY 4.0).
# Licence text: https://creativecommons.org/licenses/by/4.0/
`

// pack merges both families of addresses into one compressed table.
func pack(data string, built time.Time) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(z, "%s# built %s\nstart,end,asn,country,name\n", attribution, built.Format(time.DateOnly)); err != nil {
		return nil, err
	}
	for _, family := range []string{"ipv4", "ipv6"} {
		systems, err := readRanges(filepath.Join(data, "asn", "asn-"+family+".csv"), 4)
		if err != nil {
			return nil, err
		}
		countries, err := readRanges(filepath.Join(data, "asn-country", "asn-country-"+family+".csv"), 3)
		if err != nil {
			return nil, err
		}
		if err := write(z, join(merge(systems, countries))); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// replace writes beside the old table and renames: a reader sees the old one or the new one.
func replace(out string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("writing table: %w", err)
	}
	if err := os.WriteFile(out+".new", data, 0o644); err != nil {
		return fmt.Errorf("writing table: %w", err)
	}
	if err := os.Rename(out+".new", out); err != nil {
		return fmt.Errorf("writing table: %w", err)
	}
	return nil
}
