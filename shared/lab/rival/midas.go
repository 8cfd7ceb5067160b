package rival

import (
	"math"
	"time"

	"rekey/shared/event"
	"rekey/shared/lab"
)

// MIDASOptions are the parameters of MIDAS.
type MIDASOptions struct {
	Tick       time.Duration
	Keep       float64 // part of a tick's count that carries over to the next; the publication's factor
	Threshold  float64 // a count that scored this much is not merged; 0 merges all (MIDAS-R)
	Sum        bool    // add the scores of the kinds of edge instead of taking the highest
	EdgesOnly  bool    // leave out the counts of the two nodes (MIDAS)
	BurstsOnly bool    // a count below its mean scores 0; as published it scores like one above
	Calls      bool    // calls to vaults, Graph and Azure are edges like sign-ins
}

// TunedMIDAS returns the options of the evaluation. They are the best of 75, by the mean recall at 1, 3 and 10 false
// alerts on seeds 1 to 3: 14 drawn at random, then each option of the best one varied alone, five times. Tried: ticks
// of 1, 2, 5, 10, 15, 30 minutes and 1, 2, 6 and 24 hours; Keep 0 to .95; thresholds of 10 to ten million and none;
// sum or highest; with and without nodes, calls, counts below the mean.
//
// The tick matters most: .54 at an hour, .71 at 15 minutes, .75 at 5 to 10, .51 at one; a day is useless. A short tick
// makes MIDAS a detector of novelties that are used again: the second tick of a new edge is compared with a mean that
// is as good as nothing. Calls add .17 and more. Sums beat the highest (.71 to .59 at 15 minutes), edges alone edges
// with nodes (.71 to .65). A filter below a million hurts, because a counter that once scored high is never let in
// again (.02 at an hour's tick with the publication's 1,000); above it the filter hardly acts.
func TunedMIDAS() MIDASOptions {
	return MIDASOptions{Tick: 10 * time.Minute, Keep: 0.7, Threshold: 1e6, Sum: true, EdgesOnly: true, Calls: true}
}

// MIDAS is MIDAS-F of Bhatia, Liu, Hooi, Yoon, Shin and Faloutsos, "Real-Time Anomaly Detection in Edge Streams"
// (TKDD 2022, after AAAI 2020; reference implementation Stream-AD/MIDAS): an edge scores by how far its count in this
// tick is from its mean per tick, as a chi-squared statistic, and so do its two nodes; the highest of the three
// counts. A count that scored above a threshold is not merged into the total, so that an attack does not become
// normal; the total grows by its own mean instead. All edges count, failures too: the publication knows no others.
//
// An edge never seen before has no mean and scores 0: one quiet sign-in is not seen. Left open and filled: the
// graph, here six kinds of edge from the principal to its address, system, country, agent, resource and credential
// type; how their scores become one (the highest or the sum); the tick. The publication counts in count-min sketches
// to bound memory. Here counts are exact, which can only help, and brought up to date when looked at: the merges of
// the ticks between have a closed form.
type MIDAS struct {
	options MIDASOptions
	powers  []float64
	begin   int64 // tick before the first
	tick    int32
	crowd   crowd
	profile []midasProfile
	nodes   [properties]table[counter]
}

type midasProfile struct {
	self  counter
	edges [properties]table[edge]
}

// edge counts the sights of a value by a principal. It has the place of the value's own counter among the nodes.
type edge struct {
	counter
	node int32
}

// counter is one cell of the publication's sketches: the current tick's count, the total of the ticks before, and the
// score they gave when last looked at.
type counter struct {
	current, total, score float32
	tick                  int32
}

var midasEdges = [...]property{address, system, country, agent, resource, credential}

// NewMIDAS makes the detector with nothing known.
func NewMIDAS(o MIDASOptions) *MIDAS {
	powers := make([]float64, 512)
	for i := range powers {
		powers[i] = math.Pow(o.Keep, float64(i))
	}
	return &MIDAS{options: o, powers: powers, crowd: crowd{}}
}

// Name returns "MIDAS-F", or what the publication calls it without the filter and without the nodes.
func (d *MIDAS) Name() string {
	switch {
	case d.options.Threshold > 0:
		return "MIDAS-F"
	case !d.options.EdgesOnly:
		return "MIDAS-R"
	}
	return "MIDAS"
}

