package simulate

import (
	"fmt"

	"rekey/shared/lab"
)

// user is a person who administers the tenant.
type user struct {
	id, name string
	from     address // where he works
	zone     int64
}

// actor is who made a change: a user, or a principal when user is negative; the platform when both are.
type actor struct {
	user int32
	app  int32
	from address // overrides where the actor works; nothing for the platform
}

// entry is what one audit record says.
type entry struct {
	activity   string
	category   string
	operation  string
	actor      actor
	targetType string
	targetID   string
	targetName string
	appID      string // of the target, for additionalDetails
	properties []modified
}

// modified is one modified property; old and new are JSON text inside a JSON string: already escaped once.
type modified struct{ name, old, new string }

// secretsActivity has an en dash and a trailing space, like every real record and unlike the documentation.
const secretsActivity = "Update application – Certificates and secrets management "

func (r *Run) newUsers() {
	for i, n := range []string{"avery.admin", "blake.builder", "casey.clerk", "devon.driver", "ellis.editor", "flynn.fixer", "harper.helpdesk", "jules.junior"} {
		d := r.stream("user", i)
		at := r.world.byRole[office][min(i, len(r.world.byRole[office])-1)]
		if i > 4 {
			at = pick(d, r.world.byRole[office])
		}
		r.users = append(r.users, user{r.id("user", i), n + "@contoso.example", r.gateway(at, 0), r.world.sites[at].zone * hour})
	}
}

// deployers are the users whose work it is to change applications; the others have other work.
const deployers = 5

// deployer draws who usually makes a change to a principal: a user, a pipeline, now and then the principal itself.
func (r *Run) deployer(d dice, p int32) actor {
	switch n := d.IntN(100); {
	case n < 50 || len(r.pipelines) == 0:
		u := d.IntN(deployers)
		if n < 4 { // somebody helps out
			u = d.between(deployers, len(r.users)-1)
		}
		return actor{int32(u), lab.None, r.users[u].from}
	case n < 94:
		app := pick(d, r.pipelines)
		return actor{lab.None, app, r.world.draw(d, r.Principals[app].stays[0].site)}
	}
	return actor{lab.None, p, r.world.draw(d, r.Principals[p].stays[0].site)}
}

// planAudit plans one audit record.
func (r *Run) planAudit(d dice, when int64, who int32, e entry, t lab.Truth) {
	if when < r.start || when >= r.end {
		return
	}
	if t.Change != none && when >= r.Changes[t.Change].Begin.UnixNano()+3*day {
		t.Change = none
	}
	r.entries = append(r.entries, e)
	r.planned = append(r.planned, act{
		when: when / 100 * 100, serial: d.Uint64(), who: who, log: logAudit, entry: int32(len(r.entries) - 1), from: e.actor.from, truth: t,
	})
}

// keyChange is a change of the credentials of a principal.
type keyChange struct {
	when          int64
	who           int32
	actor         actor
	before, after []int32
	change        int32
	episode       int32 // number of the episode plus one; 0: benign
}

func (k keyChange) truth() lab.Truth {
	return lab.Truth{Principal: k.who, Episode: k.episode - 1, Change: k.change}
}

// keyAudit plans the record of a change of secrets, certificates or federated credentials of an application.
func (r *Run) keyAudit(d dice, k keyChange) {
	p := &r.Principals[k.who]
	e := entry{
		category: "ApplicationManagement", operation: "Update", actor: k.actor, targetType: "Application",
		targetID: p.application, targetName: p.Name, appID: p.AppID,
	}
	oldKeys, newKeys := r.keyList(k.before), r.keyList(k.after)
	oldFed, newFed := r.federatedList(k.before), r.federatedList(k.after)
	if oldFed != newFed {
		f := e
		f.activity = "Update application"
		f.properties = []modified{{"FederatedIdentityCredentials", oldFed, newFed}, updated("FederatedIdentityCredentials")}
		r.planAudit(d, k.when, k.who, f, k.truth())
	}
	if oldKeys != newKeys {
		e.activity = secretsActivity
		e.properties = []modified{{"KeyDescription", oldKeys, newKeys}, updated("KeyDescription")}
		r.planAudit(d, k.when, k.who, e, k.truth())
	}
}

func updated(what string) modified {
	return modified{"Included Updated Properties", "", `\"` + what + `\"`}
}

// keyList is the value of KeyDescription: a list of texts that are not JSON, in a JSON list, in a JSON string.
func (r *Run) keyList(keys []int32) string {
	out := "["
	for _, n := range keys {
		k := r.keys[n]
		kind := "Password"
		switch k.kind {
		case ofFederation:
			continue
		case ofCertificate:
			kind = "AsymmetricX509Cert"
		}
		if out != "[" {
			out += ", "
		}
		out += fmt.Sprintf(`\"[KeyIdentifier=%s,KeyType=%s,KeyUsage=Verify,DisplayName=%s]\"`, k.id, kind, k.label)
	}
	return out + "]"
}

// federatedList is the value of FederatedIdentityCredentials.
func (r *Run) federatedList(keys []int32) string {
	out := "["
	for _, n := range keys {
		k := r.keys[n]
		if k.kind != ofFederation {
			continue
		}
		if out != "[" {
			out += ","
		}
		out += fmt.Sprintf(`{\"Name\":\"%s\",\"Issuer\":\"https://token.actions.githubusercontent.com\",\"Subject\":\"repo:contoso-example/%s:ref:refs/heads/main\",`+
			`\"Id\":\"%s\",\"Description\":\"\",\"Audiences\":[\"api://AzureADTokenExchange\"],\"ClaimsMatchingExpressionValue\":null,\"EncodingVersion\":1,\"TrustedIssuer\":null}`,
			k.label, k.label, k.federated)
	}
	return out + "]"
}
