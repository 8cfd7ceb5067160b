package eval

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The seeds. Judging seeds were never looked at while weights, thresholds or rivals were tuned.
var (
	TuningSeeds  = []uint64{1, 2, 3}
	JudgingSeeds = seeds(11, 30)
	benignSeeds  = []uint64{101, 102} // of the year without intruders
)

func seeds(from, to uint64) (out []uint64) {
	for s := from; s <= to; s++ {
		out = append(out, s)
	}
	return out
}

// config is what a call asks for.
type config struct {
	seeds      []uint64
	principals int
	days       int
	year       int // days of the benign run; 0 leaves it out
	ablation   bool
	json, plot string
	write      string
	benign     bool
	files      []string
}

const usage = `rekey eval proves the detection on simulated tenants, beside published detectors on the same records.

Usage:
  rekey eval [flags]                          the judging seeds: a table, and a line of JSON a detector with --json
  rekey eval --write FILE [--seeds N]         write the records of one simulated tenant, compressed if FILE ends in .gz
  rekey eval --benign [scan flags] FILES...   alerts a day at each level on your own logs, which you believe benign

Flags:
`

// parse reads the words of a call.
func parse(args []string, out io.Writer) (config, error) {
	c := config{}
	f := flag.NewFlagSet("eval", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() { fmt.Fprint(out, usage); f.PrintDefaults() }
	list := f.String("seeds", "judging", "`SEEDS`: judging, tuning, a number, or a range like 11-14")
	f.IntVar(&c.principals, "principals", 2000, "`N` workload identities in each tenant")
	f.IntVar(&c.days, "days", 45, "`N` days of each run; no intruder comes in the first 20")
	f.IntVar(&c.year, "year", 365, "`N` benign days in which wrong acts are counted; 0 leaves that out")
	f.BoolVar(&c.ablation, "ablation", true, "also run Rekey without user agent, without key id, without ASN, on the first five seeds")
	f.StringVar(&c.json, "json", "", "write a line of JSON for each detector to `FILE`")
	f.StringVar(&c.plot, "plot", "", "draw recall over the alert budget to `FILE` (SVG)")
	f.StringVar(&c.write, "write", "", "write the records of one tenant to `FILE` and stop")
	if len(args) > 0 && (args[0] == "--benign" || args[0] == "-benign") {
		return config{benign: true, files: args[1:]}, benignArgs(args[1:])
	}
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: files go behind --benign", f.Arg(0))
	}
	var err error
	c.seeds, err = parseSeeds(*list)
	return c, errors.Join(err, c.check())
}

// benignArgs checks what follows --benign: the words of a scan.
func benignArgs(args []string) error {
	if len(args) == 0 {
		return errors.New("--benign needs the log files to count alerts in")
	}
	return nil
}

func (c *config) check() error {
	switch {
	case c.principals < 100 || c.days < 25:
		return errors.New("--principals must be at least 100 and --days at least 25: fewer say nothing")
	case c.write != "" && len(c.seeds) > 1:
		c.seeds = c.seeds[:1]
	}
	return nil
}

func parseSeeds(s string) ([]uint64, error) {
	switch s {
	case "judging":
		return JudgingSeeds, nil
	case "tuning":
		return TuningSeeds, nil
	}
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	a, err1 := strconv.ParseUint(from, 10, 32)
	b, err2 := strconv.ParseUint(to, 10, 32)
	if err1 != nil || err2 != nil || b < a || b-a > 1000 {
		return nil, fmt.Errorf("--seeds %q: judging, tuning, a number, or a range like 11-14", s)
	}
	return seeds(a, b), nil
}
