package bench

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	seed       = 20261122
	records    = 20_000
	principals = 1_685
	tenant     = "7f3b1c52-9d0e-4c8a-b1f6-2a5d8e90c311"
	day        = "2026-06-17"
)

// corpus is the messages of a hub, and the invocation bodies that bring them.
type corpus struct {
	messages [][]byte
	bytes    int // of all messages
}

// application is one principal of the made-up tenant.
type application struct {
	id, app, name, agent, library, credential, key, owner string
	resource                                              [2]string
	place                                                 place
	addresses                                             [2]string
	policies                                              int
	old                                                   bool
}

type place struct {
	city, state, country string
	latitude, longitude  float64
	asn                  int
}

var (
	places = []place{
		{"Frankfurt Am Main", "Hessen", "DE", 50.1109, 8.6821, 8075}, {"Amsterdam", "Noord-Holland", "NL", 52.37, 4.9, 8075},
		{"Dublin", "Dublin", "IE", 53.344, -6.267, 16509}, {"Boydton", "Virginia", "US", 36.667, -78.38, 8075},
		{"", "", "", 0, 0, 0}, {"Paris", "Paris", "FR", 48.86, 2.34, 16276}, {"Z\u00fcrich", "Z\u00fcrich", "CH", 47.37, 8.54, 64500},
	}
	agents = []string{
		"okhttp/4.8.1", "", "python-requests/2.31.0", "azsdk-net-Identity/1.13.1 (.NET 8.0.11; Linux 6.5.0)", "Terraform/1.9.5 azurerm/4.1.0",
		"azsdk-go-azidentity/v1.8.0 (go1.23.2; linux)", `Mozilla\/5.0 (X11; \"Linux\" x86_64) HeadlessChrome\/128.0`,
	}
	libraries = []string{
		"Family: MSAL Library: MSAL.Java 1.10.0 Platform: Java", "Family: MSAL Library: MSAL.NET 4.65.0.0 Platform: .NET 8.0.11", "",
		"Family: MSAL Library: MSAL.Python 1.31.0 Platform: Python", "Family: MSAL Library: MSAL.Go 1.3.2 Platform: Go",
	}
	targets = [][2]string{
		{"797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"}, {"00000003-0000-0000-c000-000000000000", "Microsoft Graph"},
		{"e406a681-f3d4-42a8-90b6-c2b029497af1", "Azure Storage"}, {"cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault"},
	}
	stems = []string{"billing", "inventory-sync", "ci-deployer", "backup", "payroll export", "sap-connector", "telemetry", "hr \\u0026 travel", "the \\\"old\\\" gateway"}
)

// generate makes the corpus.
func generate() *corpus {
	r := rand.New(rand.NewPCG(seed, 1))
	apps := make([]application, principals)
	for i := range apps {
		apps[i] = newApplication(r, i)
	}
	zipf := rand.NewZipf(r, 1.1, 8, principals-1)
	c := &corpus{}
	for left := records; left > 0; {
		n := min(left, 1+r.IntN(100))
		var b strings.Builder
		b.WriteString(`{"records":[`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			write(&b, r, &apps[zipf.Uint64()])
		}
		b.WriteString(`]}`)
		c.messages = append(c.messages, []byte(b.String()))
		c.bytes += b.Len()
		left -= n
	}
	return c
}

func newApplication(r *rand.Rand, i int) application {
	a := application{
		id: guid(r), app: guid(r), owner: tenant, key: guid(r), credential: "clientSecret", place: places[r.IntN(len(places))],
		agent: agents[r.IntN(len(agents)-1)], library: libraries[r.IntN(len(libraries))], resource: targets[r.IntN(len(targets))],
		name: fmt.Sprintf("%s-%04d", stems[r.IntN(len(stems)-2)], i),
	}
	switch { // one in twenty names and user agents carries escapes
	case r.IntN(20) == 0:
		a.name = fmt.Sprintf("%s-%04d", stems[len(stems)-1-r.IntN(2)], i)
	case r.IntN(20) == 0:
		a.agent = agents[len(agents)-1]
	}
	switch r.IntN(10) {
	case 0, 1:
		a.credential = "certificate"
	case 2:
		a.credential, a.key = "federatedIdentityCredential", "00000000-0000-0000-0000-000000000000"
	case 3:
		a.owner = guid(r)
	}
	if a.old = r.IntN(3) == 0; !a.old {
		a.policies = max(0, r.IntN(6)-4)
	}
	for i := range a.addresses {
		a.addresses[i] = fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(180), r.IntN(256), r.IntN(256), 1+r.IntN(254))
	}
	if r.IntN(10) == 0 {
		a.addresses[1] = fmt.Sprintf("2603:1020:%x:%x::%x", r.IntN(65536), r.IntN(65536), 1+r.IntN(65535))
	}
	return a
}

func guid(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), 0x8000+r.IntN(0x4000), r.Int64N(1<<48))
}

func token(r *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func moment(r *rand.Rand) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Add(time.Duration(r.Int64N(int64(24*time.Hour)/100)) * 100)
}
