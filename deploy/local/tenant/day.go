package tenant

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say how the tenant's days are played.
type Options struct {
	Seed  uint64  // another one gives other days of the same tenant
	Scale float64 // sign-ins, as a multiple of each principal's rate; 0 means 1
	Drift bool    // keys are rotated and libraries updated now and then; false: nobody changes, and every alert is false
}

// fewest is how often a principal signs in on a day however small the scale: its habits must show every day, or they
// look like news later.
const fewest = 8

// Day returns what an ordinary UTC day leaves in all logs, in the order in which it happened.
func (t *Tenant) Day(day time.Time, o Options) []Record {
	day = day.UTC().Truncate(24 * time.Hour)
	var out []Record
	for _, p := range t.Principals {
		r := t.source("day", o.Seed, day.Unix(), p.Name)
		if o.Drift {
			p = t.drifted(p, day)
		}
		out = append(out, t.workload(p, day, r, o)...)
	}
	out = append(out, t.people(day, o)...)
	out = append(out, t.directoryChanges(day, o)...)
	out = append(out, t.riskOf(day, o))
	slices.SortStableFunc(out, func(a, b Record) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Hub, b.Hub)) })
	return out
}

// Between returns the ordinary records from one moment to another, the second excluded: a part of the same days.
func (t *Tenant) Between(from, to time.Time, o Options) []Record {
	var out []Record
	for day := from.UTC().Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
		for _, r := range t.Day(day, o) {
			if !r.Time.Before(from) && r.Time.Before(to) {
				out = append(out, r)
			}
		}
	}
	return out
}

// workload is one principal's day: its sign-ins, what it did with some of the tokens, and a failure now and then.
func (t *Tenant) workload(p *Principal, day time.Time, r *rand.Rand, o Options) []Record {
	var out []Record
	if len(p.Resources) == 0 {
		return nil
	}
	n := runs(p, o.Scale, r)
	for i := range n {
		v := p.visit(p.moment(day, i, n, r), r)
		p.habit(&v, i, r)
		out = append(out, t.signIn(v))
		if i/p.combinations()%4 == 0 {
			out = append(out, t.follow(v, r)...)
		}
		if r.IntN(200) == 0 {
			out = append(out, t.stumble(v, p, r))
		}
	}
	return out
}

// combinations is how many pairs of place and resource a principal has.
func (p *Principal) combinations() int { return max(1, len(p.Sources)) * len(p.Resources) }

// runs draws how often a principal signs in on a day, give or take a tenth.
func runs(p *Principal, scale float64, r *rand.Rand) int {
	n := math.Round(float64(p.Rate) * cmp.Or(scale, 1) * (.9 + .2*r.Float64()))
	return max(int(n), fewest, p.combinations())
}

// moment is when run i of n happens: spread evenly over the day, or within an hour of the schedule. Midnight is kept
// clear, so that what follows a sign-in belongs to the same day.
func (p *Principal) moment(day time.Time, i, n int, r *rand.Rand) time.Time {
	if len(p.Hours) == 0 {
		step := (24*time.Hour - time.Minute) / time.Duration(n)
		return day.Add(time.Duration(i)*step + time.Duration(r.Int64N(int64(step)))).Truncate(100 * time.Nanosecond)
	}
	hour := time.Duration(p.Hours[i%len(p.Hours)]) * time.Hour
	return day.Add(hour + time.Duration(r.Int64N(int64(50*time.Minute)))).Truncate(100 * time.Nanosecond)
}

// habit gives run i its place and resource, in turn, so that each day shows all of them.
func (p *Principal) habit(v *visit, i int, r *rand.Rand) {
	v.resource = p.Resources[i/max(1, len(p.Sources))%len(p.Resources)]
	if p.Kind == KindManagedIdentity {
		return
	}
	v.come(p.Sources[i%len(p.Sources)], r)
	v.old = v.old || r.IntN(50) == 0
}

// stumble is a sign-in that fails for an everyday reason, seconds after one that worked.
func (t *Tenant) stumble(v visit, p *Principal, r *rand.Rand) Record {
	failed := p.visit(v.at.Add(7*time.Second), r)
	failed.resource, failed.from, failed.addr = v.resource, v.from, v.addr
	failed.code = []int{90033, 700024, 7000222, 500011}[r.IntN(4)]
	if p.Kind == KindManagedIdentity {
		failed.code = 90033
	}
	return t.signIn(failed)
}
