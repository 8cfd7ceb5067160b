package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/score"
)

// Summary says what a scan went through.
type Summary struct {
	Files        int              `json:"files"`
	LeftOut      int              `json:"filesLeftOut"` // of a folder, because they are no logs
	Bytes        int64            `json:"bytes"`        // as they lie on disk
	Records      int64            `json:"records"`
	Decoded      int64            `json:"decoded"`
	SignIns      int64            `json:"signIns"`      // of workloads, failed ones included
	Skipped      map[string]int64 `json:"skipped"`      // by category
	DeadLettered map[string]int64 `json:"deadLettered"` // by reason
	First        *time.Time       `json:"first"`        // of the events; null without any
	Last         *time.Time       `json:"last"`
	Principals   int              `json:"principals"`
	Detections   []Tally          `json:"detections"` // nil when nothing was looked for
	Logs         []Log            `json:"logs,omitempty"`
	Seconds      float64          `json:"seconds"`
	PerSecond    float64          `json:"recordsPerSecond"`
}

// Tally counts the detections of one type and level.
type Tally struct {
	Type  string      `json:"riskEventType"`
	Level score.Level `json:"riskLevel"`
	Count int         `json:"count"`
}

// Count counts detections by type and level: by type, the highest level first.
func Count(detections []detect.Detection) []Tally {
	counts := map[Tally]int{}
	for _, d := range detections {
		counts[Tally{Type: d.Type, Level: d.Level}]++
	}
	out := []Tally{}
	for t, n := range counts {
		t.Count = n
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tally) int { return cmp.Or(cmp.Compare(a.Type, b.Type), rank(b.Level)-rank(a.Level)) })
	return out
}

// SummaryJSON writes the summary as one line of JSON.
func SummaryJSON(w io.Writer, s Summary) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(s)
}

// SummaryText writes the summary for a person.
func SummaryText(w io.Writer, s Summary) error {
	lines := []string{
		fmt.Sprintf("Read %s (%s%s), %s records in %.1f s: %s records a second.", plural(s.Files, "file", "files"), size(s.Bytes), leftOut(s.LeftOut), thousands(s.Records), s.Seconds, thousands(int64(s.PerSecond))),
		row("decoded", s.Decoded, fmt.Sprintf("of them %s sign-ins of workloads%s", thousands(s.SignIns), between(s.First, s.Last))),
		row("skipped", total(s.Skipped), "by category: "+parts(s.Skipped)),
		row("dead-lettered", total(s.DeadLettered), "by reason: "+parts(s.DeadLettered)),
		row("principals", int64(s.Principals), "with a successful sign-in"),
	}
	if s.Detections != nil {
		lines = append(lines, detections(s.Detections))
	}
	lines = append(lines, logLines(s.Logs)...)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

func detections(tallies []Tally) string {
	all := 0
	words := []string{}
	for _, t := range tallies {
		all += t.Count
		words = append(words, fmt.Sprintf("%s %s %d", plain(t.Type), t.Level, t.Count))
	}
	return row("detections", int64(all), strings.Join(words, ", "))
}

func leftOut(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", of which %d were left out", n)
}

func row(what string, n int64, more string) string {
	if n == 0 {
		more = ""
	}
	return strings.TrimRight(fmt.Sprintf("  %-14s %13s  %s", what, thousands(n), more), " ")
}

func between(first, last *time.Time) string {
	if first == nil || last == nil {
		return ""
	}
	const minute = "2006-01-02 15:04"
	return fmt.Sprintf(", from %s to %s UTC", first.UTC().Format(minute), last.UTC().Format(minute))
}

func total(counts map[string]int64) int64 {
	sum := int64(0)
	for _, n := range counts {
		sum += n
	}
	return sum
}

// parts lists the counts, the largest first.
func parts(counts map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %s", thousands(counts[k]), plain(k))
	}
	return strings.Join(keys, ", ")
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes as people do.
func size(n int64) string {
	for _, unit := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= unit.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.bytes), unit.name)
		}
	}
	return plural(int(n), "byte", "bytes")
}
