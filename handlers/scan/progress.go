package scan

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// isTerminal reports whether somebody watches.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progress shows how far a pass is, on one line that is written anew.
type progress struct {
	records atomic.Int64

	w     io.Writer // nil: nobody watches
	label string
	unit  string // of total; MB are a million
	total int64
	done  func() int64
	begun time.Time
}

const refresh = 250 * time.Millisecond

// start shows the line until stop is called.
func (p *progress) start(label string, total int64, done func() int64, unit string) (stop func()) {
	p.label, p.total, p.done, p.unit, p.begun = label, total, done, unit, time.Now()
	p.records.Store(0)
	if p.w == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(refresh)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprintf(p.w, "\r\x1b[K%s", p.line(time.Since(p.begun)))
			case <-end:
				fmt.Fprint(p.w, "\r\x1b[K")
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// line is the line after some time.
func (p *progress) line(elapsed time.Duration) string {
	const bar = 24
	done := p.done()
	share := min(1, float64(done)/float64(max(1, p.total)))
	full := int(share * bar)
	left := ""
	if share > 0.02 && share < 1 {
		left = fmt.Sprintf(", %s left", time.Duration(float64(elapsed)*(1-share)/share).Round(time.Second))
	}
	scale, rate := 1.0, ""
	if p.unit == "MB" {
		scale, rate = 1e6, fmt.Sprintf(", %.0f records/s", float64(p.records.Load())/max(0.001, elapsed.Seconds()))
	}
	return fmt.Sprintf("%s [%s%s] %3.0f%%  %.0f of %.0f %s%s%s", p.label, strings.Repeat("#", full), strings.Repeat(".", bar-full),
		share*100, float64(done)/scale, float64(p.total)/scale, p.unit, rate, left)
}
