package simulate

import (
	"iter"
	"slices"

	"rekey/shared/lab"
)

// Records returns everything that is delivered, in the order in which it is. The Delivery and its bytes are valid until
// the next one.
func (r *Run) Records() iter.Seq[*lab.Delivery] {
	return func(yield func(*lab.Delivery) bool) {
		q := &queue{w: r.author(), p: pen{run: r, b: make([]byte, 0, 4096)}}
		for n := range r.Days {
			q.w.write(n)
			if !q.deliver(r.midnight(n+1), yield) {
				return
			}
		}
		q.deliver(always, yield)
	}
}

// queue holds the acts that are on their way.
type queue struct {
	w     *author
	p     pen
	order []turn
	d     lab.Delivery
}

// turn is one act's place in the queue.
type turn struct {
	at int64
	n  int32
}

// deliver hands over, in order, all acts that arrive before a time, and keeps the others.
func (q *queue) deliver(before int64, yield func(*lab.Delivery) bool) bool {
	acts := q.w.acts
	q.order = q.order[:0]
	for i := range acts {
		if acts[i].at < before {
			q.order = append(q.order, turn{acts[i].at, int32(i)})
		}
	}
	slices.SortFunc(q.order, func(a, b turn) int {
		if a.at != b.at {
			return compare(a.at, b.at)
		}
		return int(a.n - b.n)
	})
	for _, t := range q.order {
		a := &acts[t.n]
		q.d = lab.Delivery{At: at(a.at), Hub: hubs[a.log], Record: q.p.write(a), Truth: a.truth}
		if !yield(&q.d) {
			return false
		}
	}
	q.w.acts = slices.DeleteFunc(acts, func(a act) bool { return a.at < before })
	return true
}
