package bench

import (
	"math"
	"runtime"
	"syscall"
	"testing"
	"time"

	"rekey/shared/event"
)

// path is one way from the bytes to events, over the whole corpus.
type path struct {
	name   string
	run    func(each func(*event.Event)) error
	decode cost // decode and extract
	score  cost // the same, and score
}

// cost is the best round of a path.
type cost struct {
	time   time.Duration
	allocs float64 // a record
}

const (
	rekey          = "Rekey"
	invocationPath = "Rekey-invocation"
)

// paths are all that is measured, ready to run.
func paths() []*path {
	var all []*path
	for _, d := range decoders {
		decode := d.make()
		all = append(all, &path{name: d.name, run: func(each func(*event.Event)) error {
			for _, m := range made().messages {
				if err := decode(m, each); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	serve, bodies := newInvocations(), invocations(made().messages)
	return append(all, &path{name: invocationPath, run: func(each func(*event.Event)) error {
		for _, body := range bodies {
			if err := serve(body, each); err != nil {
				return err
			}
		}
		return nil
	}})
}

// measure runs a path and keeps the better of this and earlier rounds.
func (p *path) measure(tb testing.TB, into *cost, each func(*event.Event)) {
	tb.Helper()
	var before, after runtime.MemStats
	if err := p.run(each); err != nil { // not measured: a process that has run for a while has its memory already
		tb.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := processor()
	if err := p.run(each); err != nil {
		tb.Fatal(err)
	}
	took := processor() - begin
	runtime.ReadMemStats(&after)
	if into.time == 0 {
		into.time = math.MaxInt64
	}
	into.time = min(into.time, took)
	into.allocs = float64(after.Mallocs-before.Mallocs) / records
}

// processor is the processor time that this process took so far, its garbage collector included. It counts less of what
// others do on the machine than a clock does.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (c cost) nanoseconds() float64 { return float64(c.time.Nanoseconds()) / records }
func (c cost) perSecond() float64   { return records / c.time.Seconds() }
func (c cost) megabytes() float64   { return float64(made().bytes) / c.time.Seconds() / 1e6 }
