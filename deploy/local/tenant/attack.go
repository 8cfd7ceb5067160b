package tenant

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Step is one moment of the attack. Steps come in the order in which they happen and are written to their hubs.
type Step struct {
	Name   string // what happens, as a sentence
	Record Record
	Known  bool // the victim's own workload, which goes on working meanwhile

	// Adds is the secret that this step puts on the victim's application: whoever plays the attack adds it to the
	// directory, too, so that there is a back door to find.
	Adds *PasswordCredential
}

// The attack has nothing of the victim but the secret: another network, kind of network, country, client and resource.
const attackerAgent = "python-requests/2.31.0"

// attack holds what the steps share.
type attack struct {
	t    *Tenant
	r    *rand.Rand
	addr netip.Addr
	now  time.Time
}

// Attack is a copied secret in use. It begins half a minute before now and ends at now: the intruder looks round the
// directory, reads the payroll vault and leaves a secret of his own on the application, while the payroll server, from
// where the secret was copied, goes on as ever. The logs write at once: how long they really take is not shown here.
func (t *Tenant) Attack(now time.Time) []Step {
	now = now.UTC().Truncate(100 * time.Nanosecond)
	r := t.source("attack", now.UnixNano())
	a := attack{t, r, t.network(asVPN).addr(r), now}
	backdoor := t.password("backup", "attack", now.UnixNano())
	backdoor.StartDateTime = now
	look, read := a.visit(28, resourceGraph), a.visit(20, resourceVault)

	steps := []Step{
		a.ownUse(30),
		{Name: "a copied secret signs in to Microsoft Graph from a VPN", Record: t.signIn(look)},
		{Name: "the intruder lists the applications", Record: a.graph(look, 26, "GET", "/applications?$top=999", 200)},
		{Name: "the intruder lists who may do what", Record: a.graph(look, 24, "GET", "/servicePrincipals/"+t.Victim.ObjectID+"/appRoleAssignments", 200)},
		{Name: "the copied secret signs in to Key Vault", Record: t.signIn(read)},
	}
	for i, secret := range t.Vaults[0].Secrets {
		steps = append(steps, Step{Name: "the intruder reads a secret of the payroll vault", Record: t.vaultRead(read, a.ago(18-i), t.Vaults[0].Name, secret)})
	}
	return append(steps,
		Step{Name: "the intruder asks for a secret of his own", Record: a.graph(look, 12, "POST", "/applications/"+t.Victim.ApplicationObjectID+"/addPassword", 200)},
		Step{Name: "the application adds a secret to itself", Record: a.addSecret(backdoor, 11), Adds: &backdoor},
		a.ownUse(6),
		Step{Name: "the new secret signs in", Record: t.signIn(a.with(backdoor, 3))},
	)
}

func (a *attack) ago(seconds int) time.Time { return a.now.Add(-time.Duration(seconds) * time.Second) }

// visit is a sign-in of the intruder's with the copied secret.
func (a *attack) visit(ago int, resource Resource) visit {
	v := a.t.Victim.visit(a.ago(ago), a.r)
	v.delay, v.resource, v.agent, v.library = time.Second, resource, attackerAgent, ""
	v.from, v.addr = a.t.network(asVPN), a.addr
	return v
}

func (a *attack) with(p PasswordCredential, ago int) visit {
	v := a.visit(ago, resourceGraph)
	v.used = ofPassword(p)
	return v
}

// ownUse is the victim's own workload, at home as ever.
func (a *attack) ownUse(ago int) Step {
	p := a.t.Victim
	v := p.visit(a.ago(ago), a.r)
	v.delay, v.resource = time.Second, p.Resources[0]
	v.come(p.Sources[0], a.r)
	return Step{Name: "the payroll server signs in as always", Record: a.t.signIn(v), Known: true}
}

func (a *attack) graph(v visit, ago int, method, path string, code int) Record {
	return a.t.graphCall(v, a.ago(ago), method, "https://graph.microsoft.com/v1.0"+path, code)
}

func (a *attack) addSecret(p PasswordCredential, ago int) Record {
	c := change{at: a.ago(ago), app: a.t.Victim, from: a.addr, details: []pair{{"User-Agent", attackerAgent}}}
	return a.t.audit(a.t.newSecret(a.t.ApplicationOf(a.t.Victim), p, c), a.r)
}
