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
	Library: .01, CredentialType: .003, CredentialKey: .01, HourBlock: .05, ActivityPrefix: .05, ActivityASN: .02,
	CredentialClass: .003,
}

// priorDays is how many principal-days of measurement the prior is worth, for each age.
const priorDays = 700

// shared are the properties whose values spread over a fleet for honest reasons: software and what it talks to.
// Addresses, networks and countries are not among them: nobody vouches for himself.
var shared = []Property{Resource, AgentFamily, Agent, Library}

// counted are the properties of which a snapshot knows who shows which value: the shared ones, and those of the network,
// where a value nobody shows counts against a sign-in and a value others show counts for nothing.
var counted = append([]Property{ASN, Country}, shared...)

const (
	recentDays    = 7    // an adopter is recent for this long
	maxCounted    = 1536 // values kept a property
	minAdopters   = 3    // principals that make a value common
	minFleet      = 30   // principals without which nothing is said about what the fleet shows
	fleetVersion  = 2
	maxFleetBytes = 256 << 10
)

// Rates are novel values of each property per principal and active day.
type Rates [Properties]float64

// priorShape is how much principals differ in their rates before that was measured: the shape of a gamma distribution,
// the smaller the more they differ.
const priorShape = .3

// minShape and maxShape keep a measured shape within reason.
const minShape, maxShape = .02, 2

// Fleet is a snapshot of what is usual over all principals, folded from their profiles. It never sees anything of its
// own day or later.
type Fleet struct {
	ID         string      // the day it was made for, or PriorID
	Principals int         // with at least one active day in the window
	Rates      [Ages]Rates // by the age of the principal
	Shape      Rates       // how much principals differ: each one's rate is gamma-distributed with this shape
	adopters   map[Property]map[uint32]adoption
}

// adoption counts the principals that show a value.
type adoption struct{ all, recent int }

// PriorFleet returns the built-in snapshot.
func PriorFleet() *Fleet {
	f := &Fleet{ID: PriorID, Rates: [Ages]Rates{priorRates, priorRates, priorRates}}
	for p := range f.Shape {
		f.Shape[p] = priorShape
	}
	return f
}

// Rate returns the expected novel values of a property per active day, for a principal of an age that showed so many
// over so many days. It is the mean of the posterior gamma distribution (empirical Bayes: the fleet is the prior), so
// a principal that never shows anything new is believed sooner in a fleet whose principals differ.
func (f *Fleet) Rate(p Property, age int, arrivals, days float64) float64 {
	shape := f.Shape[p]
	return (arrivals + shape) / (days + shape/f.Rates[AgeOf(age)][p])
}

// RecentAdopters is the share of principals that took up a value within the last week, if at least three did; it is
// zero for properties that must not be vouched for by others.
func (f *Fleet) RecentAdopters(p Property, hash uint32) float64 {
	a := f.adopters[p][hash]
	if a.recent < minAdopters || f.Principals == 0 || !slices.Contains(shared, p) {
		return 0
	}
	return float64(a.recent) / float64(f.Principals)
}

// Foreign reports whether a value is one that hardly anybody in the fleet shows, or only since this week. It is false
// when the fleet is too small to tell.
func (f *Fleet) Foreign(p Property, hash uint32) bool {
	if f.Principals < minFleet || f.adopters[p] == nil {
		return false
	}
	a := f.adopters[p][hash]
	return a.all-a.recent < minAdopters
}

// Common reports whether a value is one that others in the fleet have shown for longer than a week. It is false when the
// fleet is too small to tell.
func (f *Fleet) Common(p Property, hash uint32) bool {
	return f.Principals >= minFleet && f.adopters[p] != nil && !f.Foreign(p, hash)
}

// fleetForm is how a snapshot is kept. Version 1 had one list of rates, for all ages.
type fleetForm struct {
	Version    int                    `json:"version"`
	ID         string                 `json:"id"`
	Principals int                    `json:"principals"`
	Rates      []float64              `json:"rates,omitempty"`
	Ages       [][]float64            `json:"ages,omitempty"`
	Shapes     []float64              `json:"shapes,omitempty"`
	Adopters   map[string][][3]uint32 `json:"adopters"` // property name -> hash, all, recent
}

// AppendBinary appends the encoded snapshot to b, at most 256 KiB.
func (f *Fleet) AppendBinary(b []byte) ([]byte, error) {
	form := fleetForm{Version: fleetVersion, ID: f.ID, Principals: f.Principals, Shapes: f.Shape[:], Adopters: map[string][][3]uint32{}}
	for age := range f.Rates {
		form.Ages = append(form.Ages, f.Rates[age][:])
	}
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
	if form.Version > fleetVersion {
		return fault.Errorf(fault.Denied, "decoding fleet: version %d is newer than this program's %d: upgrade it",
			form.Version, fleetVersion)
	}
	*f = *PriorFleet()
	f.ID, f.Principals, f.adopters = form.ID, form.Principals, map[Property]map[uint32]adoption{}
	for age := range f.Rates {
		copy(f.Rates[age][:], form.Rates)
		if age < len(form.Ages) {
			copy(f.Rates[age][:], form.Ages[age])
		}
	}
	copy(f.Shape[:], form.Shapes)
	for _, p := range counted {
		rows, ok := form.Adopters[p.String()]
		if !ok {
			continue
		}
		f.adopters[p] = map[uint32]adoption{}
		for _, row := range rows {
			f.adopters[p][row[0]] = adoption{int(row[1]), int(row[2])}
		}
	}
	return nil
}
