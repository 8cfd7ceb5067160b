package rotate

import "time"

// Move is one state that a rotation was stored in, or another tier in the same state. The list of them is how others are told
// of every state, however late they ask.
type Move struct {
	N      int       `json:"n"` // counts from 1
	From   State     `json:"from,omitempty"`
	State  State     `json:"state"`
	Tier   int       `json:"tier,omitempty"`     // the tier it is at; 0: all have ended
	Hash   string    `json:"tierHash,omitempty"` // of that tier: what an approval names
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time"`
}

// MaxMoves bounds how many moves a rotation remembers, the newest.
const MaxMoves = 64

// Track returns the moves with the one that storing the head as it is makes, and whether there is one. A rotation that is only
// claimed for planning has made none.
func (h *Head) Track() ([]Move, bool) {
	if h.Opened.IsZero() {
		return h.Moves, false
	}
	m := Move{N: 1, State: h.State, Reason: h.Reason, Time: h.Updated.UTC()}
	for _, t := range h.Tiers {
		if t.Ended.IsZero() {
			m.Tier, m.Hash = t.Number, t.Hash
			break
		}
	}
	if n := len(h.Moves); n > 0 {
		last := h.Moves[n-1]
		if last.State == m.State && last.Tier == m.Tier && last.Hash == m.Hash {
			return h.Moves, false
		}
		m.N, m.From = last.N+1, last.State
		if m.Time.Before(last.Time) {
			m.Time = last.Time
		}
	}
	out := append(h.Moves[:len(h.Moves):len(h.Moves)], m)
	return out[max(len(out)-MaxMoves, 0):], true
}
