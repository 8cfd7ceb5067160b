package scan_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/handlers/scan"
)

// now is when the scans of these tests are made; the logs end the evening before.
var now = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

const tenantID = "77777777-0000-4000-8000-000000000000"

func id(kind, n int) string { return fmt.Sprintf("%08d-%04d-4000-8000-000000000000", kind, n) }

// visit is one sign-in.
type visit struct {
	principal int
	at        time.Time
	ip        string
	asn       int
	country   string
	agent     string
	resource  string
	key       int
	code      int
}

var visits int

func (v visit) record() string {
	visits++
	return fmt.Sprintf(`{"time":%q,"category":"ServicePrincipalSignInLogs","tenantId":%q,"resultType":"%d","callerIpAddress":%q,"properties":{`+
		`"id":%q,"createdDateTime":%q,"appId":%q,"servicePrincipalId":%q,"servicePrincipalName":"workload-%d","ipAddress":%q,"autonomousSystemNumber":%d,`+
		`"location":{"countryOrRegion":%q},"userAgent":%q,"status":{"errorCode":%d},"clientCredentialType":"clientSecret",`+
		`"servicePrincipalCredentialKeyId":%q,"resourceId":%q,"resourceDisplayName":%q,"uniqueTokenIdentifier":"t%d"}}`,
		v.at.Add(time.Minute).Format(time.RFC3339), tenantID, v.code, v.ip, id(1, visits), v.at.Format(time.RFC3339), id(2, v.principal), id(3, v.principal), v.principal,
		v.ip, v.asn, v.country, v.agent, v.code, id(4, v.key), id(5, len(v.resource)), v.resource, visits)
}

// history is three weeks of five workloads, and on the last day a copied secret of the third in use.
func history() []string {
	visits = 0
	var out []string
	begin := time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)
	for day := range 21 {
		for p := range 5 {
			for run := range 4 {
				out = append(out, visit{
					principal: p, at: begin.AddDate(0, 0, day).Add(time.Duration(6*run+p) * time.Hour), ip: fmt.Sprintf("192.0.2.%d", 10+p), asn: 64500,
					country: "DE", agent: "azsdk-net-Identity/1.11.0", resource: "Azure Storage", key: p,
				}.record())
			}
		}
	}
	attack := begin.AddDate(0, 0, 20).Add(3 * time.Hour)
	for i, resource := range []string{"Microsoft Graph", "Azure Key Vault"} {
		out = append(out, visit{
			principal: 2, at: attack.Add(time.Duration(i) * time.Minute), ip: "203.0.113.9", asn: 64511, country: "BR",
			agent: "python-requests/2.31.0", resource: resource, key: 2,
		}.record())
	}
	return append(out, `{"time":"2026-11-24T01:00:00Z","category":"ProvisioningLogs","properties":{"id":"x"}}`)
}

// write makes a file in a temporary folder.
func write(t testing.TB, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outcome is what a call left behind.
type outcome struct {
	out, err string
	error    error
}

func run(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	var out, e bytes.Buffer
	err := scan.ScanAt(t.Context(), now, args, scan.Streams{In: strings.NewReader(stdin), Out: &out, Err: &e})
	return outcome{out.String(), e.String(), err}
}

// report is the report of a call that must work, one line of JSON a detection.
func findings(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	o := run(t, stdin, append([]string{"--format", "json", "--summary", "none"}, args...)...)
	if o.error != nil {
		t.Fatalf("%v: %v\n%s", args, o.error, o.err)
	}
	if o.err != "" {
		t.Errorf("%v: standard error says %s", args, o.err)
	}
	return o.out
}

func decode[T any](t testing.TB, line string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return v
}
