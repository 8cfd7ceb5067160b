package scan

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"rekey/handlers/principals"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/baseline"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
	"rekey/shared/watch"
)

const learnUsage = `Usage: rekey learn [flags] [FILE | DIRECTORY | 'PATTERN' | -]...

Puts what exported logs teach into the live baseline, so that the service knows each principal from its first day. Takes
the same files as rekey scan, and the settings of the detect app (REKEY_TENANT_ID, REKEY_HASH_KEY, REKEY_STATE_*): with
another hash key the service would not recognise what was learned. Records of other tenants teach nothing. It may run
while the service runs, and again: the same files twice change nothing.

`

const learnExamples = `
Examples:
  rekey learn --asn networks.csv.gz exports/
  zcat signins-*.gz | rekey learn
`

// Learn is `rekey learn`. Its error may be an *Exit.
func Learn(ctx context.Context, args []string, s Streams) error {
	var o options
	f := flag.NewFlagSet("learn", flag.ContinueOnError)
	f.StringVar(&o.summary, "summary", "text", "`form` of the summary: text, json or none")
	o.common(f)
	if err := o.parse(f, args, s, learnUsage, learnExamples); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	var c settings.Detect
	if err := config.Load(&c); err != nil {
		return fmt.Errorf("%w\nrekey learn writes to the state of the detect app and needs its settings", err)
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return err
	}
	j, err := newRun(ctx, o, s, time.Now())
	if err != nil {
		return err
	}
	defer j.files.Close()
	return j.teach(ctx, baseline.NewHasher(c.HashKey), string(c.Tenant.ID), principals.Store{Table: account.Table(store.TablePrincipals)})
}

// teach learns from the files and merges it into the store.
func (j *job) teach(ctx context.Context, h baseline.Hasher, tenant string, live principals.Store) error {
	begun := time.Now()
	w, t, err := j.learn(ctx, h, tenant)
	if err != nil {
		return err
	}
	written, all, err := j.save(ctx, w.States(), live)
	if err != nil {
		return fmt.Errorf("%w; %d of %d states were written, run the command again to go on", err, written, all)
	}
	s := j.summary(t, w, time.Since(begun))
	fmt.Fprintf(j.Out, "learned: %d states written, %d already as they should be\n", written, all-written)
	return j.writeSummary(s)
}

const (
	savers = 16 // enough to hide the store's latency
	lane   = "learn"
)

// save merges states into the store, with the store's rules for conflicts: whoever writes at the same time loses nothing.
func (j *job) save(ctx context.Context, states iter.Seq2[string, *watch.State], live principals.Store) (written, all int64, err error) {
	var done, changed atomic.Int64
	total := int64(0)
	for range states {
		total++
	}
	defer j.progress.start("writing ", total, done.Load, "states")()
	group := funchost.NewGroup(ctx, savers)
	for key, learned := range states {
		if ctx.Err() != nil {
			break
		}
		group.Go(func(ctx context.Context) error {
			s, err := live.Load(ctx, key)
			if err != nil {
				return err
			}
			s.State.Merge(learned)
			n, err := live.Save(ctx, s, lane)
			if n > 0 {
				changed.Add(1)
			}
			done.Add(1)
			return err
		})
	}
	err = errors.Join(group.Wait(), context.Cause(ctx))
	return changed.Load(), total, err
}
