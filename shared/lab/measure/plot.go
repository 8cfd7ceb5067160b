package measure

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
)

// Point is a recall at a budget.
type Point struct{ Budget, Recall float64 }

// Curve is a detector's recall over the budget.
type Curve struct {
	Name   string
	Points []Point
}

const (
	lowestBudget, highestBudget = 0.1, 30.0
	curvePoints                 = 100
)

// Curve returns the recall at budgets from 0.1 to 30, evenly spaced on a logarithmic axis.
func (r *Result) Curve() Curve {
	c := Curve{Name: r.Detector}
	for i := range curvePoints {
		part := float64(i) / (curvePoints - 1)
		b := lowestBudget * math.Pow(highestBudget/lowestBudget, part)
		c.Points = append(c.Points, Point{b, r.Recall(b)})
	}
	return c
}

// The plot's frame, in pixels.
const (
	plotWidth, plotHeight            = 860.0, 480.0
	plotLeft, plotRight              = 60.0, 620.0
	plotTop, plotBottom              = 40.0, 420.0
	labelGap                         = 18.0
	strokeWidth, firstWidth, tickLen = 1.8, 3.2, 5.0
)

// palette is Okabe and Ito's, which people with any kind of colour blindness can tell apart, without its yellow, which
// nobody can see on white. Dashes tell the lines apart without colours.
var (
	palette = []string{"#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}
	dashes  = []string{"", "7 3", "2 3", "9 3 2 3", "", "5 5", "1 2"}
)

// Plot draws recall over the budget as SVG, a line for each curve with its name at its end. The first curve is drawn
// boldest. It needs no fonts, scripts or styles from elsewhere.
func Plot(w io.Writer, curves []Curve) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="13" role="img">`+"\n",
		plotWidth, plotHeight)
	b.WriteString("<title>Recall over the alert budget</title>\n")
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="#ffffff"/>`+"\n", plotWidth, plotHeight)
	axes(&b)
	heights := labelHeights(curves)
	for i := len(curves) - 1; i >= 0; i-- {
		drawCurve(&b, curves[i], i, heights[i])
	}
	b.WriteString("</svg>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing the plot: %w", err)
	}
	return nil
}

func axes(b *bytes.Buffer) {
	for _, budget := range []float64{0.1, 0.3, 1, 3, 10, 30} {
		x := plotX(budget)
		fmt.Fprintf(b, `<path d="M%.1f %g V%g" stroke="#dddddd"/><text x="%.1f" y="%g" text-anchor="middle">%g</text>`+"\n",
			x, plotTop, plotBottom+tickLen, x, plotBottom+20, budget)
	}
	for i := range 6 {
		recall := float64(i) / 5
		y := plotY(recall)
		fmt.Fprintf(b, `<path d="M%g %.1f H%g" stroke="#dddddd"/><text x="%g" y="%.1f" text-anchor="end">%.1f</text>`+"\n",
			plotLeft-tickLen, y, plotRight, plotLeft-8, y+4, recall)
	}
	fmt.Fprintf(b, `<path d="M%g %g V%g H%g" fill="none" stroke="#333333"/>`+"\n", plotLeft, plotTop, plotBottom, plotRight)
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle">false alerts per 1,000 principals a day</text>`+"\n",
		(plotLeft+plotRight)/2, plotBottom+42)
	fmt.Fprintf(b, `<text x="%g" y="%g">episodes caught</text>`+"\n", plotLeft-44, plotTop-16)
}

func drawCurve(b *bytes.Buffer, c Curve, i int, labelY float64) {
	if len(c.Points) == 0 {
		return
	}
	colour, dash, width := palette[i%len(palette)], dashes[i%len(dashes)], strokeWidth
	if i == 0 {
		width = firstWidth
	}
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="%g" stroke-dasharray="%s" points="`, colour, width, dash)
	for _, p := range c.Points {
		if !math.IsNaN(p.Recall) {
			fmt.Fprintf(b, "%.1f,%.1f ", plotX(p.Budget), plotY(p.Recall))
		}
	}
	fmt.Fprintf(b, `"/>`+"\n"+`<path d="M%g %.1f L%g %.1f H%g" fill="none" stroke="%s" stroke-width="%g" stroke-dasharray="%s"/>`,
		plotRight, endY(c), plotRight+14, labelY, plotRight+44, colour, width, dash)
	fmt.Fprintf(b, `<text x="%g" y="%.1f">%s</text>`+"\n", plotRight+50, labelY+4, html.EscapeString(c.Name))
}

// labelHeights spreads the names at the lines' ends so that none covers another, in the order of the ends.
func labelHeights(curves []Curve) []float64 {
	order := make([]int, len(curves))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch a, b := endY(curves[i]), endY(curves[j]); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	heights := make([]float64, len(curves))
	last := plotTop - labelGap
	for _, i := range order {
		last = max(endY(curves[i]), last+labelGap)
		heights[i] = last
	}
	next := plotBottom + labelGap
	for _, i := range slices.Backward(order) {
		next = min(heights[i], next-labelGap)
		heights[i] = next
	}
	return heights
}

func endY(c Curve) float64 {
	if len(c.Points) == 0 || math.IsNaN(c.Points[len(c.Points)-1].Recall) {
		return plotBottom
	}
	return plotY(c.Points[len(c.Points)-1].Recall)
}

func plotX(budget float64) float64 {
	return plotLeft + (plotRight-plotLeft)*math.Log(budget/lowestBudget)/math.Log(highestBudget/lowestBudget)
}

func plotY(recall float64) float64 { return plotBottom - (plotBottom-plotTop)*recall }
