package simulate

import (
	"fmt"
)

// shares are how many in a thousand principals are of a kind.
var shares = []struct {
	kind  string
	share int
}{
	{Job, 400}, {Daemon, 140}, {Pool, 120}, {Person, 80}, {Rare, 80}, {ManagedIdentity, 130}, {MultiRegion, 50},
}

// cast engages the principals.
func (r *Run) cast() {
	kinds := r.kindsOf(r.Options.Principals)
	r.Principals = make([]Principal, len(kinds))
	seen := map[string]int{}
	for i, kind := range kinds {
		d := r.stream("principal", i)
		p := &r.Principals[i]
		*p = Principal{
			ObjectID: r.id("service principal", i), AppID: r.id("app id", i), Kind: kind, application: r.id("application", i),
			Name: fmt.Sprintf("contoso-%s-%s-%04d", pick(d, subjects), pick(d, verbs[kind]), i), shape: newShape(d), until: always,
			vault: d.IntN(40), born: none, Born: r.Start,
		}
		r.settle(p, d, int32(i), rank{seen[kind], r.count(kind)})
		seen[kind]++
		if kind == Pool && len(r.pipelines) < 3 {
			r.pipelines = append(r.pipelines, int32(i))
		}
	}
}

// verbs end the names of principals.
var verbs = map[string][]string{
	Job: {"sync", "export", "import", "cleanup", "nightly"}, Daemon: {"worker", "gateway", "bridge", "monitor"},
	Pool: {"ci", "build", "release"}, Person: {"terraform", "ops", "admin"}, Rare: {"closing", "audit", "invoice-run"},
	ManagedIdentity: {"func", "aks", "vmss", "logicapp"}, MultiRegion: {"global", "frontdoor", "replica"},
}

// rank is the place of a principal among those of its kind: a few are busy and most are not.
type rank struct{ place, of int }

// count is how many principals are of a kind.
func (r *Run) count(kind string) int {
	for _, s := range shares {
		if s.kind == kind {
			return max(1, s.share*r.Options.Principals/1000)
		}
	}
	return 1
}

// kindsOf says what kind each principal is, in random order.
func (r *Run) kindsOf(n int) []string {
	out := make([]string, 0, n)
	for _, s := range shares {
		for range s.share * n / 1000 {
			out = append(out, s.kind)
		}
	}
	for len(out) < n {
		out = append(out, Job)
	}
	r.stream("kinds").Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// settle gives a principal its habits.
func (r *Run) settle(p *Principal, d dice, n int32, k rank) {
	if d.chance(150) && r.Days > 6 {
		born := r.midnight(d.between(2, r.Days-3))
		p.Born = at(born)
		p.born = r.change(Born, n, born)
	}
	at := r.homeOf(p, d)
	p.zone = r.zoneOf(p, at, d)
	p.stays = r.staysOf(p, d, at)
	p.versions = []version{{from: r.start, client: r.clientOf(p, d), change: p.born}}
	p.uses = r.usesOf(p, d)
	p.held = []held{{from: r.start, until: always, key: r.keyOf(p, d), change: p.born}}
	p.egress = egressOf(p, d)
	r.timetable(p, d, k)
}

// homeOf draws the site that a principal is at home.
func (r *Run) homeOf(p *Principal, d dice) int16 {
	of := bigCloud
	switch p.Kind {
	case Pool:
		of = build
	case Person:
		of = office
	case ManagedIdentity:
	default:
		of = []role{bigCloud, otherCloud, office, hoster, home}[weighted(d, []int{31, 25, 30, 6, 8})]
	}
	sites := r.world.byRole[of]
	if of == build {
		return pick(d, sites)
	}
	return sites[min(d.IntN(len(sites)), d.IntN(len(sites)))] // the first ones are the popular ones
}

// zoneOf is the local time by which a principal runs: its own place's or, in a cloud, that of one of the offices.
func (r *Run) zoneOf(p *Principal, at int16, d dice) int64 {
	if s := r.world.sites[at]; s.role >= office {
		return s.zone * hour
	}
	return r.world.sites[pick(d, r.world.byRole[office])].zone * hour
}

// clientOf draws the program that a principal is.
func (r *Run) clientOf(p *Principal, d dice) int16 {
	weights := [families]int{netWindows: 18, netLinux: 16, java: 12, python: 16, goLinux: 8, node: 9, adal: 8, rawPython: 5, rawGo: 3, rawHTTP: 5}
	switch p.Kind {
	case Person:
		if d.chance(150) {
			return azureCLI
		}
		weights = [families]int{terraform: 80, python: 10, rawPython: 10}
	case Pool:
		weights = [families]int{terraform: 35, python: 25, netLinux: 15, node: 15, goLinux: 10}
	case ManagedIdentity:
		weights = [families]int{netLinux: 30, netWindows: 20, python: 30, goLinux: 10, node: 10}
	default:
		if d.chance(30) {
			return []int16{curl, powerShell}[d.IntN(2)]
		}
	}
	return r.catalogue.of(weighted(d, weights[:]), d.IntN(4))
}

// usesOf draws the resources of a principal: one to four, the first the most.
func (r *Run) usesOf(p *Principal, d dice) []use {
	n := []int{1, 2, 3, 4}[weighted(d, []int{45, 30, 17, 8})]
	var out []use
	for weight := 100; len(out) < n; weight = weight * 45 / 100 {
		t := r.ordinary(d)
		if p.managed() && len(out) == 0 {
			t = pick(d, []int16{toARM, toVault, toVault, toGraph})
		}
		if !(&Principal{uses: out}).needs(t, r.end) {
			out = append(out, use{from: r.start, weight: weight, resource: t, change: p.born})
		}
	}
	return out
}

// keyOf draws the first credential of a principal.
func (r *Run) keyOf(p *Principal, d dice) int32 {
	weights := []int{70, 25, 5}
	switch p.Kind {
	case ManagedIdentity:
		return r.newKey(ofPlatform, "CN="+p.AppID)
	case Pool:
		weights = []int{35, 5, 60}
	}
	switch weighted(d, weights) {
	case 0:
		return r.newKey(ofSecret, pick(d, []string{"default", "prod", "key1", "terraform", ""}))
	case 1:
		return r.newKey(ofCertificate, "CN="+p.Name+".contoso.example")
	}
	return r.newKey(ofFederation, p.Name+"-main")
}

// egressOf draws by which address calls leave.
func egressOf(p *Principal, d dice) egress {
	weights := []int{76, 12, 12}
	if p.managed() {
		weights = []int{60, 15, 25}
	}
	return egress(weighted(d, weights))
}
