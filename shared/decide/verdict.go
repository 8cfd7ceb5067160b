// Package decide says what may be done about a case, as one readable chain of named checks.
package decide

// Mode says how far Rekey may go with a principal without asking.
type Mode string

// The modes, from the most careful.
const (
	// ModePlan writes a plan and does nothing: the default.
	ModePlan Mode = "plan"
	// ModeApprove writes a plan and waits for a person.
	ModeApprove Mode = "approve"
	// ModeContain disables the principal alone and waits for a person with the rest.
	ModeContain Mode = "contain"
	// ModeEvict does the whole plan alone.
	ModeEvict Mode = "evict"
)

// Verdict is what the chain of checks came to.
type Verdict struct {
	Mode   Mode    `json:"mode"`   // what may happen now
	Asked  Mode    `json:"asked"`  // what the policy would have allowed
	Checks []Check `json:"checks"` // every check in order, passed or not
}

// Check is one named brake and what it found.
type Check struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Why    string `json:"why"`
}

// Acts reports whether anything may be changed without a person.
func (v Verdict) Acts() bool { return v.Mode == ModeContain || v.Mode == ModeEvict }

// Approvable reports whether it may be done when people say so: not if the policy only plans, nor to what is never touched.
func (v Verdict) Approvable() bool { return v.Mode != "" && v.Mode != ModePlan }

// Capped reports whether the cap on automatic acts alone stood in the way.
func (v Verdict) Capped() bool {
	capped := false
	for _, c := range v.Checks {
		switch {
		case c.Passed:
		case c.Name == checkCap:
			capped = true
		default:
			return false
		}
	}
	return capped && (v.Asked == ModeContain || v.Asked == ModeEvict)
}
