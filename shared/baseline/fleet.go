package baseline

import (
	"cmp"
	"encoding/json"
	"slices"

	"rekey/shared/fault"
)

// PriorID names the built-in fleet, used until a first snapshot was folded.
const PriorID = "prior"

// priorRates are novel values per principal and active day before anything was measured. They are deliberately high:
// an unmeasured fleet makes novelty cheap, never an alarm.
var priorRates = [Properties]float64{
	Address: .2, Prefix: .05, ASN: .02, Hosting: .005, Country: .004, Resource: .01, AgentFamily: .01, Agent: .03,
	Library: .01, CredentialType: .003, CredentialKey: .01, HourBlock: .05,
}

// priorDays is how many principal-days of measurement the prior is worth.
const priorDays = 2000

// shared are the properties whose values spread over a fleet for honest reasons: software and what it talks to.
// Addresses, networks and countries are not among them: nobody vouches for himself.
var shared = []Property{Resource, AgentFamily, Agent, Library}

const (
	recentDays    = 7    // an adopter is recent for this long
	maxShared     = 2048 // values kept a property
	minAdopters   = 3    // principals that make a value common
	fleetVersion  = 1
	maxFleetBytes = 256 << 10
)

// Fleet is a snapshot of what is usual over all principals, folded from their profiles. It never sees anything of its
// own day or later.
type Fleet struct {
	ID         string              // the day it was made for, or PriorID
	Principals int                 // with at least one active day in the window
	Rates      [Properties]float64 // novel values per principal and active day
	adopters   map[Property]map[uint32]adoption
}

// adoption counts the principals that show a value.
type adoption struct{ all, recent int }

// PriorFleet returns the built-in snapshot.
func PriorFleet() *Fleet { return &Fleet{ID: PriorID, Rates: priorRates} }

// RecentAdopters is the share of principals that took up a value within the last week, if at least three did; it is
// zero for properties that must not be vouched for by others.
func (f *Fleet) RecentAdopters(p Property, hash uint32) float64 {
	a := f.adopters[p][hash]
	if a.recent < minAdopters || f.Principals == 0 {
		return 0
	}
	return float64(a.recent) / float64(f.Principals)
}

// Fold builds a snapshot for a day from profiles, in any order.
type Fold struct {
	day        Day
	principals int
	activeDays int
	arrivals   [Properties]int
	adopters   map[Property]map[uint32]adoption
}

// NewFold begins a snapshot of what was before a day.
func NewFold(d Day) *Fold {
	f := &Fold{day: d, adopters: map[Property]map[uint32]adoption{}}
	for _, p := range shared {
		f.adopters[p] = map[uint32]adoption{}
	}
	return f
}

// Add counts one principal.
func (f *Fold) Add(p *Profile) {
	v := p.Before(f.day)
	days := v.ActiveDays()
	if days == 0 {
		return
	}
	f.principals++
	f.activeDays += days
	for prop := range Properties {
		f.arrivals[prop] += v.Arrivals(prop)
	}
	for _, prop := range shared {
		for _, s := range p.sets[prop].slots {
			f.adopt(prop, s)
		}
	}
}

func (f *Fold) adopt(p Property, s Slot) {
	if s.before(f.day) == 0 {
		return
	}
	a := f.adopters[p][s.Hash]
	a.all++
	if int(f.day)-int(s.First) <= recentDays {
		a.recent++
	}
	f.adopters[p][s.Hash] = a
}

// Fleet returns the snapshot. Rates are the measured ones, shrunk to the prior by priorDays.
func (f *Fold) Fleet() *Fleet {
	out := &Fleet{ID: f.day.String(), Principals: f.principals, adopters: map[Property]map[uint32]adoption{}}
	for p := range Properties {
		out.Rates[p] = (float64(f.arrivals[p]) + priorDays*priorRates[p]) / (float64(f.activeDays) + priorDays)
	}
	for p, values := range f.adopters {
		out.adopters[p] = common(values)
	}
	return out
}

// common keeps the values that enough principals show, the most common ones if there are too many.
func common(values map[uint32]adoption) map[uint32]adoption {
	hashes := make([]uint32, 0, len(values))
	for h, a := range values {
		if a.all >= minAdopters {
			hashes = append(hashes, h)
		}
	}
	slices.SortFunc(hashes, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(values[b].all, values[a].all), cmp.Compare(a, b))
	})
	out := map[uint32]adoption{}
	for _, h := range hashes[:min(len(hashes), maxShared)] {
		out[h] = values[h]
	}
	return out
}

type fleetForm struct {
	Version    int                    `json:"version"`
	ID         string                 `json:"id"`
	Principals int                    `json:"principals"`
	Rates      []float64              `json:"rates"`
	Adopters   map[string][][3]uint32 `json:"adopters"` // property name -> hash, all, recent
}

// AppendBinary appends the encoded snapshot to b, at most 256 KiB.
func (f *Fleet) AppendBinary(b []byte) ([]byte, error) {
	form := fleetForm{fleetVersion, f.ID, f.Principals, f.Rates[:], map[string][][3]uint32{}}
	for p, values := range f.adopters {
		rows := make([][3]uint32, 0, len(values))
		for h, a := range values {
			rows = append(rows, [3]uint32{h, uint32(a.all), uint32(a.recent)})
		}
		slices.SortFunc(rows, func(a, b [3]uint32) int { return cmp.Compare(a[0], b[0]) })
		form.Adopters[p.String()] = rows
	}
	out, err := json.Marshal(form)
	if err == nil && len(out) > maxFleetBytes {
		err = fault.Errorf(fault.Limit, "encoding fleet %s: %d bytes, at most %d", f.ID, len(out), maxFleetBytes)
	}
	return append(b, out...), err
}

// UnmarshalBinary replaces the snapshot by the encoded one, with the errors of Profile.UnmarshalBinary.
func (f *Fleet) UnmarshalBinary(b []byte) error {
	var form fleetForm
	if err := json.Unmarshal(b, &form); err != nil {
		return fault.Errorf(fault.Poison, "decoding fleet: %v", err)
	}
	if form.Version > fleetVersion || len(form.Rates) > int(Properties) {
		return fault.Errorf(fault.Denied, "decoding fleet: version %d is newer than this program's %d: upgrade it",
			form.Version, fleetVersion)
	}
	*f = Fleet{ID: form.ID, Principals: form.Principals, Rates: priorRates, adopters: map[Property]map[uint32]adoption{}}
	copy(f.Rates[:], form.Rates)
	for _, p := range shared {
		f.adopters[p] = map[uint32]adoption{}
		for _, row := range form.Adopters[p.String()] {
			f.adopters[p][row[0]] = adoption{int(row[1]), int(row[2])}
		}
	}
	return nil
}
