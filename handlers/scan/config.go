package scan

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"rekey/handlers/settings"
	"rekey/shared/host/config"
	"rekey/shared/rule"
	"rekey/shared/score"
)

// Streams are what a command reads and writes. Out carries the report and nothing else.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit is an error that ends the program with a code of its own.
type Exit struct {
	Code int // 2: the words of the call are off; 3: --fail-on found something
	Err  error
}

// Error implements error.
func (e *Exit) Error() string { return e.Err.Error() }

// Unwrap returns what the exit is about.
func (e *Exit) Unwrap() error { return e.Err }

// ExitCode says how the program ends.
func (e *Exit) ExitCode() int { return e.Code }

// Codes of Exit. An error of another kind ends with 1.
const (
	CodeUsage = 2
	CodeFound = 3
)

// options are the words of a call.
type options struct {
	format     string // text, json, html
	summary    string // text, json, none
	scores     string // file for one line a sign-in; empty: none
	cases      string // file for one line a case; empty: none
	rejects    string // file for what cannot be used; empty: none
	asn        string // address table
	own        config.Prefixes
	trustNamed bool   // trusted named locations are one's own, too
	failOn     string // level; empty: never
	quiet      bool
	key        [16]byte // of the hashes
	world      *rule.World
	files      []string
}

// environment are the settings that a scan shares with the functions.
type environment struct {
	settings.World
	NetworkTable string          `envconfig:"REKEY_NETWORK_TABLE" help:"path of the address table"`
	OwnNetworks  config.Prefixes `envconfig:"REKEY_OWN_NETWORKS" help:"your own egress networks, separated by commas, like 192.0.2.0/24,198.51.100.7"`
	TrustNamed   bool            `envconfig:"REKEY_TRUST_NAMED_LOCATIONS" default:"false" help:"true when trusted named locations are your own egress, too"`
	HashKey      config.Key      `envconfig:"REKEY_HASH_KEY" help:"base64 of 16 random bytes, secret"`
}

const scanUsage = `Usage: rekey scan [flags] [FILE | DIRECTORY | 'PATTERN' | -]...

Looks for misused workload identities in exported logs of Microsoft Entra, Key Vault, Microsoft Graph and Azure, with
nothing but the files. JSON in any shape these are exported in (lines, arrays, {"records":[...]}, Log Analytics), gzip or
not. A directory means all files below it. Without files, or with -, standard input is read. The more days before an
incident are there, the better: two weeks are good, 60 days are used.

`

const scanExamples = `
The report goes to standard output, the summary and progress to standard error.
Beside each record and sign-in it judges what several of them show together, and answers a defender's checklist about each
principal with something of medium or higher, from what the logs say: in the report for the riskiest, with --cases for all.
Where a log is missing the answer is unknown; the summary says which are.
Where a principal has very many values of a property, a sample of them is kept, drawn with a new key every time. With a
REKEY_HASH_KEY (openssl rand -base64 16) the same logs give exactly the same report again. What the tenant declares about
itself (REKEY_DOMAINS, REKEY_DEPLOYERS, REKEY_APPROVED_APPS, REKEY_REPOSITORIES, REKEY_ISSUERS, REKEY_OWN_SCOPES) counts as in the
service.
Exit codes: 0 scanned (whatever was found), 1 error, 2 wrong usage, 3 with --fail-on.

Examples:
  rekey scan signins.json audit.json              a report to read
  rekey scan --format html logs/ > report.html    a page to pass on
  rekey scan --asn networks.csv.gz --own 192.0.2.0/24,198.51.100.7 logs/
  zcat export-*.gz | rekey scan --format json --scores scores.jsonl | jq .riskLevel
  rekey scan --cases cases.jsonl logs/ && jq -r .headline.next cases.jsonl
  rekey scan --fail-on high --quiet nightly.jsonl || page-somebody
`

func parseScan(args []string, s Streams) (options, error) {
	o := options{}
	f := flag.NewFlagSet("scan", flag.ContinueOnError)
	f.StringVar(&o.format, "format", "text", "`form` of the report: text, json (one detection a line) or html (one page)")
	f.StringVar(&o.summary, "summary", "text", "`form` of the summary: text, json or none")
	f.StringVar(&o.scores, "scores", "", "write the score of every sign-in to `FILE`, one line of JSON each, in no particular order")
	f.StringVar(&o.cases, "cases", "", "write the case of every principal with something of medium or higher to `FILE`, one line of JSON each")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 3 when a detection is of this `level` or higher: low, medium or high")
	o.common(f)
	return o, o.parse(f, args, s, scanUsage, scanExamples)
}

// common are the flags that scan and learn have in common.
func (o *options) common(f *flag.FlagSet) {
	f.StringVar(&o.rejects, "rejects", "", "write what cannot be decoded to `FILE`, one line of JSON each with the bytes as they came")
	f.StringVar(&o.asn, "asn", "", "address table: `FILE` as made by make network-table (or REKEY_NETWORK_TABLE)")
	f.Func("own", "your own egress networks, which are never unfamiliar: `CIDR,CIDR` (or REKEY_OWN_NETWORKS)", func(s string) error {
		if err := (*config.Prefixes)(&o.own).Decode(s); err != nil {
			return fmt.Errorf("%w; networks look like 192.0.2.0/24,198.51.100.7", err)
		}
		return nil
	})
	f.BoolVar(&o.trustNamed, "trust-named", false, "trusted named locations are your own egress, too (or REKEY_TRUST_NAMED_LOCATIONS)")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
}

// parse reads the words. Flags may stand behind files; everything behind -- is a file.
func (o *options) parse(f *flag.FlagSet, args []string, s Streams, usage, examples string) error {
	f.SetOutput(io.Discard)
	help := func(w io.Writer) {
		fmt.Fprint(w, usage+"Flags:\n")
		f.SetOutput(w)
		f.PrintDefaults()
		fmt.Fprint(w, examples)
	}
	var behind []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, behind = args[:i], args[i+1:]
	}
	for {
		switch err := f.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			help(s.Out)
			return flag.ErrHelp
		case err != nil:
			return &Exit{CodeUsage, fmt.Errorf("%w; see rekey %s --help", err, f.Name())}
		}
		if f.NArg() == 0 {
			break
		}
		o.files = append(o.files, f.Arg(0))
		args = f.Args()[1:]
	}
	o.files = append(o.files, behind...)
	if err := o.check(); err != nil {
		return &Exit{CodeUsage, fmt.Errorf("%w; see rekey %s --help", err, f.Name())}
	}
	return o.environment()
}

func (o *options) check() error {
	for _, c := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--format", o.format, []string{"", "text", "json", "html"}},
		{"--summary", o.summary, []string{"", "text", "json", "none"}},
		{"--fail-on", o.failOn, []string{"", "low", "medium", "high"}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return fmt.Errorf("%s is %q: it can be %s", c.flag, c.value, strings.Join(c.allowed[1:], ", "))
		}
	}
	return nil
}

// environment takes from the settings what the words do not say.
func (o *options) environment() error {
	var e environment
	if err := config.Load(&e); err != nil {
		return err
	}
	if o.asn == "" {
		o.asn = e.NetworkTable
	}
	if len(o.own) == 0 {
		o.own = e.OwnNetworks
	}
	o.trustNamed = o.trustNamed || e.TrustNamed
	o.key, o.world = e.HashKey, e.Declared("")
	if o.key == [16]byte{} {
		_, _ = rand.Read(o.key[:]) // never fails
	}
	return nil
}

func (o *options) prefixes() []netip.Prefix { return o.own }

func (o *options) level() score.Level { return score.Level(o.failOn) }
