package bench

import (
	"fmt"
	"io"
	"os"
	"testing"

	"rekey/shared/event"
)

const rounds = 7

// BenchmarkTable runs all paths in turn, several rounds, and prints a table of the best ones with the ratios.
func BenchmarkTable(b *testing.B) {
	all, j := paths(), newJudge(b)
	for b.Loop() {
		for range rounds {
			for _, p := range all {
				p.measure(b, &p.decode, func(*event.Event) {})
				p.measure(b, &p.score, j.Event)
			}
		}
	}
	r := ratiosOf(all)
	report(os.Stdout, all, r)
	b.ReportMetric(r.library, "x-best-library")
	b.ReportMetric(r.invocation, "x-from-invocation")
}

// BenchmarkScore measures each path by itself: decode, extract, score.
func BenchmarkScore(b *testing.B) {
	j := newJudge(b)
	for _, p := range paths() {
		b.Run(p.name, func(b *testing.B) { p.benchmark(b, j.Event) })
	}
}

// BenchmarkDecode measures each path by itself: decode and extract.
func BenchmarkDecode(b *testing.B) {
	for _, p := range paths() {
		b.Run(p.name, func(b *testing.B) { p.benchmark(b, func(*event.Event) {}) })
	}
}

func (p *path) benchmark(b *testing.B, each func(*event.Event)) {
	b.SetBytes(int64(made().bytes))
	var c cost
	for b.Loop() {
		p.measure(b, &c, each)
	}
	b.ReportMetric(c.nanoseconds(), "ns/record")
	b.ReportMetric(c.perSecond(), "records/s")
	b.ReportMetric(c.allocs, "allocs/record")
}

// ratios are what the targets are about.
type ratios struct {
	best       string  // the fastest library
	library    float64 // Rekey's speed in its
	invocation float64 // speed from the invocation body in Rekey's from the message
}

func ratiosOf(all []*path) ratios {
	var best, ours, body *path
	for _, p := range all {
		switch {
		case p.name == rekey:
			ours = p
		case p.name == invocationPath:
			body = p
		case best == nil || p.score.time < best.score.time:
			best = p
		}
	}
	return ratios{best.name, best.score.nanoseconds() / ours.score.nanoseconds(), ours.score.nanoseconds() / body.score.nanoseconds()}
}

func report(w io.Writer, all []*path, r ratios) {
	fmt.Fprintf(w, "\n%d sign-ins of %d bytes on average, best of %d rounds, one after another on this machine\n", records, made().bytes/records, rounds)
	fmt.Fprintf(w, "%-18s%41s%41s\n", "", "decode, extract", "decode, extract, score")
	fmt.Fprintf(w, "%-18s", "")
	for range 2 {
		fmt.Fprintf(w, "%10s %8s %11s %9s", "ns/record", "MB/s", "records/s", "allocs")
	}
	fmt.Fprintln(w)
	for _, p := range all {
		fmt.Fprintf(w, "%-18s", p.name)
		for _, c := range []cost{p.decode, p.score} {
			fmt.Fprintf(w, "%10.0f %8.0f %11.0f %9.3f", c.nanoseconds(), c.megabytes(), c.perSecond(), c.allocs)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "Rekey is %.2f times as fast as the best library (%s); from the invocation body %.2f times Rekey from the message (decode, extract, score).\n\n",
		r.library, r.best, r.invocation)
}
