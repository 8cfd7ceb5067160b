package scan

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/network"
	"rekey/shared/report"
	"rekey/shared/streams"
	"rekey/shared/watch"
)

// Scan is `rekey scan`. Its error may be an *Exit.
func Scan(ctx context.Context, args []string, s Streams) error {
	o, err := parseScan(args, s)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := newRun(ctx, o, s, time.Now())
	if err != nil {
		return err
	}
	defer r.files.Close()
	return r.scan(ctx)
}

// job is one call of a command.
type job struct {
	options
	Streams
	now      time.Time
	files    *inputs
	health   streams.Health // which logs the files hold, once they are learned
	enrich   func(*event.Event)
	progress progress
}

func newRun(ctx context.Context, o options, s Streams, now time.Time) (*job, error) {
	if len(o.files) == 0 && isTerminal(s.In) {
		return nil, &Exit{CodeUsage, errors.New("no logs: name files or a folder, or pipe logs in; see --help")}
	}
	table, err := openTable(o.asn)
	if err != nil {
		return nil, err
	}
	own := network.NewOwn(o.prefixes()...).TrustNamed(o.trustNamed)
	j := &job{options: o, Streams: s, now: now, enrich: func(e *event.Event) { network.Enrich(e, table, own) }}
	if !o.quiet && isTerminal(s.Err) {
		j.progress.w = s.Err
	}
	j.files, err = openInputs(ctx, o.files, s.In)
	return j, err
}

// openTable reads the address table; without one, only what records say about their addresses is known.
func openTable(path string) (*network.Table, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening address table: %w; make one with `make network-table`, or leave out --asn and REKEY_NETWORK_TABLE", err)
	}
	defer f.Close()
	return network.Load(f)
}

func (j *job) scan(ctx context.Context) (err error) {
	begun := time.Now()
	scores, err := createLines(j.scores)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scores.Close()) }()
	w, t, err := j.learn(ctx, baseline.NewHasher(j.key), "")
	if err != nil {
		return err
	}
	found, err := j.judge(ctx, w.Close(), scores)
	if err != nil {
		return err
	}
	in := investigation{subjects: w.Subjects(), hasher: baseline.NewHasher(j.key), world: j.world, health: j.health, now: j.now, end: t.last}
	found, cases := in.run(found)
	r := report.Report{Made: j.now, Detections: found, Cases: cases, Summary: j.summary(t, w, time.Since(begun))}
	r.Summary.Detections, r.Summary.Logs = report.Count(found), t.logs(j.health)
	if err := errors.Join(j.write(r), j.writeCases(cases)); err != nil {
		return err
	}
	return j.verdict(found)
}

// learn is the first pass.
func (j *job) learn(ctx context.Context, h baseline.Hasher, tenant string) (w *watch.Watch, t tally, err error) {
	rejects, err := createLines(j.rejects)
	if err != nil {
		return nil, t, err
	}
	defer func() { err = errors.Join(err, rejects.Close()) }()
	learners := make([]*learner, runtime.GOMAXPROCS(0))
	for i := range learners {
		learners[i] = &learner{
			tally: newTally(), watch: watch.New(watch.Config{Hasher: h, Enrich: j.enrich, World: j.world}), tenant: tenant, now: j.now, rejects: rejects, warn: j.warn,
		}
	}
	if err := pass(ctx, j, "learning", learners); err != nil {
		return nil, t, err
	}
	w, t = learners[0].watch, learners[0].tally
	for _, l := range learners[1:] {
		w.Merge(l.watch)
		t.add(&l.tally)
	}
	j.health = t.health()
	return w, t, nil
}

// pass reads all files once and shows how far it is.
func pass[S sink](ctx context.Context, j *job, label string, sinks []S) error {
	src := &source{files: j.files.files}
	defer j.progress.start(label, j.files.size(), src.bytes.Load, "MB")()
	return run(ctx, src, &j.progress, sinks)
}

// judge is the second pass.
func (j *job) judge(ctx context.Context, h *watch.History, scores *lines) ([]detect.Detection, error) {
	judges := make([]*judge, runtime.GOMAXPROCS(0))
	for i := range judges {
		judges[i] = &judge{Judge: h.Judge(), now: j.now, scores: scores}
	}
	if err := pass(ctx, j, "judging ", judges); err != nil {
		return nil, err
	}
	all := judges[0].Judge
	for _, o := range judges[1:] {
		all.Merge(o.Judge)
	}
	found := all.Detections()
	for i := range found {
		if found[i].Detected.IsZero() {
			found[i].Detected = j.now.UTC().Truncate(time.Second)
		}
	}
	return found, nil
}

func (j *job) summary(t tally, w *watch.Watch, took time.Duration) report.Summary {
	s := t.summary()
	s.Files, s.Bytes, s.Principals = len(j.files.files), j.files.size(), w.Principals()
	s.Seconds = took.Seconds()
	s.PerSecond = float64(s.Records) / max(0.001, s.Seconds)
	return s
}

// write writes the report to standard output and the summary to standard error.
func (j *job) write(r report.Report) error {
	out := bufio.NewWriterSize(j.Out, 1<<16)
	var err error
	switch j.format {
	case "json":
		err = report.Lines(out, r.Detections)
	case "html":
		err = report.HTML(out, r)
	default:
		err = report.Text(out, r, report.TextOptions{Color: isTerminal(j.Out) && os.Getenv("NO_COLOR") == ""})
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	return j.writeSummary(r.Summary)
}

// writeCases writes the cases to their file, one line of JSON each.
func (j *job) writeCases(cases []casefile.Case) (err error) {
	if j.cases == "" {
		return nil
	}
	l, err := createLines(j.cases)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return report.CaseLines(l, cases...)
}

func (j *job) writeSummary(s report.Summary) error {
	write := report.SummaryText
	switch j.options.summary { // the method has its name
	case "none":
		return nil
	case "json":
		write = report.SummaryJSON
	default:
		if j.format != "json" && isTerminal(j.Out) {
			fmt.Fprintln(j.Err) // apart from the report on the same screen
		}
	}
	return write(j.Err, s)
}

// verdict is what --fail-on says.
func (j *job) verdict(found []detect.Detection) error {
	n := 0
	for _, d := range found {
		if j.failOn != "" && d.Level.AtLeast(j.level()) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &Exit{CodeFound, fmt.Errorf("%d detections are of level %s or higher (--fail-on)", n, j.failOn)}
}

func (j *job) warn(format string, args ...any) {
	line := ""
	if j.progress.w != nil {
		line = "\r\x1b[K"
	}
	_, _ = io.WriteString(j.Err, line+fmt.Sprintf(format, args...)+"\n")
}
