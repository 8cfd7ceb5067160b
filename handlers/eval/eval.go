package eval

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rekey/handlers/scan"
	"rekey/shared/event"
	"rekey/shared/lab"
	"rekey/shared/lab/measure"
	"rekey/shared/lab/rival"
	"rekey/shared/lab/simulate"
	"rekey/shared/lab/subject"
	"rekey/shared/lab/trial"
	"rekey/shared/score"
)

// Attacked is the share of principals that are attacked in a run.
const Attacked = .01

// Run does what the arguments say.
func Run(ctx context.Context, args []string, out, status io.Writer) error {
	c, err := parse(args, status)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return &scan.Exit{Code: scan.CodeUsage, Err: fmt.Errorf("%w; see rekey eval --help", err)}
	case c.write != "":
		return write(ctx, c, status)
	case c.benign:
		return benign(ctx, c.files, out, status)
	}
	return evaluate(ctx, c, out, status)
}

// evaluate runs all seeds, as many at a time as there are processors, and prints the figures.
func evaluate(ctx context.Context, c config, out, status io.Writer) error {
	started := time.Now()
	results := make([][]measure.Result, len(c.seeds))
	acts := make([]trial.Acts, len(benignSeeds))
	p := newProgress(status, len(c.seeds)*c.days)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	if c.year > 0 {
		p.total += len(benignSeeds) * (c.year + warmUp)
		for i, seed := range benignSeeds {
			group.Go(func() (err error) {
				acts[i], err = benignYear(ctx, c, seed, p)
				return err
			})
		}
	}
	for i, seed := range c.seeds {
		group.Go(func() (err error) {
			results[i], err = one(ctx, c, seed, c.ablation && i < ablated, p)
			return err
		})
	}
	err := group.Wait()
	p.done()
	if err != nil {
		return err
	}
	return publish(c, results, acts, time.Since(started), out)
}

const warmUp = 20

// ablated is how many of the seeds are also run past Rekeys that miss a field: enough to see what the field is worth.
const ablated = 5

// one runs one seed past all detectors, the ablations last.
func one(ctx context.Context, c config, seed uint64, ablate bool, p *progress) ([]measure.Result, error) {
	run := simulate.New(simulate.Options{Seed: seed, Principals: c.principals, Days: c.days, WarmUp: warmUp, Attacked: Attacked})
	detectors := append([]lab.Detector{subject.New()}, rival.All()...)
	if ablate {
		detectors = append(detectors, ablations()...)
	}
	t, err := trial.New(run, detectors...)
	if err != nil {
		return nil, err
	}
	if err := t.Run(p.day(ctx)); err != nil {
		return nil, fmt.Errorf("running seed %d: %w", seed, err)
	}
	from := run.Options.Start.AddDate(0, 0, warmUp)
	w := measure.Window{From: from, To: run.Options.Start.AddDate(0, 0, c.days)}
	return t.Results(w, map[string][]measure.Level{"Rekey": Levels}), ctx.Err()
}

// Levels are the shipped levels as the measure knows them.
var Levels = []measure.Level{
	{Name: "low", Threshold: score.LowBits}, {Name: "medium", Threshold: score.MediumBits}, {Name: "high", Threshold: score.HighBits},
}

// ablations are Rekeys that miss a field in every record.
func ablations() []lab.Detector {
	return []lab.Detector{
		subject.Blind("Rekey without user agent", func(e *event.Event) { e.SignIn.UserAgent, e.SignIn.ClientLibrary = "", "" }),
		subject.Blind("Rekey without key id", func(e *event.Event) { e.SignIn.CredentialKeyID = "" }),
		subject.Blind("Rekey without ASN", func(e *event.Event) { e.Network.ASN, e.Network.ASName = 0, "" }),
	}
}

// benignYear counts what Rekey would have done by itself in a year without intruders.
func benignYear(ctx context.Context, c config, seed uint64, p *progress) (trial.Acts, error) {
	run := simulate.New(simulate.Options{Seed: seed, Principals: c.principals / len(benignSeeds), Days: c.year + warmUp, WarmUp: warmUp})
	acts, err := trial.CountActs(run, p.day(ctx))
	if err != nil {
		return acts, fmt.Errorf("running benign seed %d: %w", seed, err)
	}
	return acts, ctx.Err()
}

// progress tells how far the evaluation is: a line that is overwritten on a terminal, a line a tenth elsewhere.
type progress struct {
	mu          sync.Mutex
	out         io.Writer
	terminal    bool
	total, days int
	told        int
	started     time.Time
}

func newProgress(out io.Writer, total int) *progress {
	p := &progress{out: out, total: total, started: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// day returns what is told of each simulated day that is over. A cancelled context stops the run there.
func (p *progress) day(ctx context.Context) func(time.Time) error {
	return func(time.Time) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.days++
		percent := 100 * p.days / max(1, p.total)
		switch {
		case p.terminal:
			fmt.Fprintf(p.out, "\r%3d %% of %d simulated days, %s", percent, p.total, time.Since(p.started).Round(time.Second))
		case percent >= p.told+10:
			p.told = percent / 10 * 10
			fmt.Fprintf(p.out, "%d %% of %d simulated days, %s\n", p.told, p.total, time.Since(p.started).Round(time.Second))
		}
		return ctx.Err()
	}
}

func (p *progress) done() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
