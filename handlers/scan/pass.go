package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/logfile"
	"rekey/shared/watch"
)

// sink is what a worker does with records.
type sink interface {
	logfile.Sink
	// begin says which file the next records are from.
	begin(file string)
	// refuse takes a file of a directory that is no log.
	refuse(file string, err error)
	// flush is called after each chunk: what was gathered is written out, strings of the chunk are gone. It returns how
	// many records there were.
	flush() (records int64, err error)
}

// run reads all files once, with a worker for each sink.
func run[S sink](ctx context.Context, src *source, p *progress, sinks []S) error {
	defer src.Close()
	group := funchost.NewGroup(ctx, len(sinks))
	for _, s := range sinks {
		group.Go(func(ctx context.Context) error { return work(ctx, src, p, s) })
	}
	return group.Wait()
}

func work(ctx context.Context, src *source, p *progress, s sink) error {
	w := worker{src: src, progress: p, sink: s, buf: make([]byte, 0, logfile.ChunkSize)}
	for {
		st, err := src.pick()
		if err != nil || st == nil {
			return err
		}
		if err := w.read(ctx, st); err != nil {
			return err
		}
	}
}

// worker reads chunks into its buffer and decodes them.
type worker struct {
	src      *source
	progress *progress
	sink     sink
	decoder  logfile.Decoder
	buf      []byte
}

// spent is called with a buffer that is used again; tests overwrite it to see who held on to it.
var spent = func([]byte) {}

// read reads what is left of a file.
func (w *worker) read(ctx context.Context, st *stream) error {
	w.sink.begin(st.input.name)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		c, err := w.src.chunk(st, w.buf)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && refused(st, err):
			w.sink.refuse(st.input.name, err)
			return nil
		case err != nil:
			return err
		}
		w.decoder.Decode(c, w.sink)
		n, err := w.sink.flush()
		if err != nil {
			return err
		}
		w.progress.records.Add(n)
		spent(c.Data)
		if w.buf = c.Data; cap(w.buf) > 4*logfile.ChunkSize {
			w.buf = make([]byte, 0, logfile.ChunkSize) // one long record must not keep its room for ever
		}
	}
}

// ahead is how far in the future an event may claim to lie, the same as for the functions: clocks differ, but a record
// of next week would push the whole window of a principal forward.
const ahead = 24 * time.Hour

// learner is the first pass: it counts and learns.
type learner struct {
	tally
	keeper  keeper
	watch   *watch.Watch
	tenant  string // only its records teach; empty: all
	now     time.Time
	rejects *lines
	warn    func(format string, args ...any)

	file    string
	out     []byte
	records int64
}

func (l *learner) begin(file string) { l.file = file }

func (l *learner) refuse(file string, err error) {
	l.warn("leaving out %s: %v", file, err)
	l.leftOut++
}

// Event implements logfile.Sink.
func (l *learner) Event(e *event.Event) {
	l.records++
	switch {
	case e.Time.After(l.now.Add(ahead)):
		count(l.dead, "the time of the record lies in the future")
		l.write(0, []byte(e.ID), fault.Errorf(fault.Poison, "reading record: its time %s lies in the future; its id stands here for it", e.Time.Format(time.RFC3339)))
		return
	case l.tenant != "" && e.Tenant != "" && e.Tenant != l.tenant:
		count(l.skipped, "of another tenant")
		return
	}
	l.event(e)
	l.keeper.event(e)
	l.watch.Learn(e)
}

// Skip implements logfile.Sink.
func (l *learner) Skip(category string) {
	l.records++
	l.skip(category)
}

// Reject implements logfile.Sink.
func (l *learner) Reject(offset int64, raw []byte, err error) {
	l.records++
	l.reject(err)
	l.write(offset, raw, err)
}

func (l *learner) write(offset int64, raw []byte, err error) {
	if l.rejects == nil {
		return
	}
	if line, e := appendReject(l.out, l.file, offset, raw, err); e == nil {
		l.out = line
	}
}

func (l *learner) flush() (int64, error) {
	n := l.records
	l.records = 0
	_, err := l.rejects.Write(l.out)
	l.out = l.out[:0]
	return n, err
}

// judge is the second pass.
type judge struct {
	*watch.Judge
	keeper keeper
	now    time.Time
	scores *lines

	out     []byte
	records int64
	err     error
}

func (j *judge) begin(string)                {}
func (j *judge) refuse(string, error)        {}
func (j *judge) Skip(string)                 { j.records++ }
func (j *judge) Reject(int64, []byte, error) { j.records++ }

// Event implements logfile.Sink. It hides the judge's own Event, which it calls.
func (j *judge) Event(e *event.Event) {
	j.records++
	if e.Time.After(j.now.Add(ahead)) {
		return
	}
	j.keeper.event(e)
	s := j.Judge.Event(e)
	if j.scores == nil || !isSignIn(e) || j.err != nil {
		return
	}
	if j.out, j.err = appendScore(j.out, e, s); j.err != nil {
		j.err = fmt.Errorf("writing score of %s: %w", e.ID, j.err)
	}
}

func (j *judge) flush() (int64, error) {
	n := j.records
	j.records = 0
	if j.err != nil {
		return n, j.err
	}
	_, err := j.scores.Write(j.out)
	j.out = j.out[:0]
	return n, err
}