// Record scores a record and counts it.
func (d *MIDAS) Record(n uint32, e *event.Event, at time.Time, say func(lab.Verdict)) {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return
	}
	d.tick = d.now(e)
	id, known := d.crowd.number(e, true)
	if !known {
		d.profile = append(d.profile, midasProfile{})
	}
	p := &d.profile[id]
	p.self = d.next(&p.self, d.tick)
	scores := d.newScores(&p.self)
	for _, k := range midasEdges {
		if s.values[k] == 0 {
			continue
		}
		edge, made := p.edges[k].add(s.values[k])
		if made {
			edge.node = d.nodes[k].place(s.values[k])
		}
		node := &d.nodes[k].about[edge.node]
		edge.counter, *node = d.next(&edge.counter, d.tick), d.next(node, d.tick)
		scores.add(&edge.counter, node)
	}
	say(lab.Verdict{Record: n, Score: scores.result(), At: at})
}

// Close does nothing: records are judged at once.
func (d *MIDAS) Close(time.Time, func(lab.Verdict)) {}

// Probe scores a record without counting it.
func (d *MIDAS) Probe(e *event.Event, _ time.Time) float64 {
	s, ok := look(e, d.options.Calls)
	if !ok {
		return 0
	}
	p := &midasProfile{}
	if id, known := d.crowd.number(e, false); known {
		p = &d.profile[id]
	}
	tick := d.now(e)
	self := d.next(&p.self, tick)
	scores := d.newScores(&self)
	for _, k := range midasEdges {
		if s.values[k] == 0 {
			continue
		}
		var old counter
		if e := p.edges[k].find(s.values[k]); e != nil {
			old = e.counter
		}
		edge, node := d.next(&old, tick), d.next(d.nodes[k].find(s.values[k]), tick)
		scores.add(&edge, &node)
	}
	return scores.result()
}

// now returns the tick of a record, from 1. A late record counts in the current tick: the publication's stream is in
// order.
func (d *MIDAS) now(e *event.Event) int32 {
	t := e.Time.Unix() / int64(d.options.Tick/time.Second)
	if d.tick == 0 {
		d.begin = t - 1
	}
	return max(int32(t-d.begin), d.tick, 1)
}

// next returns a counter as it is after one more edge at a tick. A nil counter is one never seen.
func (d *MIDAS) next(c *counter, tick int32) counter {
	var n counter
	if c != nil {
		n = *c
	}
	if n.tick > 0 && n.tick < tick {
		d.merge(&n, tick)
	}
	n.tick = tick
	n.current++
	n.score = d.chiSquared(n.current, n.total, tick)
	return n
}

// merge does what the publication does at the end of every tick, for all ticks since the counter was looked at: the
// current count, fading, is added to the total; or, when its score was too high, the total grows by its mean each
// tick, by t/(t-1) at the end of tick t-1, whose product is a fraction.
func (d *MIDAS) merge(c *counter, tick int32) {
	ticks := min(int(tick-c.tick), len(d.powers)-1)
	left := float32(d.powers[ticks])
	switch {
	case d.options.Threshold == 0 || float64(c.score) < d.options.Threshold:
		c.total += c.current * float32(1-d.powers[ticks]) / float32(1-d.options.Keep)
	default:
		c.total *= float32(tick) / float32(c.tick)
	}
	c.current *= left
}

// chiSquared is the publication's score: 0 while there is no total to compare with.
func (d *MIDAS) chiSquared(current, total float32, tick int32) float32 {
	if total == 0 || tick < 2 {
		return 0
	}
	off := current*float32(tick-1) - total
	if off < 0 && d.options.BurstsOnly {
		return 0
	}
	return off * off / (total * float32(tick-1))
}

// midasScores joins the scores of the kinds of edge.
type midasScores struct {
	options *MIDASOptions
	self    float32
	joined  float32
}

func (d *MIDAS) newScores(self *counter) midasScores {
	return midasScores{options: &d.options, self: self.score}
}

func (m *midasScores) add(edge, node *counter) {
	score := edge.score
	if !m.options.EdgesOnly {
		score = max(score, node.score, m.self)
	}
	if m.options.Sum {
		m.joined += score
	} else {
		m.joined = max(m.joined, score)
	}
}

func (m *midasScores) result() float64 { return float64(m.joined) }
