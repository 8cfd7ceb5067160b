package report

import (
	"time"

	"rekey/shared/detect"
	"rekey/shared/score"
)

// The timeline is an SVG of this size, in its own units, with a lane for each level.
const (
	timelineWidth = 1000
	timelineEdge  = 20
	laneHeight    = 16
)

type timelineView struct {
	Ticks []tick
	Marks []mark
}

// tick is a line with a date.
type tick struct {
	X    int
	Text string
}

// mark is a detection.
type mark struct {
	X, Width, Y int
	Level       score.Level
	Title       string
}

// stretch is the time the report is about: that of the logs, and of what was found.
func stretch(r Report) (first, last time.Time) {
	if r.Summary.First != nil && r.Summary.Last != nil {
		first, last = *r.Summary.First, *r.Summary.Last
	}
	for _, d := range r.Detections {
		if first.IsZero() || d.First.Before(first) {
			first = d.First
		}
		if d.Last.After(last) {
			last = d.Last
		}
	}
	return first.UTC(), last.UTC()
}

func timeline(detections []detect.Detection, first, last time.Time) timelineView {
	begin := first.Truncate(24 * time.Hour)
	end := last.Truncate(24 * time.Hour).Add(24 * time.Hour)
	x := func(t time.Time) int {
		return timelineEdge + int(float64(timelineWidth-2*timelineEdge)*float64(t.Sub(begin))/float64(max(time.Hour, end.Sub(begin))))
	}
	var v timelineView
	days := int(end.Sub(begin)/(24*time.Hour)) + 1
	every := max(1, (days+8)/9)
	for i := 0; i < days; i += every {
		t := begin.AddDate(0, 0, i)
		v.Ticks = append(v.Ticks, tick{x(t), t.Format("2 Jan")})
	}
	for _, d := range detections {
		v.Marks = append(v.Marks, mark{
			X: x(d.First) - 5, Width: max(10, x(d.Last)-x(d.First)+10), Y: 4 + laneHeight*(3-max(1, rank(d.Level))), Level: d.Level,
			Title: plain(d.Type) + " " + span(d.First, d.Last),
		})
	}
	return v
}
