package remedy

import "time"

// Move is one state that an operation was stored in, or another plan in the same state. The list of them is how others are
// told of every state, however late they ask.
type Move struct {
	N      int       `json:"n"` // counts from 1
	From   State     `json:"from,omitempty"`
	State  State     `json:"state"`
	Plan   string    `json:"planHash,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time"`
}

// StateWithdrawn is the last move of an operation that was taken away before anybody began it, because nothing is held against the
// principal any more.
const StateWithdrawn State = "withdrawn"

// MaxMoves bounds how many moves an operation remembers, the newest.
const MaxMoves = 64

// Track returns the moves with the one that storing the operation as it is makes, and whether there is one. Changes in memory
// that nobody stored are no moves.
func (o *Operation) Track() ([]Move, bool) {
	m := Move{N: 1, State: o.State, Plan: o.PlanHash, Reason: o.Reason, Time: o.Updated.UTC()}
	if n := len(o.Moves); n > 0 {
		last := o.Moves[n-1]
		if last.State == m.State && last.Plan == m.Plan {
			return o.Moves, false
		}
		m.N, m.From = last.N+1, last.State
		if m.Time.Before(last.Time) {
			m.Time = last.Time
		}
	}
	out := append(o.Moves[:len(o.Moves):len(o.Moves)], m)
	return out[max(len(out)-MaxMoves, 0):], true
}
