package risk_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkList answers lists of 20 out of 100,000 detections, each with a token that is checked: as fast as it can, and at
// 2,000 a second with what the slowest hundredth took from when it was due.
func BenchmarkList(b *testing.B) {
	w := newWorld(b)
	w.fill(b, 100_000, 5_000)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the rows stand for an account that is elsewhere: they are no garbage to look through
	token := w.token(b, w.claims(everything...))
	for name, query := range map[string]string{
		"newest": "?$top=20", "high": "?$top=20&$filter=riskLevel%20eq%20'high'%20and%20riskState%20eq%20'atRisk'", "principal": "?$top=20&$filter=servicePrincipalId%20eq%20'sp007'",
	} {
		one := func(tb testing.TB) {
			r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, detectionsURL+query, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			if w.api.ServeHTTP(rec, r); rec.Code != http.StatusOK {
				tb.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		one(b) // the keys are read, the index is settled
		b.Run(name+"/flat out", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					one(b)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
		b.Run(name+"/2000 a second", func(b *testing.B) { paced(b, 2000, func() { one(b) }) })
	}
}

// paced calls at a rate, whether or not earlier calls have ended, and reports how late the answers were.
func paced(b *testing.B, rate int, one func()) {
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range 16 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				due := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
				time.Sleep(time.Until(due))
				one()
				took[i] = time.Since(due)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "requests/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}
